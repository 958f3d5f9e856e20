"""Finding a delivery among the messages of a channel: Slack has no idempotency key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from bot.chat.memory import Memory
from bot.chat.slack.errors import SlackRefusal
from bot.chat.slack.limits import Body, Call
from bot.errors import DeliveryDeferred, DeliveryUnconfirmed
from bot.model.chat import Delivery

EVENT = "ebbwatch_delivery"
_BEFORE, _AFTER = 60.0, 120.0
"""Seconds around the attempts in which a message is looked for: a call may hang."""
_LIMIT = 15  # some apps get no more per call


def metadata(id: str, part: int) -> dict[str, Any]:
    """What marks a message: the delivery and, of a long text, the number of the part."""
    return {"event_type": EVENT, "event_payload": {"delivery": id, "part": part}}


class Finder:
    """`skew` is how many seconds Slack's clock is ahead of ours: its `ts` is its own time."""

    def __init__(self, call: Call, skew: Callable[[], float]) -> None:
        self._call = call
        self._skew = skew
        self._pages: Memory[dict[str, Any]] = Memory()

    async def look(self, delivery: Delivery, channel: str, thread: str) -> Body | None:
        """The message, or None; one page per call, the next one is for the next call.

        Raises DeliveryDeferred where it could not be looked through to the end yet.
        """
        page = self._pages.get(delivery.id) or self._window(delivery, thread)
        try:
            answer = await self._history(channel, page)
        except SlackRefusal as error:
            self._pages.drop(delivery.id)
            if error.word == "invalid_cursor":
                raise DeliveryDeferred(str(error)) from None
            raise
        for message in answer.get("messages", ()):
            if part_of(message, delivery.id) == 0:
                self._pages.drop(delivery.id)
                return dict(message)
        following = (answer.get("response_metadata") or {}).get("next_cursor")
        if not (answer.get("has_more") and following):
            self._pages.drop(delivery.id)
            return None
        self._pages.put(delivery.id, {**page, "cursor": following})
        raise DeliveryDeferred(
            f"{delivery.channel}: more messages have to be looked through first",
            retry_after=61.0,
        )

    async def parts(self, delivery: Delivery, channel: str, thread: str) -> frozenset[int]:
        """The numbers of those parts of its long text that stand in the thread."""
        answer = await self._history(channel, self._window(delivery, thread))
        messages = answer.get("messages", ())
        numbers = {part_of(message, delivery.id) or 0 for message in messages}
        names = {file.get("name") for one in messages for file in one.get("files", ())}
        if file_name(delivery) in names:
            numbers.add(1)
        return frozenset(numbers - {0})

    def _window(self, delivery: Delivery, thread: str) -> dict[str, Any]:
        window: dict[str, Any] = {"ts": thread} if thread else {}
        first = delivery.first_attempt_at or delivery.last_attempt_at
        if first is not None:
            last = delivery.last_attempt_at or first
            window["oldest"] = f"{first + self._skew() - _BEFORE:.6f}"
            window["latest"] = f"{last + self._skew() + _AFTER:.6f}"
        return window

    async def _history(self, channel: str, page: dict[str, Any]) -> Body:
        """Reading changes nothing: whatever goes wrong, look again later."""
        try:
            return await self._call(
                "conversations.replies" if "ts" in page else "conversations.history",
                channel=channel,
                include_all_metadata=True,
                inclusive=True,
                limit=_LIMIT,
                **page,
            )
        except DeliveryUnconfirmed as error:
            raise DeliveryDeferred(str(error)) from None


def file_name(delivery: Delivery) -> str:
    """Of the file that holds what is too long even for a thread."""
    return f"{delivery.id}.txt"


def part_of(message: Body, id: str) -> int | None:
    """0 is the message itself; None where it is of another delivery."""
    marks = message.get("metadata") or {}
    payload = marks.get("event_payload") or {}
    if marks.get("event_type") != EVENT or payload.get("delivery") != id:
        return None
    return int(payload.get("part") or 0)
