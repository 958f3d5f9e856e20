"""How things stand: everything, one account, all accounts."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.message.kinds import STATUSES
from bot.message.progress import (
    AccountProgress,
    Deadline,
    GoalProgress,
    deadline_line,
    event_line,
    goal_line,
    listed,
    moved,
    sparkline,
)
from bot.message.voice import Voice, mark, one_line, word
from bot.message.wave import lines
from bot.model.inline import moment
from bot.model.message import Alert, Button, Field, Message
from bot.model.reading import DAY
from checks.model import Event, Severity

_ROWS = 40
_MOVERS = 5
_LISTED = 300
_SILENT = 3 * DAY
_BASES = {
    "total": mark("running total"),
    "net": mark("daily net change, the total is not known"),
    "gained_lost": mark("gains and losses per day, the total is not known"),
    "gained": mark("gains only: surges can be seen, losses cannot"),
}


class Churn(NamedTuple):
    """What two follower lists of an account tell exactly."""

    start: float
    stop: float
    gained: int
    lost: int
    kept: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLook:
    """All that `status ACCOUNT` shows; `courses` are (days, course) pairs, shortest first."""

    account: str
    followers: float
    basis: str
    step: float
    last_reading: float | None
    status: str
    courses: Sequence[tuple[int, AccountProgress]]
    open: Sequence[Alert] = ()
    faults: Sequence[str] = ()
    goals: Sequence[GoalProgress] = ()
    deadlines: Sequence[Deadline] = ()
    events: Sequence[Event] = ()
    churn: Sequence[Churn] = ()
    listed: bool = False
    """Whether its counts are those of complete follower lists."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """All that `status` shows. `troubles` are sentences about sources, `faults` about accounts
    that cannot be seen, `weeks` the last seven days of every account; `ended` counts the
    incidents that ended in them."""

    accounts: int
    open: Sequence[Alert] = ()
    ended: int = 0
    newest: float | None = None
    weeks: Sequence[AccountProgress] = ()
    stale: Sequence[tuple[str, float | None]] = ()
    gone: Sequence[tuple[str, str]] = ()
    troubles: Sequence[str] = ()
    faults: Sequence[str] = ()
    goals: Sequence[GoalProgress] = ()
    deadlines: Sequence[Deadline] = ()


def overview(voice: Voice, look: Overview, now: float) -> Message:
    """The state of everything in one message: open, moved most, silent, gone, ahead."""
    newest, open_alerts, faults = look.newest, look.open, look.faults
    accounts, troubles, goals, deadlines = (
        look.accounts,
        look.troubles,
        look.goals,
        look.deadlines,
    )
    read = voice.say("never") if newest is None else _since(voice, newest, now)
    fields = [Field(name=voice.say("Last reading"), value=read)]
    if look.ended:
        fields.append(Field(name=voice.say("Ended this week"), value=voice.count(look.ended)))
    fields += listed(voice, voice.say("Moved most in 7 days"), _movers(voice, look.weeks))
    fields += listed(voice, voice.say("No news from"), _silent(voice, look.stale, now))
    gone = [f"{voice.account(name)}: {voice.say(STATUSES[how])}" for name, how in look.gone]
    fields += listed(voice, voice.say("Gone"), gone)
    if troubles:
        fields.append(
            Field(
                name=voice.say("Sources"),
                value="\n".join(f"• {one_line(text, 200)}" for text in troubles[:8]),
                short=False,
            )
        )
    fields += listed(voice, voice.say("Not to be trusted"), faults)
    fields += listed(voice, voice.say("Goals"), [goal_line(voice, g, now) for g in goals])
    fields += listed(
        voice, voice.say("Coming up"), [deadline_line(voice, d, now) for d in deadlines]
    )
    told = [f"• {text}" for text in lines(voice, open_alerts, now)[:_ROWS]]
    if not accounts:
        told = [voice.say('A source of the config, "watch" or "import" brings them.')]
    return Message(
        title=_state(voice, look, now),
        text="\n".join(told),
        fields=tuple(fields),
        severity=_worst(open_alerts, faults),
    )


def _worst(open_alerts: Sequence[Alert], faults: Sequence[str]) -> Severity:
    if open_alerts and open_alerts[0].incident.severity != "info":
        return open_alerts[0].incident.severity
    return "warning" if faults else "info"


def _movers(voice: Voice, weeks: Sequence[AccountProgress]) -> list[str]:
    known = [week for week in weeks if not math.isnan(week.share) and week.change]
    most = sorted(known, key=lambda week: -abs(week.share))[:_MOVERS]
    return [f"{voice.account(w.account)} {moved(voice, w.change, w.share)}" for w in most]


def _silent(voice: Voice, stale: Sequence[tuple[str, float | None]], now: float) -> list[str]:
    return [
        f"{voice.account(name)}: {voice.say('never') if at is None else voice.ago(at, now)}"
        for name, at in stale
    ]


def _state(voice: Voice, look: Overview, now: float) -> str:
    """That nothing is open means little where nothing was read or something just ended."""
    if not look.accounts:
        return voice.say("No accounts yet")
    if look.open:
        state = voice.plural("{n} open incident", "{n} open incidents", len(look.open))
    elif look.newest is None:
        state = voice.say("no reading yet")
    elif now - look.newest > _SILENT:
        state = voice.say("no news since {day}", day=voice.day(look.newest, now))
    elif look.faults:
        state = voice.plural("{n} notice", "{n} notices", len(look.faults))
    elif look.ended:
        state = voice.say("nothing is open")
    else:
        state = voice.say("all calm")
    return f"{voice.plural('{n} account', '{n} accounts', look.accounts)}, {state}"


def account_status(voice: Voice, look: AccountLook, now: float) -> Message:
    """One account: its count, its changes, what is open, its goals and what lies ahead."""
    fields = []
    for days, course in look.courses:
        name = voice.plural("{n} day", "{n} days", days)
        fields.append(Field(name=name, value=moved(voice, course.change, course.share)))
    read = voice.say("never")
    if look.last_reading is not None:
        read = _since(voice, look.last_reading, now)
    fields.append(Field(name=voice.say("Last reading"), value=read))
    if look.account in voice.names:
        fields.append(Field(name=voice.say("Written"), value=one_line(look.account)))
    if look.status != "active":
        fields.append(Field(name=voice.say("Account"), value=voice.say(STATUSES[look.status])))
    if look.basis != "total":
        fields.append(
            Field(name=voice.say("Counts"), value=voice.say(_BASES[look.basis]), short=False)
        )
    if look.listed:
        text = voice.say("from complete follower lists, one reading each")
        fields.append(Field(name=voice.say("Counts"), value=text, short=False))
    elif look.step > 1:
        text = voice.say("shown in steps of {step}", step=voice.count(look.step))
        fields.append(Field(name=voice.say("Counts"), value=text))
    churn = [_churn(voice, one, now) for one in look.churn]
    fields += listed(voice, voice.say("Follower lists"), churn)
    fields += listed(voice, voice.say("Open incidents"), lines(voice, look.open, now))
    fields += listed(voice, voice.say("Not to be trusted"), look.faults)
    fields += listed(
        voice, voice.say("Goals"), [goal_line(voice, goal, now) for goal in look.goals]
    )
    fields += listed(
        voice,
        voice.say("Events"),
        [event_line(voice, event, now) for event in look.events]
        + [deadline_line(voice, deadline, now) for deadline in look.deadlines],
    )
    values = look.courses[-1][1].values if look.courses else ()
    known = look.basis == "total" and not math.isnan(look.followers)
    count = (
        voice.plural("{n} follower", "{n} followers", round(look.followers)) if known else ""
    )
    return Message(
        title=f"{voice.account(look.account)}: {count}"
        if count
        else voice.account(look.account),
        text=sparkline(values),
        fields=tuple(fields),
        severity=_worst(look.open, look.faults),
        buttons=_chart_button(voice, look.account),
    )


def _churn(voice: Voice, churn: Churn, now: float) -> str:
    return voice.say(
        "{first} to {last}: {gained} gained, {lost} lost, {kept} kept",
        first=voice.day(churn.start, now),
        last=voice.day(churn.stop, now),
        gained=voice.count(churn.gained),
        lost=voice.count(churn.lost),
        kept=voice.count(churn.kept),
    )


def _chart_button(voice: Voice, account: str) -> tuple[Button, ...]:
    """None where the account's name is too long or too odd for a command line."""
    name = word(account)
    if name is None or len(name) > 50:
        return ()
    return (Button(label=voice.say("Chart"), command=f"chart {name}"),)


