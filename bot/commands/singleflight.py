"""Many people asking at once: how much is worked out at a time, and who shares an answer."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass

from bot.model.message import Message

Work = Callable[[], Awaitable[Message]]


@dataclass(slots=True)
class _Flight:
    task: asyncio.Task[Message]
    begun: bool = False


class Singleflight:
    """At most `most` answers are worked out at a time; who asks later waits for a turn.

    An equal question whose turn has not begun is not asked twice: all get that answer. One
    that is being worked out already may have seen an older state, so a newcomer waits for
    the next, which then serves everybody who came meanwhile.
    """

    def __init__(self, most: int) -> None:
        self._free = asyncio.Semaphore(most)
        self._last: dict[Hashable, _Flight] = {}

    async def take(self, work: Work, question: Hashable | None = None) -> Message:
        """`question` None is like no other."""
        if question is None:
            async with self._free:
                return await work()
        last = self._last.get(question)
        if last is None or last.begun:
            before = last.task if last else None
            last = _Flight(asyncio.create_task(self._answer(question, work, before)))
            self._last[question] = last
        return await asyncio.shield(last.task)

    async def _answer(
        self, question: Hashable, work: Work, before: asyncio.Task[Message] | None
    ) -> Message:
        if before is not None:
            await asyncio.wait({before})
        async with self._free:
            turn = self._last[question]
            turn.begun = True
            try:
                return await work()
            finally:
                if self._last.get(question) is turn:
                    del self._last[question]
