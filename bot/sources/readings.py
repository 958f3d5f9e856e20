"""From a table of cells to readings: what every file, query and endpoint goes through."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged
from bot.model import METRICS, Fault
from bot.sources.columns import DAILY, Layout, NoLayout, lay_out
from bot.sources.dates import AmbiguousDates, DateOrder, to_times
from bot.sources.numbers import to_counts

if TYPE_CHECKING:
    import polars as pl

SHOWN = 20
"""Bad rows that are reported one by one; the rest is counted."""

_MOST_PEOPLE = 1_000_000_000
_SIGNED = ("net",)
_RUNNING = ("interactions", "views", "posts")
_FALLING_SHARE = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Meaning:
    """What a table does not say of itself, as config and command line give it.

    `columns` maps roles (`at`, `account`, `followers`, ...) to headers, `account` names the
    one account of a table without such a column.
    """

    platform: str | None = None
    timezone: str = "UTC"
    daily: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    date_order: DateOrder | None = None
    account: str | None = None


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
    shape: str
    faults: tuple[Fault, ...]
    bad_rows: int
    notes: tuple[str, ...]


def read_rows(table: Table, meaning: Meaning) -> Rows:
    """Raises SourceChanged where the table as a whole cannot be read."""
    if table.frame.is_empty():
        raise SourceChanged(
            f"{table.name} has no rows below its header: export it again", where=table.name
        )
    try:
        layout = lay_out(table.frame.columns, meaning.columns)
        at = to_times(
            table.frame[layout.roles["at"]], timezone=meaning.timezone, order=meaning.date_order
        )
    except (NoLayout, AmbiguousDates) as error:
        raise SourceChanged(f"{table.name} {error}.", where=table.name) from None
    reader = _Reader(table, meaning, layout)
    reader.refuse_cells(layout.roles["at"], at.bad, "is no date or time")
    frame = reader.wide(at.at) if layout.wide else reader.long(at.at)
    frame, notes = _tidy(frame)
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
        shape="wide" if layout.wide else "long",
        faults=tuple(reader.faults),
        bad_rows=reader.bad_rows,
        notes=(*table.notes, *notes),
    )


class _Reader:
    """Collects the good cells of one table and says what was left out."""

    def __init__(self, table: Table, meaning: Meaning, layout: Layout) -> None:
        self.table, self.meaning, self.layout = table, meaning, layout
        self.faults = list(table.bad[:SHOWN])
        self.bad_rows = len(table.bad)

    def refuse_cells(self, column: str, bad: pl.Series, what: str) -> None:
        rows = bad.arg_true()
        self.bad_rows += len(rows)
        cells = self.table.frame[column]
        for row in rows.head(max(0, SHOWN - len(self.faults))):
            shown = str(cells[row])[:40]
            where = f"{self.table.name}:{row + self.table.first_row}:{column}"
            text = f'{where}: "{shown}" {what}; the row was left out.'
            self.faults.append(Fault(kind="row", text=text, where=where))

    def long(self, at: pl.Series) -> pl.DataFrame:
        import polars as pl

        good = at.is_not_null()
        columns = {"account": self.accounts(good), "at": at}
        for role, name in self.layout.roles.items():
            if role in METRICS:
                metric = DAILY[role] if role in self.meaning.daily else role
                if metric in columns:
                    continue
                columns[metric], bad = self.counts(name, metric)
                self.refuse_cells(name, bad & good, _why(metric))
                good &= ~bad
        frame = pl.DataFrame({name: series.alias(name) for name, series in columns.items()})
        return frame.filter(good)

    def wide(self, at: pl.Series) -> pl.DataFrame:
        import polars as pl

        metric = DAILY["followers"] if "followers" in self.meaning.daily else "followers"
        parts = []
        for name in self.layout.wide:
            values, bad = self.counts(name, metric)
            self.refuse_cells(name, bad & at.is_not_null(), _why(metric))
            part = pl.DataFrame({"at": at, metric: values})
            account = pl.lit(self.full_name(name)).alias("account")
            parts.append(part.select(account, "at", metric).filter(at.is_not_null()))
        return pl.concat(parts)

    def counts(self, name: str, metric: str) -> tuple[pl.Series, pl.Series]:
        import polars as pl

        counts = to_counts(self.table.frame[name])
        most = _MOST_PEOPLE if metric in {"followers", "following"} else 2**53
        least = -most if metric in _SIGNED else 0
        absurd = ~counts.values.is_between(least, most).fill_null(True)
        values = pl.select(pl.when(~absurd).then(counts.values)).to_series()
        return values.alias(metric), counts.bad | absurd

    def accounts(self, good: pl.Series) -> pl.Series:
        """The account of each row; clears `good` where a row names none."""
        import polars as pl

        frame, roles = self.table.frame, self.layout.roles
        if "account" not in roles:
            if self.meaning.account is None:
                raise SourceChanged(
                    f"{self.table.name} names no account: add a column with the account, or "
                    'say whose counts these are with account = "..." in its section.',
                    where=self.table.name,
                )
            return pl.repeat(self.full_name(self.meaning.account), len(frame), eager=True)
        names = frame[roles["account"]].cast(pl.String)
        distinct = names.unique().drop_nulls()
        full = {name: self.full_name(name) for name in distinct.to_list()}
        platforms = frame[roles["platform"]] if "platform" in roles else None
        if platforms is not None:
            names = self._with_platform(names, platforms.cast(pl.String))
        elif any(name != given for given, name in full.items()):
            names = names.replace(list(full), list(full.values()))
        nameless = names.is_null() | (names == "")
        bad = (nameless & good).fill_null(False)
        self.refuse_cells(roles["account"], bad, "names no account")
        return pl.select(pl.when(~bad).then(names)).to_series()

    def _with_platform(self, names: pl.Series, platforms: pl.Series) -> pl.Series:
        import polars as pl

        pairs = pl.DataFrame({"name": names, "platform": platforms})
        known = pairs.unique().drop_nulls("name")
        full = [self.full_name(name, platform) for name, platform in known.iter_rows()]
        joined = pairs.join(
            known.with_columns(pl.Series("full", full)),
            on=["name", "platform"],
            how="left",
            nulls_equal=True,
            maintain_order="left",
        )
        return joined["full"]

    def full_name(self, name: str, platform: str | None = None) -> str:
        return full_name(name, (platform or "").strip() or self.meaning.platform)


def full_name(name: str, platform: str | None) -> str:
    """`platform/handle` where a platform is known, else the name as it is."""
    handle = name.strip()
    if not handle or not platform or "/" in handle:
        return handle
    return f"{platform.strip().lower()}/{handle.removeprefix('@')}"


def _why(metric: str) -> str:
    return "is no number" if metric in _SIGNED else "is no count"


def _tidy(frame: pl.DataFrame) -> tuple[pl.DataFrame, list[str]]:
    """Sorted, without rows that say nothing; of repeated rows the last one stays."""
    import polars as pl

    metrics = [name for name in frame.columns if name not in {"account", "at"}]
    frame = frame.filter(
        pl.col("account").is_not_null() & pl.any_horizontal(pl.col(metrics).is_not_null())
    )
    codes = frame["account"].cast(pl.Enum(frame["account"].unique().sort()))
    keyed = frame.with_columns(codes.to_physical().alias("_code"))
    keyed = keyed.sort("_code", "at", maintain_order=True)
    same = (pl.col("_code") == pl.col("_code").shift(-1)) & (
        pl.col("at") == pl.col("at").shift(-1)
    )
    repeated = keyed.select(same.fill_null(False)).to_series()
    notes: list[str] = []
    if count := int(repeated.sum()):
        notes.append(f"{count} rows repeat an account and time: the last of each was taken")
        keyed = keyed.filter(~repeated)
    return keyed.drop("_code"), notes


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


def basis_of(frame: pl.DataFrame) -> str | None:
    """What the followers of these readings rest on."""
    filled = {name for name in frame.columns if frame[name].null_count() < len(frame)}
    if "followers" in filled:
        return "total"
    if {"gained", "lost"} <= filled:
        return "gained_lost"
    return "net" if "net" in filled else "gained" if "gained" in filled else None


def day_text(at: int, timezone: str) -> str:
    """The date alone for the end of a day, else the time with its offset."""
    moment = datetime.fromtimestamp(at, ZoneInfo(timezone))
    if (moment.hour, moment.minute, moment.second) == (23, 59, 59):
        return moment.date().isoformat()
    return moment.isoformat()
