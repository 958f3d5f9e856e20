"""How the watched accounts did over a day, a week or a month."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Literal

from bot.message.kinds import EVENTS, platform_name
from bot.message.voice import Voice, clean
from bot.message.wave import line
from bot.model import Alert, Field, Message
from checks.model import SEVERITIES, Severity

Period = Literal["day", "week", "month"]

_BARS = "▁▂▃▄▅▆▇█"
_ROWS = 25
_LINES = 8
_BEST = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountCourse:
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

    @property
    def change(self) -> float:
        return self.after - self.before

    @property
    def share(self) -> float:
        known = self.has_level and self.before > 0
        return self.change / self.before if known else math.nan


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`open` incidents are still open, `late` ones were told days after they happened.

    `returned` counts what fell and came back; `stale` are accounts and when each was last read.
    """

    period: Period
    start: float
    end: float
    accounts: Sequence[AccountCourse]
    open: Sequence[Alert] = ()
    late: Sequence[Alert] = ()
    returned: int = 0
    stale: Sequence[tuple[str, float | None]] = ()
    goals: Sequence[Standing] = ()
    deadlines: Sequence[Deadline] = ()


def summary(voice: Voice, summary: Summary, now: float) -> Message:
    """One message: totals in the title, a line per platform, a table of the accounts."""
    known = [course for course in summary.accounts if not math.isnan(course.after)]
    if not summary.accounts:
        return Message(title=_name(voice, summary, now), text=voice.say("No accounts yet."))
    fields = [
        *_platforms(voice, known),
        *_extremes(voice, known),
        *_incidents(voice, summary, now),
        *_goals(voice, summary.goals, now),
        *_deadlines(voice, summary.deadlines, now),
        *_stale(voice, summary.stale, now),
    ]
    severities = {alert.incident.severity for alert in summary.open}
    worst: Severity = next(
        (level for level in reversed(SEVERITIES) if level in severities), "info"
    )
    return Message(
        title=f"{_name(voice, summary, now)}: {_total(voice, known)}",
        fields=tuple(fields),
        table=_table(voice, known),
        footer=_more(voice, known),
        severity=worst,
    )


def sparkline(values: Sequence[float]) -> str:
    """The course of a series in block letters, a gap where nothing was read."""
    seen = [value for value in values if not math.isnan(value)]
    if not seen:
        return ""
    low, high = min(seen), max(seen)
    scale = (len(_BARS) - 1) / (high - low) if high > low else 0.0
    return "".join(
        " " if math.isnan(value) else _BARS[round((value - low) * scale) if scale else 3]
        for value in values
    )


