"""The running service: its jobs, live or replayed, and what each of them does."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

from bot.commands.summary import due_summary
from bot.config.settings import SourceSettings
from bot.deliver import LATE_SUMMARY, OutboxWorker
from bot.errors import BotError
from bot.ingest.follower_lists import ListSettings, study_lists
from bot.ingest.poll import Feed, Outcome, poll, silent
from bot.message import voice_for
from bot.message.reasons import sentence
from bot.model.chat import Health
from bot.model.reading import DAY
from bot.review import Reviewed, ReviewSettings, settle_routes
from bot.service.polls import PATIENCE, Polls
from bot.service.schedule import Job, Rhythm, latest_fire, summary_rhythm
from bot.storage import (
    accounts,
    channels,
    days,
    incidents,
    outbox,
    readings,
    sources,
    upkeep,
)
from checks.model import SEVERITIES

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.commands.dispatch import CommandDispatcher
    from bot.commands.request import Context
    from bot.ingest.imports import Intake
    from bot.message.summary import Period
    from bot.model.chat import Chat
    from bot.service.metrics import Meter
    from bot.storage.channels import Channel
    from bot.storage.database import Store

log = logging.getLogger(__name__)
_PERIODS: Mapping[str, Period] = {"daily": "day", "1st": "month"}
_CANCEL_SECONDS = 0.5
_LAKE_DAYS = 123 * DAY
"""How long what a lake gave stays here: what a judgement may use, and the days at its ends."""
_FULL_GRAIN = 90 * DAY
"""Readings younger than this keep every poll; older ones are thinned to one per day."""


@dataclass(kw_only=True)
class Service:
    """`calendar` is the clock of polls, reviews and summaries; a replay sets it."""

    store: Store
    review_settings: ReviewSettings
    list_settings: ListSettings
    review: Callable[[], Awaitable[object]]
    context: Context
    dispatcher: CommandDispatcher
    intake: Intake
    chats: Mapping[str, Chat]
    worker: OutboxWorker
    feeds: Sequence[Feed]
    calendar: Callable[[], float]
    report: Callable[[str], Awaitable[None]]
    tags: Mapping[str, Sequence[str]]
    lakes: Sequence[SourceSettings] = ()
    review_lakes: Callable[[], Awaitable[Reviewed | None]] | None = None
    started: float = 0.0
    keep: timedelta | None = None
    broken: dict[str, str] = field(default_factory=dict)
    failing: dict[str, str] = field(default_factory=dict)
    polls: Polls = field(default_factory=lambda: Polls(time.monotonic))
    off: Mapping[str, str] = field(default_factory=dict)
    """Chats that could not be opened, and why."""
    meter: Meter | None = None

    async def remember(self) -> None:
        """Takes up what was broken before a restart."""
        named = {feed.settings.name for feed in self.feeds}
        rows = await self.store.read(sources.listing)
        self.broken |= {row.name: row.fault for row in rows if row.fault and row.name in named}

    def tasks(self) -> list[asyncio.Task[None]]:
        """What runs for ever beside the schedule."""
        loops = [self.worker.run(), *(chat.run() for chat in self.chats.values())]
        return [asyncio.create_task(loop) for loop in loops]

    def jobs(self) -> list[Job]:
        """Everything that happens by itself in a live run."""
        return [
            *(self._poll_job(feed) for feed in self.feeds),
            *self._lake_jobs(),
            self._job("minute", Rhythm(every=timedelta(minutes=1)), self.minute, first=True),
            self._job("hour", Rhythm(every=timedelta(hours=1)), self.hour, first=True),
            self._job("retention", Rhythm(cron="30 3 * * *"), self.retain),
        ]

    async def replay_jobs(self) -> list[Job]:
        """The same, but polls follow the recorded days, and empty minutes are skipped."""
        due = [
            summary_rhythm(channel.summary, channel.timezone)
            for channel in await self.store.read(channels.listing)
            if channel.summary
        ]
        rhythms = [Rhythm(every=timedelta(hours=1)), *due]
        jobs = [
            self._job(f"minute {number}", rhythm, self.minute)
            for number, rhythm in enumerate(rhythms)
        ]
        return [replace(job, action=partial(self._sending, job)) for job in jobs]

    def _poll_job(self, feed: Feed) -> Job:
        name, rhythm = f"poll {feed.settings.name}", _rhythm(feed.settings)
        return self._job(name, rhythm, partial(self.poll, feed), first=True)

    def _lake_jobs(self) -> list[Job]:
        """All lakes are judged together, at each rhythm that one of them has."""
        return [
            self._job(f"lakes {number}", rhythm, self.review_lakes, first=True)
            for number, rhythm in enumerate(dict.fromkeys(map(_rhythm, self.lakes)))
            if self.review_lakes is not None
        ]

    def _job(
        self,
        name: str,
        rhythm: Rhythm,
        action: Callable[[], Awaitable[object]],
        *,
        first: bool = False,
    ) -> Job:
        return Job(name, rhythm, partial(self._guarded, name, action), first)

    async def _guarded(self, name: str, action: Callable[[], Awaitable[object]]) -> None:
        """A job that fails says so once, runs at its next time and says when it works."""
        before = self.failing.get(name)
        try:
            await action()
        except Exception as error:
            foreseen = isinstance(error, BotError)
            said = str(error) if foreseen else f"unforeseen: {type(error).__name__}"
            self.failing[name] = said
            if said != before:
                log.error("job failed", extra={"said": said}, exc_info=not foreseen)
            return
        if self.failing.pop(name, None):
            log.info("job works again", extra={"it_had_said": before})

    async def _sending(self, job: Job) -> None:
        """In a replay every message is out before the calendar moves on."""
        await job.action()
        await self.worker.pump()

    # --- what jobs do -------------------------------------------------------------------

    async def poll(self, feed: Feed, *, judge: bool = True) -> Outcome:
        """Fetches, stores and, where something is new, reviews."""
        name = feed.settings.name
        work = partial(self._poll, feed, judge=judge)
        outcome = await self.polls.ask(name, lambda heard: work(heard=heard))
        if outcome is None:
            outcome = await silent(self.store, name, PATIENCE, self.calendar())
            await self._tell(outcome)
        return outcome

    async def _poll(self, feed: Feed, *, judge: bool, heard: Callable[[], None]) -> Outcome:
        now = datetime.fromtimestamp(self.calendar(), UTC)
        outcome = await poll(
            self.store,
            feed.source,
            now,
            priority=feed.settings.priority,
            handles=feed.handles,
            heard=heard,
        )
        if outcome.new_accounts and self.tags:
            await self.store.write(accounts.set_tags, self.tags)
        voice = voice_for("en", self.review_settings.timezone)
        for news in await study_lists(
            self.store, self.list_settings, outcome.lists, int(now.timestamp())
        ):
            # a platform that gives no follow dates would say so at every poll
            outcome.notes += [
                f"{news.account}: {sentence(voice, one)}"
                for one in news.said
                if news.dated or one.code != "list_undated"
            ]
        for note in outcome.notes:
            log.info("noted", extra={"source": outcome.source, "said": note})
        await self._tell(outcome)
        if outcome.fresh and judge:
            await self.review()
        return outcome

    async def _tell(self, outcome: Outcome) -> None:
        """Trouble of a source holds until a poll gives something again."""
        if outcome.failed:
            self.broken[outcome.source] = outcome.failed
        else:
            self.broken.pop(outcome.source, None)
        for said in (outcome.broke, outcome.recovered):
            if said:
                await self.report(said)

    async def replay_poll(self) -> None:
        for feed in self.feeds:
            await self._guarded(f"poll {feed.settings.name}", partial(self.poll, feed))
        await self.worker.pump()

    async def take_history(self) -> None:
        """Stores what lies before a replay; it is silent, for nobody was told then."""
        for feed in self.feeds:
            await self.poll(feed, judge=False)
        now = int(self.calendar())
        await self.store.write(lambda db: days.reviewed(db, days.pending(db), now))

    async def minute(self) -> None:
        """Releases what mutes, quiet hours and reminders held, and sends due summaries."""
        now = self.calendar()
        queued = await settle_routes(self.store, self.review_settings, int(now))
        for channel in await self.store.read(channels.listing):
            if channel.summary and channel.space and channel.disabled is None:
                queued += await self._summarise(channel, now)
        if queued:
            self.worker.wake()

    async def _summarise(self, channel: Channel, now: float) -> bool:
        """One that was missed while the service was down is sent if less than 12 h late."""
        assert channel.summary is not None
        rhythm = summary_rhythm(channel.summary, channel.timezone)
        due = latest_fire(rhythm, now, within=LATE_SUMMARY)
        if due is None:
            return False
        period, start = _PERIODS.get(channel.summary.split()[0], "week"), int(due)
        key = f"summary:{channel.channel}:{period}:{start}"
        if await self.store.read(_nothing_to_sum_up, key):
            return False
        message = await due_summary(self.context, channel, period, now)
        return await self.store.write(
            outbox.queue,
            outbox.Queued(
                key=key,
                channel=channel.channel,
                space=channel.space,
                kind="summary",
                message=message,
                now=now,
                meaning=key,
            ),
        )

    async def hour(self) -> None:
        """Calm days and accounts that fell silent are news too, though nothing was read."""
        await self.review()
        await self.worker.revive()

    # --- what operators ask -------------------------------------------------------------

    def conditions(self) -> dict[str, Health]:
        """Each chat of the config, and the sources and the jobs as one part each."""
        parts = {name: chat.health() for name, chat in self.chats.items()}
        for name, why in self.off.items():
            parts[name] = Health(ready=False, since=self.started, text=why)
        problem = self.store.problem()
        parts["database"] = Health(
            ready=problem is None, since=self.started, text=problem or "the database is there"
        )
        asked = [
            f"{name}: has been asked for {seconds:.0f} s"
            for name, seconds in self.polls.silent().items()
            if name not in self.broken
        ]
        text = "; ".join([*self.broken.values(), *asked]) or "all sources answer"
        parts["sources"] = Health(ready=not self.broken, since=self.started, text=text)
        text = "; ".join(dict.fromkeys(self.failing.values())) or "all jobs work"
        parts["jobs"] = Health(ready=not self.failing, since=self.started, text=text)
        return parts

    async def numbers(self) -> dict[str, dict[str, float]]:
        """What /metrics shows."""
        return await self.store.read(_numbers, self.calendar())

    async def send_waiting(self, channel: str) -> str | None:
        """Sends what waits now; says why the channel's messages still wait, if they do."""
        platform = channel.partition(":")[0]
        if platform not in self.chats:
            return self.off.get(platform, f"{platform} is switched off in the config")
        await self.worker.start()
        await self.worker.pump()
        for one in await self.store.read(outbox.waiting):
            if one.channel == channel:
                return one.error or "it will be tried again"
        return None

    async def retain(self) -> None:
        now = int(self.calendar())
        await self.store.write(upkeep.thin, now - _FULL_GRAIN)
        await self.store.write(upkeep.prune_lakes, now - _LAKE_DAYS)
        if self.keep is not None:
            await self.store.write(upkeep.prune, now - int(self.keep.total_seconds()))


