"""The picture of an account out of a panel: its words, its days, every metric."""

import math
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bot.charts import Chart
from bot.message import Scene, picture, voice_for
from bot.model.message import ChartSpec
from checks.model import Event, Notice
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel
from tests.bot.cases import DAY, PURGE, SEEN

ACCOUNT = PURGE.account
DAYS = 60


def panel(now: int = SEEN, with_read_at: bool = False, **metrics: Any) -> Panel:
    """Sixty days of one account; followers rise by some ten a day unless given."""
    noise = np.random.default_rng(1)
    followers = 300_000 + np.cumsum(noise.poisson(12, DAYS)).astype(float)
    values = {"followers": followers} | metrics
    return build_panel(
        Readings(
            [ACCOUNT], np.zeros(DAYS, np.int64), SEEN - DAY * np.arange(DAYS)[::-1], values
        ),
        now=now,
        timezone="UTC",
        days=121,
        with_read_at=with_read_at,
    )


def spec(metric: str = "followers", days: int = 30) -> ChartSpec:
    return ChartSpec(account=ACCOUNT, metric=metric, start=SEEN - days * DAY, end=SEEN)


@pytest.fixture
def chart(monkeypatch: pytest.MonkeyPatch) -> list[Chart]:
    """What was handed to the drawing instead of the drawing itself."""
    seen: list[Chart] = []

    def keep(given: Chart) -> bytes:
        seen.append(given)
        return b""

    monkeypatch.setattr(sys.modules["bot.charts"], "draw", keep)
    return seen


def test_the_words_are_those_of_the_channel(chart: list[Chart]) -> None:
    voice = voice_for("de", "Europe/Vienna")
    shown = picture(voice, spec(), panel(), SEEN, Scene(incident=PURGE))
    assert shown.alt.startswith("Diagramm von instagram/lenamakes: Follower von 300.")
    assert shown.name == "instagram-lenamakes-followers.png"
    (given,) = chart
    assert given.subtitle.endswith("Follower · Fr., 21. Okt. bis So., 20. Nov.")
    assert given.span is not None
    assert given.span.note.replace("\N{NO-BREAK SPACE}", " ") == "−12.402 (−4,1 %)"
    assert given.change_label == "Veränderung pro Tag"
    assert given.day(SEEN) == "20. Nov."


def test_the_band_is_learnt_from_days_that_are_not_drawn(chart: list[Chart]) -> None:
    picture(voice_for("en", "UTC"), spec(days=9), panel(), SEEN)
    (given,) = chart
    assert len(given.values) == len(given.ends) == 10
    assert given.low is not None
    assert given.high is not None
    assert (given.low < given.values).all()
    assert (given.values < given.high).all()


def test_the_incident_is_marked_on_its_own_day(chart: list[Chart]) -> None:
    picture(voice_for("en", "UTC"), spec(), panel(), SEEN, Scene(incident=PURGE))
    # from the reading before, taken at eight, to the end of that Saturday
    span = chart[0].span
    assert span is not None
    assert (span.start, span.end) == (SEEN - DAY, PURGE.opened_at)


def test_readings_stand_where_they_were_taken(chart: list[Chart]) -> None:
    """The days of a panel end at the hour of the look, its readings lie before that."""
    taken = panel(with_read_at=True, now=SEEN + 9 * 3600)
    picture(voice_for("en", "UTC"), spec(), taken, SEEN)
    assert chart[0].ends[-1] == SEEN


def test_events_bear_their_name_or_their_kind(chart: list[Chart]) -> None:
    events = (
        Event(
            name="Sale \u202e now", kind="campaign", start=SEEN - 9 * DAY, end=SEEN - 7 * DAY
        ),
        Event(name="", kind="outage", start=SEEN - DAY, end=SEEN),
    )
    other = replace(events[0], name="Another", account="instagram/rival")
    elsewhere = replace(events[0], name="Elsewhere", platform="tiktok")
    events = (*events, other, elsewhere)
    picture(voice_for("en", "UTC"), spec(), panel(), SEEN, Scene(events=events))
    assert [mark.label for mark in chart[0].marks] == ["Sale now", "outage"]


@pytest.mark.parametrize("metric", ["followers", "following", "interactions", "views"])
@pytest.mark.parametrize("known", [True, False])
def test_every_metric_can_be_drawn(metric: str, known: bool) -> None:
    more = {metric: 1000 + np.arange(DAYS) * 7.0} if known else {}
    shown = picture(voice_for("en", "UTC"), spec(metric), panel(**more), SEEN)
    assert shown.png.startswith(b"\x89PNG")


def test_an_account_without_readings_has_a_picture_too() -> None:
    empty = panel(followers=np.full(DAYS, math.nan))
    shown = picture(voice_for("en", "UTC"), spec(), empty, SEEN)
    assert shown.alt == "Chart of instagram/lenamakes: no readings"


def test_days_outside_the_panel_still_give_a_picture() -> None:
    far = replace(spec(), start=SEEN - 900 * DAY, end=SEEN - 800 * DAY)
    assert picture(voice_for("en", "UTC"), far, panel(), SEEN).png


def test_the_band_of_an_incident_is_what_was_expected_before_it(chart: list[Chart]) -> None:
    """A leak that goes on does not take down what was expected before it began."""
    followers = 300_000 + 12.0 * np.arange(DAYS)
    followers[-20:] -= 900.0 * np.arange(1, 21)
    leak = replace(
        PURGE, kind="leak", opened_at=SEEN - 19 * DAY, last_finding_at=SEEN, memory={}
    )
    taken = panel(followers=followers)
    picture(voice_for("en", "UTC"), spec(), taken, SEEN, Scene(incident=leak))
    picture(voice_for("en", "UTC"), spec(), taken, SEEN)
    frozen, following = (each.low for each in chart)
    assert frozen is not None
    assert following is not None
    assert frozen[-1] > followers[-21] > following[-1] + 10_000
    assert (chart[0].high[-1] - frozen[-1]) > (chart[0].high[-18] - frozen[-18])  # type: ignore[index]


def test_further_incidents_and_the_end_of_an_account_are_marked(chart: list[Chart]) -> None:
    gone = Notice(kind="account_gone", account=ACCOUNT, at=SEEN, reasons=())
    scene = Scene(
        incident=PURGE, others=[PURGE, replace(PURGE, direction="up")], notices=[gone]
    )
    picture(voice_for("en", "UTC"), spec(), panel(), SEEN, scene)
    assert [one.rise for one in chart[0].others] == [True]
    assert chart[0].ended == "Account gone"


def test_no_band_is_drawn_from_a_spread_that_others_lent(chart: list[Chart]) -> None:
    """From 28 changes on it is the account's own, and several times narrower."""
    picture(voice_for("en", "UTC"), spec(days=59), panel(), SEEN)
    low = chart[0].low
    assert low is not None
    assert np.isnan(low[:28]).all()
    assert not np.isnan(low[40:]).any()
