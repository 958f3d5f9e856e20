"""What the operator is told: once a day in the log and in the operator's channel."""

import hashlib
import logging
from collections.abc import Callable
from datetime import UTC, datetime

from sqlite_utils import Database

from bot.model.message import Message
from bot.storage import channels, outbox
from bot.storage.database import Store

log = logging.getLogger(__name__)


class Operator:
    """Tells a sentence; without a `channel` only the log has it."""

    def __init__(
        self, store: Store, channel: str | None, calendar: Callable[[], float]
    ) -> None:
        self._store, self._channel, self._calendar = store, channel, calendar

    async def __call__(self, problem: str) -> None:
        log.warning("operator", extra={"said": problem})
        if self._channel is not None:
            await self._store.write(_queue, self._channel, problem, self._calendar())


def _queue(db: Database, channel: str, problem: str, now: float) -> None:
    day = datetime.fromtimestamp(now, UTC).date()
    digest = hashlib.blake2b(problem.encode(), digest_size=8).hexdigest()
    known = channels.get(db, channel)
    key = f"operator:{day}:{digest}"
    outbox.queue(
        db,
        outbox.Queued(
            key=key,
            channel=channel,
            space=known.space if known else "",
            kind="operator",
            message=Message(title="ebbwatch needs a look", text=problem),
            now=now,
            meaning=key,
        ),
    )
