"""Pictures as PNG: one account's counts, and who its followers are."""

from bot.charts.counts import Chart, Mark, draw
from bot.charts.followers import FollowerMap, JoinBars, Span, draw_joins, draw_map
from bot.charts.style import ALARM, DOWN, EVENT, UP

__all__ = [
    "ALARM",
    "DOWN",
    "EVENT",
    "UP",
    "Chart",
    "FollowerMap",
    "JoinBars",
    "Mark",
    "Span",
    "draw",
    "draw_joins",
    "draw_map",
]
