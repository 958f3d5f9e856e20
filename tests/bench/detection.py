"""`python -m tests.bench.detection`: how good and how fast detection is, beside its peers.

Reporting seeds (from 1,000 on) and half 1 of the real channels were never tuned on.
"""

import argparse
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from time import perf_counter
from typing import Any, get_args

import numpy as np

from checks.model import Incident, Sensitivity
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.bench import mixture, real, speed
from tests.bench.bars import Bars
from tests.bench.cases import incident_cases
from tests.bench.hard import DRAWS, hard
from tests.bench.hourly import hourly
from tests.bench.known import real_sets
from tests.bench.lists import list_speed
from tests.bench.picture import picture
from tests.bench.scoring import PARTED, Alarm, Score, score
from tests.bench.situations import SITUATIONS
from tests.bench.verdicts import verdicts
from tests.bench.world import WARM_UP, World, make, read_every

TUNED_BELOW = 1000
SMALL = 20
PICTURE = Path(__file__).parents[2] / "bot" / "sample" / "detection.png"
Detector = Callable[[World], Iterable[Alarm]]


def ebbwatch(world: World, sensitivity: Sensitivity = "balanced") -> list[Alarm]:
    """Incidents that alerted, judged day by day."""
    panel = world.panel()
    return alarms_of(panel, np.arange(panel.days), sensitivity)


def alarms_of(panel: Panel, columns: Any, sensitivity: Sensitivity = "balanced") -> list[Alarm]:
    return [
        Alarm(panel.row[each.account], each.metric, _day(panel, each), each.kind)
        for each in alerts(panel, columns, sensitivity)
    ]


def alerts(panel: Panel, columns: Any, sensitivity: Sensitivity = "balanced") -> list[Incident]:
    """Incidents that alerted, thinning engagement left out."""
    found = incidents_of(replay(panel, rules_for(sensitivity), columns=columns))
    return [each for each in found if each.alerted_at is not None and each.kind != "dilution"]


def peer(name: str) -> Detector:
    from tests.bench.peers import PEERS, moves  # their libraries are of `.venv/peers` alone

    def detect(world: World) -> list[Alarm]:
        hit = PEERS[name](moves(world.counts["followers"]))
        alarms = []
        for row in np.flatnonzero(hit.any(axis=1)):
            days = np.flatnonzero(hit[row])
            first = days[np.diff(days, prepend=-99) > PARTED]
            alarms += [Alarm(int(row), "followers", int(day)) for day in first]
        return alarms

    return detect


