"""The same creator on two platforms."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from checks.judge import judge
from checks.model import Verdict
from checks.rules import rules_for
from tests.signals import jump, panel, steady

NAMES = ["instagram/lena", "tiktok/lena", *(f"instagram/other{k}" for k in range(12))]


def told(share: float, other: float, *, known: bool = True) -> Verdict:
    """What is said of an account that moved by `share` today, another one by `other`."""
    counts: list[Any] = [jump(steady(seed=1), -1, share), jump(steady(seed=2), -1, other)]
    counts += [steady(seed=3 + k) for k in range(12)]
    here = panel(counts, accounts=NAMES)
    groups = dict(here.groups)
    if known:
        groups["#person:Lena"] = np.array([0, 1])
    said = judge(replace(here, groups=groups), rules_for("balanced")).verdicts
    return next(each for each in said if each.finding.account == NAMES[0])


@pytest.mark.parametrize(("share", "kind"), [(0.2, "viral"), (-0.12, "unfollow_wave")])
def test_what_moves_both_accounts_is_no_matter_of_one_platform(share: float, kind: str) -> None:
    verdict = told(share, share / 2)
    assert verdict.kind == kind
    (said,) = [each for each in verdict.reasons if each.code == "person_too"]
    assert said.values["account"] == "tiktok/lena"
    assert said.values["percent"] == pytest.approx(100 * share / 2, abs=0.5)
    without = {each.kind: each.chance for each in told(share, share / 2, known=False).causes}
    assert verdict.causes[0].chance > without[verdict.causes[0].kind]


def test_an_account_that_stays_calm_or_moves_the_other_way_is_no_evidence() -> None:
    for other in (0.0, -0.1):
        verdict = told(0.2, other)
        assert "person_too" not in [each.code for each in verdict.reasons]
