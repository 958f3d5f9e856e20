"""The course of an account, goals and dates, in one line each."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from bot.message.kinds import EVENTS, platform_name
from bot.message.voice import Voice, one_line
from bot.model.message import Field
from checks.model import Event

_BARS = "▁▂▃▄▅▆▇█"
_LINES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountProgress:
    """One account over a period: `values` one per day, NaN where nothing was read.

    `before` is the last count at or before the period's start, `after` the last one in it.
    Without a level only their difference means anything.
    """

    account: str
    values: tuple[float, ...]
    before: float
    after: float
    last_reading: float | None = None
    has_level: bool = True
    previous: float = math.nan
    """The change in as many days before these."""
    usual: float = math.nan
    """The mean change of so many days over the four periods before."""

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def share(self) -> float:
        known = self.has_level and self.before > 0
        return self.change / self.before if known else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class GoalProgress:
    """How far a goal is: the forecast for `by` as (low, middle, high), None where too early."""

    account: str
    followers: int
    by: date
    now: float
    forecast: tuple[float, float, float] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Deadline:
    """A dated thing that lies ahead; `platform` or `account` narrow it."""

    name: str
    kind: str
    at: float
    about: str | None = None


def relative(values: Sequence[float]) -> list[float]:
    """A series as shares of its first value, so that large and small ones share a scale."""
    first = next((value for value in values if not math.isnan(value)), math.nan)
    return [value / first if first > 0 else math.nan for value in values]


def scale_of(courses: Iterable[Sequence[float]]) -> tuple[float, float] | None:
    """The least and the greatest share among them all."""
    seen = [v for values in courses for v in relative(values) if not math.isnan(v)]
    return (min(seen), max(seen)) if seen else None


def sparkline(values: Sequence[float], scale: tuple[float, float] | None = None) -> str:
    """The course of a series in block letters, a gap where nothing was read.

    With a `scale` (of `scale_of`) bars of the same height mean the same growth everywhere.
    """
    if scale is not None:
        values = relative(values)
    seen = [value for value in values if not math.isnan(value)]
    if not seen:
        return ""
    low, high = scale or (min(seen), max(seen))
    size = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(
        " " if math.isnan(value) else _BARS[round((value - low) * size) if size else 3]
        for value in values
    )


def goal_line(voice: Voice, goal: GoalProgress, now: float) -> str:
    """A goal, how much is missing, and where the account will be by then."""
    words = {
        "account": voice.account(goal.account),
        "target": voice.count(goal.followers),
        "day": voice.calendar_day(goal.by, now),
    }
    if goal.now >= goal.followers:
        return voice.say("{account}: {target} reached ✓", **words)
    ahead = (goal.by - voice.local(now).date()).days
    words["missing"] = voice.count(goal.followers - goal.now)
    if ahead < 0:
        return voice.say("{account}: {target} by {day} missed by {missing}", **words)
    start = voice.say("{account}: {target} by {day}, {missing} to go", **words)
    if goal.forecast is None:
        return start + voice.say(" (too early for a forecast)")
    low, middle, high = goal.forecast
    words |= {
        "low": voice.count(low),
        "middle": voice.count(middle),
        "high": voice.count(high),
    }
    if low >= goal.followers:
        end = voice.say(", on course: {middle} expected ({low} to {high})", **words)
    elif high < goal.followers:
        end = voice.say(", out of reach so far: {middle} expected ({low} to {high})", **words)
    else:
        end = voice.say(", within reach: {middle} expected ({low} to {high})", **words)
    return start + end


def deadline_line(voice: Voice, deadline: Deadline, now: float) -> str:
    """A deadline counted down in days."""
    day = voice.local(deadline.at).date()
    ahead = (day - voice.local(now).date()).days
    name = one_line(deadline.name)
    if deadline.about:
        name += f" ({about(voice, deadline.about)})"
    if deadline.kind != "deadline":
        name += f", {voice.say(EVENTS[deadline.kind])}"
    when = voice.calendar_day(day, now)
    if ahead <= 0:
        return voice.say("{name}: today", name=name)
    return voice.plural(
        "{name}: in {n} day, on {when}",
        "{name}: in {n} days, on {when}",
        ahead,
        name=name,
        when=when,
    )


def moved(voice: Voice, change: float, share: float) -> str:
    """A change with its percent where that is known."""
    if math.isnan(change):
        return "–"
    if math.isnan(share):
        return voice.signed(change)
    return f"{voice.signed(change)} ({voice.percent(share, signed=True)})"


def concerns(event: Event, account: str) -> bool:
    """Whether an event is about this account, its platform or everything."""
    platform = account.partition("/")[0]
    return event.account in (None, account) and event.platform in (None, platform)


def about(voice: Voice, what: str) -> str:
    """An account or a platform as people know it."""
    return voice.account(what) if "/" in what else platform_name(what)


def event_line(voice: Voice, event: Event, now: float) -> str:
    """A dated thing with its kind, days and what it is about."""
    first, last = voice.local(event.start).date(), voice.local(event.end).date()
    days = voice.calendar_day(first, now)
    if last > first:
        days = voice.say("{first} to {last}", first=days, last=voice.calendar_day(last, now))
    concerned = event.account or event.platform
    where = f", {about(voice, concerned)}" if concerned else ""
    return f"{one_line(event.name)} ({voice.say(EVENTS[event.kind])}{where}): {days}"


def deadline_of(event: Event, at: float) -> Deadline:
    return Deadline(
        name=event.name, kind=event.kind, at=at, about=event.account or event.platform
    )


def listed(voice: Voice, name: str, texts: Sequence[str]) -> list[Field]:
    """A field of bulleted lines, the first few of them; none where there are none."""
    if not texts:
        return []
    shown = [f"• {text}" for text in texts[:_LINES]]
    if len(texts) > _LINES:
        more = len(texts) - _LINES
        shown.append(voice.plural("… and {n} more", "… and {n} more", more))
    return [Field(name=name, value="\n".join(shown), short=False)]
