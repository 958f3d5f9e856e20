"""Follower lists as counts: what a complete one says of its day, and which are complete."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from checks.lists.lists import date_ranged

if TYPE_CHECKING:
    import polars as pl

    from bot.model.reading import FollowerList


def believed(given: FollowerList, old: FollowerList | None) -> FollowerList:
    """The list as what it is: one for a date range is partial, whatever its export says."""
    if old is None or given.complete is False or given.ordered:
        return given
    ranged = date_ranged(old.ids, old.since, given.ids, given.since)
    return replace(given, complete=False) if ranged else given


def kept_apart(
    given: FollowerList, known: Callable[[str, str, int], FollowerList | None]
) -> FollowerList:
    """The list at a time of its own: exports that do not say when they were made are dated by
    their newest follow, which two of them may share. `known` gives the list of an
    account, side and time."""
    if given.since is None or not (given.since == given.at).any():
        return given
    at = given.at
    while (other := known(given.account, given.side, at)) is not None:
        if np.array_equal(other.ids, given.ids):
            break
        at += 1
    return replace(given, at=at)


def list_readings(given: Iterable[FollowerList]) -> pl.DataFrame | None:
    """Complete lists as readings: how many names they hold is the total of that day."""
    import polars as pl

    rows = [
        (one.account, one.at, one.side, one.count if one.count is not None else len(one.ids))
        for one in given
        if one.complete
    ]
    if not rows:
        return None
    frame = pl.DataFrame(rows, schema=["account", "at", "side", "names"], orient="row")
    sides = [side for side in ("followers", "following") if side in frame["side"]]
    return frame.group_by("account", "at").agg(
        pl.col("names").filter(pl.col("side") == side).last().cast(pl.Int64).alias(side)
        for side in sides
    )