def goal_line(voice: Voice, goal: Standing, now: float) -> str:
    """A goal, how much is missing, and where the account will be by then."""
    words = {
        "account": clean(goal.account),
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
    name = clean(deadline.name)
    if deadline.about:
        name += f" ({clean(deadline.about)})"
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


def _name(voice: Voice, summary: Summary, now: float) -> str:
    day = voice.day(summary.end, now)
    if summary.period == "day":
        return voice.say("Day to {day}", day=day)
    if summary.period == "week":
        return voice.say("Week to {day}", day=day)
    return voice.say("Month to {day}", day=day)


def _sums(known: Sequence[AccountCourse]) -> tuple[float, float, float]:
    """Followers of all, the change and its share; accounts that are new count no change."""
    compared = [course for course in known if not math.isnan(course.change)]
    before = sum(course.before for course in compared if course.has_level)
    change = sum(course.change for course in compared) if compared else math.nan
    level = sum(course.change for course in compared if course.has_level)
    share = level / before if before > 0 else math.nan
    return sum(course.after for course in known if course.has_level), change, share


def _total(voice: Voice, known: Sequence[AccountCourse]) -> str:
    followers, change, share = _sums(known)
    return voice.plural(
        "{n} account, {followers} followers, {moved}",
        "{n} accounts, {followers} followers, {moved}",
        len(known),
        followers=voice.count(followers),
        moved=moved(voice, change, share),
    )


def _platform(course: AccountCourse) -> str:
    return course.account.partition("/")[0] if "/" in course.account else ""


def _platforms(voice: Voice, known: Sequence[AccountCourse]) -> list[Field]:
    fields = []
    for platform, group in groupby(sorted(known, key=_platform), key=_platform):
        members = list(group)
        followers, change, share = _sums(members)
        course = members[0].values if len(members) == 1 else _joint(members)
        value = voice.plural(
            "{n} account: {followers}, {moved}",
            "{n} accounts: {followers}, {moved}",
            len(members),
            followers=voice.count(followers),
            moved=moved(voice, change, share),
        )
        line = sparkline(course)
        name = platform_name(platform) or voice.say("Accounts")
        fields.append(Field(name=name, value=f"{value}\n{line}" if line else value))
    return fields


def _joint(members: Sequence[AccountCourse]) -> tuple[float, ...]:
    """The summed course of the accounts; a gap is bridged with the value before it."""
    days = max(len(member.values) for member in members)
    sums = [0.0] * days
    for member in members:
        value = member.before if not math.isnan(member.before) else member.after
        for day, seen in enumerate(member.values):
            value = value if math.isnan(seen) else seen
            sums[day] += value
    return tuple(sums)


def _extremes(voice: Voice, known: Sequence[AccountCourse]) -> list[Field]:
    ranked = sorted(
        (course for course in known if not math.isnan(course.share)), key=lambda c: c.share
    )
    if len(ranked) < 2:
        return []
    best = [c for c in reversed(ranked[-_BEST:]) if c.share > 0]
    worst = [c for c in ranked[:_BEST] if c not in best]
    fields = []
    for name, group in ((voice.say("Best"), best), (voice.say("Worst"), worst)):
        lines = [f"{clean(c.account, 40)} {moved(voice, c.change, c.share)}" for c in group]
        if lines:
            fields.append(Field(name=name, value="\n".join(lines)))
    return fields


def _listed(voice: Voice, name: str, lines: list[str]) -> list[Field]:
    if not lines:
        return []
    shown = [f"• {line}" for line in lines[:_LINES]]
    if len(lines) > _LINES:
        more = len(lines) - _LINES
        shown.append(voice.plural("… and {n} more", "… and {n} more", more))
    return [Field(name=name, value="\n".join(shown), short=False)]


def _incidents(voice: Voice, summary: Summary, now: float) -> list[Field]:
    fields = _listed(
        voice, voice.say("Open incidents"), [line(voice, alert, now) for alert in summary.open]
    )
    fields += _listed(
        voice, voice.say("Told late"), [line(voice, alert, now) for alert in summary.late]
    )
    if summary.returned:
        text = voice.plural(
            "{n} account fell and was back at once.",
            "{n} accounts fell and were back at once.",
            summary.returned,
        )
        fields.append(Field(name=voice.say("Glitches"), value=text))
    return fields


def _goals(voice: Voice, goals: Sequence[Standing], now: float) -> list[Field]:
    return _listed(voice, voice.say("Goals"), [goal_line(voice, goal, now) for goal in goals])


def _deadlines(voice: Voice, deadlines: Sequence[Deadline], now: float) -> list[Field]:
    lines = [deadline_line(voice, deadline, now) for deadline in deadlines]
    return _listed(voice, voice.say("Coming up"), lines)


def _stale(voice: Voice, stale: Sequence[tuple[str, float | None]], now: float) -> list[Field]:
    lines = []
    for name, since in stale:
        last = voice.say("never") if since is None else voice.day(since, now)
        lines.append(voice.say("{name}: last read {last}", name=clean(name), last=last))
    return _listed(voice, voice.say("No news from"), lines)


def _table(voice: Voice, known: Sequence[AccountCourse]) -> tuple[tuple[str, ...], ...]:
    header = (voice.say("Account"), voice.say("Followers"), voice.say("Change"), "%", "")
    rows = []
    for course in sorted(known, key=lambda c: -c.after)[:_ROWS]:
        share = course.share
        rows.append(
            (
                clean(course.account, 32),
                voice.count(course.after) if course.has_level else "–",
                "–" if math.isnan(course.change) else voice.signed(course.change),
                "" if math.isnan(share) else voice.percent(share, signed=True),
                sparkline(course.values[-14:]),
            )
        )
    return (header, *rows) if rows else ()


def _more(voice: Voice, known: Sequence[AccountCourse]) -> str:
    left = len(known) - _ROWS
    if left <= 0:
        return ""
    return voice.plural(
        "{n} smaller account is not in the table: see `accounts`",
        "{n} smaller accounts are not in the table: see `accounts`",
        left,
    )
