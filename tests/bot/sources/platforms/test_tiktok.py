"""TikTok's Display API: user tokens that rotate."""

import stat
from typing import Any

from bot.model.source import Batch
from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

ENVIRON = {
    "LENA": "first-refresh",
    "TIKTOK_CLIENT_KEY": "k3y-of-app",
    "TIKTOK_CLIENT_SECRET": "s3cret",
}


class TikTok:
    """Only the newest refresh token and the newest access token are good."""

    def __init__(self, world: World) -> None:
        self.refresh, self.access, self.renewals = "first-refresh", "", 0
        world.server.answers["/v2/oauth/token/"] = self.renew
        world.server.answers["/v2/user/info/"] = self.info

    def renew(self, asked: Asked) -> Answer:
        if asked.form["refresh_token"] != self.refresh:
            return Answer(status=400, body={"error": "invalid_grant"})
        assert asked.form["grant_type"] == "refresh_token"
        self.renewals += 1
        self.refresh, self.access = f"refresh-{self.renewals}", f"access-{self.renewals}"
        return Answer(body={"access_token": self.access, "refresh_token": self.refresh})

    def info(self, asked: Asked) -> Answer:
        if asked.headers["Authorization"] != f"Bearer {self.access}":
            error = {"code": "access_token_invalid", "message": "expired"}
            return Answer(status=401, body={"data": {}, "error": error})
        return Answer(body=recorded("tiktok_user_info"))


async def fetched(world: World, environ: dict[str, str] | None = None) -> Batch:
    given = {**ENVIRON, **(environ or {})}
    return await world.open("tiktok", given, accounts={"lena": "LENA"}).fetch((), None, NOW)


async def test_the_recorded_answer(world: World) -> None:
    TikTok(world)
    assert rows(await fetched(world)) == [
        {
            "account": "tiktok/lena",
            "at": AT,
            "followers": 1200,
            "following": 30,
            "posts": 80,
            "interactions": 5600,
        }
    ]


async def test_tokens_rotate_and_outlive_a_restart(world: World) -> None:
    server = TikTok(world)
    await fetched(world)
    await fetched(world)
    assert server.renewals == 1
    server.access = "replaced"
    batch = await fetched(world)
    assert (len(rows(batch)), server.renewals) == (1, 2)
    (path,) = (world.root / "secrets").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "refresh" not in str(batch.state)


async def test_an_ended_grant_is_told_and_a_new_one_taken(world: World) -> None:
    server = TikTok(world)
    await fetched(world)
    server.refresh, server.access = "granted-anew", "x"
    ended = await fetched(world)
    assert kinds(ended) == [("refused", "tiktok/lena")]
    assert "log in to your TikTok app again" in ended.faults[0].text
    assert len(rows(await fetched(world, {"LENA": "granted-anew"}))) == 1


async def test_a_missing_right_is_told(world: World) -> None:
    TikTok(world)
    error: dict[str, Any] = {"code": "scope_not_authorized", "message": "no"}
    world.server.give("/v2/user/info/", {"data": {}, "error": error}, status=401)
    batch = await fetched(world)
    assert kinds(batch) == [("refused", "tiktok/lena")]
    assert "user.info.stats" in batch.faults[0].text
