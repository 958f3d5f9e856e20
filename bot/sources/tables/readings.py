"""From a table of cells to readings: what every file, query and endpoint goes through."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged
from bot.model.reading import FLOWS, METRICS, Account
from bot.model.source import Fault
from bot.sources.tables.accounts import Accounts, accounts_of, wide_accounts
from bot.sources.tables.cells import Coded
from bot.sources.tables.columns import DAILY, NoLayout
from bot.sources.tables.dates import AmbiguousDates, latest, to_times, with_clock
from bot.sources.tables.file_dates import time_in_name
from bot.sources.tables.headers import read_header
from bot.sources.tables.invisible import visible, visible_cells
from bot.sources.tables.layout import FILE_NAME, Layout, lay_out
from bot.sources.tables.numbers import alike, to_counts
from bot.sources.tables.options import TableOptions
from bot.sources.tables.quantities import companion, falling, quantity
from bot.sources.tables.questions import no_total
from bot.sources.tables.repeats import merged
from bot.sources.tables.totals_row import is_total_word, is_totals_row, proves_changes
from bot.sources.tables.transposed import days_as_rows, platforms_as_rows

if TYPE_CHECKING:
    import polars as pl

SHOWN = 20
"""Bad rows that are reported one by one; the rest is counted."""

_TIMES = 2**33
_AT = "at (file name)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """`frame` holds text or typed columns under unique headers; its first row is number
    `first_row` of the file, as a spreadsheet counts. `bad` are rows left out on the way.

    `title` is a line above the header, `sheet` the name of one of several tables of a file,
    which is its account where no column names one.
    """

    name: str
    frame: pl.DataFrame
    first_row: int = 2
    bad: tuple[Fault, ...] = ()
    notes: tuple[str, ...] = ()
    title: str = ""
    sheet: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """`frame` has `account`, `at` and the metrics found, sorted by account and time.

    `names` are what people call those accounts whose key is an id.
    """

    frame: pl.DataFrame
    accounts: list[str]
    names: dict[str, str]
    shape: str
    faults: tuple[Fault, ...]
    bad_rows: int
    notes: tuple[str, ...]


def read_rows(table: Table, options: TableOptions, now: datetime | None = None) -> Rows:
    """Rows of days that have not come yet at `now` are bad: a wrong year or a wrong order.

    Raises SourceChanged where the table as a whole cannot be read, or is a question.
    """
    if table.frame.is_empty():
        raise SourceChanged(
            f"{table.name} has no rows below its header: export it again.", where=table.name
        )
    table = replace(table, frame=_visible(table.frame))
    if (turned := days_as_rows(table.frame)) is not None:
        table = replace(table, frame=turned, notes=(*table.notes, "each column is a day"))
    elif not options.columns:
        turned = platforms_as_rows(table.frame, _platform_of(options))
        if turned is not None:
            note = "columns name platforms: each is read by itself"
            table = replace(table, frame=turned, notes=(*table.notes, note))
    try:
        table, options = _dated_by_name(table, options)
        layout = lay_out(table.frame, options, table.name)
        return _Reader(table, options, layout).rows(now)
    except (NoLayout, AmbiguousDates) as error:
        raise SourceChanged(f"{table.name} {error}.", where=table.name) from None


def _visible(frame: pl.DataFrame) -> pl.DataFrame:
    names = {name: visible(name).strip() for name in frame.columns}
    if len(set(names.values())) == len(names):
        frame = frame.rename(names)
    return visible_cells(frame)


def _dated_by_name(table: Table, options: TableOptions) -> tuple[Table, TableOptions]:
    """The date in the file's name as a column, where `at = "file name"` was said."""
    import polars as pl

    if options.columns.get("at") != FILE_NAME or FILE_NAME in table.frame.columns:
        return table, options
    at = time_in_name(table.name, ZoneInfo(options.timezone), options.date_order)
    if at is None:
        raise NoLayout(
            'has no date in its name, as at = "file name" wants: name it like '
            "followers-2026-11-01.csv, or name the column with the time"
        )
    frame = table.frame.with_columns(pl.lit(at).alias(_AT))
    return replace(table, frame=frame), replace(options, columns={**options.columns, "at": _AT})


