"""Whose counts the rows of a table are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Protocol

from bot.errors import SourceChanged
from bot.sources.handles import full_names
from bot.sources.profiles import PLATFORMS, platform_name, profile_of
from bot.sources.tables.cells import Coded, coded_pairs, coded_texts
from bot.sources.tables.columns import NoLayout
from bot.sources.tables.layout import Layout
from bot.sources.tables.options import TableOptions

if TYPE_CHECKING:
    import polars as pl


_MOST_MIXED = 5000
"""Names of a column that a person wrote; a program writes all of them alike."""


class _Named(Protocol):
    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def sheet(self) -> str | None: ...


@dataclass(frozen=True, slots=True)
class Accounts:
    """`coded` gives each row its account, null where it names none; `names` what people call
    those that go by an id."""

    coded: Coded
    names: dict[str, str] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def coded_by(self, codes: pl.Series) -> Accounts:
        return replace(self, coded=Coded(codes, self.coded.texts))


def wide_accounts(header: Sequence[str], options: TableOptions) -> Accounts:
    """The columns of a wide table as accounts, in their order."""
    import polars as pl

    platforms = pl.Series([options.platform] * len(header), dtype=pl.String)
    names = full_names(pl.Series(header), platforms)
    return Accounts(Coded(pl.Series([], dtype=pl.UInt32), names))


def accounts_of(
    frame: pl.DataFrame, layout: Layout, options: TableOptions, table: _Named
) -> Accounts:
    """Raises SourceChanged where nobody says whose counts these are."""
    import polars as pl

    roles = layout.roles
    platform = layout.platform or options.platform
    if "account" not in roles:
        titled = _titled(table.title, options)
        told = options.account if options.told else None
        name = told or titled or table.sheet or options.account
        if name is None:
            raise SourceChanged(
                f"{table.name} names no account: add a column with the account, or "
                'say whose counts these are with account = "..." in its section.',
                where=table.name,
            )
        names = Coded(pl.repeat(0, len(frame), dtype=pl.UInt32, eager=True), pl.Series([name]))
    else:
        names = coded_texts(frame[roles["account"]])
        if options.told and options.account and names.texts.drop_nulls().len() == 1:
            one = pl.Series([options.account] * len(names.texts), dtype=pl.String)
            names = Coded(names.codes, one)
    if platform is None and "platform" not in roles:
        platform = _platform_beside(names.texts.drop_nulls().to_list())
    if "platform" in roles:
        pairs = coded_pairs(names, coded_texts(frame[roles["platform"]]))
        platforms = pl.Series(
            [own or platform for own in pairs.other.to_list()], dtype=pl.String
        )
        coded = Coded(pairs.codes, full_names(pairs.texts, platforms))
    else:
        platforms = pl.Series([platform] * len(names.texts), dtype=pl.String)
        coded = Coded(names.codes, full_names(names.texts, platforms))
    if layout.name is None:
        return Accounts(coded)
    return _with_names(frame, layout, coded)


def _titled(title: str, options: TableOptions) -> str | None:
    """The account that a line above the header names: a handle, an address, or one known."""
    known = {name.casefold() for name in options.known}
    plain = title.strip()
    proven = plain.startswith("@") or profile_of(plain) or plain.casefold() in known
    platform, slash, _ = plain.partition("/")
    written = slash and platform_name(platform) in PLATFORMS
    return plain if (proven or written) and len(plain.split()) == 1 else None


def _platform_beside(names: Sequence[str]) -> str | None:
    """The platform of a column where some cells are addresses, all of one platform."""
    if len(names) > _MOST_MIXED:
        return None
    owners = {profile[0] for name in names if (profile := profile_of(name))}
    return owners.pop() if len(owners) == 1 else None


def _with_names(frame: pl.DataFrame, layout: Layout, coded: Coded) -> Accounts:
    """The newest name of each id; a new one continues the series and is said.

    Raises NoLayout where an id has two names at one time.
    """
    import polars as pl

    assert layout.name is not None
    called = coded_texts(frame[layout.name])
    rows = pl.DataFrame(
        {
            "account": coded.codes,
            "name": called.codes,
            "at": frame[layout.roles["at"]].cast(pl.String),
        }
    ).drop_nulls()
    pairs = rows.select("account", "name").unique(maintain_order=True)
    several = pairs.filter(pl.len().over("account") > 1)
    if len(several):
        both = (
            rows.filter(pl.col("account").is_in(several["account"].implode()))
            .group_by("account", "at")
            .agg(pl.col("name").n_unique())
            .filter(pl.col("name") > 1)
        )
        if len(both):
            raise _which_key(layout, coded, called, rows, both)
    texts = dict(enumerate(coded.texts.to_list()))
    words = dict(enumerate(called.texts.to_list()))
    names: dict[str, str] = {}
    notes: list[str] = []
    for account, name in pairs.select("account", "name").iter_rows():
        key, new = texts[account], words[name]
        if key is None or new is None:
            continue
        if key in names and names[key] != new:
            notes.append(f'{key} changed its name from "{names[key]}" to "{new}": one account')
        names[key] = new
    shown = notes[:5] + ([f"{len(notes) - 5} more new names"] if len(notes) > 5 else [])
    return Accounts(coded, names, tuple(shown))


def _which_key(
    layout: Layout, coded: Coded, called: Coded, rows: pl.DataFrame, both: pl.DataFrame
) -> NoLayout:
    from bot.sources.tables.questions import answer

    account, at = both.row(0)[0], both.row(0)[1]
    same = (rows["account"] == account) & (rows["at"] == at)
    names = rows.filter(same)["name"].unique()
    shown = " and ".join(f'"{called.texts[code]}"' for code in names.sort().head(2))
    key, name = layout.roles["account"], layout.name
    assert name is not None
    return NoLayout(
        f'has two names, {shown}, for one "{key}" ("{coded.texts[account]}") at one time: say '
        f"which of the two is the account: {answer('account', name)}, or {key}"
    )
