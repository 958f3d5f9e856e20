"""Asking one source and storing what it gives."""

import logging
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from typing import cast

import polars as pl
from sqlite_utils import Database

from bot.config.settings import SourceSettings
from bot.errors import SourceError, StorageError
from bot.ingest.list_readings import believed, kept_apart, list_readings
from bot.model.reading import Account, FollowerList
from bot.model.source import Batch, Fault, Found, Source
from bot.sources.faults import fault_of
from bot.storage import accounts, forgetting, lists, readings, sources
from bot.storage.accounts import Status
from bot.storage.database import Store

log = logging.getLogger(__name__)

BATCH_SECONDS = 0.1
"""Longest that an import holds the write lock, so that deliveries go on meanwhile."""

MORE = "more is coming"
"""What is logged after each part of a long poll; `rows` were read so far."""

_ENDED = frozenset({"gone", "suspended", "deactivated", "private", "renamed"})
_NAME = 300
_ODD = re.compile("[\0-\x1f\x7f\ufffd]")
"""What no handle of a platform is: much longer than 30 signs, or with controls in it."""

_BROWN_OUT = 3
"""A source that loses so many accounts and most of its accounts at once is broken itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One source and how it is polled."""

    source: Source
    settings: SourceSettings

    @property
    def handles(self) -> tuple[str, ...] | None:
        """The accounts that the config names; None: the source knows its accounts itself.

        Beside `handles`, `own` and `accounts` name accounts by what opens them.
        """
        section = self.settings
        handles = getattr(section, "handles", None)
        if handles is None or "{handle}" not in getattr(section, "url", "{handle}"):
            return None
        keyed = [*getattr(section, "own", ()), *getattr(section, "accounts", ())]
        return tuple(dict.fromkeys([*handles, *keyed]))


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """An account whose status changed, such as from active to gone."""

    account: str
    status: Status
    text: str


