"""Many people asking at once."""

from __future__ import annotations

import asyncio

import pytest

from bot.commands.singleflight import Singleflight
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
