"""Following and unfollowing of one's own: whom an account followed and soon dropped again."""

from dataclasses import dataclass

import numpy as np

from checks.lists.lists import Ids, Times, compare, follow_back_share
from checks.model import DAY

SOON = 30
"""Days within which a follow that is taken back was made to be followed back."""

_FEWEST = 50
"""Recent follows dropped from which it may be a habit: a person tidies up fewer."""

_SHARE = 0.2
"""Share of the recent follows that were dropped; an account that tidies up drops old ones
too."""

_PER_DAY = {"x": 400, "twitter": 400, "bluesky": 11_666}
"""Follows a day that a platform has said it allows (help.x.com; Bluesky's write points)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swaps:
    """Of `recent` accounts followed in the month before the older list `dropped` are followed
    no more; `lived` is the median of days until then at most. `followed` came new since.
    `busiest` follows were made on one day, of `allowed` (None where no rule is known)."""

    recent: int
    dropped: int
    lived: int
    followed: int
    busiest: int
    allowed: int | None
    back: float

    @property
    def share(self) -> float:
        return self.dropped / self.recent if self.recent else 0.0

    @property
    def habit(self) -> bool:
        """Whether it is more than an account tidying up."""
        return self.dropped >= _FEWEST and self.share >= _SHARE


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Whom an account follows: `ids` sorted, `since` follow dates beside them, 0 unknown."""

    ids: Ids
    since: Times | None
    at: int


def swaps(
    old: Following,
    new: Following,
    *,
    platform: str,
    before: Following | None = None,
    followers: Ids | None = None,
) -> Swaps:
    """What two `following` lists show; more may have come and gone between them.

    `before` is an older list still: where no follow dates are known it tells whom the account
    had followed only since. `followers` (sorted) gives the share that follows back, NaN
    without.
    """
    change = compare(old.ids, new.ids)
    recent, since = _recent(old, before)
    gone = np.isin(recent, change.lost)
    lived = (new.at - since[gone]) / DAY
    fresh = new.since[np.isin(new.ids, change.gained)] if new.since is not None else None
    back = float("nan")
    if followers is not None:
        back = follow_back_share(followers, np.sort(recent))
    return Swaps(
        recent=len(recent),
        dropped=int(np.count_nonzero(gone)),
        lived=int(np.ceil(np.median(lived))) if gone.any() else 0,
        followed=len(change.gained),
        busiest=_busiest(since, fresh),
        allowed=_PER_DAY.get(platform),
        back=back,
    )


def _recent(old: Following, before: Following | None) -> tuple[Ids, Times]:
    """Whom the older list shows as followed within a month, and since when at the earliest."""
    if old.since is not None and np.any(old.since > 0):
        inside = (old.since > old.at - SOON * DAY) & (old.since <= old.at + DAY)
        return old.ids[inside], old.since[inside]
    if before is None or old.at - before.at > SOON * DAY:
        return old.ids[:0], np.empty(0, np.int64)
    recent = compare(before.ids, old.ids).gained
    return recent, np.full(len(recent), before.at, np.int64)


def _busiest(since: Times, fresh: Times | None) -> int:
    times = since if fresh is None else np.concatenate((since, fresh))
    times = times[times > 0]
    if not len(times):
        return 0
    _, many = np.unique(times // DAY, return_counts=True)
    return int(many.max())
