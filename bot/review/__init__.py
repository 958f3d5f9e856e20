"""Judging what is stored: panel, verdicts, incidents, and who is told, in one transaction."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from sqlite_utils import Database

from bot.errors import StorageError
from bot.model.reading import DAY
from bot.review.notices import note
from bot.review.peers import events_behind
from bot.review.pending import (
    AGED,
    COMPARED,
    TURN,
    Parts,
    Pending,
    ReviewSettings,
    cut,
    judged,
    look,
    spans,
)
from bot.route import News, route
from bot.storage import accounts, days, events, forgetting, incidents, list_verdicts
from bot.storage.database import Store
from bot.storage.incidents import Change, Key, Stored
from bot.storage.settings import TWO_WHOLE, set_setting, setting
from checks.incident.day import EmptyDayContext
from checks.incident.decide import decide
from checks.lists.verdicts import explained
from checks.model import Event, Incident, Judgement, Verdict

__all__ = [
    "ReviewSettings",
    "Reviewed",
    "forget",
    "reroute",
    "review",
    "settle",
    "settle_routes",
]

log = logging.getLogger(__name__)

_TRIES = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What one review did; `older` incidents were recorded silently."""

    days: int
    opened: int
    changed: int
    older: int
    queued: int


async def review(store: Store, settings: ReviewSettings, now: int) -> Reviewed:
    """Judges the present, and every day that new readings touched, in time order.

    Computes outside; decides and writes in one transaction that reads the open incidents
    anew. What arrives meanwhile stays pending for the next review. One review runs at a
    time; one that another program overtook starts over.
    """
    async with store.reviewing:
        for _ in range(_TRIES):
            done = await _review_once(store, settings, now)
            if done is not None:
                return done
    raise StorageError(
        f"{store.path} is reviewed by several programs at once: let one of them finish"
    )


