"""GitHub's REST API."""

import pytest

from bot.errors import SourceUnavailable
from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, rows
from tests.loopback.endpoint import Answer, Asked

LENA = {"id": 7, "login": "Lena", "followers": 12, "following": 3, "public_repos": 5}


async def test_counts_renames_and_gone_accounts(world: World) -> None:
    world.server.give("/users/lena", LENA)
    github = world.open("github", handles=["lena", "nobody"])
    first = await github.fetch((), None, NOW)
    assert rows(first) == [
        {"account": "github/lena", "at": AT, "followers": 12, "following": 3, "posts": 5}
    ]
    assert kinds(first) == [("gone", "github/nobody")]
    world.server.give("/user/7", {**LENA, "login": "lena-new"})
    second = await github.fetch((), first.state, NOW)
    assert ("renamed", "github/lena") in kinds(second)


async def test_a_used_up_limit_is_no_refusal(world: World) -> None:
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1700"}
    limited = Answer(status=403, headers=headers, body={"message": "API rate limit exceeded"})
    world.server.answers["/users/lena"] = [Answer(body=LENA), limited]
    github = world.open("github", handles=["lena"])
    assert await github.look("lena") == "Lena"
    with pytest.raises(SourceUnavailable) as caught:
        await github.fetch((), None, NOW)
    assert caught.value.retry_after == 1700


async def test_a_list_by_pages_of_a_hundred(world: World) -> None:
    world.server.give("/users/lena", LENA)

    def page(asked: Asked) -> Answer:
        number = int(asked.query["page"])
        size = 100 if number < 3 else 20
        return Answer(body=[{"login": f"fan{number}-{n}"} for n in range(size)])

    world.server.answers["/users/lena/followers"] = page
    batch = await world.open("github", handles=["lena"], lists=["lena"]).fetch((), None, NOW)
    assert [len(found.ids) for found in batch.lists] == [220]
