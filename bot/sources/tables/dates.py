"""Times as files write them; strict tables instead of a general date parser.

ISO dates, epochs and dates with a named month and a year speak for themselves, row by row.
Numeric dates (26/02/2026, 02.03.26) share one order per file, which the file has to prove.
"""

from __future__ import annotations

import contextlib
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, cast, get_args
from zoneinfo import ZoneInfo

from bot.sources.tables.cells import coded_texts
from bot.sources.tables.invisible import visible
from bot.sources.tables.months import all_months, folded
from bot.sources.tables.numbers import is_missing
from bot.sources.tables.options import DateOrder

if TYPE_CHECKING:
    import polars as pl

EARLIEST = int(datetime(1990, 1, 1, tzinfo=UTC).timestamp())
LATEST = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())

_END_OF_DAY = time(23, 59, 59)
_ISO = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|\s?\.\s?(\d{1,2})\s?\.\s?(\d{1,2})\.?"
    r"|\s?[年년]\s?(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]?|(\d{2})(\d{2}))"
)
_WEEK = re.compile(r"\d{4}-?w\d\d-?[1-7]")
_ERAS = {"令和": 2018, "平成": 1988, "昭和": 1925}
_ERA = re.compile(rf"({'|'.join(_ERAS)})(\d{{1,2}}|元)年")
_BUDDHIST = range(2533, 2644)
"""Years that are written so in Thailand, 543 ahead: 1990 to 2100."""
_NUMERIC = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})\2\s?(\d{4}|\d{2})")
_CLOCK = re.compile(
    r"(am|pm)?\s?(\d{1,2})(?:[:.h時点시]\s?(\d{2})[分분]?(?:[:.]?\s?(\d{2})(?:[.,]\d+)?[秒초]?)?|[時点시])"
    r"\s*([ap]\.?m\.?)?\s*(z|utc|gmt)?\s*([+-]\d{2}(?::?\d{2})?)?\s*([a-z]{1,4})?"
)
_SQUEEZED = re.compile(r"(\d{2})-?(\d{2})(?:-?(\d{2}))?(z?)")
_HALVES = {"오전": "am", "오후": "pm", "午前": "am", "午後": "pm", "上午": "am", "下午": "pm"}
# RFC 822's names and those that mean one offset everywhere
_ZONES = {
    "z": 0,
    "utc": 0,
    "gmt": 0,
    "ut": 0,
    "wet": 0,
    "cet": 1,
    "cest": 2,
    "eet": 2,
    "eest": 3,
    "msk": 3,
    "jst": 9,
    "kst": 9,
    "est": -5,
    "edt": -4,
    "cst": -6,
    "cdt": -5,
    "mst": -7,
    "mdt": -6,
    "pst": -8,
    "pdt": -7,
    "uhr": None,
    "hrs": None,
    "h": None,
}
_SERIALS = (32_874, 73_051)  # Excel's numbers of 1990-01-01 and 2100-01-01
_LONGEST = 80
"""Signs of a time; the longest of JavaScript with its zone's name have 60."""
_LONGEST_GAP = 14
"""Days between readings taken regularly; in the wrong order they lie months apart."""
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
        if (serial := _from_serials(column.cast(pl.Float64), zone)) is not None:
            return Times(serial, serial.is_null() & column.is_not_null(), None)
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


def with_clock(dates: pl.Series, clocks: pl.Series) -> pl.Series:
    """The time of day that stands in a column of its own, put behind the date."""
    import polars as pl

    day = dates.cast(pl.String)
    clock = clocks.cast(pl.String).str.strip_chars().replace("", None)
    both = pl.concat_str([day, pl.lit(" "), clock])
    return pl.select(pl.coalesce(both, day)).to_series().alias(dates.name)


def _from_serials(numbers: pl.Series, zone: ZoneInfo) -> pl.Series | None:
    """Days since 1899-12-30, as spreadsheets keep dates; None where a number is none."""
    import polars as pl

    low, high = _SERIALS
    if not numbers.len() or not numbers.is_between(low, high).fill_null(True).all():
        return None
    if numbers.null_count() == len(numbers):
        return None
    known: dict[float, int] = {}
    for number in numbers.drop_nulls().unique().to_list():
        whole = int(number)
        day = date(1899, 12, 30) + timedelta(whole)
        spent = timedelta(seconds=round((number - whole) * 86400))
        moment = datetime.combine(day, time()) + spent
        known[number] = _moment(moment, zone) if spent else end_of_day(day, zone)
    return numbers.replace_strict(list(known), list(known.values()), return_dtype=pl.Int64)


