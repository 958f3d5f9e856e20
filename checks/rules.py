"""What each sensitivity means in numbers."""

from checks.model import Rules, Sensitivity

_ALPHA = {"strict": 2e-5, "balanced": 1e-4, "sensitive": 5e-4}
"""Chance of an ordinary account-day to score beyond the limit, on the scale of
`score_limit`."""

_Q = {"strict": 0.01, "balanced": 0.05, "sensitive": 0.1}
"""Share of false discoveries among what is told."""

_MIN_PERCENT = {"strict": 3.0, "balanced": 1.5, "sensitive": 0.75}
"""Floors of a fall's or rise's size, in percent of the level."""

_MIN_COUNT = {"strict": 100.0, "balanced": 50.0, "sensitive": 20.0}
"""The same in accounts."""

_CRITICAL_PERCENT = {"strict": 15.0, "balanced": 10.0, "sensitive": 5.0}
"""Percent of the level from which a move is critical."""


def rules_for(
    sensitivity: Sensitivity,
    *,
    min_percent: float | None = None,
    min_count: float | None = None,
    looks: int = 1,
) -> Rules:
    """The rules of one sensitivity; given floors replace its own.

    `looks` judged times a day share the daily error budget: each gets alpha / looks.
    """
    return Rules(
        sensitivity=sensitivity,
        alpha=_ALPHA[sensitivity] / looks,
        q=_Q[sensitivity],
        min_percent=_MIN_PERCENT[sensitivity] if min_percent is None else min_percent,
        min_count=_MIN_COUNT[sensitivity] if min_count is None else min_count,
        critical_percent=_CRITICAL_PERCENT[sensitivity],
        own_floors=min_percent is not None or min_count is not None,
        looks=looks,
    )
