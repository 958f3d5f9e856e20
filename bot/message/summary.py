"""How the watched accounts did over a day, a week or a month."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Literal, NamedTuple

import numpy as np

from bot import charts
from bot.message.kinds import platform_name, worst_first
from bot.message.progress import (
    AccountProgress,
    Deadline,
    GoalProgress,
    deadline_line,
    goal_line,
    listed,
    moved,
    scale_of,
    sparkline,
)
from bot.message.reasons import sentence
from bot.message.voice import Voice
from bot.message.wave import lines
from bot.model.inline import plain
from bot.model.message import Alert, ChartSpec, Field, Message, Picture, Report, Sheet
from checks.model import SEVERITIES, Notice, Severity

Period = Literal["day", "week", "month"]

_ROWS = 25
_MOST = 15
_BEST = 3
_LINE, _BAR = 36, 2
"""Characters of a line on a phone, and how many of them a bar is wide."""


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
    opened: int = 0
    closed: Sequence[Alert] = ()
    """Incidents that were told in the period, and those that ended in it."""
    milestones: Sequence[Notice] = ()
    changes: Sequence[tuple[int, float | None]] = ()
    """The change of all accounts in each day of the period, by when the day ends."""


def summary(voice: Voice, summary: Summary, now: float) -> Message:
    """One message: totals in the title, a line per platform, a table of the accounts."""
    known = [course for course in summary.accounts if not math.isnan(course.after)]
    if not summary.accounts:
        return Message(title=_name(voice, summary, now), text=voice.say("No accounts yet."))
    scale = scale_of(course.values for course in known if course.has_level)
    fields = [
        *_extremes(voice, known),
        *_incidents(voice, summary, now),
        *_milestones(voice, summary.milestones),
        *_platforms(voice, known),
        *_goals(voice, summary.goals, now),
        *_deadlines(voice, summary.deadlines, now),
        *_stale(voice, summary.stale, now),
        *listed(voice, voice.say("Not to be trusted"), summary.faults),
    ]
    severities = {alert.incident.severity for alert in summary.open}
    worst: Severity = next(
        (level for level in reversed(SEVERITIES) if level in severities), "info"
    )
    _, change, share = _sums(known)
    name = _name(voice, summary, now)
    return Message(
        title=f"{name}: {moved(voice, change, share)}" if known else name,
        text="\n".join([_total(voice, known), *_against(voice, known, summary.period)]),
        fields=tuple(fields),
        table=_table(voice, known, scale),
        footer=_more(voice, known),
        severity=worst,
        leads=True,
        chart=_chart(voice, summary, known, name),
        sheet=_sheet(voice, known, summary) if summary.period == "month" else None,
    )


def _against(voice: Voice, known: Sequence[AccountProgress], period: Period) -> list[str]:
    """The change before this one, and what is usual, over the accounts that have both."""
    past = [course.previous for course in known if not math.isnan(course.previous)]
    usual = [course.usual for course in known if not math.isnan(course.usual)]
    words = {"before": voice.signed(sum(past)), "usual": voice.signed(sum(usual))}
    if not past or period == "day":
        return []
    if not usual:
        return [voice.say("Before that: {before}.", **words)]
    return [voice.say("Before that: {before}, usually {usual}.", **words)]


def _milestones(voice: Voice, notices: Sequence[Notice]) -> list[Field]:
    told = [
        f"{voice.account(each.account or '')}: {sentence(voice, reason)}"
        for each in notices
        for reason in each.reasons
    ]
    return listed(voice, voice.say("Milestones"), told)


def _chart(
    voice: Voice, summary: Summary, known: Sequence[AccountProgress], name: str
) -> ChartSpec | None:
    """Every day's change and who moved most; no picture of a single day."""
    if len(summary.changes) < 2 or not known:
        return None
    _, change, share = _sums(known)
    ranked = sorted((c for c in known if not math.isnan(c.share)), key=lambda c: -c.share)
    most = ranked if len(ranked) <= 2 * _BEST else [*ranked[:_BEST], *ranked[-_BEST:]]
    return ChartSpec(
        account="",
        start=int(summary.start),
        end=int(summary.end),
        report=Report(
            title=f"{name}: {moved(voice, change, share)}",
            subtitle=plain(_total(voice, known)),
            ends=tuple(at for at, _ in summary.changes),
            changes=tuple(change for _, change in summary.changes),
            movers=tuple(
                (voice.name_of(c.account), c.share, moved(voice, c.change, c.share))
                for c in most
            ),
        ),
    )


def report_picture(voice: Voice, report: Report, theme: charts.Theme) -> Picture:
    """Draws the card of a summary; to hand on as it is."""
    changes = [math.nan if one is None else one for one in report.changes]
    drawn = charts.draw_report(
        charts.ReportCard(
            ends=np.array(report.ends, np.float64),
            changes=np.array(changes, np.float64),
            movers=report.movers,
            title=report.title,
            subtitle=report.subtitle,
            changes_label=voice.say("Change per day, all accounts"),
            movers_label=voice.say("Moved most"),
            signed=voice.signed,
            day=voice.short_day,
            theme=theme,
        )
    )
    return Picture(name="report.png", png=drawn, alt=f"{report.title}. {report.subtitle}")


