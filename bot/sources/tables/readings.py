"""From a table of cells to readings: what every file, query and endpoint goes through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING

from bot.errors import SourceChanged
from bot.model.reading import METRICS
from bot.model.source import Fault
from bot.sources.handles import full_names
from bot.sources.tables.cells import Coded, coded_texts
from bot.sources.tables.columns import DAILY, Layout, NoLayout, lay_out
from bot.sources.tables.dates import AmbiguousDates, latest, to_times
from bot.sources.tables.numbers import Sign, sign_of, to_counts
from bot.sources.tables.options import TableOptions

if TYPE_CHECKING:
    import polars as pl

SHOWN = 20
"""Bad rows that are reported one by one; the rest is counted."""

_TIMES = 2**33
_MOST_PEOPLE = 1_000_000_000
_SIGNED = ("net",)
_RUNNING = ("interactions", "views", "posts")
_FALLING_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`frame` holds text or typed columns under unique headers; its first row is number
    `first_row` of the file, as a spreadsheet counts. `bad` are rows left out on the way."""

    name: str
    frame: pl.DataFrame
    first_row: int = 2
    bad: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """`frame` has `account`, `at` and the metrics found, sorted by account and time."""

    frame: pl.DataFrame
    accounts: list[str]
    shape: str
    faults: tuple[Fault, ...]
    bad_rows: int
    notes: tuple[str, ...]


