"""How all pictures look: one card, its colours, its fonts and its headline."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from typing import Any

from bot.model.chat import Theme

# 800 pixels wide: a phone of 360 shows it at 285, where the smallest letters are still nine
# pixels high.
SIZE = (5.0, 3.9)
DPI = 160
SMALL, MIDDLE, LARGE = 11.0, 11.5, 13.5
"""Points of the letters: ticks, labels, headline."""


@dataclass(frozen=True, slots=True)
class Colours:
    """An opaque card of its own, so that it reads alike in whatever theme it is shown.

    Letters and marks have a contrast of 4.5 or more on the card (tests/bot/test_charts.py);
    rises and falls differ in lightness as well, and falls are hatched.
    """

    card: str
    ink: str
    faint: str
    grid: str
    line: str
    band: str
    up: str
    down: str
    event: str


COLOURS: Mapping[Theme, Colours] = {
    "light": Colours(
        card="#fbfcfe",
        ink="#1d2430",
        faint="#56606f",
        grid="#e3e7ee",
        line="#2a57c4",
        band="#9db9f2",
        up="#0f7a58",
        down="#c0301f",
        event="#6f42b8",
    ),
    "dark": Colours(
        card="#2b2d31",
        ink="#f2f3f5",
        faint="#b5bac1",
        grid="#404249",
        line="#7ea6ff",
        band="#5a75b8",
        up="#4fd1a1",
        down="#ff8a75",
        event="#c9a6ff",
    ),
}
_LIGHT = COLOURS["light"]
_TITLE = 38
"""Letters of a headline: more do not fit beside each other."""

LOCK = threading.Lock()
"""matplotlib keeps state of its own: one picture at a time."""


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


def frame(axes: Any, look: Colours = _LIGHT) -> None:
    axes.set_facecolor(look.card)
    axes.grid(axis="y", color=look.grid, linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.spines["bottom"].set_color(look.grid)
    axes.tick_params(colors=look.faint, labelsize=SMALL, length=0)


def headline(figure: Any, title: str, subtitle: str, look: Colours = _LIGHT) -> None:
    name = shown(title)
    name = name if len(name) <= _TITLE else name[: _TITLE - 1] + "…"
    figure.text(0.022, 0.925, name, color=look.ink, fontsize=LARGE, weight="bold")
    figure.text(0.022, 0.858, shown(subtitle), color=look.faint, fontsize=SMALL)


@contextmanager
def card(
    title: str,
    subtitle: str,
    *,
    theme: Theme = "light",
    size: tuple[float, float] = SIZE,
) -> Iterator[tuple[Any, Colours]]:
    """An empty card with its headline, and its colours; nobody else draws meanwhile."""
    with LOCK:
        prepare()
        from matplotlib.figure import Figure

        look = COLOURS[theme]
        figure = Figure(figsize=size, dpi=DPI, facecolor=look.card)
        headline(figure, title, subtitle, look)
        yield figure, look


def png(figure: Any) -> bytes:
    """The same figure gives the same bytes."""
    file = io.BytesIO()
    figure.savefig(file, format="png", metadata={"Software": None})
    return file.getvalue()
