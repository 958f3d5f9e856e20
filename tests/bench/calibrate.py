"""`python -m tests.bench.calibrate`: fits the table of chances on tuning seeds and prints it.

Ridge logistic regression of what an event truly was on the signs that spoke about it, each day
that its incident was explained; weights of signs that no draw shows stay as they are.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from checks.detectors import chances, fall, rise
from checks.detectors import table as checks_table
from checks.detectors.chances import ORGANIC, PRIOR, REMOVED
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.bench.scoring import ECHO
from tests.bench.verdicts import labelled
from tests.bench.world import WARM_UP, Ranges, Truth, World, make

RIDGE = 1.0
"""Pull towards 0, as of one draw each way: rows that few draws show stay small."""

CHOSEN = {
    *("peers calm", "only peers calm", "nothing known", "fell on", "nothing after"),
    *(f"alone {shape}" for shape in ("new", "jumped", "stopped", "fading", "went_on")),
}
"""Signs whose weight is our choice: every fall of the draws is its account's own, and no purge
of them takes two days."""

LATEST = 3
"""Days after the first in which signs are taken: later ones repeat them."""

Sign = tuple[str, ...]


def leaving(accounts: int, seed: int, *, engagement: bool = True) -> World:
    """A world whose falls are people who leave: for one to six days, fewer each, and who
    take their engagement along."""
    world = make(accounts, seed, ranges=Ranges(labelled=0.0))
    rng = np.random.default_rng([seed, 1])
    followers = world.levels.copy()
    likes = np.nan_to_num(np.diff(_filled(world.counts["interactions"]), axis=1))
    events = []
    for row in np.flatnonzero(rng.random(accounts) < 0.6).tolist():
        days = int(rng.integers(1, 7))
        start = int(rng.integers(WARM_UP, world.days - days))
        total = float(np.exp(rng.uniform(np.log(0.02), np.log(0.2))))
        part = np.exp(-np.arange(days) / rng.uniform(0.8, 3))
        for back, share in enumerate(part / part.sum()):
            followers[row, start + back :] *= 1 - total * share
        likes[row, start - 1 : start + 9] *= rng.uniform(0.1, 0.5)
        events.append(Truth(row, "leaving", start, start + days - 1, total))
    counts = dict(world.counts)
    missing = np.isnan(counts["followers"])
    counts["followers"] = np.where(missing, np.nan, np.floor(followers))
    first = _filled(world.counts["interactions"])[:, :1]
    grown = np.hstack([first, first + np.cumsum(np.maximum(likes, 0), axis=1)])
    counts["interactions"] = np.where(missing, np.nan, np.round(grown))
    return replace(_only(world, counts, engagement), events=tuple(events))


def signs(world: World) -> Iterator[tuple[str, Truth, Sign]]:
    """What spoke about each move that was truly one, on its first days: table, truth, signs."""
    panel, heard = world.panel(), defaultdict[tuple[str, int], list[Sign]](list)
    by_row: dict[int, list[Truth]] = defaultdict(list)
    for event in world.events:
        by_row[event.row].append(event)
    for table, finding, day, said in _explained(panel):
        row = panel.row[finding.account]
        at = int(np.searchsorted(panel.ends, finding.start))
        truth = next((e for e in by_row[row] if e.start - 1 <= at <= e.end + ECHO), None)
        if truth is not None and day <= LATEST and truth.metric == "followers":
            key = (finding.account, finding.start)
            if said not in heard[key]:
                heard[key].append(said)
                yield table, truth, said


def _explained(panel: Panel) -> list[tuple[str, Any, int, Sign]]:
    """Every explanation of a replay with the signs it weighed."""
    heard: list[tuple[str, Any, int, Sign]] = []
    now: list[Any] = []

    def listen(table: Any, found: Any) -> float:
        found = tuple(found)
        name = "ORGANIC" if table is ORGANIC else "REMOVED"
        if now:
            heard.append((name, now[0], now[1], found))
        return chances.chance(table, found)

    kept = rise.chance, fall.chance
    rise.chance = fall.chance = listen  # type: ignore[assignment]
    before = checks_table._BY_NAME.copy()
    for name, check in before.items():
        checks_table._BY_NAME[name] = replace(check, explain=_noted(check.explain, now))
    try:
        columns = np.arange(WARM_UP, panel.days)
        incidents_of(replay(panel, rules_for("balanced"), columns=columns))
    finally:
        rise.chance, fall.chance = kept
        checks_table._BY_NAME.update(before)
    return heard


def _noted(explain: Any, now: list[Any]) -> Any:
    def noted(finding: Any, evidence: Any) -> Any:
        now[:] = [finding, max(evidence.moved_days - 1, 0)]
        return explain(finding, evidence)

    return noted


def fitted(rows: list[tuple[Sign, bool]], table: Any) -> dict[str, float]:
    """Newton's method in steps of at most 1; the last rounds move nothing any more."""
    seen = {PRIOR}.union(*(said for said, _ in rows)) - CHOSEN
    names = [name for name in table if name in seen]
    hits = np.array([[name in (PRIOR, *said) for name in names] for said, _ in rows], float)
    given = np.array([sum(table[sign] for sign in said if sign in CHOSEN) for said, _ in rows])
    right = np.array([held for _, held in rows], float)
    free = np.array([name != PRIOR for name in names], float)
    weights = np.zeros(len(names))
    for _ in range(40):
        chance = 1 / (1 + np.exp(-hits @ weights - given))
        pull = RIDGE * free * weights
        slope = hits.T @ (chance - right) + pull
        curve = (
            (hits * (chance * (1 - chance))[:, None]).T @ hits
            + RIDGE * np.diag(free)
            + 1e-6 * np.eye(len(names))
        )
        weights -= np.clip(np.linalg.solve(curve, slope), -1, 1)
    found = dict(zip(names, weights.round(2).tolist(), strict=True))
    return {name: found.get(name, weight) for name, weight in table.items()}


