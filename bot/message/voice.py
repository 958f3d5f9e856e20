"""How one channel is spoken to: its language, its numbers, its time zone."""

import math
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import cache
from gettext import NullTranslations
from typing import Literal
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import UnknownLocaleError
from babel.dates import format_interval, format_skeleton, format_time, format_timedelta
from babel.numbers import format_decimal, format_percent

from bot.locales import SOURCE, languages, translations
from bot.model.inline import link, moment
from bot.model.reading import DAY
from checks.platforms import platform_name, profile_url

_UNITS: tuple[tuple[Literal["day", "hour", "minute"], int, int], ...] = (
    ("day", DAY, 2 * DAY),
    ("hour", 3600, 5400),
    ("minute", 60, 0),
)


LANGUAGES = languages()
"""Codes of all that are spoken."""
LANGUAGE_NAMES = {code: Locale(code).get_language_name() or code for code in LANGUAGES}
"""Each language's name in itself: "Deutsch"."""


@dataclass(frozen=True, slots=True)
class Voice:
    """Texts, numbers and dates in one locale and time zone; made by `voice_for`."""

    locale: Locale
    zone: ZoneInfo
    catalogue: NullTranslations
    names: Mapping[str, str] = field(default_factory=dict, compare=False)
    """What people call accounts, where that is known."""

    def account(self, account: str, limit: int = 60) -> str:
        """An account as people know it, linked to its profile: "Lena (Instagram)".

        Without a name it is what commands take, `platform/handle`.
        """
        return link(self.name_of(account, limit), profile_url(account))

    def name_of(self, account: str, limit: int = 60) -> str:
        """The same as bare words."""
        name = one_line(self.names.get(account, ""), limit)
        if not name:
            return one_line(account, limit)
        platform = account.partition("/")[0] if "/" in account else ""
        shown = platform_name(platform) or one_line(platform)
        return f"{name} ({shown})" if shown else name

    def say(self, text: str, /, **values: object) -> str:
        """The translated text with `{name}` filled in."""
        return self.catalogue.gettext(text).format(**values)

    def plural(self, one: str, many: str, n: int, /, **values: object) -> str:
        """The translated text for `n` things; `{n}` is the written number."""
        return self.catalogue.ngettext(one, many, n).format(n=self.count(n), **values)

    @property
    def language(self) -> str:
        """The name of the language in itself: "Deutsch"."""
        return self.locale.get_language_name() or str(self.locale)

    # --- numbers ---

    def count(self, value: float) -> str:
        """A whole number with the locale's separators."""
        return _signs(format_decimal(round(value), format="#,##0", locale=self.locale))

    def signed(self, value: float) -> str:
        """A whole number that always shows its sign; 0 has none."""
        return (
            _signs(format_decimal(round(value), format="+#,##0;-#,##0", locale=self.locale))
            if round(value)
            else "0"
        )

    def decimal(self, value: float) -> str:
        """A number with one decimal below 10, none above."""
        pattern = "#,##0.#" if abs(value) < 9.95 else "#,##0"
        return _signs(format_decimal(value, format=pattern, locale=self.locale))

    def percent(self, share: float, *, signed: bool = False) -> str:
        """A share (0.041) as percent with the digits that matter: 0.03, 4.1, 27."""
        size = abs(share) * 100
        digits = 2 if 0 < size < 0.095 else 1 if size < 9.95 else 0
        if size == 0 or (not signed and math.isclose(size, round(size), abs_tol=0.005)):
            digits = 0
        whole = "#,##0" + ("." + "0" * digits if digits else "")
        pattern = self.locale.percent_formats[None].pattern.replace("#,##0", whole)
        if signed and round(size, digits):
            pattern = f"+{pattern};-{pattern}"
        return _signs(format_percent(share, format=pattern, locale=self.locale))

    # --- time ---

    def local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.zone)

    def day(self, at: float, now: float | None = None) -> str:
        """A day such as "Sat, Nov 19"; with the year where `now` lies in another one."""
        return self._day(self.local(at), now)

    def calendar_day(self, day: date, now: float | None = None) -> str:
        """A date that belongs to no time zone, written like `day`."""
        return self._day(datetime(day.year, day.month, day.day, 12, tzinfo=self.zone), now)

    def _day(self, moment: datetime, now: float | None) -> str:
        same = now is None or self.local(now).year == moment.year
        skeleton = "MMMEd" if same else "yMMMEd"
        return format_skeleton(skeleton, moment, tzinfo=self.zone, locale=self.locale)

    def short_day(self, at: float) -> str:
        """A day without its weekday, "Nov 19"."""
        return format_skeleton("MMMd", self.local(at), tzinfo=self.zone, locale=self.locale)

    def dated(self, at: float) -> str:
        """A day with its year and without its weekday, "Nov 19, 2026"."""
        return format_skeleton("yMMMd", self.local(at), tzinfo=self.zone, locale=self.locale)

    def month(self, at: float) -> str:
        """A month with its year, "Nov 2026"."""
        return format_skeleton("yMMM", self.local(at), tzinfo=self.zone, locale=self.locale)

    def dates(self, start: float, stop: float) -> str:
        """Days with their year, "Nov 9 – 15, 2026"; with the hours where it took few of them,
        "Nov 11, 2026, 2:00 PM – 6:55 PM"."""
        first, last = self.local(start), self.local(stop)
        if first.date() == last.date() and 0 < stop - start < DAY / 2:
            hours = dict.fromkeys((self.clock(start), self.clock(stop)))
            return self.say("{day}, {clock}", day=self.dated(start), clock=" – ".join(hours))
        return format_interval(first, last, "yMMMd", tzinfo=self.zone, locale=self.locale)

    def clock(self, at: float) -> str:
        """The time of day."""
        return format_time(self.local(at), format="short", tzinfo=self.zone, locale=self.locale)

    def when(self, at: float, now: float) -> str:
        """A moment as people say it: today's by the clock, others by day and clock.

        A platform that can shows it in each reader's own time.
        """
        if self.local(at).date() == self.local(now).date():
            return moment(self.say("today {clock}", clock=self.clock(at)), at)
        day = self.day(at, now)
        return moment(self.say("{day}, {clock}", day=day, clock=self.clock(at)), at)

    def ago(self, at: float, now: float) -> str:
        """How old something is: "3 days ago", "2 months ago"."""
        return format_timedelta(
            int(at - now), add_direction=True, threshold=_NEXT_UNIT, locale=self.locale
        )

    def span(self, seconds: float) -> str:
        """A length of time in its largest fitting unit: "3 days", "5 hours"."""
        whole = max(60, round(seconds))
        unit, size = next((unit, size) for unit, size, least in _UNITS if whole >= least)
        return format_timedelta(
            round(whole / size) * size,
            granularity=unit,
            threshold=1e9,
            format="long",
            locale=self.locale,
        )

    def days(self, days: float) -> str:
        """A number of days, never in hours."""
        return format_timedelta(
            max(1, round(days)) * DAY, granularity="day", threshold=1e9, locale=self.locale
        )

    def listed(self, parts: list[str]) -> str:
        """ "a, b and c" as the locale joins it."""
        from babel.lists import format_list

        return format_list(parts, locale=self.locale)


