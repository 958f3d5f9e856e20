"""A few draws of each hard situation; `python -m tests.bench.detection --only hard` has all."""

import pytest

from tests.bench.hard import drawn
from tests.bench.situations import SITUATIONS
from tests.bench.told import is_right

DRAWS = range(500, 504)
HELD = (
    "past_glitch",
    "repeated_falls",
    "glitch_alone",
    "burst_fall",
    "growth_stops",
    "fading",
    "scattered_purge",
    "quiet_purge",
    "trivial_wave",
    "slow_surge",
    "big_rise",
    "late_poll",
    "any_panel",
    "five_accounts",
    "one_account",
    "vanished",
)


@pytest.mark.parametrize("name", HELD)
def test_a_hard_situation_is_told_right_and_nothing_else(name: str) -> None:
    for seed in DRAWS:
        trial, found = drawn(SITUATIONS[name], seed)
        right, why = is_right(trial, found)
        assert right, f"draw {seed}: {why}"
