"""What the checks found, at length: lists, reasons, charts, previews."""

import math
from collections.abc import Sequence

from bot.message.alert import acknowledged, chart_of, means, numbers, sure, title
from bot.message.controls import menus
from bot.message.kinds import SEVERITIES, STATES, began, kind_name
from bot.message.reasons import advice, sentence
from bot.message.voice import Voice, mark, one_line
from bot.message.wave import lines, members_table
from bot.model.message import Alert, ChartSpec, Field, Message
from checks.model import Incident, Verdict

_LISTED = 25


def incident_list(
    voice: Voice,
    alerts: Sequence[Alert],
    now: float,
    *,
    all_of_them: bool,
    faults: Sequence[str] = (),
) -> Message:
    """Incidents by number, in their order, a wave in one line; many are only counted.

    `faults` are lines about accounts that cannot be seen; they have no number.
    """
    count = len(alerts)
    if all_of_them:
        head = voice.plural("{n} incident", "{n} incidents", count)
    else:
        head = voice.plural("{n} open incident", "{n} open incidents", count)
    told = lines(voice, alerts, now)
    shown = [f"• {text}" for text in told[:_LISTED]]
    left = len(told) - len(shown)
    shown += [f"• {text}" for text in faults[:_LISTED]]
    if left:
        shown.append(voice.plural("… and {n} more", "… and {n} more", left))
    return Message(
        title=head,
        text="\n".join(shown) or voice.say("Nothing is open: all calm."),
        footer=voice.say("More on one of them: why NUMBER") if alerts else "",
        severity=alerts[0].incident.severity if alerts else "warning" if faults else "info",
    )


def why(
    voice: Voice,
    alert: Alert,
    feedback: Sequence[tuple[str, str]],
    now: float,
    *,
    members: Sequence[Alert] = (),
) -> Message:
    """Every reason of an incident, its life step by step, and what people said of it.

    `feedback` holds (kind, name) pairs. Of a wave its `members` stand there instead of a life.
    """
    incident = alert.incident
    told = (
        (voice.say("Why"), [sentence(voice, reason) for reason in incident.reasons]),
        (voice.say("What to do"), [advice(voice, code) for code in incident.advice]),
        (voice.say("Was this right?"), [_feedback(voice, *one) for one in feedback]),
    )
    header = (
        voice.say("When"),
        voice.say("State"),
        voice.say("How sure"),
        "",
    )
    life = tuple(
        (
            voice.when(update.at, now),
            voice.say(STATES[update.state]),
            voice.percent(update.confidence),
            f"{kind_name(voice, update.kind)}, {voice.say(SEVERITIES[update.severity])}",
        )
        for update in incident.updates
    )
    return Message(
        title=title(voice, incident, now),
        text=means(voice, incident.kind),
        fields=(
            *_facts(voice, incident, now),
            *acknowledged(voice, alert, now),
            *(
                Field(name=name, value="\n".join(f"• {line}" for line in lines), short=False)
                for name, lines in told
                if lines
            ),
        ),
        table=members_table(voice, members, numbered=True)
        if len(members) > 1
        else (header, *life)
        if life
        else (),
        footer=f"#{alert.number}",
        severity=incident.severity,
        over=not incident.open,
        menus=menus(voice, str(alert.number), alert),
    )


def _facts(voice: Voice, incident: Incident, now: float) -> tuple[Field, ...]:
    facts = [
        (voice.say("Counts"), numbers(voice, incident)),
        (voice.say("How sure"), sure(voice, incident.confidence)),
        (voice.say("Since"), voice.day(began(incident), now)),
    ]
    if incident.resolved_at is not None:
        lasted = voice.span(incident.resolved_at - incident.opened_at)
        facts.append((voice.say("Lasted"), lasted))
    return tuple(Field(name=name, value=value) for name, value in facts if value)


def judged(
    voice: Voice,
    account: str,
    verdicts: Sequence[Verdict],
    day: tuple[float, float, float],
    early: int | None,
    now: float,
) -> Message:
    """What the checks say of one account right now.

    `day` is the newest change and the least and most that was expected of it; `early` counts
    the changes known where that is too few.
    """
    name = voice.account(account)
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
    lines = _newest_day(voice, *day)
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


def _newest_day(voice: Voice, change: float, low: float, high: float) -> list[str]:
    if math.isnan(change):
        return []
    said = voice.signed(change)
    if math.isnan(low) or math.isnan(high):
        return [voice.say("Newest day: {change}.", change=said)]
    return [
        voice.say(
            "Newest day: {change}, expected {low} to {high}.",
            change=said,
            low=voice.signed(low),
            high=voice.signed(high),
        )
    ]


def chart(voice: Voice, spec: ChartSpec, alert: Alert | None, now: float) -> Message:
    """The frame around a picture."""
    if alert is None:
        return Message(title=voice.account(spec.account), chart=spec)
    return Message(
        title=title(voice, alert.incident, now),
        footer=f"#{alert.number}",
        severity=alert.incident.severity,
        over=not alert.incident.open,
        chart=chart_of(alert.incident, alert.number, now),
    )


def preview(
    voice: Voice,
    counts: Sequence[tuple[str, int, Sequence[str]]],
    yours: str,
    days: int,
    *,
    sample: int | None = None,
) -> Message:
    """How often each sensitivity would have spoken; (name, messages, a few headlines).

    `sample` is how many accounts were looked at where the counts were scaled up from some.
    """
    header = (voice.say("Sensitivity"), voice.say("Messages"), voice.say("A week"))
    rows = []
    for name, messages, _ in counts:
        label = voice.say(_SENSITIVITIES[name])
        if name == yours:
            label += voice.say(" (yours)")
        rows.append((label, voice.count(messages), voice.decimal(messages * 7 / days)))
    examples = next((shown for name, _, shown in counts if name == yours), ())
    text = voice.plural(
        "New messages this channel would have got in the last {n} day, with its own filters; "
        "a wave is one.",
        "New messages this channel would have got in the last {n} days, with its own filters; "
        "a wave is one.",
        days,
    )
    if sample is not None:
        text += " " + voice.say("Estimated from {n} accounts.", n=voice.count(sample))
    parts = [text, "\n".join(f"• {example}" for example in examples)]
    return Message(
        title=voice.say("Preview of the alerts"),
        text="\n\n".join(part for part in parts if part),
        table=(header, *rows),
        severity="info",
    )


def _feedback(voice: Voice, kind: str, name: str) -> str:
    return f"{one_line(name, 40)}: {voice.say(_FEEDBACK[kind])}"


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
