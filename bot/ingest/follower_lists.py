"""What follower lists say once they are stored: exact churn, bursts, who follows back."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from bot.storage import lists, readings
from checks.lists.lists import PartialList, bursts, compare, follow_back_share, refuse_partial

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.model.reading import FollowerList

_SHOWN_BURSTS = 3


def compare_lists(db: Database, given: FollowerList) -> list[str]:
    """Compares a stored list with the one before it and keeps the result; gives sentences.

    A list that is visibly partial against the known count is never compared.
    """
    said = [*_churn(db, given), *_bursts(given)]
    if given.side == "followers":
        said += _follow_back(db, given)
    return [f"{given.account}: {sentence}" for sentence in said]


def _churn(db: Database, given: FollowerList) -> list[str]:
    earlier = [at for at in lists.times(db, given.account, given.side) if at < given.at]
    old = lists.get(db, given.account, given.side, earlier[-1]) if earlier else None
    if old is None:
        return []
    try:
        for one in (old, given):
            known = readings.total_near(db, one.account, one.side, one.at)
            refuse_partial(len(one.ids), known, complete=one.complete)
    except PartialList as error:
        _keep(db, old, given, refused=str(error))
        return [f"not compared with the list of {_day(old.at)}. {error}"]
    change = compare(old.ids, given.ids, old_since=old.since, old_at=old.at)
    detail = {"short_lived": change.short_lived}
    gained, lost = len(change.gained), len(change.lost)
    _keep(db, old, given, gained=gained, lost=lost, kept=change.kept, detail=detail)
    short = ""
    if change.short_lived:
        short = f", {change.short_lived:,} of them within a week of following"
    return [
        f"since {_day(old.at)} {gained:,} gained, {lost:,} lost{short}, {change.kept:,} kept"
    ]


def _keep(
    db: Database,
    old: FollowerList,
    new: FollowerList,
    *,
    gained: int | None = None,
    lost: int | None = None,
    kept: int | None = None,
    detail: dict[str, int | None] | None = None,
    refused: str | None = None,
) -> None:
    lists.put_change(
        db,
        lists.ListChange(
            account=new.account,
            side=new.side,
            start=old.at,
            stop=new.at,
            gained=gained,
            lost=lost,
            kept=kept,
            detail=detail or {},
            refused=refused,
        ),
    )


def _bursts(given: FollowerList) -> list[str]:
    found = [] if given.since is None else bursts(given.since)
    worst = sorted(found, key=lambda burst: -burst.follows)[:_SHOWN_BURSTS]
    return [
        f"{burst.follows:,} follows within {'a minute' if burst.seconds == 60 else 'a second'} "
        f"at {datetime.fromtimestamp(burst.at, UTC):%Y-%m-%d %H:%M:%S} UTC"
        for burst in worst
    ]


def _follow_back(db: Database, given: FollowerList) -> list[str]:
    times = lists.times(db, given.account, "following")
    following = lists.get(db, given.account, "following", times[-1]) if times else None
    if following is None or not len(following.ids):
        return []
    share = follow_back_share(given.ids, following.ids)
    return [f"{share:.0%} of the {len(following.ids):,} accounts it follows follow back"]


def _day(at: int) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