@dataclass(kw_only=True)
class Outcome:
    """What one poll or import did.

    `broke` and `recovered` are sentences for the operator, set only at the change; `failed`
    is the sentence of every poll that gave nothing. `new_faults` were not there at the poll
    before, `lists` are new follower lists (account, side, time), `refused` are accounts that
    were forgotten.
    """

    source: str
    rows: int = 0
    changed: int = 0
    new_accounts: int = 0
    failed: str | None = None
    broke: str | None = None
    recovered: str | None = None
    retry_after: float | None = None
    faults: list[Fault] = field(default_factory=list)
    new_faults: list[Fault] = field(default_factory=list)
    ended: list[Ended] = field(default_factory=list)
    lists: list[tuple[str, str, int]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    refused: set[str] = field(default_factory=set)

    @property
    def fresh(self) -> bool:
        """True where a review has something new to judge."""
        return bool(self.changed or self.lists or self.ended)


async def poll(
    store: Store,
    source: Source,
    now: datetime,
    *,
    priority: int = 1,
    handles: Sequence[str] | None = None,
    heard: Callable[[], None] = lambda: None,
) -> Outcome:
    """Fetches once (with all its parts) and stores readings, lists, faults and state.

    `handles` are the accounts that the config names for this source; those added in chat
    join them. None means that the source knows its accounts itself. `heard` is called with
    every part that came. Never raises for what the source does wrong.
    """
    at = int(now.timestamp())
    row = await store.write(sources.ensure, source.name, priority)
    outcome = Outcome(source=source.name)
    wanted = await store.read(_wanted, row.name, handles)
    if wanted is None:
        return outcome
    state = row.state
    while True:
        try:
            batch = await source.fetch(wanted, state, now)
        except SourceError as error:
            await _broke(store, row.id, fault_of(error), at, outcome)
            outcome.retry_after = cast(float | None, getattr(error, "retry_after", None))
            return outcome
        except StorageError:
            raise
        except Exception:
            log.exception("source crashed", extra={"source": source.name})
            text = f"{source.name}: reading it failed in an unforeseen way: see the log"
            fault = Fault(kind="changed", text=text)
            await _broke(store, row.id, fault, at, outcome)
            return outcome
        heard()
        batch = await store.read(respelled, batch)
        await store_batch(store, row.id, batch, at, outcome)
        state = batch.state
        if not batch.more:
            return outcome
        log.info(MORE, extra={"source": source.name, "rows": outcome.rows})


def _wanted(db: Database, source: str, handles: Sequence[str] | None) -> list[str] | None:
    """The accounts to ask for, empty where the source knows them itself.

    None where all of them were forgotten: nobody is asked about them, least of all for money.
    """
    if handles is None:
        return []
    named = list(dict.fromkeys([*handles, *accounts.watched(db, source)]))
    gone: set[str] = set()
    for name in forgetting.given_by(db, source):
        gone |= {name.lower(), Account.parse(name.lower()).handle}
    wanted = [name for name in named if name.lower().removeprefix("@") not in gone]
    return wanted if wanted or not named else None


def _nameable(batch: Batch) -> Batch:
    readings = batch.readings
    if readings is None or readings.is_empty():
        return batch
    names = readings.get_column("account").unique()
    odd = [name for name in names.to_list() if _ODD.search(name) or len(name) > _NAME]
    if not odd:
        return batch
    text = f"{len(odd)} accounts were left out: their names are too long or hold no letters"
    return replace(
        batch,
        readings=readings.filter(~pl.col("account").is_in(odd)),
        faults=(*batch.faults, Fault(kind="row", text=text)),
    )


def respelled(db: Database, batch: Batch) -> Batch:
    """The batch with every known account written as it is here; readings find theirs alone.

    What nobody could call an account is left out and told, whatever source gave it.
    """
    batch = _nameable(batch)
    named = {given.account for given in batch.lists}
    named |= {fault.account for fault in batch.faults if fault.account}
    meant = accounts.spellings(db, named) if named else {}
    if not meant:
        return batch
    return replace(
        batch,
        lists=tuple(
            replace(given, account=meant.get(given.account, given.account))
            for given in batch.lists
        ),
        faults=tuple(
            replace(fault, account=meant.get(fault.account or "", fault.account))
            for fault in batch.faults
        ),
    )


async def store_batch(
    store: Store,
    source: int,
    batch: Batch,
    at: int,
    outcome: Outcome,
    *,
    monotonic: Callable[[], float] = time.monotonic,
) -> None:
    """Stores a batch in short transactions; the last one holds its lists, faults and state.

    A crash in between leaves the old state: the next fetch reads the same again, and what is
    known already changes nothing.
    """
    pace = readings.BATCH_ROWS
    rest = batch.readings
    while rest is not None and rest.height > pace:
        begun = monotonic()
        added = await store.write(readings.add, source, rest.head(pace), at)
        _count(outcome, added)
        rest = rest.slice(pace)
        spent = monotonic() - begun
        if spent > BATCH_SECONDS:
            pace = max(1000, int(pace * BATCH_SECONDS / spent))
    await store.write(_finish, source, batch, rest, at, outcome)
    said = dict.fromkeys((*outcome.notes, *batch.notes, *batch.remarks))
    outcome.notes = list(said)  # every part says it again
    outcome.found += batch.found
    outcome.faults += batch.faults
    if outcome.recovered:
        log.info("source recovered", extra={"source": outcome.source})
    for fault in outcome.new_faults:
        log.warning(
            "fault", extra={"source": outcome.source, "kind": fault.kind, "said": fault.text}
        )


def _finish(
    db: Database,
    source: int,
    batch: Batch,
    rest: pl.DataFrame | None,
    at: int,
    outcome: Outcome,
) -> None:
    if rest is not None:
        _count(outcome, readings.add(db, source, rest, at))
    _lists(db, source, batch.lists, at, outcome)
    spoken = _spoken_of(batch)
    listed = {given.account for given in batch.lists}
    outcome.refused |= forgetting.forgotten(db, listed.union(spoken))
    ids = accounts.ensure(db, spoken, source, at) if spoken else {}
    for name, old, called in accounts.set_names(db, batch.names):
        text = f'{name} is called "{called}" now, before "{old}": its counts go on'
        outcome.notes.append(text)
    believed = batch.faults
    lost = {fault.account for fault in batch.faults if fault.account and fault.kind in _ENDED}
    brown_out = len(lost) >= _BROWN_OUT and 2 * len(lost) > len(spoken)
    if brown_out:
        believed = tuple(fault for fault in batch.faults if fault.account not in lost)
        ids = {name: id for name, id in ids.items() if name not in lost}
    new, well = sources.account_faults(db, source, ids, believed, at)
    outcome.new_faults += new
    _statuses(db, new, well, at, outcome)
    broken = [fault for fault in batch.faults if fault.account is None and fault.kind != "row"]
    if brown_out:
        text = (
            f"{outcome.source}: says that {len(lost)} of {len(spoken)} accounts are gone at "
            "once, which is not believed: check the source"
        )
        broken = [Fault(kind="changed", text=text)]
    elif batch.readings is not None or batch.lists:
        broken = []
    if broken:
        _note_break(db, source, broken[0], at, outcome)
        return
    ended = sources.succeeded(db, source, batch.state, at, batch.remarks)
    if ended is not None:
        outcome.recovered = f"{outcome.source}: works again (it had said: {ended})"


def _lists(
    db: Database, source: int, given: Sequence[FollowerList], at: int, outcome: Outcome
) -> None:
    """Stores lists, and complete ones as readings of accounts that nobody else counts."""
    fresh = []
    for one in sorted(given, key=lambda each: each.at):
        one = kept_apart(one, partial(lists.get, db))
        one = believed(one, lists.before(db, one.account, one.side, one.at))
        if lists.add(db, one, source, at):
            outcome.lists.append((one.account, one.side, one.at))
            fresh.append(one)
    rows = list_readings(fresh)
    if rows is not None:
        row = sources.ensure(db, readings.LISTS, readings.LISTS_PRIORITY)
        _count(outcome, readings.add(db, row.id, rows, at))


def _spoken_of(batch: Batch) -> list[str]:
    """Accounts that this fetch gave a reading or an account's own fault for."""
    names = {fault.account for fault in batch.faults if fault.account}
    if batch.readings is not None and not batch.readings.is_empty():
        names.update(batch.readings.get_column("account").unique().to_list())
    return sorted(names)


def _statuses(
    db: Database, new: list[Fault], well: list[str], at: int, outcome: Outcome
) -> None:
    for fault in new:
        if fault.kind not in _ENDED or fault.account is None:
            continue
        status = cast(Status, fault.kind)
        if accounts.set_status(db, fault.account, status, at):
            outcome.ended.append(Ended(account=fault.account, status=status, text=fault.text))
    for name in well:
        accounts.set_status(db, name, "active", at)


async def silent(store: Store, source: str, seconds: float, now: float) -> Outcome:
    """Notes that a source says nothing: it may have been asked for ever."""
    outcome = Outcome(source=source)
    text = (
        f"{source}: has been asked and says nothing for {seconds / 60:.0f} minutes: check that "
        "what it reads from still answers; it is listened to all the same."
    )
    row = await store.write(sources.find_or_add, source)
    await _broke(store, row, Fault(kind="unavailable", text=text), int(now), outcome)
    return outcome


def _note_break(db: Database, source: int, fault: Fault, at: int, outcome: Outcome) -> None:
    outcome.failed = fault.text
    if sources.failed(db, source, fault.text, at, fault.kind):
        outcome.broke = fault.text


async def _broke(store: Store, source: int, fault: Fault, at: int, outcome: Outcome) -> None:
    await store.write(_note_break, source, fault, at, outcome)
    if outcome.broke:
        log.warning("source broke", extra={"source": outcome.source, "said": fault.text})


def _count(outcome: Outcome, added: readings.Added) -> None:
    outcome.rows += added.rows
    outcome.changed += added.changed
    outcome.new_accounts += added.new_accounts
