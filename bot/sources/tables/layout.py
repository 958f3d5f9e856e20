"""Which column of a table is what: by its header, and by what all of its cells say."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bot.sources.handles import full_name
from bot.sources.profiles import PLATFORMS, is_channel_id, platform_name, profile_of
from bot.sources.tables.columns import (
    DAILY,
    HANDLES,
    METRICS,
    NoLayout,
    named,
    named_columns,
    normal,
    rank_of,
    role_of,
    spoken,
)
from bot.sources.tables.dates import clock_of, is_time
from bot.sources.tables.headers import read_header
from bot.sources.tables.numbers import alike, is_number, to_counts
from bot.sources.tables.options import TableOptions
from bot.sources.tables.questions import which_count, which_of, which_time

if TYPE_CHECKING:
    import polars as pl

_SAMPLE = 200
"""Different cells of a column that tell what it holds; twice as many told nothing more."""

FILE_NAME = "file name"
"""The column that `at` may name: the date in the file's name."""

_COUNTS_WORDS = """
count counts value values total totals number num n amount anzahl zahl wert valor valores
valeur nombre número cantidad valore numero 数量 数値 値 值 값 수
"""
_COUNTS = frozenset(_COUNTS_WORDS.split())
"""Names of a lone column that says what it counts nowhere: the followers, in this program."""

_METRIC_NAMES_WORDS = """
metric metrics measure measurement indicator kpi stat statistic variable field type series
metrik kennzahl messgröße métrica metrica indicateur métrique indicatore 指標 指标 지표
"""
_METRIC_NAMES = frozenset(_METRIC_NAMES_WORDS.split())
_ONCE = re.compile(
    r"(?:^|_)(?:created|joined|registered|founded|opened|born|birthday|birth|published|publish|"
    r"since|erstellt|beigetreten|creado|creada|criado|créé|inscription)(?:_|$)"
)
"""Dates of something that happened once, and no time of a count."""
_PERIOD = re.compile(
    r"(?:\d{4}[-/ ]?)?(?:Q[1-4]|W\d{1,2}|(?:KW|Week|Woche) ?\d{1,2})(?:[-/ ]?\d{4})?"
    r"|(?:19|20)\d\d[-/.](?:0?[1-9]|1[0-2])|[^\W\d_]{3,12}\.?[ -](?:19|20)\d\d",
    re.IGNORECASE,
)
_IDS = re.compile(r"(?:account|channel|user|profile|page|member|creator)_?(?:id|key|pk)")
_WEAK_WORDS = """
name display_name member page user channel page_name member_name creator_name title profil
konto kanal nutzer
"""
_WEAK = frozenset(_WEAK_WORDS.split())
_TITLES_WORDS = """
display_name name title full_name channel_name channel_title page_name member_name
creator_name profile_name account_name anzeigename
"""
_TITLES = frozenset(_TITLES_WORDS.split())


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """`roles` gives each role its column; `wide` are columns that are accounts themselves.

    `clock` holds the time of day beside a date, `name` what people call the account of an id.
    `metric` and `value` are the columns of a tidy table. `factors` are units by role,
    `beside` further columns of a role that fill its gaps.
    """

    roles: Mapping[str, str]
    wide: tuple[str, ...] = ()
    clock: str | None = None
    name: str | None = None
    metric: str | None = None
    value: str | None = None
    platform: str | None = None
    factors: Mapping[str, int] = field(default_factory=dict)
    beside: Mapping[str, Sequence[str]] = field(default_factory=dict)
    unused: tuple[str, ...] = ()
    named: frozenset[str] = frozenset()
    notes: tuple[str, ...] = ()


def lay_out(frame: pl.DataFrame, options: TableOptions, file: str = "") -> Layout:
    """Gives each column its role; raises NoLayout, whose sentence may ask a question."""
    return _Reader(frame, options, file).layout()


def promises(header: Sequence[str], columns: Mapping[str, str]) -> set[str]:
    """The roles that a header alone promises; empty without any metric among them."""
    given, _ = named_columns(header, columns)
    roles = {*given, *(role for name in header if (role := read_header(name).role))}
    return roles if roles & set(METRICS) else set()


def time_column(header: Sequence[str], columns: Mapping[str, str]) -> str | None:
    """The column with the time, as far as a header alone tells."""
    given, _ = named_columns(header, {"at": columns["at"]} if "at" in columns else {})
    return given.get("at") or next(iter(named(header, "at")), None)


