"""The review of lakes as the service runs it: what is wrong comes into the database."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from bot.engine.kept import KeptEngine
from bot.errors import BotError, SourceError
from bot.model.reading import DAY
from bot.passes.groups import Grouping
from bot.passes.judge import Found, Lakes
from bot.passes.panels import Look
from bot.review import Reviewed, ReviewSettings, settle
from bot.review.pending import Pending, look_at_lakes
from bot.storage import accounts, incidents, readings, sources
from checks.incident.decide import decide

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.storage.database import Store
    from checks.model import Incident

log = logging.getLogger(__name__)

_BACK = 123 * DAY
"""What is read of an account that has come to have an incident: what `why` and `chart` show."""

_LATE = 2 * DAY
"""How late a reading may come into a lake and still be brought over to the others."""


@dataclass(kw_only=True)
class LakeReviewer:
    """Judges the lakes and stores incidents, with the readings of their accounts alone.

    One review runs at a time; one that was cut short is taken up where `kept`, the lakes'
    engine, has it; `queued` says that messages may wait, `report` tells the
    operator what files were left out, each once.
    """

    store: Store
    settings: ReviewSettings
    lakes: Lakes
    kept: KeptEngine
    calendar: Callable[[], float]
    queued: Callable[[], object]
    report: Callable[[str], Awaitable[None]]
    _running: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self) -> Reviewed | None:
        """None where another program's review came between. Raises what the lakes raise."""
        async with self._running:
            ids = await self.store.write(self._sources)
            now = self.kept.begun(int(self.calendar()), DAY)
            pending = await self.store.read(look_at_lakes, self.settings.access, now)
            known = await self.store.read(_known, pending)
            try:
                found = await asyncio.to_thread(self._judged, pending)
                concerned = _concerned(known, found)
                rows = await asyncio.to_thread(self._readings, pending, concerned)
            except BotError as error:
                await self._failed(ids, error, now)
                raise
            for name, frame in rows.items():
                for some in frame.iter_slices(readings.BATCH_ROWS):
                    await self.store.write(readings.add, ids[name], some, pending.now)
            done = await self.store.write(self._settled, pending, found)
            self.kept.forget()
            await self._tell(ids, found, pending.now)
            self.queued()
            return done

    def close(self) -> None:
        """Ends what is running; it goes on in the next process."""
        self.lakes.stop()
        self.kept.close()

    def _sources(self, db: Database) -> dict[str, int]:
        return {
            one.name: sources.ensure(db, one.name, one.priority, lake=True).id
            for one in self.lakes.settings
        }

    def _judged(self, pending: Pending) -> Found:
        access = self.settings.access
        look = Look(
            now=pending.now,
            rules=self.settings.rules,
            timezone=self.settings.timezone,
            judged=pending.back + 1,
            grouping=Grouping(access.tags, access.spaces),
        )
        return self.lakes.judged(
            look, events=pending.events, floors=pending.floors, keep=pending.keep
        )

    def _readings(
        self, pending: Pending, concerned: Collection[str]
    ) -> dict[str, pl.DataFrame]:
        """All of those that are new here, of the others what came since the last review."""
        before = pending.now - pending.back * DAY - _LATE
        known = pending.keep.intersection(concerned)
        late = self.lakes.readings(known, before, pending.now) if known else {}
        new = set(concerned) - known
        whole = self.lakes.readings(new, pending.now - _BACK, pending.now) if new else {}
        return {
            name: pl.concat(
                [each[name] for each in (late, whole) if name in each], how="diagonal"
            )
            for name in {**late, **whole}
        }

    def _settled(self, db: Database, pending: Pending, found: Found) -> Reviewed | None:
        accounts.set_tags(db, self.settings.access.tags)
        return settle(db, self.settings, pending, found.said)

    async def _failed(self, ids: dict[str, int], error: BotError, now: int) -> None:
        kind = error.kind if isinstance(error, SourceError) else "unavailable"
        for id in ids.values():
            if await self.store.write(sources.failed, id, str(error), now, kind):
                await self.report(str(error))

    async def _tell(self, ids: dict[str, int], found: Found, now: int) -> None:
        rows = {row.id: row for row in await self.store.read(sources.listing)}
        for name, id in ids.items():
            said = [f"left out: {one}" for one in found.left_out if one.source == name]
            for text in said:
                if text not in rows[id].remarks:
                    await self.report(f"{name}: {text}")
            ended = await self.store.write(sources.succeeded, id, None, now, said)
            if ended is not None:
                await self.report(f"{name}: works again (it had said: {ended})")


def _known(db: Database, pending: Pending) -> list[Incident]:
    oldest = pending.now - pending.back * DAY
    return [one.incident for one in incidents.recent(db, oldest, pending.now, lakes=True)]


def _concerned(known: Sequence[Incident], found: Found) -> set[str]:
    """The accounts that have an incident, or are about to have one."""
    alive = {one.key: one for one in known}
    for at, said in found.said:
        for decision in decide(
            [one for one in alive.values() if one.opened_at <= at], said, at
        ):
            alive[decision.incident.key] = decision.incident
    return {one.account for one in alive.values()}
