"""However a lake is cut, its partitions say what one panel of all readings says."""

from __future__ import annotations

import os
import shutil
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.cli.offline import panel_of
from bot.errors import EngineError
from bot.passes import panels
from bot.passes.groups import Grouping
from bot.passes.judge import Lakes
from bot.passes.panels import Look
from bot.review.peers import walled
from bot.storage.access import AccessPolicy
from checks.incident.decide import decide
from checks.judge import judgements
from checks.model import Incident, Judgement
from checks.panel.panel import LOOKBACK
from checks.rules import rules_for
from tests.bench.world import NEWEST
from tests.lakes import InlineEngine, by_account, by_day, lake, world, write

RULES = rules_for("balanced")


def lakes(folder: Path, **keys: object) -> Lakes:
    return Lakes(settings=[lake(folder)], root=".", engine=InlineEngine(), **keys)  # type: ignore[arg-type]


def look(**keys: object) -> Look:
    return Look(now=NEWEST, rules=RULES, **keys)  # type: ignore[arg-type]


def whole(frame: pl.DataFrame, days: int = 1, **keys: object) -> list[tuple[int, Judgement]]:
    panel = panel_of(frame, NEWEST, "UTC", LOOKBACK + days)
    columns = np.arange(LOOKBACK, LOOKBACK + days)
    return list(judgements(panel, RULES, columns=columns, **keys))  # type: ignore[arg-type]


def opened(said: list[tuple[int, Judgement]]) -> list[Incident]:
    found = [one.incident for at, each in said for one in decide((), each, at)]
    return sorted(found, key=lambda one: one.key)


@settings(max_examples=16, deadline=None)
@given(
    seed=st.integers(0, 99), cut=st.sampled_from(["account", "day", "one"]), keep=st.booleans()
)
def test_any_cut_gives_the_same_incidents_to_the_bit(seed: int, cut: str, keep: bool) -> None:
    frame = world(seed)
    with TemporaryDirectory() as name:
        folder = Path(name, "lake")
        folder.mkdir()
        laid = Path(name, "panels") if keep else None
        if cut == "one":
            write(frame.sample(fraction=1, shuffle=True, seed=seed), folder / "all.parquet")
        else:
            (by_account if cut == "account" else by_day)(frame, folder)
        size = {"account": 1000, "day": 1000, "one": 10**6}[cut]
        found = lakes(folder, size=size, laid=laid).judged(look(judged=2))
    assert opened(found.said) == opened(whole(frame, 2)) != []
    assert found.accounts == frame["account"].n_unique()


def test_accounts_are_cut_without_reading_much_twice(tmp_path: Path) -> None:
    told: list[tuple[str, int, int]] = []
    by_account(world(3), tmp_path)
    judged = lakes(tmp_path, size=1000, progress=lambda *step: told.append(step))
    judged.judged(look())
    assert {name for name, _, _ in told} == {"summaries", "judgements"}
    assert max(done for _, done, _ in told) >= 7


def test_a_lake_by_day_is_spread_and_cleared(tmp_path: Path) -> None:
    told: list[str] = []
    scratch = tmp_path / "scratch"
    by_day(world(3), tmp_path / "lake")
    judged = lakes(
        tmp_path / "lake",
        size=1000,
        scratch=str(scratch),
        progress=lambda name, *_: told.append(name),
    )
    judged.judged(look())
    assert "spreading" in told
    assert list(scratch.iterdir()) == []


def test_walls_and_tags_by_pattern_cut_peers_as_the_service_does(tmp_path: Path) -> None:
    frame = world(5)
    names = frame["account"].unique(maintain_order=True).to_list()
    spaces = {"one": ("x/*",), "two": ("y/a0000*", "#odd"), "three": ("*",)}
    patterns = {"x/*1": ("odd",), "a*3": ("odd", "three")}
    tags = {
        name: tuple(
            word
            for pattern, words in {"x/*1": ("odd",), "*/a*3": ("odd", "three")}.items()
            for word in words
            if AccessPolicy({"s": (pattern,)}).sees("s", name)
        )
        for name in names
    }
    panel = panel_of(frame, NEWEST, "UTC", LOOKBACK + 1)
    panel = replace(panel, groups=walled(names, tags, AccessPolicy(spaces)))
    by_account(frame, tmp_path / "lake")
    judged = lakes(tmp_path / "lake", size=1000, laid=tmp_path / "panels")
    found = judged.judged(look(grouping=Grouping(patterns, spaces)))
    assert opened(found.said) == opened(list(judgements(panel, RULES))) != []


