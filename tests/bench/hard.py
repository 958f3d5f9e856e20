"""How many draws of each hard situation are told right, with nothing else in those days."""

from collections import Counter
from collections.abc import Iterable

import numpy as np

from checks.rules import rules_for
from tests.bench.bars import Bars
from tests.bench.situations import SITUATIONS, Situation, Trial
from tests.bench.told import Told, is_right, told
from tests.bench.verdicts import calibration_error

DRAWS = 40
LEAST = 0.95


def hard(bars: Bars, first: int, draws: int, names: Iterable[str]) -> None:
    """Each situation with the drawn seeds from `first` on."""
    said: list[tuple[float, bool]] = []
    for name in names:
        right, wrong = 0, Counter[str]()
        for seed in range(first, first + draws):
            trial, found = drawn(SITUATIONS[name], seed)
            held, why = is_right(trial, found)
            right += held
            wrong[f"{why}"] += not held
            said += _said(trial, found)
        if right < draws:
            print("  " + "; ".join(f"{why}: {n}" for why, n in wrong.most_common(5) if n))
        bars.at_least(f"hard, {name.replace('_', ' ')}", LEAST, right / draws)
    if said:
        bars.at_most("hard, calibration error at the end", 0.05, calibration_error(said))


def drawn(situation: Situation, seed: int) -> tuple[Trial, list[Told]]:
    """The trial of one seed, and what is told of it."""
    trial = situation(np.random.default_rng(seed))
    columns = np.array([-1])
    if trial.judged_from >= 0:
        stop = min(trial.last + 1, trial.panels[-1].days)
        columns = np.arange(max(trial.judged_from, 0), stop)
    return trial, told(trial.panels, rules_for("balanced"), columns)


def _said(trial: Trial, found: Iterable[Told]) -> list[tuple[float, bool]]:
    """How likely each named cause was in the end, and whether it is one wanted."""
    pairs = []
    for each in found:
        mine = [want for want in trial.wants if each.account in want.accounts]
        unnamed = each.kind.startswith("unexplained")
        if (
            each.incident is not None
            and not unnamed
            and mine
            and trial.first <= each.day <= trial.last
        ):
            pairs.append((each.confidence, any(each.kind in want.kinds for want in mine)))
    return pairs
