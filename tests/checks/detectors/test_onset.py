"""The day on which a move began."""

import numpy as np
import pytest

from checks.detectors.onset import onset

GROWN = 10_000.0 + 100 * np.arange(20)


@pytest.mark.parametrize(
    ("first", "second", "third", "day"),
    [(0, 0, 3_000, 17), (0, 450, 2_550, 17), (0, 480, 2_520, 16), (460, 0, 2_540, 15)],
)
def test_the_latest_day_that_holds_85_percent(
    first: float, second: float, third: float, day: int
) -> None:
    """Three days of a search, each beyond the usual growth of 100 a day."""
    counts = GROWN.copy()
    for column, more in ((15, first), (16, second), (17, third)):
        counts[column:] += more
    assert onset(counts, 15, 17, 3_300.0, 300.0) == day
    fallen = 30_000 - counts + 200 * np.arange(20)
    assert onset(fallen, 15, 17, -2_700.0, 300.0) == day
