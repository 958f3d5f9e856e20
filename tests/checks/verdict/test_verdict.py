import math
from dataclasses import replace
from typing import Any

import pytest

from checks.detectors.explain import (
    UNKNOWN,
    Engagement,
    Evidence,
    Peers,
    PersonMove,
    what_moved,
)
from checks.evidence.cache import events_at
from checks.model import Event, Finding, Kind
from checks.platforms import follow_limit, near_limit
from checks.reasons import ADVICE, REASONS
from checks.rules import rules_for
from checks.verdict.verdict import FLOOR_BOUNDS, explain, floor_factors

DAY = 86_400
NOW = 1_700_000_000
RULES = rules_for("balanced")
STAYED = Engagement(ratio=0.0, noise=0.1, rose=-12.0)
FELL = Engagement(ratio=-2.0, noise=0.1, rose=-12.0)
ROSE = Engagement(ratio=1.6, noise=0.1, rose=12.0)
CALM = Peers("platform:x", share=1.0, usual=1.0, judged=40, wave=False, score=0.1)
WAVE = Peers("platform:x", share=20.0, usual=1.0, judged=40, wave=True, score=12.0)
NOTHING = Evidence(interactions=UNKNOWN, views=UNKNOWN)


def fall(change: float = -5_000.0, *, check: str | None = None, days: int = 1) -> Finding:
    return Finding(
        check=check or ("fall" if change < 100 else "rise"),
        account="x/a",
        metric="followers",
        direction="down" if change < 100 else "up",
        start=NOW - (days - 1) * DAY,
        at=NOW,
        change=change,
        expected=100.0,
        level=100_000.0,
        size=abs(change - 100) / 100_000,
        score=-30.0 if change < 100 else 30.0,
    )


RISE = fall(8_000.0)
SWING = replace(fall(), metric="following", direction="swing", check="oscillation")


def test_how_sure_follows_from_the_findings_own_tail() -> None:
    """A small rise that hardly stands out is recorded alone unless in a wave."""
    small = replace(RISE, size=0.02, score=7.0)
    clear = replace(RISE, size=0.02, score=20.0)
    assert explain(small, NOTHING, RULES).confidence < 0.35 < 0.5
    assert not explain(small, NOTHING, RULES).alerting
    assert explain(clear, NOTHING, RULES).alerting
    assert explain(small, NOTHING, RULES, wave="#a|up|1").alerting
    sure = [explain(replace(RISE, score=s), NOTHING, RULES).confidence for s in (7, 12, 40)]
    assert sure == sorted(sure)
    assert explain(fall(), NOTHING, RULES).confidence >= sure[-1]


@pytest.mark.parametrize(
    ("level", "said"), [(math.nan, None), (0.0, None), (-1.0, None), (1.0, 7_900.0)]
)
def test_a_share_is_said_of_what_has_a_level(level: float, said: float | None) -> None:
    move = replace(fall(179.0), level=level)
    told = {each.code: each.values for each in what_moved(move, NOTHING, hidden=False)}
    assert ("no_level" in told) is (said is None)
    assert told.get("moved_percent", {}).get("percent") == said


@pytest.mark.parametrize("days", [1, 3])
def test_a_move_says_over_how_many_days(days: int) -> None:
    seen = replace(NOTHING, gap=2)
    move = fall(days=days)
    told = {each.code: each.values for each in what_moved(move, seen, hidden=False)}
    assert (told["moved"]["days"], told["gap"]["days"]) == (days + 2, 2)


