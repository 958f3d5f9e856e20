"""The words and numbers of a chart."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from bot import charts
from bot.message.kinds import (
    EVENTS,
    NOTICES,
    began,
    kind_name,
    last_seen,
    metric_name,
    share_of_level,
)
from bot.message.progress import concerns
from bot.message.voice import Voice, one_line
from bot.model.message import ChartSpec, Picture
from bot.model.reading import DAY
from checks.baseline import expected
from checks.model import Event, Incident, Notice
from checks.panel.panel import Floats, Panel

_OWN = 14
"""Days whose median width is the band's usual one; half and double draw the same pictures."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """What is shown beside the counts: the incident that the picture is about, further ones
    of the account, events (those of other accounts are left out), notices that still hold."""

    incident: Incident | None = None
    others: Sequence[Incident] = ()
    events: Sequence[Event] = ()
    notices: Sequence[Notice] = ()
    theme: charts.Theme = "light"


def picture(
    voice: Voice, spec: ChartSpec, panel: Panel, now: float, scene: Scene = Scene()
) -> Picture:
    """Draws `spec` from a panel that holds its account; takes some 0.2 s, so use a thread.

    Days of the panel outside the spec are not drawn, though they teach the expected band.
    """
    row = panel.row[spec.account]
    values = panel.metrics.get(spec.metric)
    series = np.full(panel.days, np.nan) if values is None else values[row]
    times = _times(panel, row)
    low, high = _expected(panel, row, spec.metric, series, times, scene.incident)
    inside = (panel.ends > spec.start - DAY / 2) & (panel.ends <= spec.end + DAY / 2)
    if not inside.any():
        inside[-1:] = True
    rounded = spec.metric == "followers"
    metric = metric_name(voice, spec.metric)
    read = times[~np.isnan(series)]
    gone = [each for each in scene.notices if each.kind == "account_gone"]
    lasting = [each for each in scene.notices if each.kind != "account_gone"]
    ended = NOTICES["account_gone"] if gone else ""
    drawn = charts.draw(
        charts.Chart(
            ends=times[inside],
            values=series[inside],
            low=low[inside],
            high=high[inside],
            step=float(panel.step[row]) if rounded else 1.0,
            title=voice.name_of(spec.account),
            subtitle=_subtitle(voice, metric, series[inside], times[inside], now),
            change_label=voice.say("Change per day"),
            expected_label=voice.say("expected"),
            empty=voice.say("No readings in these days"),
            span=_span(voice, scene.incident, read) if scene.incident else None,
            others=[
                replace(_span(voice, one, read), note="")
                for one in scene.others
                if one.metric == spec.metric and one.kind != "glitch" and one != scene.incident
            ],
            marks=(
                *(_mark(voice, e) for e in scene.events if concerns(e, spec.account)),
                *(_lasting(voice, each, spec) for each in lasting),
            ),
            ended=voice.say(ended) if ended else "",
            theme=scene.theme,
            count=voice.count,
            signed=voice.signed,
            day=voice.short_day,
        )
    )
    return Picture(
        name=f"{_file_name(spec.account)}-{spec.metric}.png",
        png=drawn,
        alt=_alt(voice, spec.account, metric, series[inside], times[inside], now),
    )


def _expected(
    panel: Panel,
    row: int,
    metric: str,
    series: Floats,
    times: Floats,
    incident: Incident | None,
) -> tuple[Floats, Floats]:
    """The band day by day; from an incident on what was expected before it began.

    The band of a day starts from the count of the day before, so it would follow a fall down.
    While an incident lasts it goes on from the last count before it: by the change that was
    expected then each day, with a spread that grows with the root of the days.
    """
    low, high = _learnt(*expected.band(panel, row, metric))
    if incident is None or incident.direction == "swing":
        return low, high
    start = int(np.searchsorted(times, _span_start(incident, times[~np.isnan(series)]) + 1))
    before = np.flatnonzero(~np.isnan(series[:start]))
    if start >= len(series) or not before.size or np.isnan(low[start]):
        return low, high
    level = series[before[-1]]
    step, half = (low[start] + high[start]) / 2 - level, (high[start] - low[start]) / 2
    over = incident.resolved_at
    stop = len(series) if over is None else int(np.searchsorted(times, over))
    days = np.arange(1, max(stop - start, 0) + 1)
    low, high = low.copy(), high.copy()
    low[start : start + len(days)] = level + step * days - half * np.sqrt(days)
    high[start : start + len(days)] = level + step * days + half * np.sqrt(days)
    return low, high


def _learnt(low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """The band without its first days, where it is that of a spread shared with other
    accounts: many times as wide, it would fill the picture and say little.

    Bands end up within half and double of their usual width; at three times a young account
    keeps the band that is all it has.
    """
    width = high - low
    known = np.flatnonzero(~np.isnan(width))
    if not known.size:
        return low, high
    own = known[width[known] <= 3 * np.median(width[known[-_OWN:]])]
    early = np.arange(len(low)) < own[0]
    return np.where(early, np.nan, low), np.where(early, np.nan, high)


def _times(panel: Panel, row: int) -> Floats:
    """When each day's reading was taken, where that is known: a day may end at any hour."""
    ends = panel.ends.astype(np.float64)
    if panel.read_at is None:
        return ends
    return np.where(panel.read_at[row] > 0, panel.read_at[row], ends).astype(np.float64)


