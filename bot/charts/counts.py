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
    MIDDLE,
    SMALL,
    Colours,
    card,
    frame,
    png,
    shown,
)
from bot.model.chat import Theme

Floats = npt.NDArray[np.float64]

DAY = 86400.0
_TICKS = 3
_MARKS = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """An event: epoch seconds of both ends and its short label."""

    start: float
    end: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Episode:
    """An incident: epoch seconds of both ends, which way it went, and its size in words."""

    start: float
    end: float
    rise: bool = False
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """What to draw: one entry per day in the arrays, NaN where nothing was read.

    `low` and `high` are the expected band. `step` is the smallest change the source shows.
    `span` is the incident that the picture is about, `others` are further ones. `ended` is
    written beside the last reading of an account that is gone. `count`, `signed` and `day`
    write axis labels.
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
    span: Episode | None = None
    others: Sequence[Episode] = ()
    marks: Sequence[Mark] = ()
    ended: str = ""
    theme: Theme = "light"
    count: Callable[[float], str]
    signed: Callable[[float], str]
    day: Callable[[float], str]


def draw(chart: Chart) -> bytes:
    """The picture as PNG; the same chart gives the same bytes. Safe to call from threads."""
    with card(chart.title, chart.subtitle, theme=chart.theme) as (figure, look):
        top, bottom = figure.subplots(
            2, 1, sharex=True, gridspec_kw={"height_ratios": (2.3, 1), "hspace": 0.32}
        )
        figure.subplots_adjust(left=0.17, right=0.94, top=0.77, bottom=0.085)
        days = chart.ends / DAY
        for axes in (top, bottom):
            frame(axes, look)
        _counts(top, days, chart, look)
        _changes(bottom, days, chart, look)
        for axes in (top, bottom):
            _shade(axes, chart, look)
        _events(top, bottom, days, chart, look)
        _calendar(bottom, days, chart)
        return png(figure)


def _counts(axes: Any, days: Floats, chart: Chart, look: Colours) -> None:
    values = chart.values
    read = np.flatnonzero(~np.isnan(values))
    if not read.size:
        axes.text(
            0.5,
            0.5,
            shown(chart.empty),
            transform=axes.transAxes,
            ha="center",
            color=look.faint,
            fontsize=MIDDLE,
        )
        axes.set_yticks([])
        return
    _band(axes, days, chart, look)
    style = "steps-post" if chart.step > 1 else "default"
    axes.plot(
        days[read],
        values[read],
        color=look.faint,
        linewidth=1,
        linestyle=(0, (2, 2)),
        drawstyle=style,
        zorder=2,
    )
    axes.plot(
        days,
        values,
        color=look.line,
        linewidth=2,
        drawstyle=style,
        zorder=3,
        solid_capstyle="round",
    )
    lonely = read[[_alone(values, int(place)) for place in read]]
    axes.plot(days[lonely], values[lonely], "o", color=look.line, markersize=3.2, zorder=3)
    axes.plot(days[read[-1]], values[read[-1]], "o", color=look.line, markersize=5, zorder=4)
    _end(axes, days, chart, look)
    _limits(axes, chart, read)
    _ticks(axes, 4, chart.step, chart.count)
    _incident(axes, days, chart, look)
    if chart.span is not None and chart.span.note:
        _note(axes, days, chart, look)


def _note(axes: Any, days: Floats, chart: Chart, look: Colours) -> None:
    """The incident's size beside its span, on the side and at the height with more room."""
    assert chart.span is not None
    start, end = chart.span.start / DAY, chart.span.end / DAY
    right = end > days[0] + 0.7 * (days[-1] - days[0])
    beside = (days < start) if right else (days > end)
    low, high = axes.get_ylim()
    line = np.nanmean(np.append(chart.values[beside & ~np.isnan(chart.values)][-12:], low))
    above = line < (low + high) / 2
    top = 0.7 if chart.marks else 0.9
    axes.annotate(
        shown(chart.span.note),
        (start if right else end, top if above else 0.1),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if right else 6, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        color=look.up if chart.span.rise else look.down,
        fontsize=MIDDLE,
        weight="bold",
        zorder=7,
        bbox={"facecolor": look.card, "alpha": 0.75, "edgecolor": "none", "pad": 1.5},
    )


