"""From scores to tail probabilities, and from those to false-discovery control."""

import numpy as np

from checks.model import Rules
from checks.panel import Floats

_TAIL_FROM = 4.5
_TAIL_LOG_P = float(np.log(1e-4))
_TAIL_SLOPE = 6.0


def log_tail(score: Floats) -> Floats:
    """Log probability that an ordinary account-day scores beyond `score` in one direction.

    A power law through 1e-4 at 4.5 with exponent 6, fitted to ordinary days of the synthetic
    world and of real accounts; real life has no normal tail. At most log 0.5.
    """
    with np.errstate(divide="ignore"):
        tail = _TAIL_LOG_P - _TAIL_SLOPE * np.log(np.maximum(score, 0.0) / _TAIL_FROM)
    return np.minimum(tail, np.log(0.5))


def score_limit(rules: Rules) -> float:
    """The score whose tail probability is the rules' alpha."""
    return float(_TAIL_FROM * np.exp((_TAIL_LOG_P - np.log(rules.alpha)) / _TAIL_SLOPE))
