"""YouTube Studio's tables of days, known by their shape in every language of the interface."""

from __future__ import annotations

import re
from collections.abc import Sequence

from bot.sources.exports.days import fold
from bot.sources.exports.sniffer import Rows
from bot.sources.tables.columns import normal, role_of
from bot.sources.tables.headers import read_header
from bot.sources.tables.invisible import visible
from bot.sources.tables.numbers import parse_count
from bot.sources.tables.totals_row import is_total_word

_NOUN = re.compile(
    r"subscri|abonn|inscri|suscri|iscrit|подписчик|підписник|登録者|구독|订阅|訂閱|abone|subskry|"
    r"odběr|prenumer|tilaaj|feliratk|langganan|pelanggan|người_đăng_ký|συνδρομητ|مشترك|मेंबर"
)
_TOTALS = re.compile(
    r"(totals?|gesamtwerte|gesamt|totais|totales|totaux|totali|totalen|totaal|total|итоги?|合計|"
    r"总计|總計|합계|toplamlar?|łącznie|totalt|celkem)\b.*\.(csv|xlsx)",
    re.IGNORECASE,
)
_ISO = re.compile(r"\d{4}-\d\d-\d\d")
_ENGLISH = {
    "at": "date",
    "followers": "subscribers",
    "net": "subscribers",
    "gained": "subscribers gained",
    "lost": "subscribers lost",
    "views": "views",
}


def english(header: Sequence[str]) -> list[str]:
    """The header's cells under the names that the English interface gives them."""
    cells = []
    for cell in header:
        plain = fold(visible(cell))
        role = "at" if role_of(cell) == "at" else read_header(visible(cell)).role
        subscribers = role in ("at", "views") or _NOUN.search(normal(cell))
        cells.append(_ENGLISH.get(role or "", plain) if subscribers else plain)
    return cells


def is_days_of_channel(header: Sequence[str], rows: Rows, base: str) -> bool:
    """A date and subscribers alone, whose values prove that they are a change per day.

    Proof is a negative day, a row of totals that is their sum, gains beside losses, or the
    name that the file has in the zip.
    """
    cells = english(header)
    known = set(_ENGLISH.values())
    if cells[:1] != ["date"] or not set(cells) <= known or len(cells) < 2:
        return False
    if {"subscribers gained", "subscribers lost"} & set(cells):
        return True
    if "subscribers" not in cells:
        return False
    place = cells.index("subscribers")
    days = [row for row in rows if len(row) > place and _ISO.fullmatch(row[0].strip())]
    counts = [count for row in days if (count := parse_count(visible(row[place]))) is not None]
    sums = [
        parse_count(row[place])
        for row in rows
        if len(row) > place and is_total_word(row[0]) and parse_count(row[place])
    ]
    if not days or not counts:
        return False
    summed = len(counts) > 2 and sums[:1] == [sum(counts)]
    return min(counts) < 0 or summed or _TOTALS.fullmatch(base) is not None
