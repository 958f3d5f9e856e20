"""Sudden falls: more lost in one to three days than the account's own life explains."""

import numpy as np

from checks.findings import Findings
from checks.model import Rules
from checks.panel import Floats
from checks.sudden import LONGER, Sudden, floors, judge

SIZES = (0.83, 1.0, 1.15, *(np.inf for _ in LONGER))
"""Floors of the one-, two- and three-day fall, in units of the rules' floor."""

PAST = (1.3, 1.3, 1.3, 1.3, 1.3)
_STEPS = 1.35
_LEAST = 15.0


def falls(sudden: Sudden, rules: Rules, *, factor: Floats) -> Findings:
    """Only where the count itself fell: slower growth is no loss.

    Nor is a fall that gives back most of a rise of the six days before it.
    """
    week = np.nan_to_num(sudden.excess[len(SIZES) - 2], nan=np.inf)
    given_back = week < 0.3 * sudden.excess[0]
    fell = np.flatnonzero((sudden.change[0] < 0) & ~given_back)
    sudden, factor = sudden.take(fell), factor[fell]
    sizes = np.asarray(SIZES)[:, None]
    floor = floors(
        sudden,
        rules,
        sizes,
        past=np.asarray(PAST)[:, None] * sudden.past,
        steps=_STEPS,
        factor=factor,
    )
    least = np.minimum(rules.min_count, _LEAST) * factor
    return judge(sudden, rules, floor, least, check="churn")
