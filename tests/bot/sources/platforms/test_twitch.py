"""Twitch Helix from recorded answers."""

import asyncio
import stat
from typing import Any

import pytest

from bot.errors import SourceRefused
from bot.model.source import Batch
from tests.bot.sources.platforms.apis import NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

ENVIRON = {
    "TWITCH_CLIENT_ID": "id-of-app",
    "TWITCH_CLIENT_SECRET": "s3cret",
    "BOSS": "u5er-token",
}


def play(world: World, names: dict[str, str]) -> list[str]:
    """A server whose app tokens are ok-1, ok-2, ...; the last of the list given is good."""
    issued: list[str] = []

    def token(_: Asked) -> Answer:
        issued.append(f"ok-token-{len(issued) + 1}")
        return Answer(body={"access_token": issued[-1], "expires_in": 5})

    def good(asked: Asked) -> bool:
        return asked.headers["Authorization"].removeprefix("Bearer ") in {
            *issued[-1:],
            "u5er-token",
        }

    def users(asked: Asked) -> Answer:
        if not good(asked):
            return Answer(status=401, body={"message": "Invalid OAuth token"})
        wanted = {*asked.values.get("id", []), *asked.values.get("login", [])}
        data = [{"id": i, "login": n} for i, n in names.items() if {i, n} & wanted]
        return Answer(body={"data": data})

    world.server.answers["/oauth2/token"] = token
    world.server.answers["/users"] = users
    world.server.give("/channels/followers", recorded("twitch_channels_followers_total_only"))
    return issued


async def fetched(world: World, state: Any = None, **keys: Any) -> Batch:
    return await world.open("twitch", ENVIRON, **keys).fetch((), state, NOW)


async def test_the_recorded_answer(world: World) -> None:
    play(world, {"1": "lena"})
    batch = await fetched(world, handles=["Lena", "nobody", "not a name"])
    assert [(row["account"], row["followers"]) for row in rows(batch)] == [("twitch/Lena", 8)]
    assert kinds(batch) == [("gone", "twitch/nobody"), ("gone", "twitch/not a name")]


async def test_the_app_token_is_kept_privately_and_renewed_when_refused(world: World) -> None:
    issued = play(world, {"1": "lena"})
    first = await fetched(world, handles=["lena"])
    await fetched(world, first.state, handles=["lena"])
    assert len(issued) == 1, "kept over a restart"
    (path,) = (world.root / "secrets").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    issued.append("revoked at the server")
    batch = await fetched(world, first.state, handles=["lena"])
    assert len(rows(batch)) == 1
    assert "ok-token" not in str(batch.state)


async def test_requests_at_the_same_time_share_one_new_token(world: World) -> None:
    issued = play(world, {"1": "lena"})
    twitch = world.open("twitch", ENVIRON, handles=["lena"])
    await asyncio.gather(twitch.fetch((), None, NOW), *(twitch.look("lena") for _ in range(3)))
    assert len(issued) == 1
    issued.append("revoked at the server")
    await asyncio.gather(twitch.fetch((), None, NOW), *(twitch.look("lena") for _ in range(3)))
    assert len(issued) == 3


async def test_a_token_kept_from_an_earlier_run_is_in_no_error(world: World) -> None:
    issued = play(world, {"1": "lena"})
    await fetched(world, handles=["lena"])
    world.server.give("/users", {"message": f"{issued[0]} is not welcome"}, 403)
    with pytest.raises(SourceRefused, match=r"answered 403 \(\*\*\* is not welcome\)"):
        await fetched(world, handles=["lena"])


async def test_a_wrong_secret_is_told(world: World) -> None:
    world.server.give("/oauth2/token", {"status": 403, "message": "invalid client secret"}, 403)
    with pytest.raises(SourceRefused, match="check its client id and secret"):
        await fetched(world, handles=["lena"])


async def test_a_renamed_channel(world: World) -> None:
    names = {"1": "lena"}
    play(world, names)
    first = await fetched(world, handles=["lena"])
    names["1"] = "lena2"
    second = await fetched(world, first.state, handles=["lena"])
    assert kinds(second) == [("renamed", "twitch/lena")]
    assert len(rows(second)) == 1


async def test_lists_need_the_right_token(world: World) -> None:
    play(world, {"1": "lena"})
    keys = {"handles": ["lena"], "lists": ["lena"]}
    batch = await fetched(world, **keys)
    assert kinds(batch) == [("refused", "twitch/lena")]
    assert "user_token_env" in batch.faults[0].text
    batch = await fetched(world, user_token_env="BOSS", **keys)
    assert "moderator:read:followers" in batch.faults[0].text

    def page(asked: Asked) -> Answer:
        after = asked.query.get("after")
        cursor = {} if after else {"cursor": "2"}
        data = [
            {
                "user_id": f"9{after}{n}",
                "user_login": "fan",
                "followed_at": f"2024-05-0{n + 1}T00:00:00Z",
            }
            for n in range(2)
        ]
        return Answer(body={"total": 4, "data": data, "pagination": cursor})

    def users(asked: Asked) -> Answer:
        data = [
            {"id": one, "login": one, "created_at": "2020-01-01T00:00:00Z"}
            for one in asked.values.get("id", [])
        ]
        known = [{"id": "1", "login": "lena"}] if asked.values.get("login") else data
        return Answer(body={"data": known})

    world.server.answers["/channels/followers"] = page
    world.server.answers["/users"] = users
    batch = await fetched(world, user_token_env="BOSS", **keys)
    assert [(len(found.ids), found.complete) for found in batch.lists] == [(4, True)]
    (found,) = batch.lists
    assert found.since is not None
    assert found.created is not None
    assert sorted({int(at) for at in found.since}) == [1_714_521_600, 1_714_608_000]
    assert {int(at) for at in found.created} == {1_577_836_800}
    assert not found.ordered
