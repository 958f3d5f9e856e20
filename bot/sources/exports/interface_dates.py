"""Dates as the dashboards write them: strict tables, so that nothing is read by luck."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from bot.sources.tables.months import folded, months

LANGUAGES = (
    *("en", "de", "es", "pt", "fr", "it", "vi", "el", "nl", "pl", "tr", "id", "ro", "sv"),
    *("da", "nb", "fi", "cs", "hu", "uk", "ru", "ja", "ko", "zh", "ms", "bg"),
)
"""Interface languages whose month names are known."""

_DAY_FIRST = re.compile(
    r"(\d{1,2})(?:\.|º|°|er|e|ο|η)?(?:\s+de|\s+of)?\s+"
    r"([^\W\d][^\d,]*?(?: \d{1,2})?)\.?(?:\s+de)?"
)
_MONTH_FIRST = re.compile(r"([^\W\d][^\d,]*?)\.?\s+(\d{1,2})(?:st|nd|rd|th|\.)?")
_CJK = re.compile(r"(\d{1,2})\s?[月월]\s?(\d{1,2})\s?[日일]")
_ISO = re.compile(r"(\d{4})[-/](\d{1,2})[-/](\d{1,2})(?:[T ].*)?")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})")
_NAMED = (
    # Tue, Aug 26, 2025 | Aug 26, 2025
    re.compile(
        r"(?:[A-Za-z]{3},? )?(?P<month>[A-Za-z]{3,9})\.? (?P<day>\d{1,2}),? (?P<year>\d{4})"
    ),
    # 26 Aug 2025 | Tue 26 Aug 2025
    re.compile(
        r"(?:[A-Za-z]{3},? )?(?P<day>\d{1,2}) (?P<month>[A-Za-z]{3,9})\.?,? (?P<year>\d{4})"
    ),
)

_LONGEST = 40  # letters of a date; the patterns would try too many ways on far longer ones

MonthDay = tuple[int, int]


def iso_day(at: int, zone: ZoneInfo) -> str | None:
    """The date of an epoch time; None where the time is no plausible one."""
    try:
        return datetime.fromtimestamp(at, zone).date().isoformat()
    except (ValueError, OverflowError, OSError):
        return None


def parse_day(text: str, *, american: bool = False) -> date | None:
    """A date with its year: ISO, `2025/10/31`, `Tue, Aug 26, 2025`, `Thu Jan 01 2026`.

    `american` also takes MM/DD/YYYY, where the format is known to write that.
    """
    text = text.strip()
    if len(text) > _LONGEST:
        return None
    if match := _ISO.fullmatch(text):
        return _date(*(int(part) for part in match.groups()))
    if american and (match := _AMERICAN.fullmatch(text)):
        month, day, year = (int(part) for part in match.groups())
        return _date(year, month, day)
    for pattern in _NAMED:
        if match := pattern.fullmatch(text):
            number = months("en").get(match["month"].casefold())
            return _date(int(match["year"]), number, int(match["day"])) if number else None
    return None


def _date(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day) if 1990 <= year <= 2100 else None
    except ValueError:
        return None


def parse_month_day(text: str, language: str) -> MonthDay | None:
    """A date without a year in one language: `February 28`, `8 de marzo`, `18 tháng Sáu`."""
    if len(text) > _LONGEST:
        return None
    text = folded(text)
    if language in {"ja", "ko", "zh"}:
        match = _CJK.fullmatch(text)
        return _month_day(int(match[1]), int(match[2])) if match else None
    names = months(language)
    if match := _DAY_FIRST.fullmatch(text):
        return _month_day(names.get(match[2].strip()), int(match[1]))
    if match := _MONTH_FIRST.fullmatch(text):
        return _month_day(names.get(match[1].strip()), int(match[2]))
    return None


def _month_day(month: int | None, day: int) -> MonthDay | None:
    if month is None or not 1 <= month <= 12:
        return None
    return (month, day) if _date(2024, month, day) else None


def languages_of(texts: Sequence[str]) -> list[tuple[str, list[MonthDay]]]:
    """Every reading of the dates that some language allows for all of them, without repeats."""
    found: list[tuple[str, list[MonthDay]]] = []
    for language in LANGUAGES:
        if not texts or parse_month_day(texts[0], language) is None:
            continue
        days = [parse_month_day(text, language) for text in texts]
        known = [day for day in days if day is not None]
        if len(known) == len(texts) and all(known != other for _, other in found):
            found.append((language, known))
    return found


def first_break(days: Sequence[MonthDay]) -> int | None:
    """Index of the first day that does not follow the one before; None where all run on."""
    for index in range(1, len(days)):
        if days[index] not in _next(days[index - 1]):
            return index
    return None


def _next(day: MonthDay) -> set[MonthDay]:
    """In a leap year and in another."""
    following = {date(year, *day) + timedelta(1) for year in (2024, 2023) if _date(year, *day)}
    return {(d.month, d.day) for d in following}


def last_year(days: Sequence[MonthDay], latest: date) -> list[date] | None:
    """Full dates of days that run on: the newest ones that end on or before `latest`.

    None where no year within the last eight fits, 29 February included.
    """
    for year in range(latest.year, latest.year - 9, -1):
        end = _date(year, *days[-1])
        if end is None or end > latest:
            continue
        dates = [end - timedelta(back) for back in range(len(days) - 1, -1, -1)]
        if all((d.month, d.day) == day for d, day in zip(dates, days, strict=True)):
            return dates
    return None