def test_a_full_disk_costs_time_and_no_results(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame, laid = world(3), tmp_path / "panels"
    by_account(frame, tmp_path / "lake")
    judged = lakes(tmp_path / "lake", size=1000, laid=laid)
    for free, kept in ((21, True), (20, False)):
        monkeypatch.setattr(
            panels, "disk_usage", lambda _, free=free: SimpleNamespace(total=100, free=free)
        )
        shutil.rmtree(laid, ignore_errors=True)
        assert opened(judged.judged(look()).said) == opened(whole(frame))
        assert any(laid.iterdir()) is kept


def damaged(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[200:1400] = bytes(1200)
    path.write_bytes(bytes(data))


@pytest.mark.parametrize(
    ("name", "spoil", "said"),
    [
        ("cut short", lambda p: p.write_bytes(p.read_bytes()[:500]), "is damaged"),
        ("pages", damaged, "is damaged"),
        (
            "no time",
            lambda p: pl.read_parquet(p).drop("at").write_parquet(p),
            "has no column for the time",
        ),
        (
            "words",
            lambda p: pl.read_parquet(p).cast({"followers": pl.String}).write_parquet(p),
            'has a column "followers" of type',
        ),
        (
            "no counts",
            lambda p: pl.read_parquet(p).select("account", "at").write_parquet(p),
            "has no column of counts",
        ),
    ],
)
def test_a_file_that_gives_nothing_is_named_and_left_out(
    tmp_path: Path, name: str, spoil: object, said: str
) -> None:
    frame = world(4)
    folder = by_account(frame, tmp_path)
    bad = folder / "part-1.parquet"
    missing = pl.read_parquet(bad)["account"].unique()
    spoil(bad)  # type: ignore[operator]
    found = lakes(folder, size=1000).judged(look())
    (left_out,) = found.left_out
    assert left_out.uri == str(bad)
    assert said in left_out.why
    rest = frame.filter(~pl.col("account").is_in(missing.implode()))
    assert opened(found.said) == opened(whole(rest)) != []


def test_readings_of_some_accounts_come_as_they_lie_there(tmp_path: Path) -> None:
    frame = world(6)
    wanted = ["x/a00001", "y/a00003", "x/nobody"]
    found = lakes(by_account(frame, tmp_path)).readings(wanted, 0, NEWEST)["lake"]
    expected = frame.filter(pl.col("account").is_in(wanted)).select(found.columns)
    assert found.equals(expected)


def test_a_judgement_ends_when_its_time_is_over(tmp_path: Path) -> None:
    by_account(world(6), tmp_path)
    clock = iter([0.0, 4.0, 6.0])
    late = lakes(tmp_path, budget=5.0, monotonic=lambda: next(clock), size=1000)
    with pytest.raises(EngineError, match=r"is over \(5 s\)"):
        late.judged(look())


@pytest.mark.skipif("EBBWATCH_SOAK" not in os.environ, reason="some minutes: make soak")
def test_soak_fifty_thousand_accounts_on_either_engine(tmp_path: Path) -> None:
    from bot.engine.cluster import DaskEngine
    from bot.engine.local import LocalEngine

    frame = world(1, accounts=50_000)
    by_account(frame, tmp_path, files=5, rows=100_000)
    expected = opened(whole(frame))
    for engine in (LocalEngine(2), DaskEngine(workers=2)):
        judged = Lakes(settings=[lake(tmp_path)], root=".", engine=engine, size=1_500_000)
        assert opened(judged.judged(look()).said) == expected != []
        engine.close()
