"""Questions about a table: what was seen, and the exact option that answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

_SHOWN = 8


def shown(columns: Sequence[str]) -> str:
    """ "a", "b" and 12 more."""
    named = ", ".join(f'"{name}"' for name in columns[:_SHOWN])
    rest = len(columns) - _SHOWN
    return f"{named} and {rest} more" if rest > 0 else named


def answer(role: str, column: str) -> str:
    """The option, and the line of the config that remembers it."""
    value = f"{role}={column}"
    option = f'"{value}"' if re.search(r"[^\w=./:@-]", value) else value
    return (
        f"--columns {option}, or for good {section({'columns': {role: column}})} in its section"
    )


def section(said: Mapping[str, Any]) -> str:
    """What was said of a table, as its section of the config says it."""
    return ", ".join(f"{name} = {_toml(value)}" for name, value in said.items() if value)


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        pairs = (f"{name} = {_toml(one)}" for name, one in value.items())
        return f"{{ {', '.join(pairs)} }}"
    if isinstance(value, str):
        quoted = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}"'
    if isinstance(value, Sequence):
        return f"[{', '.join(map(_toml, value))}]"
    return str(value).lower()


def which_time(header: Sequence[str], dated: Sequence[str], file: str) -> str:
    from bot.sources.tables.file_dates import date_in_name

    if len(dated) > 1:
        return (
            f"has several columns with a time ({shown(dated)}): say which one counts: "
            f"{answer('at', dated[0])}"
        )
    seen = f"has no column with a time among {shown(header)}"
    if file and (day := date_in_name(file)):
        return f"{seen}, but its name says {day}: {answer('at', 'file name')}"
    return f"{seen}: name it: {answer('at', 'NAME')}"


def which_of(role: str, columns: Sequence[str]) -> str:
    return (
        f"has several columns that may hold the {role} ({shown(columns)}) and differ: say "
        f"which one counts: {answer(role, columns[0])}"
    )


def which_count(header: Sequence[str], numbers: Sequence[str], *, may_be_wide: bool) -> str:
    if not numbers:
        return (
            f"has no column with a count among {shown(header)}: name it: "
            f"{answer('followers', 'NAME')}"
        )
    wide = ""
    if may_be_wide and len(numbers) > 1:
        wide = "; if each of them is an account: --wide, or wide = true"
    return (
        f"has no column with a known count: which of {shown(numbers)} holds the followers? "
        f"{answer('followers', numbers[0])}{wide}"
    )


def which_account(columns: Sequence[str], rows: int) -> str:
    some = f"{rows:,} rows share account and time with another and differ in value"
    if columns:
        return (
            f"lacks a key: {some}, so a column that tells them apart is not understood: "
            f"{answer('account', columns[0])}"
            + (f" (or one of {shown(columns[1:])})" if len(columns) > 1 else "")
        )
    return (
        f"lacks a key: {some}, and no column tells them apart: add a column with the account, "
        "or split the file"
    )


def no_total(column: str, metric: str, proof: str) -> str:
    return (
        f'{proof}, so "{column}" is a change and no total: say --daily {metric}, or for good '
        f'daily = ["{metric}"] in its section'
    )


def which_unit(column: str, role: str, cell: str) -> str:
    return (
        f'counts "{column}" in a unit, as "{cell}" shows: say in which, for thousands '
        f"{answer(role, f'{column} x 1000')}"
    )