def _from_text(column: pl.Series, timezone: str, order: DateOrder | None) -> Times:
    """Common shapes column by column, the rest once per distinct text."""
    import polars as pl

    zone = ZoneInfo(timezone)
    first = column.drop_nulls().head(1).to_list()
    if first and re.fullmatch(r"\d{5}(?:[.,]\d+)?", first[0].strip()):
        numbers = column.str.strip_chars().str.replace(",", ".").cast(pl.Float64, strict=False)
        serial = _from_serials(numbers, zone) if not numbers.is_null().all() else None
        if serial is not None:
            absent = column.is_null() | column.str.strip_chars().is_in(["", "-"])
            return Times(serial.alias(column.name), serial.is_null() & ~absent, None)
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
    rest = re.sub(r"\s*(\([^)]*\)|m=[+-][\d.]+|,)\s*$", "", rest).strip()
    rest = re.sub(r"^[t_,:]|^(?:at|um|kl\.?|a las|à)(?= )", "", rest.lstrip(", ")).strip()
    if not rest:
        return end_of_day(day, zone)
    return _at_clock(day, rest, zone)


def is_time(text: str) -> bool:
    """True of a date or moment in any known shape and order."""
    return _is_time(text[:_LONGEST])


@lru_cache(1 << 15)  # every look at a table asks it of its headers, which may be thousands
def _is_time(text: str) -> bool:
    zone = ZoneInfo("UTC")
    if not any(map(str.isdigit, text)):
        return False
    if parse_time(text, zone, "dmy") is not None:
        return True
    return bool(_NUMERIC.match(_plain(text))) and parse_time(text, zone, "mdy") is not None


def clock_of(text: str) -> str | None:
    """A time of day without a date, as it stands; None for anything else."""
    plain = _plain(text)
    if re.fullmatch(r"\d{1,2}\.\d{2}", plain):
        return None  # a number
    known = _at_clock(date(2020, 1, 2), plain, ZoneInfo("UTC"))
    return plain if ":" in plain and known is not None else None


def _at_clock(day: date, rest: str, zone: ZoneInfo) -> int | None:
    for word, short in _HALVES.items():
        rest = rest.replace(word, short)
    half: str | None = None
    if match := _SQUEEZED.fullmatch(rest):
        clock, offset = match.group(1, 2, 3), str(match[4])
    elif match := _CLOCK.fullmatch(rest):
        clock, half = match.group(2, 3, 4), match[1] or match[5]
        if match[8] and match[8] not in _ZONES:
            return None
        offset = match[7] or match[6] or (match[8] if _ZONES.get(match[8]) is not None else "")
    else:
        return None
    hour, minute, second = (int(part or 0) for part in clock)
    if half:
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half.startswith("p") else 0)
    try:
        naive = datetime.combine(day, time(hour, minute, min(second, 59)))
    except ValueError:
        return None
    if not offset:
        return _moment(naive, zone)
    return int(naive.replace(tzinfo=UTC).timestamp()) - _seconds_ahead(offset)


def _seconds_ahead(offset: str) -> int:
    """Of "+0100", "+01:00" or "cet"."""
    if offset[0] not in "+-":
        return (_ZONES[offset] or 0) * 3600
    digits = offset[1:].replace(":", "").ljust(4, "0")
    seconds = int(digits[:2]) * 3600 + int(digits[2:]) * 60
    return -seconds if offset[0] == "-" else seconds


def _date_and_rest(plain: str, order: DateOrder | None) -> tuple[date, str] | None:
    if match := _WEEK.match(plain):
        with contextlib.suppress(ValueError):  # a year without that week
            return date.fromisoformat(match[0].upper()), plain[match.end() :]
    if match := _ERA.match(plain):
        ours = _ERAS[match[1]] + (1 if match[2] == "元" else int(match[2]))
        plain = f"{ours}年{plain[match.end() :]}"
    if match := _ISO.match(plain):
        year, *parts = (part for part in match.groups() if part and part.isdigit())
        return _dated(year, parts[0], parts[1], plain[match.end() :])
    if match := _NUMERIC.match(plain):
        first, second, year = match[1], match[3], match[4]
        if order is None or (len(year) == 2 and order == "ymd"):
            ymd = order == "ymd"
            return _dated(f"20{first}", second, year, plain[match.end() :]) if ymd else None
        day, month = (first, second) if order == "dmy" else (second, first)
        return _dated(year if len(year) == 4 else f"20{year}", month, day, plain[match.end() :])
    return _named_date(plain)


_SHORT_YEAR = re.compile(
    r"(\d{1,2})[-/. ]([^\W\d_]+)\.?[-/. ]'?(\d{2})(?:,? (.*))?"
    r"|([^\W\d_]+)\.? (\d{1,2}),? '(\d{2})"
)


_DAY = re.compile(r"(?<!\d)\d{1,2}(?!\d)")


