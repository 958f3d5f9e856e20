"""What a user would otherwise run on the same counts: one alarm or none per account and day.

Rules written anew from their descriptions (fixed threshold, IQR fence, luminol's exponential
averages, adtk's PersistAD) and the libraries river, libspot, statsmodels and ruptures in the
same process. Settings are those that serve them best; `floor` is the extra rule "and the
one-day move is beyond it", which helps all of them.
"""

import warnings
from collections.abc import Callable
from typing import Any

import libspot
import numpy as np
import ruptures
from numpy.lib.stride_tricks import sliding_window_view
from river.anomaly import GaussianScorer
from statsmodels.tsa.seasonal import STL

Peer = Callable[[Any], Any]
"""Relative one-day moves (accounts, days), NaN unread -> alarms of the same shape."""


def moves(counts: Any) -> Any:
    """Change since the newest reading before, relative to it."""
    days = np.arange(counts.shape[1])
    last = np.maximum.accumulate(np.where(np.isnan(counts), -1, days), axis=1)
    before = np.concatenate([np.full((len(counts), 1), -1), last[:, :-1]], axis=1)
    level = np.take_along_axis(counts, np.maximum(before, 0), axis=1)
    return np.where(before >= 0, counts / np.maximum(level, 1) - 1, np.nan)


def fixed(threshold: float) -> Peer:
    return lambda moved: np.abs(np.nan_to_num(moved)) > threshold


def fence(factor: float, window: int = 56) -> Peer:
    """Outside the quartiles of the window before by `factor` interquartile ranges."""

    def judge(moved: Any) -> Any:
        windows = _before(moved, window)
        low, high = np.nanpercentile(windows, [25, 75], axis=2)
        width = factor * (high - low)
        return (moved > high + width) | (moved < low - width)

    return judge


def luminol(limit: float, smoothing: float = 0.2) -> Peer:
    """Deviation from an exponential average in its own standard deviations."""

    def judge(moved: Any) -> Any:
        level = np.zeros(len(moved))
        distance = np.zeros(moved.shape)
        for day in range(moved.shape[1]):
            value = np.where(np.isnan(moved[:, day]), level, moved[:, day])
            distance[:, day] = np.abs(value - level)
            level = smoothing * value + (1 - smoothing) * level
        spread = np.sqrt(np.cumsum(distance**2, axis=1) / np.arange(1, moved.shape[1] + 1))
        return distance > limit * np.roll(spread, 1, axis=1)

    return judge


def persist(factor: float, window: int = 7) -> Peer:
    """Distance to the median of the last week beyond an IQR fence of such distances."""

    def judge(moved: Any) -> Any:
        distance = moved - np.nanmedian(_before(moved, window), axis=2)
        low, high = np.nanpercentile(_before(distance, 56), [25, 75], axis=2)
        width = factor * (high - low)
        return (distance > high + width) | (distance < low - width)

    return judge


def river(limit: float = 0.9999, window: int = 56) -> Peer:
    def judge(moved: Any) -> Any:
        alarms = np.zeros(moved.shape, np.bool_)
        for row, series in enumerate(moved):
            scorer = GaussianScorer(window_size=window, grace_period=30)
            for day, value in enumerate(series):
                if not np.isnan(value):
                    alarms[row, day] = scorer.score_one(None, value) > limit
                    scorer.learn_one(None, value)
        return alarms

    return judge


def spot(q: float = 1e-4, train: int = 50) -> Peer:
    def judge(moved: Any) -> Any:
        alarms = np.zeros(moved.shape, np.bool_)
        for row, series in enumerate(moved):
            for sign in (1, -1):
                known = np.flatnonzero(~np.isnan(series))
                detector = libspot.Spot(q, low=0, level=0.95)
                if len(known) <= train or np.ptp(series[known[:train]]) == 0:
                    continue
                try:
                    detector.fit(sign * series[known[:train]])
                except RuntimeError:  # no tail to fit
                    continue
                for day in known[train:]:
                    alarms[row, day] |= detector.step(sign * series[day]) == libspot.ANOMALY
        return alarms

    return judge


def stl(limit: float = 10) -> Peer:
    """Residual of a robust decomposition of the whole series beyond `limit` MADs."""

    def judge(moved: Any) -> Any:
        alarms = np.zeros(moved.shape, np.bool_)
        for row, series in enumerate(moved):
            rest = STL(np.nan_to_num(series), period=7, robust=True).fit().resid
            alarms[row] = np.abs(rest) > limit * 1.4826 * np.median(np.abs(rest))
        return alarms & ~np.isnan(moved)

    return judge


def kernel(penalty: float = 30) -> Peer:
    def judge(moved: Any) -> Any:
        alarms = np.zeros(moved.shape, np.bool_)
        for row, series in enumerate(moved):
            signal = np.nan_to_num(series)
            signal = (signal - signal.mean()) / max(signal.std(), 1e-12)
            search = ruptures.KernelCPD(kernel="linear", min_size=2).fit(signal[:, None])
            alarms[row, [k for k in search.predict(pen=penalty) if k < len(series)]] = True
        return alarms

    return judge


def floored(peer: Peer, floor: float) -> Peer:
    """Only where the one-day move is beyond `floor`, too."""

    def judge(moved: Any) -> Any:
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore", RuntimeWarning)
            return peer(moved) & (np.abs(np.nan_to_num(moved)) > floor)

    return judge


PEERS: dict[str, Peer] = {
    "fixed threshold 5 %": fixed(0.05),
    "fixed threshold 2 %": fixed(0.02),
    "IQR fence c=5 + 2 %": floored(fence(5), 0.02),
    "luminol exp_avg + 1 %": floored(luminol(3), 0.01),
    "luminol exp_avg + 2 %": floored(luminol(3), 0.02),
    "PersistAD + 1 %": floored(persist(5), 0.01),
    "PersistAD + 2 %": floored(persist(5), 0.02),
    "river GaussianScorer + 1 %": floored(river(), 0.01),
    "libspot SPOT + 1 %": floored(spot(), 0.01),
    "statsmodels STL robust + 2 %": floored(stl(), 0.02),
    "ruptures KernelCPD": kernel(),
}


def _before(values: Any, window: int) -> Any:
    """(accounts, days, window): the days before each, NaN where there are none."""
    blank = np.full((len(values), window), np.nan)
    return sliding_window_view(np.concatenate([blank, values], axis=1), window, axis=1)[:, :-1]
