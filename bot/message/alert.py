"""What one incident says, through all of its life."""

from bot.message.controls import buttons, menus
from bot.message.kinds import (
    FLOWING,
    SEVERITIES,
    STATES,
    began,
    happened,
    kind_name,
    last_seen,
    share_of_level,
)
from bot.message.reasons import advice, sentence, weightiest
from bot.message.voice import DAY, Voice, clean, mark
from bot.model.message import Alert, ChartSpec, Field, Message
from checks.model import Incident, Reason

_REASONS = 5
_ADVICE = 3
_CHART_DAYS = 45
_LATE = 2 * DAY

_SURE = (
    (0.9, mark("very sure")),
    (0.7, mark("fairly sure")),
    (0.5, mark("likely")),
    (0.0, mark("a guess")),
)
_STATELESS = {"viral", "glitch", "unexplained_drop", "unexplained_spike", "dilution"}


def alert(voice: Voice, alert: Alert, now: float) -> Message:
    """The message of one incident at its present revision, from the first to the resolved."""
    incident = alert.incident
    return Message(
        title=title(voice, incident, now),
        text=_body(voice, alert, now),
        fields=_fields(voice, alert, now),
        footer=f"#{alert.number} · {clean(incident.account)} · "
        + voice.say(SEVERITIES[incident.severity]),
        severity=incident.severity,
        over=not incident.open,
        buttons=buttons(voice, str(alert.number), alert),
        menus=menus(voice, str(alert.number), alert),
        chart=chart_of(incident, alert.number, now),
        mention=alert.mention if incident.severity == "critical" else None,
    )


def reminder(voice: Voice, alert: Alert, now: float) -> Message:
    """Says that a critical incident is still open and that nobody has taken it on."""
    text = voice.say(
        "Open for {span}, and nobody has acknowledged it yet.",
        span=voice.span(now - alert.seen_at),
    )
    return Message(
        title=voice.say("Still open: {title}", title=title(voice, alert.incident, now)),
        text=text,
        footer=f"#{alert.number}",
        severity=alert.incident.severity,
        buttons=buttons(voice, str(alert.number), alert),
    )


def title(voice: Voice, incident: Incident, now: float) -> str:
    """Everything that matters in one line."""
    what = happened(voice, incident)
    share = share_of_level(incident)
    if share is not None:
        what = f"{what} ({voice.percent(share, signed=True)})"
    words = {
        "kind": kind_name(voice, incident.kind),
        "state": voice.say(STATES[incident.state]),
        "account": clean(incident.account),
        "happened": what,
        "when": _moment(voice, incident, now),
    }
    if incident.resolved_at is not None:
        return _ended(voice, incident, words)
    if incident.kind in _STATELESS:
        return voice.say("{kind}: {account} {happened} {when}", **words)
    return voice.say("{kind} {state}: {account} {happened} {when}", **words)


def chart_of(incident: Incident, number: int, now: float) -> ChartSpec:
    """The weeks before the incident and everything since."""
    end = min(now, max(incident.last_finding_at, incident.resolved_at or 0) + 7 * DAY)
    start = min(incident.opened_at, end) - _CHART_DAYS * DAY
    return ChartSpec(
        account=incident.account,
        metric=incident.metric,
        start=int(start),
        end=int(end),
        incident=number,
    )


def sure(voice: Voice, confidence: float) -> str:
    """The confidence in words and percent: "very sure (94%)"."""
    words = next(word for least, word in _SURE if confidence >= least)
    return f"{voice.say(words)} ({voice.percent(confidence)})"


def why(voice: Voice, reasons: tuple[Reason, ...], limit: int) -> list[str]:
    """Bulleted sentences of the weightiest reasons."""
    return [f"• {sentence(voice, reason)}" for reason in weightiest(reasons)[:limit]]


