"""incidents, why, ack and feedback: what happened, and what people say to it."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot.commands.parse import Target
from bot.commands.request import Request, as_alert, find_incidents, look, write_down
from bot.commands.status import faults_of, open_alerts
from bot.message import details, replies
from bot.model.command import Caller
from bot.model.message import Message
from bot.storage import incidents
from bot.storage.incidents import Stored


async def listing(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    everything = arguments.get("which") == "all"
    return await look(request, _listing, everything)


async def why(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await look(request, _why, arguments["incident"])


async def acknowledge(
    request: Request, caller: Caller, arguments: Mapping[str, Any]
) -> Message:
    return await request.context.store.write(_acknowledge, request, arguments["incident"])


async def feedback(request: Request, caller: Caller, arguments: Mapping[str, Any]) -> Message:
    return await request.context.store.write(
        _feedback, request, arguments["incident"], arguments["verdict"]
    )


def names_of(found: list[Stored]) -> str:
    """The accounts of incidents, the first few by name."""
    names = [one.incident.account for one in found]
    return ", ".join(names[:3]) + (f" +{len(names) - 3}" if len(names) > 3 else "")


def _listing(db: Database, request: Request, everything: bool) -> Message:
    if not everything:
        alerts = open_alerts(db, request)
    else:
        found = incidents.listing(db, request.patterns)
        alerts = [as_alert(db, request, one) for one in found]
    return details.incident_list(
        request.voice,
        alerts,
        request.now,
        all_of_them=everything,
        faults=faults_of(db, request),
    )


def _why(db: Database, request: Request, target: Target) -> Message:
    found = find_incidents(db, request, target.number, wave=target.wave)
    stored = found[0]
    said = [
        (kind, by)
        for kind, space, by, _ in incidents.feedback_on(db, stored.id)
        if space == request.space or request.console
    ]
    members = [as_alert(db, request, one) for one in found] if target.wave else []
    alert = as_alert(db, request, stored)
    return details.why(request.voice, alert, said, request.now, members=members)


def _acknowledge(db: Database, request: Request, target: Target) -> Message:
    found = find_incidents(db, request, target.number, wave=target.wave)
    now = int(request.now)
    changed = [
        one for one in found if incidents.acknowledge(db, one.id, request.caller.name, now)
    ]
    if not changed:
        name = found[0].acknowledged_by or ""
        return replies.said(request.voice, replies.ALREADY, name=name)
    write_down(db, request, "ack", f"{target.number} {names_of(changed)}")
    request.context.route(db, request.now, [one.id for one in changed])
    return replies.said(request.voice, replies.ACKNOWLEDGED, what=names_of(changed))


_THANKS = {
    "expected": replies.THANKS_EXPECTED,
    "false": replies.THANKS_FALSE,
    "useful": replies.THANKS_USEFUL,
}


def _feedback(
    db: Database, request: Request, target: Target, verdict: incidents.Feedback
) -> Message:
    found = find_incidents(db, request, target.number, wave=target.wave)
    for one in found:
        incidents.give_feedback(
            db, one.id, verdict, request.space, request.caller.name, int(request.now)
        )
    write_down(db, request, f"feedback {verdict}", f"{target.number} {names_of(found)}")
    return replies.said(request.voice, _THANKS[verdict], what=names_of(found))
