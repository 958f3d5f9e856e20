"""Every source keeps the promises of `bot.model.source.Source`."""

import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.errors import SourceChanged, SourceError, SourceRefused, SourceUnavailable
from bot.model.source import Batch, Source
from bot.sources.table import SETTINGS, SOURCES, open_source
from tests.bot.sources.surroundings import Clock, surroundings
from tests.contracts.sources import CASES, ENVIRON, NETWORKED, PLATFORMS, SECRET, Case, Counts
from tests.loopback.endpoint import Answer, Asked, Endpoint, serve

NOW = datetime(2026, 2, 26, 12, tzinfo=UTC)
KNOWN: Counts = {"lena": 1200, "kim": 345}
Open = Callable[..., Source]

every = pytest.mark.parametrize("case", CASES, ids=lambda case: case.kind)
networked = pytest.mark.parametrize("case", NETWORKED, ids=lambda case: case.kind)


@pytest.fixture
async def server() -> AsyncIterator[Endpoint]:
    async with serve() as endpoint:
        yield endpoint


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def open_case(tmp_path: Path, server: Endpoint, clock: Clock) -> AsyncIterator[Open]:
    opened: list[Source] = []

    def make(case: Case, counts: Counts = KNOWN) -> Source:
        if case.kind == "lake":
            pytest.importorskip("pyarrow", reason="the extra `cluster` is not installed")
        if case.answer is not None:
            answer = case.answer
            server.answers["*"] = lambda asked: answer(asked, counts)
        elif case.prepare is not None and not list(tmp_path.glob("counts.*")):
            case.prepare(tmp_path, counts)
        settings = SETTINGS[case.kind].model_validate(case.settings(server.url))
        opened.append(open_source(settings, surroundings(tmp_path, clock, ENVIRON)))
        return opened[-1]

    yield make
    for source in opened:
        await source.close()


def followers(batch: Batch) -> dict[str, int | None]:
    if batch.readings is None:
        return {}
    return dict(batch.readings.select("account", "followers").rows())


def told(batch: Batch) -> str:
    return " ".join([*(fault.text for fault in batch.faults), *batch.notes])


async def outcome(
    source: Source, state: Any = None, now: datetime = NOW
) -> Batch | SourceError:
    try:
        return await source.fetch((), state, now)
    except SourceError as error:
        return error


def test_every_kind_but_export_has_a_case() -> None:
    assert {case.kind for case in CASES} == set(SOURCES) - {"export"}


@every
async def test_counts_and_accounts(case: Case, open_case: Open) -> None:
    batch = await open_case(case).fetch((), None, NOW)
    assert followers(batch) == dict(zip(case.accounts, KNOWN.values(), strict=True))
    assert batch.faults == ()
    assert batch.readings is not None
    assert batch.readings.sort("account", "at").equals(batch.readings)
    assert not batch.more


@every
async def test_the_same_thing_twice_gives_the_same_batch(case: Case, open_case: Open) -> None:
    source = open_case(case)
    first, second = await source.fetch((), None, NOW), await source.fetch((), None, NOW)
    assert first.readings is not None
    assert second.readings is not None
    assert first.readings.equals(second.readings)
    assert first.state == second.state
    assert first.faults == second.faults


@every
async def test_a_restart_resumes_from_the_stored_state(case: Case, open_case: Open) -> None:
    first = await open_case(case).fetch((), None, NOW)
    state = json.loads(json.dumps(first.state))
    again = await outcome(open_case(case), state, NOW + timedelta(hours=1))
    assert isinstance(again, Batch)
    assert again.readings is None or set(followers(again)) == set(case.accounts)
    assert again.faults == ()


@every
async def test_only_what_is_wanted_is_given(case: Case, open_case: Open) -> None:
    batch = await open_case(case).fetch([case.accounts[1]], None, NOW)
    assert followers(batch) == {case.accounts[1]: KNOWN["kim"]}


@every
@pytest.mark.parametrize("spelling", ["{handle}", "@{handle}", "{platform}/{handle}"])
async def test_a_wanted_account_is_found_however_it_is_written(
    case: Case, open_case: Open, spelling: str
) -> None:
    platform, slash, handle = case.accounts[1].partition("/")
    if not slash:
        platform, handle = "", case.accounts[1]
    if spelling.startswith("@") and not handle.isalnum():
        pytest.skip("no handle of this platform is written with an @")
    name = spelling.format(platform=platform, handle=handle).removeprefix("/")
    batch = await open_case(case).fetch([name], None, NOW)
    assert list(followers(batch).values()) == [KNOWN["kim"]]
    assert not [fault for fault in batch.faults if fault.kind != "row"]


