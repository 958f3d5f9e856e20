"""From findings and evidence to a verdict: kind, confidence, severity, reasons, advice."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from checks.detectors.chances import unusual
from checks.detectors.explain import Evidence, Explanation, what_is_known, what_moved
from checks.detectors.table import check_named
from checks.model import Cause, Finding, Rules, Severity, Verdict
from checks.reasons import reason

FLOOR_BOUNDS = (0.5, 3.0)
"""How far feedback may move an account's floor."""

Opinion = Literal["expected", "false", "useful"]

_MAX = 0.98
"""No verdict is surer: what nobody thought of may always be behind a move."""

_TOLD = 0.35
"""What is less likely unusual is recorded alone until it has grown. On tuning seeds half of it
tells twice as many false rises, 0.5 tells 5 % of the mass follows a day later."""


def explain(
    finding: Finding,
    evidence: Evidence,
    rules: Rules,
    *,
    wave: str | None = None,
    below_floor: bool = False,
    alerting: bool = True,
) -> Verdict:
    """The verdict on one finding; `below_floor` marks a member that only its wave shows."""
    check = check_named(finding.check)
    if wave is not None:  # what moved with others once did so for the same cause
        evidence = replace(evidence, in_wave=True)
    said = check.explain(finding, evidence)
    why, sure = said.reasons, unusual(finding)
    severity: Severity = "info" if below_floor else _severity(said, finding, rules)
    if below_floor:
        why = [*why, reason("joined_wave")]
        sure = min(sure, 0.93 if abs(finding.score) >= 2 else 0.6)
    return Verdict(
        finding=finding,
        kind=said.kind,
        confidence=round(min(sure, _MAX), 3),
        severity=severity,
        reasons=(
            *what_moved(finding, evidence, hidden=check.hidden),
            *why,
            *what_is_known(evidence),
        ),
        causes=said.causes or (Cause(said.kind, said.confidence),),
        advice=() if below_floor else said.advice,
        wave=wave,
        alerting=alerting and (wave is not None or sure >= _TOLD),
    )


def _severity(said: Explanation, finding: Finding, rules: Rules) -> Severity:
    """How grave it is; sizes without a level are never critical by themselves."""
    large = 100 * finding.size >= rules.critical_percent
    return "critical" if said.by_size and large else said.severity


def floor_factors(
    feedback: Mapping[str, Sequence[tuple[Opinion, int]]],
) -> dict[str, float]:
    """How each account's feedback moves its floor, within FLOOR_BOUNDS.

    Every alarm that nobody needed (expected, false) raises it by a quarter, every useful one
    lowers it by a tenth. The times beside them do not matter yet.
    """
    low, high = FLOOR_BOUNDS
    factors = {}
    for account, said in feedback.items():
        useful = sum(1 for opinion, _ in said if opinion == "useful")
        factor = 1.25 ** (len(said) - useful) * 0.9**useful
        factors[account] = min(max(factor, low), high)
    return factors
