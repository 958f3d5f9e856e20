"""What a review looks at: what waits, and the panels to judge it in."""

import pickle
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple, Protocol

import numpy as np
import numpy.typing as npt
from sqlite_utils import Database

from bot.model.reading import DAY
from bot.review.peers import events_behind, walled
from bot.route import Voices
from bot.storage import accounts, days, events, incidents, readings
from bot.storage.access import AccessPolicy
from bot.storage.database import Store
from bot.storage.days import PendingDays
from bot.storage.settings import TWO_WHOLE, WHOLE, setting
from checks.context import Summary, combine, merge, small_groups, summarise
from checks.judge import Shortlist, judge_shortlist, judgements, shortlist
from checks.model import Event, Judgement, Rules
from checks.panel.build import Readings, build_panel, day_ends
from checks.panel.panel import LOOKBACK, Panel
from checks.verdict.verdict import floor_factors

PART_CELLS = 600_000
"""Accounts times days of one part of a panel, a judged day for three more: 5,000 accounts on an
ordinary day. Half costs a tenth more time, double 60 MB."""

CHUNK = 120
"""Judged days per panel when an import reaches far back, tuned on 16,000 accounts of a year:
half takes 40 % more time, double 60 MB."""

AGED = 31
"""Days back from which nobody is told any more (or `news`, where that is longer): few accounts
are then judged among themselves."""

