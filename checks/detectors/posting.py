"""Accounts that posted regularly and fall silent: reach follows within weeks."""

from dataclasses import replace

import numpy as np

from checks.baseline.fit import WINDOW
from checks.detectors.explain import Evidence, Explanation
from checks.detectors.findings import Day, Findings, join, nothing
from checks.model import Finding, Rules
from checks.panel.panel import GAP, Bools, Floats, Ints, counts_of
from checks.reasons import reason

LEAST = 12
"""Days with a post, of the WINDOW days before the silence, that make a rhythm: about three
every two weeks. At half, who posts on Mondays is told of after a month; at double only daily
ones are."""

LONGEST = 28
"""Days of silence after which it is the account's new life, and nothing more is found."""

SHORTEST = 3
"""Days of silence before which nothing is said, whatever the rhythm: a long weekend."""

_SURE = 0.9
"""No weekday's chance of a post counts as higher: a daily poster is told of on the fourth
silent day. At 0.8 on the sixth, at 0.95 on the third; made-up lives, and no true ones with
posts known."""

_TIMES_OWN = 4.0
"""How many times less likely, in logs, than the longest silence of the rhythm's own weeks. On
made-up posters who come in streaks it is told of 0.5 times a year; at half 1.7 times; at double
two weeks off are found less than half as often."""


def find(day: Day) -> Findings:
    """Silences too long for the account's own rhythm.

    With p the share of a weekday's eight days that had a post, a silence is -sum log(1 - p)
    over its days: it must pass -log alpha, and by far the longest of the weeks before it.
    Running totals of posts tell of a day without a reading at the next one.
    """
    if "posts" not in day.panel.metrics:
        return nothing()
    counts = counts_of(day.panel, "posts")
    rows = np.flatnonzero(_stands_still(counts, day.columns))
    counts = counts[rows]
    made = _made(counts)
    columns = np.arange(made.shape[1])
    last = np.maximum.accumulate(np.where(made > 0, columns, -1), axis=1)
    read, factor = ~np.isnan(counts), day.factor[rows]
    parts = [
        _silent(day.rules, made, last, read, factor, column) for column in day.columns.tolist()
    ]
    found = join([nothing(), *parts])
    return replace(found, row=rows[found.row])


def _stands_still(counts: Floats, columns: Ints) -> Bools:
    """Where on a judged day no more was read than SHORTEST days before, (accounts,): of the
    others nothing need be worked out."""
    with np.errstate(invalid="ignore"):
        grew = counts[:, columns] > counts[:, np.maximum(columns - SHORTEST, 0)]
    return np.asarray((~grew).any(axis=1), np.bool_)


def explain(finding: Finding, evidence: Evidence) -> Explanation:
    """How long nothing has come, beside what usually does."""
    days = max(1, round((finding.at - finding.start) / 86_400) + 1)
    said = reason("posts_stopped", days=days, weekly=round(7 * finding.expected / days))
    return Explanation("posting_stopped", 0.9, [said], ("check_plan", "read_recent_posts"))


def _silent(
    rules: Rules, made: Floats, last: Ints, read: Bools, factor: Floats, column: int
) -> Findings:
    """Those of one judged column; `made` posts and the `last` day with one, (accounts,
    days)."""
    silence = column - last[:, column]
    known = read[:, column] & (silence >= SHORTEST) & (silence <= LONGEST)
    rows = np.flatnonzero(known & (last[:, column] >= WINDOW - 1))
    ends = last[rows, column]
    window = made[rows[:, None], ends[:, None] - np.arange(WINDOW)[::-1]]
    some = np.count_nonzero(window > 0, axis=1) >= LEAST
    rows, ends, window = rows[some], ends[some], window[some]
    if not rows.size:
        return nothing()
    # (accounts, weeks, 7): the seven days up to the last one with a post
    weeks = window.reshape(len(rows), WINDOW // 7, 7)
    chance = np.minimum((weeks > 0).mean(axis=1), _SURE)
    silent = np.arange(1, LONGEST + 1)
    quiet = -np.log1p(-np.tile(chance, LONGEST // 7)) * (silent <= column - ends[:, None])
    surprise = quiet.sum(axis=1)
    limit = np.maximum(-np.log(rules.alpha), _TIMES_OWN * _longest(window, chance))
    usual = np.tile(weeks.mean(axis=1), LONGEST // 7)
    expected = (usual * (silent <= column - ends[:, None])).sum(axis=1)
    on = np.flatnonzero(surprise > limit * factor[rows])
    many = len(on)
    return Findings(
        row=rows[on],
        column=np.full(many, column),
        start=ends[on] + 1,
        check=np.full(many, "posting_stopped"),
        metric=np.full(many, "posts"),
        direction=np.full(many, -1),
        change=np.zeros(many),
        expected=expected[on],
        level=expected[on],
        size=np.ones(many),
        score=-np.sqrt(2 * surprise[on]),
        floor=np.zeros(many),
        passed=np.ones(many, np.bool_),
        alarm=np.ones(many, np.bool_),
    )


def _longest(window: Floats, chance: Floats) -> Floats:
    """The least likely silence inside the rhythm's own weeks, in logs: (accounts,)."""
    total = np.cumsum(np.tile(-np.log1p(-chance), WINDOW // 7), axis=1)
    since = np.maximum.accumulate(np.where(window > 0, total, 0.0), axis=1)
    return np.asarray((total - since).max(axis=1), np.float64)


def _made(counts: Floats) -> Floats:
    """Posts that each reading shows since the one before, at most GAP days ago; 0 elsewhere.

    What a total loses was deleted, which is no post: (accounts, days).
    """
    columns = np.arange(counts.shape[1])
    newest = np.maximum.accumulate(np.where(np.isnan(counts), -1, columns), axis=1)
    before = np.concatenate([np.full((len(counts), 1), -1), newest[:, :-1]], axis=1)
    earlier = np.take_along_axis(counts, np.maximum(before, 0), axis=1)
    made = np.where((before >= 0) & (columns - before <= GAP), counts - earlier, 0.0)
    return np.asarray(np.maximum(np.nan_to_num(made), 0.0), np.float64)