def scored(detector: Detector, worlds: Iterable[World]) -> Score:
    total = Score()
    for world in worlds:
        read = ~np.isnan(world.counts["followers"])
        first = min(WARM_UP, world.days // 3)
        total.add(score(detector(world), world.events, read, first=first))
    return total


def table(title: str, detectors: dict[str, Detector], worlds: list[World]) -> dict[str, Score]:
    print(f"\n{title}" if title else "", flush=True)
    found = {}
    for name, detector in detectors.items():
        begun = perf_counter()
        found[name] = scored(detector, worlds)
        print(f"{name:30s} {found[name].line()}  [{perf_counter() - begun:.0f} s]", flush=True)
    return found


def backgrounds(seeds: Iterable[int]) -> dict[str, list[World]]:
    """Real windows with injected events, by set; YouTube's are of the reporting half.

    The small sets are drawn SMALL times as often: the share of leaks, which peers cannot
    find, is then near the third of all events that it is meant to be.
    """
    youtube = real.youtube()
    kept = [name for name in youtube if real.half(name) == 1]
    bluesky, chzzk = real.bluesky(), real.chzzk()
    shown: list[World] = []
    exact: list[World] = []
    for seed in seeds:
        shown += real.windows(youtube, seed, keep=kept, rounded=True)
        for more in range(SMALL * seed, SMALL * (seed + 1)):
            exact += real.windows(
                bluesky, more, rounded=False, length=60, warm_up=30, least=100
            )
            exact += real.windows(
                chzzk, more, rounded=False, length=120, warm_up=60, per_account=9
            )
    return {"YouTube": shown, "exact counts": exact}


def synthetic(options: argparse.Namespace, bars: Bars) -> None:
    worlds = _worlds(options)
    scores = table("", _detectors(options), worlds)
    ours = scores["ebbwatch"]
    rounded = [found for world in worlds for found in _leaks_on_rounded(world)]
    print(f"{len(rounded)} leaks on rounded accounts")
    bars.at_least("synthetic, F1", 0.97, ours.f1)
    bars.at_most("synthetic, false alarms per account-year", 0.06, ours.false_per_year)
    for kind, least in RECALL.items():
        bars.at_least(f"synthetic, recall of {kind}", least, ours.recall_of(kind))
    bars.at_least(
        "synthetic, recall of leaks on rounded accounts", 0.85, float(np.mean(rounded))
    )
    bars.at_least("synthetic, purges opened on the first day", 0.95, ours.at_once_of("purge"))
    bars.at_least("synthetic, spikes opened on the first day", 0.90, ours.at_once_of("spike"))
    bars.at_most(
        "synthetic, median delay of a leak, days", 7, float(np.median(ours.delays["leak"]))
    )
    if options.peers:
        picture(scores, options.picture)


def real_backgrounds(options: argparse.Namespace, bars: Bars) -> None:
    for name, windows in backgrounds(_seeds(options)).items():
        events = sum(len(window.events) for window in windows)
        scores = table(f"{name}, {events} events", _detectors(options), windows)
        ours = scores.pop("ebbwatch")
        if scores:
            best = max(scores, key=lambda peer: scores[peer].f1)
            peer = scores[best]
            print(f"best peer: {best}")
            bars.at_least(f"{name}, F1 above the best peer's", 0.20, ours.f1 - peer.f1)
            bars.fewer(
                f"{name}, other alarms a year than that peer",
                peer.false_per_year,
                ours.false_per_year,
            )
        if windows[0].rounded.any():
            leaks = ours.recall_of("leak")
            bars.at_least(f"{name}, recall of leaks on rounded accounts", 0.80, leaks)


def ordinary_days(options: argparse.Namespace, bars: Bars) -> None:
    """Incidents per account-day of the real sets, strange days left out; a wave is one."""
    for name in real.SETS:
        found, days = _ordinary(name)
        opened = {each.wave or each.key for each in found}
        print(f"{name:10s} {days} account-days, {len(opened)} incidents, {len(found)} accounts")
        share = 100 * len(opened) / days
        bars.at_most(f"{name}, ordinary days, % of account-days", 0.05, share)
        for each in found if share > 0.05 or len(opened) < len(found) else ():
            day = datetime.fromtimestamp(each.alerted_at or 0, UTC)
            moved = f"{each.change:+,.0f} ({each.change / each.level:+.0%})"
            print(f"  {day:%Y-%m-%d} {each.account} {each.kind} {moved} {each.wave or ''}")


def wave_of_2022(options: argparse.Namespace, bars: Bars) -> None:
    """The counter glitch that took a step or two from one channel of six for a day."""
    panel, first = real.whole(real.youtube())
    fell = (real.GLITCH - first).days
    followers = panel.metrics["followers"]
    before = np.fmax.reduce(followers[:, fell - 3 : fell], axis=1)
    large = np.flatnonzero((before > 5_000) & (followers[:, fell] < followers[:, fell - 1]))
    judged = np.arange(fell - 5, fell + 5)
    found = incidents_of(replay(panel, rules_for("balanced"), columns=judged))
    at, next_day = panel.ends[fell], panel.ends[fell + 1]
    members = {each.account: each for each in found if each.wave and each.alerted_at == at}
    listed = [members[name] for name in (panel.accounts[r] for r in large) if name in members]
    gone = [each for each in members.values() if each.resolved_at == next_day]
    bars.at_most("2022-12-20, waves opened", 1, len({each.wave for each in found} - {None}))
    bars.at_least(f"2022-12-20, channels listed of {len(large)}", len(large), len(listed))
    suspected = [each.updates[0].kind == "purge" for each in members.values()]
    bars.at_least("2022-12-20, share suspected as purge", 1, float(np.mean(suspected)))
    glitch = [each for each in gone if each.kind == each.closed_as == "glitch"]
    share = len(glitch) / max(len(members), 1)
    bars.at_least("2022-12-20, share closed as glitch the next day", 1, share)


def sensitivities(options: argparse.Namespace, bars: Bars) -> None:
    """What each sensitivity costs and finds; nothing is asked but that it is stated."""
    worlds = {"synthetic": _worlds(options), **backgrounds(_seeds(options))}
    print(
        "| sensitivity | " + " | ".join(f"{name}: false a year, recall" for name in worlds),
        end="",
    )
    print(" | YouTube, ordinary days: incidents a year |")
    print("|---" * (len(worlds) + 2) + "|")
    for each in get_args(Sensitivity):
        detector = partial(ebbwatch, sensitivity=each)
        totals = [scored(detector, some) for some in worlds.values()]
        cells = [f"{total.false_per_year:.3f}, {total.recall:.3f}" for total in totals]
        found, days = _ordinary("youtube", each)
        year = len(found) / days * 365.25
        print(f"| {each} | {' | '.join(cells)} | {year:.3f} |", flush=True)


def seldom(options: argparse.Namespace, bars: Bars) -> None:
    """The synthetic world read every few days; nothing is asked but that it is stated."""
    worlds = _worlds(options)
    for days in (1, 2, 3, 7):
        read = [read_every(days, world) for world in worlds]
        print(f"read every {days} days: {scored(ebbwatch, read).line()}", flush=True)


def discoveries(options: argparse.Namespace, bars: Bars) -> None:
    """The share of false alarms that is promised, floors off."""
    for tails, joint in MIXTURES:
        name = f"mixture of {tails} tails{', joint days' if joint else ''}"
        worlds = [mixture.mixture(seed, tails=tails, joint=joint) for seed in _seeds(options)]
        for q, sensitivity in mixture.QS:
            judged = [mixture.ebbwatch(world, sensitivity) for world in worlds]
            false, power = np.mean(judged, axis=0)
            bars.at_most(f"{name}, q {q}, false share in q", 1.5, false / q)
            if q == 0.05:
                bars.at_least(f"{name}, q {q}, power", 0.25, power)


def speeds(options: argparse.Namespace, bars: Bars) -> None:
    grid, replayed = speed.today(), speed.causal()
    print("today's grid point, in passes:", _short(grid))
    print("causal replay:", _short(replayed))
    bars.at_most("today's grid point, followers, passes", 2.5, grid["followers"])
    bars.at_most("today's grid point, all metrics, passes", 6, grid["all metrics"])
    bars.at_most("causal replay, times slower than the pass", 75, replayed["ratio"])


RECALL = {"purge": 0.98, "viral": 0.98, "spike": 0.97, "leak": 0.94, "sawtooth": 0.94}
MIXTURES: tuple[tuple[mixture.Tails, float], ...] = (
    ("t3", 0.0),
    ("t3", mixture.JOINT),
    ("mixed", 0.0),
    ("mixed", mixture.JOINT),
)
SECTIONS: dict[str, Callable[[argparse.Namespace, Bars], None]] = {
    "synthetic": synthetic,
    "hourly": lambda options, bars: hourly(bars, _seeds(options)[:2], options.accounts),
    "verdicts": lambda options, bars: verdicts(_worlds(options), bars),
    "hard": lambda options, bars: hard(bars, options.first, options.draws, options.situations),
    "known": lambda options, bars: real_sets(bars),
    "sensitivity": sensitivities,
    "seldom": seldom,
    "real": real_backgrounds,
    "ordinary": ordinary_days,
    "wave": wave_of_2022,
    "incidents": lambda options, bars: incident_cases(bars, options.first),
    "discoveries": discoveries,
    "speed": speeds,
    "lists": lambda options, bars: list_speed(bars),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=TUNED_BELOW)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--draws", type=int, default=DRAWS, help="of each hard situation")
    parser.add_argument("--situations", nargs="+", choices=SITUATIONS, default=[*SITUATIONS])
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=list(SECTIONS))
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--picture", type=Path, default=PICTURE)
    options = parser.parse_args()
    bars = Bars()
    for name in options.only:
        begun = perf_counter()
        print(f"\n## {name}", flush=True)
        SECTIONS[name](options, bars)
        print(f"[{perf_counter() - begun:.0f} s]", flush=True)
    print(f"\n{bars.table()}")


