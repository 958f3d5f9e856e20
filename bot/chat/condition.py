"""How a connection is: its health, said once when it breaks and once when it is back."""

from __future__ import annotations

from bot.chat.clocks import Clocks
from bot.model.chat import Health
from bot.model.command import Dispatcher


class Condition:
    """`longest` is the longest pause between attempts, in seconds."""

    def __init__(
        self,
        platform: str,
        dispatcher: Dispatcher,
        clocks: Clocks,
        *,
        longest: float,
    ) -> None:
        self._platform = platform
        self._dispatcher = dispatcher
        self._clocks = clocks
        self._longest = longest
        self._told = False
        self._failures = 0
        self.health = Health(
            ready=False, since=clocks.wall(), text=f"{platform} is not connected yet."
        )

    async def connected(self) -> None:
        if self.health.ready:
            return
        self._failures = 0
        self.health = Health(
            ready=True, since=self._clocks.wall(), text=f"{self._platform} is connected."
        )
        if self._told:
            self._told = False
            await self._dispatcher.report(f"{self._platform} is connected again.")

    def interrupted(self) -> None:
        """A short loss that the library mends; nothing is said yet."""
        if self.health.ready:
            self.health = Health(
                ready=False,
                since=self._clocks.wall(),
                text=f"{self._platform} is reconnecting.",
            )

    async def broken(self, text: str) -> None:
        self.interrupted()
        self.health = Health(ready=False, since=self.health.since, text=text)
        if not self._told:
            self._told = True
            await self._dispatcher.report(text)

    def next_pause(self) -> float:
        """Doubles with each failure, and is spread so that many bots do not return at once."""
        self._failures += 1
        pause = min(self._longest, 2.0 ** min(self._failures - 1, 16))
        return self._clocks.uniform(pause / 2, pause)
