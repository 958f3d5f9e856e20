"""What one incident says, through all of its life."""

from collections.abc import Sequence

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
from bot.message.voice import Voice, mark, one_line
from bot.model.message import Alert, ChartSpec, Field, Message
from bot.model.reading import DAY
from checks.model import UNEXPLAINED, Cause, Incident, Reason

REASONS = 3
"""That a message tells; all of them are behind "Why"."""
_ADVICE = 3
_CHART_DAYS = 45
_LATE = 2 * DAY

_SURE = (
    (0.9, mark("very sure")),
    (0.7, mark("fairly sure")),
    (0.5, mark("likely")),
    (0.0, mark("a guess")),
)
MEANINGS = {
    "purge": mark("The platform removed accounts from many profiles at once."),
    "unfollow_wave": mark("People leave this account in particular."),
    "leak": mark("Every day a few more leave than usual, and it adds up."),
    "mass_follow": mark("Many followed at once who do nothing else here."),
    "viral": mark("New people come, and they are active."),
    "follow_unfollow": mark("The account itself follows and unfollows in bulk."),
    "dilution": mark("The followers stay, but few of them still react."),
    "posting_stopped": mark("Who posted regularly has fallen silent, and reach follows."),
    "glitch": mark("The counter was wrong for a while; nobody left."),
    "unexplained_drop": mark("More left than usual, and nothing known explains it."),
    "unexplained_spike": mark("More came than usual, and nothing known explains it."),
    "identity_change": mark("Another account may stand behind this handle now."),
}
"""What each kind means for the account, in one sentence."""

_STATELESS = {"viral", "glitch", "dilution", "identity_change"} | UNEXPLAINED
_ELSE = 0.1
"""Chance from which on a runner-up is named."""


