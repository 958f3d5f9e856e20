"""Names of months in the languages that dashboards and spreadsheets write them in."""

import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache

_WRITTEN = ("en", "de", "de_AT", "es", "pt", "fr", "it", "nl", "pl", "tr", "ru", "el")
"""Languages whose names are looked for in any table: no name means two months in them."""

# older names that people still write, and forms that CLDR does not list
_MORE: Mapping[str, Sequence[str]] = {
    "vi": (
        *("tháng một", "tháng hai", "tháng ba", "tháng tư", "tháng năm", "tháng sáu"),
        *("tháng bảy", "tháng tám", "tháng chín", "tháng mười", "tháng mười một"),
        "tháng mười hai",
    ),
    "de_AT": ("", "feber", "mrz"),
    "en": ("", "", "", "", "", "", "", "", "sept"),
    "es": ("", "", "", "", "", "", "", "", "setiembre"),
}


@cache
def months(language: str) -> Mapping[str, int]:
    """The names of a language in every form its calendars use, folded, to 1 to 12."""
    from babel.dates import get_month_names

    names: dict[str, int] = {}
    for width in ("wide", "abbreviated"):
        for context in ("format", "stand-alone"):
            for number, name in get_month_names(width, context, locale=language).items():
                names[folded(name)] = number
    for number, name in enumerate(_MORE.get(language, ()), 1):
        if name:
            names[folded(name)] = number
    return names


@cache
def all_months() -> Mapping[str, int]:
    """Those of every language that a table may be written in."""
    return {name: number for one in _WRITTEN for name, number in months(one).items()}


def folded(text: str) -> str:
    """In lower case, composed, without a full stop."""
    return unicodedata.normalize("NFC", text).casefold().strip().rstrip(".")
