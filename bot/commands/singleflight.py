"""Many people asking at once: how much is worked out at a time, who is next, who shares."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Hashable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass

from bot.model.message import Message

Work = Callable[[], Awaitable[Message]]


@dataclass(frozen=True, slots=True)
class Asker:
    """Whose turn it is: a share belongs to a space, and in it to a person."""

    space: str = ""
    user: str = ""


NOBODY = Asker()
"""Has no share of its own."""


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[Message]
    begun: bool = False


@dataclass(slots=True, eq=False)
class _Waiting:
    asker: Asker
    free: asyncio.Future[None]


class Singleflight:
    """At most `most` answers are worked out at a time; who asks later waits for a turn.

    One person never has all turns. The next one goes to the space and the person with the
    fewest, and there to the newest question: a hundred charts of one person delay nobody else.

    An equal question whose turn has not begun is not asked twice: all get that answer. One
    that is being worked out already may have seen an older state, so a newcomer waits for
    the next, which then serves everybody who came meanwhile.
    """

    def __init__(self, most: int) -> None:
        self._most, self._share = most, max(1, most - 1)
        self._held = 0
        self._waiting: list[_Waiting] = []
        self._spaces: Counter[str] = Counter()
        self._people: Counter[Asker] = Counter()
        self._last: dict[Hashable, _Flight] = {}

    async def take(
        self, work: Work, question: Hashable | None = None, asker: Asker = NOBODY
    ) -> Message:
        """`question` None is like no other."""
        if question is None:
            async with self._turn(asker):
                return await work()
        last = self._last.get(question)
        if last is None or last.begun:
            before = last.task if last else None
            answer = self._answer(question, work, before, asker)
            last = _Flight(asyncio.create_task(answer))
            self._last[question] = last
        return await asyncio.shield(last.task)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Nothing new begins meanwhile: alerts go before answers."""
        self._held += 1
        try:
            yield
        finally:
            self._held -= 1
            self._begin()

    async def _answer(
        self,
        question: Hashable,
        work: Work,
        before: asyncio.Task[Message] | None,
        asker: Asker,
    ) -> Message:
        if before is not None:
            await asyncio.wait({before})
        async with self._turn(asker):
            turn = self._last[question]
            turn.begun = True
            try:
                return await work()
            finally:
                if self._last.get(question) is turn:
                    del self._last[question]

    # --- whose turn it is ---------------------------------------------------------------

    @asynccontextmanager
    async def _turn(self, asker: Asker) -> AsyncIterator[None]:
        waiting = _Waiting(asker, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        self._begin()
        try:
            await waiting.free
            yield
        finally:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            else:
                self._spaces[asker.space] -= 1
                self._people[asker] -= 1
                self._begin()

    def _begin(self) -> None:
        while not self._held and self._people.total() < self._most:
            able = [
                (self._spaces[one.asker.space], self._people[one.asker], -place)
                for place, one in enumerate(self._waiting)
                if one.asker is NOBODY or self._people[one.asker] < self._share
            ]
            if not able:
                return
            chosen = self._waiting.pop(-min(able)[2])
            self._spaces[chosen.asker.space] += 1
            self._people[chosen.asker] += 1
            if not chosen.free.done():
                chosen.free.set_result(None)
