"""What can go wrong, by what to do next.

BotError
├─ ConfigError(problems)              all problems at once, with key path and a suggestion
├─ StorageError                       the database: locked, read-only, full, newer, damaged
├─ CommandError                       a person's request that cannot be done as asked
├─ EngineError                        what judges a lake's partitions is lost or out of time
├─ SourceError(source, account)
│   ├─ SourceUnavailable(retry_after) network, 5xx, 429: try again later
│   ├─ AccountNotFound                gone, renamed, suspended: ask the team
│   ├─ SourceRefused                  credentials: ask the operator
│   └─ SourceChanged(where)           a reply or file not understood: file, row, column
└─ DeliveryError(channel)
    ├─ DeliveryDeferred(retry_after)  surely not sent: send again after the pause
    ├─ DeliveryRefused                will never work as things stand: tell the operator once
    ├─ DeliveryMalformed              surely not sent, for what it says: say it more plainly
    └─ DeliveryUnconfirmed            may have arrived: look before repeating

Every message is a full sentence that names the source, file or channel and the next step.
No message contains a token, a webhook address or a follower's name.
"""

from collections.abc import Sequence
from typing import ClassVar, Literal


class BotError(Exception):
    """A problem that a person can read; never shown with a traceback."""


class ConfigError(BotError):
    """`problems` holds one sentence per problem, each naming its key path."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class StorageError(BotError):
    """The database cannot be used as it is."""


class CommandError(BotError):
    """What a person asked for cannot be done; the sentence says what would work."""


class EngineError(BotError):
    """No worker could do the work, or its time is up; the next review takes it up again."""


class SourceError(BotError):
    """A source did not give what was asked; `account` is None where all of it is hit.

    `kind` is the word of `Fault.kind` for it, and all that a team may hear of it.
    """

    kind: ClassVar[Literal["unavailable", "gone", "refused", "changed"]] = "unavailable"

    def __init__(self, message: str, *, source: str = "", account: str | None = None) -> None:
        self.source = source
        self.account = account
        # names of files may be no text that a database or a terminal takes
        super().__init__(message.encode("utf-8", "replace").decode().replace("\0", "?"))


class SourceUnavailable(SourceError):
    """Passing trouble; `retry_after` in seconds where the other side named it."""

    def __init__(
        self,
        message: str,
        *,
        source: str = "",
        account: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message, source=source, account=account)


class AccountNotFound(SourceError):
    """The source answered that it has no such account (any more)."""

    kind = "gone"


class SourceRefused(SourceError):
    """Credentials are missing, wrong, expired or lack a scope."""

    kind = "refused"


class SourceChanged(SourceError):
    """A reply or file does not have the documented shape; `where` is file, row and column."""

    kind = "changed"

    def __init__(
        self, message: str, *, source: str = "", account: str | None = None, where: str = ""
    ) -> None:
        self.where = where
        super().__init__(message, source=source, account=account)


class DeliveryError(BotError):
    """A message did not (surely) reach `channel`."""

    def __init__(self, message: str, *, channel: str = "") -> None:
        self.channel = channel
        super().__init__(message)


class DeliveryDeferred(DeliveryError):
    """Surely not sent; `retry_after` in seconds where the platform named it."""

    def __init__(
        self, message: str, *, channel: str = "", retry_after: float | None = None
    ) -> None:
        self.retry_after = retry_after
        super().__init__(message, channel=channel)


class DeliveryRefused(DeliveryError):
    """The channel is gone or closed to the bot; a repeat changes nothing."""


class DeliveryMalformed(DeliveryError):
    """The platform does not take this message as it is; others of its channel get through."""


class DeliveryUnconfirmed(DeliveryError):
    """The request may have taken effect; look for the delivery id before a repeat."""
