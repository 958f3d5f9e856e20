"""The picture of precision against recall that the README shows."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib
import numpy as np

from tests.bench.scoring import Score

matplotlib.use("Agg")
from matplotlib import pyplot as plt

_MARKERS = "sD^v<>PX*hd"
_COLOURS = ("C0", "C1", "C2", "C4", "C5", "C6", "C7", "C8", "C9", "black", "olive")


def picture(scores: Mapping[str, Score], path: Path) -> None:
    """One point per detector; lines join points of equal F1."""
    figure, axes = plt.subplots(figsize=(7, 5.5), layout="constrained")
    recall = np.linspace(0.01, 1, 400)
    for level in (0.5, 0.7, 0.9, 0.97):
        with np.errstate(divide="ignore"):
            precision = level * recall / (2 * recall - level)
        shown = (precision > 0) & (precision <= 1)
        axes.plot(recall[shown], precision[shown], color="0.85", linewidth=1, zorder=1)
        axes.text(
            1.02, level / (2 - level), f"F1 {level}", fontsize=8, color="0.4", va="center"
        )
    ours = scores["ebbwatch"]
    peers = [each for each in scores.items() if each[0] != "ebbwatch"]
    axes.plot(
        ours.recall,
        ours.precision,
        "o",
        markersize=12,
        color="C3",
        label=f"ebbwatch  ({ours.f1:.2f})",
        zorder=3,
    )
    for place, (name, each) in enumerate(sorted(peers, key=lambda peer: -peer[1].f1)):
        axes.plot(
            each.recall,
            each.precision,
            _MARKERS[place % len(_MARKERS)],
            markersize=8,
            alpha=0.8,
            color=_COLOURS[place % len(_COLOURS)],
            label=f"{name}  ({each.f1:.2f})",
            zorder=2,
        )
    axes.legend(title="F1 in brackets", loc="lower left", fontsize=8, title_fontsize=8)
    axes.set(
        xlim=(0, 1.01),
        ylim=(0, 1.03),
        xlabel="recall",
        ylabel="precision",
        title="Labelled events found, synthetic world, fresh seeds",
    )
    figure.savefig(path, dpi=130)
    plt.close(figure)
    print(f"\nwrote {path}")
