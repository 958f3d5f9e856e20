import numpy as np
import pytest

from checks.lists.bursts import bursts
from checks.lists.survival import pace_of, survival, usual_loss
from tests.bench.audiences import DAY, END, audience, ordinary_loss, with_batch


@pytest.mark.parametrize("seconds", [3_600, 7 * DAY])
def test_leavers_of_one_burst_are_a_batch_that_went(seconds: int) -> None:
    rng = np.random.default_rng(2)
    bought, start, stop = with_batch(rng, audience(rng, 8_000), 0.1, seconds)
    inside = (bought.since >= start) & (bought.since < stop)
    gone = ordinary_loss(rng, bought.since, 14) | (inside & (rng.random(len(inside)) < 0.75))
    known = bursts(bought.since, at=END)
    lost = survival(bought.since, gone, start=END, stop=END + 14 * DAY, bursts=known)
    assert lost.loss == "batch"
    assert lost.batch is not None
    assert lost.batch.share > 0.5
    assert lost.others < 0.05
    assert abs(lost.batch.start - start) < 2 * DAY


def test_leavers_of_all_ages_are_people_who_leave() -> None:
    rng = np.random.default_rng(4)
    since = audience(rng, 8_000).since
    gone = ordinary_loss(rng, since, 14) | (rng.random(len(since)) < 0.06)
    assert survival(since, gone, start=END, stop=END + 14 * DAY).loss == "spread"


def test_an_ordinary_month_is_usual() -> None:
    rng = np.random.default_rng(6)
    since = audience(rng, 8_000).since
    lost = survival(since, ordinary_loss(rng, since, 28), start=END, stop=END + 28 * DAY)
    assert (lost.loss, lost.batch) == ("usual", None)
    assert sum(one.gone for one in lost.cohorts) == lost.gone


def test_without_dates_a_large_loss_has_no_age() -> None:
    gone = np.arange(2_000) < 300
    lost = survival(np.zeros(2_000, np.int64), gone, start=END, stop=END + DAY)
    assert (lost.loss, lost.batch) == ("unknown", None)


def test_the_young_leave_more() -> None:
    due = usual_loss(np.array([END - DAY, END - 400 * DAY, 0]), start=END, stop=END + 7 * DAY)
    assert due[0] > 5 * due[1]
    assert due[1] == pytest.approx(due[2], rel=0.01)


@pytest.mark.parametrize(("gone", "usual", "pace"), [(50.0, 50.0, 1.0), (950.0, 450.0, 2.0)])
def test_an_account_keeps_its_own_pace(gone: float, usual: float, pace: float) -> None:
    assert pace_of([(gone, usual)]) == pytest.approx(pace)
    assert pace_of([(1e6, 1.0)]) == 6.0