class _Reader:
    """Collects the good cells of one table and says what was left out."""

    def __init__(self, table: Table, options: TableOptions, layout: Layout) -> None:
        self.table, self.options, self.layout = table, options, layout
        self.faults = list(table.bad[:SHOWN])
        self.bad_rows = len(table.bad)
        self.notes: list[str] = []
        self.columns: dict[str, str] = {}

    def rows(self, now: datetime | None) -> Rows:
        import polars as pl

        at = self.times(now)
        wide = self.layout.wide
        if wide:
            accounts, metrics = self.wide()
            at = pl.concat([at] * (len(metrics) // len(at)))
        else:
            accounts = accounts_of(self.table.frame, self.layout, self.options, self.table)
            self.refuse_nameless(accounts.coded, at)
            metrics = self.long(at, accounts.coded)
            at = self.whole_days(at, metrics)
        frame, names = self.sorted(accounts.coded, at, metrics)
        if frame.is_empty():
            first = f" ({self.faults[0].text})" if self.faults else ""
            empty = first or self.nothing_filled(metrics)
            raise SourceChanged(
                f"{self.table.name} has no row that can be read{empty}.", where=self.table.name
            )
        frame, names = self.without_sums(frame, names)
        frame = self.without_falling(frame)
        unused = self.layout.unused
        if unused:
            self.notes.append("columns not used: " + ", ".join(unused[:12]))
        return Rows(
            frame=frame,
            accounts=names,
            names={key: name for key, name in accounts.names.items() if key in set(names)},
            shape="wide" if wide else "long",
            faults=tuple(self.faults),
            bad_rows=self.bad_rows,
            notes=(*self.table.notes, *self.layout.notes, *accounts.notes, *self.notes),
        )

    def without_sums(
        self, frame: pl.DataFrame, names: list[str]
    ) -> tuple[pl.DataFrame, list[str]]:
        """Without an "account" whose name means all of them and whose counts are their sum."""
        import polars as pl

        for name in [one for one in names if is_total_word(one.rpartition("/")[2])]:
            metric = frame.columns[2]
            own = frame.filter(pl.col("account") == name).select(
                "at", pl.col(metric).alias("own")
            )
            others = frame.filter(pl.col("account") != name).group_by("at")
            sums = own.join(others.agg(pl.len(), pl.col(metric).sum()), on="at")
            alike = sums.filter((pl.col("own") == pl.col(metric)) & (pl.col("len") > 1))
            if len(alike) and 2 * len(alike) > len(own):
                frame = frame.filter(pl.col("account") != name)
                names = [one for one in names if one != name]
                self.notes.append(f'"{name}" is the sum of the other accounts: passed over')
        return frame, names

    def without_falling(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Running totals alone; what falls as no total does is of each day.

        Raises SourceChanged where that are the followers.
        """
        for metric, found in falling(frame).items():
            column, daily = self.columns.get(metric, metric), DAILY[metric]
            if metric == "followers":
                question = no_total(column, metric, f"{metric} {found.share}")
                raise SourceChanged(
                    f"{self.table.name}: {question}, or leave the column out.",
                    where=f"{self.table.name}:{metric}",
                )
            if found.jumps and daily not in frame.columns:
                self.notes.append(f'"{column}" {found.share}: read as {metric} per day')
                frame = frame.rename({metric: daily})
            else:
                self.notes.append(f'"{column}" {found.share}: no total, and not used')
                frame = frame.drop(metric)
        return frame

    def nothing_filled(self, metrics: pl.DataFrame) -> str:
        """Why a table whose times are right says nothing: what is known of it is empty."""
        known = ", ".join(f'"{self.columns.get(name, name)}"' for name in metrics.columns)
        unknown = [f'"{name}"' for name in self.layout.unused[:8]]
        hint = f"; not known: {', '.join(unknown)}" if unknown else ""
        named = (
            f": if one of them is the followers, --columns followers={self.layout.unused[0]}"
            if unknown
            else ""
        )
        return f": the columns that are known ({known}) are empty{hint}{named}"

    # when

    def times(self, now: datetime | None) -> pl.Series:
        import polars as pl

        frame, layout, options = self.table.frame, self.layout, self.options
        column = frame[layout.roles["at"]]
        if layout.clock:
            column = with_clock(column, frame[layout.clock])
        read = to_times(column, timezone=options.timezone, order=options.date_order)
        at, bad = read.at, read.bad
        totals = is_totals_row(frame[layout.roles["at"]], bad)
        if totals.any():
            self.check_sums(totals, bad)
            bad = bad & ~totals
            many = int(totals.sum())
            rows = "1 row of totals was" if many == 1 else f"{many} rows of totals were"
            self.notes.append(f"{rows} passed over")
        self.refuse_cells(layout.roles["at"], bad, "is no date or time")
        self.refuse_timeless(at, bad | totals)
        if now is not None:
            late = (at > latest(now)).fill_null(False)
            self.refuse_cells(layout.roles["at"], late, "lies in the future")
            at = pl.select(pl.when(~late).then(at)).to_series() if late.any() else at
        return at

    def check_sums(self, totals: pl.Series, bad: pl.Series) -> None:
        """A column whose row of totals is the sum of its days holds changes."""
        for role, name in self.layout.roles.items():
            if role in DAILY and role not in self.options.daily:
                proves_changes(self.table.frame[name], role, totals, bad)

    def refuse_timeless(self, at: pl.Series, bad: pl.Series) -> None:
        """Rows that say something but not when."""
        import polars as pl

        time = self.layout.roles["at"]
        says = pl.any_horizontal(pl.all().exclude(time).is_not_null())
        if at.has_nulls() and len(self.table.frame.columns) > 1:
            full = self.table.frame.select(says).to_series()
            self.refuse_cells(time, at.is_null() & ~bad & full, "is no date or time")

    def whole_days(self, at: pl.Series, metrics: pl.DataFrame) -> pl.Series:
        """Flows whose times are all midnight are of the days that begin there."""
        import polars as pl

        if not set(metrics.columns) <= set(FLOWS) or not at.len() or at.is_null().all():
            return at
        zone = self.options.timezone
        local = pl.from_epoch(at).dt.replace_time_zone("UTC").dt.convert_time_zone(zone)
        if not (local.dt.time() == time(0)).fill_null(True).all():
            return at
        return local.dt.offset_by("1d").dt.epoch("s") - 1

    # who

    def refuse_nameless(self, coded: Coded, at: pl.Series) -> None:
        if "account" not in self.layout.roles:
            return
        named = (
            coded.texts.gather(coded.codes)
            if coded.texts.has_nulls() or coded.codes.has_nulls()
            else coded.codes
        )
        nameless = named.is_null() & at.is_not_null()
        self.refuse_cells(self.layout.roles["account"], nameless, "is no account")

    # how many

    def long(self, at: pl.Series, accounts: Coded) -> pl.DataFrame:
        import polars as pl

        metrics: dict[str, pl.Series] = {}
        bad = pl.repeat(False, len(at), eager=True)
        for role, name, cells in self.metric_cells():
            metric = DAILY[role] if role in self.options.daily or self.per_day(role) else role
            if metric not in METRICS or metric in metrics:
                continue
            factor = self.layout.factors.get(role, 1)
            found = quantity(cells, metric, role=role, factor=factor)
            if found.note:
                self.notes.append(found.note)
            if found.metric in metrics:
                continue
            metrics[found.metric] = found.values
            self.columns[found.metric] = name
            self.refuse_cells(name, found.bad & at.is_not_null() & ~bad, _why(found.metric))
            bad |= found.bad
        self.beside_total(metrics, at, accounts)
        frame = pl.DataFrame(metrics)
        if bad.any():
            frame = frame.select(pl.when(~bad).then(pl.all()))
        return frame

    def per_day(self, role: str) -> bool:
        """Beside followers of days alone, a dashboard's other numbers are of days too."""
        roles = self.layout.roles
        if role not in DAILY or role == "followers" or "followers" in roles:
            return False
        if not {"gained", "lost", "net"} & set(roles):
            return False
        if role not in roles or read_header(roles[role]).kind == "total":
            return False
        steps = to_counts(self.table.frame[roles[role]]).values.diff()
        return bool((steps <= 0).any())

    def metric_cells(self) -> Iterable[tuple[str, str, pl.Series]]:
        """Role, column and cells of each metric; of a tidy table out of its one column."""
        import polars as pl

        frame, layout = self.table.frame, self.layout
        for role, name in layout.roles.items():
            if role in METRICS:
                cells = frame[name]
                if others := layout.beside.get(role):
                    texts = pl.col(name, *others).cast(pl.String)
                    cells = frame.select(pl.coalesce(texts).alias(name)).to_series()
                yield role, name, cells
        if not layout.metric or not layout.value:
            return
        labels = frame[layout.metric].cast(pl.String)
        unknown: list[str] = []
        for label in labels.drop_nulls().unique(maintain_order=True).to_list():
            words = read_header(label)
            if words.role not in METRICS:
                unknown.append(label)
                continue
            picked = frame.select(
                pl.when(labels == label).then(frame[layout.value]).alias(label)
            ).to_series()
            yield words.role, label, picked
        if unknown:
            self.notes.append("metrics not used: " + ", ".join(unknown[:12]))

    def beside_total(self, metrics: dict[str, pl.Series], at: pl.Series, who: Coded) -> None:
        """A column of the same name beside the one called a total holds its days."""
        import polars as pl

        for role, daily in DAILY.items():
            name = self.layout.roles.get(f"{role}?")
            if name is None or role not in metrics or daily in metrics:
                continue
            found = quantity(self.table.frame[name], "net", role=role)
            order = pl.DataFrame([who.codes.alias("c"), at.alias("a")]).select(
                pl.arg_sort_by("c", "a")
            )
            metric = companion(found.values, metrics[role], order.to_series())
            metric = daily if metric and role != "followers" else metric
            if metric is None:
                self.notes.append(f'"{name}" is neither a total nor its change: not used')
                continue
            metrics[metric] = found.values.alias(metric)
            self.notes.append(f'"{name}" was read as {metric} per day, beside the total')

    def wide(self) -> tuple[Accounts, pl.DataFrame]:
        """The columns below each other: as many rows as cells."""
        import numpy as np
        import polars as pl

        metric = DAILY["followers"] if "followers" in self.options.daily else "followers"
        wide, rows = self.layout.wide, len(self.table.frame)
        codes: list[pl.Series] = []
        values: list[pl.Series] = []
        useless: list[str] = []
        frame = self.table.frame.select(wide)
        for group in alike(frame):
            cells = pl.concat([frame.to_series(code) for code in group], rechunk=True)
            found = quantity(cells.alias(wide[group[0]]), metric, role="followers")
            codes.append(pl.Series(np.repeat(np.array(group, np.uint32), rows)))
            values.append(found.values)
            for place in (found.bad.arg_true() // rows).unique(maintain_order=True):
                name, own = wide[group[place]], slice(place * rows, (place + 1) * rows)
                if found.values[own].null_count() == rows and len(wide) > 1:
                    useless.append(name)
                else:
                    self.refuse_cells(name, found.bad[own], _why(metric))
        if len(useless) == len(wide):
            raise NoLayout(f'has no count in any of its columns ("{wide[0]}", ...)')
        if useless:
            self.notes.append("columns without counts, not used: " + ", ".join(useless[:12]))
        names = wide_accounts(wide, self.options)
        return names.coded_by(pl.concat(codes)), pl.concat(values).to_frame(metric)

    # together

    def sorted(
        self, accounts: Coded, at: pl.Series, metrics: pl.DataFrame
    ) -> tuple[pl.DataFrame, list[str]]:
        """By account and time, without rows that say nothing; gives their accounts too."""
        import polars as pl

        names = accounts.texts.unique().drop_nulls().sort()
        ranks = (accounts.texts.rank("dense").cast(pl.Int64) - 1).gather(accounts.codes)
        # one number per row sorts and compares faster than the pair: times stay below 2**33
        frame = pl.DataFrame([ranks.alias("_rank"), at.alias("at"), *metrics.get_columns()])
        frame = frame.with_columns((pl.col("_rank") * _TIMES + pl.col("at")).alias("_key"))
        frame = frame.with_row_index("_row")
        silent = all(column.has_nulls() for column in metrics.get_columns())
        if silent or frame["_key"].has_nulls():
            says = pl.any_horizontal(pl.col(metrics.columns).is_not_null())
            frame = frame.filter(pl.col("_key").is_not_null() & says)
        if not frame["_key"].is_sorted():
            frame = frame.sort("_key", maintain_order=True)
        others = [] if self.layout.wide else self.layout.unused
        frame, notes = merged(frame, metrics.columns, self.table.frame, others)
        self.notes += notes
        used = names.gather(frame["_rank"].unique().sort()).to_list()
        account = names.gather(frame["_rank"]).alias("account")
        return frame.select(account, "at", *metrics.columns), used

    def refuse_cells(self, column: str, bad: pl.Series, what: str) -> None:
        import polars as pl

        if not bad.any():
            return
        rows = bad.arg_true()
        self.bad_rows += len(rows)
        if len(self.faults) >= SHOWN:
            return
        known = column in self.table.frame.columns
        cells = self.table.frame[column if known else str(self.layout.value)]
        for row in rows.head(SHOWN - len(self.faults)):
            # as text: a damaged file may hold dates that Python has no word for
            shown = (cells.slice(row, 1).cast(pl.String, strict=False)[0] or "")[:40]
            where = f"{self.table.name}:{row + self.table.first_row}:{column}"
            text = f'{where}: "{shown}" {what}; the row was left out.'
            self.faults.append(Fault(kind="row", text=text, where=where))


def _platform_of(options: TableOptions) -> str | None:
    own = Account.parse(options.account).platform if options.account else ""
    return options.platform or own or None


def _why(metric: str) -> str:
    return "is no number" if metric == "net" else "is no count"
