import numpy as np
import pytest

from checks.lists.bursts import bursts
from checks.lists.joins import Burst, join_days
from tests.bench.audiences import DAY, END, audience, with_batch


@pytest.mark.parametrize("seconds", [60, 3_600, DAY, 3 * DAY, 14 * DAY])
def test_a_bought_batch_is_found_on_its_days(seconds: int) -> None:
    rng = np.random.default_rng(3)
    bought, start, stop = with_batch(rng, audience(rng, 20_000), 0.05, seconds)
    (one,) = bursts(bought.since, at=END)
    assert abs(one.start - start) <= DAY
    assert abs(one.stop - stop) <= DAY
    assert one.extra == pytest.approx(0.05 * len(bought.since), rel=0.2)
    assert one.joined > 2 * one.usual


def test_nothing_stands_out_of_a_clean_list() -> None:
    for seed in (11, 12, 13, 14):
        rng = np.random.default_rng(seed)
        assert bursts(audience(rng, 5_000).since, at=END) == ()


@pytest.mark.parametrize("days", [1, 2, 6, 7, 8])
def test_a_list_of_a_few_days_says_nothing(days: int) -> None:
    assert bursts(END - DAY * np.arange(days), at=END) == ()


def test_growth_that_stays_is_no_batch() -> None:
    rng = np.random.default_rng(5)
    slow = END - DAY * 400 + rng.integers(0, 300 * DAY, 3_000)
    fast = END - DAY * 100 + rng.integers(0, 100 * DAY, 4_000)
    assert bursts(np.concatenate((slow, fast)), at=END) == ()


def test_eighty_follows_within_a_minute_are_a_burst_of_seconds() -> None:
    rng = np.random.default_rng(5)
    ordinary = END - 60 * DAY + rng.integers(0, 60 * DAY, 20_000)
    start = (END - 10 * DAY) // 60 * 60
    attack = start + rng.integers(0, 60, 80)
    (one,) = bursts(np.concatenate((ordinary, attack, np.zeros(100, np.int64))), at=END)
    assert start <= one.start <= one.stop <= start + 60
    assert one.joined >= 80


def test_a_post_that_brings_many_for_days_is_no_batch() -> None:
    """Thirty times the usual on its first day, in the list's own hours, then ever fewer."""
    rng = np.random.default_rng(5)
    usual = audience(rng, 10_000).since
    day = usual[np.searchsorted(usual, END - 70 * DAY)] // DAY * DAY
    post = [
        day + k * DAY + rng.choice(usual, many) % DAY
        for k, many in enumerate((500, 230, 105, 50, 22))
    ]
    assert bursts(np.concatenate((usual, *post)), at=END) == ()


def test_two_batches_are_two() -> None:
    rng = np.random.default_rng(8)
    once, first, _ = with_batch(rng, audience(rng, 20_000), 0.05, DAY)
    twice, second, _ = with_batch(rng, once, 0.05, 7 * DAY)
    found = bursts(twice.since, at=END)
    assert len(found) == 2
    assert sorted([first, second]) == pytest.approx([one.start for one in found], abs=DAY)


def test_a_clock_in_the_future_dates_nothing() -> None:
    since = np.concatenate((END - np.arange(500) * DAY, np.full(400, END + 90 * DAY), [0, 0]))
    joins = join_days(since, at=END)
    assert joins.counts.sum() == 500
    assert bursts(since, at=END) == ()


def test_lists_without_dates_say_nothing() -> None:
    assert bursts(np.zeros(500, np.int64), at=END) == ()
    assert bursts(np.empty(0, np.int64), at=END) == ()


def test_order_and_repeats_of_rows_change_nothing() -> None:
    rng = np.random.default_rng(4)
    bought, _, _ = with_batch(rng, audience(rng, 3_000), 0.1, DAY)
    shuffled = rng.permutation(bought.since)
    assert bursts(shuffled, at=END) == bursts(bought.since, at=END)


def test_a_burst_says_how_many_more_than_usual_came() -> None:
    one = Burst(start=0, stop=DAY, joined=40, usual=10.4, share=0.1, score=9.0)
    assert one.extra == 30


def test_a_batch_of_ten_hours_stands_above_the_hours_beside_it() -> None:
    rng = np.random.default_rng(312)
    bought, start, stop = with_batch(rng, audience(rng, 44_000), 0.01, 10 * 3_600)
    (one,) = bursts(bought.since, at=END)
    assert abs(one.start - start) <= 7_200
    assert abs(one.stop - stop) <= 7_200


def test_a_list_of_dates_without_hours_is_judged_by_days() -> None:
    rng = np.random.default_rng(312)
    bought, start, _ = with_batch(rng, audience(rng, 44_000), 0.03, 10 * 3_600)
    (one,) = bursts(bought.since // DAY * DAY, at=END)
    assert abs(one.start - start) <= DAY