def _rhythm(settings: SourceSettings) -> Rhythm:
    return Rhythm(
        every=settings.every,
        cron=settings.cron,
        timezone=settings.timezone or "UTC",
        jitter=settings.jitter,
    )


def _nothing_to_sum_up(db: Database, key: str) -> bool:
    """Made already, or nothing has been read yet."""
    return readings.newest(db) is None or outbox.queued_before(db, key)


def _numbers(db: Database, now: float) -> dict[str, dict[str, float]]:
    open_now = [one.incident.severity for one in incidents.listing(db, open_only=True)]
    rows = {row.name: row for row in sources.listing(db)}
    waiting = outbox.waiting(db)
    return {
        "open_incidents": {name: float(open_now.count(name)) for name in SEVERITIES},
        "accounts": {"all": float(len(accounts.listing(db)))},
        "deliveries_waiting": {one.channel: float(one.deliveries) for one in waiting},
        "delivery_oldest_wait_seconds": {one.channel: now - one.oldest for one in waiting},
        "source_last_success_timestamp_seconds": {
            name: float(row.last_success) for name, row in rows.items() if row.last_success
        },
        "source_broken": {name: float(row.fault is not None) for name, row in rows.items()},
    }


async def until_cancelled(tasks: Sequence[asyncio.Task[None]]) -> None:
    """Ends all tasks when the first one ends or this is cancelled."""
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        left = set(tasks)
        while left:
            # once may not be enough: a task that just woke up can swallow a cancellation
            for task in left:
                task.cancel()
            _, left = await asyncio.wait(left, timeout=_CANCEL_SECONDS)
