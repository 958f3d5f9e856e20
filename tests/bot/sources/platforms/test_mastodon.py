"""Mastodon servers, each asked for its own accounts."""

import pytest
from pydantic import ValidationError

from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

LOOKUP = "/api/v1/accounts/lookup"


async def test_the_recorded_answer(world: World) -> None:
    world.server.give(LOOKUP, recorded("mastodon_account"))
    batch = await world.open("mastodon", handles=["sample@one.example"]).fetch((), None, NOW)
    assert rows(batch) == [
        {
            "account": "mastodon/sample@one.example",
            "at": AT,
            "followers": 810,
            "following": 120,
            "posts": 2300,
        }
    ]
    assert world.server.asked[0].query == {"acct": "sample"}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (Answer(body=recorded("mastodon_account_suspended")), "suspended"),
        (Answer(status=410, body={"error": "Gone"}), "suspended"),
        (Answer(status=404, body={"error": "Record not found"}), "gone"),
        (
            Answer(status=401, body={"error": "This method requires an authenticated user"}),
            "refused",
        ),
        (Answer(status=503), "unavailable"),
    ],
)
async def test_one_account_in_trouble_is_told_apart(
    world: World, answer: Answer, kind: str
) -> None:
    usual = Answer(body=recorded("mastodon_account"))
    world.server.answers[LOOKUP] = lambda a: answer if a.query["acct"] == "lost" else usual
    batch = await world.open("mastodon", handles=["sample@a.b", "lost@a.b"]).fetch(
        (), None, NOW
    )
    assert len(rows(batch)) == 1, "a suspended account's 0 is no reading"
    assert kinds(batch) == [(kind, "mastodon/lost@a.b")]


async def test_a_moved_account_names_where_it_went(world: World) -> None:
    moved = {**recorded("mastodon_account"), "moved": {"acct": "sample@two.example"}}
    world.server.give(LOOKUP, moved)
    batch = await world.open("mastodon", handles=["sample@a.b"]).fetch((), None, NOW)
    assert kinds(batch) == [("renamed", "mastodon/sample@a.b")]
    assert "sample@two.example" in batch.faults[0].text


async def test_a_list_follows_the_link_header(world: World) -> None:
    world.server.give(LOOKUP, recorded("mastodon_account"))

    def page(asked: Asked) -> Answer:
        if asked.query.get("max_id") == "7":
            return Answer(body=[{"acct": "fan3"}])
        link = (
            f'<{world.server.url}/x?limit=80&max_id=7>; rel="next", <y?since_id=9>; rel="prev"'
        )
        return Answer(body=[{"acct": "fan1"}, {"acct": "fan2@b.c"}], headers={"Link": link})

    world.server.answers["/api/v1/accounts/1001/followers"] = page
    keys = {"handles": ["sample@a.b"], "lists": ["sample@a.b"]}
    batch = await world.open("mastodon", **keys).fetch((), None, NOW)
    assert [len(found.ids) for found in batch.lists] == [3]
    world.server.give("/api/v1/accounts/1001/followers", [])
    hidden = await world.open("mastodon", **keys).fetch((), None, NOW)
    assert kinds(hidden) == [("refused", "mastodon/sample@a.b")]
    assert "hides its followers" in hidden.faults[0].text


async def test_a_crowded_server_is_asked_no_faster_than_it_allows(world: World) -> None:
    used = [0]
    refused: list[float] = []

    def answer(asked: Asked) -> Answer:
        window = int(world.clock.now // 300)
        used[0] = used[0] + 1 if window == answered[0] else 1
        answered[0] = window
        if used[0] > 30:
            refused.append(world.clock.now)
            return Answer(status=429)
        left = {"X-RateLimit-Remaining": str(30 - used[0])}
        left["X-RateLimit-Reset"] = str((window + 1) * 300 - world.clock.now)
        return Answer(body={**recorded("mastodon_account")}, headers=left)

    answered = [-1]
    world.server.answers[LOOKUP] = answer
    handles = [f"a{n:03}@one.example" for n in range(120)]
    mastodon, state, seen, problems = world.open("mastodon", handles=handles), None, 0, []
    for _ in range(20):
        batch = await mastodon.fetch((), state, NOW)
        state, seen = batch.state, seen + len(rows(batch))
        problems += [fault for fault in batch.faults if fault.retry_after is None]
        if not batch.more and not batch.faults:
            break
        world.clock.now += max((f.retry_after or 0 for f in batch.faults), default=0)
    assert problems == []
    assert seen >= 120
    assert refused == []


def test_an_address_names_its_server() -> None:
    from bot.sources.platforms.mastodon import MastodonSettings

    with pytest.raises(ValidationError, match="write user@server"):
        MastodonSettings(name="m", kind="mastodon", handles=("lena",))
