"""The messages of one channel: written, edited, threaded, never repeated."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Protocol

from bot.model.message import Alert, Message
from bot.route.audience import Audience, quiet_end
from bot.storage import alerts, incidents, outbox
from bot.storage.alerts import AlertRow, DigestReason, Member
from bot.storage.channels import Channel
from bot.storage.incidents import Stored
from checks.model import SEVERITIES, Notice, Severity


class Voices(Protocol):
    """The words of `bot.message`; `voice_for` gives what the others take first."""

    def voice_for(
        self, locale: str, timezone: str, names: Mapping[str, str] | None = None
    ) -> Any: ...

    def alert(self, voice: Any, alert: Alert, now: float) -> Message: ...

    def history(self, voice: Any, alert: Alert, now: float) -> Message: ...

    def wave_history(self, voice: Any, alerts: Sequence[Alert], now: float) -> Message: ...

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

    def notice(
        self,
        voice: Any,
        notices: Sequence[Notice],
        now: float,
        *,
        sources: Mapping[str, str] = ...,
    ) -> Message: ...

    def untold(self, voice: Any, message: Message) -> Message: ...


class ChannelNotifier:
    """Writes the messages of one channel."""

    def __init__(self, audience: Audience, voices: Voices, channel: Channel) -> None:
        self.audience, self.voices, self.channel = audience, voices, channel
        self.db, self.now = audience.db, audience.now
        self.voice = voices.voice_for(channel.locale, channel.timezone, audience.names)
        self.queued = 0

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
            self.refresh(
                alerts.add(
                    self.db,
                    alerts.NewAlert(
                        channel=self.channel.channel, kind="wave", now=self.now, wave=wave
                    ),
                )
            )
        if self.channel.gathers(len(singles), len(waves)):
            self.tell_digest(singles, "many")
            return
        for one in singles:
            self.refresh(
                alerts.add(
                    self.db,
                    alerts.NewAlert(
                        channel=self.channel.channel,
                        kind="incident",
                        now=self.now,
                        members=(one.id,),
                    ),
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
            alerts.NewAlert(
                channel=self.channel.channel,
                kind="digest",
                now=self.now,
                reason=reason,
                older=older,
                since=since,
                members=tuple(one.id for one in members),
            ),
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
            meaning = _meaning(row, members, number)
            self._put(target, part, revision, worst, meaning)
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
            and one.incident.alerted_at is not None
            and self.audience.sees(self.channel, one.incident.account)
            and elsewhere.get(one.id) in (None, own.id if own else None)
        ]

    def _shown(self, row: AlertRow) -> list[Stored]:
        if row.wave is not None:
            return self._members(row.wave)
        return self.audience.gather(row.members)

    def _alerts(self, members: Iterable[Stored], mention: str | None) -> list[Alert]:
        members = list(members)
        numbers = incidents.numbers(self.db, self.channel.space, [one.id for one in members])
        return [
            Alert(
                number=numbers[one.id],
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
        voices, shown = self.voices, self._alerts(members, mention)
        if row.kind == "incident":
            return (voices.alert(self.voice, shown[0], self.now),)
        if row.kind == "wave":
            watched = sum(self.audience.sees(self.channel, name) for name in self.audience.tags)
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
        self, id: int, message: Message, revision: int, severity: Severity, meaning: str
    ) -> None:
        """A first post, or an edit; what nobody has tried to send yet is only replaced."""
        if self.channel.thread == "only" and not meaning.startswith("digest"):
            message = _headline(message)
        key = f"alert:{id}:{revision}"
        stage = alerts.stage(self.db, id)
        if stage == "out":
            message = replace(message, mention=None)
        if stage != "new" and outbox.replace_waiting(
            self.db, id, key=key, message=message, revision=revision, severity=severity
        ):
            return
        self.queue(
            key=key,
            kind="alert",
            message=message,
            action="edit" if stage == "out" else "post",
            severity=severity,
            alert=id,
            revision=revision,
            silent=stage == "out",
            due=None if stage == "out" or severity == "critical" else self._morning(),
            meaning=meaning if stage != "out" else None,
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
            message = self._history(row, members)
            # a thread says a thing once, however often it is found again
            if ping is None and outbox.last_reply(self.db, row.id) == message.text:
                return
        self.queue(
            key=f"alert:{row.id}:{revision}:thread",
            kind="history",
            action="reply",
            message=replace(message, mention=ping),
            severity=severity,
            alert=row.id,
            revision=revision,
            silent=ping is None,
            meaning=f"{_meaning(row, members, 0)} reply {message.text}",
        )

    def _history(self, row: AlertRow, members: Sequence[Stored]) -> Message:
        if row.kind == "wave":
            return self.voices.wave_history(self.voice, self._alerts(members, None), self.now)
        worst = min(members, key=_worst_first)
        return self.voices.history(self.voice, self._alerts([worst], None)[0], self.now)

    def remind(self) -> None:
        """Speaks up again about critical alerts that nobody has taken on."""
        if self.channel.remind is None or self.channel.disabled is not None:
            return
        for row in alerts.to_remind(
            self.db, self.channel.channel, self.now, self.channel.remind
        ):
            members = self.audience.gather(row.members)
            worst = [
                one
                for one in sorted(members, key=_worst_first)
                if one.incident.open
                and one.incident.severity == "critical"
                and one.acknowledged_by is None
            ]
            if not worst or self.audience.obstacle(self.channel, worst[0]):
                continue
            alerts.reminded(self.db, row.id, self.now)
            alert = self._alerts(worst[:1], None)[0]
            # two reminders of an alert are never in one span, in whatever database
            span = (self.now - worst[0].incident.opened_at) // self.channel.remind
            self.queue(
                key=f"remind:{row.id}:{self.now}",
                kind="reminder",
                meaning=f"{_meaning(row, members, 0)} reminder {span}",
                message=self.voices.reminder(self.voice, alert, self.now),
                severity="critical",
            )

    def _morning(self) -> int | None:
        """Digests of the past may come at night; they wait for the end of the quiet hours."""
        return quiet_end(self.channel, self.now)

    def queue(self, **delivery: Any) -> None:
        """Adds one delivery to this channel."""
        self.queued += outbox.queue(
            self.db,
            outbox.Queued(
                channel=self.channel.channel, space=self.channel.space, now=self.now, **delivery
            ),
        )


def _meaning(row: AlertRow, members: Sequence[Stored], number: int) -> str:
    """What a message tells, whatever rows a database has for it."""
    if row.wave is not None:
        return f"wave {row.wave}"
    told = sorted(
        f"{one.incident.account} {one.incident.metric} {one.incident.direction} "
        f"{one.incident.opened_at}"
        for one in members
    )
    return " ".join([row.kind, row.reason or "", str(number), *told])


def _headline(message: Message) -> Message:
    return Message(
        title=message.title,
        severity=message.severity,
        buttons=message.buttons,
        menus=message.menus,
        mention=message.mention,
    )


def _worst_first(one: Stored) -> tuple[int, float]:
    incident = one.incident
    return (-SEVERITIES.index(incident.severity), -abs(incident.change - incident.expected))
