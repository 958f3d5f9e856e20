"""Draws a follower list: creation date against follow, or how many joined on each day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.charts.style import (
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
_COLUMNS, _ROWS = 480, 240
_DOTS = 20_000
"""Followers up to which each is a dot of its own; more are counted into cells."""

_BARS = 420
"""Bars that a picture can tell apart: a longer list is drawn by week, or by month."""

_MARKS = 6


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """A batch: where it lies across (as the picture's axis counts), and its label."""

    start: float
    stop: float
    label: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerMap:
    """`across` and `created` (names,): the follow (epoch seconds, or the rank where only the
    order is known: then `write` gives a rank) and the creation of each follower's account."""

    across: Floats
    created: Floats
    title: str
    subtitle: str
    across_label: str
    created_label: str
    batches: Sequence[Span] = ()
    theme: Theme = "light"
    write: Callable[[float], str]
    day: Callable[[float], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinBars:
    """`counts` joined in the days that end at `ends` (days,); of them `gone` have left since
    (None: one list only)."""

    ends: Floats
    counts: Floats
    gone: Floats | None = None
    title: str
    subtitle: str
    joined_label: str
    gone_label: str
    batches: Sequence[Span] = ()
    theme: Theme = "light"
    count: Callable[[float], str]
    day: Callable[[float], str]


def draw_map(chart: FollowerMap) -> bytes:
    """A batch made together is a level line, a life of an account no place at all."""
    with card(chart.title, chart.subtitle, theme=chart.theme) as (figure, look):
        axes = figure.subplots()
        figure.subplots_adjust(left=0.2, right=0.965, top=0.755, bottom=0.145)
        frame(axes, look)
        across, made = chart.across, chart.created
        edges = (float(across.min()), float(across.max()), float(made.min()), float(made.max()))
        left, right, low, high = _roomy(edges)
        if len(across) <= _DOTS:
            size = 9 if len(across) < 2_000 else 3
            axes.scatter(
                across, made, s=size, color=look.line, alpha=0.5, linewidths=0, zorder=2
            )
        else:
            _density(axes, across, made, (left, right, low, high), look)
        _spans(axes, chart.batches, look)
        axes.set_xlim(left, right)
        axes.set_ylim(low, high)
        axes.set_xlabel(shown(chart.across_label), color=look.faint, fontsize=SMALL)
        figure.text(0.022, 0.8, shown(chart.created_label), color=look.faint, fontsize=SMALL)
        _ticks(axes.set_xticks, left, right, 3, chart.write)
        _ticks(axes.set_yticks, low, high, 5, chart.day)
        return png(figure)


def draw_joins(chart: JoinBars) -> bytes:
    """Bars up for those who still follow, down for those who have left since."""
    with card(chart.title, chart.subtitle, theme=chart.theme) as (figure, look):
        axes = figure.subplots()
        figure.subplots_adjust(left=0.095, right=0.965, top=0.83, bottom=0.085)
        frame(axes, look)
        width = next(
            days for days in (1, 7, 30, 91) if len(chart.counts) / days <= _BARS or days == 91
        )
        ends, counts = _grouped(chart.ends, chart.counts, width)
        inside = np.zeros(len(ends), np.bool_)
        for span in chart.batches:
            inside |= (ends + DAY > span.start) & (ends - width * DAY < span.stop)
        middle = ends - width * DAY / 2
        colours = np.where(inside, look.down, look.line)
        _bars(axes, middle, counts, width, colours)
        if chart.gone is not None and chart.gone.any():
            _, gone = _grouped(chart.ends, chart.gone, width)
            _bars(axes, middle, -gone, width, np.full(len(gone), look.faint))
            _legend(axes, chart.gone_label, 0.02, look.faint)
        _legend(axes, chart.joined_label, 0.99, look.line)
        axes.axhline(0, color=look.faint, linewidth=0.8, zorder=4)
        _labels(axes, chart, look)
        axes.set_xlim(float(ends[0] - width * DAY), float(ends[-1] + width * DAY / 2))
        low, high = axes.get_ylim()
        axes.set_ylim(low * 1.05, max(high * 1.12, 1.0))
        axes.set_yticks(axes.get_yticks()[1:-1])
        axes.set_yticks(
            axes.get_yticks(), [chart.count(abs(float(each))) for each in axes.get_yticks()]
        )
        _ticks(axes.set_xticks, float(ends[0]), float(ends[-1]), 4, chart.day)
        return png(figure)


def _roomy(edges: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    left, right, low, high = edges
    wide, tall = max(right - left, DAY), max(high - low, DAY)
    return left - 0.01 * wide, right + 0.01 * wide, low - 0.02 * tall, high + 0.02 * tall


def _density(
    axes: Any,
    across: Floats,
    made: Floats,
    edges: tuple[float, float, float, float],
    look: Colours,
) -> None:
    """Cells by how many followers they hold: a million dots would take half a minute."""
    left, right, low, high = edges
    column = ((across - left) / (right - left) * _COLUMNS).astype(np.int64)
    row = ((made - low) / (high - low) * _ROWS).astype(np.int64)
    cells = np.bincount(row * _COLUMNS + column, minlength=_ROWS * _COLUMNS)
    share = np.log1p(cells.reshape(_ROWS, _COLUMNS).astype(np.float64))
    share /= max(float(share.max()), 1.0)
    ink = np.empty((_ROWS, _COLUMNS, 4))
    ink[..., :3] = [int(look.line[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    ink[..., 3] = np.where(share > 0, 0.25 + 0.75 * share, 0.0)
    axes.imshow(
        ink, extent=edges, origin="lower", aspect="auto", interpolation="nearest", zorder=2
    )


def _spans(axes: Any, batches: Sequence[Span], look: Colours) -> None:
    for place, span in enumerate(sorted(batches, key=lambda each: each.start)[:_MARKS]):
        axes.axvspan(span.start, span.stop, color=look.down, alpha=0.12, linewidth=0, zorder=1)
        axes.axvline(span.start, color=look.down, linewidth=1.0, alpha=0.6, zorder=3)
        axes.annotate(
            shown(span.label),
            (span.start, 1.0),
            xycoords=("data", "axes fraction"),
            xytext=(3, -3 - 13 * (place % 3)),
            textcoords="offset points",
            va="top",
            color=look.down,
            fontsize=SMALL,
            weight="bold",
            zorder=6,
            bbox={"facecolor": look.card, "alpha": 0.8, "edgecolor": "none", "pad": 1},
        )


def _labels(axes: Any, chart: JoinBars, look: Colours) -> None:
    first, last = float(chart.ends[0]), float(chart.ends[-1])
    for place, span in enumerate(sorted(chart.batches, key=lambda each: each.start)[:_MARKS]):
        right = span.start > first + 0.75 * (last - first)
        axes.annotate(
            shown(span.label),
            (span.stop if not right else span.start, 0.96 - 0.07 * (place % 3)),
            xycoords=("data", "axes fraction"),
            xytext=(-5 if right else 5, 0),
            textcoords="offset points",
            ha="right" if right else "left",
            va="center",
            color=look.down,
            fontsize=SMALL,
            weight="bold",
            zorder=6,
            bbox={"facecolor": look.card, "alpha": 0.8, "edgecolor": "none", "pad": 1},
        )


def _grouped(ends: Floats, values: Floats, width: int) -> tuple[Floats, Floats]:
    """Sums of `width` days, the newest group whole; each at its last day."""
    if width == 1:
        return ends, values
    groups = -(-len(values) // width)
    padded = np.concatenate((np.zeros(groups * width - len(values)), values))
    return ends[::-1][::width][::-1], padded.reshape(groups, width).sum(axis=1)


def _bars(axes: Any, middle: Floats, heights: Floats, width: int, colours: Any) -> None:
    """One collection: hundreds of separate bars would take a second to draw."""
    from matplotlib.collections import PolyCollection

    half = 0.42 * width * DAY
    left, right, zero = middle - half, middle + half, np.zeros_like(heights)
    corners = ((left, zero), (left, heights), (right, heights), (right, zero))
    bars = np.stack([np.stack(corner, axis=1) for corner in corners], axis=1)
    axes.add_collection(PolyCollection(list(bars), facecolors=colours, linewidths=0, zorder=3))
    axes.autoscale_view()


def _legend(axes: Any, label: str, height: float, colour: str) -> None:
    """What the bars in this half are; `height` in parts of the axes (0 to 1)."""
    axes.text(
        0.005,
        height,
        shown(label),
        transform=axes.transAxes,
        va="top" if height > 0.5 else "bottom",
        color=colour,
        fontsize=SMALL,
        zorder=7,
    )


def _ticks(put: Any, low: float, high: float, many: int, write: Callable[[float], str]) -> None:
    places = np.linspace(low, high, many + 2)[1:-1]
    put(places, [write(float(place)) for place in places])
