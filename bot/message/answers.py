"""What commands answer: lists, looks at one account or incident, and short confirmations."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from bot.message.alert import alert as alert_message
from bot.message.alert import buttons, chart_of, sure, title
from bot.message.kinds import EVENTS, KINDS, SEVERITIES, STATES, kind_name
from bot.message.reasons import advice, sentence
from bot.message.summary import (
    AccountCourse,
    Deadline,
    Standing,
    deadline_line,
    goal_line,
    moved,
    sparkline,
)
from bot.message.voice import Voice, clean, mark
from bot.message.wave import line
from bot.model import Alert, Button, ChartSpec, Field, Found, Message
from checks.model import Event, Verdict

_ROWS = 40
_BASES = {
    "total": mark("running total"),
    "net": mark("daily net change, the total is not known"),
    "gained_lost": mark("gains and losses per day, the total is not known"),
    "gained": mark("gains only: surges can be seen, losses cannot"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountLook:
    """All that `status ACCOUNT` shows; `courses` are (days, course) pairs, shortest first."""

    account: str
    followers: float
    basis: str
    step: float
    last_reading: float | None
    status: str
    courses: Sequence[tuple[int, AccountCourse]]
    open: Sequence[Alert] = ()
    goals: Sequence[Standing] = ()
    deadlines: Sequence[Deadline] = ()
    events: Sequence[Event] = ()


def said(voice: Voice, text: str, **values: object) -> Message:
    """A short confirmation; `text` is one of the marked sentences of this module."""
    return Message(text=voice.say(text, **values), severity="info")


def refused(text: str) -> Message:
    """A request that could not be done, as a message."""
    return Message(text=text, severity="warning")


def overview(
    voice: Voice,
    accounts: int,
    open_alerts: Sequence[Alert],
    newest: float | None,
    troubles: Sequence[str],
    goals: Sequence[Standing],
    deadlines: Sequence[Deadline],
    now: float,
) -> Message:
    """The state of everything in one message; `troubles` are sentences about sources."""
    watched = voice.plural("{n} account", "{n} accounts", accounts)
    if open_alerts:
        state = voice.plural("{n} open incident", "{n} open incidents", len(open_alerts))
    else:
        state = voice.say("all calm")
    read = voice.say("never") if newest is None else voice.when(newest, now)
    fields = [Field(name=voice.say("Last reading"), value=read)]
    if troubles:
        fields.append(
            Field(
                name=voice.say("Sources"),
                value="\n".join(f"• {clean(text, 200)}" for text in troubles[:8]),
                short=False,
            )
        )
    fields += _list_field(voice, voice.say("Goals"), [goal_line(voice, g, now) for g in goals])
    fields += _list_field(
        voice, voice.say("Coming up"), [deadline_line(voice, d, now) for d in deadlines]
    )
    lines = [f"• {line(voice, alert, now)}" for alert in open_alerts[:_ROWS]]
    return Message(
        title=f"{watched}, {state}",
        text="\n".join(lines),
        fields=tuple(fields),
        severity=open_alerts[0].incident.severity if open_alerts else "info",
    )


def account_status(voice: Voice, look: AccountLook, now: float) -> Message:
    """One account: its count, its changes, what is open, its goals and what lies ahead."""
    fields = []
    for days, course in look.courses:
        name = voice.plural("{n} day", "{n} days", days)
        fields.append(Field(name=name, value=moved(voice, course.change, course.share)))
    read = voice.say("never")
    if look.last_reading is not None:
        read = voice.when(look.last_reading, now)
    fields.append(Field(name=voice.say("Last reading"), value=read))
    if look.status != "active":
        fields.append(Field(name=voice.say("Account"), value=voice.say(look.status)))
    if look.basis != "total":
        fields.append(
            Field(name=voice.say("Counts"), value=voice.say(_BASES[look.basis]), short=False)
        )
    if look.step > 1:
        text = voice.say("shown in steps of {step}", step=voice.count(look.step))
        fields.append(Field(name=voice.say("Counts"), value=text))
    fields += _list_field(
        voice, voice.say("Open incidents"), [line(voice, alert, now) for alert in look.open]
    )
    fields += _list_field(
        voice, voice.say("Goals"), [goal_line(voice, goal, now) for goal in look.goals]
    )
    fields += _list_field(
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
        title=f"{clean(look.account)}: {count}" if count else clean(look.account),
        text=sparkline(values),
        fields=tuple(fields),
        severity=look.open[0].incident.severity if look.open else "info",
        buttons=(Button(label=voice.say("Chart"), command=f"chart {look.account}"),)
        if len(look.account) <= 50
        else (),
    )


def account_list(
    voice: Voice, courses: Sequence[AccountCourse], hit: Mapping[str, str], now: float
) -> Message:
    """Every account with its count and last week; `hit` maps accounts to an open kind."""
    header = (
        voice.say("Account"),
        voice.say("Followers"),
        voice.say("7 days"),
        voice.say("Last reading"),
        "",
    )
    rows = [
        (
            clean(course.account, 40),
            voice.count(course.after)
            if course.has_level and not math.isnan(course.after)
            else "–",
            moved(voice, course.change, course.share),
            "–" if course.last_reading is None else voice.day(course.last_reading, now),
            voice.say(KINDS[hit[course.account]]) if course.account in hit else "",
        )
        for course in courses
    ]
    return Message(
        title=voice.plural("{n} account", "{n} accounts", len(courses)),
        text="" if rows else voice.say("No accounts yet."),
        table=(header, *rows) if rows else (),
        severity="info",
    )


def incident_list(
    voice: Voice, alerts: Sequence[Alert], now: float, *, all_of_them: bool, left: int = 0
) -> Message:
    """Incidents by number; `left` older ones are only counted."""
    count = len(alerts) + left
    if all_of_them:
        head = voice.plural("{n} incident", "{n} incidents", count)
    else:
        head = voice.plural("{n} open incident", "{n} open incidents", count)
    lines = [f"• {line(voice, alert, now)}" for alert in alerts]
    if left:
        lines.append(voice.plural("… and {n} more", "… and {n} more", left))
    return Message(
        title=head,
        text="\n".join(lines) or voice.say("Nothing is open: all calm."),
        footer=voice.say("More on one of them: why NUMBER") if alerts else "",
        severity=alerts[0].incident.severity if alerts else "info",
    )


def why(voice: Voice, alert: Alert, feedback: Sequence[tuple[str, str]], now: float) -> Message:
    """Every reason of an incident, its life step by step, and what people said of it.

    `feedback` holds (kind, name) pairs.
    """
    incident = alert.incident
    parts = [
        "\n".join(f"• {sentence(voice, reason)}" for reason in incident.reasons),
        "\n".join(f"→ {advice(voice, code)}" for code in incident.advice),
        "\n".join(_feedback(voice, kind, name) for kind, name in feedback),
    ]
    header = (
        voice.say("When"),
        voice.say("State"),
        voice.say("Kind"),
        voice.say("Severity"),
        voice.say("How sure"),
    )
    life = tuple(
        (
            voice.when(update.at, now),
            voice.say(STATES[update.state]),
            kind_name(voice, update.kind),
            voice.say(SEVERITIES[update.severity]),
            voice.percent(update.confidence),
        )
        for update in incident.updates
    )
    return Message(
        title=title(voice, incident, now),
        text="\n\n".join(part for part in parts if part),
        fields=alert_message(voice, alert, now).fields,
        table=(header, *life) if life else (),
        footer=f"#{alert.number}",
        severity=incident.severity,
        buttons=buttons(voice, str(alert.number), alert),
    )


def judged(
    voice: Voice,
    account: str,
    verdicts: Sequence[Verdict],
    change: float,
    low: float,
    high: float,
    early: int | None,
    now: float,
) -> Message:
    """What the checks say of one account right now.

    `change` is the newest day's, `low` to `high` what was expected of it; `early` counts the
    changes known where that is too few.
    """
    name = clean(account)
    if early is not None:
        text = voice.plural(
            "Only {n} daily change is known so far; it takes 8 to say anything.",
            "Only {n} daily changes are known so far; it takes 8 to say anything.",
            early,
        )
        return Message(
            title=voice.say("{account}: too early to say", account=name),
            text=text,
            severity="info",
        )
    lines = []
    if not math.isnan(change):
        if math.isnan(low) or math.isnan(high):
            lines.append(voice.say("Newest day: {change}.", change=voice.signed(change)))
        else:
            lines.append(
                voice.say(
                    "Newest day: {change}, expected {low} to {high}.",
                    change=voice.signed(change),
                    low=voice.signed(low),
                    high=voice.signed(high),
                )
            )
    if not verdicts:
        return Message(
            title=voice.say("{account}: all calm", account=name),
            text="\n".join(lines),
            severity="info",
        )
    worst = verdicts[0]
    for verdict in verdicts:
        lines.append(f"{kind_name(voice, verdict.kind)}, {sure(voice, verdict.confidence)}")
        lines += [f"• {sentence(voice, reason)}" for reason in verdict.reasons]
        lines += [f"→ {advice(voice, code)}" for code in verdict.advice]
    return Message(
        title=f"{name}: {kind_name(voice, worst.kind)}",
        text="\n".join(lines),
        severity=worst.severity,
    )


def chart(voice: Voice, spec: ChartSpec, alert: Alert | None, now: float) -> Message:
    """The frame around a picture."""
    if alert is None:
        return Message(title=clean(spec.account), chart=spec)
    return Message(
        title=title(voice, alert.incident, now),
        footer=f"#{alert.number}",
        severity=alert.incident.severity,
        chart=chart_of(alert.incident, alert.number, now),
    )


def preview(
    voice: Voice,
    counts: Sequence[tuple[str, int, Sequence[str]]],
    yours: str,
    days: int,
    now: float,
) -> Message:
    """How often each sensitivity would have spoken; (name, alerts, up to a few examples)."""
    header = (voice.say("Sensitivity"), voice.say("Alerts"), voice.say("A week"))
    rows = []
    for name, alerts, _ in counts:
        label = voice.say(_SENSITIVITIES[name])
        if name == yours:
            label += voice.say(" (yours)")
        rows.append((label, voice.count(alerts), voice.decimal(alerts * 7 / days)))
    examples = next((shown for name, _, shown in counts if name == yours), ())
    text = voice.plural(
        "What this channel would have heard in the last {n} day, with its own filters.",
        "What this channel would have heard in the last {n} days, with its own filters.",
        days,
    )
    parts = [text, "\n".join(f"• {example}" for example in examples)]
    return Message(
        title=voice.say("Preview of the alerts"),
        text="\n\n".join(part for part in parts if part),
        table=(header, *rows),
        severity="info",
    )


def found_files(voice: Voice, found: Sequence[Found]) -> Message:
    """What an import brought, file by file."""
    header = (
        voice.say("File"),
        voice.say("Format"),
        voice.say("Readings"),
        voice.say("Bad rows"),
        voice.say("Days"),
    )
    rows = [
        (
            clean(one.file, 40),
            one.format or voice.say("not known"),
            voice.count(one.readings),
            voice.count(one.bad_rows),
            f"{(one.first or '')[:10]} – {(one.last or '')[:10]}" if one.first else "",
        )
        for one in found[:_ROWS]
    ]
    notes = [note for one in found for note in one.notes]
    readings = sum(one.readings for one in found)
    head = voice.plural("{n} reading imported", "{n} readings imported", readings)
    return Message(
        title=head,
        text="\n".join(f"• {clean(note, 200)}" for note in notes[:20]),
        table=(header, *rows) if rows else (),
        severity="info",
    )


def event_line(voice: Voice, event: Event, now: float) -> str:
    """A dated thing with its kind, days and what it is about."""
    first, last = voice.local(event.start).date(), voice.local(event.end).date()
    days = voice.calendar_day(first, now)
    if last > first:
        days = voice.say("{first} to {last}", first=days, last=voice.calendar_day(last, now))
    about = event.account or event.platform
    where = f", {clean(about)}" if about else ""
    return f"{clean(event.name)} ({voice.say(EVENTS[event.kind])}{where}): {days}"


def event_list(voice: Voice, events: Sequence[tuple[int | None, Event]], now: float) -> Message:
    """Events with the number that removes them; those of the config file have none."""
    lines = [
        f"• {'' if number is None else f'#{number} '}{event_line(voice, event, now)}"
        for number, event in events
    ]
    return Message(
        title=voice.plural("{n} event", "{n} events", len(events)),
        text="\n".join(lines) or voice.say('None yet: "event add" takes one.'),
        severity="info",
    )


def event_added(voice: Voice, number: int, event: Event, now: float) -> Message:
    return said(voice, ADDED_EVENT, number=number, event=event_line(voice, event, now))


def goal_set(voice: Voice, account: str, goal: Standing | None, now: float) -> Message:
    """Confirms a goal with its forecast; None where the account has no total yet."""
    text = voice.say("{account}: no reading yet", account=clean(account))
    if goal is not None:
        text = goal_line(voice, goal, now)
    return Message(title=voice.say("Goal set"), text=text, severity="info")


def confirm_forget(voice: Voice, account: str) -> Message:
    """Asks once more, with a button where its command line fits."""
    command = f"forget {account} yes"
    text = voice.say(
        "This erases all readings, lists and incidents of {account} for good. To do it, "
        "write: {command}",
        account=clean(account),
        command=clean(command, 200),
    )
    button = Button(label=voice.say("Erase for good"), command=command, style="danger")
    return Message(
        text=text, severity="warning", buttons=(button,) if len(command) <= 60 else ()
    )


def forgotten(voice: Voice, account: str, readings: int) -> Message:
    """Confirms what was erased."""
    text = voice.plural(
        "{account} is forgotten: {n} reading was erased.",
        "{account} is forgotten: {n} readings were erased.",
        readings,
        account=clean(account),
    )
    return Message(text=text, severity="info")


def subscription_text(
    voice: Voice,
    accounts: Sequence[str],
    kinds: Sequence[str],
    direction: str,
    severity: str,
    percent: float | None,
    count: float | None,
) -> str:
    """What a channel hears, in words."""
    parts = [", ".join(clean(pattern, 60) for pattern in accounts)]
    parts.append(
        ", ".join(kind_name(voice, kind) for kind in kinds) if kinds else voice.say("all kinds")
    )
    if direction != "both":
        parts.append(voice.say("only rises") if direction == "up" else voice.say("only falls"))
    if severity != "info":
        parts.append(voice.say("from {severity} on", severity=voice.say(SEVERITIES[severity])))
    if percent is not None:
        parts.append(voice.say("at least {percent}", percent=voice.percent(percent / 100)))
    if count is not None:
        parts.append(
            voice.plural("at least {n} follower", "at least {n} followers", int(count))
        )
    return "; ".join(parts)


def subscription_list(
    voice: Voice,
    subscriptions: Sequence[tuple[int, str, bool]],
    settings: Sequence[tuple[str, str]],
    mutes: Sequence[str],
) -> Message:
    """What this channel hears: (number, words, from the config), its settings, its mutes."""
    lines = [
        f"• #{number} {text}" + (voice.say(" (config file)") if fixed else "")
        for number, text, fixed in subscriptions
    ]
    fields = [Field(name=voice.say(name), value=clean(value)) for name, value in settings]
    fields += _list_field(voice, voice.say("Muted"), list(mutes))
    return Message(
        title=voice.plural("{n} subscription", "{n} subscriptions", len(subscriptions)),
        text="\n".join(lines)
        or voice.say('This channel hears nothing: "subscribe" starts it.'),
        fields=tuple(fields),
        severity="info",
    )


def mute_line(voice: Voice, what: str | None, until: float | None, by: str, now: float) -> str:
    """One mute; `what` is an account or "#12", None is everything; no `until`: until worse."""
    words = {
        "what": clean(what) if what else voice.say("everything"),
        "by": clean(by, 40),
    }
    if until is None:
        return voice.say("{what} until it gets worse (by {by})", **words)
    return voice.say("{what} until {when} (by {by})", when=voice.when(until, now), **words)


def muted(voice: Voice, what: str | None, until: float | None, now: float) -> Message:
    """Confirms a mute; `what` as in `mute_line`."""
    name = clean(what) if what else voice.say("everything")
    if until is None:
        return said(voice, MUTED_WORSE, what=name)
    return said(voice, MUTED_UNTIL, what=name, when=voice.when(until, now))


def unmuted(voice: Voice, what: str | None) -> Message:
    """Confirms that something is heard again; `what` as in `mute_line`."""
    return said(voice, UNMUTED, what=clean(what) if what else voice.say("everything"))


def deadline_of(event: Event, at: float) -> Deadline:
    return Deadline(
        name=event.name, kind=event.kind, at=at, about=event.account or event.platform
    )


def help_page(
    voice: Voice, commands: Sequence[tuple[str, str, bool]], *, manager: bool
) -> Message:
    """All commands as (usage, help, needs a manager); what the caller may not do is marked."""
    header = (voice.say("Command"), voice.say("What it does"))
    rows = tuple(
        (usage, voice.say(text) + ("" if manager or not guarded else voice.say(" (managers)")))
        for usage, text, guarded in commands
    )
    return Message(
        title=voice.say("What ebbwatch can do here"), table=(header, *rows), severity="info"
    )


def help_one(
    voice: Voice, usage: str, text: str, arguments: Sequence[tuple[str, str]]
) -> Message:
    """One command and its arguments as (name, help)."""
    lines = [f"• {name}: {voice.say(about)}" for name, about in arguments]
    return Message(title=usage, text="\n".join([voice.say(text), *lines]), severity="info")


def day_of(voice: Voice, day: date, now: float) -> str:
    return voice.calendar_day(day, now)


def _feedback(voice: Voice, kind: str, name: str) -> str:
    return f"{clean(name, 40)}: {voice.say(_FEEDBACK[kind])}"


def _list_field(voice: Voice, name: str, lines: list[str]) -> list[Field]:
    if not lines:
        return []
    shown = [f"• {text}" for text in lines[:8]]
    if len(lines) > 8:
        shown.append(voice.plural("… and {n} more", "… and {n} more", len(lines) - 8))
    return [Field(name=name, value="\n".join(shown), short=False)]


_SENSITIVITIES = {
    "strict": mark("strict"),
    "balanced": mark("balanced"),
    "sensitive": mark("sensitive"),
}
_FEEDBACK = {
    "expected": mark("expected"),
    "false": mark("false alarm"),
    "useful": mark("useful"),
}
ACKNOWLEDGED = mark("Acknowledged: {what}.")
ALREADY = mark("{name} has acknowledged that already.")
THANKS_EXPECTED = mark(
    "Noted as expected: {what}. This account will be a little harder to alarm about."
)
THANKS_FALSE = mark(
    "Noted as a false alarm: {what}. This account will be harder to alarm about."
)
THANKS_USEFUL = mark("Noted as useful: {what}.")
MUTED_UNTIL = mark("Muted here: {what}, until {when}.")
MUTED_WORSE = mark("Muted here: {what}, until it gets worse.")
UNMUTED = mark("No longer muted: {what}.")
SUBSCRIBED = mark("Subscription {number}: {what}.")
UNSUBSCRIBED = mark("Subscription {number} has ended.")
ADDED_EVENT = mark("Event {number} added: {event}.")
REMOVED_EVENT = mark("Event {number} removed.")
GOAL_REMOVED = mark("{account} has no goal any more.")
WATCHED = mark("{account} is watched from now on (by {source}).")
UNWATCHED = mark("{account} is no longer watched; what was read stays until it is forgotten.")
SUMMARY = mark("Summary")
QUIET = mark("Quiet hours")
REMINDER = mark("Reminder")
DISABLED = mark("Stopped")
