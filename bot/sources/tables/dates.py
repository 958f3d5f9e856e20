"""Times as files write them; strict tables instead of a general date parser.

ISO dates, epochs and dates with a named month and a year speak for themselves, row by row.
Numeric dates (26/02/2026, 02.03.26) share one order per file, which the file has to prove.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.sources.tables.cells import coded_texts
from bot.sources.tables.months import MONTHS
from bot.sources.tables.numbers import is_missing
from bot.sources.tables.options import DateOrder

if TYPE_CHECKING:
    import polars as pl

EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())

_END_OF_DAY = time(23, 59, 59)
_ISO = re.compile(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{4})(\d{2})(\d{2})")
_NUMERIC = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_CLOCK = re.compile(
    r"(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*([ap]\.?m\.?)?"
    r"\s*(z|utc|gmt|[+-]\d{2}(?::?\d{2})?)?"
)
_EPOCH = re.compile(r"(\d{9,10})(\d{3}|\d{6}|\d{9})?(?:\.\d+)?")
_COLUMNAR = (
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M:%SZ",
    "%Y-%m-%dT%H:%M:%S%.fZ",
    "%Y-%m-%dT%H:%M:%S%:z",
    "%Y-%m-%d %H:%M:%S%:z",
)


def latest(now: datetime) -> int:
    """Until when a reading may be dated: the end of today lies ahead, wherever that is."""
    return int((now + timedelta(days=1)).timestamp())


class AmbiguousDates(ValueError):
    """The text ends a sentence that begins with the file's name."""


@dataclass(frozen=True, slots=True)
class Times:
    """`at` is Int64 epoch seconds, null where the cell is missing or no date."""

    at: pl.Series
    bad: pl.Series
    order: DateOrder | None


def to_times(column: pl.Series, *, timezone: str, order: DateOrder | None = None) -> Times:
    """Reads a whole column; raises AmbiguousDates where nothing proves the order.

    A date without a time is 23:59:59 of that date in `timezone`; so is a naive time meant.
    """
    import polars as pl

    zone = ZoneInfo(timezone)
    if column.dtype == pl.Date:
        at = _ends_of_days(column, zone)
    elif isinstance(column.dtype, pl.Datetime):
        at = _seconds(column, timezone)
    elif column.dtype.is_numeric():
        at = _from_text(column.cast(pl.Int64, strict=False).cast(pl.String), timezone, "ymd").at
    elif isinstance(column.dtype, pl.Categorical):
        coded = coded_texts(column)
        once = _from_text(coded.texts, timezone, order)
        at, bad = once.at.gather(coded.codes), once.bad.gather(coded.codes).fill_null(False)
        return Times(at.alias(column.name), bad, once.order)
    elif column.dtype == pl.String:
        return _from_text(column, timezone, order)
    else:
        at = pl.Series(column.name, [None] * len(column), dtype=pl.Int64)
    return Times(at, at.is_null() & column.is_not_null(), None)


def _from_text(column: pl.Series, timezone: str, order: DateOrder | None) -> Times:
    """Common shapes column by column, the rest once per distinct text."""
    import polars as pl

    zone = ZoneInfo(timezone)
    iso = column.str.contains(r"^\d{4}-\d\d-\d\d$").fill_null(False)
    days = column.set(~iso, None) if not iso.all() else column
    at = _ends_of_days(days.str.to_date("%Y-%m-%d", strict=False), zone)
    for shape in _COLUMNAR:
        if not (rest := at.is_null()).any():
            break
        sample = column.filter(rest).drop_nulls().head(1)
        if not len(sample) or sample.str.to_datetime(shape, strict=False)[0] is None:
            continue
        parsed = _seconds(
            column.set(~rest, None).str.to_datetime(shape, strict=False), timezone
        )
        at = pl.select(pl.coalesce(at, parsed)).to_series()
    odd = column.filter(at.is_null()).drop_nulls().unique(maintain_order=True).to_list()
    order = order or (date_order(odd) if odd else None)
    known = {text: parse_time(text, zone, order) for text in odd}
    good = [text for text, value in known.items() if value is not None]
    late = column.replace_strict(
        good, [known[text] for text in good], default=None, return_dtype=pl.Int64
    )
    at = pl.select(pl.coalesce(at, late)).to_series()
    at = at.set(~at.is_between(EARLIEST, LATEST), None).alias(column.name)
    absent = column.is_null() | column.is_in([text for text in odd if is_missing(text)])
    return Times(at, at.is_null() & ~absent, order)


def _ends_of_days(days: pl.Series, zone: ZoneInfo) -> pl.Series:
    import polars as pl

    days = days.set(~days.is_between(date(1990, 1, 1), date(2100, 1, 1)), None)
    distinct = days.drop_nulls().unique()
    ends = [end_of_day(day, zone) for day in distinct.to_list()]
    return days.replace_strict(distinct, ends, default=None, return_dtype=pl.Int64)


def _seconds(moments: pl.Series, timezone: str) -> pl.Series:
    import polars as pl

    dtype = moments.dtype
    if isinstance(dtype, pl.Datetime) and dtype.time_zone is None:
        local = moments.dt.replace_time_zone(
            timezone, ambiguous="earliest", non_existent="null"
        )
        skipped = moments.filter(local.is_null() & moments.is_not_null()).unique()
        valid = [_moment(m, ZoneInfo(timezone)) for m in skipped.to_list()]
        late = moments.replace_strict(skipped, valid, default=None, return_dtype=pl.Int64)
        return pl.select(pl.coalesce(local.dt.epoch("s"), late)).to_series()
    return moments.dt.epoch("s")


