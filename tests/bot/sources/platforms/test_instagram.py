"""Instagram Graph from recorded answers."""

from datetime import UTC, datetime
from typing import Any

import pytest

from bot.errors import SourceUnavailable
from bot.model.source import Batch
from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

ENVIRON = {"INSTAGRAM_TOKEN": "s3cret-token"}
OWN = {"username": "lena", "followers_count": 900, "follows_count": 10, "media_count": 4}
YESTERDAY = int(datetime(2026, 11, 20, 23, 59, 59, tzinfo=UTC).timestamp())


def insights(asked: Asked) -> Answer:
    last = int(asked.query["until"]) - 1 == YESTERDAY
    name = "instagram_insights_follows_and_unfollows" if last else "instagram_insights_empty"
    return Answer(body=recorded(name))


async def fetched(world: World, **keys: Any) -> Batch:
    given = {"own": {"lena": "77"}, **keys}
    return await world.open("instagram", ENVIRON, **given).fetch((), None, NOW)


async def test_own_accounts_with_gains_and_losses(world: World) -> None:
    world.server.give("/77", OWN)
    world.server.answers["/77/insights"] = insights
    batch = await fetched(world)
    counts = {"followers": 900, "following": 10, "posts": 4, "gained": None, "lost": None}
    flows = {"followers": None, "following": None, "posts": None, "gained": 41, "lost": 17}
    assert rows(batch) == [
        {"account": "instagram/lena", "at": YESTERDAY, **flows},
        {"account": "instagram/lena", "at": AT, **counts},
    ]


async def test_an_empty_set_is_missing_and_never_zero(world: World) -> None:
    world.server.give("/77", OWN)
    world.server.give("/77/insights", recorded("instagram_insights_empty"))
    batch = await fetched(world)
    assert len(rows(batch)) == 1
    assert "gained" not in rows(batch)[0]


async def test_counts_stand_without_the_right_to_insights(world: World) -> None:
    world.server.give("/77", OWN)
    error = {"error": {"code": 10, "message": "Not enough viewers"}}
    world.server.give("/77/insights", error, status=400)
    batch = await fetched(world)
    assert [row["followers"] for row in rows(batch)] == [900]
    assert batch.remarks == ("no gains and losses from Instagram for instagram/lena",)


async def test_others_are_seen_through_an_own_account(world: World) -> None:
    def answer(asked: Asked) -> Answer:
        if "username(kim)" in asked.query["fields"]:
            return Answer(body=recorded("instagram_business_discovery"))
        if "business_discovery" in asked.query["fields"]:
            error = {"code": 110, "message": "Invalid user id", "error_subcode": 2207013}
            return Answer(status=400, body={"error": error})
        return Answer(body=OWN)

    world.server.answers["/77"] = answer
    world.server.give("/77/insights", recorded("instagram_insights_empty"))
    batch = await fetched(world, handles=["kim", "personal"])
    assert [(row["account"], row["followers"]) for row in rows(batch)] == [
        ("instagram/kim", 50210),
        ("instagram/lena", 900),
    ]
    assert kinds(batch) == [("gone", "instagram/personal")]


@pytest.mark.parametrize(
    ("code", "kind"), [(190, "refused"), (200, "refused"), (9999, "changed")]
)
async def test_errors_of_graph_are_told_apart(world: World, code: int, kind: str) -> None:
    world.server.give("/77", {"error": {"code": code, "message": "s3cret-token"}}, status=400)
    batch = await fetched(world)
    assert kinds(batch) == [(kind, "instagram/lena")]
    assert "s3cret-token" not in batch.faults[0].text


async def test_limits_stop_the_poll_and_usage_pauses_it(world: World) -> None:
    world.server.give("/77", {"error": {"code": 4, "message": "limit reached"}}, status=400)
    with pytest.raises(SourceUnavailable) as caught:
        await fetched(world)
    assert caught.value.retry_after == 3600
    full = {"X-App-Usage": '{"call_count":97,"total_time":5,"total_cputime":4}'}
    world.server.answers["/77"] = Answer(body=OWN, headers=full)
    with pytest.raises(SourceUnavailable, match="used up"):
        await fetched(world)
