"""Who hears what: from stored incidents to alerts in channels, inside the caller's transaction.

A channel has at most one living message per incident: its own alert, a wave or a digest. What
it was told is in `alert_members`; what it should hear later (mute, quiet hours, channel out
of order) is in `held`.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot.model import Alert, Message
from bot.storage import accounts, alerts, channels, incidents, notes, outbox
from bot.storage.accounts import Walls
from bot.storage.alerts import AlertRow, DigestReason, Member
from bot.storage.channels import Channel, Subscription
from bot.storage.incidents import Stored
from checks.model import SEVERITIES, Incident, Notice, Severity


class Voices(Protocol):
    """The words of `bot.message`; `voice_for` gives what the others take first."""

    def voice_for(self, locale: str, timezone: str) -> Any: ...

    def alert(self, voice: Any, alert: Alert, now: float) -> Message: ...

    def history(self, voice: Any, alert: Alert, now: float) -> Message: ...

    def reminder(self, voice: Any, alert: Alert, now: float) -> Message: ...

    def wave(
        self, voice: Any, alerts: Sequence[Alert], now: float, *, watched: int
    ) -> Message: ...

    def digest(
        self,
        voice: Any,
        alerts: Sequence[Alert],
        now: float,
        *,
        reason: DigestReason,
        older: int = 0,
        since: float | None = None,
    ) -> tuple[Message, ...]: ...

    def notice(self, voice: Any, notices: Sequence[Notice], now: float) -> Message: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class News:
    """What one review changed: ids of incidents, and how many older ones per account.

    `fresh` were opened by it, `first` belong to an account's first import.
    """

    changed: frozenset[int] = frozenset()
    fresh: frozenset[int] = frozenset()
    first: frozenset[int] = frozenset()
    older: Mapping[str, int] | None = None


def route(db: Database, voices: Voices, walls: Walls, now: int, news: News) -> int:
    """Queues every message that follows from `news` or whose hour has come; gives how many."""
    desk = _Desk(db, voices, walls, now, news)
    for channel in channels.listing(db):
        if channel.space:
            desk.serve(channel)
    desk.tell_notices()
    return desk.queued


def catch_up(db: Database, voices: Voices, walls: Walls, channel: Channel, now: int) -> bool:
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
    desk = _Desk(db, voices, walls, now, News())
    _Teller(desk, channel).tell_digest(
        [desk.get(id) for id in members], "catch_up", older=older, since=since
    )
    return True


def quiet_end(channel: Channel, now: float) -> int | None:
    """When the quiet hours that hold now are over; None outside them."""
    if channel.quiet is None:
        return None
    zone = ZoneInfo(channel.timezone)
    local = datetime.fromtimestamp(now, zone).replace(tzinfo=None)
    first, last = (_minutes(text) for text in channel.quiet.split("-"))
    minute = local.hour * 60 + local.minute
    inside = first <= minute < last if first < last else minute >= first or minute < last
    if not inside or first == last:
        return None
    day = local.date() + timedelta(days=1 if minute >= last else 0)
    ends = datetime(day.year, day.month, day.day, last // 60, last % 60, tzinfo=zone)
    return int(ends.timestamp())


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def wants(subscription: Subscription, incident: Incident, tags: Collection[str]) -> bool:
    """Whether an incident meets a subscription; floors only apply where numbers are known."""
    if subscription.kinds and incident.kind not in subscription.kinds:
        return False
    if subscription.direction != "both" and incident.direction not in (
        subscription.direction,
        "swing",
    ):
        return False
    if SEVERITIES.index(incident.severity) < SEVERITIES.index(subscription.min_severity):
        return False
    excess = abs(incident.change - incident.expected)
    if subscription.min_count is not None and excess < subscription.min_count:
        return False
    if (
        subscription.min_percent is not None
        and incident.level > 0
        and 100 * excess / incident.level < subscription.min_percent
    ):
        return False
    return accounts.matches(subscription.accounts, incident.account, tags)


class _Desk:
    """One routing: reads what is needed once and serves channel by channel."""

    def __init__(
        self, db: Database, voices: Voices, walls: Walls, now: int, news: News
    ) -> None:
        self.db, self.voices, self.walls, self.now, self.news = db, voices, walls, now, news
        self.tags = accounts.tags_by_account(db)
        self.mutes = channels.mutes(db, now)
        self.subscriptions: dict[str, list[Subscription]] = defaultdict(list)
        for subscription in channels.subscriptions(db):
            self.subscriptions[subscription.channel].append(subscription)
        self.stored: dict[int, Stored] = {}
        self.queued = 0

    def serve(self, channel: Channel) -> None:
        """Everything that one channel hears now."""
        teller = _Teller(self, channel)
        told = alerts.told(self.db, channel.channel, self.news.changed)
        changed = [self.get(id) for id in sorted(self.news.changed)]
        living = set(told.values())
        for wave in {one.incident.wave for one in changed} - {None}:
            row = alerts.of_wave(self.db, channel.channel, str(wave))
            living |= {row.id} if row else set()
        for id in sorted(living):
            teller.refresh(alerts.get(self.db, id))
        told = alerts.told(self.db, channel.channel, self.news.changed)
        fresh = [one for one in changed if one.id not in told and self._new_to(channel, one)]
        held = alerts.held(self.db, channel.channel)
        ready, released = [], self._release(channel, held)
        for one in fresh:
            obstacle = self.obstacle(channel, one)
            if obstacle is not None:
                alerts.hold(self.db, channel.channel, one.id, obstacle, self.now)
            elif one not in released:
                alerts.release(self.db, channel.channel, one.id)
                ready.append(one)
        first = [one for one in ready if one.id in self.news.first]
        teller.tell_digest(first, "import", older=self._older(channel))
        teller.tell([one for one in ready if one.id not in self.news.first])
        since = min((held[one.id].since for one in released), default=None)
        teller.tell_digest(released, "quiet", since=since)
        teller.remind()

    def get(self, id: int) -> Stored:
        if id not in self.stored:
            self.stored[id] = incidents.get(self.db, id)
        return self.stored[id]

    def _new_to(self, channel: Channel, one: Stored) -> bool:
        """Whether a revision first meets the channel's subscriptions."""
        if one.silent is not None or one.incident.alerted_at is None:
            return False
        if not one.incident.open and one.id not in self.news.fresh:
            return False
        return self.hears(channel, one.incident)

    def hears(self, channel: Channel, incident: Incident) -> bool:
        tags = self.tags.get(incident.account, ())
        return self.walls.sees(channel.space, incident.account, tags) and any(
            wants(subscription, incident, tags)
            for subscription in self.subscriptions[channel.channel]
        )

    def sees(self, channel: Channel, account: str) -> bool:
        """Accounts that the channel's messages may name."""
        tags = self.tags.get(account, ())
        return self.walls.sees(channel.space, account, tags) and any(
            accounts.matches(subscription.accounts, account, tags)
            for subscription in self.subscriptions[channel.channel]
        )

    def obstacle(self, channel: Channel, one: Stored) -> str | None:
        """Why the channel cannot hear of it now: disabled, mute or quiet."""
        incident = one.incident
        if channel.disabled is not None:
            return "disabled"
        for mute in self.mutes:
            if mute.covers(
                channel.space,
                channel.channel,
                incident.account,
                one.id,
                incident.severity,
                self.now,
            ):
                return "mute"
        if incident.severity != "critical" and quiet_end(channel, self.now) is not None:
            return "quiet"
        return None

    def _release(self, channel: Channel, held: Mapping[int, alerts.Held]) -> list[Stored]:
        """What was held and may be told now; muted ones that ended meanwhile are let go."""
        free = []
        for id, hold in held.items():
            one = self.get(id)
            over = hold.reason != "quiet" and not one.incident.open
            if not over and self.obstacle(channel, one) is not None:
                continue
            alerts.release(self.db, channel.channel, id)
            if not over and self.hears(channel, one.incident):
                free.append(one)
        return free

    def _older(self, channel: Channel) -> int:
        return sum(
            count
            for account, count in (self.news.older or {}).items()
            if self.sees(channel, account)
        )

    def tell_notices(self) -> None:
        """Each new notice once, to every channel that may see its account."""
        fresh = notes.take_unrouted(self.db)
        for channel in channels.listing(self.db):
            hears = any(
                subscription.min_severity == "info" and not subscription.kinds
                for subscription in self.subscriptions[channel.channel]
            )
            if not channel.space or not hears:
                continue
            mine = {
                key: notice
                for key, notice in fresh.items()
                if notice.account is not None and self.sees(channel, notice.account)
            }
            if not mine:
                continue
            voice = self.voices.voice_for(channel.locale, channel.timezone)
            self.queue(
                channel,
                key=f"notice:{self.now}:{min(mine)}:{channel.channel}",
                kind="notice",
                message=self.voices.notice(voice, list(mine.values()), self.now),
                due=quiet_end(channel, self.now),
            )

    def queue(self, channel: Channel, **delivery: Any) -> None:
        self.queued += outbox.queue(
            self.db, channel=channel.channel, space=channel.space, now=self.now, **delivery
        )