def _since(voice: Voice, at: float, now: float) -> str:
    """How old a reading is, which stays true while people read it; one that has a date alone
    stands at the end of its day."""
    if at > now:
        return voice.say("today")
    return moment(voice.ago(at, now), at, "ago")


def _remark(voice: Voice, course: AccountProgress, hit: Mapping[str, str], now: float) -> str:
    """What is open of an account, and that its count is old."""
    told = [voice.say(hit[course.account])] if course.account in hit else []
    if course.last_reading is not None and now - course.last_reading > _SILENT:
        told.append(voice.say("read {ago}", ago=voice.ago(course.last_reading, now)))
    return ", ".join(told)


def account_list(
    voice: Voice, courses: Sequence[AccountProgress], hit: Mapping[str, str], now: float
) -> Message:
    """Every account with its count and last week; `hit` names what is open of some."""
    header = (
        voice.say("Account"),
        voice.say("Followers"),
        voice.say("7 days"),
        "",
    )
    rows = [
        (
            voice.account(course.account, 40),
            voice.count(course.after)
            if course.has_level and not math.isnan(course.after)
            else "–",
            moved(voice, course.change, course.share),
            _remark(voice, course, hit, now),
        )
        for course in courses[:_LISTED]
    ]
    left = len(courses) - len(rows)
    return Message(
        title=voice.plural("{n} account", "{n} accounts", len(courses)),
        text="" if rows else voice.say("No accounts yet."),
        footer=voice.plural("… and {n} more", "… and {n} more", left) if left else "",
        table=(header, *rows) if rows else (),
        severity="info",
    )