def _named_date(plain: str) -> tuple[date, str] | None:
    """ "8 de marzo de 2026", "Feb 26, 2026", "1-Nov-26", "Sun Nov 01 09:00:00 +0000 2026".

    A year is needed.
    """
    if not _DAY.search(plain):
        return None
    if match := _SHORT_YEAR.fullmatch(plain):
        day, name, year = match.group(1, 2, 3) if match[1] else match.group(6, 5, 7)
        short = all_months().get(folded(name))
        return _dated(f"20{year}", str(short), day, match[4] or "") if short else None
    if re.search(r"\d\s+[-–—~]\s+\w|[–—]", plain):  # "Nov 1 - Nov 7 2026"
        return None
    plain = re.sub(r"(\d{4}):(?=\d\d:\d\d)", r"\1 ", plain)
    words = re.findall(r"(?<=\s)[+-]\d{2}:?\d{2}|\d+:\d\S*|\d+|[^\W\d_]+\.?", plain)
    named = (all_months().get(folded(word)) for word in words)
    month = next((number for number in named if number), None)
    year = next((w for w in words if re.fullmatch(r"\d{4}", w)), None)
    day = next((w for w in words if re.fullmatch(r"\d{1,2}", w)), None)
    if month is None or year is None or day is None:
        return None
    clock = re.search(r"\d{1,2}:\d{2}.*$", plain)
    rest = re.sub(r"\s+\d{4}$", "", clock[0]) if clock else ""  # the year may stand last
    return _dated(year, str(month), day, rest)


def _dated(year: str, month: str, day: str, rest: str) -> tuple[date, str] | None:
    with contextlib.suppress(ValueError):
        own = int(year) - 543 * (int(year) in _BUDDHIST)
        return date(own, int(month), int(day)), rest
    return None


def _plain(text: str) -> str:
    shown = visible(text[:_LONGEST])
    folded = unicodedata.normalize("NFKC", shown).strip().strip("'\"").casefold()
    return re.sub(r"\s+", " ", folded)


def date_order(texts: Iterable[str]) -> DateOrder | None:
    """The order that numeric dates prove, None where there are none.

    Proof is a value above 12, or days that run on in one order and not in the other.
    Raises AmbiguousDates without proof, or where two rows prove different orders.
    """
    pairs: list[tuple[int, int, int]] = []
    short: list[tuple[int, int, int]] = []
    proof: dict[DateOrder, str] = {}
    shown = ""
    for text in texts:
        match = _NUMERIC.match(_plain(text))
        if not match or _ISO.match(_plain(text)):
            continue
        first, second, year = int(match[1]), int(match[3]), int(match[4])
        if len(match[4]) == 2:
            short.append((first, second, year))
            shown = text.strip()
            continue
        pairs.append((first, second, year))
        if first > 12 >= second:
            proof.setdefault("dmy", text)
        elif second > 12 >= first:
            proof.setdefault("mdy", text)
    if short:
        orders = [order for order in get_args(DateOrder) if _runs_on_short(short, order)]
        if pairs or len(orders) != 1:
            raise AmbiguousDates(
                f'writes the year of "{shown}" with two digits: --date-order dmy, mdy or ymd, '
                'or for good date_order = "dmy" in its section'
            )
        return cast(DateOrder, orders[0])
    if not pairs:
        return None
    if len(proof) == 2:
        raise AmbiguousDates(
            f'mixes two orders of dates ("{proof["dmy"]}" and "{proof["mdy"]}"): '
            "--date-order dmy or mdy, and correct the others"
        )
    if proof:
        return next(iter(proof))
    running = [order for order in ("dmy", "mdy") if _runs_on(pairs, order)]
    if len(running) == 1:
        return "dmy" if running[0] == "dmy" else "mdy"
    first, second, year = pairs[0]
    raise AmbiguousDates(
        f'does not show whether "{first:02}/{second:02}/{year}" names the day or the month '
        'first: --date-order dmy or mdy, or for good date_order = "dmy" in its section'
    )


def _runs_on_short(triples: Sequence[tuple[int, int, int]], order: str) -> bool:
    """The same for years of two digits, in three orders; not of days that lie far ahead."""
    if order == "ymd":
        triples = [(day, month, year) for year, month, day in triples]
    full = [(first, second, 2000 + year) for first, second, year in triples]
    return _runs_on(full, "mdy" if order == "mdy" else "dmy")


def _runs_on(pairs: Sequence[tuple[int, int, int]], order: str) -> bool:
    """True where three or more days follow each other, day by day or week by week."""
    days: set[date] = set()
    for first, second, year in pairs:
        day, month = (first, second) if order == "dmy" else (second, first)
        try:
            days.add(date(year, month, day))
        except ValueError:
            return False
    ordered = sorted(days)
    gaps = {(after - before).days for before, after in pairwise(ordered)}
    return len(days) >= 3 and len(gaps) == 1 and max(gaps) <= _LONGEST_GAP
