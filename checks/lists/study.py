"""All that one list of followers says, beside the list before it."""

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from checks.lists.bursts import SMALLEST, bursts
from checks.lists.creation import CreationBatch, creation_batches, creation_scores
from checks.lists.joins import Burst
from checks.lists.lists import (
    Ids,
    ListChange,
    PartialList,
    Times,
    compare,
    date_ranged,
    refuse_partial,
)
from checks.lists.survival import Survival, Usual, survival
from checks.lists.swaps import Following, Swaps, swaps
from checks.model import DAY

Side = Literal["followers", "following"]


class Snapshot(Protocol):
    """A list as it was at one time: `bot.model.reading.FollowerList`."""

    @property
    def account(self) -> str: ...

    @property
    def side(self) -> Side: ...

    @property
    def at(self) -> int: ...

    @property
    def ids(self) -> Ids:
        """Hashes of the names, sorted: (names,)."""

    @property
    def since(self) -> Times | None:
        """Follow times beside `ids`, epoch seconds, 0 unknown: (names,)."""

    @property
    def created(self) -> Times | None:
        """Creation times beside `ids`, epoch seconds, 0 unknown: (names,)."""

    @property
    def ordered(self) -> bool: ...

    @property
    def complete(self) -> bool | None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ListContext:
    """What is known beside a list.

    `old` is the list before it, `before` the one before that. `known` are the followers
    counted elsewhere at the time of each (None: not known). `pace` is the account's usual
    loss, None where no lists were compared yet. `followers` are those at the time of a list
    of whom it follows. `smallest` is the least share of the list that makes a burst, `wave`
    that of its leavers.
    """

    timezone: str = "UTC"
    old: Snapshot | None = None
    before: Snapshot | None = None
    known: float | None = None
    known_old: float | None = None
    pace: float | None = None
    followers: Ids | None = None
    smallest: float = SMALLEST
    wave: float = 0.015


@dataclass(frozen=True, slots=True, kw_only=True)
class Study:
    """What a list says. `refused` is why it was not compared with the one before it: "ranged",
    "partial" (by its own word or the known count), or None. `undated` and `late` follows
    carry no date or one after the list."""

    account: str
    side: Side
    at: int
    names: int
    complete: bool | None
    ordered: bool
    dated: bool
    old_at: int | None = None
    bursts: tuple[Burst, ...] = ()
    batches: tuple[CreationBatch, ...] = ()
    change: ListChange | None = None
    survival: Survival | None = None
    swaps: Swaps | None = None
    refused: Literal["ranged", "partial"] | None = None
    undated: int = 0
    late: int = 0


def study(new: Snapshot, context: ListContext) -> Study:
    """Bursts and creation batches of one list; with an older one who came and who left."""
    old, since = context.old, new.since
    given = None if new.ordered else since
    undated, late = unusable_dates(new)
    refused = None if old is None else _refused(new, old, context)
    change, lost, habits = None, None, None
    if old is not None and refused is None:
        dates = None if old.ordered else old.since
        change = compare(old.ids, new.ids, old_since=dates, old_at=old.at)
        if new.side == "followers":
            lost = _survival(old, change, new.at, context)
        else:
            habits = _habits(new, old, context)
    return Study(
        account=new.account,
        side=new.side,
        at=new.at,
        names=len(new.ids),
        complete=False if refused == "ranged" else new.complete,
        ordered=new.ordered,
        dated=given is not None and bool(np.any(given > 0)),
        old_at=None if old is None else old.at,
        bursts=_bursts(new, context),
        batches=batches_of(new),
        change=change,
        survival=lost,
        swaps=habits,
        refused=refused,
        undated=undated,
        late=late,
    )


def unusable_dates(new: Snapshot) -> tuple[int, int]:
    """How many names carry no follow date, and how many one after the list itself; none where
    only the order of the follows is known."""
    if new.ordered:
        return 0, 0
    if new.since is None:
        return len(new.ids), 0
    late = np.count_nonzero(new.since > new.at + DAY)
    return int(np.count_nonzero(new.since <= 0)), int(late)


def batches_of(new: Snapshot) -> tuple[CreationBatch, ...]:
    """Followers in a row whose accounts were made together, where both dates are known."""
    if new.created is None or new.since is None or new.side != "followers":
        return ()
    order = np.argsort(new.since, kind="stable")
    created, followed = new.created[order], new.since[order]
    return creation_batches(created, followed, creation_scores(created, followed))


def _bursts(new: Snapshot, context: ListContext) -> tuple[Burst, ...]:
    if new.since is None or new.ordered or new.side != "followers":
        return ()
    return bursts(new.since, at=new.at, timezone=context.timezone, smallest=context.smallest)


def _refused(
    new: Snapshot, old: Snapshot, context: ListContext
) -> Literal["ranged", "partial"] | None:
    if not new.ordered and date_ranged(old.ids, old.since, new.ids, new.since):
        return "ranged"
    try:
        refuse_partial(len(old.ids), context.known_old, complete=old.complete)
        refuse_partial(len(new.ids), context.known, complete=new.complete)
    except PartialList:
        return "partial"
    return None


def _survival(old: Snapshot, change: ListChange, at: int, context: ListContext) -> Survival:
    since = old.since if old.since is not None else np.zeros(len(old.ids), np.int64)
    gone = np.zeros(len(old.ids), np.bool_)
    gone[np.searchsorted(old.ids, change.lost)] = True
    return survival(
        since,
        gone,
        start=old.at,
        stop=at,
        bursts=_bursts(old, context),
        usual=Usual(context.pace, context.wave),
    )


def _habits(new: Snapshot, old: Snapshot, context: ListContext) -> Swaps:
    def of(one: Snapshot) -> Following:
        return Following(ids=one.ids, since=None if one.ordered else one.since, at=one.at)

    return swaps(
        of(old),
        of(new),
        platform=new.account.partition("/")[0],
        before=None if context.before is None else of(context.before),
        followers=context.followers,
    )
