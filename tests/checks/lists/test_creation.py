import numpy as np

from checks.lists.creation import creation_batches, creation_scores, follow_bound
from tests.bench.audiences import DAY, audience


def mixed(fakes: int, wide: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    rng = np.random.default_rng(9)
    clean = audience(rng, 12_000)
    ranks = np.sort(6_000 + rng.integers(0, wide, fakes))
    made = int(clean.since[6_000]) - 200 * DAY + rng.integers(0, 30 * DAY, fakes)
    created = np.insert(clean.created, ranks, made)
    since = np.insert(clean.since, ranks, clean.since[ranks])
    fake = np.insert(np.zeros(len(clean.since), np.bool_), ranks, True)
    return created, since, fake


def test_fakes_in_a_row_score_above_everybody() -> None:
    created, since, fake = mixed(200, 1)
    scores = creation_scores(created, since)
    assert np.median(scores[fake]) > 5 * np.quantile(scores[~fake], 0.99)
    (one,) = creation_batches(created, since, scores)
    assert 150 < one.count < 300
    assert one.made_to - one.made_from < 62 * DAY


def test_fakes_that_drip_are_found_too() -> None:
    created, since, fake = mixed(600, 3_400)
    scores = creation_scores(created, since)
    assert np.mean(scores[fake] > np.quantile(scores[~fake], 0.95)) > 0.95
    assert creation_batches(created, since)


def test_a_clean_list_has_no_batch() -> None:
    clean = audience(np.random.default_rng(1), 12_000)
    assert creation_batches(clean.created, clean.since) == ()


def test_too_few_or_undated_followers_have_no_score() -> None:
    clean = audience(np.random.default_rng(1), 150)
    assert np.isnan(creation_scores(clean.created, clean.since)).all()
    assert np.isnan(creation_scores(np.zeros(500, np.int64), np.ones(500, np.int64))).all()


def test_the_order_bounds_the_follow() -> None:
    bound = follow_bound(np.array([100, 50, 300, 0, 200]))
    assert bound.tolist() == [100, 101, 300, 301, 302]
