"""Lists that are stored: counts, incidents, answers, and what is not concluded."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from bot.ingest.follower_lists import ListNews, ListSettings, study_lists
from bot.ingest.poll import Outcome, store_batch
from bot.message import voice_for
from bot.message.reasons import sentence
from bot.model.reading import FollowerList
from bot.model.source import Batch
from bot.review import ReviewSettings, review
from bot.storage import forgetting, incidents, list_verdicts, lists, readings, sources
from bot.storage.access import AccessPolicy
from bot.storage.database import Store
from checks.model import Event
from checks.rules import rules_for
from tests.bench.audiences import DAY, END, audience, with_batch
from tests.bot.team import NOW, console, two_teams

ACCOUNT = "instagram/lena"
LISTED = "instagram/newlena"
RULES = rules_for("balanced")
SETTINGS = ListSettings(rules=RULES, access=AccessPolicy({}))


class Silent:
    """Voices that nobody hears: there are no channels."""

    def __getattr__(self, name: str) -> object:
        return lambda *args, **kwargs: None


def followers(since: np.ndarray, at: int, seed: int = 1) -> FollowerList:
    rng = np.random.default_rng(seed)
    ids = np.unique(rng.integers(1, 2**63, 2 * len(since), dtype=np.uint64))[: len(since)]
    return FollowerList(
        account=ACCOUNT,
        side="followers",
        at=at,
        ids=ids,
        since=rng.permutation(since),
        complete=True,
    )


def bought(start_before: int = 300) -> tuple[FollowerList, np.ndarray]:
    """A list of 6,000 of whom a tenth came on one day so long ago, and who of it did."""
    rng = np.random.default_rng(5)
    clean = audience(rng, 5_400)
    since = np.concatenate((clean.since, END - start_before * DAY + rng.integers(0, DAY, 600)))
    given = followers(since, END)
    start = END - start_before * DAY
    return given, (given.since >= start) & (given.since < start + DAY)


async def take(
    store: Store, *given: FollowerList, now: int, settings: ListSettings = SETTINGS
) -> list[ListNews]:
    outcome = Outcome(source="import")
    row = await store.write(sources.ensure, "import")
    await store_batch(store, row.id, Batch(lists=given), now, outcome)
    news = await study_lists(store, settings, outcome.lists, now)
    await review(
        store, ReviewSettings(rules=RULES, access=settings.access, voices=Silent()), now
    )
    return news


def reasons(one: incidents.Stored) -> dict[str, dict[str, object]]:
    return {each.code: dict(each.values) for each in one.incident.reasons}


def told(news: list[ListNews], locale: str = "en") -> str:
    voice = voice_for(locale, "UTC")
    return " ".join(sentence(voice, one) for each in news for one in each.said)


@pytest.fixture
def store(tmp_path: Path):
    opened = Store.open(tmp_path / "lists.db", now=END)
    yield opened
    opened.close()


async def test_a_complete_list_is_a_reading(store: Store) -> None:
    given, _ = bought()
    await take(store, given, now=END)
    series = await store.read(
        lambda db: readings.series(db, store.path, start=0, stop=END + DAY)
    )
    assert series.values["followers"].tolist() == [6_000.0]
    assert series.at.tolist() == [END]


async def test_a_list_never_speaks_beside_counts(store: Store) -> None:
    import polars as pl

    given, _ = bought()
    frame = pl.DataFrame({"account": [ACCOUNT], "at": [END - DAY], "followers": [6_200]})
    await store.write(lambda db: readings.add(db, sources.ensure(db, "api").id, frame, END))
    await take(store, given, now=END)
    series = await store.read(
        lambda db: readings.series(db, store.path, start=0, stop=END + DAY)
    )
    assert series.values["followers"].tolist() == [6_200.0]


async def test_a_batch_of_this_week_is_an_open_mass_follow(store: Store) -> None:
    given, _ = bought(start_before=3)
    news = await take(store, given, now=END)
    (one,) = await store.read(incidents.listing, open_only=True)
    assert (one.incident.kind, one.incident.direction) == ("mass_follow", "up")
    assert one.incident.change == pytest.approx(600, abs=40)
    assert one.incident.opened_at == END - 2 * DAY
    assert "came who still follow" in told(news)
    assert "die noch folgen" in told(news, "de")


async def test_a_batch_of_long_ago_is_history(store: Store) -> None:
    given, _ = bought()
    news = await take(store, given, now=END)
    (one,) = await store.read(incidents.listing)
    assert not one.incident.open
    assert one.silent is not None
    assert "came who still follow" in told(news)


async def test_leavers_of_one_batch_are_a_purge(store: Store) -> None:
    given, batch = bought()
    gone = batch & (np.random.default_rng(2).random(len(batch)) < 0.75)
    later = replace(given, at=END + DAY, ids=given.ids[~gone], since=given.since[~gone])
    news = await take(store, given, later, now=END + DAY)
    (one,) = await store.read(incidents.listing, open_only=True)
    assert (one.incident.kind, one.incident.direction) == ("purge", "down")
    assert "are gone, 0% of all others" in told(news)


async def test_leavers_of_all_ages_are_people_who_leave(store: Store) -> None:
    given, _ = bought()
    gone = np.random.default_rng(2).random(len(given.ids)) < 0.08
    later = replace(given, at=END + DAY, ids=given.ids[~gone], since=given.since[~gone])
    await take(store, given, later, now=END + DAY)
    (one,) = await store.read(incidents.listing, open_only=True)
    assert one.incident.kind == "unfollow_wave"


async def test_lists_explain_what_counts_could_not(store: Store) -> None:
    import polars as pl

    given, batch = bought()
    await take(store, given, now=END)
    rng = np.random.default_rng(3)
    level = 6_000 + np.cumsum(rng.integers(0, 12, 60))
    level[-1] -= 460
    at = [END + DAY - (59 - day) * DAY for day in range(60)]
    frame = pl.DataFrame({"account": ACCOUNT, "at": at, "followers": level})
    await store.write(lambda db: readings.add(db, sources.ensure(db, "api").id, frame, END))
    settings = ReviewSettings(rules=RULES, access=AccessPolicy({}), voices=Silent())
    await review(store, settings, END + DAY)
    (before,) = await store.read(incidents.listing, open_only=True)
    assert before.incident.kind == "unexplained_drop"
    gone = batch & (rng.random(len(batch)) < 0.75)
    later = replace(given, at=END + DAY, ids=given.ids[~gone], since=given.since[~gone])
    await take(store, later, now=END + DAY)
    (after,) = await store.read(incidents.listing, open_only=True)
    assert (after.id, after.incident.kind) == (before.id, "purge")
    assert after.incident.change == before.incident.change
    await review(store, settings, END + DAY + 3_600)
    (still,) = await store.read(incidents.listing, open_only=True)
    assert still.incident.kind == "purge"


async def test_a_list_for_a_date_range_is_partial_and_tells_no_leavers(store: Store) -> None:
    given, _ = bought()
    recent = given.since > END - 40 * DAY
    later = replace(given, at=END + DAY, ids=given.ids[recent], since=given.since[recent])
    news = await take(store, given, later, now=END + DAY)
    assert news[1].complete is False
    assert "exported for a date range" in told(news)
    assert await store.read(incidents.listing, open_only=True) == []
    stored = await store.read(lists.get, ACCOUNT, "followers", END + DAY)
    assert stored is not None
    assert stored.complete is False
    series = await store.read(
        lambda db: readings.series(db, store.path, start=0, stop=END + 2 * DAY)
    )
    assert series.at.tolist() == [END]


async def test_the_same_list_again_says_nothing_new(store: Store) -> None:
    given, _ = bought()
    await take(store, given, now=END)
    assert await take(store, given, now=END) == []
    assert len(await store.read(incidents.listing)) == 1


async def test_forgetting_erases_lists_with_their_dates(store: Store) -> None:
    given, _ = bought()
    made = replace(given, created=given.since - 90 * DAY)
    await store.write(lambda db: lists.add(db, made, None, END))
    kept = await store.read(lists.get, ACCOUNT, "followers", END)
    assert kept is not None
    assert np.array_equal(kept.created, made.created)
    await store.write(lambda db: forgetting.forget(db, ACCOUNT, END))
    assert await store.read(lists.kept) == (0, 0, 0)
    assert await store.write(list_verdicts.take) == []


async def test_a_burst_on_the_day_of_an_event_is_explained(store: Store) -> None:
    given, _ = bought(start_before=3)
    for name, start, kind, severity in (
        ("Festival", END - 3 * DAY, "viral", "info"),
        ("Long over", END - 30 * DAY, "mass_follow", "critical"),
    ):
        event = Event(name=name, kind="campaign", start=start, end=start + 2 * DAY)
        settings = replace(SETTINGS, events=lambda db, event=event: [event])
        one = replace(given, account=f"instagram/{kind}")
        await take(store, one, now=END, settings=settings)
        (found,) = await store.read(incidents.listing, account=one.account)
        assert (found.incident.kind, found.incident.severity) == (kind, severity)
        assert ("known_event" in reasons(found)) == (kind == "viral")


async def test_an_event_noted_after_the_import_explains_its_burst(tmp_path: Path) -> None:
    given, _ = bought(start_before=3)
    async with two_teams(tmp_path) as team:
        one = replace(given, account=LISTED, at=NOW, since=given.since + NOW - END)
        await take(team.store, one, now=NOW)
        (before,) = await team.store.read(incidents.listing, account=LISTED)
        assert before.incident.kind == "mass_follow"
        day = datetime.fromtimestamp(before.incident.opened_at, UTC).date()
        await team.ask(console(), f"event add campaign {day} Festival about={LISTED}")
        settings = ReviewSettings(rules=RULES, access=AccessPolicy({}), voices=Silent())
        for later in (60, 120):
            await review(team.store, settings, NOW + later)
        (after,) = await team.store.read(incidents.listing, account=LISTED)
        assert (after.id, after.incident.kind) == (before.id, "viral")
        assert after.incident.causes[0].kind == "viral"
        assert reasons(after)["known_event"]["name"] == "Festival"
        assert len(after.incident.updates) == len(before.incident.updates) + 1


async def test_the_same_followers_at_several_accounts_of_a_team_are_one_attack(
    store: Store,
) -> None:
    walls = {"one": ("instagram/a*",), "two": ("instagram/b*",)}
    settings = replace(SETTINGS, access=AccessPolicy(walls))
    rng = np.random.default_rng(4)
    attackers = np.sort(rng.integers(1, 2**63, 60, dtype=np.uint64))
    for account in ("instagram/a1", "instagram/b1", "instagram/a2", "instagram/a3"):
        clean = followers(audience(rng, 6_000).since, END, seed=rng.integers(1, 999))
        ids = np.concatenate((clean.ids, attackers))
        since = np.append(clean.since, END - 2 * DAY + rng.integers(0, 7_200, 60))
        order = np.argsort(ids)
        one = replace(clean, account=account, ids=ids[order], since=since[order])
        await take(store, one, now=END, settings=settings)
    found = await store.read(incidents.listing, open_only=True)
    grouped = [one for one in found if "lockstep" in reasons(one)]
    told = {one.incident.account: reasons(one)["lockstep"] for one in grouped}
    assert {account: each["accounts"] for account, each in told.items()} == {
        "instagram/a2": 2,
        "instagram/a3": 3,
    }
    assert told["instagram/a3"]["count"] == pytest.approx(60, abs=3)
    assert {one.incident.kind for one in grouped} == {"mass_follow"}


async def test_whom_an_account_follows_is_told_as_that(store: Store) -> None:
    given, _ = bought()
    old = replace(given, side="following", at=END - DAY)
    new = replace(given, side="following", ids=given.ids[300:], since=given.since[300:])
    news = await take(store, old, new, now=END)
    assert "it followed 0 more and dropped 300; 5,700 stayed" in told(news)
    assert "had followed for less than a week" not in told(news)


async def test_what_a_list_does_not_carry_is_said(store: Store) -> None:
    given, _ = bought()
    late = np.where(np.arange(6_000) < 40, END + 90 * DAY, given.since)
    late[50:53] = 0
    news = await take(store, replace(given, since=late), now=END)
    assert "40 follows are dated in the future" in told(news)
    assert "3 entries carry no follow date" in told(news)
    news = await take(store, replace(given, at=END + DAY, since=None), now=END + DAY)
    assert "6,000 entries carry no follow date" in told(news)


def test_a_batch_and_its_world_are_what_they_say() -> None:
    rng = np.random.default_rng(1)
    some, start, stop = with_batch(rng, audience(rng, 2_000), 0.1, DAY)
    assert len(some.since) == pytest.approx(2_222, abs=2)
    assert np.count_nonzero((some.since >= start) & (some.since < stop)) >= 222
