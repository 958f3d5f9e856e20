"""Reddit's about pages."""

import pytest
from pydantic import ValidationError

from bot.sources.platforms.reddit import RedditSettings
from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer


async def test_communities_and_users(world: World) -> None:
    world.server.give("/r/pics/about.json", {"kind": "t5", "data": {"subscribers": 9000}})
    world.server.give(
        "/user/lena/about.json", {"kind": "t2", "data": {"subreddit": {"subscribers": 7}}}
    )
    world.server.give("/user/gone/about.json", recorded("reddit_user_suspended"))
    handles = ["r/pics", "u/lena", "u/gone", "r/nowhere"]
    batch = await world.open("reddit", handles=handles).fetch((), None, NOW)
    assert rows(batch) == [
        {"account": "reddit/r/pics", "at": AT, "followers": 9000},
        {"account": "reddit/u/lena", "at": AT, "followers": 7},
    ]
    assert kinds(batch) == [("gone", "reddit/r/nowhere"), ("suspended", "reddit/u/gone")]
    assert sum(world.clock.slept) == pytest.approx(3 * 6.5), "ten requests a minute at most"


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (403, "private", "private"),
        (404, "banned", "suspended"),
        (403, "quarantined", "suspended"),
    ],
)
async def test_closed_communities(world: World, status: int, reason: str, kind: str) -> None:
    world.server.answers["/r/x/about.json"] = Answer(status=status, body={"reason": reason})
    batch = await world.open("reddit", handles=["r/x"]).fetch((), None, NOW)
    assert kinds(batch) == [(kind, "reddit/r/x")]


def test_a_handle_says_what_it_is() -> None:
    with pytest.raises(ValidationError, match="write r/name or u/name"):
        RedditSettings(name="r", kind="reddit", handles=("pics",))
