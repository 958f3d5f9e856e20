"""Writes into the store what the config says of channels, events, goals and tags."""

from __future__ import annotations

import hashlib
from datetime import date, datetime, time
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.storage import accounts, channels, events, goals
from bot.storage.settings import TEXT, set_setting, setting
from checks.model import Event

if TYPE_CHECKING:
    from sqlite_utils import Database

    from bot.config.schema import ChannelSettings, EventSettings, Settings
    from bot.storage.database import Store


_APPLIED = "config"


async def apply(store: Store, settings: Settings, now: int, *, anew: bool) -> None:
    """Makes the config hold; what was said in chat stays.

    Where the store holds this very config already nothing is written, unless `anew`.
    """
    mark = hashlib.blake2b(
        repr((settings.model_dump_json(exclude={"chats"}), settings.tags)).encode(),
        digest_size=16,
    ).hexdigest()
    if not anew and await store.read(setting, _APPLIED, TEXT) == mark:
        return

    def work(db: Database) -> None:
        set_setting(db, _APPLIED, mark)
        channels.configure(
            db,
            [_channel(entry, settings) for entry in settings.channels],
            [_subscription(entry) for entry in settings.channels],
            now,
        )
        events.configure(db, [_event(each, settings) for each in settings.events], now)
        wanted = [
            goals.Goal(
                account=goal.account, followers=goal.followers, by_date=goal.by.isoformat()
            )
            for goal in settings.goals
        ]
        goals.configure(db, wanted, now)
        accounts.set_tags(db, settings.tags)
        set_setting(
            db, accounts.NAMES, {name: one.name for name, one in settings.accounts.items()}
        )

    await store.write(work)


def _channel(entry: ChannelSettings, settings: Settings) -> channels.Channel:
    return channels.Channel(
        channel=entry.channel,
        space=settings.homes.get(entry.channel, ""),
        summary=entry.summary,
        quiet=entry.quiet,
        mention=entry.mention,
        thread=entry.thread,
        remind=int(entry.remind.total_seconds()) if entry.remind else None,
        digest_above=entry.digest_above,
        locale=entry.locale or settings.locale,
        timezone=entry.timezone or settings.timezone,
    )


def _subscription(entry: ChannelSettings) -> channels.Subscription:
    return channels.Subscription(
        channel=entry.channel,
        accounts=entry.accounts,
        kinds=entry.kinds,
        direction=entry.direction,
        min_severity=entry.min_severity,
        min_percent=entry.min_percent,
        min_count=entry.min_count,
    )


def _event(entry: EventSettings, settings: Settings) -> Event:
    zone = ZoneInfo(settings.timezone)

    def at(day: date, clock: time) -> int:
        return int(datetime.combine(day, clock, zone).timestamp())

    return Event(
        name=entry.name,
        kind=entry.kind,
        start=at(entry.start, time(0, 0, 0)),
        end=at(entry.to or entry.start, time(23, 59, 59)),
        platform=entry.platform,
        account=entry.account,
    )
