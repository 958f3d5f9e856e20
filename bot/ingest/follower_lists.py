"""What follower lists say once they are stored: who came, who left, and what to tell of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bot.storage import accounts, list_verdicts, lists
from bot.storage.access import AccessPolicy
from checks.lists.lists import Ids
from checks.lists.lockstep import Group, Listed, lockstep
from checks.lists.study import ListContext, Study, study
from checks.lists.survival import pace_of, usual_loss
from checks.lists.verdicts import (
    Told,
    batch_gone,
    batch_joined,
    list_compared,
    list_rules,
    swap_reasons,
    verdicts,
)
from checks.reasons import reason

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.model.reading import FollowerList
    from bot.storage.database import Store
    from checks.model import Event, Reason, Rules

_SHOWN = 3
_TOGETHER = 3_000_000
"""Names of all lists that are looked at for lockstep at once: what fits in some 100 MB."""

ListKey = tuple[str, str, int]
"""Account, side and time of a stored list."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSettings:
    """What lists are judged by; `events` reads what the team knows of."""

    rules: Rules
    access: AccessPolicy
    timezone: str = "UTC"
    events: Callable[[Database], Iterable[Event]] = lambda db: ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ListNews:
    """What one list says to whoever brought it; `complete` as it is believed."""

    account: str
    side: str
    at: int
    complete: bool | None
    dated: bool
    said: tuple[Reason, ...]


async def study_lists(
    store: Store, settings: ListSettings, new: Sequence[ListKey], now: int
) -> list[ListNews]:
    """Studies stored lists, oldest first: keeps who came and left, and the verdicts for the
    next review. Computes outside the write lock: a list may hold a million names."""
    told = []
    for key in sorted(new, key=lambda one: one[2]):
        gathered = await store.read(_gather, settings, key)
        if gathered is None:
            continue
        given, context, others, events = gathered
        made, found = await asyncio.to_thread(_judge, given, context, others, events, settings)
        await store.write(_keep, made, context, found, now)
        told.append(
            ListNews(
                account=given.account,
                side=given.side,
                at=given.at,
                complete=made.complete,
                dated=bool(made.dated),
                said=tuple(answer(made)),
            )
        )
    return told


def judge_lists(
    given: Sequence[FollowerList], settings: ListSettings, *, newest_only: bool = False
) -> list[Told]:
    """What lists of several days say without a database, each beside the one before it; of each
    account only the newest one where `newest_only`."""
    series: dict[tuple[str, str], list[FollowerList]] = {}
    for one in sorted(given, key=lambda each: each.at):
        series.setdefault((one.account, one.side), []).append(one)
    told: list[Told] = []
    for (account, side), own in series.items():
        compared: list[tuple[float, float]] = []
        for place, one in enumerate(own):
            context = ListContext(
                timezone=settings.timezone,
                old=own[place - 1] if place else None,
                before=own[place - 2] if place > 1 else None,
                pace=pace_of(compared) if compared else None,
                followers=_beside(series, account, one) if side == "following" else None,
                smallest=list_rules(settings.rules).smallest,
                wave=list_rules(settings.rules).wave,
            )
            last = place == len(own) - 1
            others = _newest_others(series, one) if last else []
            made, found = _judge(one, context, others, (), settings)
            if made.survival is not None and made.survival.loss == "usual":
                compared.append((float(made.survival.gone), _curve(context, made)))
            if last or not newest_only:
                told += found
    return told


def _beside(
    series: Mapping[tuple[str, str], list[FollowerList]], account: str, given: FollowerList
) -> Ids | None:
    """Who followed at the time of a list of whom the account follows."""
    known = [one for one in series.get((account, "followers"), ()) if one.at <= given.at]
    return known[-1].ids if known else None


def _newest_others(
    series: Mapping[tuple[str, str], list[FollowerList]], given: FollowerList
) -> list[Listed]:
    platform = given.account.partition("/")[0]
    return [
        Listed(account=account, ids=own[-1].ids, since=own[-1].since)
        for (account, side), own in series.items()
        if side == given.side == "followers"
        and account != given.account
        and account.partition("/")[0] == platform
        and own[-1].since is not None
        and not own[-1].ordered
    ]


