"""The review as the service runs it: at the present, at the rhythm of the readings."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bot.model.observe import Observe, unobserved
from bot.review import ReviewSettings, review
from bot.storage import readings

if TYPE_CHECKING:
    from bot.storage.database import Store
    from checks.model import Rules


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewer:
    """`rules` takes the looks a day, `queued` says that messages may wait."""

    store: Store
    settings: ReviewSettings
    rules: Callable[[int], Rules]
    calendar: Callable[[], float]
    queued: Callable[[], object]
    observe: Observe = unobserved
    monotonic: Callable[[], float] = time.monotonic

    async def __call__(self) -> None:
        """Accounts read often are judged often: the looks share the daily error budget."""
        now = int(self.calendar())
        looks = await self.store.read(readings.looks_per_day, now)
        begun = self.monotonic()
        await review(self.store, replace(self.settings, rules=self.rules(looks)), now)
        self.observe("review", self.monotonic() - begun)
        self.queued()
