"""Sending what waits in the outbox, each message once: claim, look, send, settle."""

import asyncio
import contextlib
import logging
import math
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import cast

from sqlite_utils import Database

from bot.deliver import told
from bot.deliver.data import alert_data
from bot.deliver.forms import SEND_SECONDS, Arrived, send
from bot.deliver.spaces import ChannelSpaces
from bot.errors import (
    DeliveryDeferred,
    DeliveryError,
    DeliveryMalformed,
    DeliveryRefused,
    DeliveryUnconfirmed,
    StorageError,
)
from bot.model.chat import Chat, Delivery, FindingChat
from bot.model.inline import link
from bot.model.message import ChartSpec, Picture
from bot.model.observe import Observe, unobserved
from bot.model.reading import DAY
from bot.route import Voices, catch_up
from bot.storage import alerts, channels, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel
from bot.storage.database import Store
from bot.storage.outbox import Claimed, Damaged

log = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
"""How soon deliveries that another program queued are seen."""

LEASE_SECONDS = 300.0
_LONGEST_PAUSE = 300.0
LONGEST_ASKED = 900.0
"""The longest pause that a platform is believed: Discord's and Slack's own are minutes. After
it one message asks again; half asks twice as often in an outage, double is told later."""
_SHORTEST_ASKED = 1.0
"""A platform that asks for no pause, or a negative one, is not asked again at once."""
_LEARN_SECONDS = 60.0

_FIRST_ASIDE, _LONGEST_ASIDE = 300.0, 21600.0

CATCH_UP = 86400
LATE_SUMMARY = 43200

