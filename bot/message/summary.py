"""How the watched accounts did over a day, a week or a month."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

from bot.message.kinds import platform_name, worst_first
from bot.message.progress import (
    AccountProgress,
    Deadline,
    GoalProgress,
    deadline_line,
    goal_line,
    listed,
    moved,
    sparkline,
)
from bot.message.voice import Voice, clean
from bot.message.wave import lines
from bot.model.message import Alert, Field, Message
from checks.model import SEVERITIES, Severity

Period = Literal["day", "week", "month"]

_ROWS = 25
_MOST = 15
_BEST = 3


class Silent(NamedTuple):
    """An account or a source, when it was last read, and how many accounts that concerns."""

    name: str
    since: float | None
    accounts: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """`open` incidents are still open, `late` ones were told days after they happened.

    `returned` counts what fell and came back, `faults` are lines about accounts that cannot be
    seen.
    """

    period: Period
    start: float
    end: float
    accounts: Sequence[AccountProgress]
    open: Sequence[Alert] = ()
    late: Sequence[Alert] = ()
    returned: int = 0
    stale: Sequence[Silent] = ()
    faults: Sequence[str] = ()
    goals: Sequence[GoalProgress] = ()
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
        *listed(voice, voice.say("Not to be trusted"), summary.faults),
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


def _name(voice: Voice, summary: Summary, now: float) -> str:
    day = voice.day(summary.end, now)
    if summary.period == "day":
        return voice.say("Day to {day}", day=day)
    if summary.period == "week":
        return voice.say("Week to {day}", day=day)
    return voice.say("Month to {day}", day=day)


def _sums(known: Sequence[AccountProgress]) -> tuple[float, float, float]:
    """Followers of all, the change and its share; accounts that are new count no change."""
    compared = [course for course in known if not math.isnan(course.change)]
    before = sum(course.before for course in compared if course.has_level)
    change = sum(course.change for course in compared) if compared else math.nan
    level = sum(course.change for course in compared if course.has_level)
    share = level / before if before > 0 else math.nan
    return sum(course.after for course in known if course.has_level), change, share


def _total(voice: Voice, known: Sequence[AccountProgress]) -> str:
    if not known:
        return voice.say("no new counts")
    followers, change, share = _sums(known)
    return voice.plural(
        "{n} account, {followers} followers, {moved}",
        "{n} accounts, {followers} followers, {moved}",
        len(known),
        followers=voice.count(followers),
        moved=moved(voice, change, share),
    )


def _platform(course: AccountProgress) -> str:
    return course.account.partition("/")[0] if "/" in course.account else ""


def _platforms(voice: Voice, known: Sequence[AccountProgress]) -> list[Field]:
    fields = []
    for platform, group in groupby(sorted(known, key=_platform), key=_platform):
        members = list(group)
        followers, change, share = _sums(members)
        course = members[0].values if len(members) == 1 else _joint(members)
        value = voice.plural(
            "{n} account: {followers}, {moved}",
            "{n} accounts: {followers}, {moved}",
            len(members),
            followers=voice.count(followers) if any(m.has_level for m in members) else "–",
            moved=moved(voice, change, share),
        )
        bars = sparkline(course)
        name = platform_name(platform) or voice.say("Accounts")
        fields.append(Field(name=name, value=f"{value}\n{bars}" if bars else value))
    return fields


def _joint(members: Sequence[AccountProgress]) -> tuple[float, ...]:
    """The summed course of the accounts; a gap is bridged with the value before it."""
    days = max(len(member.values) for member in members)
    sums = [0.0] * days
    for member in members:
        value = member.before if not math.isnan(member.before) else member.after
        for day, seen in enumerate(member.values):
            value = value if math.isnan(seen) else seen
            sums[day] += value
    return tuple(sums)


def _extremes(voice: Voice, known: Sequence[AccountProgress]) -> list[Field]:
    ranked = sorted(
        (course for course in known if not math.isnan(course.share)), key=lambda c: c.share
    )
    if len(ranked) < 2:
        return []
    best = [c for c in reversed(ranked[-_BEST:]) if c.share > 0]
    worst = [c for c in ranked[:_BEST] if c.share < 0]
    fields = []
    for name, group in ((voice.say("Best"), best), (voice.say("Worst"), worst)):
        told = [f"{clean(c.account, 40)} {moved(voice, c.change, c.share)}" for c in group]
        if told:
            fields.append(Field(name=name, value="\n".join(told)))
    return fields


def _incidents(voice: Voice, summary: Summary, now: float) -> list[Field]:
    told = ((voice.say("Open incidents"), summary.open), (voice.say("Told late"), summary.late))
    fields = []
    for name, alerts in told:
        ordered = sorted(alerts, key=lambda alert: worst_first(alert.incident))
        fields += listed(voice, name, lines(voice, ordered, now))
    if summary.returned:
        text = voice.plural(
            "{n} account fell and soon came back.",
            "{n} accounts fell and soon came back.",
            summary.returned,
        )
        fields.append(Field(name=voice.say("Glitches"), value=text))
    return fields


def _goals(voice: Voice, goals: Sequence[GoalProgress], now: float) -> list[Field]:
    return listed(voice, voice.say("Goals"), [goal_line(voice, goal, now) for goal in goals])


def _deadlines(voice: Voice, deadlines: Sequence[Deadline], now: float) -> list[Field]:
    ahead = [deadline_line(voice, deadline, now) for deadline in deadlines]
    return listed(voice, voice.say("Coming up"), ahead)


def _stale(voice: Voice, stale: Sequence[Silent], now: float) -> list[Field]:
    quiet = []
    for one in stale:
        name = clean(one.name)
        if one.accounts > 1:
            name = voice.plural(
                "{name} ({n} account)", "{name} ({n} accounts)", one.accounts, name=name
            )
        last = voice.say("never") if one.since is None else voice.day(one.since, now)
        quiet.append(voice.say("{name}: last read {last}", name=name, last=last))
    return listed(voice, voice.say("No news from"), quiet)


def _table(voice: Voice, known: Sequence[AccountProgress]) -> tuple[tuple[str, ...], ...]:
    header = (voice.say("Account"), voice.say("Followers"), voice.say("Change"), "%", "")
    rows = []
    for course in _shown(known):
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


def _shown(known: Sequence[AccountProgress]) -> list[AccountProgress]:
    """All by size where they fit in the table, else those that changed most."""
    if len(known) <= _ROWS:
        return sorted(known, key=lambda course: -course.after)
    moved_most = sorted(known, key=lambda c: 0.0 if math.isnan(c.share) else -abs(c.share))
    return sorted(moved_most[:_MOST], key=lambda c: 0.0 if math.isnan(c.share) else -c.share)


def _more(voice: Voice, known: Sequence[AccountProgress]) -> str:
    left = len(known) - len(_shown(known))
    if left <= 0:
        return ""
    return voice.plural(
        '{n} more account changed less: see "accounts"',
        '{n} more accounts changed less: see "accounts"',
        left,
    )
