"""Alerts that live through post, edits and replies, and what people must see of them."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from sqlite_utils import Database

from bot.model.message import Button, ChartSpec, Message
from bot.storage import alerts, outbox
from checks.model import SEVERITIES, Severity
from tests.contracts.chat import Shown

_TITLE = re.compile(r"Alert (\d+): (\w+)")
_REPLY = re.compile(r"reply (\d+) of (\d+)")


@dataclass(slots=True)
class Life:
    """One alert: what was queued for it so far, and whether it carries a chart."""

    number: int
    row: int
    severity: Severity
    chart: bool
    revision: int = 0
    replies: int = 0
    title: str = ""


@dataclass(frozen=True, slots=True)
class _Remembered:
    """How far a backup knows an alert."""

    revision: int
    replies: int


@dataclass(slots=True, kw_only=True)
class Tally:
    """What went wrong, as sentences; empty lists are the promise kept."""

    lost: list[str] = field(default_factory=list)
    doubled: list[str] = field(default_factory=list)
    disordered: list[str] = field(default_factory=list)
    faults: int = 0
    crashes: int = 0
    restores: int = 0
    messages: int = 0

    def counts(self, what: str) -> list[tuple[str, object]]:
        """Properties of a test, which `make faults` sums up."""
        return [
            (f"{what}: schedules", 1),
            (f"{what}: faults", self.faults),
            (f"{what}: crashes", self.crashes),
            (f"{what}: restores", self.restores),
            (f"{what}: messages", self.messages),
            (f"{what}: lost", len(self.lost)),
            (f"{what}: doubled", len(self.doubled)),
            (f"{what}: out of order", len(self.disordered)),
        ]


class Lives:
    """Alerts of one channel: queues what happens to them, and judges what people see."""

    def __init__(
        self, channel: str, space: str, now: Callable[[], float], chance: random.Random
    ) -> None:
        self.channel, self.space = channel, space
        self.now, self.chance = now, chance
        self.all: list[Life] = []
        self._kept: dict[int, _Remembered] = {}
        self.tally = Tally()

    def happen(self, db: Database) -> None:
        """Something: a new alert, a revision or a reply."""
        if not self.all or self.chance.random() < 0.5:
            self._open(db)
        elif self.chance.random() < 0.4:
            self._reply(db, self.chance.choice(self.all))
        else:
            self._revise(db, self.chance.choice(self.all), "confirmed")

    def resolve(self, db: Database) -> None:
        for life in self.all:
            self._revise(db, life, "resolved")

    def backed_up(self) -> None:
        """From here on a restore knows no more than what happened until now."""
        self._kept = {one.number: _Remembered(one.revision, one.replies) for one in self.all}

    def happen_again(self, db: Database) -> None:
        """What the backup does not know of is found out anew, each alert in one go."""
        for life in self.all:
            kept = self._kept.get(life.number, _Remembered(0, 0))
            if not kept.revision:
                life.row = self._row(db)
            if life.revision > kept.revision:
                self._tell(db, life, "edit" if kept.revision else "post")
            for number in range(kept.replies + 1, life.replies + 1):
                self._tell_reply(db, life, number)

    def _open(self, db: Database) -> None:
        life = Life(
            number=len(self.all) + 1,
            row=self._row(db),
            severity=self.chance.choice(SEVERITIES),
            chart=self.chance.random() < 0.5,
        )
        self.all.append(life)
        self._show(db, life, "suspected", "post")

    def _row(self, db: Database) -> int:
        new = alerts.NewAlert(channel=self.channel, kind="incident", now=int(self.now()))
        return alerts.add(db, new).id

    def _revise(self, db: Database, life: Life, state: str) -> None:
        self._show(db, life, state, "edit")

    def _show(
        self, db: Database, life: Life, state: str, action: Literal["post", "edit"]
    ) -> None:
        life.revision += 1
        life.title = f"Alert {life.number}: {state}{life.revision}"
        self._tell(db, life, action)

    def _tell(self, db: Database, life: Life, action: Literal["post", "edit"]) -> None:
        number, now = life.number, int(self.now())
        spec = ChartSpec(account="tiktok/lena", start=now - 86400, end=now)
        message = Message(
            title=life.title,
            text=f"{life.severity} for everybody to see",
            severity=life.severity,
            chart=spec if life.chart else None,
            buttons=(Button(label="Acknowledge", command=f"ack {number}"),) * (number % 3 > 0),
        )
        self._queue(db, life, f"{number}/{life.revision}", "alert", message, action)

    def _reply(self, db: Database, life: Life) -> None:
        life.replies += 1
        self._tell_reply(db, life, life.replies)

    def _tell_reply(self, db: Database, life: Life, number: int) -> None:
        message = Message(text=f"reply {number} of {life.number}")
        key = f"{life.number}/reply/{number}"
        self._queue(db, life, key, "history", message, "reply")

    def _queue(
        self,
        db: Database,
        life: Life,
        key: str,
        kind: Literal["alert", "history"],
        message: Message,
        action: Literal["post", "edit", "reply"],
    ) -> None:
        outbox.queue(
            db,
            outbox.Queued(
                key=key,
                channel=self.channel,
                space=self.space,
                kind=kind,
                message=message,
                now=self.now(),
                action=action,
                severity=life.severity,
                alert=life.row,
                revision=life.revision if kind == "alert" else None,
                meaning=None
                if action == "edit"
                else key
                if action == "reply"
                else f"{life.number}",
            ),
        )

    # --- judging ------------------------------------------------------------------------

    def judge(self, shown: Sequence[Shown], replies: Callable[[int], Sequence[Shown]]) -> Tally:
        """`replies` gives the thread of the message at a place of `shown`."""
        found: dict[int, list[tuple[int, str]]] = {}
        for place, one in enumerate(shown):
            for number, state in _TITLE.findall(one.text):
                found.setdefault(int(number), []).append((place, f"Alert {number}: {state}"))
        for life in self.all:
            places = found.get(life.number, [])
            if not places or places[0][1] != life.title:
                self.tally.lost.append(f"{life.title} (shown: {places})")
            if len(places) > 1:
                self.tally.doubled.append(f"{life.title} {len(places)} times")
            if places:
                self._judge_replies(life, replies(places[0][0]))
        for severity in SEVERITIES:
            order = [
                found[life.number][0][0]
                for life in self.all
                if life.severity == severity and life.number in found
            ]
            if order != sorted(order):
                self.tally.disordered.append(f"{severity}: {order}")
        self.tally.messages = len(shown)
        return self.tally

    def _judge_replies(self, life: Life, replies: Sequence[Shown]) -> None:
        told = [int(match[1]) for one in replies if (match := _REPLY.search(one.text))]
        missing = set(range(1, life.replies + 1)) - set(told)
        if missing:
            self.tally.lost.append(f"replies {sorted(missing)} of alert {life.number}")
        if len(told) != len(set(told)):
            self.tally.doubled.append(f"replies {told} of alert {life.number}")
        if told != sorted(told):
            self.tally.disordered.append(f"replies {told} of alert {life.number}")