def _alone(values: Floats, place: int) -> bool:
    """True where a reading has no neighbour that a line could join it to."""
    around = values[max(0, place - 1) : place + 2]
    return int((~np.isnan(around)).sum()) == 1


def _band(axes: Any, days: Floats, chart: Chart, look: Colours) -> None:
    low, high = chart.low, chart.high
    if low is None or high is None or not (known := ~(np.isnan(low) | np.isnan(high))).any():
        return
    axes.fill_between(
        days,
        low,
        high,
        where=known,
        step="mid",
        color=look.band,
        alpha=0.45,
        linewidth=0,
        zorder=1,
    )
    axes.fill_between(
        [], [], [], color=look.band, alpha=0.45, linewidth=0, label=shown(chart.expected_label)
    )
    axes.legend(
        loc="lower right",
        bbox_to_anchor=(1.0, 1.0),
        frameon=False,
        fontsize=SMALL,
        labelcolor=look.faint,
        handlelength=1.2,
        borderaxespad=0.1,
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


def _changes(axes: Any, days: Floats, chart: Chart, look: Colours) -> None:
    """One bar a day; a change over a gap is a wide pale bar of its daily mean."""
    read = np.flatnonzero(~np.isnan(chart.values))
    axes.set_title(
        shown(chart.change_label), loc="left", color=look.faint, fontsize=SMALL, pad=4
    )
    axes.axhline(0, color=look.faint, linewidth=0.8, zorder=2)
    if read.size < 2:
        axes.set_yticks([0], ["0"])
        return
    gaps = np.diff(read)
    heights = np.diff(chart.values[read]) / gaps
    widths = np.diff(days[read]) * 0.82
    middles = (days[read[1:]] + days[read[:-1]]) / 2
    colours = np.where(heights < 0, look.down, look.up)
    # one collection: a thousand separate bars would take a second to draw
    from matplotlib.collections import PolyCollection

    left, right, zero = middles - widths / 2, middles + widths / 2, np.zeros_like(heights)
    corners = ((left, zero), (left, heights), (right, heights), (right, zero))
    bars = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    shades = np.where(gaps == 1, 0.9, 0.4)
    axes.add_collection(
        PolyCollection(list(bars), facecolors=colours, alpha=shades, linewidths=0, zorder=3)
    )
    falls = list(bars[heights < 0])
    # hatched: a fall is told from a rise without its colour
    axes.add_collection(
        PolyCollection(
            falls, facecolors="none", edgecolors=look.card, hatch="////", linewidths=0, zorder=4
        )
    )
    high, low = max(float(heights.max()), 0.0), min(float(heights.min()), 0.0)
    room = max((high - low) * 0.12, chart.step, 1.0)
    quiet = low == high
    axes.set_ylim(
        low - (room if low < 0 or quiet else 0), high + (room if high > 0 or quiet else 0)
    )
    _ticks(axes, 2, 1.0, chart.signed, least=2)


def _ticks(
    axes: Any, most: int, step: float, write: Callable[[float], str], *, least: int = 3
) -> None:
    """Ticks at round counts, and only at whole display steps where the source rounds.

    As few as `most` asks for, but `least` where the room allows, so that the scale is clear.
    """
    low, high = axes.get_ylim()
    power = 10.0 ** np.floor(np.log10(max((high - low) / most, step, 1.0)))
    places = np.zeros(1)
    for size in (power * n for n in (10, 5, 2, 1, 0.5)):
        if size < max(step, 1.0) or len(places) >= least:
            break
        places = np.arange(np.ceil(low / size), np.floor(high / size) + 1) * size
    axes.set_yticks(places, [write(float(place)) for place in places])


def _shade(axes: Any, chart: Chart, look: Colours) -> None:
    for span in (*chart.others, *([chart.span] if chart.span else [])):
        colour = look.up if span.rise else look.down
        strength = 0.16 if span is chart.span else 0.09
        end = max(span.start, span.end) / DAY
        axes.axvspan(span.start / DAY, end, color=colour, alpha=strength, linewidth=0, zorder=0)


def _incident(axes: Any, days: Floats, chart: Chart, look: Colours) -> None:
    """The line within each incident in its own colour, and the way it went as a mark."""
    values = chart.values
    for span in (*chart.others, *([chart.span] if chart.span else [])):
        inside = (days >= span.start / DAY - 0.01) & (days <= span.end / DAY + 0.01)
        read = np.flatnonzero(inside & ~np.isnan(values))
        if not read.size:
            continue
        colour = look.up if span.rise else look.down
        style = "steps-post" if chart.step > 1 else "default"
        axes.plot(
            days[read], values[read], color=colour, linewidth=2.6, drawstyle=style, zorder=4
        )
        place = read[-1]
        mark = "^" if span.rise else "v"
        axes.plot(days[place], values[place], mark, color=colour, markersize=8, zorder=5)


def _end(axes: Any, days: Floats, chart: Chart, look: Colours) -> None:
    """The last reading of an account that is gone: what follows is no missing data."""
    read = np.flatnonzero(~np.isnan(chart.values))
    if not chart.ended or not read.size:
        return
    last = read[-1]
    axes.plot(
        days[last],
        chart.values[last],
        "X",
        color=look.down,
        markeredgecolor=look.card,
        markersize=13,
        zorder=6,
    )
    right = last > 0.6 * len(days)
    axes.annotate(
        shown(chart.ended),
        (days[last], chart.values[last]),
        xytext=(-10 if right else 10, 0),
        textcoords="offset points",
        ha="right" if right else "left",
        va="center",
        color=look.down,
        fontsize=MIDDLE,
        weight="bold",
        zorder=7,
    )


def _events(top: Any, bottom: Any, days: Floats, chart: Chart, look: Colours) -> None:
    first, last = days[0] - 0.5, days[-1] + 0.5
    inside = [
        mark for mark in chart.marks if mark.end / DAY >= first and mark.start / DAY <= last
    ]
    for place, mark in enumerate(sorted(inside, key=lambda mark: mark.start)[:_MARKS]):
        x = max(mark.start / DAY, first)
        for axes in (top, bottom):
            axes.axvline(x, color=look.event, linewidth=1.1, linestyle=(0, (4, 3)), zorder=2)
            if mark.end - mark.start > DAY:
                axes.axvspan(
                    x, min(mark.end / DAY, last), color=look.event, alpha=0.06, linewidth=0
                )
        right = x > first + 0.72 * (last - first)
        top.annotate(
            shown(mark.label),
            (x, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(-4 if right else 4, -4 - 15 * (place % 3)),
            textcoords="offset points",
            ha="right" if right else "left",
            va="top",
            color=look.event,
            fontsize=SMALL - 0.5,
            zorder=6,
            bbox={"facecolor": look.card, "alpha": 0.8, "edgecolor": "none", "pad": 1},
        )


def _calendar(axes: Any, days: Floats, chart: Chart) -> None:
    every = max(1, -(-len(days) // _TICKS))
    places = days[::-1][::every][::-1]
    axes.set_xticks(places, [chart.day(place * DAY) for place in places])
    last = days[-1]
    if chart.ended and (read := np.flatnonzero(~np.isnan(chart.values))).size:
        last = days[read[-1]] + 0.02 * (days[-1] - days[0])
    axes.set_xlim(days[0] - 0.8, last + 0.8)
