"""Polls that run, and sources that say nothing: one that hangs must not be taken for well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.ingest.poll import Outcome
from bot.model.observe import Observe, unobserved

PATIENCE = 120.0
"""Seconds in which a poll has to bring a part. One HTTP request takes up to 45 s, a large file
seconds; half tells of slow servers, double tells of hanging ones later."""

NOTICED = 30.0
"""Seconds after which `/healthz` names a source that is being asked."""

Work = Callable[[Callable[[], None]], Awaitable[Outcome]]


class Polls:
    """Asks each source once at a time. A poll that hangs goes on: its thread cannot be ended,
    and a second one beside it would hang as well.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        patience: float = PATIENCE,
        observe: Observe = unobserved,
    ) -> None:
        self._monotonic, self._patience, self._observe = monotonic, patience, observe
        self._begun: dict[str, float] = {}
        self._running: dict[str, asyncio.Task[Outcome]] = {}
        self._heard: dict[str, float] = {}

    async def ask(self, name: str, work: Work) -> Outcome | None:
        """What the poll brings; None where it has said nothing for too long and goes on.

        `work` is handed a function to call at every sign of life.
        """
        task = self._running.get(name)
        if task is None or task.done():
            self._heard[name] = self._begun[name] = self._monotonic()
            task = asyncio.ensure_future(work(lambda: self._note(name)))
            self._running[name] = task
        while True:
            left = self._patience - self._silence(name)
            try:
                done, _ = await asyncio.wait({task}, timeout=max(0.0, left))
            except asyncio.CancelledError:
                task.cancel()
                raise
            if done:
                self._observe("poll", self._monotonic() - self._begun[name])
                return task.result()
            if self._silence(name) >= self._patience:
                return None

    async def close(self) -> None:
        """Ends what still runs."""
        for task in self._running.values():
            task.cancel()
        await asyncio.gather(*self._running.values(), return_exceptions=True)

    def silent(self) -> dict[str, float]:
        """Sources that are being asked and since how many seconds they have said nothing."""
        now = self._monotonic()
        return {
            name: now - self._heard[name]
            for name, task in self._running.items()
            if not task.done() and now - self._heard[name] >= NOTICED
        }

    def _note(self, name: str) -> None:
        self._heard[name] = self._monotonic()

    def _silence(self, name: str) -> float:
        return self._monotonic() - self._heard[name]
