import numpy as np
import pytest

from checks.judge import detect, judgements
from checks.model import Finding
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Floats, Panel
from checks.rules import rules_for

DAY = 86_400
NOW = 1_700_000_000
DAYS = 100


def account(
    rng: np.random.Generator, *, rate: Floats, gains: Floats, reach: Floats
) -> dict[str, Floats]:
    """Running totals of one account from its daily engagement rate, gains and post reach."""
    followers = np.round(50_000 + np.cumsum(gains + rng.normal(0, 20, DAYS)))
    posts = rng.poisson(1.5, DAYS)
    likes = rng.poisson(followers * rate * reach * rng.gamma(12, 1 / 12, DAYS))
    views = rng.poisson(4_000 * posts * reach * rng.gamma(12, 1 / 12, DAYS) + 50)
    return {
        "followers": followers,
        "interactions": np.cumsum(likes).astype(float),
        "views": np.cumsum(views).astype(float),
        "posts": np.cumsum(posts).astype(float),
    }


def panel_of(*accounts: dict[str, Floats]) -> Panel:
    names = accounts[0].keys()
    values = {name: np.concatenate([each[name] for each in accounts]) for name in names}
    return build_panel(
        Readings(
            [f"x/{row}" for row in range(len(accounts))],
            np.repeat(np.arange(len(accounts)), DAYS),
            np.tile(NOW - DAY * np.arange(DAYS)[::-1], len(accounts)),
            values,
        ),
        now=NOW,
        timezone="UTC",
        days=DAYS,
    )


FLAT = np.ones(DAYS)
THIN = ("dilution", "reach")


def thinned(panel: Panel, first: int, last: int = DAYS - 1) -> list[Finding]:
    """What is found about engagement that thins out, from one judged column to another."""
    found = detect(panel, rules_for("balanced"), columns=slice(first, last + 1))
    days = [found.findings(column) for column in range(first, last + 1)]
    return [each for day in days for each in day if each.check in THIN]


LATE = np.arange(DAYS) >= 80


@pytest.mark.parametrize("seed", range(5))
def test_followers_that_rise_while_engagement_thins_out(seed: int) -> None:
    rng = np.random.default_rng(seed)
    bought = account(
        rng,
        rate=0.03 * np.where(LATE, 0.5, 1.0),
        gains=np.where(np.arange(DAYS) == 78, 8_000, 50),
        reach=FLAT,
    )
    steady = account(rng, rate=0.03 * FLAT, gains=50 * FLAT, reach=FLAT)
    panel = panel_of(bought, steady)
    found = {each.account: each for each in thinned(panel, 84)}
    assert set(found) == {"x/0"}
    assert found["x/0"].check == "dilution"
    assert 0.3 < found["x/0"].size < 0.7


@pytest.mark.parametrize("seed", range(5))
def test_reach_that_collapses_while_followers_stay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    shut = np.where(np.arange(DAYS) >= 93, 0.12, 1.0)
    hidden = account(rng, rate=0.03 * FLAT, gains=50 * FLAT, reach=shut)
    steady = account(rng, rate=0.03 * FLAT, gains=50 * FLAT, reach=FLAT)
    found = thinned(panel_of(hidden, steady), DAYS - 1)
    assert {(each.account, each.metric, each.check) for each in found} <= {
        ("x/0", "views", "reach")
    }


def test_a_collapse_is_an_incident_with_advice() -> None:
    rng = np.random.default_rng(1)
    shut = np.where(np.arange(DAYS) >= 92, 0.1, 1.0)
    hidden = account(rng, rate=0.03 * FLAT, gains=50 * FLAT, reach=shut)
    panel = panel_of(hidden)
    kinds = set()
    for _, judgement in judgements(panel, rules_for("balanced"), columns=np.arange(85, DAYS)):
        kinds |= {
            (each.kind, each.finding.metric, each.severity) for each in judgement.verdicts
        }
        assert all(each.advice for each in judgement.verdicts)
    assert ("dilution", "views", "warning") in kinds


def test_ordinary_accounts_do_not_thin_out() -> None:
    rng = np.random.default_rng(9)
    accounts = [
        account(rng, rate=0.03 * FLAT, gains=rng.uniform(0, 200) * FLAT, reach=FLAT)
        for _ in range(40)
    ]
    panel = panel_of(*accounts)
    assert len(thinned(panel, 50)) <= 2


def test_later_days_do_not_change_what_a_day_said() -> None:
    rng = np.random.default_rng(2)
    shut = np.where(np.arange(DAYS) >= 80, 0.1, 1.0)
    panel = panel_of(account(rng, rate=0.03 * FLAT, gains=50 * FLAT, reach=shut))
    for column in (60, 85, 90):
        assert thinned(panel, column, column) == thinned(panel.until(column), column, column)


@pytest.mark.parametrize(("left", "told"), [(0.3, True), (0.75, False)])
def test_interactions_that_fade_over_ten_weeks_are_told(left: float, told: bool) -> None:
    rng = np.random.default_rng(3)
    faded = left ** np.clip((np.arange(DAYS) - 20) / 70, 0, 1)
    likes = np.round(2_000 * faded * rng.gamma(12, 1 / 12, DAYS))
    made = panel_of({"followers": 50_000.0 + np.arange(DAYS), "interactions": likes.cumsum()})
    hits = detect(made, rules_for("balanced"), columns=slice(75, None)).hits
    assert bool((hits.check == "fading").any()) is told
