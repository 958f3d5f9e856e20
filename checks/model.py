"""The words of the checks: findings, verdicts, incidents. Times are epoch seconds (UTC)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal, NamedTuple, Protocol

DAY = 86_400
"""Seconds."""

Direction = Literal["up", "down", "swing"]
Kind = Literal[
    "purge",
    "unfollow_wave",
    "leak",
    "mass_follow",
    "viral",
    "follow_unfollow",
    "dilution",
    "posting_stopped",
    "glitch",
    "unexplained_drop",
    "unexplained_spike",
    "identity_change",
]
UNEXPLAINED: frozenset[Kind] = frozenset({"unexplained_drop", "unexplained_spike"})
"""What is told of a move while no evidence for any cause has come in."""

NoticeKind = Literal["milestone", "source_fault", "stale", "account_gone", "identity_change"]
Severity = Literal["info", "warning", "critical"]
State = Literal["suspected", "confirmed", "resolved"]
Sensitivity = Literal["strict", "balanced", "sensitive"]
Basis = Literal["total", "net", "gained", "gained_lost"]

SEVERITIES: tuple[Severity, ...] = ("info", "warning", "critical")


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """One piece of evidence, free of language: `bot.message` has a sentence per `code`."""

    code: str
    values: Mapping[str, float | int | str] = field(default_factory=dict)


class Cause(NamedTuple):
    """What may lie behind a move, and how likely that is."""

    kind: Kind
    chance: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A dated thing the team knows of; both ends included; None means all."""

    name: str
    kind: Literal["campaign", "deadline", "platform_notice", "outage"]
    start: int
    end: int
    platform: str | None = None
    account: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One check's evidence about one account, metric and span of days.

    `change`, `expected` and `level` are counts: the observed and the expected change over
    the span and the level before it (NaN without a level). `size` is
    |change - expected| / level, `score` the signed surprise in spreads. `start` is the end of
    the first day that carries the evidence (a leak: its estimated onset), `at` the judged time.
    `earliest` is when it may have begun where that is before `start`: two lists only tell that
    somebody left in between.
    """

    check: str
    account: str
    metric: str
    direction: Direction
    start: int
    at: int
    change: float
    expected: float
    level: float
    size: float
    score: float
    earliest: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """The explanation of one account's findings on one metric and direction.

    `confidence` is how sure it is that the move is unusual at all, `causes` what may lie behind
    it, the likeliest first. `kind` is that one where evidence for it has come in, else one of
    UNEXPLAINED.
    """

    finding: Finding
    kind: Kind
    confidence: float
    severity: Severity
    reasons: tuple[Reason, ...]
    causes: tuple[Cause, ...] = ()
    advice: tuple[str, ...] = ()
    wave: str | None = None
    alerting: bool = True
    """False for a wave member under its own floor in a wave that is not posted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Update:
    """One step in an incident's life."""

    at: int
    state: State
    kind: Kind
    severity: Severity
    confidence: float
    causes: tuple[Cause, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Incident:
    """A verdict with a life; (account, metric, direction, opened_at) is its identity."""

    account: str
    metric: str
    direction: Direction
    opened_at: int
    alerted_at: int | None
    resolved_at: int | None
    last_finding_at: int
    state: State
    kind: Kind
    severity: Severity
    confidence: float
    change: float
    expected: float
    level: float
    score: float
    reasons: tuple[Reason, ...]
    causes: tuple[Cause, ...] = ()
    """What may lie behind it, the likeliest first; empty where an older version stored it."""
    advice: tuple[str, ...] = ()
    wave: str | None = None
    calm_days: int = 0
    """Judged days without a finding since the last finding."""
    closed_as: str | None = None
    """Why it ended: calm, glitch, no_more_data, corrected, overtaken."""
    supersedes: int | None = None
    """`opened_at` of the incident that this one contradicts."""
    updates: tuple[Update, ...] = ()
    memory: Mapping[str, float | int | str] = field(default_factory=dict)
    """What `decide` has to remember between judged times; plain JSON values."""

    @property
    def key(self) -> tuple[str, str, Direction, int]:
        return (self.account, self.metric, self.direction, self.opened_at)

    @property
    def open(self) -> bool:
        return self.resolved_at is None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What to do with one incident, and why in one word.

    `incident` is the new value to store. `hold` changes nothing that a reader sees.
    """

    action: Literal["open", "update", "escalate", "resolve", "hold"]
    incident: Incident
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """Something worth saying that is no incident.

    `account` is None for a whole source, then `accounts` are those that showed it. `at` is when
    it became known; a lasting condition repeats the same notice on every judged day.
    """

    kind: NoticeKind
    account: str | None
    at: int
    reasons: tuple[Reason, ...]
    accounts: tuple[str, ...] = ()

    @property
    def severity(self) -> Severity:
        """A warning where an account is lost or nothing can be seen of it any more."""
        mild = all(each.code == "sources_disagree" for each in self.reasons)
        if self.kind in ("milestone", "stale") or (self.kind == "source_fault" and mild):
            return "info"
        return "warning"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one account's metric stands at the judged time.

    `level` is the newest count, `daily` the change expected a day, `spread` one spread of a
    day's change, `step` the smallest change its source can show; all in counts. `judged` is
    False where the last day holds no reading or too little is known yet.
    """

    judged: bool
    read_at: int
    level: float
    daily: float
    spread: float
    step: float


class DayContext(Protocol):
    """What `decide` may ask about accounts that have incidents."""

    def standing(self, account: str, metric: str) -> Standing | None:
        """None where the account is not in the panel."""
        ...

    def reading(self, account: str, metric: str, at: int) -> float:
        """The reading taken exactly at `at`, NaN where the panel no longer shows one."""
        ...

    def before(self, account: str, metric: str, day: int) -> tuple[int, float]:
        """Time and value of the last reading of a day before the one that ends at `day`."""
        ...

    def since(self, account: str, metric: str, day: int) -> int:
        """Time of the first reading from the day on that ends at `day`."""
        ...

    def flapped(self, account: str) -> float:
        """How far the account's counter leaps there and back, 0 where it does not flap."""
        ...

    def gather(self, incidents: Sequence[Incident]) -> None:
        """Works out together what `explain` will be asked; one by one takes far longer."""
        ...

    def explain(self, incident: Incident) -> Verdict | None:
        """The incident in the light of all evidence up to now, None where there is none."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """What one judged time says: `verdicts` of the findings of that very time.

    `early` holds, for accounts too new to be judged, how many changes are known so far.
    """

    at: int
    verdicts: tuple[Verdict, ...]
    notices: tuple[Notice, ...]
    early: Mapping[str, int]
    view: DayContext


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What decides whether evidence becomes an alarm; made by `rules_for`.

    `alpha` is the tail probability per account and day, `q` the share of false discoveries,
    `min_percent` and `min_count` the floors, `critical_percent` where severity turns
    critical. `own_floors` is True where the config replaced the floors: then no account
    gets a lower one. `looks` is the number of judged times a day that share `alpha`.
    """

    sensitivity: Sensitivity
    alpha: float
    q: float
    min_percent: float
    min_count: float
    critical_percent: float
    own_floors: bool = False
    looks: int = 1
