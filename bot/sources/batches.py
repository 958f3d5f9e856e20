"""Batches put together, narrowed to what was asked, and searched for an account."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import replace

from bot.errors import AccountNotFound
from bot.model import Batch


def joined(parts: Sequence[Batch], wanted: Sequence[str]) -> Batch:
    """One batch; where two parts state the same account and time, the later part goes."""
    import polars as pl

    frames = [part.readings for part in parts if part.readings is not None]
    readings = pl.concat(frames, how="diagonal") if frames else None
    if readings is not None and len(frames) > 1:
        readings = readings.unique(["account", "at"], keep="last", maintain_order=True)
        readings = readings.sort("account", "at")
    batch = Batch(
        readings=readings,
        faults=tuple(fault for part in parts for fault in part.faults),
        notes=tuple(note for part in parts for note in part.notes),
        found=tuple(found for part in parts for found in part.found),
    )
    return only(batch, wanted)


def only(batch: Batch, wanted: Sequence[str]) -> Batch:
    """The readings and lists of the wanted accounts, all of them where none is named."""
    import polars as pl

    if not wanted:
        return batch
    readings = batch.readings
    if readings is not None:
        readings = readings.filter(pl.col("account").is_in(list(wanted)))
    lists = tuple(one for one in batch.lists if one.account in wanted)
    return replace(batch, readings=readings, lists=lists)


def match_handle(handle: str, known: Sequence[str], platform: str | None, source: str) -> str:
    """The account as the source writes it, whatever its case, "@" or platform."""
    plain = handle.strip().removeprefix("@").casefold()
    for account in known:
        own = account.rpartition("/")[2].removeprefix("@").casefold()
        if plain in {own, account.casefold()}:
            return account.partition("/")[2] or account
    near = difflib.get_close_matches(handle, known, 1)
    hint = f": perhaps {near[0]} was meant" if near else ""
    raise AccountNotFound(
        f'{source} has no account "{handle}"{hint}.', source=source, account=handle
    )