def read_rows(table: Table, options: TableOptions, now: datetime | None = None) -> Rows:
    """Rows of days that have not come yet at `now` are bad: a wrong year or a wrong order.

    Raises SourceChanged where the table as a whole cannot be read.
    """
    import polars as pl

    if table.frame.is_empty():
        raise SourceChanged(
            f"{table.name} has no rows below its header: export it again.", where=table.name
        )
    try:
        layout = lay_out(table.frame.columns, options.columns)
        at = to_times(
            table.frame[layout.roles["at"]], timezone=options.timezone, order=options.date_order
        )
    except (NoLayout, AmbiguousDates) as error:
        raise SourceChanged(f"{table.name} {error}.", where=table.name) from None
    reader = _Reader(table, options, layout)
    reader.refuse_cells(layout.roles["at"], at.bad, "is no date or time")
    reader.refuse_timeless(at.at, at.bad)
    moments = at.at if now is None else reader.without_future(at.at, now)
    try:
        accounts, metrics = reader.wide() if layout.wide else reader.long(moments)
    except NoLayout as error:
        raise SourceChanged(f"{table.name} {error}.", where=table.name) from None
    times = pl.concat([moments] * (len(metrics) // len(moments))) if layout.wide else moments
    frame, names, notes = _sorted(accounts, times, metrics)
    if frame.is_empty():
        first = f" ({reader.faults[0].text})" if reader.faults else ""
        raise SourceChanged(
            f"{table.name} has no row that can be read{first}.", where=table.name
        )
    refuse_falling(frame, table.name)
    if layout.unused:
        notes.append("columns not used: " + ", ".join(layout.unused[:12]))
    return Rows(
        frame=frame,
        accounts=names,
        shape="wide" if layout.wide else "long",
        faults=tuple(reader.faults),
        bad_rows=reader.bad_rows,
        notes=(*table.notes, *reader.notes, *notes),
    )


class _Reader:
    """Collects the good cells of one table and says what was left out."""

    def __init__(self, table: Table, options: TableOptions, layout: Layout) -> None:
        self.table, self.options, self.layout = table, options, layout
        self.faults = list(table.bad[:SHOWN])
        self.bad_rows = len(table.bad)
        self.notes: list[str] = []

    def refuse_cells(self, column: str, bad: pl.Series, what: str) -> None:
        import polars as pl

        if not bad.any():
            return
        rows = bad.arg_true()
        self.bad_rows += len(rows)
        cells = self.table.frame[column]
        for row in rows.head(max(0, SHOWN - len(self.faults))):
            # as text: a damaged file may hold dates that Python has no word for
            shown = (cells.slice(row, 1).cast(pl.String, strict=False)[0] or "")[:40]
            where = f"{self.table.name}:{row + self.table.first_row}:{column}"
            text = f'{where}: "{shown}" {what}; the row was left out.'
            self.faults.append(Fault(kind="row", text=text, where=where))

    def refuse_timeless(self, at: pl.Series, bad: pl.Series) -> None:
        """Rows that say something but not when."""
        import polars as pl

        time = self.layout.roles["at"]
        says = pl.any_horizontal(pl.all().exclude(time).is_not_null())
        if at.has_nulls() and len(self.table.frame.columns) > 1:
            full = self.table.frame.select(says).to_series()
            self.refuse_cells(time, at.is_null() & ~bad & full, "is no date or time")

    def without_future(self, at: pl.Series, now: datetime) -> pl.Series:
        import polars as pl

        late = (at > latest(now)).fill_null(False)
        self.refuse_cells(self.layout.roles["at"], late, "lies in the future")
        return pl.select(pl.when(~late).then(at)).to_series() if late.any() else at

    def long(self, at: pl.Series) -> tuple[Coded, pl.DataFrame]:
        import polars as pl

        accounts = self.accounts(at)
        metrics: dict[str, pl.Series] = {}
        bad = pl.repeat(False, len(at), eager=True)
        for role, name in self.layout.roles.items():
            metric = DAILY[role] if role in self.options.daily else role
            if role in METRICS and metric not in metrics:
                metrics[metric], wrong = self.counts(self.table.frame[name], metric)
                self.refuse_cells(name, wrong & at.is_not_null() & ~bad, _why(metric))
                bad |= wrong
        frame = pl.DataFrame(metrics)
        if bad.any():
            frame = frame.select(pl.when(~bad).then(pl.all()))
        return accounts, frame

    def wide(self) -> tuple[Coded, pl.DataFrame]:
        """The columns below each other: as many rows as cells."""
        import numpy as np
        import polars as pl

        metric = DAILY["followers"] if "followers" in self.options.daily else "followers"
        wide, rows = self.layout.wide, len(self.table.frame)
        codes: list[pl.Series] = []
        values: list[pl.Series] = []
        useless: list[str] = []
        for group in self._alike():
            cells = pl.concat([self.table.frame[wide[code]] for code in group], rechunk=True)
            counts, bad = self.counts(cells, metric)
            codes.append(pl.Series(np.repeat(np.array(group, np.uint32), rows)))
            values.append(counts)
            for place in (bad.arg_true() // rows).unique(maintain_order=True):
                name, own = wide[group[place]], slice(place * rows, (place + 1) * rows)
                if counts[own].null_count() == rows and len(wide) > 1:
                    useless.append(name)
                else:
                    self.refuse_cells(name, bad[own], _why(metric))
        if len(useless) == len(wide):
            raise NoLayout(f'has no count in any of its columns ("{wide[0]}", ...)')
        if useless:
            self.notes.append("columns without counts, not used: " + ", ".join(useless[:12]))
        names = full_names(pl.Series(wide), self.options.platform)
        return Coded(pl.concat(codes), names), pl.concat(values).to_frame(metric)

    def _alike(self) -> Iterable[list[int]]:
        """Columns that can be read as one: there may be thousands, and each costs time."""
        groups: dict[tuple[pl.DataType, Sign | None], list[int]] = {}
        for code, name in enumerate(self.layout.wide):
            column = self.table.frame[name]
            groups.setdefault((column.dtype, sign_of(column)), []).append(code)
        return groups.values()

    def counts(self, cells: pl.Series, metric: str) -> tuple[pl.Series, pl.Series]:
        import polars as pl

        counts = to_counts(cells)
        most = _MOST_PEOPLE if metric in {"followers", "following"} else 2**53
        least = -most if metric in _SIGNED else 0
        absurd = ~counts.values.is_between(least, most).fill_null(True)
        values = pl.select(pl.when(~absurd).then(counts.values)).to_series()
        return values.alias(metric), counts.bad | absurd

    def accounts(self, at: pl.Series) -> Coded:
        """The account of each row, null where a row names none."""
        import polars as pl

        frame, roles, options = self.table.frame, self.layout.roles, self.options
        if "account" not in roles:
            if options.account is None:
                raise SourceChanged(
                    f"{self.table.name} names no account: add a column with the account, or "
                    'say whose counts these are with account = "..." in its section.',
                    where=self.table.name,
                )
            name = full_names(pl.Series([options.account]), options.platform)
            return Coded(pl.repeat(0, len(frame), dtype=pl.UInt32, eager=True), name)
        names = frame[roles["account"]]
        if "platform" in roles:
            platform = frame[roles["platform"]].cast(pl.String).fill_null("")
            names = full_names(names.cast(pl.String), platform)
        coded = coded_texts(names)
        coded = Coded(coded.codes, full_names(coded.texts, options.platform))
        named = coded.texts.gather(coded.codes) if coded.texts.has_nulls() else coded.codes
        self.refuse_cells(roles["account"], named.is_null() & at.is_not_null(), "is no account")
        return coded


def _why(metric: str) -> str:
    return "is no number" if metric in _SIGNED else "is no count"


def _sorted(
    accounts: Coded, at: pl.Series, metrics: pl.DataFrame
) -> tuple[pl.DataFrame, list[str], list[str]]:
    """By account and time, without rows that say nothing; of repeated rows the last stays.

    Gives the readings, their accounts and notes.
    """
    import polars as pl

    names = accounts.texts.unique().drop_nulls().sort()
    ranks = (accounts.texts.rank("dense").cast(pl.Int64) - 1).gather(accounts.codes)
    # one number per row sorts and compares faster than the pair: times stay below 2**33
    frame = pl.DataFrame([ranks.alias("_rank"), at.alias("at"), *metrics.get_columns()])
    frame = frame.with_columns((pl.col("_rank") * _TIMES + pl.col("at")).alias("_key"))
    silent = all(column.has_nulls() for column in metrics.get_columns())
    if silent or frame["_key"].has_nulls():
        says = pl.any_horizontal(pl.col(metrics.columns).is_not_null())
        frame = frame.filter(pl.col("_key").is_not_null() & says)
    if not frame["_key"].is_sorted():
        frame = frame.sort("_key", maintain_order=True)
    repeated = (frame["_key"].diff() == 0).fill_null(False).shift(-1, fill_value=False)
    notes: list[str] = []
    if count := int(repeated.sum()):
        rows = "1 row repeats" if count == 1 else f"{count} rows repeat"
        notes.append(f"{rows} an account and time: the last of each was taken")
        frame = frame.filter(~repeated)
    used = names.gather(frame["_rank"].unique().sort()).to_list()
    account = names.gather(frame["_rank"]).alias("account")
    return frame.select(account, "at", *metrics.columns), used, notes


def refuse_falling(frame: pl.DataFrame, name: str) -> None:
    """A running total falls rarely; one that falls in a fifth of its steps is none."""
    import polars as pl

    for metric in _RUNNING:
        if metric not in frame.columns:
            continue
        known = frame.select("account", metric).drop_nulls()
        step = pl.col(metric).diff().filter(pl.col("account") == pl.col("account").shift(1))
        steps, falls = known.select(step.len().alias("n"), (step < 0).sum().alias("falls")).row(
            0
        )
        if falls >= 2 and falls > _FALLING_SHARE * steps:
            raise SourceChanged(
                f"{name}: {metric} falls in {100 * falls / steps:.0f} % of its steps, so it is "
                f'no running total: say daily = ["{metric}"] (or --daily {metric}) if it is '
                "given per day, or leave the column out.",
                where=f"{name}:{metric}",
            )
