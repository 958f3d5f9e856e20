"""What the readers of exports are asked, and what each gives back for one file or list."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Literal
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged
from bot.model.reading import Account, FollowerList
from bot.model.source import Fault, Found
from bot.sources.exports.archive import Member
from bot.sources.exports.interface_dates import iso_day
from bot.sources.exports.words import plural
from bot.sources.tables.dates import latest

if TYPE_CHECKING:
    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from bot.sources.exports.sniffer import SniffedFile

MAX_FAULTS = 20
"""Bad rows that are named one by one; the rest is counted."""


_TWINS = {"instagram", "threads"}  # one export holds both, under the same handle


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportContext:
    """What the caller knows beforehand; `key` is called only where a list is read."""

    key: Callable[[], bytes]
    zone: ZoneInfo
    now: datetime
    account: Account | None = None
    platform: str | None = None
    own_names: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedFile:
    """`readings` has the columns of a readings frame."""

    found: Found
    readings: pl.DataFrame | None = None
    lists: tuple[FollowerList, ...] = ()
    faults: tuple[Fault, ...] = ()


@dataclass(slots=True)
class BadRows:
    """Counts rows that were left out and names the first of them; never with their content."""

    label: str
    count: int = 0
    faults: list[Fault] = field(default_factory=list)

    def add(self, row: int, reason: str, column: str = "") -> None:
        self.count += 1
        if len(self.faults) < MAX_FAULTS:
            place = f"row {row}" + (f", column {column}" if column else "")
            where = f"{self.label}:{row}" + (f":{column}" if column else "")
            self.faults.append(
                Fault(kind="row", text=f"{self.label}, {place}: {reason}.", where=where)
            )

    def late(self, count: int) -> None:
        self.count += count
        rows = "1 row lies" if count == 1 else f"{count} rows lie"
        text = f"{self.label}: {rows} in the future; export it again or correct the dates."
        self.faults.append(Fault(kind="row", text=text, where=self.label))


def refused(member: Member, reason: str, *, platform: str | None = None) -> ParsedFile:
    """A file that was understood and holds nothing to read; no fault of anybody."""
    return ParsedFile(found=Found(file=member.label, platform=platform, notes=(reason,)))


def failed(label: str, error: SourceChanged) -> ParsedFile:
    """A file that should have been read and could not be."""
    fault = Fault(kind="changed", text=str(error), where=error.where or label)
    return ParsedFile(found=Found(file=label, notes=(str(error),)), faults=(fault,))


def one_by_one(
    files: Sequence[SniffedFile],
    context: ExportContext,
    read: Callable[[SniffedFile, ExportContext], ParsedFile],
) -> Iterator[ParsedFile]:
    """Reads every file for itself; what fails gives a fault."""
    for file in files:
        try:
            yield read(file, context)
        except SourceChanged as error:
            yield failed(file.member.label, error)


def whose(
    context: ExportContext, platform: str | None, handle: str | None, label: str
) -> Account | None:
    """The account that an export belongs to: what was asked for wins over what the file says.

    None where nobody says it. Raises SourceChanged where the platforms contradict.
    """
    wished = context.account
    for other in (wished.platform if wished else "", context.platform):
        if other and platform and other != platform and {other, platform} != _TWINS:
            raise SourceChanged(
                f"{label} holds numbers of {platform}, not of {other}: "
                f"import it with an account of {platform}.",
                where=label,
            )
    platform = platform or (wished.platform if wished else "") or context.platform
    if handle and platform != "youtube":  # where the case of ids matters
        handle = handle.lower()
    own = PurePosixPath(label).name.partition(".")[0] if context.own_names else None
    handle = (wished.handle if wished else None) or handle or own
    if not platform or not handle:
        return None
    return Account(platform, handle.strip().removeprefix("@"))


def unknown_account(platform: str | None) -> str:
    return (
        "The file does not say whose it is, so nothing was stored: pass the account, "
        f"such as {platform or 'instagram'}/yourhandle."
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where counts or names come from, and what the file says of itself."""

    member: Member
    context: ExportContext
    format: str
    platform: str | None
    bad: BadRows
    handle: str | None = None
    notes: Sequence[str] = ()

    def account(self) -> Account | None:
        """Raises SourceChanged where the platforms contradict."""
        return whose(self.context, self.platform, self.handle, self.member.label)