def late(voice: Voice, alert: Alert, now: float) -> str | None:
    """ "Happened Thu 19 Nov, seen today." where the news came days after the fact."""
    incident = alert.incident
    happened_at: float = incident.alerted_at or incident.last_finding_at
    if alert.seen_at - happened_at < _LATE:
        return None
    if happened_at - incident.opened_at < DAY:
        happened_at = began(incident)
    today = voice.local(alert.seen_at).date() == voice.local(now).date()
    if today:
        return voice.say("Happened {day}, seen today.", day=voice.day(happened_at, now))
    return voice.say(
        "Happened {day}, seen {seen}.",
        day=voice.day(happened_at, now),
        seen=voice.day(alert.seen_at, now),
    )


def _ended(voice: Voice, incident: Incident, words: dict[str, str]) -> str:
    lasted = voice.span((incident.resolved_at or 0) - incident.opened_at)
    if incident.closed_as == "corrected":
        return voice.say("Corrected at the source: {account} {happened} {when}", **words)
    if incident.kind == "glitch":
        back = next((r for r in incident.reasons if r.code == "came_back"), None)
        if back:
            lasted = voice.span(float(back.values["hours"]) * 3600)
        return voice.say(
            "Counter glitch, back within {span}: {account} {happened} {when}",
            span=lasted,
            **words,
        )
    if incident.closed_as == "no_more_data":
        return voice.say("Closed, no more data: {kind}, {account} {happened} {when}", **words)
    return voice.say(
        "Over after {span}: {kind}, {account} {happened} {when}", span=lasted, **words
    )


def _moment(voice: Voice, incident: Incident, now: float) -> str:
    first, last = began(incident), last_seen(incident)
    day = voice.day(first, now)
    one_day = voice.local(first).date() == voice.local(last).date()
    if one_day:
        return voice.say("on {day}", day=day)
    if incident.open:
        return voice.say("since {day}", day=day)
    return voice.say("from {first} to {last}", first=day, last=voice.day(last, now))


def _body(voice: Voice, alert: Alert, now: float) -> str:
    incident = alert.incident
    parts = []
    seen_late = late(voice, alert, now)
    if seen_late:
        parts.append(seen_late)
    reasons = why(voice, incident.reasons, _REASONS)
    if reasons:
        parts.append("\n".join([voice.say("Why:"), *reasons]))
    steps = [f"• {advice(voice, code)}" for code in incident.advice[:_ADVICE]]
    if steps:
        parts.append("\n".join([voice.say("What to do:"), *steps]))
    return "\n\n".join(parts)


def _fields(voice: Voice, alert: Alert, now: float) -> tuple[Field, ...]:
    incident = alert.incident
    known = incident.level > 0
    fields = []
    if incident.direction != "swing":
        flows = incident.metric in FLOWING
        write = voice.count if flows else voice.signed
        change = write(incident.change)
        share = share_of_level(incident)
        if share is not None:
            change += f" ({voice.percent(share, signed=True)})"
        name = voice.say("Came in") if flows else voice.say("Change")
        fields.append(Field(name=name, value=change))
        fields.append(Field(name=voice.say("Expected"), value=write(incident.expected)))
        if known and not flows:
            span = f"{voice.count(incident.level)} → " + voice.count(
                incident.level + incident.change
            )
            fields.append(Field(name=voice.say("Count"), value=span))
    fields.append(Field(name=voice.say("How sure"), value=sure(voice, incident.confidence)))
    fields.append(Field(name=voice.say("Since"), value=voice.day(began(incident), now)))
    if incident.resolved_at is not None:
        lasted = voice.span(incident.resolved_at - incident.opened_at)
        fields.append(Field(name=voice.say("Lasted"), value=lasted))
    if alert.acknowledged_by:
        who = clean(alert.acknowledged_by, 40)
        if alert.acknowledged_at is not None:
            who += f", {voice.when(alert.acknowledged_at, now)}"
        fields.append(Field(name=voice.say("Acknowledged"), value=who))
    return tuple(fields)
