"""incidents, why, ack and feedback: what happened, and what people say to it."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot.commands.parse import Target
from bot.commands.status import open_alerts
from bot.commands.view import View, as_alert, audit, find_incidents, look
from bot.message import answers, verdicts
from bot.model import Caller, Message
from bot.storage import incidents
from bot.storage.incidents import Stored


async def listing(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    everything = arguments.get("which") == "all"
    return await look(view, _listing, everything)


async def why(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await look(view, _why, arguments["incident"])


async def acknowledge(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(_acknowledge, view, arguments["incident"])


async def feedback(view: View, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await view.context.store.write(
        _feedback, view, arguments["incident"], arguments["verdict"]
    )


def names_of(found: list[Stored]) -> str:
    """The accounts of incidents, the first few by name."""
    names = [one.incident.account for one in found]
    return ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")


def _listing(db: Database, view: View, everything: bool) -> Message:
    if not everything:
        alerts = open_alerts(db, view)
    else:
        found = incidents.listing(db, view.patterns)
        alerts = [as_alert(db, view, one) for one in found]
    return verdicts.incident_list(view.voice, alerts, view.now, all_of_them=everything)


def _why(db: Database, view: View, target: Target) -> Message:
    stored = find_incidents(db, view, target.number, wave=False)[0]
    said = [
        (kind, by)
        for kind, space, by, _ in incidents.feedback_on(db, stored.id)
        if space == view.space or view.console
    ]
    return verdicts.why(view.voice, as_alert(db, view, stored), said, view.now)


def _acknowledge(db: Database, view: View, target: Target) -> Message:
    found = find_incidents(db, view, target.number, wave=target.wave)
    now = int(view.now)
    changed = [one for one in found if incidents.acknowledge(db, one.id, view.caller.name, now)]
    if not changed:
        name = found[0].acknowledged_by or ""
        return answers.said(view.voice, answers.ALREADY, name=name)
    audit(db, view, "ack", f"{target.number} {names_of(changed)}")
    view.context.route(db, view.now, [one.id for one in changed])
    return answers.said(view.voice, answers.ACKNOWLEDGED, what=names_of(changed))


_THANKS = {
    "expected": answers.THANKS_EXPECTED,
    "false": answers.THANKS_FALSE,
    "useful": answers.THANKS_USEFUL,
}


def _feedback(db: Database, view: View, target: Target, verdict: incidents.Feedback) -> Message:
    found = find_incidents(db, view, target.number, wave=target.wave)
    for one in found:
        incidents.give_feedback(
            db, one.id, verdict, view.space, view.caller.name, int(view.now)
        )
    audit(db, view, f"feedback {verdict}", f"{target.number} {names_of(found)}")
    return answers.said(view.voice, _THANKS[verdict], what=names_of(found))
