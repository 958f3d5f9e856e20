"""Batches: made of a table, put together, narrowed, and searched for an account."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.errors import AccountNotFound, SourceError
from bot.model.source import Batch, Fault, Found
from bot.sources.tables.options import TableOptions, as_answered, key_of
from bot.sources.tables.readings import Rows, Table, read_rows

if TYPE_CHECKING:
    import polars as pl


def read_table(
    table: Table,
    options: TableOptions,
    file: str,
    *,
    now: datetime | None = None,
    named: bool = False,
) -> Batch:
    """Raises SourceChanged where it cannot be read, or is a question."""
    answered = as_answered(options, table.frame.columns)
    batch = _batch(read_rows(table, answered, now), answered, file, named=named)
    notes = batch.notes
    if answered is not options:
        notes = (*notes, "read as was said of a file with the same columns before")
    found = replace(batch.found[0], notes=notes, layout=key_of(table.frame.columns))
    return replace(batch, notes=notes, found=(found,))


def read_tables(
    tables: Sequence[Table],
    options: TableOptions,
    file: str,
    *,
    now: datetime | None = None,
    named: bool = False,
) -> Batch:
    """All tables of one file; those that are none of counts are named in a note.

    Raises SourceChanged where not one can be read, or where one is a question that the
    others do not answer.
    """
    parts: list[Batch] = []
    errors: list[tuple[Table, SourceError]] = []
    for table in tables:
        try:
            parts.append(read_table(table, options, file, now=now, named=named))
        except SourceError as error:
            errors.append((table, error))
    if not parts:
        raise errors[0][1]
    for table, problem in errors:
        where = f'"{table.sheet}"' if table.sheet else "another table"
        note = f"{where} was not read: {problem}"
        found = replace(parts[0].found[0], notes=(*parts[0].found[0].notes, note))
        parts[0] = replace(parts[0], notes=(*parts[0].notes, note), found=(found,))
    return parts[0] if len(parts) == 1 else joined(parts, ())


def _batch(rows: Rows, options: TableOptions, file: str, *, named: bool) -> Batch:
    frame = rows.frame
    accounts = rows.accounts
    platforms = {account.partition("/")[0] for account in accounts if "/" in account}
    first, last = int(frame["at"].min()), int(frame["at"].max())  # type: ignore[arg-type]
    notes = rows.notes
    if named and {account.rpartition("/")[2] for account in accounts} == {options.account}:
        notes = (*notes, f'the account "{options.account}" was taken from the file name')
    hidden = rows.bad_rows - len(rows.faults)
    faults = rows.faults
    if hidden > 0:
        name = Path(file).name
        text = f"{name}: {hidden} more rows were left out."
        faults = (*faults, Fault(kind="row", text=text, where=name))
    found = Found(
        file=file,
        format=f"table.{rows.shape}",
        platform=platforms.pop() if len(platforms) == 1 else None,
        account=accounts[0] if len(accounts) == 1 else None,
        basis=_basis(frame),
        readings=len(frame),
        first=_day(first, options.timezone),
        last=_day(last, options.timezone),
        bad_rows=rows.bad_rows,
        notes=notes,
    )
    return Batch(readings=frame, names=rows.names, faults=faults, notes=notes, found=(found,))


def _basis(frame: pl.DataFrame) -> str | None:
    """What the followers of these readings rest on."""
    filled = {name for name in frame.columns if frame[name].null_count() < len(frame)}
    if "followers" in filled:
        return "total"
    if {"gained", "lost"} <= filled:
        return "gained_lost"
    return "net" if "net" in filled else "gained" if "gained" in filled else None


def _day(at: int, timezone: str) -> str:
    """The date alone for the end of a day, else the time with its offset."""
    moment = datetime.fromtimestamp(at, ZoneInfo(timezone))
    if (moment.hour, moment.minute, moment.second) == (23, 59, 59):
        return moment.date().isoformat()
    return moment.isoformat()


def joined(parts: Sequence[Batch], wanted: Sequence[str]) -> Batch:
    """One batch; where two parts state the same account and time, the later part goes."""
    import polars as pl

    frames = [part.readings for part in parts if part.readings is not None]
    readings = pl.concat(frames, how="diagonal") if frames else None
    if readings is not None and len(frames) > 1:
        readings = readings.unique(["account", "at"], keep="last", maintain_order=True)
        readings = readings.sort("account", "at")
    batch = Batch(
        readings=readings,
        names={account: name for part in parts for account, name in part.names.items()},
        faults=tuple(fault for part in parts for fault in part.faults),
        notes=tuple(note for part in parts for note in part.notes),
        found=tuple(found for part in parts for found in part.found),
    )
    return only(batch, wanted)


def only(batch: Batch, wanted: Sequence[str], source: str = "") -> Batch:
    """The readings and lists of the wanted accounts, all of them where none is named.

    Where not one of the accounts that came is wanted, that is a fault of the source.
    """
    import polars as pl

    if not wanted:
        return batch
    came = [] if batch.readings is None else batch.readings["account"].unique().to_list()
    listed = {one.account for one in batch.lists}
    mine = {name for name in {*came, *listed} if is_wanted(name, wanted)}
    readings = batch.readings
    if readings is not None and len(mine) < len({*came, *listed}):
        readings = readings.filter(pl.col("account").is_in(list(mine))) if mine else None
    lists = tuple(one for one in batch.lists if one.account in mine)
    faults = batch.faults
    if not mine and (came or listed):
        text = (
            f"{source}: gave {_some({*came, *listed})}, but {_some(wanted)} was wanted: "
            "correct handles, account or platform."
        )
        faults = (*faults, Fault(kind="changed", text=text))
    return replace(batch, readings=readings, lists=lists, faults=faults)


def is_wanted(account: str, wanted: Sequence[str]) -> bool:
    """True whatever the case, "@" or platform of the names that are wanted."""
    full = account.casefold()
    handle = full.partition("/")[2] or full
    for name in wanted:
        plain = name.strip().casefold()
        head, slash, tail = plain.partition("/")
        bare = f"{head}/{tail.removeprefix('@')}" if slash else plain.removeprefix("@")
        if bare in {full, handle, handle.removeprefix("@")}:
            return True
    return False


def _some(names: Collection[str]) -> str:
    shown = ", ".join(sorted(names)[:3])
    return shown + (f" and {len(names) - 3:,} more" if len(names) > 3 else "")


def match_handle(handle: str, known: Sequence[str], platform: str | None, source: str) -> str:
    """The account as the source writes it, whatever its case, "@" or platform."""
    plain = handle.strip().removeprefix("@").casefold()
    for account in known:
        own = account.rpartition("/")[2].removeprefix("@").casefold()
        if plain in {own, account.casefold()}:
            return account.partition("/")[2] or account
    near = difflib.get_close_matches(handle, known, 1)
    hint = f": perhaps {near[0]} was meant" if near else ""
    raise AccountNotFound(
        f'{source} has no account "{handle}"{hint}.', source=source, account=handle
    )