@pytest.mark.parametrize(
    ("finding", "evidence", "kind"),
    [
        (fall(), replace(NOTHING, peers=WAVE), "purge"),
        (fall(), replace(NOTHING, peers=CALM, slid=WAVE), "purge"),
        (fall(), replace(NOTHING, peers=CALM, interactions=STAYED), "purge"),
        (fall(), replace(NOTHING, interactions=STAYED), "purge"),
        (fall(), replace(NOTHING, peers=CALM, vanished=900.0), "purge"),
        (fall(), replace(NOTHING, peers=CALM), "unfollow_wave"),
        (fall(), replace(NOTHING, peers=CALM, interactions=FELL), "unfollow_wave"),
        (
            fall(),
            replace(NOTHING, peers=CALM, interactions=STAYED, moved_days=3),
            "unfollow_wave",
        ),
        (fall(), NOTHING, "unexplained_drop"),
        (fall(check="leak", days=10), replace(NOTHING, peers=CALM), "leak"),
        (fall(check="leak", days=10), replace(NOTHING, slid=WAVE), "purge"),
        (RISE, replace(NOTHING, interactions=ROSE), "viral"),
        (RISE, replace(NOTHING, views=ROSE), "viral"),
        (RISE, replace(NOTHING, interactions=STAYED), "mass_follow"),
        (RISE, replace(NOTHING, peers=WAVE, interactions=STAYED), "mass_follow"),
        (RISE, NOTHING, "unexplained_spike"),
        (RISE, replace(NOTHING, back=4_000.0, following_rise=900.0), "mass_follow"),
        (SWING, NOTHING, "follow_unfollow"),
        (replace(fall(check="dilution"), metric="interactions"), NOTHING, "dilution"),
        (replace(fall(check="reach"), metric="views"), NOTHING, "dilution"),
    ],
)
def test_the_evidence_names_the_kind(finding: Finding, evidence: Evidence, kind: Kind) -> None:
    verdict = explain(finding, evidence, RULES)
    assert verdict.kind == kind
    assert 0.5 <= verdict.confidence <= 0.98
    assert verdict.advice
    assert set(verdict.advice) <= set(ADVICE)
    for each in verdict.reasons:
        assert tuple(each.values) == REASONS[each.code].values


def test_more_engagement_is_never_less_viral() -> None:
    chances = []
    for rose in range(-12, 13):
        verdict = explain(
            RISE, replace(NOTHING, interactions=Engagement(0.5, 0.2, rose)), RULES
        )
        chances.append({each.kind: each.chance for each in verdict.causes}.get("viral", 0.0))
    assert chances == sorted(chances)


@pytest.mark.parametrize(
    ("finding", "evidence", "sensitivity", "severity"),
    [
        (fall(-15_000.0), replace(NOTHING, peers=WAVE), "balanced", "critical"),
        (fall(-5_000.0), replace(NOTHING, peers=WAVE), "balanced", "warning"),
        (fall(-5_000.0), replace(NOTHING, peers=WAVE), "sensitive", "critical"),
        (fall(-12_000.0), replace(NOTHING, peers=WAVE), "strict", "warning"),
        (fall(-15_000.0), NOTHING, "balanced", "warning"),
        (fall(50_000.0), replace(NOTHING, views=ROSE), "balanced", "info"),
        (fall(50_000.0), replace(NOTHING, views=STAYED), "balanced", "critical"),
        (SWING, NOTHING, "balanced", "warning"),
        (
            SWING,
            replace(NOTHING, following=7_400.0, near_limit=7_500.0),
            "balanced",
            "critical",
        ),
    ],
)
def test_severity_follows_kind_and_size(
    finding: Finding, evidence: Evidence, sensitivity: str, severity: str
) -> None:
    rules = rules_for(sensitivity)  # type: ignore[arg-type]
    assert explain(finding, evidence, rules).severity == severity


def test_a_member_below_its_floor_is_told_as_such() -> None:
    verdict = explain(fall(-200.0), replace(NOTHING, peers=WAVE), RULES, below_floor=True)
    assert verdict.severity == "info"
    assert verdict.reasons[-1].code == "joined_wave"


