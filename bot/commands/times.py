"""Days and moments as people write them; what can be read two ways is refused."""

import re
from datetime import date, datetime, time, timedelta
from functools import cache

from babel import Locale
from babel.dates import get_day_names, get_month_names

from bot.config.settings import parse_duration

MORNING = time(9)
"""The time of day that a day without one means: "mute until friday" ends when people are up."""

_LONGEST = timedelta(days=3660)
_NEAR = {
    "yesterday": -1,
    "today": 0,
    "tomorrow": 1,
    "gestern": -1,
    "heute": 0,
    "morgen": 1,
    "übermorgen": 2,
}
_CLOCK = re.compile(r"^(\d{1,2})(?::(\d{2}))?\s*(am|pm|uhr)?$")
_NUMBERS = re.compile(r"^(\d{1,2})([./])(\d{1,2})\2(\d{4}|\d{2})?$")


def read_span(text: str) -> timedelta:
    """ "30d", "2h" or a plain number of days, at most ten years; else ValueError."""
    span = (
        timedelta(days=int(text)) if text.isascii() and text.isdigit() else parse_duration(text)
    )
    if not timedelta(0) < span <= _LONGEST:
        raise ValueError(text)
    return span


def read_day(text: str, today: date) -> date:
    """A day: ISO, "05.01.2027", "5 Jan 2027", "Jan 5", a weekday (the next one) or "tomorrow".

    A day without a year is the next such day. "05/01/2027" is two days to two people:
    ValueError, as for everything else that is no day.
    """
    words = " ".join(text.lower().replace(",", " ").split())
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", words):
        return date.fromisoformat(words)
    if words in _NEAR:
        return today + timedelta(days=_NEAR[words])
    if found := re.fullmatch(r"in (\d{1,4}) (?:days?|tag(?:en)?)", words):
        return today + timedelta(days=int(found[1]))
    weekday = _weekdays().get(re.sub(r"^(?:next|on|am|nächsten?) ", "", words).rstrip("."))
    if weekday is not None:
        return today + timedelta(days=(weekday - today.weekday() - 1) % 7 + 1)
    if found := _NUMBERS.match(words):
        first, sign, second, year = int(found[1]), found[2], int(found[3]), found[4]
        if sign == "/":
            if (first <= 12) == (second <= 12) and first != second:
                raise ValueError(text)
            if second > 12:
                first, second = second, first
        return _dated(first, second, year, today)
    return _with_month_name(words, today)


def read_moment(text: str, now: datetime) -> timedelta:
    """How long from `now` (with its zone) until "2h", "18:00", "friday", "tomorrow 8:00" ...

    A day alone means its morning. ValueError where that lies behind.
    """
    words = " ".join(text.lower().split()).removeprefix("until ")
    words = re.sub(r"(?<=\d) (?=(?:am|pm|uhr)$)", "", words)
    try:
        return read_span(words.removeprefix("for "))
    except ValueError:
        pass
    day, _, clock = words.rpartition(" ")
    at = _clock(clock)
    if at is None:
        end = datetime.combine(read_day(words, now.date()), MORNING, now.tzinfo)
    elif day:
        end = datetime.combine(read_day(day, now.date()), at, now.tzinfo)
    else:
        end = datetime.combine(now.date(), at, now.tzinfo)
        if end <= now:
            end = datetime.combine(now.date() + timedelta(days=1), at, now.tzinfo)
    # through epoch seconds: a difference of local times is wrong where the clocks change
    span = timedelta(seconds=end.timestamp() - now.timestamp())
    if not timedelta(0) < span <= _LONGEST:
        raise ValueError(text)
    return span


def _clock(text: str) -> time | None:
    found = _CLOCK.match(text)
    if found is None or not (found[2] or found[3]):
        return None  # a bare number is no time of day
    hour, minute, half = int(found[1]), int(found[2] or 0), found[3]
    if half in ("am", "pm"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _with_month_name(words: str, today: date) -> date:
    found = re.fullmatch(r"(\d{1,2})(?:\.|st|nd|rd|th)? ([^\W\d]+)\.?(?: (\d{4}))?", words)
    if found:
        day, name, year = found.groups()
    else:
        found = re.fullmatch(r"([^\W\d]+)\.? (\d{1,2})(?:st|nd|rd|th)?(?: (\d{4}))?", words)
        if found is None:
            raise ValueError(words)
        name, day, year = found.groups()
    if name not in _months():
        raise ValueError(words)
    return _dated(int(day), _months()[name], year, today)


def _dated(day: int, month: int, year: str | None, today: date) -> date:
    if year is not None:
        return date(int(year) + (2000 if len(year) == 2 else 0), month, day)
    for ahead in range(5):  # 29 February may be four years away
        try:
            found = date(today.year + ahead, month, day)
        except ValueError:
            continue
        if found >= today:
            return found
    raise ValueError(f"{day}.{month}.")


@cache
def _weekdays() -> dict[str, int]:
    """Weekday names of both languages, whole and short, from Monday = 0."""
    return {
        name.lower().rstrip("."): number
        for locale in ("en", "de")
        for width in ("wide", "abbreviated", "short")
        for number, name in get_day_names(width, locale=Locale(locale)).items()
        if len(name) > 1
    }


@cache
def _months() -> dict[str, int]:
    """Month names of both languages, whole and short; a name means one month in both."""
    return {
        name.lower().rstrip("."): number
        for locale in ("en", "de")
        for width in ("wide", "abbreviated")
        for number, name in get_month_names(width, locale=Locale(locale)).items()
    } | {"jän": 1, "jänner": 1, "sept": 9}
