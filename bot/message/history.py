"""What the newest update of an incident changed, for its thread."""

from bot.message.alert import sure
from bot.message.kinds import SEVERITIES, STATES, happened, kind_name
from bot.message.voice import Voice, one_line
from bot.model.message import Alert, Message
from checks.model import Incident, Update


def history(voice: Voice, alert: Alert, now: float) -> Message:
    """One line for the thread: what the newest update changed."""
    updates = alert.incident.updates
    after = updates[-1] if updates else None
    before = updates[-2] if len(updates) > 1 else None
    parts = [] if after is None else _differences(voice, alert.incident, before, after)
    if alert.acknowledged_by and not parts:
        parts = [voice.say("Acknowledged by {name}.", name=one_line(alert.acknowledged_by))]
    if not parts:
        parts = [
            voice.say(
                "The numbers were updated: {happened}.",
                happened=happened(voice, alert.incident),
            )
        ]
    return Message(
        text=" ".join(parts),
        footer=f"#{alert.number} · {voice.when(after.at if after else now, now)}",
        severity=alert.incident.severity,
        over=not alert.incident.open,
    )


def _differences(
    voice: Voice, incident: Incident, before: Update | None, after: Update
) -> list[str]:
    if before is None:
        return []
    parts = []
    if before.kind != after.kind:
        parts.append(
            voice.say(
                "{old} → {new}.",
                old=kind_name(voice, before.kind),
                new=kind_name(voice, after.kind),
            )
        )
    if before.severity != after.severity:
        parts.append(
            voice.say("Now {severity}.", severity=voice.say(SEVERITIES[after.severity]))
        )
    if before.state != after.state:
        if after.state == "resolved":
            parts.append(
                voice.say("Over after {span}.", span=voice.span(after.at - incident.opened_at))
            )
        else:
            parts.append(voice.say("Now {state}.", state=voice.say(STATES[after.state])))
    if parts:
        parts.append(voice.say("How sure: {sure}.", sure=sure(voice, after.confidence)))
    return parts
