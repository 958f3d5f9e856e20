"""Many people asking at once."""

from __future__ import annotations

import asyncio

import pytest

from bot.commands.singleflight import Asker, Singleflight
from bot.errors import CommandError
from bot.model.message import Message


class Work:
    """Counts how often it is done, and how often beside itself; goes on when `go` is set."""

    def __init__(self) -> None:
        self.go = asyncio.Event()
        self.done = self.running = self.most = 0

    async def __call__(self) -> Message:
        self.running += 1
        self.most = max(self.most, self.running)
        await self.go.wait()
        self.running -= 1
        self.done += 1
        return Message(text=f"answer {self.done}")


async def begun(tasks: int = 3) -> None:
    for _ in range(10 * tasks):
        await asyncio.sleep(0)


async def test_equal_questions_share_the_answer_that_has_not_begun() -> None:
    turns, work = Singleflight(4), Work()
    first = asyncio.create_task(turns.take(work, "status"))
    await begun()
    later = [asyncio.create_task(turns.take(work, "status")) for _ in range(99)]
    await begun(100)
    work.go.set()
    assert (await first).text == "answer 1"
    assert {(await one).text for one in later} == {"answer 2"}
    assert (await turns.take(work, "status")).text == "answer 3"


async def test_what_began_before_a_change_is_never_the_answer_after_it() -> None:
    turns, go, state = Singleflight(1), asyncio.Event(), "open"

    async def work() -> Message:
        seen = state
        await go.wait()
        return Message(text=seen)

    before = asyncio.create_task(turns.take(work, "status"))
    await begun()
    state = "acknowledged"
    after = asyncio.create_task(turns.take(work, "status"))
    go.set()
    assert ((await before).text, (await after).text) == ("open", "acknowledged")


async def test_only_so_many_are_worked_out_at_a_time() -> None:
    turns, work = Singleflight(3), Work()
    asked = [asyncio.create_task(turns.take(work, number or None)) for number in range(20)]
    await begun(20)
    work.go.set()
    await asyncio.gather(*asked)
    assert (work.done, work.most) == (20, 3)


async def test_an_error_reaches_everybody_who_asked_and_the_next_asks_anew() -> None:
    turns, tries = Singleflight(1), 0

    async def work() -> Message:
        nonlocal tries
        tries += 1
        raise CommandError("No such account.")

    for _ in range(2):
        asked = [turns.take(work, "status x") for _ in range(2)]
        found = await asyncio.gather(*asked, return_exceptions=True)
        assert [type(one) for one in found] == [CommandError, CommandError]
    assert tries == 2


async def test_one_who_gives_up_takes_nobody_elses_answer_away() -> None:
    turns, work = Singleflight(1), Work()
    impatient = asyncio.create_task(turns.take(work, "status"))
    await begun()
    waiting = asyncio.create_task(turns.take(work, "status"))
    await begun()
    impatient.cancel()
    work.go.set()
    with pytest.raises(asyncio.CancelledError):
        await impatient
    assert (await waiting).text == "answer 2"


class Log:
    """Works that note when they begin, and end when they are let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.go: dict[str, asyncio.Event] = {}

    def ask(self, turns: Singleflight, name: str, asker: Asker) -> asyncio.Task[Message]:
        self.go[name] = asyncio.Event()

        async def work() -> Message:
            self.begun.append(name)
            await self.go[name].wait()
            return Message(text=name)

        return asyncio.create_task(turns.take(work, name, asker))

    async def end(self, *names: str) -> None:
        for name in names:
            self.go[name].set()
        await begun()


async def test_a_hundred_questions_of_one_person_leave_room_for_everybody_else() -> None:
    turns, log = Singleflight(2), Log()
    flood = [log.ask(turns, f"chart {n}", Asker("a", "u1")) for n in range(100)]
    await begun(100)
    assert log.begun == ["chart 0"], "one person never has all turns"
    other = log.ask(turns, "status", Asker("a", "u2"))
    await begun()
    assert log.begun == ["chart 0", "status"]
    await log.end("chart 0")
    assert log.begun[2] == "chart 99", "the newest first: the oldest was given up by then"
    beyond = log.ask(turns, "their status", Asker("b", "u3"))
    await log.end("status")
    assert log.begun[3] == "their status"
    for task in (*flood, other, beyond):
        task.cancel()
    await asyncio.gather(*flood, other, beyond, return_exceptions=True)


async def test_a_space_with_many_people_leaves_room_for_another_one() -> None:
    turns, log = Singleflight(2), Log()
    flood = [log.ask(turns, f"chart {n}", Asker("a", f"u{n}")) for n in range(50)]
    await begun(60)
    assert log.begun == ["chart 0", "chart 1"]
    other = log.ask(turns, "theirs", Asker("b", "v"))
    await begun()
    await log.end("chart 0")
    assert log.begun[-1] == "theirs"
    for task in (*flood, other):
        task.cancel()
    await asyncio.gather(*flood, other, return_exceptions=True)


async def test_alerts_go_before_answers_and_nobody_is_forgotten() -> None:
    turns, log = Singleflight(2), Log()
    with turns.hold():
        asked = [log.ask(turns, f"chart {n}", Asker("a", f"u{n}")) for n in range(4)]
        await begun()
        assert log.begun == []
    for _ in range(4):
        await begun()
        await log.end(*log.begun)
    assert sorted(answer.text for answer in await asyncio.gather(*asked)) == [
        f"chart {n}" for n in range(4)
    ]
