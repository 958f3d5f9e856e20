"""All checks of single accounts over the requested days of a panel."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from checks.baseline.expected import Residuals, residuals_of
from checks.baseline.fit import LAG, BaselineFit, fits
from checks.detectors.fall import falls, hidden_losses
from checks.detectors.fdr import hold_discoveries
from checks.detectors.findings import Findings, join, nothing
from checks.detectors.leak import REACH, leaks
from checks.detectors.oscillation import seesaws
from checks.detectors.rise import engagement, rises
from checks.detectors.sudden import candidates
from checks.detectors.tails import score_limit
from checks.model import Finding, Rules
from checks.panel.panel import Bools, Floats, Ints, Panel

_LOWEST = 0.3
"""No floor lies below this part of the rules' percent, whatever engagement and feedback say."""

_MANY = 7
"""Judged days from which fits are worth sharing between the checks."""


@dataclass(frozen=True)
class State:
    """What one metric did on each judged day; arrays (accounts, judged columns).

    `move`, `expected` and `spread` are log ratios over `elapsed` days (counts for series
    without a level), `level` the count before, `step` the display step in counts.
    """

    judged: Bools
    held: Bools
    early: Bools
    changes: Ints
    level: Floats
    elapsed: Ints
    move: Floats
    expected: Floats
    spread: Floats
    step: Floats


class States:
    """One State per metric of a panel, worked out when somebody asks for it."""

    def __init__(self, panel: Panel, columns: Ints, known: Mapping[str, Residuals]) -> None:
        self._panel = panel
        self._columns = columns
        self._names = tuple(name for name in panel.metrics if name != "posts")
        self._made = {name: _state(view) for name, view in known.items()}

    def __contains__(self, metric: object) -> bool:
        return metric in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __getitem__(self, metric: str) -> State:
        if metric not in self._names:
            raise KeyError(metric)
        if metric not in self._made:
            self._made[metric] = state(self._panel, metric, self._columns)
        return self._made[metric]


@dataclass(frozen=True)
class Detections:
    """`hits` are ordered by judged column, then account and check."""

    panel: Panel
    columns: Ints
    hits: Findings
    states: States

    def findings(self, column: int) -> list[Finding]:
        """The alarms of one judged column (a column of the panel)."""
        here = (self.hits.column == column % self.panel.days) & self.hits.alarm
        return self.hits.take(here).objects(self.panel)


def detect(
    panel: Panel,
    rules: Rules,
    *,
    columns: slice | int = -1,
    floors: Mapping[str, float] | None = None,
) -> Detections:
    """Judge the requested columns at once; each uses only the 120 days before it.

    `floors` are the factors by which feedback moved single accounts' floors.
    """
    judged = np.arange(panel.days)[columns] if isinstance(columns, slice) else columns
    places = np.atleast_1d(np.asarray(judged, np.int64) % max(panel.days, 1))
    factor = np.ones(len(panel.accounts))
    for account, by in (floors or {}).items():
        if account in panel.row:
            factor[panel.row[account]] = by
    if not places.size or not panel.accounts:
        return Detections(panel, places, nothing(), States(panel, places, {}))
    view, parts = _followers(panel, places, rules, factor)
    if "following" in panel.metrics:
        parts.append(seesaws(panel, rules, places, factor))
    states = States(panel, places, {"followers": view})
    return Detections(panel, places, join([nothing(), *parts]), states)


def _followers(
    panel: Panel, columns: Ints, rules: Rules, factor: Floats
) -> tuple[Residuals, list[Findings]]:
    """Rises, falls and leaks; a replay of many days learns for all of them together."""
    shared: list[BaselineFit] | None = None
    if len(columns) > _MANY:
        first, last = int(columns.min()), int(columns.max())
        rows = np.arange(len(panel.accounts))
        reach = first - REACH - LAG
        shared = list(fits(panel, "followers", rows, reach, last - LAG, last, wander=True))
    view = residuals_of(panel, "followers", columns, known=shared)
    found = _sudden(panel, "followers", view, columns, rules, factor)
    hidden = hidden_losses(panel, rules, columns, factor)
    hidden = hidden.take(np.abs(hidden.score) > score_limit(rules))
    return view, [found, hidden, leaks(panel, rules, columns, factor, view, known=shared)]


def state(panel: Panel, metric: str, columns: Ints, rows: Ints | None = None) -> State:
    """One metric's ordinary and observed changes alone, without any check."""
    return _state(residuals_of(panel, metric, columns, rows=rows))


def _state(view: Residuals) -> State:
    day = view.day
    return State(
        judged=view.judged,
        held=view.held,
        early=view.early,
        changes=view.changes.astype(np.int64),
        level=day.level,
        elapsed=day.elapsed.astype(np.int64),
        move=day.move,
        expected=day.expected,
        spread=day.spread,
        step=view.step,
    )


def _sudden(
    panel: Panel, metric: str, view: Residuals, columns: Ints, rules: Rules, factor: Floats
) -> Findings:
    """Rises and falls, their false discoveries held."""

    def hits(view: Residuals, columns: Ints, rows: Ints) -> Findings:
        return sudden_hits(panel, metric, view, columns, rows, rules, factor)

    found = hits(view, columns, np.arange(len(panel.accounts)))
    found = hold_discoveries(panel, metric, view, columns, found, hits, rules)
    return found.take(np.abs(found.score) > score_limit(rules))


def sudden_hits(
    panel: Panel,
    metric: str,
    view: Residuals,
    columns: Ints,
    rows: Ints,
    rules: Rules,
    factor: Floats,
) -> Findings:
    """Rises and falls of some rows beyond 3 spreads."""
    least = _LOWEST * rules.min_percent / 100
    up, down = (
        candidates(panel, metric, view, columns, rows=rows, direction=direction, least=least)
        for direction in (1, -1)
    )
    return join(
        [
            rises(up, rules, engagement=engagement(panel, up), factor=factor[up.row]),
            falls(down, rules, factor=factor[down.row]),
        ]
    )
