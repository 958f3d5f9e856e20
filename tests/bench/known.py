"""Real sets with known incidents: what is found, and how many messages a year they cost."""

import csv
import gzip
from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date
from typing import NamedTuple

import numpy as np

from checks.panel.panel import Panel
from checks.rules import rules_for
from tests.bench import real
from tests.bench.bars import Bars
from tests.bench.situations import GLITCH, IDENTITY
from tests.bench.told import Told, told

GRACE = 2
"""Days after its last day in which a known incident can still be found."""

KINDS = {
    "glitch": GLITCH,
    # followers alone cannot tell a viral rise
    "viral": frozenset({"viral", "unexplained_spike"}),
    "identity": IDENTITY,
    "purge": frozenset({"purge"}),
}


class Known(NamedTuple):
    """One line of `known.csv`."""

    account: str
    first: date
    last: date
    kind: str
    tell: bool


def x() -> real.Series:
    """Channels of one agency on X at exact counts."""
    return _counts("x-channels/counts.csv", "time", "followers")


def instagram() -> real.Series:
    """A television show's cast at exact counts."""
    return _counts("instagram-tvcast/counts.csv", "date", "followers")


def github() -> real.Series:
    """Stars of well-known repositories, as `followers`."""
    return _counts("github-stars/stars.csv.gz", "date", "stars")


SETS: dict[str, Callable[[], real.Series]] = {
    "x-channels": x,
    "instagram-tvcast": instagram,
    "github-stars": github,
    **real.SETS,
}


def known() -> dict[str, list[Known]]:
    """The known incidents of each set."""
    found: dict[str, list[Known]] = defaultdict(list)
    with (real.DATA / "known.csv").open() as file:
        for row in csv.DictReader(file):
            first, last = (date.fromisoformat(row[name]) for name in ("from", "to"))
            tell = row["tell"] == "yes"
            found[row["set"]].append(Known(row["account"], first, last, row["kind"], tell))
    return found


def real_sets(bars: Bars) -> None:
    """Known incidents found and named right, messages a year, and the share of kinds."""
    found = named = wanted = messages = 0
    years, kinds = 0.0, Counter[str]()
    for name, read in SETS.items():
        panel, first = real.whole(read())
        said = told([panel], rules_for("balanced"), np.arange(panel.days))
        here = len({each.message for each in said if each.incident})
        span = float((~np.isnan(panel.metrics["followers"])).sum()) / 365.25
        kinds += Counter({each.message: each.kind for each in said}.values())
        faults = len({each.message for each in said if not each.incident})
        print(
            f"{name}: {here} messages in {span:.0f} account-years, {here / span:.3f} a year, "
            f"and {faults} notices of sources"
        )
        messages, years = messages + here, years + span
        for each in known().get(name, ()):
            mine = _about(each, said, panel, first)
            if not each.tell:
                print(
                    f"  {each.account} {each.first} {each.kind}: {len(mine)} told, none wanted"
                )
                bars.at_most(f"{name}, {each.first}, told of what is trivial", 0, len(mine))
                continue
            right = any(one.kind in KINDS[each.kind] for one in mine)
            wanted, found, named = wanted + 1, found + bool(mine), named + right
            if not right:
                what = ", ".join(f"{one.kind} on day {one.day}" for one in mine) or "nothing"
                print(f"  {each.account} {each.first} {each.kind}: told {what}")
    total = sum(kinds.values())
    shares = ", ".join(f"{kind} {n / total:.0%}" for kind, n in kinds.most_common())
    print(f"share of kinds: {shares}")
    bars.at_least("known incidents, found", 0.92, found / wanted)
    bars.at_least("known incidents, kind right", 0.85, named / wanted)
    bars.at_most("real sets, messages per account-year", 0.07, messages / years)


def _about(each: Known, said: list[Told], panel: Panel, first: date) -> list[Told]:
    """What was told of a known incident in its days."""
    begin, end = (each.first - first).days, (each.last - first).days + GRACE
    return [
        one
        for one in said
        if begin <= one.day <= end and each.account in ("*", one.account) and _fits(each, one)
    ]


def _fits(each: Known, one: Told) -> bool:
    """A rise is not found by a fall of the same days."""
    if one.incident is None or each.kind not in ("viral",):
        return True
    return one.incident.direction == "up"


def _counts(path: str, time: str, count: str) -> real.Series:
    """One CSV file: the last reading of each account and day; zeros are missing."""
    series: real.Series = defaultdict(dict)
    file = real.DATA / path
    with gzip.open(file, "rt") if file.suffix == ".gz" else file.open() as lines:
        for row in csv.DictReader(lines):
            if float(row[count]) > 0:
                day = date.fromisoformat(row[time][:10])
                series[f"{row['platform']}/{row['account']}"][day] = {
                    "followers": float(row[count])
                }
    return series
