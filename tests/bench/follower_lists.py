"""`make bench-lists`: what follower lists tell, beside what is wanted of them.

python -m tests.bench.follower_lists [lists]. Seeds from 10,000 on, none of which any constant
was set on; lists of 1,000 to 1,000,000 followers, log-uniform.
"""

import json
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from checks.lists.bursts import bursts
from checks.lists.creation import creation_scores
from checks.lists.joins import Burst
from checks.lists.lockstep import Listed, lockstep
from checks.lists.survival import survival
from tests.bench.audiences import (
    DAY,
    END,
    Audience,
    Times,
    audience,
    ordinary_loss,
    team,
    with_batch,
)
from tests.bench.bars import Bars

SEEDS = 10_000
SPANS = (3_600, 6 * 3_600, DAY, 3 * DAY, 7 * DAY, 14 * DAY)
MILLION = 1_000_000

Bools = npt.NDArray[np.bool_]


def main(lists: int) -> None:
    bars = Bars()
    batches(bars, lists)
    losses(bars, lists)
    creation(bars, max(20, lists // 4))
    together(bars, max(40, lists // 2))
    million(bars)
    picture(bars)
    print()
    print(bars.table())


def worlds(lists: int, first: int) -> Iterator[tuple[np.random.Generator, Audience]]:
    for seed in range(SEEDS + first, SEEDS + first + lists):
        rng = np.random.default_rng(seed)
        yield rng, audience(rng, int(10 ** rng.uniform(3, 6)))


def batches(bars: Bars, lists: int) -> None:
    found: dict[int, list[bool]] = {span: [] for span in SPANS}
    small: list[bool] = []
    false = 0
    for rng, clean in worlds(lists, 0):
        false += len(bursts(clean.since, at=END))
        for span in SPANS:
            bought, start, stop = with_batch(rng, clean, 0.03, span)
            found[span].append(_hit(bursts(bought.since, at=END), start, stop))
        span = int(rng.integers(3_600, DAY + 1))
        bought, start, stop = with_batch(rng, clean, 0.01, span)
        small.append(_hit(bursts(bought.since, at=END), start, stop))
    for span, hits in found.items():
        print(f"a batch of 3 % within {span / 3_600:g} hours: {np.mean(hits):.3f}")
    every = [hit for hits in found.values() for hit in hits]
    bars.at_least("a batch of 3 % within 1 hour to 14 days, found", 0.98, float(np.mean(every)))
    bars.at_most("false batches per clean list", 0.01, false / lists)
    bars.at_least("a batch of 1 % within a day, found", 0.95, float(np.mean(small)))


def _hit(found: tuple[Burst, ...], start: int, stop: int) -> bool:
    """Whether one burst covers most of the batch."""
    return any(
        min(one.stop, stop) - max(one.start, start) >= 0.5 * (stop - start) for one in found
    )


def losses(bars: Bars, lists: int) -> None:
    purges: list[bool] = []
    waves: list[bool] = []
    quiet: list[bool] = []
    for rng, clean in worlds(lists, 2_000):
        days = int(rng.integers(1, 29))
        span = int(rng.choice(SPANS))
        share = float(10 ** rng.uniform(-1.7, -0.7))
        bought, _, _ = with_batch(rng, clean, share, span)
        members = _members(clean, bought)
        gone = ordinary_loss(rng, bought.since, days)
        gone |= members & (rng.random(len(members)) < rng.uniform(0.5, 1))
        purges.append(_loss(bought.since, gone, days) == "batch")
        share = 10 ** rng.uniform(np.log10(0.03), np.log10(0.25))
        young = 1 + rng.uniform(0, 2) * np.exp(-(END - clean.since) / DAY / 60)
        usual = ordinary_loss(rng, clean.since, days)
        left = usual | (rng.random(len(usual)) < np.minimum(share * young, 0.95))
        waves.append(_loss(clean.since, left, days) == "spread")
        quiet.append(_loss(clean.since, usual, days) == "usual")
    bars.at_least("purge of a batch, kind right", 0.99, float(np.mean(purges)))
    bars.at_least("people leaving, kind right", 0.99, float(np.mean(waves)))
    bars.at_least("ordinary loss, nothing said", 0.99, float(np.mean(quiet)))


def _members(clean: Audience, bought: Audience) -> Bools:
    """Who of the list came with the batch: those that the clean one lacks, time by time."""
    times, many = np.unique(clean.since, return_counts=True)
    left = dict(zip(times.tolist(), many.tolist(), strict=True))
    members = np.zeros(len(bought.since), np.bool_)
    for place, at in enumerate(bought.since.tolist()):
        if left.get(at, 0):
            left[at] -= 1
        else:
            members[place] = True
    return members


def _loss(since: Times, gone: Bools, days: int) -> str:
    known = bursts(since, at=END)
    return survival(since, gone, start=END, stop=END + days * DAY, bursts=known).loss


def creation(bars: Bars, lists: int) -> None:
    row: list[float] = []
    spread: list[float] = []
    for rng, clean in worlds(lists, 4_000):
        if len(clean.since) < 10_000:
            clean = audience(rng, 10_000)
        for wide, areas in ((1, row), (4_000, spread)):
            fakes = int(rng.integers(150, 1_000) if wide == 1 else rng.integers(400, 1_500))
            areas.append(_area(rng, clean, wide, fakes))
    bars.at_least("consecutive fakes made within a month, AUC", 0.99, float(np.mean(row)))
    bars.at_least("the same spread over 4,000 ranks, AUC", 0.98, float(np.mean(spread)))


def _area(rng: np.random.Generator, clean: Audience, wide: int, fakes: int) -> float:
    place = int(rng.integers(len(clean.since) // 4, len(clean.since) - 5_000))
    ranks = np.sort(place + rng.integers(0, max(1, wide - fakes), fakes))
    made = int(clean.since[place]) - int(rng.integers(31, 900)) * DAY - 31 * DAY
    created = np.insert(clean.created, ranks, made + rng.integers(0, 30 * DAY, fakes))
    since = np.insert(clean.since, ranks, clean.since[ranks])
    fake = np.insert(np.zeros(len(clean.since), np.bool_), ranks, True)
    score = np.nan_to_num(creation_scores(created, since), nan=-9.0)
    _, rank, many = np.unique(score, return_inverse=True, return_counts=True)
    middle = (np.cumsum(many) - (many - 1) / 2)[rank]
    hits = int(fake.sum())
    return float((middle[fake].sum() - hits * (hits + 1) / 2) / (hits * (~fake).sum()))


def together(bars: Bars, teams: int) -> None:
    found, false = 0, 0
    for seed in range(SEEDS + 6_000, SEEDS + 6_000 + teams):
        lists, where, bots = team(np.random.default_rng(seed), 10, 3)
        groups = lockstep(_listed(lists))
        wanted = tuple(f"a/{place}" for place in where)
        found += any(
            one.accounts == wanted and len(np.intersect1d(one.members, bots)) >= 40
            for one in groups
        )
        calm, _, _ = team(np.random.default_rng(seed + 1_000), 10, 0)
        false += bool(lockstep(_listed(calm)))
    bars.at_least("lockstep of 50 accounts on 3 of 10 creators", 0.98, found / teams)
    bars.at_most("teams without it that show one", 0.01, false / teams)


def _listed(lists: list[tuple[npt.NDArray[np.uint64], Times]]) -> list[Listed]:
    return [
        Listed(account=f"a/{place}", ids=ids, since=since)
        for place, (ids, since) in enumerate(lists)
    ]


def million(bars: Bars) -> None:
    """A process of its own: the peak of memory is that of the list."""
    with tempfile.TemporaryDirectory() as folder:
        _write(Path(folder))
        command = [sys.executable, "-m", "tests.bench.follower_lists", "measure", folder]
        got = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    print(", ".join(f"{name} {value:.3g}" for name, value in got.items()))
    bars.at_most("a list of 1,000,000 read, compared, judged, stored, s", 10, got["wall s"])
    bars.at_most("the same, MB above idle", 300, got["MB"])


def _write(folder: Path) -> None:
    rng = np.random.default_rng(SEEDS)
    list_, _, _ = with_batch(rng, audience(rng, MILLION), 0.1, 7 * DAY)
    since = np.minimum(list_.since, END - 2 * DAY)
    keep = rng.random(len(since)) > 0.02
    for name, inside in (("2026-11-28-aaaa", slice(None)), ("2026-11-29-bbbb", keep)):
        names = np.arange(len(since))[inside].tolist()
        rows = [
            '{"title": "", "media_list_data": [], "string_list_data": [{"href": '
            f'"https://www.instagram.com/fan{name}", "value": "fan{name}", '
            f'"timestamp": {at}}}]}}'
            for name, at in zip(names, since[inside].tolist(), strict=True)
        ]
        with zipfile.ZipFile(folder / f"instagram-lena-{name}.zip", "w") as archive:
            inner = "connections/followers_and_following/followers_1.json"
            archive.writestr(inner, "[" + ",\n".join(rows) + "]")


def measure(folder: Path) -> dict[str, float]:
    """Imports both zips as the command line does; the second one is timed."""
    import asyncio

    from bot.app import opened, read_config

    config = folder / "c.toml"
    config.write_text('database = "bench.db"\n', encoding="utf-8")
    old, new = sorted(folder.glob("*.zip"))

    async def run() -> dict[str, float]:
        now = float(END + 3_600)
        async with opened(
            read_config(config), calendar=lambda: now, sources=False, chats=False
        ) as service:
            idle = _resident()
            await service.intake.import_path(old, {})
            begun, worked = time.perf_counter(), _worked()
            await service.intake.import_path(new, {})
            wall, worked = time.perf_counter() - begun, _worked() - worked
            return {"wall s": wall, "CPU s": worked, "MB": _peak() - idle}

    return asyncio.run(run())


def _worked() -> float:
    """Seconds of processor time of this process and those it waited for."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def _resident() -> float:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize() / 1e6


def _peak() -> float:
    status = Path("/proc/self/status").read_text()
    return int(status.partition("VmHWM:")[2].split()[0]) / 1e3


def picture(bars: Bars) -> None:
    from bot.message import voice_for
    from bot.message.audience import AudienceLook, audience_picture
    from bot.model.reading import FollowerList
    from checks.lists.study import ListContext, study

    rng = np.random.default_rng(SEEDS + 1)
    some, _, _ = with_batch(rng, audience(rng, MILLION), 0.1, 7 * DAY)
    newest = FollowerList(
        account="twitch/lena",
        side="followers",
        at=END,
        ids=np.arange(len(some.since), dtype=np.uint64),
        since=some.since,
        created=some.created,
        complete=True,
    )
    voice, made = voice_for("en", "UTC"), study(newest, ListContext())
    look = AudienceLook(account=newest.account, newest=newest, study=made)
    took = []
    for each in (look, replace(look, newest=replace(newest, created=None))):
        audience_picture(voice, each, END)  # fonts are read once
        begun = time.perf_counter()
        audience_picture(voice, each, END)
        took.append(time.perf_counter() - begun)
    bars.at_most("the picture of 1,000,000 followers, s", 2, max(took))


if __name__ == "__main__":
    if sys.argv[1:2] == ["measure"]:
        print(json.dumps(measure(Path(sys.argv[2]))))
    else:
        print(f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC")
        main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
