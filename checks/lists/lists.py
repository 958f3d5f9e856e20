"""Exact churn between two follower lists, held as sorted 64-bit keyed hashes of the names."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from checks.model import DAY

Ids = npt.NDArray[np.uint64]
Times = npt.NDArray[np.int64]

PARTIAL = 0.9
"""A list with fewer names than this share of the known count is not compared. Complete
exports were seen 3 % short of the profile's count; date-limited ones by half and more."""

SHORT_LIVED_DAYS = 7
"""Days of following below which a leaver was short-lived."""

_CHUNK = 1 << 16
"""Names sorted at once: what stays in the cache. Speed alone depends on it."""

_RANGED_FEWEST, _RANGED_SHARE = 5, 0.02
"""How many must be missing at once: the one or two oldest of a list may have left by chance."""


class PartialList(ValueError):
    """A follower list that visibly leaves people out: comparing it would invent leavers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListChange:
    """`gained` and `lost` are sorted ids; `kept` counts those on both lists.

    `short_lived` counts the lost who had followed for less than a week when the old list
    was made; None where it has no follow times.
    """

    gained: Ids
    lost: Ids
    kept: int
    short_lived: int | None = None


def compare(
    old: Ids, new: Ids, *, old_since: Times | None = None, old_at: int | None = None
) -> ListChange:
    """Who came and who left; both lists sorted and without repeats.

    `old_since` are the follow times beside `old` (0 where unknown), `old_at` its own time.
    Works through both lists in slices of equal hash range, each sorted in cache.
    """
    gained, lost, kept = [], [], 0
    for ours, theirs in _slices(old, new):
        both = np.concatenate((ours, theirs))
        both.sort()
        twice = both[1:] == both[:-1]
        kept += int(np.count_nonzero(twice))
        if 2 * np.count_nonzero(twice) == len(both):
            continue
        single = np.ones(len(both), np.bool_)
        single[1:] ^= twice
        single[:-1] ^= twice
        alone = both[single]
        place = np.searchsorted(ours, alone)
        mine = place < len(ours)
        mine[mine] = ours[place[mine]] == alone[mine]
        lost.append(alone[mine])
        gained.append(alone[~mine])
    left = _joined(lost)
    return ListChange(
        gained=_joined(gained),
        lost=left,
        kept=kept,
        short_lived=_short_lived(left, old, old_since, old_at),
    )


def refuse_partial(names: int, known: float | None, *, complete: bool | None = None) -> None:
    """Raises `PartialList` where a list cannot be all of `known` followers."""
    if complete is False:
        raise PartialList("The list says itself that it is partial; export all of it.")
    if known is not None and names < PARTIAL * known:
        raise PartialList(
            f"The list holds {names} names, but {known:.0f} were known at that time: it is "
            "partial. Export it again for all time."
        )


def follow_back_share(followers: Ids, following: Ids) -> float:
    """Share of the accounts followed that follow back; NaN where none is followed."""
    if not len(following):
        return float("nan")
    return compare(following, followers).kept / len(following)


def date_ranged(old: Ids, old_since: Times | None, new: Ids, new_since: Times | None) -> bool:
    """Whether a list leaves out everybody who followed before its own oldest entry.

    An export for a date range does; followers never leave so. Both lists sorted, the follow
    dates beside them, 0 where unknown.
    """
    if old_since is None or new_since is None or not np.any(new_since > 0):
        return False
    oldest = int(new_since[new_since > 0].min())
    before = (old_since > 0) & (old_since < oldest)
    few = max(_RANGED_FEWEST, _RANGED_SHARE * len(old))
    return bool(np.count_nonzero(before) >= few) and not compare(old[before], new).kept


def _slices(old: Ids, new: Ids) -> Iterator[tuple[Ids, Ids]]:
    """Cuts both lists at the same hashes, about `_CHUNK` names of the longer one each."""
    longer = old if len(old) >= len(new) else new
    cuts = longer[_CHUNK::_CHUNK]
    first = np.concatenate(([0], np.searchsorted(old, cuts), [len(old)]))
    second = np.concatenate(([0], np.searchsorted(new, cuts), [len(new)]))
    for k in range(len(first) - 1):
        yield old[first[k] : first[k + 1]], new[second[k] : second[k + 1]]


def _joined(parts: list[Ids]) -> Ids:
    return np.concatenate(parts) if parts else np.empty(0, np.uint64)


def _short_lived(
    lost: Ids, old: Ids, old_since: Times | None, old_at: int | None
) -> int | None:
    if old_since is None or old_at is None:
        return None
    since = old_since[np.searchsorted(old, lost)]
    return int(np.count_nonzero((since > 0) & (old_at - since < SHORT_LIVED_DAYS * DAY)))