def _sheet(voice: Voice, known: Sequence[AccountProgress], summary: Summary) -> Sheet:
    """Every account with plain numbers, for a spreadsheet."""
    header = ("account", "name", "followers", "change", "percent", "previous_change")

    def number(value: float, digits: int = 0) -> str:
        return "" if math.isnan(value) else f"{value:.{digits}f}"

    rows = [
        (
            course.account,
            voice.names.get(course.account, ""),
            number(course.after if course.has_level else math.nan),
            number(course.change),
            number(100 * course.share, 2),
            number(course.previous),
        )
        for course in sorted(known, key=lambda course: course.account)
    ]
    day = voice.local(summary.end).date().isoformat()
    return Sheet(name=f"ebbwatch-{summary.period}-{day}", rows=(header, *rows))


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
    followers, _, _ = _sums(known)
    return voice.plural(
        "{n} account, {followers} followers.",
        "{n} accounts, {followers} followers.",
        len(known),
        followers=voice.count(followers),
    )


def _platform(course: AccountProgress) -> str:
    return course.account.partition("/")[0] if "/" in course.account else ""


def _platforms(voice: Voice, known: Sequence[AccountProgress]) -> list[Field]:
    """A line each, their bars on one scale; nothing where there is one platform."""
    groups = {
        platform: list(group)
        for platform, group in groupby(sorted(known, key=_platform), key=_platform)
    }
    courses = {
        platform: members[0].values if len(members) == 1 else _joint(members)
        for platform, members in groups.items()
    }
    scale = scale_of(courses[name] for name, own in groups.items() if _has_level(own))
    told = []
    for platform, members in groups.items():
        followers, change, share = _sums(members)
        name = platform_name(platform) or voice.say("Accounts")
        count = voice.count(followers) if _has_level(members) else ""
        bars = sparkline(courses[platform], scale) if _has_level(members) else ""
        figures = ", ".join(
            filter(None, [count, "" if math.isnan(change) else moved(voice, change, share)])
        )
        line = f"{name}: {figures}"
        # bars that stood alone on a phone's next line would say nothing
        fits = len(line) + _BAR * len(bars) <= _LINE
        told.append(f"{line} {bars}".rstrip() if fits else line)
    return listed(voice, voice.say("Platforms"), told) if len(told) > 1 else []


def _has_level(members: Sequence[AccountProgress]) -> bool:
    return any(member.has_level for member in members)


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
    fields: list[Field] = []
    for name, group in ((voice.say("Best"), best), (voice.say("Worst"), worst)):
        fields += listed(voice, name, [_mover(voice, course) for course in group])
    return fields


def _mover(voice: Voice, course: AccountProgress) -> str:
    """How far, and how far in the period before and usually."""
    told = f"{voice.account(course.account)} {moved(voice, course.change, course.share)}"
    if math.isnan(course.previous):
        return told
    before = voice.say("before {change}", change=voice.signed(course.previous))
    if math.isnan(course.usual):
        return f"{told}, {before}"
    usual = voice.say("usually {change}", change=voice.signed(course.usual))
    return f"{told}, {before}, {usual}"


def _incidents(voice: Voice, summary: Summary, now: float) -> list[Field]:
    told = (
        (voice.say("Open incidents"), summary.open),
        (voice.say("Ended"), summary.closed),
        (voice.say("Told late"), summary.late),
    )
    fields = []
    if summary.opened or summary.closed:
        counts = voice.say(
            "{opened} opened, {closed} ended, {open} still open",
            opened=voice.count(summary.opened),
            closed=voice.count(len(summary.closed)),
            open=voice.count(len(summary.open)),
        )
        fields.append(Field(name=voice.say("Incidents"), value=counts))
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
        name = voice.account(one.name)
        if one.accounts > 1:
            name = voice.plural(
                "{name} ({n} account)", "{name} ({n} accounts)", one.accounts, name=name
            )
        if one.since is None:
            quiet.append(voice.say("{name}: never read", name=name))
            continue
        last = voice.day(one.since, now)
        quiet.append(voice.say("{name}: last read {last}", name=name, last=last))
    return listed(voice, voice.say("No news from"), quiet)


def _table(
    voice: Voice, known: Sequence[AccountProgress], scale: tuple[float, float] | None
) -> tuple[tuple[str, ...], ...]:
    header = (voice.say("Account"), voice.say("Followers"), voice.say("Change"), "")
    rows = []
    for course in _shown(known):
        rows.append(
            (
                voice.account(course.account, 32),
                voice.count(course.after) if course.has_level else "–",
                moved(voice, course.change, course.share),
                sparkline(course.values[-7:], scale) if course.has_level else "",
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