def series(
    origin: Origin,
    *,
    basis: Literal["total", "net", "gained", "gained_lost"] | None,
    at: Sequence[int],
    values: Mapping[str, Sequence[int | None]],
    complete: bool | None = None,
) -> ParsedFile:
    """A dashboard's days. Days without any value are left out. Raises SourceChanged."""
    import polars as pl

    frame = pl.DataFrame(
        {"at": at, **values}, schema={"at": pl.Int64, **dict.fromkeys(values, pl.Int64)}
    )
    frame = frame.filter(pl.any_horizontal(pl.col(list(values)).is_not_null()))
    if late := int((frame["at"] > latest(origin.context.now)).sum()):
        frame = frame.filter(pl.col("at") <= latest(origin.context.now))
        origin.bad.late(late)
    if frame.is_empty():
        raise SourceChanged(
            f"{origin.member.label} is a file of the kind {origin.format}, but no row of it "
            "holds a number: export it again with a range that has data.",
            where=origin.member.label,
        )
    frame = frame.sort("at").unique("at", keep="last", maintain_order=True)
    account = origin.account()
    told = list(origin.notes)
    if account is None:
        told.append(unknown_account(origin.platform))
    else:
        frame = frame.select(pl.lit(str(account)).alias("account"), pl.all())
    found = Found(
        file=origin.member.label,
        format=origin.format,
        platform=account.platform if account else origin.platform,
        account=str(account) if account else None,
        basis=basis,
        readings=frame.height,
        first=iso_day(int(frame["at"][0]), origin.context.zone),
        last=iso_day(int(frame["at"][-1]), origin.context.zone),
        complete=complete,
        bad_rows=origin.bad.count,
        notes=tuple(told),
    )
    return ParsedFile(
        found=found, readings=frame if account else None, faults=tuple(origin.bad.faults)
    )


def follower_list(
    origin: Origin,
    side: Literal["followers", "following"],
    names: tuple[NDArray[np.uint64], NDArray[np.int64] | None],
    *,
    at: int | None,
    complete: bool | None,
    count: int | None = None,
) -> ParsedFile:
    """A list of hashed names (with the time of each follow), sorted and without repeats.

    `at` is when the export says it was made. Without it the newest follow dates the list
    (the export is at most a little younger), so that the same file always gives the same
    list; a list without any date takes its file's own time. So does one that says it was made
    in the future: either it or this machine's clock is wrong, its follows agree with both.
    """
    from bot.sources.names import unique_names

    told = list(origin.notes)
    ids, since, _ = unique_names(*names)
    repeats = len(names[0]) - len(ids)
    if repeats:
        told.append(
            f"{plural(repeats, 'entry', 'entries')} repeated a name: each name counts once."
        )
    now = latest(origin.context.now)
    known = None
    if since is not None:
        known = since[(since > 0) & (since <= max(at or 0, now))]
    newest = int(known.max()) if known is not None and len(known) else None
    unsaid = "does not say when it was made"
    if at is not None and at > now:
        unsaid, at = "is dated in the future (correct the clock or its name)", None
    if at is None and newest is not None:
        told.append(f"The export {unsaid}: dated by its newest follow.")
        at = newest
    elif at is None:
        told.append(f"The export {unsaid}: dated by its file's time.")
        limit = int(origin.context.now.timestamp())
        at = min(origin.member.stamp, limit) if origin.member.stamp else limit
    at = max(at, newest or at)
    account = origin.account()
    if account is None:
        told.append(unknown_account(origin.platform))
    found = Found(
        file=origin.member.label,
        format=origin.format,
        platform=origin.platform,
        account=str(account) if account else None,
        names=len(ids),
        basis="total" if complete else None,
        readings=1 if complete and account else 0,
        first=iso_day(int(known.min()), origin.context.zone)
        if newest and known is not None
        else None,
        last=iso_day(at, origin.context.zone),
        complete=complete,
        bad_rows=origin.bad.count,
        notes=tuple(told),
    )
    lists = (
        FollowerList(
            account=str(account),
            side=side,
            at=at,
            ids=ids,
            since=since,
            count=count,
            complete=complete,
        ),
    )
    return ParsedFile(
        found=found, lists=lists if account else (), faults=tuple(origin.bad.faults)
    )
