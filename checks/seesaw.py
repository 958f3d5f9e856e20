"""The follow/unfollow habit: the own following count that swings up and back again."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from checks.baseline import GAP, bridge, counts_of
from checks.findings import Findings, join, nothing
from checks.model import Rules
from checks.panel import Floats, Ints, Panel
from checks.surprise import log_tail

AMPLITUDES = (0.05, 0.08, 0.12)
LEGS = (2, 3, 4)
CHAIN = 6
"""Legs that one swing is followed back through."""

_QUIET = 20
"""Days before a judged one that do not teach its spread: a swing lasts for weeks."""
_LEARN = 42
_CAP = 12.0
_COST = 2.0
_LIMIT = 16.0
_ROWS_AT_ONCE = 512
_HISTORY = _QUIET + _LEARN


def seesaws(panel: Panel, rules: Rules, columns: Ints, factor: Floats) -> Findings:
    """Likelihood of legs of alternating direction.

    Per amplitude A, with G the log of the count: S_t(dir) = max over legs l of
    max(S_{t-l}(-dir), 0) + min(12, (A X - A^2 / 2) / v) - 2, X = dir (G_t - G_{t-l}), where
    v joins l daily variances with the rounding of a count to whole accounts.
    """
    counts = counts_of(panel, "following")
    start = max(0, int(columns.min()) - _HISTORY - GAP)
    counts = counts[:, start : int(columns.max()) + 1]
    parts = [nothing()]
    some = np.flatnonzero((~np.isnan(counts)).sum(axis=1) > 8)
    for rows in np.array_split(some, 1 + len(some) // _ROWS_AT_ONCE):
        if rows.size:
            parts.append(_seesaws(counts[rows], rows, columns - start, start, factor[rows]))
    return join(parts)


def _seesaws(counts: Floats, rows: Ints, columns: Ints, start: int, factor: Floats) -> Findings:
    series = bridge(counts, np.zeros(len(counts), np.bool_))
    days = counts.shape[1]
    increments = series.increments
    log_count = np.log(np.maximum(_forward(counts, series.last), 1.0))
    spread = _spread(increments)
    noise = 1 / (6 * np.maximum(np.exp(log_count), 1.0) ** 2)
    best = np.zeros(counts.shape)
    for amplitude in AMPLITUDES:
        gains = {}
        for leg in LEGS:
            move = np.full(counts.shape, np.nan)
            move[:, leg:] = log_count[:, leg:] - log_count[:, :-leg]
            variance = leg * spread**2 + noise
            for direction in (1, -1):
                gain = (amplitude * direction * move - amplitude**2 / 2) / variance
                gains[leg, direction] = np.nan_to_num(np.minimum(gain, _CAP), nan=-9.0) - _COST
        chain = {1: np.zeros(counts.shape), -1: np.zeros(counts.shape)}
        for _ in range(CHAIN):
            chain = {
                direction: np.maximum.reduce(
                    [
                        _shift(np.maximum(chain[-direction], 0), leg) + gains[leg, direction]
                        for leg in LEGS
                    ]
                )
                for direction in (1, -1)
            }
            best = np.maximum(best, np.maximum(chain[1], chain[-1]))
    read = series.last[:, columns] == columns
    score = np.where(read, best[:, columns], 0)
    row, place = np.nonzero(score > _LIMIT)
    column = columns[place]
    recent = sliding_window_view(log_count, min(8, days), axis=1)[
        row, np.maximum(column - 7, 0)
    ]
    level = counts[row, column]
    swing = np.expm1(recent.max(axis=1) - recent.min(axis=1))
    before = np.maximum(column - 1, 0)
    surprise = score[row, place]
    return Findings(
        row=rows[row],
        column=column + start,
        start=column + start,
        check=np.full(len(row), "seesaw"),
        metric=np.full(len(row), "following"),
        direction=np.zeros(len(row), np.int64),
        change=level - np.exp(log_count[row, before]),
        expected=np.zeros(len(row)),
        level=level,
        size=swing,
        score=np.sqrt(2 * surprise),
        log_p=log_tail(np.sqrt(2 * surprise)),
        floor=np.full(len(row), 0.03),
        alarm=swing > 0.03 * factor[row],
    )


def _forward(counts: Floats, last: np.ndarray[tuple[int, int], np.dtype[np.int16]]) -> Floats:
    """The newest count at or before each day."""
    rows = np.arange(len(counts))[:, None]
    return np.where(last >= 0, counts[rows, np.maximum(last, 0)], np.nan)


def _shift(values: Floats, by: int) -> Floats:
    moved = np.zeros_like(values)
    moved[:, by:] = values[:, :-by]
    return moved


def _spread(increments: "np.ndarray[tuple[int, int], np.dtype[np.float32]]") -> Floats:
    """1.4826 MAD and clipped RMS of the _LEARN days that end _QUIET days before each day."""
    rows, days = increments.shape
    blank = np.full((rows, _HISTORY), np.nan, np.float32)
    padded = np.concatenate([blank, increments], axis=1)
    windows = sliding_window_view(padded, _LEARN, axis=1)[:, 1 : days + 1]
    sizes = np.sort(np.abs(windows), axis=2)
    known = (~np.isnan(windows)).sum(axis=2)
    ranked = np.take_along_axis(sizes, (known // 2)[..., None], axis=2)[..., 0]
    spread = 1.4826 * ranked
    return np.where(known >= 8, np.maximum(spread, 1e-4), np.nan).astype(np.float64)
