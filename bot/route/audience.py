"""What a channel may and wants to hear, and when it does not want to hear anything."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlite_utils import Database

from bot.storage import accounts, channels, incidents
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.incidents import Stored
from checks.model import SEVERITIES, Incident, Notice


def quiet_end(channel: Channel, now: float) -> int | None:
    """When the quiet hours that hold now are over; None outside them."""
    if channel.quiet is None:
        return None
    zone = ZoneInfo(channel.timezone)
    local = datetime.fromtimestamp(now, zone).replace(tzinfo=None)
    first, last = (_minutes(text) for text in channel.quiet.split("-"))
    minute = local.hour * 60 + local.minute
    inside = first <= minute < last if first < last else minute >= first or minute < last
    if not inside or first == last:
        return None
    day = local.date() + timedelta(days=1 if minute >= last else 0)
    ends = datetime(day.year, day.month, day.day, last // 60, last % 60, tzinfo=zone)
    return int(ends.timestamp())


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


class Audience:
    """All subscriptions, mutes and walls of one moment, read once."""

    def __init__(self, db: Database, access: AccessPolicy, now: int) -> None:
        self.db, self.access, self.now = db, access, now
        self.tags = accounts.words_by_account(db)
        self.names = accounts.names(db)
        self.mutes = channels.mutes(db, now)
        self.subscriptions: dict[str, list[Subscription]] = defaultdict(list)
        for subscription in channels.subscriptions(db):
            self.subscriptions[subscription.channel].append(subscription)
        self._stored: dict[int, Stored] = {}

    def get(self, id: int) -> Stored:
        return self.gather([id])[0]

    def gather(self, ids: Sequence[int]) -> list[Stored]:
        """Several, of which those that are not known yet are read at once."""
        missing = set(ids) - self._stored.keys()
        if missing:
            self._stored |= incidents.of_ids(self.db, missing)
        return [self._stored[id] for id in ids]

    def hears(self, channel: Channel, incident: Incident) -> bool:
        tags = self.tags.get(incident.account, ())
        return self.access.sees(channel.space, incident.account, tags) and self.wants(
            channel, incident
        )

    def wants(self, channel: Channel, incident: Incident) -> bool:
        """Whether it was subscribed, whoever may see it."""
        tags = self.tags.get(incident.account, ())
        return any(
            subscription.wants(incident, tags)
            for subscription in self.subscriptions[channel.channel]
        )

    def hears_notice(self, channel: Channel, notice: Notice) -> bool:
        """Subscriptions to some kinds of incidents hear no notices."""
        if notice.account is None:
            return False
        tags = self.tags.get(notice.account, ())
        rank = SEVERITIES.index(notice.severity)
        return self.access.sees(channel.space, notice.account, tags) and any(
            not one.kinds
            and SEVERITIES.index(one.min_severity) <= rank
            and accounts.matches(one.accounts, notice.account, tags)
            for one in self.subscriptions[channel.channel]
        )

    def sees(self, channel: Channel, account: str) -> bool:
        """Accounts that the channel's messages may name."""
        tags = self.tags.get(account, ())
        return self.access.sees(channel.space, account, tags) and any(
            accounts.matches(subscription.accounts, account, tags)
            for subscription in self.subscriptions[channel.channel]
        )

    def obstacle(self, channel: Channel, one: Stored) -> str | None:
        """Why the channel cannot hear of it now: disabled, mute or quiet."""
        incident = one.incident
        if channel.disabled is not None:
            return "disabled"
        for mute in self.mutes:
            if mute.covers(
                channel.space,
                channel.channel,
                incident.account,
                one.id,
                incident.severity,
                self.now,
            ):
                return "mute"
        if incident.severity != "critical" and quiet_end(channel, self.now) is not None:
            return "quiet"
        return None
