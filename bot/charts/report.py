"""Draws a report card: the change of all accounts day by day, and who moved most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from bot.charts import style
from bot.charts.style import MIDDLE, SMALL, Colours, frame, png, shown
from bot.model.chat import Theme

_SIZE = (5.0, 4.5)
_MOVERS, _NAME = 6, 20


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportCard:
    """`changes` of all accounts in the days that end at `ends` (days,), NaN where nothing was
    read; `movers` are (name, share of its followers, words), best first."""

    ends: npt.NDArray[np.float64]
    changes: npt.NDArray[np.float64]
    movers: Sequence[tuple[str, float, str]]
    title: str
    subtitle: str
    changes_label: str
    movers_label: str
    signed: Callable[[float], str]
    day: Callable[[float], str]
    theme: Theme = "light"


def draw_report(card: ReportCard) -> bytes:
    """The picture as PNG; the same card gives the same bytes."""
    opened = style.card(card.title, card.subtitle, theme=card.theme, size=_SIZE)
    with opened as (figure, look):
        top, bottom = figure.subplots(
            2, 1, gridspec_kw={"height_ratios": (1.1, 1), "hspace": 0.5}
        )
        figure.subplots_adjust(left=0.16, right=0.945, top=0.76, bottom=0.05)
        frame(top, look)
        _days(top, card, look)
        _movers(bottom, card, look)
        return png(figure)


def _days(axes: Any, card: ReportCard, look: Colours) -> None:
    label = shown(card.changes_label)
    axes.set_title(label, loc="left", color=look.faint, fontsize=SMALL, pad=4)
    heights = np.nan_to_num(card.changes)
    places = np.arange(len(heights))
    _bars(axes.bar, places, heights, look)
    axes.axhline(0, color=look.faint, linewidth=0.8)
    ticks = [tick for tick in axes.get_yticks() if float(tick).is_integer()]
    ticks = ticks[:: max(1, len(ticks) // 3)]
    axes.set_yticks(ticks, [card.signed(float(tick)) for tick in ticks])
    every = max(1, -(-len(heights) // 3))
    shown_days = places[::-1][::every][::-1]
    axes.set_xticks(shown_days, [card.day(float(card.ends[place])) for place in shown_days])


def _movers(axes: Any, card: ReportCard, look: Colours) -> None:
    axes.set_facecolor(look.card)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_visible(False)
    axes.set_xticks([])
    axes.set_yticks([])
    label = shown(card.movers_label)
    axes.set_title(label, loc="left", color=look.faint, fontsize=SMALL, pad=4)
    movers = list(card.movers)[:_MOVERS]
    if not movers:
        return
    shares = np.array([share for _, share, _ in movers])
    places = np.arange(len(movers))[::-1]
    _bars(axes.barh, places, shares, look)
    reach = float(np.abs(shares).max()) or 1.0
    axes.set_xlim(-2.4 * reach, 2.4 * reach)
    axes.axvline(0, color=look.faint, linewidth=0.8)
    for place, (name, share, words) in zip(places, movers, strict=True):
        name = name if len(name) <= _NAME else name[: _NAME - 1] + "…"
        away = -1 if share >= 0 else 1
        texts: tuple[tuple[str, int, str, str], ...] = (
            (name, away, look.ink, "normal"),
            (words, -away, look.up if share >= 0 else look.down, "bold"),
        )
        for text, where, colour, weight in texts:
            start = share if where == -away else 0.0
            axes.annotate(
                shown(text),
                (start, place),
                xytext=(6 * where, 0),
                textcoords="offset points",
                ha="left" if where > 0 else "right",
                va="center",
                color=colour,
                fontsize=MIDDLE - 1,
                weight=weight,
            )


def _bars(draw: Any, places: Any, sizes: npt.NDArray[np.float64], look: Colours) -> None:
    """Falls are hatched: they are told from rises without their colour."""
    drawn = draw(places, sizes, 0.7, color=np.where(sizes < 0, look.down, look.up))
    for bar, one in zip(drawn, sizes, strict=True):
        if one < 0:
            bar.set_hatch("////")
            bar.set_edgecolor(look.card)
            bar.set_linewidth(0)