def alert(voice: Voice, alert: Alert, now: float) -> Message:
    """The message of one incident at its present revision, from the first to the resolved."""
    incident = alert.incident
    return Message(
        title=headline(voice, incident, now),
        text=_text(voice, alert, now),
        fields=(
            *sections(voice, weightiest(incident.reasons), incident.advice),
            *acknowledged(voice, alert, now),
        ),
        footer=f"#{alert.number} · {voice.say(SEVERITIES[incident.severity])}",
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
    incident = alert.incident
    told = verdict(voice, incident, _moment(voice, incident, now))
    return Message(
        title=voice.say("{title}, still open", title=headline(voice, incident, now)),
        text=f"{text}\n{told}",
        footer=f"#{alert.number}",
        severity=alert.incident.severity,
        buttons=buttons(voice, str(alert.number), alert),
    )


def headline(voice: Voice, incident: Incident, now: float) -> str:
    """Who, and the number that matters; of what is over also how it ended."""
    words = _words(voice, incident, now)
    if incident.resolved_at is not None:
        return _ended(voice, incident, words)
    if incident.kind in UNEXPLAINED:
        return voice.say("{account} {happened}, cause not clear yet", **words)
    return f"{words['account']} {words['happened']}"


def title(voice: Voice, incident: Incident, now: float) -> str:
    """Everything that matters in one line, for lists."""
    words = _words(voice, incident, now)
    if incident.resolved_at is not None:
        return _ended(voice, incident, words)
    if incident.kind in UNEXPLAINED:
        return voice.say("{account} {happened} {when}, cause not clear yet", **words)
    if incident.kind in _STATELESS:
        return voice.say("{account} {happened} {when}: {kind}", **words)
    return voice.say("{account} {happened} {when}: {kind} {state}", **words)


def verdict(voice: Voice, incident: Incident, when: str) -> str:
    """What it is, how likely that is and what else it may be, how sure it is unusual at all."""
    if incident.kind in UNEXPLAINED and incident.resolved_at is None:
        told = voice.say("Cause not clear yet, seen {when}.", when=when)
        likely = _likely(voice, incident.causes[:2])
        parts = [told, voice.say("Likeliest: {causes}.", causes=likely) if likely else ""]
        return " ".join([*filter(None, parts), _unusual(voice, incident)])
    causes = incident.causes
    words = {
        "kind": kind_name(voice, incident.kind),
        "state": voice.say(STATES[incident.state]),
        "when": when,
        "sure": sure(voice, causes[0].chance if causes else incident.confidence),
    }
    known = incident.kind in _STATELESS or incident.state == "resolved"
    told = (
        voice.say("{kind} {when}, {sure}.", **words)
        if known
        else voice.say("{kind} {state} {when}, {sure}.", **words)
    )
    parts = [told]
    if len(causes) > 1 and causes[1].chance >= _ELSE and incident.resolved_at is None:
        parts.append(voice.say("Otherwise: {causes}.", causes=_likely(voice, causes[1:2])))
    parts.append(means(voice, incident.kind))
    if causes and incident.resolved_at is None:
        parts.append(_unusual(voice, incident))
    return " ".join(filter(None, parts))


def means(voice: Voice, kind: str) -> str:
    """What the kind means for the account, in one sentence."""
    return voice.say(MEANINGS[kind]) if kind in MEANINGS else ""


def _likely(voice: Voice, causes: Sequence[Cause]) -> str:
    """Causes with their chances: "Purge (62%) or Unfollow wave (25%)"."""
    named = [
        voice.say(
            "{kind} ({chance})",
            kind=kind_name(voice, each.kind),
            chance=voice.percent(each.chance),
        )
        for each in causes
    ]
    return voice.say(" or ").join(named)


def _unusual(voice: Voice, incident: Incident) -> str:
    return voice.say("Unusual at all: {sure}.", sure=sure(voice, incident.confidence))


def sections(
    voice: Voice, reasons: Sequence[Reason], codes: Sequence[str]
) -> tuple[Field, ...]:
    """Why it is thought so, numbers first, and what to do; the rest is behind "Why"."""
    told = ((voice.say("Why"), why(voice, tuple(reasons), REASONS)),)
    steps = [f"• {advice(voice, code)}" for code in codes[:_ADVICE]]
    return tuple(
        Field(name=name, value="\n".join(lines), short=False)
        for name, lines in (*told, (voice.say("What to do"), steps))
        if lines
    )


def acknowledged(voice: Voice, alert: Alert, now: float) -> tuple[Field, ...]:
    """Who looks after it, and since when."""
    if not alert.acknowledged_by:
        return ()
    who = one_line(alert.acknowledged_by, 40)
    if alert.acknowledged_at is not None:
        who += f", {voice.when(alert.acknowledged_at, now)}"
    return (Field(name=voice.say("Acknowledged"), value=who),)


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
        return voice.say("{account} {happened} {when}: corrected at the source", **words)
    if incident.kind == "glitch":
        back = next((r for r in incident.reasons if r.code == "came_back"), None)
        if back:
            lasted = voice.span(float(back.values["hours"]) * 3600)
        return voice.say(
            "{account} {happened} {when}: counter glitch, back within {span}",
            span=lasted,
            **words,
        )
    if incident.closed_as == "no_more_data":
        return voice.say(
            "{account} {happened} {when}: {kind}, closed without more data", **words
        )
    return voice.say(
        "{account} {happened} {when}: {kind}, over after {span}", span=lasted, **words
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


def moved(voice: Voice, incident: Incident) -> str:
    """What the counts did, with its share: "lost 9,000 followers (−3.0%)"."""
    what = happened(voice, incident)
    share = share_of_level(incident)
    return what if share is None else f"{what} ({voice.percent(share, signed=True)})"


def _words(voice: Voice, incident: Incident, now: float) -> dict[str, str]:
    return {
        "kind": kind_name(voice, incident.kind),
        "state": voice.say(STATES[incident.state]),
        "account": voice.account(incident.account),
        "happened": moved(voice, incident),
        "when": _moment(voice, incident, now),
    }


def _text(voice: Voice, alert: Alert, now: float) -> str:
    """What it means, then the counts."""
    incident = alert.incident
    told = verdict(voice, incident, _moment(voice, incident, now))
    parts = [late(voice, alert, now), told, numbers(voice, incident)]
    return "\n".join(part for part in parts if part)


def numbers(voice: Voice, incident: Incident) -> str:
    """The count before and after, and what was expected meanwhile."""
    if incident.direction == "swing":
        return ""
    flows = incident.metric in FLOWING
    write = voice.count if flows else voice.signed
    expected = voice.say("{expected} expected", expected=write(incident.expected))
    if incident.level > 0 and not flows:
        after = voice.count(incident.level + incident.change)
        return f"{voice.count(incident.level)} → {after} · {expected}"
    return f"{write(incident.change)} · {expected}"
