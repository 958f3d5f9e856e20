"""Far-out moves of few among many."""

import numpy as np

from checks.evidence.far_out import far_out

ACCOUNTS, DAYS = 300, 30


def waves(*moves: tuple[int, int, int]) -> list[int]:
    """Days of a wave where so many accounts, from one row on, moved far on one day."""
    far = np.zeros((ACCOUNTS, DAYS), np.bool_)
    for first, many, day in moves:
        far[first : first + many, day] = True
    excess = np.where(far, 0.02, 0.0)
    return np.flatnonzero(far_out(excess, np.full(far.shape, 0.002)).wave).tolist()


def test_four_of_hundreds_are_no_chance_where_none_is_usual() -> None:
    assert waves((0, 4, 20)) == [20]
    assert waves((0, 3, 20)) == []


def test_as_many_as_usual_are_no_wave() -> None:
    usual = [(40 + day, 1, day) for day in range(DAYS)]
    assert waves(*usual, (0, 4, 20)) == []
    assert waves(*usual, (0, 14, 20)) == [20]


def test_a_move_in_lockstep_stays_a_wave_day_after_day() -> None:
    assert waves(*((0, 5, day) for day in range(18, 28))) == list(range(18, 28))


def test_moves_that_are_small_each_day_are_far_out_together() -> None:
    excess, spread = np.zeros((ACCOUNTS, DAYS)), np.full((ACCOUNTS, DAYS), 0.001)
    excess[:5, 20:23] = 0.0047
    assert np.flatnonzero(far_out(excess, spread).wave).tolist() == [22]
    excess[2, 21] = np.nan  # an unread day parts nothing
    assert np.flatnonzero(far_out(excess, spread).wave).tolist() == [22]


def test_one_that_goes_on_more_slowly_or_unread_is_in_the_same_move() -> None:
    excess, spread = np.zeros((ACCOUNTS, DAYS)), np.full((ACCOUNTS, DAYS), 0.001)
    excess[:5, 20:24] = 0.01
    excess[1, 21], excess[2:4, 21] = np.nan, 0.0045
    assert np.flatnonzero(far_out(excess, spread).wave).tolist() == [20, 22, 23]


def test_four_that_move_five_days_on_end_are_no_chance_where_others_jump() -> None:
    excess, spread = np.zeros((ACCOUNTS, DAYS)), np.full((ACCOUNTS, DAYS), 0.001)
    excess[:4, 20:26] = 0.01
    excess[40:42, 11:14] = 0.01
    assert np.flatnonzero(far_out(excess, spread).wave).tolist() == [24, 25]


def test_a_group_that_often_jumps_together_is_no_news() -> None:
    assert 28 not in waves(*((0, 6, day) for day in range(0, 29, 4)))