def answer(made: Study) -> list[Reason]:
    """What a list says in a few sentences; bursts of long ago are told once, as history."""
    said: list[Reason] = []
    if made.refused:
        said.append(reason("list_ranged" if made.refused == "ranged" else "list_partial"))
    compared = list_compared(made)
    if compared is not None:
        said.append(compared)
    if made.side == "followers" and made.change is not None and made.change.short_lived:
        said.append(reason("short_lived", count=made.change.short_lived))
    lost = made.survival
    if lost is not None and lost.loss in ("spread", "unknown"):
        said.append(
            reason(
                "left_of_all_ages" if lost.loss == "spread" else "left_undated",
                share=round(100 * lost.share, 1),
                usual=round(100 * lost.usual / max(lost.size, 1), 1),
            )
        )
    if lost is not None and lost.batch is not None:
        said.append(batch_gone(lost.others, lost.batch))
    fresh = [one for one in made.bursts if _fresh(one.stop, made)]
    worst = sorted(fresh, key=lambda one: -one.joined)[:_SHOWN]
    said += [batch_joined(made, one) for one in sorted(worst, key=lambda one: one.start)]
    said += [
        reason("created_batch", count=one.count, start=one.made_from, stop=one.made_to)
        for one in made.batches[:_SHOWN]
        if _fresh(one.last_at, made)
    ]
    said += swap_reasons(made)
    return said + missing(made.undated, made.late)


def missing(undated: int, late: int) -> list[Reason]:
    """Which follow dates a list does not carry (`unusable_dates`)."""
    said = [reason("list_undated", count=undated)] if undated else []
    return said + ([reason("list_late", count=late)] if late else [])


def _fresh(stop: int, made: Study) -> bool:
    return made.old_at is None or made.refused is not None or stop > made.old_at


def _judge(
    given: FollowerList,
    context: ListContext,
    others: Sequence[Listed],
    events: Sequence[Event],
    settings: ListSettings,
) -> tuple[Study, list[Told]]:
    made = study(given, context)
    groups: tuple[Group, ...] = ()
    if given.side == "followers" and given.since is not None and made.dated and others:
        own = Listed(account=given.account, ids=given.ids, since=given.since)
        groups = tuple(one for one in lockstep([own, *others]) if given.account in one.accounts)
    found = verdicts(
        made, settings.rules, timezone=settings.timezone, events=events, groups=groups
    )
    return made, found


# --- what is stored ---------------------------------------------------------------------


def _gather(
    db: Database, settings: ListSettings, key: ListKey
) -> tuple[FollowerList, ListContext, list[Listed], list[Event]] | None:
    given = lists.get(db, *key)
    if given is None:
        return None
    floor = list_rules(settings.rules)
    context = lists.context(db, given, timezone=settings.timezone, floor=floor)
    return given, context, _others(db, settings, given), list(settings.events(db))


def _others(db: Database, settings: ListSettings, given: FollowerList) -> list[Listed]:
    """The newest dated lists of the accounts that exactly the same teams see."""
    platform = given.account.partition("/")[0]
    known = accounts.words_by_account(db)

    def seen_by(account: str) -> frozenset[str]:
        return frozenset(
            space
            for space in settings.access.spaces
            if settings.access.sees(space, account, known.get(account, ()))
        )

    own, room = seen_by(given.account), _TOGETHER - len(given.ids)
    found = []
    for account in lists.listed(db, "followers"):
        if account == given.account or account.partition("/")[0] != platform:
            continue
        if seen_by(account) != own:
            continue
        times = lists.times(db, account, "followers")
        one = lists.get(db, account, "followers", times[-1])
        if one is None or one.since is None or one.ordered:
            continue
        room -= len(one.ids)
        if room < 0:
            break
        found.append(Listed(account=account, ids=one.ids, since=one.since))
    return found


def _keep(
    db: Database, made: Study, context: ListContext, found: Sequence[Told], now: int
) -> None:
    if context.old is not None:
        change, lost = made.change, made.survival
        detail: dict[str, int | float | str | None] = {}
        if change is not None:
            detail["short_lived"] = change.short_lived
        if lost is not None:
            detail |= {"usual": _curve(context, made), "loss": lost.loss}
        lists.put_change(
            db,
            lists.ListChange(
                account=made.account,
                side=made.side,
                start=context.old.at,
                stop=made.at,
                gained=None if change is None else len(change.gained),
                lost=None if change is None else len(change.lost),
                kept=None if change is None else change.kept,
                detail=detail,
                refused=made.refused,
            ),
        )
    list_verdicts.put(db, made.account, [one.verdict for one in found], now)


def _curve(context: ListContext, made: Study) -> float:
    """What the curve alone expects: the measure of an account's pace."""
    old = context.old
    assert old is not None
    since = old.since if old.since is not None else np.zeros(len(old.ids), np.int64)
    return round(float(usual_loss(since, start=old.at, stop=made.at).sum()), 1)