class _Teller:
    """Writes the messages of one channel."""

    def __init__(self, desk: _Desk, channel: Channel) -> None:
        self.desk, self.channel = desk, channel
        self.db, self.now = desk.db, desk.now
        self.voice = desk.voices.voice_for(channel.locale, channel.timezone)

    def tell(self, fresh: Sequence[Stored]) -> None:
        """New alerts: one per wave, one per incident, or one digest for many."""
        waves: dict[str, list[Stored]] = defaultdict(list)
        singles: list[Stored] = []
        for one in sorted(fresh, key=_worst_first):
            if one.incident.wave is None:
                singles.append(one)
            else:
                waves[one.incident.wave].append(one)
        for wave, members in list(waves.items()):
            if len(self._members(wave)) < 2:
                singles += members
                del waves[wave]
                continue
            self.refresh(alerts.add(self.db, self.channel.channel, "wave", self.now, wave=wave))
        if len(singles) > 1 and len(singles) + len(waves) > self.channel.digest_above:
            self.tell_digest(singles, "many")
            return
        for one in singles:
            self.refresh(
                alerts.add(
                    self.db, self.channel.channel, "incident", self.now, members=[one.id]
                )
            )

    def tell_digest(
        self,
        members: Sequence[Stored],
        reason: DigestReason,
        *,
        older: int = 0,
        since: int | None = None,
    ) -> None:
        """One digest; nothing where there is nothing to say."""
        if not members and (not older or self.channel.disabled is not None):
            return
        row = alerts.add(
            self.db,
            self.channel.channel,
            "digest",
            self.now,
            reason=reason,
            older=older,
            since=since,
            members=[one.id for one in members],
        )
        self.refresh(row)

    def refresh(self, row: AlertRow) -> None:
        """Brings a message up to date with all it shows; does nothing where nothing changed."""
        members = self._shown(row)
        if not members and not row.older:
            return
        critical = {one.id for one in members if one.incident.severity == "critical"}
        pinged = alerts.mentioned(self.db, self.channel.channel, critical)
        mention = self.channel.mention if critical else None
        parts = self._render(row, members, mention)
        revision = alerts.show(
            self.db,
            row,
            "\n".join(part.to_json() for part in parts),
            [
                Member(
                    incident=one.id,
                    revision=one.revision,
                    mentioned=mention is not None and one.id in critical,
                )
                for one in members
            ],
        )
        if revision is None:
            return
        worst: Severity = max(
            (one.incident.severity for one in members), key=SEVERITIES.index, default="info"
        )
        went_out = alerts.stage(self.db, row.id) == "out"
        for number, part in enumerate(parts):
            target = alerts.part(self.db, row, number, self.now)
            self._put(target, row.kind, part, revision, worst)
        ping = mention if went_out and critical - pinged else None
        self._thread(row, members, revision, worst, ping)

    # --- what a message shows -----------------------------------------------------------

    def _members(self, wave: str) -> list[Stored]:
        """Accounts of a wave that this channel may see and that no other message shows."""
        members = incidents.of_wave(self.db, wave)
        elsewhere = alerts.told(self.db, self.channel.channel, {one.id for one in members})
        own = alerts.of_wave(self.db, self.channel.channel, wave)
        return [
            one
            for one in members
            if one.silent is None
            and self.desk.sees(self.channel, one.incident.account)
            and elsewhere.get(one.id) in (None, own.id if own else None)
        ]

    def _shown(self, row: AlertRow) -> list[Stored]:
        if row.wave is not None:
            return self._members(row.wave)
        return [self.desk.get(id) for id in row.members]

    def _alerts(self, members: Iterable[Stored], mention: str | None) -> list[Alert]:
        return [
            Alert(
                number=incidents.number(self.db, self.channel.space, one.id),
                incident=one.incident,
                seen_at=one.seen_at,
                acknowledged_by=one.acknowledged_by,
                acknowledged_at=one.acknowledged_at,
                mention=mention if one.incident.severity == "critical" else None,
            )
            for one in members
        ]

    def _render(
        self, row: AlertRow, members: Sequence[Stored], mention: str | None
    ) -> tuple[Message, ...]:
        voices, shown = self.desk.voices, self._alerts(members, mention)
        if row.kind == "incident":
            return (voices.alert(self.voice, shown[0], self.now),)
        if row.kind == "wave":
            watched = sum(self.desk.sees(self.channel, name) for name in self.desk.tags)
            return (voices.wave(self.voice, shown, self.now, watched=watched),)
        return voices.digest(
            self.voice,
            shown,
            self.now,
            reason=row.reason or "many",
            older=row.older,
            since=row.since,
        )

    # --- how it gets there --------------------------------------------------------------

    def _put(
        self, id: int, kind: str, message: Message, revision: int, severity: Severity
    ) -> None:
        """A first post, or an edit; what nobody has tried to send yet is only replaced."""
        if self.channel.thread == "only" and kind != "digest":
            message = _headline(message)
        key = f"alert:{id}:{revision}"
        stage = alerts.stage(self.db, id)
        if stage == "out":
            message = replace(message, mention=None)
        if stage != "new" and outbox.replace_waiting(
            self.db, id, key=key, message=message, revision=revision, severity=severity
        ):
            return
        self.desk.queue(
            self.channel,
            key=key,
            kind="alert",
            message=message,
            action="edit" if stage == "out" else "post",
            severity=severity,
            alert=id,
            revision=revision,
            silent=stage == "out",
        )

    def _thread(
        self,
        row: AlertRow,
        members: Sequence[Stored],
        revision: int,
        severity: Severity,
        ping: str | None,
    ) -> None:
        """The history below a message, and the ping of one that became critical later."""
        threaded = self.channel.thread != "no" and row.kind != "digest"
        if not members or not (threaded or ping):
            return
        if row.shown is None and self.channel.thread == "only":
            message = replace(self._render(row, members, None)[0], mention=None)
        elif row.shown is None:
            return
        else:
            worst = min(members, key=_worst_first)
            alert = self._alerts([worst], None)[0]
            message = self.desk.voices.history(self.voice, alert, self.now)
        self.desk.queue(
            self.channel,
            key=f"alert:{row.id}:{revision}:thread",
            kind="history",
            action="reply",
            message=replace(message, mention=ping),
            severity=severity,
            alert=row.id,
            revision=revision,
            silent=ping is None,
        )

    def remind(self) -> None:
        """Speaks up again about critical alerts that nobody has taken on."""
        if self.channel.remind is None or self.channel.disabled is not None:
            return
        for row in alerts.to_remind(
            self.db, self.channel.channel, self.now, self.channel.remind
        ):
            members = [self.desk.get(id) for id in row.members]
            worst = [
                one
                for one in sorted(members, key=_worst_first)
                if one.incident.open
                and one.incident.severity == "critical"
                and one.acknowledged_by is None
            ]
            if not worst or self.desk.obstacle(self.channel, worst[0]):
                continue
            alerts.reminded(self.db, row.id, self.now)
            alert = self._alerts(worst[:1], None)[0]
            self.desk.queue(
                self.channel,
                key=f"remind:{row.id}:{self.now}",
                kind="reminder",
                message=self.desk.voices.reminder(self.voice, alert, self.now),
                severity="critical",
            )


def _headline(message: Message) -> Message:
    return Message(
        title=message.title,
        severity=message.severity,
        buttons=message.buttons,
        mention=message.mention,
    )


def _worst_first(one: Stored) -> tuple[int, float]:
    incident = one.incident
    return (-SEVERITIES.index(incident.severity), -abs(incident.change - incident.expected))
