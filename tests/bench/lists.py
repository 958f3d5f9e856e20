"""Two lists of ten million ids: python -m tests.bench.lists

A process of its own, so that the peak of memory is that of the lists, both ways of
comparing them included.
"""

import json
import subprocess
import sys
from pathlib import Path
from time import process_time

import numpy as np

from checks.lists.lists import compare
from tests.bench.bars import Bars

NAMES = 10_000_000
CHANGED = 200_000
ROUNDS = 3


def list_speed(bars: Bars) -> None:
    """`compare` beside NumPy's sort of the tagged union, medians of processor time."""
    command = [sys.executable, "-m", "tests.bench.lists"]
    got = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    print(", ".join(f"{name} {value:.3g}" for name, value in got.items()))
    bars.at_most("two lists of 10,000,000 ids, sorts", 1.5, got["compare"] / got["sort"])
    bars.at_most("two lists of 10,000,000 ids, peak MB", 1000, got["peak MB"])


def measure() -> dict[str, float]:
    draw = np.random.default_rng(1)
    ids = np.unique(draw.integers(0, 2**63, NAMES + 2 * CHANGED, dtype=np.uint64))
    order = draw.permutation(len(ids))
    old, new = np.zeros((2, len(ids)), np.bool_)
    old[order[:NAMES]] = True
    new[order[CHANGED : NAMES + CHANGED]] = True
    before, after = ids[old], ids[new]
    del ids, order, old, new
    sort, ours = [], []
    for _ in range(ROUNDS):
        tagged = np.concatenate((before << 1, (after << 1) | 1))
        start = process_time()
        tagged.sort()
        sort.append(process_time() - start)
        del tagged
        start = process_time()
        change = compare(before, after)
        ours.append(process_time() - start)
        assert len(change.gained) == len(change.lost) == CHANGED
        del change
    # not ru_maxrss: a child inherits that of the process that started it
    status = Path("/proc/self/status").read_text()
    peak = int(status.partition("VmHWM:")[2].split()[0]) / 1e3
    return {
        "sort": float(np.median(sort)),
        "compare": float(np.median(ours)),
        "peak MB": peak,
    }


if __name__ == "__main__":
    print(json.dumps(measure()))
