"""Threads' insights from a recorded answer."""

from datetime import timedelta

from tests.bot.sources.platforms.apis import AT, NOW, World, kinds, recorded, rows
from tests.loopback.endpoint import Answer, Asked

INSIGHTS = "/v1.0/me/threads_insights"
ENVIRON = {"LENA": "f1rst-token"}


async def test_the_recorded_answer(world: World) -> None:
    world.server.give(INSIGHTS, recorded("threads_insights_followers_count"))
    threads = world.open("threads", ENVIRON, accounts={"lena": "LENA"})
    batch = await threads.fetch((), None, NOW)
    assert rows(batch) == [{"account": "threads/lena", "at": AT, "followers": 1234}]
    assert world.server.asked[0].query["metric"] == "followers_count"


async def test_a_token_is_renewed_each_week_and_kept(world: World) -> None:
    def insights(asked: Asked) -> Answer:
        seen.append(asked.query["access_token"])
        return Answer(body=recorded("threads_insights_followers_count"))

    def renew(asked: Asked) -> Answer:
        assert asked.query["grant_type"] == "th_refresh_token"
        return Answer(body={"access_token": asked.query["access_token"] + "+", "expires_in": 1})

    seen: list[str] = []
    world.server.answers[INSIGHTS] = insights
    world.server.answers["/refresh_access_token"] = renew
    for day in (0, 1, 8, 9, 16):
        threads = world.open("threads", ENVIRON, accounts={"lena": "LENA"})
        await threads.fetch((), None, NOW + timedelta(days=day))
    assert seen == [
        "f1rst-token",
        "f1rst-token",
        "f1rst-token+",
        "f1rst-token+",
        "f1rst-token++",
    ]


async def test_a_renewed_token_is_in_no_error_of_a_later_run(world: World) -> None:
    world.server.give(INSIGHTS, recorded("threads_insights_followers_count"))
    world.server.give("/refresh_access_token", {"access_token": "s3cond-token"})
    for day in (0, 8):
        threads = world.open("threads", ENVIRON, accounts={"lena": "LENA"})
        await threads.fetch((), None, NOW + timedelta(days=day))
    error = {"code": 190, "message": "Malformed access token s3cond-token"}
    world.server.give(INSIGHTS, {"error": error}, status=400)
    threads = world.open("threads", ENVIRON, accounts={"lena": "LENA"})
    (fault,) = (await threads.fetch((), None, NOW + timedelta(days=9))).faults
    assert fault.text.startswith("threads: Graph refused the token for threads/lena (Malformed")
    assert "Malformed access token ***" in fault.text


async def test_an_ended_grant_names_its_account_only(world: World) -> None:
    def insights(asked: Asked) -> Answer:
        if asked.query["access_token"] == "k1m-token":
            return Answer(status=400, body={"error": {"code": 190, "message": "expired"}})
        return Answer(body=recorded("threads_insights_followers_count"))

    world.server.answers[INSIGHTS] = insights
    accounts = {"lena": "LENA", "kim": "KIM"}
    threads = world.open("threads", {**ENVIRON, "KIM": "k1m-token"}, accounts=accounts)
    batch = await threads.fetch((), None, NOW)
    assert [row["account"] for row in rows(batch)] == ["threads/lena"]
    assert kinds(batch) == [("refused", "threads/kim")]