def voice_for(locale: str, timezone: str, names: Mapping[str, str] | None = None) -> Voice:
    """The voice of a locale such as "de" or "en_GB"; unknown locales speak English.

    `names` are what people call accounts.
    """
    voice = _voice(locale, timezone)
    return replace(voice, names=names) if names else voice


@cache
def _voice(locale: str, timezone: str) -> Voice:
    try:
        parsed = Locale.parse(locale.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        parsed = Locale.parse(SOURCE)
    return Voice(parsed, ZoneInfo(timezone), translations(parsed.language))


def voices(timezone: str) -> dict[str, Voice]:
    """The voice of every language that is spoken, by its code."""
    return {code: voice_for(code, timezone) for code in languages()}


def mark(text: str) -> str:
    """Marks a text that is translated later, where its values are known."""
    return text


def marks(one: str, many: str) -> tuple[str, str]:
    """Marks both forms of a text that is translated later for some number of things."""
    return one, many


_NEXT_UNIT = 0.95
"""Share of a unit of time from which it is used: eleven months and a half are a year."""


def one_line(name: str, limit: int = 80) -> str:
    """A name from data on one line, without control, bidi and invisible characters."""
    kept = "".join(
        " " if unicodedata.category(sign) in _BLANK else sign
        for sign in name
        if unicodedata.category(sign) not in _HIDDEN or sign in _SPACES
    )
    line = " ".join(kept.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def word(name: str) -> str | None:
    """A name as one word of a command line; None where it cannot be written so."""
    if name != one_line(name, len(name)) or any(sign in name for sign in '"“”„'):
        return None
    return f'"{name}"' if " " in name else name


_BLANK = {"Zs", "Zl", "Zp", "Cc"}
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn"}
_SPACES = "\t\n\r"


def _signs(number: str) -> str:
    """Typographic minus; spaces inside a number never break the line."""
    return number.replace("-", "\N{MINUS SIGN}").replace(" ", "\N{NO-BREAK SPACE}")
