"""Draws one account's counts as a PNG: the series, what was expected, incident and events.

Words and number formats arrive with the `Chart`; nothing here speaks a language. matplotlib
is imported at the first picture.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.charts.style import (
    ALARM,
    BAND,
    CARD,
    DOWN,
    DPI,
    EVENT,
    FAINT,
    GAP,
    LINE,
    LOCK,
    SIZE,
    UP,
    frame,
    headline,
    png,
    prepare,
    shown,
)

Floats = npt.NDArray[np.float64]

DAY = 86400.0
_TICKS = 7
_MARKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An event: epoch seconds of both ends and its short label."""

    start: float
    end: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What to draw: one entry per day in the arrays, NaN where nothing was read.

    `low` and `high` are the expected band. `step` is the smallest change the source shows.
    `span` is the incident in epoch seconds, `note` what is written beside it. `count`,
    `signed` and `day` write axis labels.
    """

    ends: Floats
    values: Floats
    low: Floats | None = None
    high: Floats | None = None
    step: float = 1.0
    title: str
    subtitle: str
    change_label: str
    expected_label: str
    empty: str
    span: tuple[float, float] | None = None
    note: str = ""
    marks: Sequence[Mark] = ()
    count: Callable[[float], str]
    signed: Callable[[float], str]
    day: Callable[[float], str]


def draw(chart: Chart) -> bytes:
    """The picture as PNG; the same chart gives the same bytes. Safe to call from threads."""
    with LOCK:
        prepare()
        from matplotlib.figure import Figure

        figure = Figure(figsize=SIZE, dpi=DPI, facecolor=CARD)
        top, bottom = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": (2.6, 1), "hspace": 0.12}
        )
        figure.subplots_adjust(left=0.105, right=0.955, top=0.86, bottom=0.075)
        days = chart.ends / DAY
        for axes in (top, bottom):
            frame(axes)
        headline(figure, chart.title, chart.subtitle)
        _counts(top, days, chart)
        _changes(bottom, days, chart)
        for axes in (top, bottom):
            _shade(axes, chart)
        _events(top, bottom, days, chart)
        _calendar(bottom, days, chart)
        return png(figure)


def _counts(axes: Any, days: Floats, chart: Chart) -> None:
    values = chart.values
    read = np.flatnonzero(~np.isnan(values))
    if not read.size:
        axes.text(
            0.5,
            0.5,
            shown(chart.empty),
            transform=axes.transAxes,
            ha="center",
            color=FAINT,
            fontsize=11,
        )
        axes.set_yticks([])
        return
    if chart.low is not None and chart.high is not None:
        _band(axes, days, chart.low, chart.high, chart.expected_label)
    style = "steps-post" if chart.step > 1 else "default"
    axes.plot(
        days[read],
        values[read],
        color=GAP,
        linewidth=1,
        linestyle=(0, (2, 2)),
        drawstyle=style,
        zorder=2,
    )
    axes.plot(
        days,
        values,
        color=LINE,
        linewidth=2,
        drawstyle=style,
        zorder=3,
        solid_capstyle="round",
    )
    lonely = read[[_alone(values, int(place)) for place in read]]
    axes.plot(days[lonely], values[lonely], "o", color=LINE, markersize=3.2, zorder=3)
    axes.plot(days[read[-1]], values[read[-1]], "o", color=LINE, markersize=5, zorder=4)
    _limits(axes, chart, read)
    _ticks(axes, 5, chart.step, chart.count)
    if chart.span is not None and chart.note:
        _note(axes, days, chart)


def _note(axes: Any, days: Floats, chart: Chart) -> None:
    """The incident's size beside its span, on the side and at the height with more room."""
    assert chart.span is not None
    start, end = chart.span[0] / DAY, chart.span[1] / DAY
    right = end > days[0] + 0.7 * (days[-1] - days[0])
    beside = (days < start) if right else (days > end)
    low, high = axes.get_ylim()
    line = np.nanmean(np.append(chart.values[beside & ~np.isnan(chart.values)][-12:], low))
    above = line < (low + high) / 2
    top = 0.7 if chart.marks else 0.9
    axes.annotate(
        shown(chart.note),
        (start if right else end, top if above else 0.1),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if right else 6, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        color=ALARM,
        fontsize=10,
        weight="bold",
        zorder=7,
        bbox={"facecolor": CARD, "alpha": 0.75, "edgecolor": "none", "pad": 1.5},
    )


def _alone(values: Floats, place: int) -> bool:
    """True where a reading has no neighbour that a line could join it to."""
    around = values[max(0, place - 1) : place + 2]
    return int((~np.isnan(around)).sum()) == 1


def _band(axes: Any, days: Floats, low: Floats, high: Floats, label: str) -> None:
    known = ~(np.isnan(low) | np.isnan(high))
    if not known.any():
        return
    axes.fill_between(
        days,
        low,
        high,
        where=known,
        step="mid",
        color=BAND,
        alpha=0.38,
        linewidth=0,
        zorder=1,
    )
    axes.fill_between([], [], [], color=BAND, alpha=0.38, linewidth=0, label=shown(label))
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=9,
        labelcolor=FAINT,
        handlelength=1.6,
        borderaxespad=0.2,
    )


