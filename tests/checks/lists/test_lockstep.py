import numpy as np

from checks.lists.lockstep import Listed, lockstep
from tests.bench.audiences import DAY, END, team


def listed(seed: int, hit: int) -> tuple[list[Listed], list[int]]:
    lists, where, _ = team(np.random.default_rng(seed), 5, hit)
    return [
        Listed(account=f"x/{place}", ids=ids, since=since)
        for place, (ids, since) in enumerate(lists)
    ], where


def test_fifty_accounts_on_three_creators_are_one_group() -> None:
    lists, where = listed(1, 3)
    (group,) = lockstep(lists)
    assert group.accounts == tuple(f"x/{place}" for place in where)
    assert 45 <= len(group.members) <= 60
    assert all(
        0 <= stop - start <= 6 * 3_600
        for start, stop in zip(group.starts, group.stops, strict=True)
    )


def test_an_audience_that_is_sent_around_is_no_group() -> None:
    assert lockstep(listed(2, 0)[0]) == ()


def test_one_list_or_none_has_no_group() -> None:
    assert lockstep([]) == ()
    ids = np.arange(100, dtype=np.uint64)
    assert lockstep([Listed(account="x/a", ids=ids, since=np.full(100, END - DAY))]) == ()
