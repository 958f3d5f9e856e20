"""Charts of messages that are about to be sent."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bot.commands.progress import read_panel
from bot.message import Scene, picture, voice_for
from bot.message.summary import report_picture
from bot.model.reading import DAY
from bot.storage import accounts, events, incidents, notices
from checks.panel.panel import LOOKBACK, Panel

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.model.chat import Theme
    from bot.model.message import ChartSpec, Picture
    from bot.storage.channels import Channel
    from bot.storage.database import Store


@dataclass(frozen=True, slots=True)
class Painter:
    """Draws a message's chart just before it is sent, in the channel's own language.

    `themes` holds the ground of each chat's charts.
    """

    store: Store
    calendar: Callable[[], float]
    timezone: str
    themes: Mapping[str, Theme]
    first: Callable[[], AbstractContextManager[None]] = nullcontext
    """Entered while it draws: answers wait for alerts."""

    async def __call__(self, channel: Channel, spec: ChartSpec) -> Picture | None:
        with self.first():
            return await self._drawn(channel, spec)

    async def _drawn(self, channel: Channel, spec: ChartSpec) -> Picture | None:
        now = self.calendar()
        theme = self.themes[channel.channel.partition(":")[0]]
        if spec.report is not None:
            voice = voice_for(channel.locale, channel.timezone)
            return await asyncio.to_thread(report_picture, voice, spec.report, theme)

        def read(db: Database) -> tuple[Panel, Scene, Mapping[str, str]]:
            reach = int((now - spec.start) / DAY) + LOOKBACK + 1
            panel = read_panel(db, self.store.path, [spec.account], now, self.timezone, reach)
            number = spec.incident
            stored = incidents.by_number(db, channel.space, number) if number else None
            past = incidents.listing(db, account=spec.account, since=spec.start)
            scene = Scene(
                incident=stored.incident if stored else None,
                others=[one.incident for one in past],
                events=[one.event for one in events.listing(db, channel.space)],
                notices=notices.warnings(db, spec.account),
                theme=theme,
            )
            return panel, scene, accounts.names(db)

        panel, scene, names = await self.store.read(read)
        voice = voice_for(channel.locale, channel.timezone, names)
        return await asyncio.to_thread(picture, voice, spec, panel, now, scene)
