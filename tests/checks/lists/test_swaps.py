import math

import numpy as np
import pytest

from checks.lists.swaps import Following, swaps

DAY = 86_400
AT = 1_790_000_000


def following(ids: range, at: int, since: int | None = None) -> Following:
    names = np.array(ids, np.uint64)
    dates = None if since is None else np.full(len(names), since, np.int64)
    return Following(ids=names, since=dates, at=at)


def test_whom_it_followed_and_dropped_within_days() -> None:
    old = following(range(400), AT, AT - 5 * DAY)
    new = following(range(300, 700), AT + 7 * DAY, AT + 3 * DAY)
    made = swaps(old, new, platform="x", followers=np.arange(40, dtype=np.uint64))
    assert (made.recent, made.dropped, made.followed) == (400, 300, 300)
    assert made.habit
    assert made.lived == 12
    assert made.back == pytest.approx(0.1)
    assert (made.busiest, made.allowed) == (400, 400)


def test_dropping_old_follows_is_tidying_up() -> None:
    old = following(range(400), AT, AT - 300 * DAY)
    made = swaps(old, following(range(300, 400), AT + 7 * DAY, AT), platform="instagram")
    assert (made.recent, made.habit, made.allowed) == (0, False, None)
    assert math.isnan(made.back)


def test_without_dates_a_third_list_tells_who_was_new() -> None:
    before, old = following(range(100), AT - 7 * DAY), following(range(300), AT)
    made = swaps(old, following(range(100), AT + 7 * DAY), platform="github", before=before)
    assert (made.recent, made.dropped) == (200, 200)
    alone = swaps(old, following(range(100), AT + 7 * DAY), platform="github")
    assert (alone.recent, alone.habit) == (0, False)