def _limits(axes: Any, chart: Chart, read: npt.NDArray[np.intp]) -> None:
    """Room for the line and the band around it, and never less than a few display steps."""
    seen = chart.values[read]
    low, high = float(seen.min()), float(seen.max())
    reach = max(high - low, 4 * chart.step, 4.0)
    for edge in (chart.low, chart.high):
        if edge is not None and (~np.isnan(edge)).any():
            # a wide band may fill the picture, it may not squeeze the line flat
            low = max(min(low, float(np.nanmin(edge))), float(seen.min()) - reach)
            high = min(max(high, float(np.nanmax(edge))), float(seen.max()) + reach)
    middle, half = (low + high) / 2, max((high - low) / 2, 2 * chart.step, 2.0) * 1.12
    floor = 0.0 if float(seen.min()) >= 0 and middle - half < 0 else middle - half
    axes.set_ylim(floor, middle + half)


def _changes(axes: Any, days: Floats, chart: Chart) -> None:
    """One bar a day; a change over a gap is a wide pale bar of its daily mean."""
    read = np.flatnonzero(~np.isnan(chart.values))
    axes.set_title(shown(chart.change_label), loc="left", color=FAINT, fontsize=9, pad=3)
    axes.axhline(0, color=FAINT, linewidth=0.8, zorder=2)
    if read.size < 2:
        axes.set_yticks([0], ["0"])
        return
    gaps = np.diff(read)
    heights = np.diff(chart.values[read]) / gaps
    widths = np.diff(days[read]) * 0.82
    middles = (days[read[1:]] + days[read[:-1]]) / 2
    colours = np.where(heights < 0, DOWN, UP)
    # one collection: a thousand separate bars would take a second to draw
    from matplotlib.collections import PolyCollection

    left, right, zero = middles - widths / 2, middles + widths / 2, np.zeros_like(heights)
    corners = ((left, zero), (left, heights), (right, heights), (right, zero))
    bars = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    shades = np.where(gaps == 1, 0.9, 0.4)
    axes.add_collection(
        PolyCollection(list(bars), facecolors=colours, alpha=shades, linewidths=0, zorder=3)
    )
    high, low = max(float(heights.max()), 0.0), min(float(heights.min()), 0.0)
    room = max((high - low) * 0.12, chart.step, 1.0)
    quiet = low == high
    axes.set_ylim(
        low - (room if low < 0 or quiet else 0), high + (room if high > 0 or quiet else 0)
    )
    _ticks(axes, 3, 1.0, chart.signed)


def _ticks(axes: Any, most: int, step: float, write: Callable[[float], str]) -> None:
    """Ticks at round counts, and only at whole display steps where the source rounds.

    As few as `most` asks for, but three where the room allows, so that the scale is clear.
    """
    low, high = axes.get_ylim()
    power = 10.0 ** np.floor(np.log10(max((high - low) / most, step, 1.0)))
    places = np.zeros(1)
    for size in (power * n for n in (10, 5, 2, 1, 0.5)):
        if size < max(step, 1.0) or len(places) >= 3:
            break
        places = np.arange(np.ceil(low / size), np.floor(high / size) + 1) * size
    axes.set_yticks(places, [write(float(place)) for place in places])


def _shade(axes: Any, chart: Chart) -> None:
    if chart.span is None:
        return
    start, end = chart.span[0] / DAY, max(chart.span) / DAY
    axes.axvspan(start, end, color=ALARM, alpha=0.13, linewidth=0, zorder=0)


def _events(top: Any, bottom: Any, days: Floats, chart: Chart) -> None:
    first, last = days[0] - 0.5, days[-1] + 0.5
    inside = [
        mark for mark in chart.marks if mark.end / DAY >= first and mark.start / DAY <= last
    ]
    for place, mark in enumerate(sorted(inside, key=lambda mark: mark.start)[:_MARKS]):
        x = max(mark.start / DAY, first)
        for axes in (top, bottom):
            axes.axvline(x, color=EVENT, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)
            if mark.end - mark.start > DAY:
                axes.axvspan(x, min(mark.end / DAY, last), color=EVENT, alpha=0.06, linewidth=0)
        right = x > first + 0.72 * (last - first)
        top.annotate(
            shown(mark.label),
            (x, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if right else 4, -4 - 13 * (place % 3)),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            color=EVENT,
            fontsize=8.5,
            zorder=6,
            bbox={"facecolor": CARD, "alpha": 0.8, "edgecolor": "none", "pad": 1},
        )


def _calendar(axes: Any, days: Floats, chart: Chart) -> None:
    every = max(1, -(-len(days) // _TICKS))
    places = days[::-1][::every][::-1]
    axes.set_xticks(places, [chart.day(place * DAY) for place in places])
    axes.set_xlim(days[0] - 0.8, days[-1] + 0.8)
