"""What is made of chances: what is named, what is advised, what a glitch takes off."""

from dataclasses import replace

import pytest

from checks.detectors.chances import (
    ORGANIC,
    PRIOR,
    REMOVED,
    advice_for,
    chance,
    named,
    ranked,
    stands_out,
)
from checks.detectors.explain import UNKNOWN, Evidence, Peers
from checks.model import Cause, Event

NEW = Evidence(interactions=UNKNOWN, views=UNKNOWN)
OLD = replace(NEW, shape="stopped")
WAVE = Peers("platform:x", share=20.0, usual=1.0, judged=40, wave=True, score=12.0)
OUTAGE = Event(name="outage", kind="outage", start=0, end=1)


def test_log_odds_add_up() -> None:
    assert chance({PRIOR: 0.0, "a": 1.0, "b": -1.0}, ["a", "b"]) == 0.5
    assert chance({PRIOR: 1.0, "a": 1.0}, ["a"]) == pytest.approx(0.8808, abs=1e-4)
    assert chance(ORGANIC, ()) == pytest.approx(0.525, abs=1e-3)
    assert chance(REMOVED, ()) == pytest.approx(0.975, abs=1e-3)


@pytest.mark.parametrize(
    ("evidence", "glitch"),
    [
        (OLD, 0.0),
        (NEW, 0.03),
        (replace(NEW, peers=WAVE), 0.06),
        (replace(NEW, peers=replace(WAVE, wave=False)), 0.03),
        (replace(NEW, peers=WAVE, events=(OUTAGE,)), 0.6),
    ],
)
def test_what_is_left_to_a_glitch_comes_off_the_rest(evidence: Evidence, glitch: float) -> None:
    causes = {each.kind: each.chance for each in ranked({"purge": 0.5, "leak": 0.5}, evidence)}
    assert causes.pop("glitch", 0.0) == glitch
    assert causes == {"purge": 0.5 * (1 - glitch), "leak": 0.5 * (1 - glitch)}


def test_the_likeliest_comes_first_and_what_is_below_2_percent_not_at_all() -> None:
    assert ranked({"leak": 0.021, "purge": 0.979}, OLD) == (
        Cause("purge", 0.979),
        Cause("leak", 0.021),
    )
    assert ranked({"leak": 0.019, "purge": 0.981}, OLD) == (Cause("purge", 0.98),)
    assert [each.chance for each in ranked({"leak": 0.02, "purge": 0.98}, OLD)] == [0.98, 0.02]


def test_a_cause_has_a_name_from_60_percent_on_where_evidence_speaks_for_it() -> None:
    for share, supported, kind in (
        (0.6, True, "purge"),
        (0.59, True, "unexplained_drop"),
        (0.6, False, "unexplained_drop"),
    ):
        said = named((Cause("purge", share),), [], supported, "unexplained_drop")
        assert (said.kind, said.confidence) == (kind, share)
        assert said.by_size == (kind == "purge")
    glitch = named((Cause("glitch", 0.9),), [], True, "unexplained_drop")
    assert glitch.kind == "unexplained_drop"
    viral = [
        named((Cause("viral", share),), [], True, "unexplained_spike") for share in (0.9, 0.5)
    ]
    assert [(each.severity, each.by_size) for each in viral] == [
        ("info", False),
        ("warning", False),
    ]


def test_advice_fits_every_cause_that_is_open() -> None:
    alone = advice_for([Cause("purge", 0.86), Cause("leak", 0.14)])
    assert "change_password" in alone
    assert "name_the_cause" not in alone
    both = advice_for([Cause("purge", 0.85), Cause("leak", 0.15)])
    assert both == ("disconnect_apps", "expect_lower_base", "watch_leavers", "name_the_cause")


def test_logs_are_taken_from_the_middle_of_what_alarms_show() -> None:
    assert stands_out(-8.0, 0.03) == (1.0, 0.0, 0.0)
    assert stands_out(16.0, float("nan")) == pytest.approx((1.0, 0.6931, 0.0), abs=1e-4)
    assert stands_out(0.0, 0.0) == stands_out(1e-3, 1e-3)
