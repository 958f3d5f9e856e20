"""X API v2 from recorded answers; every read is paid."""

from datetime import timedelta
from typing import Any

import pytest

from bot.errors import SourceUnavailable
from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

ENVIRON = {"X_BEARER_TOKEN": "s3cret-token"}


def users(asked: Asked) -> Answer:
    names = (asked.query.get("usernames") or asked.query["ids"]).split(",")
    data = [
        {
            "id": name,
            "username": name,
            "public_metrics": {"followers_count": 5, "tweet_count": 2},
        }
        for name in names
    ]
    return Answer(body={"data": data})


async def test_the_recorded_answer(world: World) -> None:
    world.server.give("/users/by", recorded("x_users_by_partial"))
    x = world.open("x", ENVIRON, handles=["sample", "gone"])
    batch = await x.fetch((), None, NOW)
    assert rows(batch) == [
        {"account": "x/sample", "at": AT, "followers": 1, "following": 1, "posts": 1}
    ]
    assert kinds(batch) == [("gone", "x/gone")]
    assert batch.remarks == ("X: $0.02 of $20.00 in 2026-11",)


@pytest.mark.parametrize(
    ("detail", "kind"),
    [("User has been suspended: [lost].", "suspended"), ("Could not find user", "gone")],
)
async def test_missing_users_are_told_apart(world: World, detail: str, kind: str) -> None:
    error = {"value": "lost", "detail": detail, "title": "Forbidden"}
    world.server.give("/users/by", {"errors": [error]})
    batch = await world.open("x", ENVIRON, handles=["lost"]).fetch((), None, NOW)
    assert kinds(batch) == [(kind, "x/lost")]


async def test_both_names_of_the_posts(world: World) -> None:
    world.server.answers["/users/by"] = users
    batch = await world.open("x", ENVIRON, handles=["a"]).fetch((), None, NOW)
    assert rows(batch)[0]["posts"] == 2


async def test_a_hundred_accounts_a_request_and_no_malformed_name(world: World) -> None:
    world.server.answers["/users/by"] = users
    handles = [f"a{n}" for n in range(150)] + ["not a name"]
    batch = await world.open("x", ENVIRON, handles=handles).fetch((), None, NOW)
    assert len(rows(batch)) == 150
    assert len(world.server.asked) == 2
    assert kinds(batch) == [("gone", "x/not a name")]


async def test_an_account_costs_once_a_day_and_the_month_has_a_cap(world: World) -> None:
    world.server.answers["*"] = users
    handles = [f"a{n}" for n in range(10)]
    x = world.open("x", ENVIRON, handles=handles, monthly_cap=0.25)
    state: Any = None
    for hour in (0, 1, 2):
        batch = await x.fetch((), state, NOW + timedelta(hours=hour))
        state = batch.state
        assert batch.remarks == ("X: $0.10 of $0.25 in 2026-11",)
    tomorrow = await x.fetch((), state, NOW + timedelta(days=1))
    assert tomorrow.remarks == ("X: $0.20 of $0.25 in 2026-11",)
    asked = len(world.server.asked)
    with pytest.raises(
        SourceUnavailable, match=r"cap of \$0\.25 for X \(\$0\.20 spent\)"
    ) as caught:
        await x.fetch((), tomorrow.state, NOW + timedelta(days=2))
    assert len(world.server.asked) == asked, "what is not paid is not asked"
    assert caught.value.retry_after == (7 * 24 + 12) * 3600, "23 Nov noon to 1 Dec"
    assert await x.look("a1") == "a1", "one look is not stopped by the cap"
    december = await x.fetch((), tomorrow.state, NOW + timedelta(days=10))
    assert december.remarks == ("X: $0.10 of $0.25 in 2026-12",)
