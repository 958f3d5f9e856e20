"""An alert as data, for chats that hand it on to programs."""

from collections.abc import Mapping
from typing import Any

from sqlite_utils import Database

from bot.message.contract import alert_fields
from bot.model.message import Alert
from bot.storage import alerts, incidents
from bot.storage.channels import Channel


def alert_data(db: Database, id: int, channel: Channel) -> tuple[Mapping[str, Any], ...]:
    """The incidents that a message of the channel shows, each under its number there."""
    row = alerts.get(db, id)
    if row.part_of is not None:
        row = alerts.get(db, row.part_of)
    shown = [incidents.get(db, member) for member in row.members]
    return tuple(
        alert_fields(
            Alert(
                number=incidents.number(db, channel.space, one.id),
                incident=one.incident,
                seen_at=one.seen_at,
                acknowledged_by=one.acknowledged_by,
                acknowledged_at=one.acknowledged_at,
            ),
            channel.timezone,
        )
        for one in shown
    )
