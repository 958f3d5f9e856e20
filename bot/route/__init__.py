"""Who hears what: from stored incidents to alerts in channels, inside the caller's transaction.

A channel has at most one living message per incident: its own alert, a wave or a digest. What
it was told is in `alert_members`; what it should hear later (mute, quiet hours, channel out
of order, or its space not known yet) is in `held`.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sqlite_utils import Database

from bot.route.audience import Audience, quiet_end
from bot.route.notifier import ChannelNotifier, Voices
from bot.storage import accounts, alerts, channels, notices, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel
from bot.storage.incidents import Stored
from checks.model import Notice

UNLINKED = "unlinked"
"""Why a channel is told later: nobody could say yet which space it lies in."""

__all__ = ["News", "Voices", "catch_up", "quiet_end", "route"]


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one review changed: ids of incidents, and how many older ones per account.

    `fresh` were opened by it, `first` belong to an account's first import.
    """

    changed: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()
    first: frozenset[int] = frozenset()
    older: Mapping[str, int] | None = None


def route(db: Database, voices: Voices, access: AccessPolicy, now: int, news: News) -> int:
    """Queues every message that follows from `news` or whose hour has come; gives how many."""
    audience = Audience(db, access, now)
    fresh = notices.take_unrouted(db)
    queued = 0
    for channel in channels.listing(db):
        notifier = ChannelNotifier(audience, voices, channel)
        turn = _RoutingPass(audience, notifier, channel, news)
        if channel.space:
            turn.serve()
            late = notices.release(db, channel.channel)
            _tell_notices(audience, notifier, channel, {**late, **fresh})
            queued += notifier.queued
        else:
            turn.keep()
            notices.hold(db, channel.channel, fresh)
    return queued


def catch_up(
    db: Database, voices: Voices, access: AccessPolicy, channel: Channel, now: int
) -> bool:
    """Folds every alert that never went out into one message, worst first.

    What may have arrived already is left alone. True where there was something to fold.
    """
    rows = alerts.unsent(db, channel.channel)
    if not rows:
        return False
    members = sorted({incident for row in rows for incident in row.members})
    older = sum(row.older for row in rows)
    since = min(row.since or row.created for row in rows)
    outbox.fold(db, [row.id for row in rows], now)
    audience = Audience(db, access, now)
    ChannelNotifier(audience, voices, channel).tell_digest(
        audience.gather(members), "catch_up", older=older, since=since
    )
    return True


class _RoutingPass:
    """What one channel is told in one routing."""

    def __init__(
        self, audience: Audience, notifier: ChannelNotifier, channel: Channel, news: News
    ) -> None:
        self.audience, self.notifier, self.channel, self.news = (
            audience,
            notifier,
            channel,
            news,
        )
        self.db, self.now = audience.db, audience.now

    def serve(self) -> None:
        """Edits first, then what is new, then what was held."""
        channel, notifier = self.channel, self.notifier
        told = alerts.told(self.db, channel.channel, self.news.changed)
        changed = self.audience.gather(sorted(self.news.changed))
        living = set(told.values())
        for wave in {one.incident.wave for one in changed} - {None}:
            row = alerts.of_wave(self.db, channel.channel, str(wave))
            living |= {row.id} if row else set()
        for id in sorted(living):
            notifier.refresh(alerts.get(self.db, id))
        told = alerts.told(self.db, channel.channel, self.news.changed)
        fresh = [one for one in changed if one.id not in told and self._is_new(one)]
        held = alerts.held(self.db, channel.channel)
        ready, released = [], self._release(held)
        free = {one.id for one in released}
        for one in fresh:
            obstacle = self.audience.obstacle(channel, one)
            if obstacle is not None:
                alerts.hold(self.db, channel.channel, one.id, obstacle, self.now)
            elif one.id not in free:
                alerts.release(self.db, channel.channel, one.id)
                ready.append(one)
        first = [one for one in ready if one.id in self.news.first]
        notifier.tell_digest(first, "import", older=self._older())
        ready = [one for one in ready if one.id not in self.news.first]
        night = [one for one in released if held[one.id].reason == "quiet"]
        ready += [one for one in released if held[one.id].reason != "quiet"]
        notifier.tell(ready)
        since = min((held[one.id].since for one in night), default=None)
        notifier.tell_digest(night, "quiet", since=since)
        notifier.remind()

    def keep(self) -> None:
        """Holds what the channel may have to hear, until its space tells what it may see."""
        told = alerts.told(self.db, self.channel.channel, self.news.changed)
        for one in self.audience.gather(sorted(self.news.changed)):
            wanted = self._is_due(one) and self.audience.wants(self.channel, one.incident)
            if wanted or one.id in told:
                alerts.hold(self.db, self.channel.channel, one.id, UNLINKED, self.now)

    def _is_new(self, one: Stored) -> bool:
        """Whether a revision first meets the channel's subscriptions."""
        return self._is_due(one) and self.audience.hears(self.channel, one.incident)

    def _is_due(self, one: Stored) -> bool:
        if one.silent is not None or one.incident.alerted_at is None:
            return False
        return one.incident.open or one.id in self.news.fresh

    def _release(self, held: Mapping[int, alerts.Held]) -> list[Stored]:
        """What was held and may be told now; muted ones that ended meanwhile are let go.

        What ended while the channel's space was unknown is told all the same, as over.
        """
        free = []
        told = alerts.told(self.db, self.channel.channel, held)
        for one, (id, hold) in zip(self.audience.gather(list(held)), held.items(), strict=True):
            if id in told:  # a wave's message named it meanwhile, or it changed unseen
                alerts.release(self.db, self.channel.channel, id)
                self.notifier.refresh(alerts.get(self.db, told[id]))
                continue
            over = hold.reason not in ("quiet", UNLINKED) and not one.incident.open
            if not over and self.audience.obstacle(self.channel, one) is not None:
                continue
            alerts.release(self.db, self.channel.channel, id)
            if not over and self.audience.hears(self.channel, one.incident):
                free.append(one)
        return free

    def _older(self) -> int:
        return sum(
            count
            for account, count in (self.news.older or {}).items()
            if self.audience.sees(self.channel, account)
        )


def _tell_notices(
    audience: Audience,
    notifier: ChannelNotifier,
    channel: Channel,
    notices: Mapping[str, Notice],
) -> None:
    """New notices in one message, each to channels that hear of every kind and so mild."""
    if channel.disabled is not None:
        return
    mine = {key: one for key, one in notices.items() if audience.hears_notice(channel, one)}
    if mine:
        named = {notice.account for notice in mine.values() if notice.account is not None}
        notifier.queue(
            key=f"notice:{audience.now}:{min(mine)}:{channel.channel}",
            kind="notice",
            meaning=f"notice {' '.join(sorted(mine))}",
            message=notifier.voices.notice(
                notifier.voice,
                list(mine.values()),
                audience.now,
                sources=accounts.sources_by_account(audience.db, named),
            ),
            due=quiet_end(channel, audience.now),
        )
