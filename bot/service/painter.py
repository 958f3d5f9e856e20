"""Charts of messages that are about to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.commands.progress import read_panel
from bot.message import picture, voice_for
from bot.storage import accounts, events, incidents
from checks.panel.panel import LOOKBACK, Panel

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.model.message import ChartSpec, Picture
    from bot.storage.channels import Channel
    from bot.storage.database import Store
    from checks.model import Event, Incident

_DAY = 86400


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws a message's chart just before it is sent, in the channel's own language."""

    store: Store
    calendar: Callable[[], float]
    timezone: str

    async def __call__(self, channel: Channel, spec: ChartSpec) -> Picture | None:
        now = self.calendar()

        def read(db: Database) -> tuple[Panel, Incident | None, tuple[Event, ...]]:
            reach = int((now - spec.start) / _DAY) + LOOKBACK + 1
            panel = read_panel(db, self.store.path, [spec.account], now, self.timezone, reach)
            number = spec.incident
            stored = incidents.by_number(db, channel.space, number) if number else None
            known = tuple(one.event for one in events.listing(db, channel.space))
            return panel, stored.incident if stored else None, known

        panel, incident, known = await self.store.read(read)
        names = await self.store.read(accounts.names)
        voice = voice_for(channel.locale, channel.timezone, names)
        return await asyncio.to_thread(picture, voice, spec, panel, now, incident, known)
