"""Whether the kind and the confidence of an incident hold."""

from collections.abc import Iterable

import numpy as np

from checks.model import Incident, Update
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.bench.bars import Bars
from tests.bench.scoring import ECHO
from tests.bench.world import DAY, WARM_UP, Truth, World

RIGHT = {
    "purge": "purge",
    "spike": "mass_follow",
    "leak": "leak",
    "sawtooth": "follow_unfollow",
    "viral": "viral",
}
BINS = 10

Labelled = tuple[Incident, Truth | None]
"""An alerted incident and the labelled event of its account at that time."""


def labelled(world: World) -> list[Labelled]:
    """Alerted incidents on followers and following, judged from the end of the warm-up."""
    panel = world.panel()
    columns = np.arange(WARM_UP, panel.days)
    found = incidents_of(replay(panel, rules_for("balanced"), columns=columns))
    pairs: list[Labelled] = []
    for each in found:
        if each.alerted_at is None or each.metric not in ("followers", "following"):
            continue
        row, day = panel.row[each.account], int(np.searchsorted(panel.ends, each.alerted_at))
        truth = (e for e in world.events if e.row == row and e.start <= day <= e.end + ECHO)
        pairs.append((each, next(truth, None)))
    return pairs


def verdicts(worlds: Iterable[World], bars: Bars) -> None:
    pairs = [pair for world in worlds for pair in labelled(world)]
    fake_or_organic(pairs, bars)
    confidence(pairs, bars)


def fake_or_organic(pairs: Iterable[Labelled], bars: Bars) -> None:
    """The kind of each spike and viral event a day after its first alarm."""
    called: dict[str, list[str]] = {"spike": [], "viral": []}
    seen = set()
    for incident, truth in pairs:
        if truth is None or truth.kind not in called or incident.direction != "up":
            continue
        key = (incident.account, truth)
        if key not in seen:
            seen.add(key)
            called[truth.kind].append(_step(incident, DAY).kind)
    fake = sum(kind == "mass_follow" for kind in called["spike"])
    wrong = sum(kind == "mass_follow" for kind in called["viral"])
    print(f"{len(called['spike'])} fake and {len(called['viral'])} organic events alarmed")
    bars.at_least("fake a day after the alarm, precision", 0.98, fake / max(fake + wrong, 1))
    bars.at_least("fake a day after the alarm, recall", 0.95, fake / len(called["spike"]))
    bars.at_least("organic kept clean", 0.98, 1 - wrong / len(called["viral"]))


def confidence(pairs: Iterable[Labelled], bars: Bars) -> None:
    """How sure each incident is that it is unusual, and how likely its named cause."""
    unusual, first, last = [], [], []
    for incident, truth in pairs:
        right = RIGHT[truth.kind] if truth else None
        alert = _step(incident, 0)
        unusual.append((alert.confidence, truth is not None))
        first.append((alert.causes[0].chance, alert.causes[0].kind == right))
        last.append((incident.causes[0].chance, incident.causes[0].kind == right))
    real = [pair for pair, (_, true) in zip(first, unusual, strict=True) if true]
    print(f"{len(last)} incidents, right {_right(first):.3f} first and {_right(last):.3f} last")
    bars.at_most("calibration error of unusual", 0.03, calibration_error(unusual))
    bars.at_most(
        "calibration error of the cause at the first alert", 0.03, calibration_error(real)
    )
    bars.at_most("calibration error of the cause at the end", 0.03, calibration_error(last))
    sure = [right for sure, right in last if sure >= 0.9]
    print(f"of final causes from 0.9 on, {np.mean(sure):.3f} hold")
    bars.at_least("share of final causes from 0.9 on", 0.5, len(sure) / len(last))


def calibration_error(pairs: Iterable[tuple[float, bool]]) -> float:
    """Mean distance of confidence and share of right ones in ten bins, weighted by size."""
    said, held = np.array([*pairs], np.float64).T
    place = np.minimum((said * BINS).astype(int), BINS - 1)
    total = 0.0
    for bin_ in np.unique(place):
        inside = place == bin_
        total += inside.mean() * abs(said[inside].mean() - held[inside].mean())
    return float(total)


def _step(incident: Incident, later: int) -> Update:
    """What was said `later` seconds after the alert."""
    assert incident.alerted_at is not None
    return [each for each in incident.updates if each.at <= incident.alerted_at + later][-1]


def _right(pairs: Iterable[tuple[float, bool]]) -> float:
    return float(np.mean([right for _, right in pairs]))