TURN, LAKE_TURN = "review", "review of lakes"
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
    readings where they are a small part of all, `keep` those with an incident that is open or
    has just ended. `lakes` is True where it judges the accounts of lakes: nothing of them
    waits, and all of them speak of every judged day.
    """

    now: int
    turn: int
    days: tuple[PendingDays, ...]
    few: tuple[str, ...] | None
    keep: frozenset[str]
    back: int
    events: tuple[Event, ...]
    floors: Mapping[str, float]
    disputes: tuple[readings.Disagreement, ...] | None = None
    lakes: bool = False

    @property
    def key(self) -> str:
        """Where its turn and time are noted."""
        return LAKE_TURN if self.lakes else TURN


def look(db: Database, access: AccessPolicy, now: int) -> Pending:
    turn, last = setting(db, TURN, TWO_WHOLE) or (0, now)
    if now < last <= now + DAY:
        now = last  # a clock set back a little must not hide the newest readings
    compare = abs(now - (setting(db, COMPARED, WHOLE) or 0)) >= _COMPARE_SECONDS
    pending = tuple(one for one in days.pending(db) if one.start <= now)
    oldest = min((one.start for one in pending), default=now)
    (watched,) = db.conn.execute("SELECT count(*) FROM accounts").fetchone()
    return Pending(
        now=now,
        turn=turn + 1,
        days=pending,
        few=tuple(one.account for one in pending) if 4 * len(pending) < watched else None,
        keep=incidents.accounts_of_recent(db, oldest, now),
        back=max(0, (now - oldest) // DAY),
        events=tuple(events_behind(access, events.listing(db), accounts.words_by_account(db))),
        floors=floor_factors(incidents.feedback_by_account(db)),
        disputes=tuple(readings.disagreements(db, now)) if compare else None,
    )


def look_at_lakes(db: Database, access: AccessPolicy, now: int) -> Pending:
    """What a review of lakes needs to know; days since the last one are judged too."""
    turn, last = setting(db, LAKE_TURN, TWO_WHOLE) or (0, now)
    now = max(now, last) if last <= now + DAY else now
    back = min(max(0, (now - last - 1) // DAY), AGED)
    return Pending(
        now=now,
        turn=turn + 1,
        days=(),
        few=None,
        keep=incidents.accounts_of_recent(db, now - back * DAY, now, lakes=True),
        back=back,
        events=tuple(events_behind(access, events.listing(db), accounts.words_by_account(db))),
        floors=floor_factors(incidents.feedback_by_account(db)),
        lakes=True,
    )


class Span(NamedTuple):
    """Days that are judged together: how many days back the newest lies, how many there are,
    and the accounts where not all are judged."""

    newest: int
    days: int
    only: Sequence[str] | None = None


def spans(pending: Pending, aged: int) -> Iterator[Span]:
    """The days to judge, oldest first; none reaches from before to after `aged` days back."""
    oldest = pending.back
    while oldest >= aged:
        days = min(CHUNK, oldest - aged + 1)
        yield Span(oldest - days + 1, days, pending.few)
        oldest -= days
    yield Span(0, oldest + 1)


class Parts:
    """The panel of one span of days, cut into parts that wait in a file beside the database.

    The file has no name, so that it goes with the process; what stays in memory is one part and
    the summary of all.
    """

    def __init__(self, folder: Path) -> None:
        self.summary: Summary | None = None
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 (closed by `__exit__`)
        self._starts: list[int] = []

    def __enter__(self) -> "Parts":
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def __len__(self) -> int:
        return len(self._starts)

    def add(self, part: Panel, columns: Ints, small: Collection[str]) -> None:
        """`small` are the groups that are so in the whole panel."""
        summary = summarise(part, columns, small=small)
        self.summary = summary if self.summary is None else combine([self.summary, summary])
        self._starts.append(self._file.tell())
        pickle.dump(part, self._file, protocol=5)

    def __iter__(self) -> Iterator[Panel]:
        for start in self._starts:
            self._file.seek(start)
            yield pickle.load(self._file)


def cut(
    db: Database,
    store: Store,
    settings: ReviewSettings,
    pending: Pending,
    span: Span,
    parts: Parts,
) -> None:
    """The panel that ends `span.newest` days back, long enough to judge `span.days`."""
    length = LOOKBACK + span.days
    ends = day_ends(pending.now, settings.timezone, span.newest + length + 1)
    last, start = int(ends[-1 - span.newest]), int(ends[-1 - span.newest - length])
    tags = accounts.tags_by_account(db, span.only, lakes=span.only is not None)
    groups = walled(list(tags), tags, settings.access)
    small = small_groups(groups)
    place = {account: row for row, account in enumerate(tags)}
    size = max(1, PART_CELLS // (length + 3 * span.days))
    for series in readings.pieces(
        db, store.path, start=start, stop=last, size=size, only=span.only
    ):
        panel = build_panel(
            Readings(series.accounts, series.rows, series.at, series.values),
            now=last,
            timezone=settings.timezone,
            days=length,
            with_read_at=True,
        )
        del series
        own = np.array([place[account] for account in panel.accounts], np.int64)
        panel = replace(panel, groups=_within(groups, own, len(place)))
        parts.add(panel, np.arange(length - span.days, length), small)
        del panel  # before the next one is read


def _within(groups: Mapping[str, Ints], own: Ints, many: int) -> dict[str, Ints]:
    """The groups' rows among those that a part holds, counted within it."""
    row = np.full(many, -1)
    row[own] = np.arange(len(own))
    parts = {name: row[rows] for name, rows in groups.items()}
    return {name: np.sort(rows[rows >= 0]) for name, rows in parts.items()}


def judged(
    parts: Parts, span: Span, pending: Pending, settings: ReviewSettings
) -> list[tuple[int, Judgement]]:
    """What the days of a span say of all accounts that have something to say or an incident."""
    if parts.summary is None:
        return []
    rules, events, floors = settings.rules, pending.events, pending.floors
    if len(parts) == 1:
        (panel,) = parts
        columns = np.arange(panel.days - span.days, panel.days)
        return list(settings.judge(panel, rules, columns=columns, events=events, floors=floors))
    context = merge([parts.summary], rules, floors=floors)
    short = Shortlist.joined(
        [shortlist(part, rules, context, keep=pending.keep) for part in parts]
    )
    return list(judge_shortlist(short, rules, context, events=events))
