"""One message for the members of a wave, and incidents as rows and lines of a list."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.message.alert import chart_of, late, sure, title, why
from bot.message.controls import buttons, menus
from bot.message.kinds import (
    SEVERITIES,
    STATES,
    began,
    kind_name,
    platform_name,
    share_of_level,
    worst_first,
)
from bot.message.reasons import advice
from bot.message.voice import Voice, clean
from bot.model.message import Alert, Field, Message
from checks.model import Incident

ROWS = 10
_OWN = frozenset({"joined_wave", "beyond_wave", "surprise"})
"""Reasons that speak of one member and not of its wave; the table shows who fell how far."""


def wave(voice: Voice, alerts: Sequence[Alert], now: float, *, watched: int) -> Message:
    """The members of one wave that a channel may see; `watched` is how many accounts it sees.

    The message is edited as members join and resolve. Members recorded silently are left
    out; where members turned out differently, the headline is that of the most.
    """
    told = [one for one in alerts if one.incident.alerted_at is not None] or alerts
    ordered = sorted(told, key=lambda alert: worst_first(alert.incident))
    worst = _leading(ordered)[0]
    still_open = next((one for one in ordered if one.incident.open), worst)
    target = f"w{worst.number}"
    seen_late = late(voice, worst, now)
    steps = [f"• {advice(voice, code)}" for code in worst.incident.advice[:3]]
    shared = tuple(each for each in worst.incident.reasons if each.code not in _OWN)
    reasons = why(voice, shared, 4)
    parts = [
        seen_late or "",
        "\n".join([voice.say("Why:"), *reasons]) if reasons else "",
        "\n".join([voice.say("What to do:"), *steps]) if steps else "",
        _others(voice, ordered[ROWS:]),
    ]
    severity = ordered[0].incident.severity
    return Message(
        title=_wave_title(voice, ordered, now),
        text="\n\n".join(part for part in parts if part),
        fields=_wave_fields(voice, ordered, watched, now),
        table=members_table(voice, ordered[:ROWS]),
        footer=f"#{worst.number} · {voice.say(SEVERITIES[severity])}",
        severity=severity,
        over=not any(one.incident.open for one in ordered),
        buttons=buttons(voice, target, still_open),
        menus=menus(voice, target, still_open),
        chart=chart_of(worst.incident, worst.number, now),
        mention=mention_of(ordered),
    )


def line(voice: Voice, alert: Alert, now: float) -> str:
    """One incident in one line of a list."""
    return f"#{alert.number} {title(voice, alert.incident, now)}"


def lines(voice: Voice, alerts: Sequence[Alert], now: float) -> list[str]:
    """Incidents in one line each, in their order; those of one wave share a line."""
    waves: dict[str, list[Alert]] = {}
    for place, one in enumerate(alerts):
        waves.setdefault(one.incident.wave or f"\0{place}", []).append(one)
    return [
        line(voice, group[0], now)
        if len(group) == 1
        else f"#{group[0].number} {_wave_title(voice, group, now)}"
        for group in waves.values()
    ]


def mention_of(alerts: Sequence[Alert]) -> str | None:
    critical = (alert for alert in alerts if alert.incident.severity == "critical")
    return next((alert.mention for alert in critical if alert.mention), None)


def _leading(ordered: Sequence[Alert]) -> list[Alert]:
    """Members of the kind that most have; of two alike the graver one's."""
    kinds = Counter(alert.incident.kind for alert in ordered)
    usual = max(kinds, key=lambda kind: kinds[kind])
    return [alert for alert in ordered if alert.incident.kind == usual]


def _wave_title(voice: Voice, ordered: Sequence[Alert], now: float) -> str:
    ordered = _leading(ordered)
    still_open = [alert.incident for alert in ordered if alert.incident.open]
    worst = (still_open or [ordered[0].incident])[0]
    change = sum(alert.incident.change for alert in ordered)
    day = voice.day(_began(voice, ordered), now)
    words = {
        "kind": kind_name(voice, worst.kind),
        "state": voice.say(STATES[worst.state]),
        "where": _where(voice, ordered),
        "change": voice.signed(change),
        "day": day,
    }
    n = len(ordered)
    if still_open:
        return voice.plural(
            "{kind} {state} at {n} account ({where}): {change} in all since {day}",
            "{kind} {state} at {n} accounts ({where}): {change} in all since {day}",
            n,
            **words,
        )
    ends = [alert.incident.resolved_at or 0 for alert in ordered]
    span = voice.span(max(ends) - _began(voice, ordered))
    if worst.kind == "glitch":
        return voice.plural(
            "Counter glitch at {n} account ({where}): {change} came back within {span}",
            "Counter glitch at {n} accounts ({where}): {change} came back within {span}",
            n,
            span=span,
            **words,
        )
    return voice.plural(
        "Over after {span}: {kind} at {n} account ({where}), {change} in all",
        "Over after {span}: {kind} at {n} accounts ({where}), {change} in all",
        n,
        span=span,
        **words,
    )


