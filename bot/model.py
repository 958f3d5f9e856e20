"""The words that all parts of the service share; times are epoch seconds (UTC) unless typed."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from checks.model import Incident, Severity

# --- what sources give ------------------------------------------------------------------

TOTALS = ("followers", "following", "posts", "interactions", "views")
FLOWS = ("gained", "lost", "net", "posts_daily", "interactions_daily", "views_daily")
METRICS = TOTALS + FLOWS
"""Columns of a readings frame beside `account` (platform/handle) and `at` (epoch seconds).

All are nullable Int64: absent is null, never 0. A flow is the sum over the day that ends
at `at`. A frame may leave out columns that it never fills."""


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """One profile; `str(account)` is how it is written everywhere."""

    platform: str
    handle: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.handle}" if self.platform else self.handle

    @classmethod
    def parse(cls, text: str) -> Account:
        platform, slash, handle = text.strip().partition("/")
        return cls(platform, handle) if slash else cls("", platform)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerList:
    """Who followed (or was followed by) an account at one time, as keyed hashes.

    `ids` is sorted uint64 without repeats; `since` holds the follow times beside it (0
    where unknown) or is None. `complete` is None where the export cannot tell.
    """

    account: str
    side: Literal["followers", "following"]
    at: int
    ids: NDArray[np.uint64]
    since: NDArray[np.int64] | None = None
    complete: bool | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What could not be read; `account` is None where the whole source is hit.

    Faults of kind `gone`, `suspended`, `deactivated`, `private` and `renamed` speak of the
    account itself; `row` is bad input that was left out, `unavailable`, `refused` and
    `changed` mirror the SourceError classes.
    """

    kind: Literal[
        "gone",
        "suspended",
        "deactivated",
        "private",
        "renamed",
        "row",
        "unavailable",
        "refused",
        "changed",
    ]
    text: str
    account: str | None = None
    where: str = ""
    retry_after: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What one file turned out to be: the contract of `ebbwatch import --format json`."""

    file: str
    format: str | None = None
    platform: str | None = None
    account: str | None = None
    basis: str | None = None
    readings: int = 0
    names: int = 0
    first: str | None = None
    last: str | None = None
    complete: bool | None = None
    bad_rows: int = 0
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one fetch gave. `state` is opaque JSON that poll stores with the readings.

    `standing` are sentences that hold of the source until its next fetch: what it cost so far.
    """

    readings: pl.DataFrame | None = None
    lists: tuple[FollowerList, ...] = ()
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    standing: tuple[str, ...] = ()
    found: tuple[Found, ...] = ()
    state: Any = None
    more: bool = False
    """True where the rest of a large fetch waits: poll stores this part and asks again."""


class Source(Protocol):
    """Where counts come from. One instance serves one `[[sources]]` section."""

    name: str

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        """Reads the wanted accounts (all that the source knows where empty) since `state`.

        `state` is what the last stored batch carried, None at first. Reading the same thing
        twice gives the same batch. Raises SourceError only where nothing could be read.
        """
        ...

    async def look(self, handle: str) -> str:
        """Checks that one account exists before it is watched; gives its canonical handle."""
        ...

    async def close(self) -> None: ...


# --- what people see --------------------------------------------------------------------


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