class _Reader:
    """Takes the columns of one table, role by role."""

    def __init__(self, frame: pl.DataFrame, options: TableOptions, file: str) -> None:
        self.frame, self.options, self.file = frame, options, file
        self.header = frame.columns
        # "followers (2)" is a second column that the file calls followers
        first = {name: re.sub(r" \(\d+\)$", "", name) for name in self.header}
        self.words = {n: read_header(f if f in first else n) for n, f in first.items()}
        columns = {r: c for r, c in options.columns.items() if (r, c) != ("at", FILE_NAME)}
        self.roles, self.factors = named_columns(self.header, columns)
        self.named = frozenset(self.roles)
        self.notes: list[str] = []
        self.beside: dict[str, tuple[str, ...]] = {}
        self._samples: dict[str, list[str]] = {}
        self._numeric: dict[str, bool] = {}

    def layout(self) -> Layout:
        clock = self.time()
        self.key_columns()
        name = self.names()
        metric, value = self.tidy()
        wide: tuple[str, ...] = ()
        if metric is None and not self.metrics():
            wide = self.lone_count() or self.accounts_in_header()
        beside = [column for columns in self.beside.values() for column in columns]
        used = {*self.roles.values(), clock, name, metric, value, *wide, *beside}
        platforms = {self.words[column].platform for column in self.roles.values()} - {None}
        return Layout(
            roles=self.roles,
            wide=wide,
            clock=clock,
            name=name,
            metric=metric,
            value=value,
            platform=platforms.pop() if len(platforms) == 1 else None,
            factors=self.factors,
            beside=self.beside,
            unused=tuple(column for column in self.header if column not in used),
            named=self.named,
            notes=tuple(self.notes),
        )

    def sample(self, column: str) -> list[str]:
        """Different cells as text, the first of them."""
        import polars as pl

        if column not in self._samples:
            # no query: there may be thousands of columns, and each query costs time
            cells = self.frame[column].head(4000).cast(pl.String, strict=False).to_list()
            texts = dict.fromkeys(text for text in cells if text and text.strip())
            self._samples[column] = list(texts)[:_SAMPLE]
        return self._samples[column]

    def free(self) -> list[str]:
        return [name for name in self.header if name not in self.roles.values()]

    # when

    def time(self) -> str | None:
        """Finds `at`; gives the column with the clock where it stands beside the date."""
        if "at" in self.roles:
            return self.clock_beside(self.roles["at"], self.free())
        called = named(self.free(), "at")
        dated = [name for name in called if self.is_dated(name)]
        if not dated:
            others = [name for name in self.free() if name not in called]
            others = [name for name in others if not self.happened_once(name)]
            dated = [name for name in others if self.is_dated(name, sure=True)]
            if len(dated) == 1:
                self.notes.append(f'the time was taken from the column "{dated[0]}"')
            elif not dated:
                self.refuse_periods()
                dated = called[:1]
        if not dated or (len(dated) > 1 and not called):
            raise NoLayout(which_time(self.header, dated, self.file))
        self.roles["at"] = dated[0]
        others = [name for name in self.free() if name not in called]
        return self.clock_beside(dated[0], [n for n in (*called, *others) if n != dated[0]])

    def happened_once(self, column: str) -> bool:
        """Of a date such as `created_at`: each account has one, a count has many."""
        if not _ONCE.search(spoken(column)):
            return False
        called = named(self.header, "account")
        accounts = self.frame.select(called).n_unique() if called else 1
        return self.frame[column].n_unique() <= accounts

    def refuse_periods(self) -> None:
        """A count of a quarter, a month or a week says not when it was taken."""
        for name in self.free():
            texts = self.sample(name)
            if texts and all(_PERIOD.fullmatch(text.strip()) for text in texts):
                raise NoLayout(
                    f'gives periods ("{texts[0]}" in "{name}") and no days: add a column with '
                    "the day on which each count was taken"
                )

    def is_dated(self, column: str, *, sure: bool = False) -> bool:
        """Most cells are dates; `sure` where no header says so, which numbers never prove."""
        dtype = self.frame[column].dtype
        if dtype.is_temporal():
            return True
        texts = self.sample(column)
        if not texts or (sure and all(is_number(text) for text in texts)):
            return bool(texts) and all(re.fullmatch(r"1\d{9}(\d{3})?", text) for text in texts)
        good = sum(is_time(text) for text in texts)
        return good > 0.9 * len(texts) if sure else 2 * good >= len(texts)

    def clock_beside(self, date: str, columns: Iterable[str]) -> str | None:
        if any(":" in text for text in self.sample(date)):
            return None
        for column in columns:
            texts = self.sample(column)
            clocks = sum(clock_of(text) is not None for text in texts if ":" in text)
            if texts and clocks > 0.9 * len(texts):
                return column
        return None

    # who

    def key_columns(self) -> None:
        """Finds `account` and `platform`: an id goes before a name beside it."""
        for name in self.free():
            if role_of(name) == "platform":
                self.roles.setdefault("platform", name)
        if "account" in self.roles:
            return
        called = [name for name in named(self.free(), "account") if self.sample(name)]
        ids = [name for name in called if _IDS.fullmatch(normal(name))]
        if ids and len(called) > 1:
            self.roles["account"] = ids[0]
        elif called and (row_id := self.repeated_id(called[0])):
            self.roles["account"] = row_id
        elif called and not (self.options.account and self.guessed(called[0])):
            self.roles["account"] = called[0]
        elif own := self.channel_ids():
            self.roles["account"] = own
        elif addressed := self.addresses():
            self.roles["account"] = addressed
            self.notes.append(f'the account was taken from the addresses in "{addressed}"')
        elif all(re.fullmatch(r"column \d+", name) for name in self.header):
            words = [n for n in self.free() if self.sample(n) and not self.is_numeric(n)]
            if len(words) == 1:
                self.roles["account"] = words[0]
                self.notes.append(f'the account was taken from "{words[0]}"')

    def plain_id(self) -> str | None:
        return next((name for name in self.free() if normal(name) == "id"), None)

    def channel_ids(self) -> str | None:
        """A plain `id` of YouTube's, which no number of a row looks like."""
        column = self.plain_id()
        texts = self.sample(column) if column else []
        return column if texts and all(map(is_channel_id, texts)) else None

    def addresses(self) -> str | None:
        """The one column whose cells are addresses of profiles."""
        found = []
        for name in self.free():
            texts = self.sample(name)
            if texts and sum(profile_of(text) is not None for text in texts) > 0.9 * len(texts):
                found.append(name)
        return found[0] if len(found) == 1 else None

    def guessed(self, column: str) -> bool:
        """A column that may name something else, where whose counts these are was said."""
        return self.options.told and normal(column) in _WEAK

    def repeated_id(self, called: str) -> str | None:
        """A plain `id` that comes again at other times, as a row's number never does."""
        column = self.plain_id()
        if column is None or normal(called) in HANDLES - {"account"}:
            return None
        cells = self.frame[column].drop_nulls()
        ids, names = cells.n_unique(), self.frame[called].drop_nulls().n_unique()
        return column if ids < len(cells) and ids <= names else None

    def names(self) -> str | None:
        """What people call the account, beside its key."""
        if "name" in self.roles:
            return self.roles.pop("name")
        if "account" not in self.roles:
            return None
        free = [name for name in self.free() if self.sample(name)]
        key = normal(self.roles["account"])
        by_name = [name for name in free if normal(name) in _TITLES]
        if key in HANDLES:
            return next(iter(by_name), None)
        if not _IDS.fullmatch(key) and key != "id":
            return None
        by_role = [name for name in free if role_of(name) == "account"]
        return next(iter([*by_role, *by_name]), None)

    # how many

    def tidy(self) -> tuple[str | None, str | None]:
        """A column of metrics beside one of values, where no header names a metric itself."""
        if set(self.roles) & set(METRICS):
            return None, None
        free = self.free()
        values = [name for name in free if normal(name) in _COUNTS and self.is_numeric(name)]
        numeric = [name for name in free if self.is_numeric(name)]
        if not values and len(numeric) == 1 and self.words[numeric[0]].role is None:
            values = numeric
        for column in free:
            if column in values or self.is_numeric(column) or not values:
                continue
            known = [read_header(text).role in METRICS for text in self.sample(column)]
            if any(known) and (all(known) or normal(column) in _METRIC_NAMES):
                return column, values[0]
        return None, None

    def is_numeric(self, column: str) -> bool:
        if column not in self._numeric:
            typed = self.frame[column].dtype.is_numeric()
            texts = [] if typed else self.sample(column)
            numbers = sum(is_number(text) for text in texts) > 0.5 * len(texts)
            self._numeric[column] = typed or numbers
        return self._numeric[column]

    def metrics(self) -> bool:
        """Gives metrics their columns; True where there is one.

        Of two that name the same metric, the one called a total is it, and the other one is
        what came that day.
        """
        found: dict[str, list[str]] = {}
        for name in self.free():
            if (role := self.words[name].role) in METRICS and role not in self.roles:
                found.setdefault(role, []).append(name)
        if "lost" in found and "gained" not in found:  # beside losses they are gains
            found |= {"gained": [n for n in self.free() if normal(n) == "follows"]}
        for role, names in found.items():
            if not names:
                continue
            names.sort(key=self.rank)
            best = next((n for n in names if self.words[n].kind == "total"), names[0])
            plain = [n for n in names if n != best and self.words[n].kind != "total"]
            self.take(role, best)
            if plain and self.words[best].kind == "total" and role in DAILY:
                self.roles.setdefault(f"{role}?", plain[0])
            elif role == "followers":
                self.several(best, [name for name in names if name != best])
        return bool(set(self.roles) & set(METRICS))

    def several(self, best: str, others: Sequence[str]) -> None:
        """Columns that all name the followers: they say the same, fill each other's gaps, or
        it is a question which one counts."""
        import numpy as np
        import polars as pl

        # a copy to the letter needs no reading
        own = [name for name in others if not self.frame[name].equals(self.frame[best])]
        frame, rows = self.frame.select(best, *own), np.arange(len(self.frame))
        said = [
            pl.DataFrame(
                {
                    "row": np.tile(rows, len(group)),
                    "n": to_counts(pl.concat([frame.to_series(n) for n in group])).values,
                }
            )
            for group in alike(frame)
        ]
        distinct = pl.concat(said).drop_nulls().unique()
        if distinct["row"].n_unique() < len(distinct):
            raise NoLayout(which_of("followers", [best, *others]))
        self.beside["followers"] = tuple(others)

    def rank(self, name: str) -> int:
        found = rank_of(name)
        return found[1] if found else 1000

    def take(self, role: str, column: str) -> None:
        self.roles[role] = column
        if self.words[column].factor != 1:
            self.factors.setdefault(role, self.words[column].factor)

    def unknown_numbers(self) -> list[str]:
        return [name for name in self.free() if self.is_numeric(name) and normal(name) != "id"]

    def lone_count(self) -> tuple[str, ...]:
        """A column of numbers that says only that it counts is the followers."""
        numbers = self.unknown_numbers()
        plain = [n for n in numbers if _is_plain(n)]
        if not self.options.wide and len(plain) == 1 and len(numbers) == 1:
            self.take("followers", plain[0])
            self.notes.append(f'"{plain[0]}" was read as the followers')
        return ()

    def accounts_in_header(self) -> tuple[str, ...]:
        """The columns of a wide table, where its headers prove that they are accounts."""
        if set(self.roles) & set(METRICS):
            return ()
        free = self.free()
        numbers = self.unknown_numbers()
        if "account" not in self.roles:
            wide = [n for n in free if self.options.wide or self.is_account(n)]
            if self.options.wide or any(name in numbers for name in wide):
                return tuple(wide)
        may_be_wide = "account" not in self.roles
        raise NoLayout(which_count(self.header, numbers, may_be_wide=may_be_wide))

    def is_account(self, header: str) -> bool:
        """Proof that a header is an account: a handle, an address, or one that is known."""
        text = header.strip()
        if re.fullmatch(r"@[\w.-]+(?:@[\w.-]+)?", text) or profile_of(text):
            return True
        head, slash, tail = text.partition("/")
        if slash and tail and platform_name(head) in PLATFORMS:
            return True
        known = {name.casefold() for name in self.options.known}
        full = full_name(text, self.options.platform) or ""
        bare = text.removeprefix("@").casefold()
        return bool(known & {bare, full.casefold(), f"@{bare}"})


def _is_plain(header: str) -> bool:
    return normal(header) in _COUNTS or re.fullmatch(r"column \d+", header) is not None
