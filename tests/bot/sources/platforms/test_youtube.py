"""YouTube Data API v3 from recorded answers."""

from typing import Any

import pytest

from bot.errors import SourceChanged, SourceRefused, SourceUnavailable
from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

ID = "UCsample0000000000000001"
ENVIRON = {"YOUTUBE_API_KEY": "s3cret-key"}


def channel(id: str, count: Any = "123000", **more: Any) -> dict[str, Any]:
    return {"id": id, "statistics": {"subscriberCount": count, "viewCount": "9", **more}}


async def test_the_recorded_answer(world: World) -> None:
    world.server.give("/channels", recorded("youtube_channels_list"))
    batch = await world.open("youtube", ENVIRON, handles=[ID[:24]]).fetch((), None, NOW)
    assert rows(batch) == [
        {
            "account": f"youtube/{ID}",
            "at": AT,
            "followers": 123000,
            "posts": 321,
            "views": 1234567,
        }
    ]
    asked = world.server.asked[0]
    assert asked.headers["X-Goog-Api-Key"] == "s3cret-key"
    assert "key" not in asked.query


async def test_fifty_ids_a_request_and_handles_only_once(world: World) -> None:
    def answer(asked: Asked) -> Answer:
        if "forHandle" in asked.query:
            return Answer(body={"items": [channel("UC" + "h" * 22)]})
        return Answer(body={"items": [channel(id) for id in asked.query["id"].split(",")]})

    world.server.answers["/channels"] = answer
    ids = [f"UC{n:022}" for n in range(70)]
    youtube = world.open("youtube", ENVIRON, handles=[*ids, "@lena"])
    first = await youtube.fetch((), None, NOW)
    assert len(rows(first)) == 71
    assert world.server.queries("forHandle").count("@lena") == 1
    before = len(world.server.asked)
    second = await youtube.fetch((), first.state, NOW)
    assert len(rows(second)) == 71
    assert len(world.server.asked) - before == 2, "the handle's id is known now"


async def test_hidden_and_closed_channels(world: World) -> None:
    hidden = channel("UC" + "1" * 22, "0", hiddenSubscriberCount=True)
    world.server.give("/channels", {"items": [hidden, channel("UC" + "2" * 22)]})
    handles = ["UC" + digit * 22 for digit in "123"]
    batch = await world.open("youtube", ENVIRON, handles=handles).fetch((), None, NOW)
    assert [row["followers"] for row in rows(batch)] == [None, 123000]
    assert kinds(batch) == [
        ("private", "youtube/" + handles[0]),
        ("gone", "youtube/" + handles[2]),
    ]


async def test_a_number_where_text_is_documented_is_read_and_other_types_are_not(
    world: World,
) -> None:
    youtube = world.open("youtube", ENVIRON, handles=[ID])
    world.server.give("/channels", {"items": [channel(ID, 5)]})
    assert rows(await youtube.fetch((), None, NOW))[0]["followers"] == 5
    world.server.give("/channels", {"items": [channel(ID, "1.2K")]})
    with pytest.raises(SourceChanged, match="subscriberCount"):
        await youtube.fetch((), None, NOW)


async def test_the_quota_and_a_bad_key(world: World) -> None:
    def refusal(reason: str) -> dict[str, Any]:
        return {"error": {"code": 403, "errors": [{"reason": reason}]}}

    youtube = world.open("youtube", ENVIRON, handles=[ID])
    world.server.give("/channels", refusal("quotaExceeded"), status=403)
    with pytest.raises(SourceUnavailable, match="quota") as caught:
        await youtube.fetch((), None, NOW)
    assert caught.value.retry_after == 20 * 3600, "noon UTC is 04:00 in California"
    world.server.give("/channels", refusal("keyInvalid"), status=400)
    with pytest.raises(SourceRefused, match="keyInvalid"):
        await youtube.fetch((), None, NOW)
