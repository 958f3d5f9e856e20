"""Follower lists in files, for `check` and `backtest`: what they count, and what they show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from bot.ingest.follower_lists import ListSettings, judge_lists, missing
from bot.ingest.list_readings import believed, kept_apart, list_readings
from bot.model.reading import FollowerList
from bot.model.source import Found
from bot.storage.access import AccessPolicy
from checks.lists.study import unusable_dates
from checks.reasons import reason

if TYPE_CHECKING:
    from checks.lists.verdicts import Told
    from checks.model import Rules


def in_order(given: Sequence[FollowerList]) -> list[FollowerList]:
    """The lists, oldest first, each as what the one before it proves it to be; of two of the
    same account, side and time the later file counts."""
    newest: dict[tuple[str, str, int], FollowerList] = {}
    for one in given:
        one = kept_apart(one, lambda account, side, at: newest.get((account, side, at)))
        newest[one.account, one.side, one.at] = one
    last: dict[tuple[str, str], FollowerList] = {}
    told = []
    for one in sorted(newest.values(), key=lambda each: each.at):
        key = (one.account, one.side)
        one = believed(one, last.get(key))
        last[key] = one
        told.append(one)
    return told


def as_believed(found: Sequence[Found], given: Sequence[FollowerList]) -> list[Found]:
    """What the files said of themselves, put right where a list proved to be for a range, and
    which dates their lists do not carry."""
    lists = {(one.account, one.side.rstrip("s"), len(one.ids)): one for one in given}

    def judged(one: Found) -> Found:
        side = (one.format or "").rpartition(".")[2].removesuffix("_list")
        known = lists.get((one.account or "", side, one.names))
        if known is None:
            return one
        said = tuple(missing(*unusable_dates(known)))
        if one.complete and known.complete is False:
            said = (reason("list_ranged"), *said)
            one = replace(one, complete=False, basis=None, readings=0)
        return replace(one, findings=said)

    return [judged(one) for one in found]


def with_counts(frame: pl.DataFrame, given: Sequence[FollowerList]) -> pl.DataFrame:
    """The readings, and those of complete lists for accounts that no reading counts."""
    rows = list_readings(given)
    if rows is None:
        return frame
    if not frame.is_empty() and "followers" in frame.columns:
        counted = frame.filter(pl.col("followers").is_not_null())["account"].unique()
        rows = rows.filter(~pl.col("account").is_in(counted.to_list()))
    both = rows if frame.is_empty() else pl.concat([frame, rows], how="diagonal_relaxed")
    return both.sort("account", "at")


def shown(
    given: Sequence[FollowerList], rules: Rules, timezone: str, *, newest_only: bool = False
) -> list[Told]:
    """What the lists show, and when each could first be known."""
    settings = ListSettings(rules=rules, access=AccessPolicy({}), timezone=timezone)
    return judge_lists(given, settings, newest_only=newest_only)