def unusual(worlds: Iterable[World]) -> dict[str, Any]:
    """Weights of "unusual" for rises and for all else, by what alerts of ordinary life were."""
    rows: dict[str, list[tuple[Any, bool]]] = defaultdict(list)
    for incident, truth in (pair for world in worlds for pair in labelled(world)):
        level = incident.level or float("nan")
        seen = chances.stands_out(
            incident.score, abs(incident.change - incident.expected) / level
        )
        rise = incident.direction == "up"
        rows["UNUSUAL_RISE" if rise else "UNUSUAL"].append(
            (seen if rise else (*seen[:2], 0.0), truth is not None)
        )
    found = {}
    for name, some in rows.items():
        signs, right = (np.array(each, float) for each in zip(*some, strict=True))
        weights, pull = np.zeros(3), RIDGE * np.array([0, 1, 1])
        for _ in range(40):
            chance = 1 / (1 + np.exp(-signs @ weights))
            slope = signs.T @ (chance - right) + pull * weights
            curve = (signs * (chance * (1 - chance))[:, None]).T @ signs
            curve += np.diag(pull + 1e-6)
            weights -= np.clip(np.linalg.solve(curve, slope), -1, 1)
        found[name] = weights.round(2).tolist()
    return found


def _only(world: World, counts: dict[str, Any], engagement: bool) -> World:
    if not engagement:
        counts = {"followers": counts["followers"]}
    return replace(world, counts=counts)


def _filled(values: Any) -> Any:
    days = np.where(np.isnan(values), 0, np.arange(values.shape[1]))
    return np.take_along_axis(values, np.maximum.accumulate(days, axis=1), axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--accounts", type=int, default=400)
    options = parser.parse_args()
    rows: dict[str, list[tuple[Sign, bool]]] = {"ORGANIC": [], "REMOVED": []}
    right = {"ORGANIC": "viral", "REMOVED": "purge"}
    wanted = {"ORGANIC": ("viral", "spike"), "REMOVED": ("purge", "leaving")}
    for seed in range(options.seeds):
        for engagement in (True, False):
            usual = make(options.accounts, seed)
            worlds = [_only(usual, dict(usual.counts), engagement)]
            worlds.append(leaving(options.accounts // 10, seed, engagement=engagement))
            for world in worlds:
                for table, truth, said in signs(world):
                    if truth.kind in wanted[table]:
                        rows[table].append((said, truth.kind == right[table]))
    for name, table in (("ORGANIC", ORGANIC), ("REMOVED", REMOVED)):
        print(f"{name} = {{  # {len(rows[name])} explanations")
        for sign, weight in fitted(rows[name], table).items():
            seen = sum(sign in said for said, _ in rows[name])
            print(f'    "{sign}": {weight},  # {seen} draws')
        print("}")
    for name, weights in unusual(make(500, seed) for seed in range(options.seeds)).items():
        print(f"{name} = {weights}")


if __name__ == "__main__":
    main()
