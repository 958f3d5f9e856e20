"""`python -m tests.bench.detection`: how good and how fast detection is, beside its peers.

Reporting seeds (from 1,000 on) and half 1 of the real channels were never tuned on.
"""

import argparse
from collections.abc import Callable, Iterable
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np

from checks.panel import Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for
from tests.bench import real, speed
from tests.bench.peers import PEERS, moves
from tests.bench.scoring import PARTED, Alarm, Score, score
from tests.bench.world import WARM_UP, World, make

TUNED_BELOW = 1000
Detector = Callable[[World], Iterable[Alarm]]


def ebbwatch(world: World) -> list[Alarm]:
    """Incidents that alerted, judged day by day."""
    panel = world.panel()
    return alarms_of(panel, np.arange(panel.days))


def alarms_of(panel: Panel, columns: Any, sensitivity: str = "balanced") -> list[Alarm]:
    rules = rules_for(sensitivity)  # type: ignore[arg-type]
    found = incidents_of(replay(panel, rules, columns=columns))
    return [
        Alarm(
            panel.row[each.account],
            each.metric,
            int(np.searchsorted(panel.ends, each.alerted_at)),
            each.kind,
        )
        for each in found
        if each.alerted_at is not None and each.kind != "dilution"
    ]


def peer(name: str) -> Detector:
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
    print(f"\n## {title}\n", flush=True)
    found = {}
    for name, detector in detectors.items():
        begun = perf_counter()
        found[name] = scored(detector, worlds)
        print(f"{name:30s} {found[name].line()}  [{perf_counter() - begun:.0f} s]", flush=True)
    return found


def ordinary_days() -> None:
    """Incidents per account-day of the real sets, strange days left out."""
    print("\n## ordinary days of real sets\n")
    for name, load in real.SETS.items():
        series = load()
        panel, first = real.whole(series)
        strange = {(day - first).days for day in real.STRANGE_DAYS}
        judged = ~np.isnan(panel.metrics["followers"])
        judged[:, sorted(day for day in strange if 0 <= day < panel.days)] = False
        days = int(judged.sum())
        found = [a for a in alarms_of(panel, np.arange(panel.days)) if a.day not in strange]
        print(
            f"{name:10s} {days} account-days, {len(found)} incidents, {len(found) / days:.4%}"
        )


def backgrounds(seed: int) -> dict[str, list[World]]:
    """Real windows with injected events, by set; accounts of the reporting half."""
    youtube = real.youtube()
    kept = [name for name in youtube if real.half(name) == 1]
    exact = [
        *real.windows(real.bluesky(), seed, rounded=False, length=60, warm_up=30, least=100),
        *real.windows(real.chzzk(), seed, rounded=False, length=120, warm_up=60, per_account=9),
    ]
    return {
        "YouTube, reporting half": list(real.windows(youtube, seed, keep=kept, rounded=True)),
        "exact counts": exact,
    }


def picture(scores: dict[str, Score], path: Path) -> None:
    """Precision against recall, one point per detector."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 5.5), layout="constrained")
    recall = np.linspace(0.01, 1, 200)
    for level in (0.5, 0.7, 0.9, 0.97):
        precision = level * recall / (2 * recall - level)
        shown = (precision > 0) & (precision <= 1)
        axes.plot(recall[shown], precision[shown], color="0.85", linewidth=1, zorder=1)
        axes.text(
            1.005, level / (2 - level), f"F1 {level}", fontsize=8, color="0.5", va="center"
        )
    markers = "osD^v<>PX*hd"
    for place, (name, each) in enumerate(scores.items()):
        ours = name == "ebbwatch"
        axes.plot(
            each.recall,
            each.precision,
            markers[place % len(markers)],
            markersize=11 if ours else 7,
            color="C3" if ours else f"C{place % 10}",
            label=f"{name}  ({each.f1:.2f})",
            zorder=3,
        )
    axes.legend(title="F1 in brackets", loc="lower left", fontsize=8, title_fontsize=8)
    axes.set(
        xlim=(0, 1.0),
        ylim=(0, 1.03),
        xlabel="recall",
        ylabel="precision",
        title="Labelled events found, synthetic world, fresh seeds",
    )
    figure.savefig(path, dpi=130)
    plt.close(figure)
    print(f"\nwrote {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--first", type=int, default=TUNED_BELOW)
    parser.add_argument("--accounts", type=int, default=500)
    parser.add_argument("--only", choices=["synthetic", "real", "speed"])
    parser.add_argument("--peers", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--picture", type=Path, default=Path("docs/detection.png"))
    options = parser.parse_args()
    detectors: dict[str, Detector] = {"ebbwatch": ebbwatch}
    if options.peers:
        detectors |= {name: peer(name) for name in PEERS}
    if options.only in (None, "synthetic"):
        seeds = range(options.first, options.first + options.seeds)
        worlds = [make(options.accounts, seed) for seed in seeds]
        title = f"synthetic world, {options.seeds} x {options.accounts} accounts, seeds {seeds}"
        scores = table(title, detectors, worlds)
        rounded = [found for world in worlds for found in _leaks_on_rounded(world)]
        print(f"leaks on rounded accounts: {np.mean(rounded):.3f} of {len(rounded)}")
        options.picture.parent.mkdir(parents=True, exist_ok=True)
        picture(scores, options.picture)
    if options.only in (None, "real"):
        for name, windows in backgrounds(options.first).items():
            table(f"real backgrounds, {name}", detectors, windows)
        ordinary_days()
    if options.only in (None, "speed"):
        print("\n## speed\n")
        print("today's grid point, in passes:", _short(speed.today()))
        print("causal replay:", _short(speed.causal()))


def _leaks_on_rounded(world: World) -> list[bool]:
    read = ~np.isnan(world.counts["followers"])
    leaks = [e for e in world.events if e.kind == "leak" and world.rounded[e.row]]
    return score(ebbwatch(world), leaks, read).by_kind["leak"]


def _short(values: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.4g}" for name, value in values.items())


if __name__ == "__main__":
    main()
