"""When jobs run: rhythms, the live scheduler and its stand-in for a replay.

The only file that imports APScheduler. Its cron counts weekdays from Monday = 0, its
default misfire grace is one second, and a local time that daylight saving skips or doubles
confuses it: hence names for weekdays, explicit graces, and `WallClock`, which counts in
local time without a zone and only then turns the result into an instant.
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
from apscheduler.triggers.cron import CronTrigger
from apscheduler.triggers.interval import IntervalTrigger

from bot.errors import ConfigError

_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
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


def check_cron(text: str) -> None:
    """Raises ConfigError with a sentence where `text` is no cron expression."""
    _cron(text)


def _cron(text: str) -> CronTrigger:
    fields = text.split()
    if len(fields) != 5:
        raise ConfigError(
            [f'"{text}" has {len(fields)} fields: a cron expression has five, "0 7 * * *"']
        )
    minute, hour, day, month, weekday = fields
    try:
        return CronTrigger(
            minute=minute,
            hour=hour,
            day=day,
            month=month,
            day_of_week=_weekday_names(weekday),
            timezone=UTC,
        )
    except ValueError as error:
        raise ConfigError([f'"{text}" is no cron expression: {error}']) from None


def _weekday_names(field: str) -> str:
    """Turns cron's numbers (0 and 7 are Sunday) into names; a range over Sunday is split."""

    def name(part: str) -> str:
        return _WEEKDAYS[int(part) % 7] if part.isdigit() and int(part) <= 7 else part

    def each(part: str) -> str:
        body, slash, step = part.partition("/")
        first, dash, last = body.partition("-")
        if dash and first.isdigit() and last.isdigit():
            days = range(int(first), int(last) + 1, int(step or 1))
            return ",".join(name(str(day)) for day in days)
        return name(first) + (dash + name(last) if dash else "") + slash + step

    return ",".join(each(part) for part in field.split(","))


class WallClock(BaseTrigger):  # type: ignore[misc]
    """A cron rhythm in local time: what a clock change skips fires at the next valid
    minute, what it doubles fires once."""

    def __init__(self, cron: str, timezone: str) -> None:
        self._cron = _cron(cron)
        self._zone = ZoneInfo(timezone)

    def get_next_fire_time(
        self, previous_fire_time: datetime | None, now: datetime
    ) -> datetime | None:
        after = now if previous_fire_time is None else max(previous_fire_time, now)
        # a wall clock shows some times twice: start early enough to see the first of them
        local = after.astimezone(self._zone).replace(tzinfo=UTC, fold=0) - timedelta(hours=2)
        previous: datetime | None = None
        while True:
            candidate = self._cron.get_next_fire_time(previous, local)
            if candidate is None:
                return None
            instant = self._instant(candidate.replace(tzinfo=None))
            if instant > after or (previous_fire_time is None and instant == after):
                return instant
            previous = candidate
            local = candidate + timedelta(microseconds=1)

    def _instant(self, wall: datetime) -> datetime:
        while True:
            instant = wall.replace(tzinfo=self._zone).astimezone(UTC)
            if instant.astimezone(self._zone).replace(tzinfo=None) == wall:
                return instant
            wall = (wall + timedelta(minutes=1)).replace(second=0, microsecond=0)


def trigger_of(rhythm: Rhythm) -> BaseTrigger:
    if rhythm.cron:
        return WallClock(rhythm.cron, rhythm.timezone)
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