# --- delivery ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One message on its way to one channel.

    `id` is at most 16 characters of [a-z0-9], unique for ever: it is the enforced nonce, and
    stands in the button ids or the metadata so that an unconfirmed send can be looked up.
    `post` makes a new message, `edit` changes the one that `ref` names, `reply` writes into
    its thread. `ref` is opaque: what `Chat.send` gave for the first message. `space` is the
    guild or workspace that the channel must belong to. `silent` never notifies anybody.
    """

    id: str
    key: str
    channel: str
    space: str
    action: Literal["post", "edit", "reply"]
    message: Message
    ref: str | None = None
    silent: bool = False
    attempts: int = 0
    first_attempt_at: float | None = None
    last_attempt_at: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """`since` is when the present condition began; `text` a sentence for people."""

    ready: bool
    since: float
    text: str


class Chat(Protocol):
    """A chat platform. Errors are the DeliveryError classes, nothing else gets out.

    Contract: tests/contracts/chat.py.
    """

    platform: str

    async def run(self) -> None:
        """Stays connected until cancelled: reconnects with back-off, says so once."""
        ...

    async def send(self, delivery: Delivery) -> str:
        """Posts, edits or replies; gives the `ref` of the (first) message.

        A `post` tried again within two minutes of `last_attempt_at` is made harmless by the
        platform's own idempotency where it has one.
        """
        ...

    async def find(self, delivery: Delivery) -> str | None:
        """Looks among the channel's own messages around the attempt; None where it is not.

        Raises DeliveryDeferred where looking is not possible yet.
        """
        ...

    async def space_of(self, channel: str) -> str | None:
        """The space a channel belongs to, None where it cannot be told (yet)."""
        ...

    async def problems(self, channel: str | None) -> list[str]:
        """Missing permissions or scopes in words, for `doctor`."""
        ...

    def health(self) -> Health: ...

    async def close(self) -> None: ...


# --- commands ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file that a person sent with a command."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """Who asks, and from where. `space` is None outside any guild or workspace.

    `roles` holds role names and ids (Discord) or the user and group ids (Slack); `admin` is
    the platform's own word (Manage Server, workspace admin). `alert` is the id of the
    delivery whose button was pressed.
    """

    platform: str
    space: str | None
    channel: str | None
    user: str
    name: str
    roles: frozenset[str] = frozenset()
    admin: bool = False
    alert: str | None = None


ArgumentKind = Literal[
    "account",
    "incident",
    "span",
    "text",
    "choice",
    "number",
    "date",
    "file",
    "subscription",
    "hours",
    "rhythm",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Argument:
    """`rest` takes all words that are left. `choices` narrows a `choice`."""

    name: str
    help: str
    kind: ArgumentKind = "text"
    required: bool = True
    choices: tuple[str, ...] = ()
    rest: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One row of the table. `name` is one word or two ("event add").

    The handler gets the desk's own view, the caller and the arguments by name, read by their
    kind (`bot.commands.parse.read`); what was left out is missing from the mapping.
    """

    name: str
    help: str
    handler: Callable[[Any, Caller, Mapping[str, Any]], Awaitable[Message]]
    arguments: tuple[Argument, ...] = ()
    role: Literal["reader", "manager"] = "reader"
    slow: bool = False
    """May take longer than a second: platforms defer the answer."""


class Words(Protocol):
    """How one place is spoken to: its language."""

    def say(self, text: str, /, **values: object) -> str:
        """The translated text with `{name}` filled in."""
        ...


class Dispatcher(Protocol):
    """What a chat adapter asks of the program. Never raises: errors become messages."""

    @property
    def commands(self) -> Sequence[Command]: ...

    async def answer(
        self, caller: Caller, name: str, arguments: Mapping[str, Any]
    ) -> Message: ...

    async def answer_line(
        self, caller: Caller, line: str, files: Sequence[Attachment] = ()
    ) -> Message:
        """Parses one typed line, such as "mute instagram/lena 2h"; "" shows the help."""
        ...

    async def suggest(self, caller: Caller, kind: ArgumentKind, text: str) -> list[str]:
        """At most 25 completions that this caller may see, best first."""
        ...

    @property
    def languages(self) -> Mapping[str, Words]:
        """Every language that is spoken, by its code; "en" is there."""
        ...

    async def words(self, caller: Caller) -> Words:
        """The language of the place that the caller asks from."""
        ...

    async def report(self, problem: str) -> None:
        """Tells the operator once (log, and the operator's channel where there is one)."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a source needs of the world; tests hand in their own.

    `root` is the folder that relative paths start from, `secrets` a private folder for
    tokens and the hash key, `transport` an httpx transport or None for the real network.
    """

    root: str
    secrets: str
    hash_key: Callable[[], bytes]
    monotonic: Callable[[], float]
    sleep: Callable[[float], Awaitable[None]]
    environ: Mapping[str, str] = field(default_factory=dict)
    transport: Any = None
