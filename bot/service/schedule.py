"""When jobs run: rhythms, the live scheduler and its stand-in for a replay.

The only file that imports APScheduler. Its cron counts weekdays from Monday = 0, its
default misfire grace is one second, and a local time that daylight saving skips or doubles
confuses it: hence explicit graces, and cronsim for cron rhythms.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from apscheduler.schedulers.asyncio import AsyncIOScheduler
from apscheduler.triggers.base import BaseTrigger
from apscheduler.triggers.interval import IntervalTrigger
from cronsim import CronSim

_GRACE_SECONDS = 3600
Action = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rhythm:
    """Either an interval or a five-field cron expression in `timezone`."""

    every: timedelta | None = None
    cron: str | None = None
    timezone: str = "UTC"
    jitter: timedelta = timedelta(0)


@dataclass(frozen=True, slots=True)
class Job:
    """`action` never raises; `first` runs it once at the start."""

    name: str
    rhythm: Rhythm
    action: Action
    first: bool = False


def summary_rhythm(text: str, timezone: str) -> Rhythm:
    """Reads "daily 09:00", "mon 09:00" or "1st 09:00"."""
    day, clock = text.split()
    hour, minute = (int(part) for part in clock.split(":"))
    date = {"daily": "* * *", "1st": "1 * *"}.get(day, f"* * {day}")
    return Rhythm(cron=f"{minute} {hour} {date}", timezone=timezone)


class CronTrigger(BaseTrigger):  # type: ignore[misc]
    """A cron rhythm in local time, as Debian's cron keeps it: a set time that a clock change
    skips fires at the next valid minute, one that it doubles fires once."""

    def __init__(self, cron: str, timezone: str) -> None:
        self._cron = cron
        self._zone = ZoneInfo(timezone)

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        after = now if previous_fire_time is None else max(previous_fire_time, now)
        # it gives what lies after its start, and the very first fire may be now
        start = (after - timedelta(minutes=1)).astimezone(self._zone)
        for local in CronSim(self._cron, start):
            instant = local.astimezone(UTC)
            if instant > after or (previous_fire_time is None and instant == after):
                return instant
        return None


def trigger_of(rhythm: Rhythm) -> BaseTrigger:
    if rhythm.cron:
        return CronTrigger(rhythm.cron, rhythm.timezone)
    every = rhythm.every or timedelta(hours=1)
    return IntervalTrigger(seconds=max(every.total_seconds(), 1), timezone=UTC)


def latest_fire(rhythm: Rhythm, now: float, *, within: float) -> float | None:
    """The last time the rhythm fell due in the `within` seconds up to `now`; None: not once."""
    trigger, end = trigger_of(rhythm), datetime.fromtimestamp(now, UTC)
    latest: datetime | None = None
    fire = trigger.get_next_fire_time(None, end - timedelta(seconds=within))
    while fire is not None and fire <= end:
        latest = fire
        fire = trigger.get_next_fire_time(fire, fire)
    return None if latest is None else latest.timestamp()


class LiveSchedule:
    """Runs jobs in real time on the running event loop; one run of a job at a time."""

    def __init__(
        self,
        jobs: Iterable[Job],
        *,
        now: Callable[[], float],
        sleep: Callable[[float], Awaitable[None]],
        chance: random.Random,
    ) -> None:
        self._scheduler: Any = AsyncIOScheduler(timezone=UTC)
        self._now = now
        self._sleep = sleep
        self._chance = chance
        for job in jobs:
            self.add(job)

    def add(self, job: Job) -> None:
        start = {"next_run_time": datetime.fromtimestamp(self._now(), UTC)} if job.first else {}
        self._scheduler.add_job(
            self._jittered(job),
            trigger_of(job.rhythm),
            id=job.name,
            name=job.name,
            max_instances=1,
            coalesce=True,
            misfire_grace_time=_GRACE_SECONDS,
            **start,
        )

    def _jittered(self, job: Job) -> Action:
        async def action() -> None:
            if job.rhythm.jitter:
                longest = job.rhythm.jitter.total_seconds()
                await self._sleep(self._chance.uniform(0, longest))
            await job.action()

        return action

    def start(self) -> None:
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)


@dataclass
class Calendar:
    """A clock that a replay sets: epoch seconds."""

    at: float

    def __call__(self) -> float:
        return self.at


async def replay(
    jobs: Iterable[Job],
    stops: Iterable[tuple[datetime, Action]],
    calendar: Calendar,
    *,
    speed: timedelta,
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Drives the same jobs from the same triggers over recorded days.

    `stops` are the reading days in order, each with what to do there (poll); jobs due
    before a stop run first, in order, each at its own time. `speed` is calendar time per
    real second.
    """
    now = datetime.fromtimestamp(calendar.at, UTC)
    queue: list[tuple[datetime, int, Job]] = []
    for number, job in enumerate(jobs):
        due = trigger_of(replace(job.rhythm, jitter=timedelta(0))).get_next_fire_time(None, now)
        if due is not None:
            heapq.heappush(queue, (due, number, job))
    for stop, action in stops:
        await sleep(max(0.0, (stop - now) / speed))
        while queue and queue[0][0] <= stop:
            due, number, job = heapq.heappop(queue)
            calendar.at = due.timestamp()
            await job.action()
            following = trigger_of(job.rhythm).get_next_fire_time(due, due)
            if following is not None:
                heapq.heappush(queue, (following, number, job))
        now = stop
        calendar.at = stop.timestamp()
        await action()