def _span(voice: Voice, incident: Incident, read: Floats) -> charts.Episode:
    """From the reading before the incident to the last one that showed it."""
    return charts.Episode(
        start=_span_start(incident, read),
        end=max(last_seen(incident), began(incident)),
        rise=incident.direction == "up",
        note=_note(voice, incident),
    )


def _span_start(incident: Incident, read: Floats) -> float:
    first = began(incident)
    before = read[read < first - DAY / 24]
    start = float(before[-1]) if before.size else first - DAY
    return max(start, first - 7 * DAY)


def _note(voice: Voice, incident: Incident) -> str:
    if incident.direction == "swing":
        return kind_name(voice, incident.kind)
    share = share_of_level(incident)
    change = voice.signed(incident.change)
    return change if share is None else f"{change} ({voice.percent(share, signed=True)})"


def _mark(voice: Voice, event: Event) -> charts.Mark:
    name = one_line(event.name, 28) or voice.say(EVENTS[event.kind])
    return charts.Mark(start=event.start, end=event.end, label=name)


def _lasting(voice: Voice, notice: Notice, spec: ChartSpec) -> charts.Mark:
    """What still holds, from when it became known to the end of the picture."""
    label = voice.say(NOTICES[notice.kind])
    return charts.Mark(start=min(notice.at, spec.end), end=spec.end, label=label)


def _subtitle(voice: Voice, metric: str, values: Floats, ends: Floats, now: float) -> str:
    days = _days(voice, ends, now)
    read = values[~np.isnan(values)]
    newest = voice.count(float(read[-1])) if read.size else "–"
    return f"{newest} {metric} · {days}"


def _alt(
    voice: Voice, account: str, metric: str, values: Floats, ends: Floats, now: float
) -> str:
    """The picture in words, for screen readers."""
    read = values[~np.isnan(values)]
    if not read.size:
        return voice.say("Chart of {account}: no readings", account=voice.name_of(account))
    return voice.say(
        "Chart of {account}: {metric} from {first} to {last}, {days}",
        account=voice.name_of(account),
        metric=metric,
        first=voice.count(float(read[0])),
        last=voice.count(float(read[-1])),
        days=_days(voice, ends, now),
    )


def _days(voice: Voice, ends: Floats, now: float) -> str:
    return voice.say(
        "{first} to {last}",
        first=voice.day(float(ends[0]), now),
        last=voice.day(float(ends[-1]), now),
    )


def _file_name(account: str) -> str:
    """Letters and digits only: both platforms and every file system take it."""
    safe = "".join(sign if sign.isascii() and sign.isalnum() else "-" for sign in account)
    return safe.strip("-")[:60] or "chart"
