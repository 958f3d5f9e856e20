"""Sudden rises: more gained in one to three days than the account's own life explains."""

import numpy as np

from checks.findings import Findings
from checks.model import Rules
from checks.panel import Floats
from checks.sudden import Sudden, judge

SIZES = (1.05, 1.15, 1.3)
"""Floors of the one-, two- and three-day rise, in units of the rules' floor."""

_PAST = 1.5
_STEPS = 1.3


def rises(sudden: Sudden, rules: Rules, *, engagement: Floats, factor: Floats) -> Findings:
    """`engagement` is the ratio of the rise's interactions to usual ones, NaN if unknown."""
    past = np.where(engagement < 0.6, 0.0, _PAST * sudden.past)
    return judge(
        sudden, rules, sizes=SIZES, past=past, steps=_STEPS, factor=factor, check="spike"
    )
