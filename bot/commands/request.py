"""What commands work with, and what one caller may see of it."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from sqlite_utils import Database

from bot.errors import CommandError, StorageError
from bot.message import refusals
from bot.message.kinds import worst_first
from bot.message.voice import Voice
from bot.model.chat import Theme
from bot.model.command import Attachment, Caller, Command
from bot.model.message import Alert
from bot.model.source import Found
from bot.storage import accounts, audit, incidents
from bot.storage.access import AccessPolicy
from bot.storage.accounts import AccountRow
from bot.storage.database import Store
from bot.storage.incidents import Stored

if TYPE_CHECKING:
    import polars as pl

    from checks.model import Rules, Sensitivity

P = ParamSpec("P")
T = TypeVar("T")

CONSOLE = "console"
EVERYTHING = ("*",)


@dataclass(frozen=True, slots=True, kw_only=True)
class Space:
    """One team: who may change things (role names or ids)."""

    id: str
    managers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What the program hands to its commands.

    `now` is the calendar clock. `import_files` stores an attachment or a path, keeping only
    accounts that a space may bring in. `look` asks a platform for one account and gives the
    source that will read it and the account's canonical name. `route` queues what channels
    must hear after a change to these incidents, inside the change's own transaction.
    `beyond` reads an account out of the lakes, None where there is none; itself None without
    lakes. `public_url` is where people open the page, None where there is none; `draw_token`
    gives a new secret of 256 bits. `themes` holds the ground of each chat's charts.
    """

    store: Store
    now: Callable[[], float]
    rules: Callable[[Sensitivity], Rules]
    sensitivity: Sensitivity
    import_files: Callable[
        [Attachment | str, str, Mapping[str, Any]], Awaitable[Sequence[Found]]
    ]
    look: Callable[[str], Awaitable[tuple[str, str]]]
    route: Callable[[Database, float, Sequence[int]], object]
    beyond: Callable[[str], Awaitable[pl.DataFrame | None]] | None = None
    access: AccessPolicy = field(default_factory=lambda: AccessPolicy({}))
    spaces: Mapping[str, Space] = field(default_factory=dict)
    timezone: str = "UTC"
    locale: str = "en"
    public_url: str | None = None
    draw_token: Callable[[], str] = field(default=lambda: secrets.token_urlsafe(32))
    themes: Mapping[str, Theme] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
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
    def theme(self) -> Theme:
        """Light where a chat says nothing."""
        return self.context.themes.get(self.caller.platform, "light")

    @property
    def console(self) -> bool:
        return self.space == CONSOLE

    @property
    def channel(self) -> str:
        """Where the request came from; the console is a channel too."""
        return self.caller.channel or self.space


def visible(db: Database, request: Request) -> list[AccountRow]:
    return accounts.listing(db, request.patterns)


def names_seen(db: Database, request: Request) -> list[str]:
    """Names alone, which is much less to read than `visible`."""
    known = accounts.words_by_account(db)
    if request.patterns == EVERYTHING:
        return sorted(known)
    return sorted(name for name, tags in known.items() if _allowed(request, name, tags))


def sees(db: Database, request: Request, account: str) -> bool:
    """Whether the caller may see an account, stored or not."""
    if request.patterns == EVERYTHING:
        return True
    known = accounts.get(db, account)
    return _allowed(request, account, known.words if known else ())


def _allowed(request: Request, account: str, tags: Sequence[str]) -> bool:
    return accounts.matches(request.patterns, account, tags)


def find_account(db: Database, request: Request, text: str) -> AccountRow:
    """The visible account that a person means; says what is near where there is none.

    A handle, or what people call it, will do where only one account has it. An account beyond
    the wall is answered exactly like one that does not exist.
    """
    exact = accounts.get(db, text.strip())
    if exact is not None and _allowed(request, exact.account, exact.words):
        return exact
    wanted = text.strip().removeprefix("@").lower()
    seen = names_seen(db, request)
    same = [name for name in seen if name.lower() == wanted]
    same = same or [name for name in seen if name.lower().partition("/")[2] == wanted]
    same = same or [
        name for name in seen if request.voice.names.get(name, "").lower() == wanted
    ]
    if len(same) > 1:
        raise CommandError(refusals.ambiguous(request.voice, same))
    found = accounts.get(db, same[0]) if same else None
    if found is None:
        raise CommandError(refusals.unknown_account(request.voice, text, seen))
    return found


def find_incidents(db: Database, request: Request, number: int, *, wave: bool) -> list[Stored]:
    """The incident of that number in this space; with `wave` all members that its message may
    name to the caller, the incident first, then worst first.

    A number of another space, or of an account beyond the wall, is answered exactly like one
    that does not exist.
    """
    stored = incidents.by_number(db, request.space, number)
    if stored is None or not sees(db, request, stored.incident.account):
        raise CommandError(refusals.unknown_incident(request.voice, number))
    if not wave or stored.incident.wave is None:
        return [stored]
    joined = incidents.of_wave(db, stored.incident.wave)
    members = [
        one
        for one in joined
        if one.id == stored.id
        or (one.incident.alerted_at is not None and sees(db, request, one.incident.account))
    ]
    return sorted(members, key=lambda one: (one.id != stored.id, worst_first(one.incident)))


def as_alert(db: Database, request: Request, stored: Stored) -> Alert:
    """The incident under its number in this space; needs a write where it has none yet."""
    return Alert(
        number=incidents.number(db, request.space, stored.id),
        incident=stored.incident,
        seen_at=stored.seen_at,
        acknowledged_by=stored.acknowledged_by,
        acknowledged_at=stored.acknowledged_at,
    )


async def look(
    request: Request,
    work: Callable[Concatenate[Database, Request, P], T],
    *args: P.args,
    **kwargs: P.kwargs,
) -> T:
    """Runs work that reads, and numbers incidents where they have none yet.

    Nearly always they have one: then a reader does it, however busy the writer is.
    """
    try:
        return await request.context.store.read(work, request, *args, **kwargs)
    except StorageError:
        return await request.context.store.write(work, request, *args, **kwargs)


def write_down(db: Database, request: Request, action: str, detail: str = "") -> None:
    """Writes down who changed what, in the change's own transaction."""
    audit.add(
        db,
        audit.AuditEntry(
            at=int(request.now),
            space=request.space,
            channel=request.caller.channel,
            user=request.caller.user,
            name=request.caller.name,
            action=action,
            detail=detail,
        ),
    )
