"""What people see, free of any platform."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from bot.model.inline import plain

if TYPE_CHECKING:
    from checks.model import Incident, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a person sent with a command."""

    name: str
    content: bytes


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
class Choice:
    """One line of a menu; `command` as a button's."""

    label: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """Choices of which one is taken; `label` stands there until then."""

    label: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    name: str
    png: bytes
    alt: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """Rows for a spreadsheet, which go out as a CSV file beside the message."""

    name: str
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a summary's picture shows, in words already: the change of all accounts in the
    days that end at `ends`, None where nothing was read, and (name, share, words) of those
    who moved most, best first."""

    title: str
    subtitle: str
    ends: tuple[int, ...]
    changes: tuple[float | None, ...]
    movers: tuple[tuple[str, float, str], ...]

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any]) -> Report:
        return cls(
            title=raw["title"],
            subtitle=raw["subtitle"],
            ends=tuple(raw["ends"]),
            changes=tuple(raw["changes"]),
            movers=tuple((name, share, words) for name, share, words in raw["movers"]),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChartSpec:
    """What to draw; drawn just before sending so that no picture lies in the outbox."""

    account: str
    metric: str = "followers"
    start: int
    end: int
    incident: int | None = None
    report: Report | None = None
    """Of a summary: nothing has to be read for its picture."""

    @classmethod
    def from_raw(cls, raw: Mapping[str, Any]) -> ChartSpec:
        report = raw.get("report")
        return cls(**{**raw, "report": Report.from_raw(report) if report else None})


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """Platform-free content. All of it is plain text: adapters escape and cut, never markup.

    Titles, texts, field values and table cells may hold the links and moments of
    `bot.model.inline`. A field that is not `short` is a section with its own heading. `table`
    is a header and rows, the first column names each row; `row_buttons` stand beside the rows
    in their order. `over` is what was alarming once: it looks calm, whatever its severity.
    `mention` is "role:123" or None; nothing else ever pings. `picture` is filled in just
    before sending, from `chart`; where it `leads` it stands right below the headline.
    """

    title: str = ""
    text: str = ""
    fields: tuple[Field, ...] = ()
    table: tuple[tuple[str, ...], ...] = ()
    row_buttons: tuple[Button, ...] = ()
    footer: str = ""
    severity: Severity | None = None
    over: bool = False
    buttons: tuple[Button, ...] = ()
    menus: tuple[Menu, ...] = ()
    chart: ChartSpec | None = None
    mention: str | None = None
    picture: Picture | None = None
    sheet: Sheet | None = None
    leads: bool = False

    def to_json(self) -> str:
        bare = replace(self, picture=None)
        return json.dumps(asdict(bare), ensure_ascii=False)

    def in_words(self) -> Message:
        """Without links and moments: what they say alone."""
        return replace(
            self,
            title=plain(self.title),
            text=plain(self.text),
            fields=tuple(
                replace(one, name=plain(one.name), value=plain(one.value))
                for one in self.fields
            ),
            table=tuple(tuple(map(plain, row)) for row in self.table),
            footer=plain(self.footer),
        )

    @classmethod
    def from_json(cls, text: str) -> Message:
        raw = json.loads(text)
        raw["fields"] = tuple(Field(**f) for f in raw["fields"])
        raw["buttons"] = tuple(Button(**b) for b in raw["buttons"])
        raw["table"] = tuple(tuple(row) for row in raw["table"])
        # what an older version queued has no menus and no sheet
        raw["row_buttons"] = tuple(Button(**b) for b in raw.get("row_buttons", ()))
        raw["menus"] = tuple(_menu(menu) for menu in raw.get("menus", ()))
        if sheet := raw.get("sheet"):
            rows = tuple(tuple(row) for row in sheet["rows"])
            raw["sheet"] = Sheet(name=sheet["name"], rows=rows)
        raw["chart"] = ChartSpec.from_raw(raw["chart"]) if raw["chart"] else None
        return cls(**raw)


def _menu(raw: Mapping[str, Any]) -> Menu:
    return Menu(
        label=raw["label"], choices=tuple(Choice(**choice) for choice in raw["choices"])
    )


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
