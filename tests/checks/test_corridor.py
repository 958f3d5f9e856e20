"""How far a judged day walks through the rooms of `checks`."""

import sys
from types import FrameType

from checks.judge import judge
from checks.rules import rules_for
from tests.bench.world import make

FILES, CHANGES = 38, 640
"""What a day of 60 accounts takes: a check is a file, and so is each kind of fault."""


def walked(seed: int) -> tuple[int, int]:
    """Files entered by one judged day, and how often a call went to another file."""
    panel, rules = make(60, seed, days=130).panel(), rules_for("balanced")
    judge(panel, rules)
    files: set[str] = set()
    last, changes = "", 0

    def entered(frame: FrameType, event: str, _: object) -> None:
        nonlocal last, changes
        name = frame.f_code.co_filename
        if event == "call" and "/checks/" in name and "/tests/" not in name:
            files.add(name)
            changes += name != last
            last = name

    before = sys.getprofile()
    sys.setprofile(entered)
    try:
        judge(panel, rules)
    finally:
        sys.setprofile(before)
    return len(files), changes


def test_a_judged_day_walks_no_further_than_it_did() -> None:
    days = [walked(seed) for seed in range(2, 8)]
    assert max(files for files, _ in days) <= FILES
    assert max(changes for _, changes in days) <= CHANGES
