"""One message for the members of a wave, and incidents as rows and lines of a list."""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby

from bot.message.alert import acknowledged, chart_of, late, sections, title, verdict
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
from bot.message.reasons import weightiest
from bot.message.voice import Voice, one_line
from bot.model.inline import link
from bot.model.message import Alert, Button, Message
from checks.model import Incident
from checks.platforms import profile_url

ROWS = 8
_BESIDE = 6
"""Rows that have a chart's button beside them: a layout holds forty parts."""
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
    shared = [each for each in worst.incident.reasons if each.code not in _OWN]
    severity = ordered[0].incident.severity
    return Message(
        title=_headline(voice, ordered, now),
        text="\n".join(filter(None, _said(voice, ordered, watched, now))),
        fields=(
            *sections(voice, weightiest(shared), worst.incident.advice),
            *acknowledged(voice, _taken(ordered), now),
        ),
        table=members_table(voice, ordered[:ROWS]),
        row_buttons=tuple(
            Button(label=voice.say("Chart"), command=f"chart {one.number}")
            for one in ordered[:_BESIDE]
        ),
        footer=" · ".join(
            [
                f"#{worst.number}",
                voice.say(SEVERITIES[severity]),
                *_left_out(voice, len(ordered) - ROWS),
            ]
        ),
        severity=severity,
        over=not any(one.incident.open for one in ordered),
        # each row has its own chart
        buttons=buttons(voice, target, still_open)[:-1],
        menus=menus(voice, target, still_open),
        chart=chart_of(worst.incident, worst.number, now),
        mention=mention_of(ordered),
    )


def wave_history(voice: Voice, alerts: Sequence[Alert], now: float) -> Message:
    """One line for a wave's thread: how it stands as a whole."""
    told = [one for one in alerts if one.incident.alerted_at is not None] or list(alerts)
    ordered = sorted(told, key=lambda alert: worst_first(alert.incident))
    leading = _leading(ordered)
    return Message(
        text=". ".join(
            filter(None, [_wave_title(voice, ordered, now), _kinds(voice, ordered)])
        ),
        footer=f"#{leading[0].number} · {voice.when(now, now)}",
        severity=ordered[0].incident.severity,
        over=not any(one.incident.open for one in ordered),
    )


def _headline(voice: Voice, ordered: Sequence[Alert], now: float) -> str:
    """How many, where, and the number that matters; of what is over also how it ended."""
    if not any(alert.incident.open for alert in _leading(ordered)):
        return _wave_title(voice, ordered, now)
    total, level = _total(ordered)
    change = voice.signed(total)
    if level:
        change += f" ({voice.percent(total / level, signed=True)})"
    return voice.plural(
        "{n} account ({where}): {change} in all",
        "{n} accounts ({where}): {change} in all",
        len(ordered),
        where=_where(voice, ordered),
        change=change,
    )


def _said(
    voice: Voice, ordered: Sequence[Alert], watched: int, now: float
) -> tuple[str | None, ...]:
    worst = _leading(ordered)[0]
    when = voice.say("since {day}", day=voice.day(_began(voice, ordered), now))
    hit = voice.say(
        "{hit} of {watched} watched accounts ({share}).",
        hit=voice.count(len(ordered)),
        watched=voice.count(watched),
        share=voice.percent(len(ordered) / max(watched, len(ordered))),
    )
    return (
        late(voice, worst, now),
        verdict(voice, worst.incident, when),
        hit,
        _kinds(voice, ordered),
    )


def _total(ordered: Sequence[Alert]) -> tuple[float, float]:
    """The change of all, and the level before it where that is known."""
    return (
        sum(alert.incident.change for alert in ordered),
        sum(a.incident.level for a in ordered if a.incident.level > 0),
    )


def _kinds(voice: Voice, ordered: Sequence[Alert]) -> str:
    """How many turned out how, where they did not all alike."""
    kinds = Counter((alert.incident.kind, alert.incident.open) for alert in ordered)
    if len(kinds) < 2:
        return ""
    told = ", ".join(
        f"{voice.count(n)} × {kind_and_end(voice, kind, is_open=is_open)}"
        for (kind, is_open), n in kinds.most_common()
    )
    head = voice.say("Of these")
    return f"{head}: {told}"


def _taken(ordered: Sequence[Alert]) -> Alert:
    return next((alert for alert in ordered if alert.acknowledged_by), ordered[0])


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


def wave_title(voice: Voice, incidents: Sequence[Incident], now: float) -> str:
    """A wave in one line where nobody has numbered its members; worst first."""
    return _wave_title(
        voice, [Alert(number=0, incident=one, seen_at=now) for one in incidents], now
    )


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
            "{n} account ({where}): {change} in all since {day}, {kind} {state}",
            "{n} accounts ({where}): {change} in all since {day}, {kind} {state}",
            n,
            **words,
        )
    ends = [alert.incident.resolved_at or 0 for alert in ordered]
    span = voice.span(max(ends) - _began(voice, ordered))
    if worst.kind == "glitch":
        return voice.plural(
            "{n} account ({where}): {change}, a counter glitch, back within {span}",
            "{n} accounts ({where}): {change}, a counter glitch, back within {span}",
            n,
            span=span,
            **words,
        )
    return voice.plural(
        "{n} account ({where}): {change} in all, {kind}, over after {span}",
        "{n} accounts ({where}): {change} in all, {kind}, over after {span}",
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


def members_table(
    voice: Voice, alerts: Sequence[Alert], *, numbered: bool = False
) -> tuple[tuple[str, ...], ...]:
    """Who moved how far; the kind and its number only where they differ or are asked for."""
    mixed = len({(a.incident.kind, a.incident.open) for a in alerts}) > 1
    header = (voice.say("Account"), voice.say("Change"), "%")
    rows = []
    for alert in alerts:
        incident = alert.incident
        share = share_of_level(incident)
        row = (
            voice.account(incident.account, 44),
            voice.signed(incident.change),
            "" if share is None else voice.percent(share, signed=True),
        )
        kind = kind_and_end(voice, incident.kind, is_open=incident.open)
        rows.append((*row, *([kind] if mixed else []), *([f"#{alert.number}"] * numbered)))
    return ((*header, *([voice.say("Kind")] if mixed else []), *(["#"] * numbered)), *rows)


def kind_and_end(voice: Voice, kind: str, *, is_open: bool) -> str:
    """What it is called, and whether it is over: "Purge (over)"."""
    name = kind_name(voice, kind)
    return name if is_open else f"{name} ({voice.say(STATES['resolved'])})"


def _left_out(voice: Voice, count: int) -> list[str]:
    if count <= 0:
        return []
    return [voice.plural('{n} more account: see "Why"', '{n} more accounts: see "Why"', count)]


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
    bare = one_line(incident.account.partition("/")[2] or incident.account)
    name = one_line(voice.names.get(incident.account, "")) or bare
    handle = link(name, profile_url(incident.account))
    if not sizes:
        return handle
    share = share_of_level(incident)
    moved = voice.signed(incident.change)
    return f"{handle} {moved if share is None else voice.percent(share, signed=True)}"