async def _review_once(store: Store, settings: ReviewSettings, now: int) -> Reviewed | None:
    pending = await store.read(look, settings.access, now)
    now = pending.now
    said: list[tuple[int, Judgement]] = []
    aged = max(AGED, settings.news // DAY + 1)
    for span in spans(pending, aged):
        with Parts(store.path.parent) as parts:
            await store.read(cut, store, settings, pending, span, parts)
            said += await asyncio.to_thread(judged, parts, span, pending, settings)
    done = await store.write(settle, settings, pending, said)
    if done is not None and (done.changed or done.queued):
        log.info(
            "reviewed",
            extra={"opened": done.opened, "changed": done.changed, "queued": done.queued},
        )
    return done


async def settle_routes(store: Store, settings: ReviewSettings, now: int) -> int:
    """Tells what mutes, quiet hours and reminders release by now; call it every minute."""
    return await store.write(route, settings.voices, settings.access, now, News())


def events_known(db: Database, settings: ReviewSettings) -> list[Event]:
    """What the teams know of, as far as an account's readers may be told of it."""
    words = accounts.words_by_account(db)
    return list(events_behind(settings.access, events.listing(db), words))


def reroute(db: Database, settings: ReviewSettings, now: int, changed: Iterable[int]) -> int:
    """Edits the messages of incidents that a person changed, inside that transaction."""
    return route(db, settings.voices, settings.access, now, News(changed=frozenset(changed)))


def forget(db: Database, account: str, now: int) -> int:
    """Erases an account and gives its readings; what is being judged is judged without it."""
    turn, last = setting(db, TURN, TWO_WHOLE) or (0, now)
    set_setting(db, TURN, (turn + 1, last))
    return forgetting.forget(db, account, now)


# --- what it means ----------------------------------------------------------------------


@dataclass
class _Timeline:
    """The incidents of one review while its judged times are worked through."""

    stored: dict[Key, Stored]
    latest: dict[Key, Incident]

    def at(self, time: int) -> list[Incident]:
        """What had begun by then."""
        return [one for one in self.latest.values() if one.opened_at <= time]

    def changed(self) -> Iterator[tuple[Incident, Stored | None]]:
        """What is not stored as it is now, and what is stored of it."""
        for key, incident in self.latest.items():
            old = self.stored.get(key)
            if old is None or old.incident != incident:
                yield incident, old


def settle(
    db: Database,
    settings: ReviewSettings,
    pending: Pending,
    judged: Sequence[tuple[int, Judgement]],
) -> Reviewed | None:
    """Decides and writes what judged days mean, and queues who is told.

    None where another program's review came between: nothing is written then.
    """
    now = pending.now
    turn, _ = setting(db, pending.key, TWO_WHOLE) or (0, now)
    if turn + 1 != pending.turn:
        return None
    set_setting(db, pending.key, (pending.turn, now))
    oldest = min((at for at, _ in judged), default=now)
    known = incidents.recent(db, oldest, now, lakes=pending.lakes)
    stored = {one.incident.key: one for one in known}
    timeline = _Timeline(stored, {key: one.incident for key, one in stored.items()})
    arrived = {one.account: (one.start, one.stop + DAY) for one in pending.days}
    if not pending.lakes:
        found = list_verdicts.take(db)
        noted = (explained(one.incident, pending.events) for one in known if one.incident.open)
        found += [each for each in noted if each is not None]
        judged = _with_lists(judged, found, now)
    for n, (at, judgement) in enumerate(judged):
        open_then = timeline.at(at)
        if n < len(judged) - 1 and not pending.lakes:
            judgement, open_then = _limited(judgement, open_then, arrived)
        for decision in decide(open_then, judgement, at):
            timeline.latest[decision.incident.key] = decision.incident
    news = _save(db, settings, pending, timeline, now)
    note(db, judged, pending, settings.news)
    if pending.disputes is not None:
        set_setting(db, COMPARED, now)
    days.reviewed(db, pending.days, now)
    queued = route(db, settings.voices, settings.access, now, news)
    return Reviewed(
        days=len(judged),
        opened=len(news.fresh),
        changed=len(news.changed),
        older=sum((news.older or {}).values()),
        queued=queued,
    )


def _with_lists(
    judged: Sequence[tuple[int, Judgement]], found: Sequence[Verdict], now: int
) -> Sequence[tuple[int, Judgement]]:
    """What follower lists have shown since the last review is said of the present."""
    if not found:
        return judged
    empty = Judgement(at=now, verdicts=(), notices=(), early={}, view=EmptyDayContext())
    at, last = judged[-1] if judged else (now, empty)
    said = replace(last, verdicts=(*last.verdicts, *found))
    return [*judged[:-1], (at, said)]


def _limited(
    judgement: Judgement, known: Sequence[Incident], arrived: Mapping[str, tuple[int, int]]
) -> tuple[Judgement, list[Incident]]:
    """A past day speaks only of the accounts whose readings of it are new."""

    def fresh(account: str | None) -> bool:
        start, stop = arrived.get(account or "", (1, 0))
        return start <= judgement.at < stop

    said = replace(
        judgement,
        verdicts=tuple(one for one in judgement.verdicts if fresh(one.finding.account)),
        notices=tuple(one for one in judgement.notices if fresh(one.account)),
    )
    return said, [one for one in known if fresh(one.account)]


def _save(
    db: Database, settings: ReviewSettings, pending: Pending, timeline: _Timeline, now: int
) -> News:
    """Stores what changed and says of each incident whether it is news."""
    first = {one.account for one in pending.days if one.first}
    changed, fresh, firsts = set(), set(), set()
    older: dict[str, int] = defaultdict(int)
    changes = [
        Change(
            incident,
            _silence(incident, old, incident.account in first, now, settings.news),
            old,
        )
        for incident, old in timeline.changed()
    ]
    saved = incidents.save(db, changes, now)
    for (incident, silent, old), one in zip(changes, saved, strict=True):
        if old is not None and one.revision == old.revision and one.silent == old.silent:
            continue
        changed.add(one.id)
        if silent is None and (old is None or old.silent is not None):
            fresh.add(one.id)
            if incident.account in first:
                firsts.add(one.id)
        if old is None and silent in ("older", "first") and incident.alerted_at is not None:
            older[incident.account] += 1
    return News(
        changed=frozenset(changed),
        fresh=frozenset(fresh),
        first=frozenset(firsts),
        older=dict(older),
    )


def _silence(
    incident: Incident, old: Stored | None, first: bool, now: int, news: int
) -> str | None:
    """Why nobody is told: "first" (import), "returned" within one batch, "older" than news.

    What was told once stays told; what was silent speaks up when it becomes news.
    """
    if old is not None and old.silent is None:
        return None
    if first:
        return None if incident.open else "first"
    if now - incident.last_finding_at > news:
        return "older"
    if old is None and incident.closed_as == "glitch":
        return "returned"
    if old is not None and not incident.open:
        return old.silent
    return None
