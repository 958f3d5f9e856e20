"""What a source gives, and what it needs of the world; times are epoch seconds (UTC)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Protocol

from bot.model.reading import FollowerList

if TYPE_CHECKING:
    import polars as pl

    from checks.model import Reason


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
    layout: str | None = None
    """Of a table: the same for all with the same headers."""
    findings: tuple[Reason, ...] = ()
    """What a follower list says, in no language yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one fetch gave. `state` is opaque JSON that poll stores with the readings.

    `names` are what people call accounts (account -> name), where the source says so and the
    handle does not. `remarks` are sentences that hold of the source until its next fetch:
    what it cost so far.
    """

    readings: pl.DataFrame | None = None
    lists: tuple[FollowerList, ...] = ()
    names: Mapping[str, str] = field(default_factory=dict)
    faults: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
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
