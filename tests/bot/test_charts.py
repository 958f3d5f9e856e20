"""Charts survive every shape of data, and show what they are given."""

import math
from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from matplotlib.image import imread

from bot import charts
from bot.charts import COLOURS, Chart, Episode, Mark
from bot.message import voice_for

DAY = 86400
END = 1_668_900_000
LOOK = COLOURS["light"]


def chart(values: Sequence[float], **changes: object) -> Chart:
    voice = voice_for("de", "Europe/Vienna")
    series = np.array(values, np.float64)
    days = len(series)
    plain = Chart(
        ends=np.array([END - DAY * (days - 1 - day) for day in range(days)], np.float64),
        values=series,
        low=series - 50,
        high=series + 50,
        title="instagram/lenamakes",
        subtitle="1.000 Follower",
        change_label="pro Tag",
        expected_label="erwartet",
        empty="nichts",
        count=voice.count,
        signed=voice.signed,
        day=voice.short_day,
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def pixels(png: bytes) -> np.ndarray:
    """Height x width x RGBA, from 0 to 255."""
    return np.rint(imread(BytesIO(png)) * 255).astype(int)


def near(image: np.ndarray, colour: str, reach: int = 24) -> int:
    """How many pixels have about this colour."""
    wanted = np.array([int(colour[n : n + 2], 16) for n in (1, 3, 5)])
    return int((np.abs(image[:, :, :3] - wanted).max(axis=2) <= reach).sum())


SHAPES = {
    "a month": [1000 + n * 10 for n in range(30)],
    "one reading": [math.nan] * 20 + [5000.0],
    "nothing": [math.nan] * 20,
    "one day": [7.0],
    "two days": [10.0, 12.0],
    "flat": [100.0] * 30,
    "gaps": [1000.0, math.nan, 1010.0, math.nan, math.nan, 990.0, math.nan],
    "to nearly nothing": [3_660_468.0] * 20 + [8.0, 8.0],
    "very large": [4e9 + n for n in range(40)],
    "three years": [1000 + n for n in range(1100)],
}


@pytest.mark.parametrize("name", SHAPES)
def test_every_shape_draws(name: str) -> None:
    png = charts.draw(
        chart(SHAPES[name], span=Episode(start=END - 3 * DAY, end=END, note="−12"))
    )
    assert pixels(png)[0, 0, 3] == 255, "the card is opaque on any background"


def test_the_same_chart_gives_the_same_bytes() -> None:
    some = chart([1000 + n % 7 for n in range(40)])
    assert charts.draw(some) == charts.draw(some)


def test_the_incident_is_marked_in_red_and_events_in_their_own_colour() -> None:
    plain = chart([1000.0] * 20)
    calm = pixels(charts.draw(plain))
    marked = pixels(
        charts.draw(
            replace(
                plain,
                span=Episode(start=END - 5 * DAY, end=END - 4 * DAY, note="−12.402 (−4,1 %)"),
                marks=(Mark(start=END - 9 * DAY, end=END - 9 * DAY, label="Aktion"),),
            )
        )
    )
    assert near(calm, LOOK.down) == 0
    assert near(marked, LOOK.down) > 200
    assert near(calm, LOOK.event) == 0
    assert near(marked, LOOK.event) > 200


def test_losses_are_red_bars_and_gains_are_green() -> None:
    rising = pixels(charts.draw(chart([1000.0 + 10 * n for n in range(20)])))
    falling = pixels(charts.draw(chart([1000.0 - 10 * n for n in range(20)])))
    assert near(rising, LOOK.up) > 1000 > near(rising, LOOK.down)
    assert near(falling, LOOK.down) > 1000 > near(falling, LOOK.up)


def test_events_outside_the_days_are_left_out() -> None:
    far = (Mark(start=END + 90 * DAY, end=END + 91 * DAY, label="später"),)
    plain = chart([1000.0] * 20)
    assert charts.draw(replace(plain, marks=far)) == charts.draw(plain)


@pytest.mark.parametrize("name", ["$x^2$", "日本語🎉", "a_b{c}\\d", "مرحبا", "x" * 80])
def test_names_are_drawn_as_they_are(name: str) -> None:
    mark = Mark(start=END - 3 * DAY, end=END - 2 * DAY, label=name)
    assert charts.draw(chart([1000.0] * 9, title=name, ended=name, marks=(mark,)))


def test_ticks_of_a_rounded_source_are_whole_steps() -> None:
    written: list[float] = []

    def count(value: float) -> str:
        written.append(value)
        return str(value)

    charts.draw(chart([90_000.0, 91_000, 91_000, 92_000], step=1000.0, count=count))
    assert written
    assert all(value % 1000 == 0 for value in written)


def _light(colour: str) -> float:
    """Relative luminance, https://www.w3.org/TR/WCAG22/#dfn-relative-luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("theme", COLOURS)
@pytest.mark.parametrize("name", ["ink", "faint", "line", "up", "down", "event"])
def test_what_is_read_stands_out_from_the_card(theme: charts.Theme, name: str) -> None:
    look = COLOURS[theme]
    light = sorted((_light(getattr(look, name)), _light(look.card)))
    assert (light[1] + 0.05) / (light[0] + 0.05) >= 4.5


def test_a_gone_account_ends_in_a_mark_and_not_in_white() -> None:
    ended = chart([*[1000.0 + n for n in range(20)], *[math.nan] * 20], ended="Konto weg")
    left = pixels(charts.draw(ended))
    line = np.abs(left[:, :, :3] - np.array([0x2A, 0x57, 0xC4])).max(axis=2) <= 24
    assert np.flatnonzero(line.any(axis=0)).max() > 0.8 * left.shape[1]
    assert near(left, LOOK.down) > 60


def test_each_theme_has_a_card_of_its_own() -> None:
    plain = chart([1000.0] * 20)
    assert charts.draw(plain) != charts.draw(replace(plain, theme="dark"))
