"""Sudden falls: more lost in one to three days than the account's own life explains."""

from dataclasses import replace

import numpy as np

from checks.baseline.expected import residuals_of
from checks.detectors.findings import Findings, nothing
from checks.detectors.sudden import LONGER, Sudden, candidates, floors, judge
from checks.model import Rules
from checks.panel.panel import Floats, Ints, Panel, running

SIZES = (0.83, 1.0, 1.15, *(np.inf for _ in LONGER))
"""Floors of the one-, two- and three-day fall, in units of the rules' floor."""

PAST = (1.3, 1.3, 1.3, 1.3, 1.3)
FELL = 0.2
"""Share of what is missing that must be a fall of the count itself."""

_STEPS = 1.35
_LEAST = 15.0


def falls(sudden: Sudden, rules: Rules, *, factor: Floats) -> Findings:
    """Only where the count itself fell, by a good part of what is missing: growth that ends is
    no loss."""
    with np.errstate(invalid="ignore"):
        missing = sudden.change - sudden.expected
        fell = (sudden.change[0] < 0) & (sudden.change < FELL * missing).any(axis=0)
    fell = np.flatnonzero(fell)
    sudden, factor = sudden.take(fell), factor[fell]
    sizes = np.asarray(SIZES)[:, None]
    floor = floors(
        sudden,
        rules,
        sizes,
        past=np.asarray(PAST)[:, None] * sudden.usual_past,
        steps=_STEPS,
        factor=factor,
    )
    least = np.minimum(rules.min_count, _LEAST) * factor
    return judge(sudden, rules, floor, least, check="churn")


def hidden_losses(panel: Panel, rules: Rules, columns: Ints, factor: Floats) -> Findings:
    """Losses that gains of the same day hide, where a source tells `lost` by itself.

    The flow of lost accounts is judged in counts against its own usual size; the floors are
    shares of the followers where those have a level.
    """
    if panel.lost is None:
        return nothing()
    lost = replace(panel, metrics={"lost": running(panel.lost)})
    view = residuals_of(lost, "lost", columns)
    rows = np.arange(len(panel.accounts))
    sudden = candidates(lost, "lost", view, columns, rows=rows, direction=1)
    followers = panel.metrics["followers"]
    level = followers[sudden.row, np.maximum(sudden.column - sudden.elapsed, 0)]
    level = np.where(panel.has_level[sudden.row], np.fmax(level, 1.0), np.nan)
    factor = factor[sudden.row]
    share = np.asarray(SIZES)[:, None] * rules.min_percent / 100 * level
    count = np.where(np.isinf(SIZES), np.inf, rules.min_count)[:, None]
    floor = np.where(np.isnan(share), count, share) * factor
    floor = np.maximum(floor, np.asarray(PAST)[:, None] * sudden.usual_past)
    least = np.minimum(rules.min_count, _LEAST) * factor
    found = judge(sudden, rules, floor, least, check="hidden_loss")
    before = followers[found.row, np.maximum(found.start - 1, 0)]
    before = np.where(panel.has_level[found.row], np.fmax(before, 1.0), np.nan)
    return replace(
        found,
        metric=np.full(len(found), "followers"),
        direction=-found.direction,
        change=-found.change,
        expected=-found.expected,
        level=before,
        size=np.abs(found.change - found.expected) / before,
        score=-found.score,
    )
