"""What a table does not say of itself, and the config keys that say it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field

from bot.config.settings import SourceSettings
from bot.sources.tables.columns import ROLES

DateOrder = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """`columns` maps roles (`at`, `account`, `followers`, ...) to headers, `account` names the
    one account of a table without such a column; `told` that somebody said so, and it is not
    just the file's name. `wide` says that columns are accounts; `known` accounts prove it.
    `naming` lets the file's name be the account where nobody says it; `torn` says that the
    last line of a text is not finished. `answers` are what was said of earlier tables, by the
    `key_of` their headers.
    """

    platform: str | None = None
    timezone: str = "UTC"
    daily: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    date_order: DateOrder | None = None
    account: str | None = None
    told: bool = False
    wide: bool = False
    known: frozenset[str] = frozenset()
    naming: bool = True
    torn: bool = False
    answers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)


ANSWERS = ("columns", "daily", "wide", "date_order")
"""What is true of every table with the same headers, once a person has said it of one."""


def key_of(header: Sequence[str]) -> str:
    return blake2b("\0".join(header).encode("utf-8", "replace"), digest_size=8).hexdigest()


def as_answered(options: TableOptions, header: Sequence[str]) -> TableOptions:
    """With what was said of an earlier table with these headers, where nothing is said now."""
    said = dict(options.answers.get(key_of(header), {}))
    if not said or any(getattr(options, name) for name in ANSWERS):
        return options
    return replace(options, **said)


def options_from(given: Mapping[str, Any], known: frozenset[str] = frozenset()) -> TableOptions:
    """What a person said on a command line; left out or empty is not said."""
    said = {name: value for name, value in given.items() if value}
    said["daily"] = tuple(said.get("daily", ()))
    return TableOptions(**said, told="account" in said, known=known)


def _known_roles(columns: Mapping[str, str]) -> Mapping[str, str]:
    for role in columns:
        if role not in ROLES:
            near = difflib.get_close_matches(role, ROLES, 1)
            hint = f'; did you mean "{near[0]}"?' if near else ""
            raise ValueError(f'"{role}" is none of {", ".join(ROLES)}{hint}')
    return columns


Columns = Annotated[Mapping[str, str], AfterValidator(_known_roles)]
"""Roles (`at`, `account`, `followers`, ...) and the headers that play them."""


class TableSettings(SourceSettings):
    """What sources of tables share.

    `columns` maps `at`, `account`, `platform`, `followers`, ... to headers of the table (`at`
    also to "file name"; "Fans x 1000" counts in thousands), `account` names the one account
    of a table without such a column, `wide` says that each column is an account.
    """

    columns: Columns = Field(default_factory=dict)
    date_order: DateOrder | None = None
    account: str | None = None
    wide: bool = False

    def options(self) -> TableOptions:
        return TableOptions(
            platform=self.platform,
            timezone=self.timezone or "UTC",
            daily=self.daily,
            columns=self.columns,
            date_order=self.date_order,
            account=self.account,
            told=self.account is not None,
            wide=self.wide,
        )
