import numpy as np

from checks.faults.copies import copies_in, without_copies
from checks.faults.hold import shared
from checks.faults.notices import fault_notices
from checks.judge import judgements
from checks.model import Notice
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Floats, Panel
from checks.rules import rules_for

DAY = 86_400
NOW = 1_700_000_000


def panel_of(counts: Floats, platform: str = "x") -> Panel:
    accounts, days = counts.shape
    seen = ~np.isnan(counts.ravel())
    return build_panel(
        Readings(
            [f"{platform}/{row}" for row in range(accounts)],
            np.repeat(np.arange(accounts), days)[seen],
            np.tile(NOW - DAY * np.arange(days)[::-1], accounts)[seen],
            {"followers": counts.ravel()[seen]},
        ),
        now=NOW,
        timezone="UTC",
        days=days,
    )


def life(accounts: int, days: int = 60, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    start = 10 ** rng.uniform(3.5, 6, (accounts, 1))
    return np.asarray(
        np.round(start + np.cumsum(rng.poisson(start * 0.001, (accounts, days)), 1))
    )


def told(counts: Floats, first: int = 40) -> tuple[list[Notice], list[str]]:
    """Notices but milestones, and the accounts with findings, over the last days."""
    panel = panel_of(counts)
    notices, found = [], []
    for _, each in judgements(
        panel, rules_for("balanced"), columns=np.arange(first, panel.days)
    ):
        fresh = [n for n in each.notices if n.kind != "milestone" and n not in notices]
        notices += fresh
        found += [verdict.finding.account for verdict in each.verdicts]
    return notices, found


def test_one_value_for_many_accounts_is_a_fault_of_the_source_and_no_incident() -> None:
    counts = life(8)
    counts[:5, 50] = 4_711
    notices, found = told(counts)
    assert [(each.kind, each.account) for each in notices] == [("source_fault", None)]
    assert notices[0].reasons[0].values == {"accounts": 5, "value": 4711}
    assert notices[0].at == NOW - 9 * DAY
    assert found == []


def test_accounts_that_happen_to_meet_are_no_fault() -> None:
    counts = life(8)
    counts[:2, 50] = 4_711
    panel = panel_of(counts)
    held = shared(panel).held
    assert not held.copies.any()
    assert list(fault_notices(held, held, 50)) == []


def test_copies_are_held_only_on_the_platform_they_came_from() -> None:
    counts = life(6)
    counts[:3, 50] = 4_711
    panel = panel_of(counts)
    _, copies = without_copies(panel, copies_in(panel))
    assert copies.sum() == 3
    assert copies[:3, 50].all()


def test_a_zero_is_held_for_two_days_and_then_the_account_is_gone() -> None:
    counts = life(8)
    counts[0, 50:] = 0
    notices, found = told(counts)
    assert [(each.kind, each.account, each.at) for each in notices] == [
        ("account_gone", "x/0", NOW - 7 * DAY)
    ]
    assert notices[0].reasons[0].values["before"] == counts[0, 49]
    assert found == []


def test_a_zero_that_ends_within_two_days_is_never_told() -> None:
    counts = life(8)
    counts[0, 50:52] = 0
    assert told(counts) == ([], [])


def test_zeros_of_many_accounts_are_one_fault_of_the_source() -> None:
    counts = life(8)
    counts[:6, 50:] = 0
    notices, found = told(counts)
    assert [(each.kind, each.account) for each in notices] == [("source_fault", None)]
    assert found == []


def test_a_fall_to_a_small_count_is_no_zero() -> None:
    counts = life(8)
    counts[0, 55:] = 8
    notices, found = told(counts)
    assert notices == []
    assert "x/0" in found


def test_an_account_that_falls_silent_is_told_once_after_a_week() -> None:
    counts = life(8)
    counts[2, 45:] = np.nan
    notices, _ = told(counts)
    assert [(each.kind, each.account, each.at) for each in notices] == [
        ("stale", "x/2", NOW - 8 * DAY)
    ]
