"""Accounts as people write them: handles, @handles, platform/handle, addresses."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.sources.profiles import (
    PLATFORMS,
    SLASHED,
    is_address,
    plain_handle,
    platform_name,
    profile_of,
)

if TYPE_CHECKING:
    import polars as pl


def full_name(text: str, platform: str | None = None) -> str | None:
    """`platform/handle` where a platform is known, else the text as it is; None where empty.

    An address says its platform itself, and so does a known platform before a slash;
    `owner/repo` on a platform whose handles hold a slash does not.
    """
    text = text.strip()
    if not text:
        return None
    given = platform_name(platform or "")
    if profile := profile_of(text):
        own, handle = profile
        return f"{own}/{plain_handle(handle, own)}"
    head, slash, tail = text.partition("/")
    if slash and tail and not is_address(text):
        own = platform_name(head)
        if own in PLATFORMS or own == given:
            return f"{own}/{plain_handle(tail.removeprefix('@'), own)}"
        if given and (given in SLASHED or len(head) == 1):
            return f"{given}/{plain_handle(text, given)}"
        return text  # a platform of the team's own
    if not given:
        return text
    handle = text.removeprefix("@")
    return f"{given}/{handle if is_address(text) else plain_handle(handle, given)}"


def full_names(names: pl.Series, platforms: pl.Series) -> pl.Series:
    """`full_name` of each; spellings that differ by case alone become the first of them."""
    import polars as pl

    first: dict[str, str] = {}
    full: list[str | None] = []
    for text, platform in zip(names.to_list(), platforms.to_list(), strict=True):
        name = None if text is None else full_name(text, platform)
        if name is not None and "/" not in name:
            name = first.setdefault(name.removeprefix("@").casefold(), name)
        full.append(name)
    return pl.Series("account", full, dtype=pl.String)
