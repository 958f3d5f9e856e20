from dataclasses import replace

import numpy as np
import pytest

from checks.evidence.cohort import (
    HISTORY,
    CohortResiduals,
    CohortShare,
    cohort_share,
    joined,
    slide,
)

DAYS = HISTORY + 10


def residuals(
    rng: np.random.Generator, accounts: int, *, days: int = DAYS, step: float = 0.0
) -> CohortResiduals:
    """Calm days: normal noise of 0.1 % around what was expected."""
    shape = (accounts, days)
    return CohortResiduals(
        excess=rng.normal(0, 0.001, shape),
        spread=np.full(shape, 0.001),
        step=np.full(shape, step),
    )


def with_fall(
    calm: CohortResiduals, share: float, size: float, day: int = -1
) -> CohortResiduals:
    excess = calm.excess.copy()
    excess[: round(share * len(excess)), day] -= size
    return replace(calm, excess=excess)


def test_calm_days_are_no_wave() -> None:
    rng = np.random.default_rng(1)
    waves = [
        cohort_share("g", residuals(rng, accounts), direction).wave.any()
        for accounts in (10, 40, 300)
        for direction in (-1, 1)
        for _ in range(50)
    ]
    assert not any(waves)


@pytest.mark.parametrize(("accounts", "share"), [(40, 0.15), (40, 0.6), (12, 0.4), (400, 0.1)])
def test_a_share_of_peers_that_fall_is_a_wave(accounts: int, share: float) -> None:
    rng = np.random.default_rng(2)
    for _ in range(20):
        seen = cohort_share("g", with_fall(residuals(rng, accounts), share, 0.02), -1)
        assert seen.wave[-1]
        assert not seen.wave[HISTORY:-1].any()
        assert seen.share[-1] == pytest.approx(share, abs=0.1)


def test_a_wave_says_how_far_its_members_fell() -> None:
    rng = np.random.default_rng(3)
    seen = cohort_share("g", with_fall(residuals(rng, 40), 0.5, 0.02), -1)
    assert seen.peers(-1).typical == pytest.approx(-2.0, abs=0.1)


def test_a_share_alone_posts_no_wave_of_a_size_that_nobody_sees() -> None:
    rng = np.random.default_rng(4)
    calm = residuals(rng, 40)
    calm = replace(calm, excess=calm.excess / 10, spread=calm.spread / 10)
    for size, posted in ((0.001, False), (0.004, True)):
        seen = cohort_share("g", with_fall(calm, 0.8, size), -1)
        assert seen.wave[-1]
        assert bool(seen.posted[-1]) == posted


def test_a_surge_of_many_is_a_wave_upwards_only() -> None:
    calm = residuals(np.random.default_rng(3), 40)
    risen = replace(calm, excess=-with_fall(calm, 0.3, 0.05).excess)
    assert cohort_share("g", risen, 1).wave[-1]
    assert not cohort_share("g", risen, -1).wave[-1]


def test_fewer_than_ten_peers_or_three_movers_are_never_a_wave() -> None:
    rng = np.random.default_rng(4)
    assert not cohort_share("g", with_fall(residuals(rng, 9), 0.9, 0.1), -1).wave[-1]
    quiet = replace(residuals(rng, 20), spread=np.full((20, DAYS), 0.01))
    assert not cohort_share("g", with_fall(quiet, 0.1, 0.1), -1).wave[-1]


def test_a_cohort_that_always_jumps_together_is_judged_by_its_own_days() -> None:
    restless = residuals(np.random.default_rng(5), 40)
    for day in range(0, DAYS, 4):
        restless = with_fall(restless, 0.2, 0.02, day)
    assert not cohort_share("g", with_fall(restless, 0.2, 0.02), -1).wave[-1]


def test_display_steps_count_where_the_spread_is_smaller() -> None:
    calm = replace(
        residuals(np.random.default_rng(6), 30, step=0.01), spread=np.full((30, DAYS), 1e-5)
    )
    assert not cohort_share("g", with_fall(calm, 0.5, 0.002), -1).wave[-1]
    assert cohort_share("g", with_fall(calm, 0.5, 0.015), -1).wave[-1]


def test_a_wave_of_yesterday_does_not_hide_that_of_today() -> None:
    rng = np.random.default_rng(7)
    twice = with_fall(with_fall(residuals(rng, 40), 0.2, 0.02, -2), 0.2, 0.02)
    assert cohort_share("g", twice, -1).wave[-2:].all()


def test_a_slow_purge_shows_in_the_weeks_sum_only() -> None:
    slow = residuals(np.random.default_rng(8), 60)
    excess = slow.excess.copy()
    excess[:20, -7:] -= 0.0012
    slow = replace(slow, excess=excess)
    assert not cohort_share("g", slow, -1).wave[-7:].any()
    assert slide("g", slow, -1).wave[-1]


def test_members_join_a_known_wave_with_a_step_or_a_shortfall() -> None:
    at = np.array([[-0.02], [-0.0005], [0.001], [np.nan]])
    seen = CohortResiduals(at, np.full((4, 1), 0.001), np.full((4, 1), 0.0))
    assert joined(seen, -1)[:, 0].tolist() == [True, False, False, False]


def test_the_result_of_a_day_does_not_change_when_later_days_arrive() -> None:
    whole = with_fall(residuals(np.random.default_rng(9), 40, days=60), 0.3, 0.02, 40)
    then = CohortResiduals(whole.excess[:, :41], whole.spread[:, :41], whole.step[:, :41])
    for measure in (cohort_share, slide):
        late, early = measure("g", whole, -1), measure("g", then, -1)
        assert np.array_equal(late.score[:41], early.score, equal_nan=True)


def test_a_cut_group_loses_its_suffix_and_a_shared_one_says_so() -> None:
    one = np.ones(1)
    seen = CohortShare(
        "platform:x@*", np.array([40]), np.array([8]), 0.01 * one, 9 * one, -0.02 * one
    )
    assert (seen.peers(0).group, seen.peers(0).shared) == ("platform:x", True)
    assert not replace(seen, group="#team@2").peers(0).shared
