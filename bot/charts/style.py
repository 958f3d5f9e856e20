"""How all pictures look: one card, its colours, its fonts and its headline."""

from __future__ import annotations

import io
import threading
from functools import cache
from typing import Any

SIZE = (9.0, 5.2)
DPI = 120
# One opaque card reads alike on a dark and on a light chat.
CARD, INK, FAINT, GRID = "#fbfcfe", "#1d2430", "#6b7687", "#e3e7ee"
LINE, BAND, GAP = "#2f5fd0", "#9db9f2", "#a9b4c6"
LOCK = threading.Lock()
"""matplotlib keeps state of its own: one picture at a time."""

UP, DOWN, ALARM, EVENT = "#3a9d78", "#d0473d", "#d0473d", "#7a4fc4"


@cache
def prepare() -> tuple[str, ...]:
    """Sets the style once; gives the font families, those for other scripts last."""
    import matplotlib

    matplotlib.rcdefaults()
    matplotlib.use("agg")
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    families = ("DejaVu Sans", *(name for name in _SCRIPTS if name in installed))
    matplotlib.rcParams.update({"font.family": list(families), "text.parse_math": False})
    return families


_SCRIPTS = ("Noto Sans CJK JP", "Noto Sans CJK SC", "Hiragino Sans", "Yu Gothic", "Noto Emoji")


@cache
def _glyphs() -> frozenset[int]:
    from matplotlib import font_manager

    return frozenset(
        code
        for family in prepare()
        for code in font_manager.get_font(font_manager.findfont(family)).get_charmap()
    )


def shown(text: str) -> str:
    """Signs that no installed font can draw become a dot instead of an empty box."""
    return "".join(sign if ord(sign) in _glyphs() else "·" for sign in text)


def frame(axes: Any) -> None:
    axes.set_facecolor(CARD)
    axes.grid(axis="y", color=GRID, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(GRID)
    axes.tick_params(colors=FAINT, labelsize=9, length=0)


def headline(figure: Any, title: str, subtitle: str) -> None:
    figure.text(0.018, 0.945, shown(title), color=INK, fontsize=13, weight="bold")
    figure.text(0.018, 0.9, shown(subtitle), color=FAINT, fontsize=9.5)


def png(figure: Any) -> bytes:
    """The same figure gives the same bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
