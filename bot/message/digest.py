"""Many incidents in few messages: a night, an import, an outage, a bad day."""

from collections.abc import Iterator, Sequence
from typing import Literal

from bot.message.alert import moved
from bot.message.kinds import SEVERITIES, began, worst_first
from bot.message.voice import Voice
from bot.message.wave import kind_and_end, members_named, mention_of
from bot.model.inline import plain
from bot.model.message import Alert, Field, Message

_PART = 3400
"""Characters of one digest part: below the least text limit of a platform (4,000 for all)."""

LISTED = 10
"""Incidents that have lines of their own."""

_MOST = 10
"""Parts from which on names alone must do."""


def digest(
    voice: Voice,
    alerts: Sequence[Alert],
    now: float,
    *,
    reason: Literal["many", "quiet", "import", "catch_up"],
    older: int = 0,
    since: float | None = None,
) -> tuple[Message, ...]:
    """Many incidents in as few messages as fit, worst first, every account named.

    `older` incidents were recorded silently and get one line; `since` is when an outage or
    the quiet hours began.
    """
    ordered = sorted(alerts, key=lambda alert: worst_first(alert.incident))
    head = _digest_title(voice, ordered, reason, older)
    opening = []
    if since is not None:
        opening.append(voice.say("Held back since {when}.", when=voice.when(since, now)))
    if older:
        opening.append(
            voice.plural(
                '{n} older incident was recorded silently: see "incidents all".',
                '{n} older incidents were recorded silently: see "incidents all".',
                older,
            )
        )
    start = "\n\n".join(opening)
    worst = tuple(_told(voice, one, now) for one in ordered[:LISTED])
    taken = len(start) + sum(len(one.name) + len(one.value) for one in worst)
    rest = _parts(voice, ordered[LISTED:], taken, sizes=True)
    if len(rest) > _MOST:
        rest = _parts(voice, ordered[LISTED:], taken, sizes=False)
    also = (Field(name="", value=text, short=False) for text in rest[:1])
    parts = [(start, (*worst, *also)), *((text, ()) for text in rest[1:])]
    return tuple(
        Message(
            title=head if len(parts) == 1 else f"{head} ({part}/{len(parts)})",
            text=text,
            fields=fields,
            footer=voice.say("More on one of them: why NUMBER") if ordered else "",
            severity=ordered[0].incident.severity if ordered else "info",
            over=bool(ordered) and not any(one.incident.open for one in ordered),
            mention=mention_of(ordered) if part == 1 else None,
        )
        for part, (text, fields) in enumerate(parts, 1)
    )


def _told(voice: Voice, alert: Alert, now: float) -> Field:
    """One incident in three lines short enough for a phone."""
    incident = alert.incident
    facts = [
        f"#{alert.number}",
        kind_and_end(voice, incident.kind, is_open=incident.open),
        voice.day(began(incident), now),
        *([voice.say(SEVERITIES["critical"])] if incident.severity == "critical" else []),
    ]
    value = f"{moved(voice, incident)}\n{' · '.join(facts)}"
    return Field(name=voice.account(incident.account), value=value, short=False)


def _parts(voice: Voice, alerts: Sequence[Alert], taken: int, *, sizes: bool) -> list[str]:
    names = map(plain, members_named(voice, alerts, sizes=sizes))
    return list(_packed(names, _PART, first=_PART - taken))


def _packed(lines: Iterator[str], limit: int, *, first: int) -> Iterator[str]:
    """Joins lines into texts of at most `limit` characters, cut only after a comma.

    The first text has less room: the worst stand before it.
    """
    text, room = "", first
    for whole in lines:
        for piece in whole.replace(", ", ",\0 ").split("\0"):
            start = piece.lstrip() if not text else piece
            if text and len(text) + len(start) > room:
                yield text.rstrip(", \n")
                text, start, room = "", piece.lstrip(), limit
            text += start
        text += "\n"
    if text.strip():
        yield text.rstrip("\n")


def _digest_title(voice: Voice, ordered: Sequence[Alert], reason: str, older: int) -> str:
    n = len(ordered)
    critical = sum(alert.incident.severity == "critical" for alert in ordered)
    if not n:
        return voice.plural(
            "{n} older incident recorded", "{n} older incidents recorded", older
        )
    if reason == "quiet":
        head = voice.plural(
            "{n} incident during the quiet hours", "{n} incidents during the quiet hours", n
        )
    elif reason == "import":
        head = voice.plural(
            "First import: {n} incident still open", "First import: {n} incidents still open", n
        )
    elif reason == "catch_up":
        head = voice.plural(
            "{n} alert that could not be sent before",
            "{n} alerts that could not be sent before",
            n,
        )
    else:
        head = voice.plural("{n} incident at once", "{n} incidents at once", n)
    if critical:
        head += voice.say(", {n} critical", n=voice.count(critical))
    return head