def _seeds(options: argparse.Namespace) -> range:
    return range(options.first, options.first + options.seeds)


def _worlds(options: argparse.Namespace) -> list[World]:
    return [make(options.accounts, seed) for seed in _seeds(options)]


def _detectors(options: argparse.Namespace) -> dict[str, Detector]:
    if not options.peers:
        return {"ebbwatch": ebbwatch}
    from tests.bench.peers import PEERS

    return {"ebbwatch": ebbwatch, **{name: peer(name) for name in PEERS}}


def _ordinary(name: str, sensitivity: Sensitivity = "balanced") -> tuple[list[Incident], int]:
    """Alerts and the account-days on which they could have come."""
    panel, first = real.whole(real.SETS[name]())
    strange = {(day - first).days for day in real.STRANGE_DAYS}
    judged = ~np.isnan(panel.metrics["followers"])
    judged[:, sorted(day for day in strange if 0 <= day < panel.days)] = False
    found = alerts(panel, np.arange(panel.days), sensitivity)
    return [each for each in found if _day(panel, each) not in strange], int(judged.sum())


def _day(panel: Panel, incident: Incident) -> int:
    return int(np.searchsorted(panel.ends, incident.alerted_at or 0))


def _leaks_on_rounded(world: World) -> list[bool]:
    read = ~np.isnan(world.counts["followers"])
    leaks = [e for e in world.events if e.kind == "leak" and world.rounded[e.row]]
    return score(ebbwatch(world), leaks, read).by_kind["leak"]


def _short(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


if __name__ == "__main__":
    main()