def test_growth_that_hides_a_loss_and_missing_levels_are_named() -> None:
    masked = replace(fall(20.0), direction="down")
    codes = [each.code for each in explain(masked, replace(NOTHING, peers=WAVE), RULES).reasons]
    assert "hidden_by_growth" in codes
    flows = replace(fall(), level=math.nan, size=math.nan)
    codes = [each.code for each in explain(flows, NOTHING, RULES).reasons]
    assert "no_level" in codes
    assert "moved_percent" not in codes


@pytest.mark.parametrize(
    ("finding", "evidence", "code"),
    [
        (fall(-20_000.0), replace(NOTHING, peers=replace(WAVE, typical=-1.5)), "beyond_wave"),
        (fall(), replace(NOTHING, interactions=STAYED, shape="stopped"), "abrupt"),
        (fall(), replace(NOTHING, peers=CALM, moved_days=3), "kept_falling"),
        (
            RISE,
            replace(NOTHING, interactions=STAYED, shape="stopped"),
            "tapered",
        ),
        (RISE, replace(NOTHING, interactions=STAYED, back=4_000.0), "lost_after_gain"),
        (fall(5_100.0), replace(NOTHING, views=STAYED), "round_number"),
        (RISE, replace(NOTHING, interactions=STAYED, pending=True), "evidence_pending"),
        (fall(), replace(NOTHING, floor_factor=1.5), "feedback"),
        (fall(), replace(NOTHING, gap=3), "gap"),
        (fall(), replace(NOTHING, step=100.0), "shown_step"),
        (RISE, replace(NOTHING, peers=WAVE), "peers_rose"),
    ],
)
def test_what_speaks_for_it_is_among_the_reasons(
    finding: Finding, evidence: Evidence, code: str
) -> None:
    assert code in [each.code for each in explain(finding, evidence, RULES).reasons]


def test_a_fall_beyond_its_wave_is_not_measured_against_other_teams() -> None:
    shared = replace(WAVE, typical=-1.5, shared=True)
    said = explain(fall(-20_000.0), replace(NOTHING, peers=shared), RULES).reasons
    assert "beyond_wave" not in [each.code for each in said]


def test_groups_across_teams_tell_no_numbers_of_accounts() -> None:
    shared = replace(WAVE, shared=True)
    said = explain(fall(), replace(NOTHING, peers=shared), RULES).reasons
    (peers,) = [each for each in said if each.code.startswith("peers")]
    assert peers.code == "peers_fell_elsewhere"
    assert "judged" not in peers.values


def test_events_speak_of_their_platform_account_and_days() -> None:
    campaign = Event(name="giveaway", kind="campaign", start=NOW, end=NOW + DAY, account="x/a")
    outage = Event(name="down", kind="outage", start=NOW, end=NOW, platform="tiktok")
    everywhere = Event(name="holiday", kind="deadline", start=NOW - DAY, end=NOW)
    events = (campaign, outage, everywhere)
    assert events_at(events, "x/a", NOW, NOW) == (campaign, everywhere)
    assert events_at(events, "tiktok/b", NOW, NOW) == (outage, everywhere)
    assert events_at(events, "x/a", NOW + 5 * DAY, NOW + 6 * DAY) == ()


def test_feedback_moves_the_floor_within_its_bounds() -> None:
    low, high = FLOOR_BOUNDS
    factors = floor_factors(
        {
            "x/quiet": [("false", NOW)],
            "x/useful": [("useful", NOW)],
            "x/noisy": [("false", NOW), ("expected", NOW)] * 20,
            "x/loved": [("useful", NOW)] * 40,
            "x/even": [],
        }
    )
    assert factors["x/quiet"] > 1 > factors["x/useful"]
    assert (factors["x/noisy"], factors["x/loved"], factors["x/even"]) == (high, low, 1.0)


