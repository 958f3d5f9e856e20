"""Sudden falls: more lost in one to three days than the account's own life explains."""

import numpy as np

from checks.findings import Findings
from checks.model import Rules
from checks.panel import Floats
from checks.sudden import Sudden, judge

SIZES = (0.83, 1.0, 1.15)
"""Floors of the one-, two- and three-day fall, in units of the rules' floor."""

_PAST = 1.5
_STEPS = 1.35


def falls(sudden: Sudden, rules: Rules, *, factor: Floats) -> Findings:
    """Only where the count itself fell: slower growth is no loss."""
    fell = sudden.take(np.flatnonzero(sudden.change[0] < 0))
    past = _PAST * fell.past
    factor = factor[np.flatnonzero(sudden.change[0] < 0)]
    return judge(
        fell, rules, sizes=SIZES, past=past, steps=_STEPS, factor=factor, check="churn"
    )