Draw = Callable[[Channel, ChartSpec], Awaitable[Picture | None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Clocks:
    """`calendar` may be a replay's; `wall` is real time, `monotonic` never jumps."""

    calendar: Callable[[], float]
    wall: Callable[[], float]
    monotonic: Callable[[], float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hooks:
    """What the worker asks of the program.

    `report` tells the operator a sentence; `draw` makes a chart just before sending, and a
    message without its picture is sent where that fails. `queued` is set by whoever queued
    something, so that nobody waits for the next look. `observe` is told of each try to send.
    `page` is the address of the page, to which alerts then link.
    """

    draw: Draw
    report: Callable[[str], Awaitable[None]]
    queued: asyncio.Event = field(default_factory=asyncio.Event)
    observe: Observe = unobserved
    page: str | None = None


@dataclass(slots=True)
class _Backoff:
    """When a channel may be tried again, and how often it failed in a row.

    `told` where the operator knows that the platform asks for too long a pause.
    """

    until: float = 0.0
    failures: int = 0
    told: bool = False


class OutboxWorker:
    """Sends for one process; channels run beside each other, each in its own order."""

    def __init__(
        self,
        store: Store,
        chats: Mapping[str, Chat],
        *,
        voices: Voices,
        access: AccessPolicy,
        clocks: Clocks,
        hooks: Hooks,
    ) -> None:
        self._store, self._voices, self._access = store, voices, access
        self._clocks, self._draw, self._report = clocks, hooks.draw, hooks.report
        self._spaces = ChannelSpaces(store, chats, access, clocks.calendar, hooks.report)
        self._owner = secrets.token_hex(8)
        self._backoffs: dict[str, _Backoff] = {}
        self._running: dict[str, asyncio.Task[None]] = {}
        self._wake, self._observe, self._page = hooks.queued, hooks.observe, hooks.page
        self._learnt_at: float | None = None
        self._learning: asyncio.Task[None] | None = None
        self._unread = ""

    def wake(self) -> None:
        """Says that something was queued, so that nobody waits for the next look."""
        self._wake.set()

    async def run(self) -> None:
        """Sends until it is cancelled."""
        await self.start()
        try:
            while True:
                self._learn()
                await self._look()
                # not wait_for: before Python 3.12 it swallows a cancellation that comes just
                # when something was queued, and the worker would go on
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(LOOK_SECONDS):
                        await self._wake.wait()
                self._wake.clear()
        finally:
            tasks = [*self._running.values(), *filter(None, [self._learning])]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def start(self) -> None:
        """Takes back what an earlier process had claimed."""
        back = await self._store.write(outbox.recover, self._owner)
        if back:
            log.info("deliveries taken back", extra={"deliveries": back})

    async def pump(self) -> None:
        """One look at the outbox, until every channel is empty or has to wait."""
        if (learning := self._learn()) is not None:
            await learning
        await self._look()
        await asyncio.gather(*self._running.values())

    async def _look(self) -> None:
        try:
            waiting = await self._store.read(outbox.channels_waiting, self._clocks.calendar())
        except StorageError as error:
            if str(error) != self._unread:
                log.error("outbox not read", extra={"said": str(error)})
            self._unread = str(error)
            return
        self._unread = ""
        for name in waiting:
            task = self._running.get(name)
            if (task is None or task.done()) and self._may_try(name):
                self._running[name] = asyncio.create_task(self._serve(name))

    def _may_try(self, channel: str) -> bool:
        backoff = self._backoffs.get(channel)
        return backoff is None or backoff.until <= self._clocks.monotonic()

    # --- one channel --------------------------------------------------------------------

    async def _serve(self, name: str) -> None:
        """Empties one channel's queue; stops where it has to wait."""
        try:
            while self._may_try(name) and await self._next(name):
                pass
        except StorageError as error:
            log.warning("outbox not written", extra={"channel": name, "said": str(error)})
            await self._pause(name, None)
        except Exception:
            log.exception("delivery crashed", extra={"channel": name})
            await self._pause(name, None)

    async def _next(self, name: str) -> bool:
        """Sends one delivery; False where nothing is left to try now."""
        chat = self._spaces.chat_of(name)
        channel = await self._store.read(channels.get, name)
        if chat is None or channel is None or channel.disabled is not None:
            return False
        try:
            if not await self._spaces.is_linked(chat, channel):
                await self._pause(name, None)
                return False
        except DeliveryError as error:
            await self._pause(name, getattr(error, "retry_after", None))
            return False
        claimed = await self._store.write(self._claim, channel)
        if claimed is None:
            return False
        if isinstance(claimed, Damaged):
            log.error(
                "delivery not read", extra={"channel": name, "position": claimed.position}
            )
            await self._report(
                f"{name}: a message that waited for it cannot be read any more (its row in "
                "the database is damaged) and was left out: run `ebbwatch doctor`"
            )
            return True
        begun = self._clocks.monotonic()
        outcome = await self._try(chat, channel, claimed)
        self._observe("send", self._clocks.monotonic() - begun, name, outcome)
        return True

    def _claim(self, db: Database, channel: Channel) -> Claimed | Damaged | None:
        """Takes the next delivery, after what waited too long was gathered or given up."""
        now = self._clocks.calendar()
        outbox.drop_late_summaries(db, channel.channel, now - LATE_SUMMARY, now)
        if alerts.overdue(db, channel.channel, int(now) - CATCH_UP):
            catch_up(db, self._voices, self._access, channel, int(now))
        return outbox.claim(
            db,
            channel.channel,
            outbox.Attempt(
                owner=self._owner,
                now=now,
                at=self._clocks.wall(),
                monotonic=self._clocks.monotonic(),
                lease=LEASE_SECONDS,
            ),
        )

    async def _try(self, chat: Chat, channel: Channel, claimed: Claimed) -> str:
        """Sends it or gives it back; says what became of it."""
        name, delivery = channel.channel, claimed.delivery
        if delivery.action == "reply" and not chat.can.threads:
            await self._store.write(outbox.sent, claimed, "", self._clocks.calendar())
            return "skipped"
        # a chat that cannot look sends again, and its readers know the id
        looks = claimed.unconfirmed and chat.can.finds
        try:
            ref = None
            if looks:
                finding = cast(FindingChat, chat)
                async with asyncio.timeout(SEND_SECONDS):
                    ref = await finding.find(delivery)
        except Exception as error:
            await self._later(channel, claimed, error, unconfirmed=True)
            return "unconfirmed"
        if ref is None and looks and self._is_overdue(claimed):
            said = "did not arrive: it goes into the catch-up message"
            await self._store.write(outbox.give_back, claimed.position, said, unconfirmed=False)
            return "folded"
        try:
            if ref is None:
                arrived = await self._send(chat, channel, claimed)
            elif chat.can.edits and claimed.told_before:
                # what was said then may be older than what is known now
                arrived = await self._send(chat, channel, claimed, found=ref)
            else:
                arrived = Arrived(ref=ref)
        except DeliveryDeferred as error:
            await self._later(channel, claimed, error, unconfirmed=ref is not None)
            return "deferred"
        except DeliveryMalformed as error:
            await self._aside(claimed, error)
            return "malformed"
        except DeliveryRefused as error:
            await self._store.write(
                outbox.give_back, claimed.position, str(error), unconfirmed=ref is not None
            )
            await self._spaces.disable(channel, str(error))
            return "refused"
        except Exception as error:
            await self._later(channel, claimed, error, unconfirmed=True)
            return "unconfirmed"
        self._backoffs.pop(name, None)
        for said in await self._store.write(self._arrived, claimed, arrived):
            await self._report(said)
        return "sent"

    def _is_overdue(self, claimed: Claimed) -> bool:
        fresh = claimed.kind == "alert" and claimed.delivery.action == "post"
        return fresh and self._clocks.calendar() - claimed.created >= CATCH_UP

    def _arrived(self, db: Database, claimed: Claimed, arrived: Arrived) -> list[str]:
        """Settles it; gives what the operator should hear of its channel."""
        name, now = claimed.delivery.channel, self._clocks.calendar()
        outbox.sent(db, claimed, arrived.ref, now)
        said = []
        if told.is_over(db, told.REACHED, name):
            said.append(f"{name} can be reached again: its alerts go on")
        if arrived.refused is None:
            told.is_over(db, told.TAKEN, name)
        elif told.is_first(db, told.TAKEN, name, now):
            said.append(
                f"{arrived.refused} It was said as plain text instead; please report this."
            )
        return said

    async def _aside(self, claimed: Claimed, error: DeliveryMalformed) -> None:
        """Refused even as plain text: the others go before it, and it is tried again."""
        name, now = claimed.delivery.channel, self._clocks.calendar()

        def work(db: Database) -> bool:
            wait = min(_LONGEST_ASIDE, _FIRST_ASIDE * 2.0 ** min(claimed.delivery.attempts, 16))
            outbox.postpone(db, claimed.position, str(error), now + wait)
            return told.is_first(db, told.TAKEN, name, now)

        if await self._store.write(work):
            await self._report(
                f"{error} Plain text was refused as well: it is tried again later, and the "
                "other messages go on. Please report this."
            )

    async def _later(
        self, channel: Channel, claimed: Claimed, error: Exception, *, unconfirmed: bool
    ) -> None:
        """Gives the delivery back; what was not foreseen may have arrived."""
        if isinstance(error, DeliveryRefused):
            await self._spaces.disable(channel, str(error))
        elif not isinstance(error, DeliveryError | TimeoutError):
            log.error("delivery crashed", exc_info=error, extra={"channel": channel.channel})
        said = str(error) if isinstance(error, DeliveryError) else type(error).__name__
        await self._store.write(
            outbox.give_back, claimed.position, said, unconfirmed=unconfirmed
        )
        if claimed.unconfirmed or not isinstance(error, DeliveryUnconfirmed):
            await self._pause(channel.channel, getattr(error, "retry_after", None))

    def _with_link(self, channel: Channel, claimed: Claimed) -> Delivery:
        """Alerts and summaries lead to where the page shows the same, if there is a page."""
        message = claimed.delivery.message
        path = _page_of(claimed)
        if self._page is None or path is None:
            return claimed.delivery
        words = self._voices.voice_for(channel.locale, channel.timezone).say("Open page")
        to = link(words, f"{self._page.rstrip('/')}/{path}")
        return replace(
            claimed.delivery, message=replace(message, text=f"{message.text}\n{to}".strip())
        )

    async def _with_picture(self, channel: Channel, delivery: Delivery) -> Delivery:
        spec = delivery.message.chart
        if spec is None:
            return delivery
        try:
            async with asyncio.timeout(SEND_SECONDS):
                picture = await self._draw(channel, spec)
        except Exception as error:
            log.warning(
                "chart failed", extra={"account": spec.account, "said": type(error).__name__}
            )
            return delivery
        return replace(delivery, message=replace(delivery.message, picture=picture))

    async def _send(
        self, chat: Chat, channel: Channel, claimed: Claimed, *, found: str | None = None
    ) -> Arrived:
        """Sends it, or edits the message that was found to say the same."""
        voice = self._voices.voice_for(channel.locale, channel.timezone)
        bare = self._voices.untold(voice, claimed.delivery.message)
        shown = await self._able(chat, channel, claimed)
        if found is None:
            return await send(chat, shown, bare)
        try:
            return await send(chat, replace(shown, action="edit", ref=found), bare)
        except DeliveryMalformed as error:
            return Arrived(ref=found, refused=error)

    async def _able(self, chat: Chat, channel: Channel, claimed: Claimed) -> Delivery:
        """The delivery in the form that this chat can take."""
        delivery = self._with_link(channel, claimed)
        if chat.can.pictures:
            delivery = await self._with_picture(channel, delivery)
        if chat.can.data and claimed.alert is not None:
            told = await self._store.read(alert_data, claimed.alert, channel)
            delivery = replace(delivery, incidents=told)
        if delivery.action == "edit" and not chat.can.edits:
            delivery = replace(delivery, action="post", update=True)
        return delivery

    async def _pause(self, channel: str, seconds: float | None) -> None:
        """The platform's own pause, or one that doubles with every failure in a row."""
        backoff = self._backoffs.setdefault(channel, _Backoff())
        # what is no number compares with nothing
        too_long = seconds is not None and not seconds <= LONGEST_ASKED
        wait = LONGEST_ASKED if too_long else seconds
        if wait is None:
            wait = min(_LONGEST_PAUSE, 2.0**backoff.failures)
            backoff.failures = min(backoff.failures + 1, 10)
        backoff.until = self._clocks.monotonic() + max(wait, _SHORTEST_ASKED)
        if seconds is not None and too_long and not backoff.told:
            backoff.told = True
            hours = f"of {seconds / 3600:,.0f} hours"
            asked = hours if math.isfinite(seconds) else "without an end"
            await self._report(
                f"{channel}: the platform asks for a pause {asked}: its alerts wait, "
                f"and it is asked again every {LONGEST_ASKED / 60:.0f} minutes."
            )

    async def revive(self) -> list[str]:
        """Lets disabled channels try again that the platform still knows; call it hourly."""
        back = await self._spaces.revive()
        if back:
            self.wake()
        return back

    def _learn(self) -> asyncio.Task[None] | None:
        """Begins to ask where channels lie, where that is due; nobody's alerts wait for it."""
        now = self._clocks.monotonic()
        busy = self._learning is not None and not self._learning.done()
        if busy or (self._learnt_at is not None and now - self._learnt_at < _LEARN_SECONDS):
            return None
        self._learnt_at = now
        self._learning = asyncio.create_task(self._learnt())
        return self._learning

    async def _learnt(self) -> None:
        try:
            await self._spaces.learn()
        except StorageError:
            pass  # the next look at the outbox says it
        except Exception:
            log.exception("where channels lie was not learnt")


def _page_of(claimed: Claimed) -> str | None:
    """The path that shows what a message tells: one incident, all of them, or a report."""
    chart = claimed.delivery.message.chart
    if claimed.kind == "summary":
        days = 0 if chart is None else (chart.end - chart.start) / DAY
        return "report/month" if days > 7 else "report/week" if days > 1 else ""
    if chart is not None and chart.incident is not None:
        return f"incident/{chart.incident}"
    return "incidents" if claimed.kind == "alert" else None
