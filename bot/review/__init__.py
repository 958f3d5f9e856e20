"""Judging what is stored: panel, verdicts, incidents, and who is told, in one transaction."""

import asyncio
import logging
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from bot.errors import StorageError
from bot.review.notices import note
from bot.review.peers import events_behind, walled
from bot.route import News, Voices, route
from bot.storage import accounts, days, incidents, notes, readings
from bot.storage.accounts import Walls
from bot.storage.database import Store
from bot.storage.days import Pending
from bot.storage.incidents import Stored
from checks.incident import decide
from checks.judge import judgements
from checks.model import Direction, Event, Incident, Judgement, Rules
from checks.panel import LOOKBACK, Panel, build_panel, day_ends
from checks.verdict import floor_factors

log = logging.getLogger("ebbwatch.review")

DAY = 86400
CHUNK = 180
"""Judged days per panel when an import reaches far back: bounds the memory."""

AGED = 31
"""Days after which nobody is told any more: few accounts are then judged among themselves."""

_TURN = "review"
_COMPARED = "sources compared"
_COMPARE_SECONDS = 6 * 3600
_TRIES = 5

Ints = npt.NDArray[np.int64]
Key = tuple[str, str, Direction, int]


class Judge(Protocol):
    """`checks.replay.judgements`: what each of the columns says, in time order."""

    def __call__(
        self,
        panel: Panel,
        rules: Rules,
        *,
        columns: Ints,
        events: Sequence[Event],
        floors: Mapping[str, float] | None,
    ) -> Iterator[tuple[int, Judgement]]: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What reviews need beside the store; `news` in seconds."""

    rules: Rules
    walls: Walls
    voices: Voices
    timezone: str = "UTC"
    news: int = 7 * DAY
    judge: Judge = judgements


@dataclass(frozen=True, slots=True, kw_only=True)
class Reviewed:
    """What one review did; `older` incidents were recorded silently."""

    days: int
    opened: int
    changed: int
    older: int
    queued: int


async def review(store: Store, ground: Ground, now: int) -> Reviewed:
    """Judges the present, and every day that new readings touched, in time order.

    Computes outside; decides and writes in one transaction that reads the open incidents
    anew. What arrives meanwhile stays pending for the next review. One review runs at a
    time; one that another program overtook starts over.
    """
    async with store.reviewing:
        for _ in range(_TRIES):
            done = await _review_once(store, ground, now)
            if done is not None:
                return done
    raise StorageError(
        f"{store.path} is reviewed by several programs at once: let one of them finish"
    )


async def _review_once(store: Store, ground: Ground, now: int) -> Reviewed | None:
    view = await store.read(_look, ground.walls, now)
    now = view.now
    judged: list[tuple[int, Judgement]] = []
    for newest, span in _spans(view.back):
        only = view.few if newest >= AGED else None
        panel = await store.read(_panel, store, ground, now, newest, span, only)
        judged += await asyncio.to_thread(_judge, panel, span, view, ground)
    done = await store.write(_settle, ground, view, judged, now)
    if done is not None and (done.changed or done.queued):
        log.info(
            "reviewed",
            extra={"opened": done.opened, "changed": done.changed, "queued": done.queued},
        )
    return done


async def settle_routes(store: Store, ground: Ground, now: int) -> int:
    """Tells what mutes, quiet hours and reminders release by now; call it every minute."""
    return await store.write(route, ground.voices, ground.walls, now, News())


def reroute(db: Database, ground: Ground, now: int, changed: Iterable[int]) -> int:
    """Edits the messages of incidents that a person changed, inside that transaction."""
    return route(db, ground.voices, ground.walls, now, News(changed=frozenset(changed)))


# --- what is there ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _View:
    """What waits and what is known; new readings reach `back` days into the past.

    `turn` numbers the review that may be written next. `few` names the accounts with new
    readings where they are a small part of all.
    """

    now: int
    turn: int
    pending: tuple[Pending, ...]
    few: tuple[str, ...] | None
    back: int
    events: tuple[Event, ...]
    floors: Mapping[str, float]
    disputes: tuple[readings.Disagreement, ...] | None


def _look(db: Database, walls: Walls, now: int) -> _View:
    turn, last = notes.setting(db, _TURN) or (0, now)
    if now < last <= now + DAY:
        now = last  # a clock set back a little must not hide the newest readings
    compare = abs(now - (notes.setting(db, _COMPARED) or 0)) >= _COMPARE_SECONDS
    pending = tuple(one for one in days.pending(db) if one.start <= now)
    oldest = min((one.start for one in pending), default=now)
    (watched,) = db.conn.execute("SELECT count(*) FROM accounts").fetchone()
    return _View(
        now=now,
        turn=turn + 1,
        pending=pending,
        few=tuple(one.account for one in pending) if 4 * len(pending) < watched else None,
        back=max(0, (now - oldest) // DAY),
        events=tuple(events_behind(walls, notes.events(db), accounts.tags_by_account(db))),
        floors=floor_factors(incidents.feedback_by_account(db)),
        disputes=tuple(readings.disagreements(db, now)) if compare else None,
    )


def _spans(back: int) -> Iterator[tuple[int, int]]:
    """The days to judge, oldest first: (days back of the newest, how many)."""
    oldest = back
    while oldest >= AGED:
        span = min(CHUNK, oldest - AGED + 1)
        yield oldest - span + 1, span
        oldest -= span
    yield 0, oldest + 1


def _panel(
    db: Database,
    store: Store,
    ground: Ground,
    now: int,
    newest: int,
    span: int,
    only: Sequence[str] | None,
) -> Panel:
    """The panel whose last column lies `newest` days back, long enough to judge `span` days."""
    length = LOOKBACK + span
    ends = day_ends(now, ground.timezone, newest + length + 1)
    last = int(ends[-1 - newest])
    start = int(ends[-1 - newest - length])
    series = readings.series(db, store.path, start=start, stop=last, only=only)
    panel = build_panel(
        series.accounts,
        series.rows,
        series.at,
        series.values,
        now=last,
        timezone=ground.timezone,
        days=length,
        tags=series.tags,
        with_read_at=True,
    )
    return replace(panel, groups=walled(panel, series.tags, ground.walls))


def _judge(panel: Panel, span: int, view: _View, ground: Ground) -> list[tuple[int, Judgement]]:
    if not panel.accounts:
        return []
    columns = np.arange(panel.days - span, panel.days)
    return list(
        ground.judge(
            panel, ground.rules, columns=columns, events=view.events, floors=view.floors
        )
    )


# --- what it means ----------------------------------------------------------------------


@dataclass
class _Course:
    """The incidents of one review while its judged times are worked through."""

    stored: dict[Key, Stored]
    latest: dict[Key, Incident]

    def at(self, time: int) -> list[Incident]:
        """What had begun by then."""
        return [one for one in self.latest.values() if one.opened_at <= time]

    def changed(self) -> list[Incident]:
        return [
            incident
            for key, incident in self.latest.items()
            if key not in self.stored or self.stored[key].incident != incident
        ]


def _settle(
    db: Database,
    ground: Ground,
    view: _View,
    judged: Sequence[tuple[int, Judgement]],
    now: int,
) -> Reviewed | None:
    turn, _ = notes.setting(db, _TURN) or (0, now)
    if turn + 1 != view.turn:
        return None
    notes.set_setting(db, _TURN, (view.turn, now))
    oldest = min((at for at, _ in judged), default=now)
    stored = {one.incident.key: one for one in incidents.recent(db, oldest, now)}
    course = _Course(stored, {key: one.incident for key, one in stored.items()})
    spans = {one.account: (one.start, one.stop + DAY) for one in view.pending}
    for n, (at, judgement) in enumerate(judged):
        open_then = course.at(at)
        if n < len(judged) - 1:
            judgement, open_then = _limited(judgement, open_then, spans)
        for decision in decide(open_then, judgement, at):
            course.latest[decision.incident.key] = decision.incident
    news = _save(db, ground, view, course, now)
    note(
        db,
        judged,
        first={one.account for one in view.pending if one.first},
        news=ground.news,
        disputes=view.disputes,
        now=now,
    )
    if view.disputes is not None:
        notes.set_setting(db, _COMPARED, now)
    days.reviewed(db, view.pending, now)
    queued = route(db, ground.voices, ground.walls, now, news)
    return Reviewed(
        days=len(judged),
        opened=len(news.fresh),
        changed=len(news.changed),
        older=sum((news.older or {}).values()),
        queued=queued,
    )


def _limited(
    judgement: Judgement, known: Sequence[Incident], spans: Mapping[str, tuple[int, int]]
) -> tuple[Judgement, list[Incident]]:
    """A past day speaks only of the accounts whose readings of it are new."""

    def fresh(account: str | None) -> bool:
        start, stop = spans.get(account or "", (1, 0))
        return start <= judgement.at < stop

    said = replace(
        judgement,
        verdicts=tuple(one for one in judgement.verdicts if fresh(one.finding.account)),
        notices=tuple(one for one in judgement.notices if fresh(one.account)),
    )
    return said, [one for one in known if fresh(one.account)]


def _save(db: Database, ground: Ground, view: _View, course: _Course, now: int) -> News:
    """Stores what changed and says of each incident whether it is news."""
    first = {one.account for one in view.pending if one.first}
    changed, fresh, firsts = set(), set(), set()
    older: dict[str, int] = defaultdict(int)
    for incident in course.changed():
        old = course.stored.get(incident.key)
        silent = _silence(incident, old, incident.account in first, now, ground.news)
        one = incidents.save(db, incident, now, silent)
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