@every
async def test_absent_is_not_zero(case: Case, open_case: Open) -> None:
    batch = await open_case(case, {"lena": 1200, "kim": None}).fetch((), None, NOW)
    assert followers(batch).get(case.accounts[1]) is None
    assert followers(batch)[case.accounts[0]] == 1200


@every
async def test_an_account_is_looked_up_before_it_is_watched(
    case: Case, open_case: Open
) -> None:
    handle = case.accounts[0].partition("/")[2] or case.accounts[0]
    assert await open_case(case).look(handle) == handle


@networked
async def test_retry_after_is_honoured(
    case: Case, open_case: Open, server: Endpoint, clock: Clock
) -> None:
    source = open_case(case)
    usual, refused = server.answers["*"], [False]

    def once(asked: Any) -> Answer:
        if not refused[0]:
            refused[0] = True
            body = {"error": {"code": "rate_limit_exceeded"}}
            return Answer(status=429, headers={"Retry-After": "7"}, body=body)
        assert callable(usual)
        return usual(asked)

    server.answers["*"] = once
    batch = await outcome(source)
    if isinstance(batch, SourceUnavailable):
        assert batch.retry_after == 7
        return
    assert isinstance(batch, Batch)
    assert len(followers(batch)) == 2
    assert 7 in [round(slept, 6) for slept in clock.slept]


@networked
async def test_a_long_pause_is_named_and_kept(
    case: Case, open_case: Open, server: Endpoint
) -> None:
    source = open_case(case)
    server.answers["*"] = Answer(status=429, headers={"Retry-After": "900"}, body={"error": {}})
    result = await outcome(source)
    waits = (
        [fault.retry_after for fault in result.faults]
        if isinstance(result, Batch)
        else [getattr(result, "retry_after", None)]
    )
    assert waits
    assert all(wait == pytest.approx(900) for wait in waits)
    before = len(server.asked)
    await outcome(source)
    assert len(server.asked) == before, "nothing is asked during the pause"


@networked
@pytest.mark.parametrize(
    "body",
    [b"<html>sorry</html>", [], {"unexpected": 1}, {"data": 1, "items": 1, "profiles": 1}],
)
async def test_an_unknown_answer_is_a_change(
    case: Case, open_case: Open, server: Endpoint, body: Any
) -> None:
    source = open_case(case)
    server.answers["*"] = Answer(body=body)
    result = await outcome(source)
    if isinstance(result, Batch):
        assert result.readings is None, "nothing is made up"
        assert result.faults
        assert {fault.kind for fault in result.faults} <= {"changed", "gone", "refused"}
    else:
        assert isinstance(result, SourceChanged | SourceRefused)


@pytest.mark.parametrize("case", PLATFORMS, ids=lambda case: case.kind)
async def test_a_count_that_is_missing_everywhere_is_a_change(
    case: Case, open_case: Open
) -> None:
    with pytest.raises(SourceChanged, match="gives no follower count for any of 2 accounts"):
        await open_case(case, {"lena": None, "kim": None}).fetch((), None, NOW)


@pytest.mark.parametrize("case", PLATFORMS, ids=lambda case: case.kind)
async def test_a_count_that_turns_zero_everywhere_is_a_change(
    case: Case, open_case: Open
) -> None:
    first = await open_case(case).fetch((), None, NOW)
    with pytest.raises(SourceChanged, match="says 0 followers for each of 2 accounts"):
        await open_case(case, {"lena": 0, "kim": 0}).fetch((), first.state, NOW)


@networked
@pytest.mark.parametrize("status", [400, 401, 403, 404, 410, 418, 429, 500, 503])
async def test_no_secret_in_any_error(
    case: Case, open_case: Open, server: Endpoint, status: int, tmp_path: Path
) -> None:
    source = open_case(case)

    def echo(asked: Asked) -> Answer:
        sent = [*asked.headers.values(), *asked.query.values(), *asked.form.values()]
        said = " ".join(value for value in sent if SECRET in value)
        error = {"message": said, "code": said, "errors": [{"reason": said}]}
        return Answer(status=status, body={"error": error, "message": said, "reason": said})

    server.answers["*"] = echo
    result = await outcome(source)
    text = told(result) if isinstance(result, Batch) else str(result)
    assert text
    assert SECRET not in text
    state = json.dumps(result.state) if isinstance(result, Batch) else ""
    assert SECRET not in state
    for path in (tmp_path / "secrets").iterdir():
        assert path.stat().st_mode & 0o077 == 0


@networked
async def test_a_server_that_breaks_off_is_unavailable(
    case: Case, open_case: Open, server: Endpoint
) -> None:
    source = open_case(case)
    server.answers["*"] = Answer(fault="reset")
    result = await outcome(source)
    if isinstance(result, Batch):
        assert {fault.kind for fault in result.faults} == {"unavailable"}
    else:
        assert isinstance(result, SourceUnavailable)
        assert "the source" in str(result)
