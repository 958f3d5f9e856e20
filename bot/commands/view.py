"""What commands work with, and what one caller may see of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Concatenate, ParamSpec, TypeVar

from sqlite_utils import Database

from bot.errors import CommandError, StorageError
from bot.message import refusals
from bot.message.voice import Voice
from bot.model import Alert, Attachment, Caller, Command, Found
from bot.storage import accounts, incidents, notes
from bot.storage.accounts import Known
from bot.storage.database import Store
from bot.storage.incidents import Stored

if TYPE_CHECKING:
    from checks.model import Rules, Sensitivity

P = ParamSpec("P")
T = TypeVar("T")

CONSOLE = "console"
EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One team: the accounts it may see and who may change things (role names or ids)."""

    id: str
    accounts: tuple[str, ...]
    managers: frozenset[str] = frozenset()
    max_accounts: int = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the program hands to its commands.

    `now` is the calendar clock. `import_files` stores an attachment or a path, keeping only
    accounts that the patterns allow. `look` asks a platform for one account and gives the
    source that will read it and the account's canonical name. `route` queues what channels
    must hear after a change to these incidents, inside the change's own transaction.
    """

    store: Store
    now: Callable[[], float]
    rules: Callable[[Sensitivity], Rules]
    sensitivity: Sensitivity
    import_files: Callable[[Attachment | str, Sequence[str]], Awaitable[Sequence[Found]]]
    look: Callable[[str], Awaitable[tuple[str, str]]]
    route: Callable[[Database, float, Sequence[int]], object]
    spaces: Mapping[str, Space] = field(default_factory=dict)
    timezone: str = "UTC"
    locale: str = "en"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """One request: who asks, what they may see, and how they are spoken to."""

    context: Context
    caller: Caller
    space: str
    patterns: tuple[str, ...]
    voice: Voice
    now: float
    manager: bool = False
    commands: Sequence[Command] = ()

    @property
    def console(self) -> bool:
        return self.space == CONSOLE

    @property
    def channel(self) -> str:
        """Where the request came from; the console is a channel too."""
        return self.caller.channel or self.space


def visible(db: Database, view: View) -> list[Known]:
    return accounts.listing(db, view.patterns)


def find_account(db: Database, view: View, text: str) -> Known:
    """The visible account that a person means; says what is near where there is none.

    A handle alone will do where only one account has it. An account beyond the wall is
    answered exactly like one that does not exist.
    """
    wanted = text.strip().removeprefix("@").lower()
    seen = visible(db, view)
    for known in seen:
        if known.account.lower() == wanted:
            return known
    same = [known for known in seen if known.account.lower().partition("/")[2] == wanted]
    if len(same) == 1:
        return same[0]
    if same:
        raise CommandError(refusals.ambiguous(view.voice, [known.account for known in same]))
    raise CommandError(
        refusals.unknown_account(view.voice, text, [known.account for known in seen])
    )


def find_incidents(db: Database, view: View, number: int, *, wave: bool) -> list[Stored]:
    """The incident of that number in this space; with `wave` all members the caller may see.

    A number of another space, or of an account beyond the wall, is answered exactly like one
    that does not exist.
    """
    stored = incidents.by_number(db, view.space, number)
    tags = accounts.tags_by_account(db)

    def allowed(one: Stored) -> bool:
        name = one.incident.account
        return accounts.matches(view.patterns, name, tags.get(name, ()))

    if stored is None or not allowed(stored):
        raise CommandError(refusals.unknown_incident(view.voice, number))
    if not wave or stored.incident.wave is None:
        return [stored]
    members = [one for one in incidents.of_wave(db, stored.incident.wave) if allowed(one)]
    return sorted(members, key=lambda one: one.id != stored.id)


def as_alert(db: Database, view: View, stored: Stored) -> Alert:
    """The incident under its number in this space; needs a write where it has none yet."""
    return Alert(
        number=incidents.number(db, view.space, stored.id),
        incident=stored.incident,
        seen_at=stored.seen_at,
        acknowledged_by=stored.acknowledged_by,
        acknowledged_at=stored.acknowledged_at,
    )


async def look(
    view: View,
    work: Callable[Concatenate[Database, View, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Runs work that reads, and numbers incidents where they have none yet.

    Nearly always they have one: then a reader does it, however busy the writer is.
    """
    try:
        return await view.context.store.read(work, view, *args, **kwargs)
    except StorageError:
        return await view.context.store.write(work, view, *args, **kwargs)


def audit(db: Database, view: View, action: str, detail: str = "") -> None:
    """Writes down who changed what, in the change's own transaction."""
    notes.write_down(
        db,
        notes.Done(
            at=int(view.now),
            space=view.space,
            channel=view.caller.channel,
            user=view.caller.user,
            name=view.caller.name,
            action=action,
            detail=detail,
        ),
    )
