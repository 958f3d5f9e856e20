import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.lists import lists
from checks.lists.lists import PartialList, compare, follow_back_share, refuse_partial

DAY = 86_400
AT = 1_700_000_000


def ids(*values: int) -> lists.Ids:
    return np.array(sorted(set(values)), np.uint64)


names = st.sets(st.one_of(st.integers(0, 40), st.integers(0, 2**64 - 1)), max_size=60)


@given(names, names, st.integers(1, 8))
def test_gained_lost_and_kept_are_those_of_sets(
    old: set[int], new: set[int], size: int
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lists, "_CHUNK", size)
        change = compare(ids(*old), ids(*new))
    assert set(change.gained.tolist()) == new - old
    assert set(change.lost.tolist()) == old - new
    assert change.kept == len(old & new)
    assert (np.diff(change.gained.astype(object)) > 0).all()


def test_lists_longer_than_one_slice_are_compared_whole() -> None:
    rng = np.random.default_rng(3)
    both = np.unique(rng.integers(0, 2**64 - 1, 300_000, dtype=np.uint64))
    stays = rng.random(len(both)) < 0.5
    joins = rng.random(len(both)) < 0.5
    change = compare(both[stays], both[joins])
    assert np.array_equal(change.lost, both[stays & ~joins])
    assert np.array_equal(change.gained, both[joins & ~stays])
    assert change.kept == np.count_nonzero(stays & joins)


def test_short_lived_are_leavers_who_had_just_come() -> None:
    old = ids(1, 2, 3, 4)
    since = np.array([AT - DAY, AT - 30 * DAY, 0, AT - 2 * DAY])
    change = compare(old, ids(4), old_since=since, old_at=AT)
    assert change.short_lived == 1
    assert compare(old, ids(4)).short_lived is None


def test_follow_back_share() -> None:
    assert follow_back_share(ids(1, 2, 3), ids(2, 3, 9, 10)) == 0.5
    assert math.isnan(follow_back_share(ids(1), ids()))


@pytest.mark.parametrize(
    ("count", "known", "complete"),
    [(573, 3866.0, None), (899, 1000.0, None), (1000, 1000.0, False)],
)
def test_visibly_partial_lists_are_refused(
    count: int, known: float, complete: bool | None
) -> None:
    with pytest.raises(PartialList, match="partial"):
        refuse_partial(count, known, complete=complete)


@pytest.mark.parametrize(("count", "known"), [(4876, 5012.0), (10, None), (12, 10.0)])
def test_lists_a_little_short_of_the_profile_are_compared(
    count: int, known: float | None
) -> None:
    refuse_partial(count, known)
