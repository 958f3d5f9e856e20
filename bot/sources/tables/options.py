"""What a table does not say of itself, and the config keys that say it."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from pydantic import Field, field_validator

from bot.config.settings import SourceSettings
from bot.sources.tables.columns import ROLES

DateOrder = Literal["dmy", "mdy", "ymd"]


@dataclass(frozen=True, slots=True, kw_only=True)
class TableOptions:
    """`columns` maps roles (`at`, `account`, `followers`, ...) to headers, `account` names the
    one account of a table without such a column.
    """

    platform: str | None = None
    timezone: str = "UTC"
    daily: tuple[str, ...] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    date_order: DateOrder | None = None
    account: str | None = None


class TableSettings(SourceSettings):
    """What sources of tables share.

    `columns` maps `at`, `account`, `platform`, `followers`, ... to headers of the table,
    `account` names the one account of a table without such a column.
    """

    columns: Mapping[str, str] = Field(default_factory=dict)
    date_order: DateOrder | None = None
    account: str | None = None

    @field_validator("columns")
    @classmethod
    def _known_roles(cls, columns: Mapping[str, str]) -> Mapping[str, str]:
        for role in columns:
            if role not in ROLES:
                near = difflib.get_close_matches(role, ROLES, 1)
                hint = f'; did you mean "{near[0]}"?' if near else ""
                raise ValueError(f'"{role}" is none of {", ".join(ROLES)}{hint}')
        return columns

    def options(self) -> TableOptions:
        return TableOptions(
            platform=self.platform,
            timezone=self.timezone or "UTC",
            daily=self.daily,
            columns=self.columns,
            date_order=self.date_order,
            account=self.account,
        )
