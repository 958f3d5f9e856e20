"""Pictures as PNG: one account's counts, and who its followers are."""

from bot.charts.counts import Chart, Episode, Mark, draw
from bot.charts.followers import FollowerMap, JoinBars, Span, draw_joins, draw_map
from bot.charts.report import ReportCard, draw_report
from bot.charts.style import COLOURS
from bot.model.chat import Theme

__all__ = [
    "COLOURS",
    "Chart",
    "Episode",
    "FollowerMap",
    "JoinBars",
    "Mark",
    "ReportCard",
    "Span",
    "Theme",
    "draw",
    "draw_joins",
    "draw_map",
    "draw_report",
]