def _began(voice: Voice, ordered: Sequence[Alert]) -> float:
    """The day on which most members began; a leak that joined may be older than its wave."""
    opened = sorted(began(alert.incident) for alert in ordered)
    days = Counter(voice.local(at).date() for at in opened)
    usual = max(days, key=lambda day: days[day])
    return next(at for at in opened if voice.local(at).date() == usual)


def _where(voice: Voice, ordered: Sequence[Alert]) -> str:
    platforms = dict.fromkeys(_platform(alert.incident) for alert in ordered)
    return voice.listed([platform_name(platform) for platform in platforms][:4])


def _platform(incident: Incident) -> str:
    return incident.account.partition("/")[0] if "/" in incident.account else ""


def _wave_fields(
    voice: Voice, ordered: Sequence[Alert], watched: int, now: float
) -> tuple[Field, ...]:
    worst = _leading(ordered)[0]
    accounts = voice.say(
        "{hit} of {watched} ({share})",
        hit=voice.count(len(ordered)),
        watched=voice.count(watched),
        share=voice.percent(len(ordered) / max(watched, len(ordered))),
    )
    total = sum(alert.incident.change for alert in ordered)
    level = sum(a.incident.level for a in ordered if a.incident.level > 0)
    change = voice.signed(total)
    if level:
        change += f" ({voice.percent(total / level, signed=True)})"
    since = _began(voice, ordered)
    fields = [
        Field(name=voice.say("Accounts"), value=accounts),
        Field(name=voice.say("Change"), value=change),
        Field(name=voice.say("How sure"), value=sure(voice, worst.incident.confidence)),
        Field(name=voice.say("Since"), value=voice.day(since, now)),
    ]
    kinds = Counter((alert.incident.kind, alert.incident.open) for alert in ordered)
    if len(kinds) > 1:
        value = ", ".join(
            f"{voice.count(n)} × {_kind_and_end(voice, kind, is_open)}"
            for (kind, is_open), n in kinds.most_common()
        )
        fields.append(Field(name=voice.say("Of these"), value=value))
    taken = next((alert for alert in ordered if alert.acknowledged_by), None)
    if taken and taken.acknowledged_by:
        who = clean(taken.acknowledged_by, 40)
        if taken.acknowledged_at is not None:
            who += f", {voice.when(taken.acknowledged_at, now)}"
        fields.append(Field(name=voice.say("Acknowledged"), value=who))
    return tuple(fields)


def members_table(voice: Voice, alerts: Sequence[Alert]) -> tuple[tuple[str, ...], ...]:
    header = (
        "#",
        voice.say("Account"),
        voice.say("Change"),
        "%",
        voice.say("Kind"),
        voice.say("Severity"),
    )
    rows = []
    for alert in alerts:
        incident = alert.incident
        share = share_of_level(incident)
        rows.append(
            (
                str(alert.number),
                clean(incident.account, 44),
                voice.signed(incident.change),
                "" if share is None else voice.percent(share, signed=True),
                _kind_and_end(voice, incident.kind, incident.open),
                voice.say(SEVERITIES[incident.severity]),
            )
        )
    return (header, *rows)


def _kind_and_end(voice: Voice, kind: str, is_open: bool) -> str:
    name = kind_name(voice, kind)
    return name if is_open else f"{name} ({voice.say(STATES['resolved'])})"


def _others(voice: Voice, alerts: Sequence[Alert]) -> str:
    names = list(members_named(voice, alerts))
    return "\n".join([voice.say("Also:"), *names]) if names else ""


def members_named(
    voice: Voice, alerts: Sequence[Alert], *, sizes: bool = True
) -> Iterator[str]:
    """The accounts of each platform in order, one line per platform; `sizes` adds changes."""
    by_platform = sorted(alerts, key=lambda alert: _platform(alert.incident))
    for platform, members in groupby(by_platform, key=lambda a: _platform(a.incident)):
        names = ", ".join(_short(voice, alert, sizes) for alert in members)
        yield f"{platform_name(platform)}: {names}" if platform else names


def _short(voice: Voice, alert: Alert, sizes: bool) -> str:
    incident = alert.incident
    handle = clean(incident.account.partition("/")[2] or incident.account)
    if not sizes:
        return handle
    share = share_of_level(incident)
    moved = voice.signed(incident.change)
    return f"{handle} {moved if share is None else voice.percent(share, signed=True)}"
