"""Bluesky as its public host answers."""

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from bot.errors import AccountNotFound, SourceChanged
from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

PROFILES = "/xrpc/app.bsky.actor.getProfiles"
PROFILE = "/xrpc/app.bsky.actor.getProfile"
FOLLOWERS = "/xrpc/app.bsky.graph.getFollowers"


def profile(handle: str, followers: Any = 5, **more: Any) -> dict[str, Any]:
    did = f"did:plc:{handle.partition('.')[0]}"
    return {"did": did, "handle": handle, "followersCount": followers, **more}


async def test_the_recorded_answer(world: World) -> None:
    world.server.give(PROFILES, recorded("bluesky_getProfiles"))
    bluesky = world.open("bluesky", handles=["@sample.bsky.social"])
    batch = await bluesky.fetch((), None, NOW)
    assert rows(batch) == [
        {
            "account": "bluesky/sample.bsky.social",
            "at": AT,
            "followers": 1203,
            "following": 88,
            "posts": 640,
        }
    ]


async def test_twenty_five_accounts_a_request(world: World) -> None:
    world.server.answers[PROFILES] = lambda asked: Answer(
        body={"profiles": [profile(handle) for handle in asked.values["actors"]]}
    )
    handles = [f"a{n:03}.example" for n in range(60)]
    batch = await world.open("bluesky", handles=handles).fetch((), None, NOW)
    assert len(rows(batch)) == 60
    assert [len(asked.values["actors"]) for asked in world.server.asked] == [25, 25, 10]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (recorded("bluesky_getProfile_takedown_400"), "suspended"),
        ({"error": "AccountDeactivated", "message": "Account is deactivated"}, "deactivated"),
        ({"error": "InvalidRequest", "message": "Profile not found"}, "gone"),
    ],
)
async def test_dropped_accounts_are_noticed_and_told_apart(
    world: World, error: Any, kind: str
) -> None:
    world.server.give(PROFILES, {"profiles": [profile("here.example")]})
    world.server.give(PROFILE, error, status=400)
    bluesky = world.open("bluesky", handles=["here.example", "lost.example"])
    batch = await bluesky.fetch((), None, NOW)
    assert len(rows(batch)) == 1
    assert kinds(batch) == [(kind, "bluesky/lost.example")]
    with pytest.raises(AccountNotFound, match=r"bluesky/lost\.example"):
        await bluesky.look("@lost.example")
    assert await bluesky.look("here.example") == "here.example"


async def test_zero_is_what_the_server_says_when_it_does_not_know(world: World) -> None:
    world.server.give(
        PROFILES, {"profiles": [profile("a.example", 0, postsCount=9), profile("b.example", 4)]}
    )
    batch = await world.open("bluesky", handles=["a.example", "b.example"]).fetch((), None, NOW)
    assert [(row["followers"], row["posts"]) for row in rows(batch)] == [(None, 9), (4, None)]


async def test_zero_for_everyone_is_a_change(world: World) -> None:
    bluesky = world.open("bluesky", handles=["a.example", "b.example"])
    world.server.give(PROFILES, {"profiles": [profile("a.example"), profile("b.example")]})
    first = await bluesky.fetch((), None, NOW)
    world.server.give(
        PROFILES, {"profiles": [profile("a.example", 0), profile("b.example", 0)]}
    )
    with pytest.raises(SourceChanged, match="says 0 followers for each of 2 accounts"):
        await bluesky.fetch((), first.state, NOW)


@pytest.mark.parametrize("value", ["5", 5.5, True, {"n": 5}, -1])
async def test_a_count_of_another_type_is_a_change(world: World, value: Any) -> None:
    world.server.give(PROFILES, {"profiles": [profile("a.example", value)]})
    with pytest.raises(
        SourceChanged, match=r'bluesky: The answer holds .* as "followersCount"'
    ):
        await world.open("bluesky", handles=["a.example"]).fetch((), None, NOW)


async def test_a_new_name_is_told_and_the_history_goes_on(world: World) -> None:
    bluesky = world.open("bluesky", handles=["old.example"])
    world.server.give(PROFILES, {"profiles": [profile("old.example")]})
    first = await bluesky.fetch((), None, NOW)
    renamed = {**profile("old.example", 6), "handle": "new.example"}
    world.server.give(PROFILES, {"profiles": [renamed]})
    second = await bluesky.fetch((), first.state, NOW)
    assert world.server.asked[-1].values["actors"] == ["did:plc:old"]
    assert [(row["account"], row["followers"]) for row in rows(second)] == [
        ("bluesky/old.example", 6)
    ]
    assert kinds(second) == [("renamed", "bluesky/old.example")]
    assert "new.example" in second.faults[0].text


