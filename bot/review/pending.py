"""What a review looks at: what waits, and the panels to judge it in."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from bot.review.peers import events_behind, walled
from bot.route import Voices
from bot.storage import accounts, days, events, incidents, readings
from bot.storage.access import AccessPolicy
from bot.storage.database import Store
from bot.storage.days import PendingDays
from bot.storage.settings import setting
from checks.judge import judgements
from checks.model import Event, Judgement, Rules
from checks.panel.panel import LOOKBACK, Panel, build_panel, day_ends
from checks.verdict.verdict import floor_factors

DAY = 86400
CHUNK = 180
"""Judged days per panel when an import reaches far back: bounds the memory."""

AGED = 31
"""Days back from which nobody is told any more (or `news`, where that is longer): few accounts
are then judged among themselves."""

TURN = "review"
COMPARED = "sources compared"
_COMPARE_SECONDS = 6 * 3600

Ints = npt.NDArray[np.int64]


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
class ReviewSettings:
    """What reviews need beside the store; `news` in seconds."""

    rules: Rules
    access: AccessPolicy
    voices: Voices
    timezone: str = "UTC"
    news: int = 7 * DAY
    judge: Judge = judgements


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """What waits and what is known; new readings reach `back` days into the past.

    `turn` numbers the review that may be written next. `few` names the accounts with new
    readings where they are a small part of all.
    """

    now: int
    turn: int
    days: tuple[PendingDays, ...]
    few: tuple[str, ...] | None
    back: int
    events: tuple[Event, ...]
    floors: Mapping[str, float]
    disputes: tuple[readings.Disagreement, ...] | None


def look(db: Database, access: AccessPolicy, now: int) -> Pending:
    turn, last = setting(db, TURN) or (0, now)
    if now < last <= now + DAY:
        now = last  # a clock set back a little must not hide the newest readings
    compare = abs(now - (setting(db, COMPARED) or 0)) >= _COMPARE_SECONDS
    pending = tuple(one for one in days.pending(db) if one.start <= now)
    oldest = min((one.start for one in pending), default=now)
    (watched,) = db.conn.execute("SELECT count(*) FROM accounts").fetchone()
    return Pending(
        now=now,
        turn=turn + 1,
        days=pending,
        few=tuple(one.account for one in pending) if 4 * len(pending) < watched else None,
        back=max(0, (now - oldest) // DAY),
        events=tuple(events_behind(access, events.listing(db), accounts.tags_by_account(db))),
        floors=floor_factors(incidents.feedback_by_account(db)),
        disputes=tuple(readings.disagreements(db, now)) if compare else None,
    )


def spans(back: int, aged: int) -> Iterator[tuple[int, int]]:
    """The days to judge, oldest first: (days back of the newest, how many).

    No span reaches from before to after `aged` days back.
    """
    oldest = back
    while oldest >= aged:
        span = min(CHUNK, oldest - aged + 1)
        yield oldest - span + 1, span
        oldest -= span
    yield 0, oldest + 1


def panel_of(
    db: Database,
    store: Store,
    settings: ReviewSettings,
    now: int,
    newest: int,
    span: int,
    only: Sequence[str] | None,
) -> Panel:
    """The panel whose last column lies `newest` days back, long enough to judge `span` days."""
    length = LOOKBACK + span
    ends = day_ends(now, settings.timezone, newest + length + 1)
    last = int(ends[-1 - newest])
    start = int(ends[-1 - newest - length])
    series = readings.series(db, store.path, start=start, stop=last, only=only)
    panel = build_panel(
        series.accounts,
        series.rows,
        series.at,
        series.values,
        now=last,
        timezone=settings.timezone,
        days=length,
        tags=series.tags,
        with_read_at=True,
    )
    return replace(panel, groups=walled(panel, series.tags, settings.access))


def judged(
    panel: Panel, span: int, pending: Pending, settings: ReviewSettings
) -> list[tuple[int, Judgement]]:
    if not panel.accounts:
        return []
    columns = np.arange(panel.days - span, panel.days)
    return list(
        settings.judge(
            panel, settings.rules, columns=columns, events=pending.events, floors=pending.floors
        )
    )