@pytest.mark.parametrize(
    ("platform", "following", "followers", "limit"),
    [
        ("instagram", 7_200, 1e6, 7_500),
        ("instagram", 7_000, 1e6, None),
        ("tiktok", 9_600, 1e6, 10_000),
        ("x", 4_800, 100, 5_000),
        ("x", 9_000, 1e6, None),
        ("mastodon", 7_300, 100, 7_500),
        ("mastodon", 10_700, 10_000, 11_000),
        ("bluesky", 50_000, 100, None),
    ],
)
def test_published_follow_limits(
    platform: str, following: float, followers: float, limit: float | None
) -> None:
    found = near_limit(platform, following, followers)
    assert found == (None if limit is None else pytest.approx(limit))
    assert follow_limit("bluesky", followers) is None


@pytest.mark.parametrize(
    ("evidence", "kind"),
    [
        (replace(NOTHING, shape="new"), "unexplained_spike"),
        (replace(NOTHING, shape="stopped"), "mass_follow"),
        (replace(NOTHING, shape="went_on"), "viral"),
        (replace(NOTHING, shape="stopped", gap=2), "unexplained_spike"),
        (replace(NOTHING, shape="fading"), "viral"),
        (replace(NOTHING, shape="went_on", in_wave=True), "mass_follow"),
        (replace(NOTHING, views=ROSE, peers=WAVE), "viral"),
        (replace(NOTHING, person=PersonMove("tiktok/a", 9.0)), "viral"),
    ],
)
def test_the_evidence_at_hand_names_a_rise(evidence: Evidence, kind: Kind) -> None:
    assert explain(RISE, evidence, RULES).kind == kind


def test_nothing_known_names_no_cause_and_advises_what_fits_each() -> None:
    verdict = explain(fall(), NOTHING, RULES)
    assert verdict.kind == "unexplained_drop"
    assert {each.kind for each in verdict.causes[:2]} == {"purge", "unfollow_wave"}
    assert max(each.chance for each in verdict.causes) < 0.7
    assert "change_password" not in verdict.advice
    assert "answer_criticism" not in verdict.advice
    assert verdict.advice[-1] == "name_the_cause"
    assert "no_peers" in [each.code for each in verdict.reasons]


def test_a_fall_too_deep_for_one_account_may_be_another_ones() -> None:
    verdict = explain(fall(-97_000.0), replace(NOTHING, other_account=True), RULES)
    assert verdict.kind == "identity_change"
    assert [each.kind for each in verdict.causes] == ["identity_change", "glitch", "purge"]
    assert verdict.severity == "warning"
    assert set(verdict.advice) == {"check_profile", "wait_for_return", "name_the_cause"}


@pytest.mark.parametrize(
    ("kind", "cause"),
    [("platform_notice", "purge"), ("deadline", "purge"), ("outage", "glitch")],
)
def test_an_event_that_the_team_knows_of_is_evidence(kind: Any, cause: Kind) -> None:
    event = Event(name="known", kind=kind, start=NOW, end=NOW)
    verdict = explain(fall(), replace(NOTHING, events=(event,)), RULES)
    assert verdict.causes[0].kind == cause


def test_the_chances_of_all_causes_are_no_more_than_one() -> None:
    for shape in ("new", "stopped", "fading", "went_on"):
        for finding in (RISE, fall()):
            causes = explain(finding, replace(NOTHING, shape=shape), RULES).causes
            assert 0.9 <= sum(each.chance for each in causes) <= 1.001
            assert [each.chance for each in causes] == sorted(
                (each.chance for each in causes), reverse=True
            )


@pytest.mark.parametrize("finding", [fall(), RISE], ids=["fall", "rise"])
@pytest.mark.parametrize("engaged", [UNKNOWN, STAYED, FELL, ROSE], ids=str)
@pytest.mark.parametrize("shape", ["new", "stopped", "fading", "went_on"])
def test_chances_of_all_causes_add_up_to_one(
    finding: Finding, engaged: Engagement, shape: Any
) -> None:
    seen = replace(NOTHING, interactions=engaged, shape=shape)
    chances = [each.chance for each in explain(finding, seen, RULES).causes]
    assert 0.96 <= sum(chances) <= 1.001
    assert chances == sorted(chances, reverse=True)