def end_of_day(day: date, zone: ZoneInfo) -> int:
    return _moment(datetime.combine(day, _END_OF_DAY), zone)


def _moment(naive: datetime, zone: ZoneInfo) -> int:
    return int(naive.replace(tzinfo=zone).timestamp())


def parse_time(text: str, zone: ZoneInfo, order: DateOrder | None = None) -> int | None:
    """Epoch seconds of one cell; None where it is missing or no date in a known shape."""
    plain = _plain(text)
    if (number := _EPOCH.fullmatch(plain)) and int(number[1]) >= EARLIEST:
        return int(number[1])
    read = _date_and_rest(plain, order)
    if read is None:
        return None
    day, rest = read
    rest = rest.strip().removeprefix("t").lstrip(", ").removeprefix("at ").strip()
    if not rest:
        return end_of_day(day, zone)
    return _at_clock(day, rest, zone)


def _at_clock(day: date, rest: str, zone: ZoneInfo) -> int | None:
    match = _CLOCK.fullmatch(rest)
    if not match:
        return None
    hour, minute, second = int(match[1]), int(match[2]), int(match[3] or 0)
    if match[4]:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if match[4].startswith("p") else 0)
    try:
        naive = datetime.combine(day, time(hour, minute, min(second, 59)))
    except ValueError:
        return None
    if not match[5]:
        return _moment(naive, zone)
    if match[5] in {"z", "utc", "gmt"}:
        return int(naive.replace(tzinfo=UTC).timestamp())
    digits = match[5][1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    if match[5][0] == "-":
        offset = -offset
    return int(naive.replace(tzinfo=UTC).timestamp() - offset.total_seconds())


def _date_and_rest(plain: str, order: DateOrder | None) -> tuple[date, str] | None:
    if match := _ISO.match(plain):
        parts = (match[1], match[3], match[4]) if match[1] else (match[5], match[6], match[7])
        return _dated(*parts, plain[match.end() :])
    if match := _NUMERIC.match(plain):
        first, second, year = match[1], match[3], match[4]
        if order is None or (len(year) == 2 and order == "ymd"):
            ymd = order == "ymd"
            return _dated(f"20{first}", second, year, plain[match.end() :]) if ymd else None
        day, month = (first, second) if order == "dmy" else (second, first)
        return _dated(year if len(year) == 4 else f"20{year}", month, day, plain[match.end() :])
    return _named_date(plain)


def _named_date(plain: str) -> tuple[date, str] | None:
    """ "8 de marzo de 2026", "Feb 26, 2026", "26. Februar 2026"; a year is needed."""
    words = re.findall(r"\d+:\d\S*|\d+|[^\W\d_]+\.?", plain)
    month = next((MONTHS[w.rstrip(".")] for w in words if w.rstrip(".") in MONTHS), None)
    year = next((w for w in words if re.fullmatch(r"\d{4}", w)), None)
    day = next((w for w in words if re.fullmatch(r"\d{1,2}", w)), None)
    if month is None or year is None or day is None:
        return None
    clock = re.search(r"\d{1,2}:\d{2}.*$", plain)
    return _dated(year, str(month), day, clock[0] if clock else "")


def _dated(year: str, month: str, day: str, rest: str) -> tuple[date, str] | None:
    try:
        return date(int(year), int(month), int(day)), rest
    except ValueError:
        return None


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKC", text[:64]).strip().strip("'\"").casefold()
    return re.sub(r"\s+", " ", folded)


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """The order that numeric dates prove, None where there are none.

    Proof is a value above 12, or days that run on in one order and not in the other.
    Raises AmbiguousDates without proof, or where two rows prove different orders.
    """
    pairs: list[tuple[int, int, int]] = []
    proof: dict[DateOrder, str] = {}
    for text in texts:
        match = _NUMERIC.match(_plain(text))
        if not match or _ISO.match(_plain(text)):
            continue
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        pairs.append((first, second, year))
        if len(match[4]) == 2:
            raise AmbiguousDates(
                f'writes the year of "{text.strip()}" with two digits: '
                'set date_order = "dmy", "mdy" or "ymd"'
            )
        if first > 12 >= second:
            proof.setdefault("dmy", text)
        elif second > 12 >= first:
            proof.setdefault("mdy", text)
    if not pairs:
        return None
    if len(proof) == 2:
        raise AmbiguousDates(
            f'mixes two orders of dates ("{proof["dmy"]}" and "{proof["mdy"]}"): '
            'set date_order = "dmy" or "mdy" and correct the others'
        )
    if proof:
        return next(iter(proof))
    running = [order for order in ("dmy", "mdy") if _runs_on(pairs, order)]
    if len(running) == 1:
        return "dmy" if running[0] == "dmy" else "mdy"
    first, second, year = pairs[0]
    raise AmbiguousDates(
        f'does not show whether "{first:02}/{second:02}/{year}" names the day or the month '
        'first: set date_order = "dmy" or "mdy"'
    )


def _runs_on(pairs: Sequence[tuple[int, int, int]], order: str) -> bool:
    """True where three or more days follow each other without a gap."""
    days: set[date] = set()
    for first, second, year in pairs:
        day, month = (first, second) if order == "dmy" else (second, first)
        try:
            days.add(date(year, month, day))
        except ValueError:
            return False
    return len(days) >= 3 and (max(days) - min(days)).days == len(days) - 1