async def test_a_long_poll_comes_in_parts_and_resumes(world: World) -> None:
    world.server.answers[PROFILES] = lambda asked: Answer(
        body={"profiles": [profile(handle) for handle in asked.values["actors"]]}
    )
    handles = [f"a{n:04}.example" for n in range(2500)]
    bluesky, state, seen, parts = world.open("bluesky", handles=handles), None, set(), 0
    while True:
        batch = await bluesky.fetch((), state, NOW)
        seen |= {row["account"] for row in rows(batch)}
        state, parts = batch.state, parts + 1
        if not batch.more:
            break
    assert (len(seen), parts, len(world.server.asked)) == (2500, 3, 100)


async def test_after_trouble_the_poll_goes_on_where_it_stopped(world: World) -> None:
    served = [0]

    def answer(asked: Asked) -> Answer:
        served[0] += 1
        if served[0] > 4:
            return Answer(status=429, headers={"Retry-After": "600"})
        return Answer(body={"profiles": [profile(handle) for handle in asked.values["actors"]]})

    world.server.answers[PROFILES] = answer
    handles = [f"a{n:03}.example" for n in range(200)]
    bluesky = world.open("bluesky", handles=handles)
    first = await bluesky.fetch((), None, NOW)
    assert len(rows(first)) == 100
    assert [(f.kind, f.account, f.retry_after) for f in first.faults] == [
        ("unavailable", None, 600)
    ]
    assert not first.more
    served[0], world.clock.now = -100, world.clock.now + 601
    second = await bluesky.fetch((), first.state, NOW)
    assert {row["account"] for row in rows(first)}.isdisjoint(
        r["account"] for r in rows(second)
    )
    assert len(rows(second)) == 100


async def test_follower_lists_are_paged_hashed_and_resumed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.platforms.source._PAGES", 2)
    world.server.give(PROFILES, {"profiles": [profile("a.example")]})

    def page(asked: Asked) -> Answer:
        number = int(asked.query.get("cursor", "0"))
        fans = [{"did": f"did:plc:fan{number * 3 + n}"} for n in range(3)]
        cursor = {"cursor": str(number + 1)} if number < 4 else {}
        return Answer(body={"followers": fans, **cursor})

    world.server.answers[FOLLOWERS] = page
    keys = {"handles": ["a.example"], "lists": ["a.example"]}
    batch = await world.open("bluesky", **keys).fetch((), None, NOW)
    assert (batch.more, batch.lists) == (True, ())
    assert "fan" not in str(batch.state), "names are never kept"
    batch = await world.open("bluesky", **keys).fetch((), batch.state, NOW)
    assert batch.more
    assert batch.readings is None, "the counts are not asked again for each part"
    batch = await world.open("bluesky", **keys).fetch((), batch.state, NOW)
    assert not batch.more
    (found,) = batch.lists
    assert (found.account, found.at, found.complete, len(found.ids)) == (
        "bluesky/a.example",
        AT,
        True,
        15,
    )
    assert list(found.ids) == sorted(found.ids)
    again = await world.open("bluesky", **keys).fetch((), batch.state, NOW)
    assert again.lists == (), "not due before tomorrow"


async def test_lists_keep_when_accounts_were_made_and_their_order_over_restarts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.sources.platforms.source._PAGES", 1)
    world.server.give(PROFILES, {"profiles": [profile("a.example")]})
    made = ["2024-03-01T00:00:00.000Z", "2023-01-01T00:00:00Z", "nonsense", "2024-01-01T00:00Z"]

    def page(asked: Asked) -> Answer:
        number = int(asked.query.get("cursor", "0"))
        fans = [
            {"did": f"did:plc:{number * 2 + n}", "createdAt": made[number * 2 + n]}
            for n in range(2)
        ]
        return Answer(body={"followers": fans, **({"cursor": "1"} if number == 0 else {})})

    world.server.answers[FOLLOWERS] = page
    keys = {"handles": ["a.example"], "lists": ["a.example"]}
    first = await world.open("bluesky", **keys).fetch((), None, NOW)
    second = await world.open("bluesky", **keys).fetch((), first.state, NOW)
    (found,) = second.lists
    assert found.ordered
    assert found.created is not None
    assert found.since is not None
    oldest_first = np.argsort(found.since)
    days = [
        0
        if at == 0
        else datetime.fromtimestamp(at, UTC).year * 100 + datetime.fromtimestamp(at, UTC).month
        for at in found.created[oldest_first]
    ]
    assert days == [202401, 0, 202301, 202403]


async def test_a_list_ends_at_its_limit(world: World) -> None:
    world.server.give(PROFILES, {"profiles": [profile("a.example")]})
    world.server.answers[FOLLOWERS] = lambda asked: Answer(
        body={"followers": [{"did": f"did:{asked.query.get('cursor', 0)}"}], "cursor": "x"}
    )
    keys = {"handles": ["a.example"], "lists": ["a.example"], "list_limit": 3}
    batch = await world.open("bluesky", **keys).fetch((), None, NOW)
    (found,) = batch.lists
    assert found.complete is False
