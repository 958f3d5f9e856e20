"""audience: what it tells, and to whom."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bot.message import voice_for
from bot.model.reading import FollowerList
from bot.storage import lists
from tests.bench.audiences import DAY
from tests.bot.team import NOW, ONE, OURS, THEIRS, Team, console, person, two_teams

NEW = "instagram/newlena"
"""An account that lists alone count: others' known counts would call these lists partial."""

PNG = b"\x89PNG"


@pytest.fixture
async def team(tmp_path: Path):
    async with two_teams(tmp_path) as opened:
        yield opened


def given(account: str, **more: object) -> FollowerList:
    """3,000 followers over two years, and 900 within a day a hundred days ago."""
    rng = np.random.default_rng(2)
    usual = NOW - rng.integers(DAY, 700 * DAY, 3_000)
    batch = NOW - 100 * DAY + rng.integers(0, DAY, 900)
    ids = np.unique(rng.integers(1, 2**63, 5_000, dtype=np.uint64))[:3_900]
    made = FollowerList(
        account=account,
        side="followers",
        at=NOW - 10 * DAY,
        ids=ids,
        since=np.concatenate((usual, batch)),
        complete=True,
    )
    return replace(made, **more)  # type: ignore[arg-type]


async def keep(team: Team, *some: FollowerList) -> None:
    for one in some:
        await team.store.write(lists.add, one, None, NOW)


async def test_one_list_shows_its_batch_and_what_it_cannot_say(team: Team) -> None:
    await keep(team, given(NEW))
    told = await team.ask(person(), f"audience {NEW}")
    assert told.text.startswith("About 23% of the list came in one batch")
    assert told.picture is not None
    assert told.picture.png.startswith(PNG)
    unknown = next(field.value for field in told.fields if field.name == "Not known")
    assert "second list" in unknown


async def test_two_lists_show_who_is_gone_of_whom(team: Team) -> None:
    old = given(NEW)
    stayed = np.ones(len(old.ids), np.bool_)
    stayed[3_000:3_675] = False
    new = replace(old, at=NOW, ids=old.ids[stayed], since=old.since[stayed])
    await keep(team, old, new)
    told = await team.ask(person(), f"audience {NEW}")
    assert "74% of it are gone already." in told.text
    assert told.table[0] == ("Joined", "Then", "Gone", "Share")
    assert told.table[1][2:] == ("675", "74%")


async def test_follows_that_were_taken_back_are_told_with_who_followed_back(team: Team) -> None:
    fans = given(NEW)
    rng = np.random.default_rng(4)
    strangers = np.sort(rng.integers(1, 2**63, 360, dtype=np.uint64))
    followed = np.sort(np.concatenate((strangers, fans.ids[:40])))
    recent = fans.at - rng.integers(DAY, 20 * DAY, 400)
    old = replace(fans, side="following", ids=followed, since=recent)
    stays = np.isin(followed, fans.ids[:40])
    new = replace(old, at=fans.at + 5 * DAY, ids=followed[stays], since=recent[stays])
    await keep(team, fans, old, new)
    told = await team.ask(person(), f"audience {NEW}")
    assert "360" in told.text
    assert "10% of its new follows follow back" in told.text


async def test_creation_dates_give_the_follower_map(team: Team) -> None:
    made = given(NEW)
    created = made.since - np.random.default_rng(3).integers(DAY, 900 * DAY, len(made.ids))
    await keep(team, replace(made, created=created))
    told = await team.ask(console(), f"audience {NEW}")
    assert told.picture is not None
    assert told.picture.alt == f"Follower map of {NEW}"


async def test_a_list_without_dates_has_no_picture(team: Team) -> None:
    await keep(team, given(NEW, since=None))
    told = await team.ask(person(), f"audience {NEW}")
    assert told.picture is None
    assert told.text == "The list carries no dates: batches cannot be told from it."


async def test_without_a_list_it_says_how_to_get_one(team: Team) -> None:
    told = await team.ask(person(), f"audience {OURS[0]}")
    assert "import the export" in told.text


async def test_a_team_sees_no_audience_of_another(team: Team) -> None:
    await keep(team, given(THEIRS[0]))
    told = await team.ask(person(ONE), f"audience {THEIRS[0]}")
    assert told.picture is None
    assert told.text.startswith("No account")


def test_a_span_names_its_year_once_and_hours_where_it_took_few() -> None:
    voice = voice_for("en", "UTC")
    start = 1_796_083_200  # 2026-12-01
    for seconds, wanted in (
        (12 * 3_600 - 60, "Dec 1, 2026, 12:00 AM – 11:59 AM"),
        (12 * 3_600, "Dec 1, 2026"),
        (DAY, "Dec 1 – 2, 2026"),
        (0, "Dec 1, 2026"),
    ):
        told = voice.dates(start, start + seconds)
        assert re.sub(r"\s", " ", told) == wanted


async def test_it_speaks_german(tmp_path: Path) -> None:
    async with two_teams(tmp_path, "de") as team:
        await keep(team, given(NEW))
        told = await team.ask(console(), f"audience {NEW}")
        assert "der Liste kamen in einem Schub" in told.text
