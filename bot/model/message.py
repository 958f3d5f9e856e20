"""What people see, free of any platform."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from checks.model import Incident, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    name: str
    value: str
    short: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Button:
    """`command` is a line of the Command table, such as "mute 12 1h"; at most 60 characters."""

    label: str
    command: str
    style: Literal["primary", "danger", "plain"] = "plain"


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    png: bytes
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSpec:
    """What to draw; drawn just before sending so that no picture lies in the outbox."""

    account: str
    metric: str = "followers"
    start: int
    end: int
    incident: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Platform-free content. All of it is plain text: adapters escape and cut, never markup.

    `table` is a header and rows for a monospaced block. `over` is what was alarming once:
    it looks calm, whatever its severity. `mention` is "role:123" or None; nothing else ever
    pings. `picture` is filled in just before sending, from `chart`.
    """

    title: str = ""
    text: str = ""
    fields: tuple[Field, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    footer: str = ""
    severity: Severity | None = None
    over: bool = False
    buttons: tuple[Button, ...] = ()
    chart: ChartSpec | None = None
    mention: str | None = None
    picture: Picture | None = None

    def to_json(self) -> str:
        return json.dumps(asdict(replace(self, picture=None)), ensure_ascii=False)

    @classmethod
    def from_json(cls, text: str) -> Message:
        raw = json.loads(text)
        raw["fields"] = tuple(Field(**f) for f in raw["fields"])
        raw["buttons"] = tuple(Button(**b) for b in raw["buttons"])
        raw["table"] = tuple(tuple(row) for row in raw["table"])
        raw["chart"] = ChartSpec(**raw["chart"]) if raw["chart"] else None
        return cls(**raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """What one incident says to one channel.

    `number` counts per space. `seen_at` is when the poll or import showed the incident, which
    may be days after it happened. `mention` is set by routing; only a critical alert uses it.
    """

    number: int
    incident: Incident
    seen_at: float
    acknowledged_by: str | None = None
    acknowledged_at: float | None = None
    mention: str | None = None
