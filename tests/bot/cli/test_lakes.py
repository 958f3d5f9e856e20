"""`ebbwatch judge`: the config's lakes judged once, line for line as `check` does it."""

from __future__ import annotations

import json
import sqlite3
import time
from pathlib import Path

import polars as pl
import pytest

from tests.bench.world import NEWEST
from tests.bot.cli.test_cli import Shell, ebbwatch
from tests.lakes import by_account, world

__all__ = ["ebbwatch"]

CONFIG = """
database = "store.db"
{engine}
[[sources]]
name = "lake"
kind = "lake"
path = "counts"
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    frame = world(4)
    by_account(frame, tmp_path / "counts")
    frame.write_csv(tmp_path / "counts.csv")
    (tmp_path / "config.toml").write_text(CONFIG.format(engine=""))
    return tmp_path


def lines(out: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in out.splitlines()]


def test_judge_prints_what_check_prints_of_the_same_readings(
    ebbwatch: Shell, folder: Path
) -> None:
    checked = ebbwatch("check", "counts.csv", "--format", "json", cwd=folder)
    judged = ebbwatch("judge", "--format", "json", cwd=folder)
    assert lines(judged.stdout) == lines(checked.stdout) != []
    asked = ebbwatch("judge", "--as-of", "2025-12-29", "--format", "json", cwd=folder)
    before = ("check", "counts.csv", "--as-of", "2025-12-29", "--format", "json")
    assert lines(asked.stdout) == lines(ebbwatch(*before, cwd=folder).stdout)
    assert not list(folder.glob("*.judging"))


def test_judge_names_what_was_left_out(ebbwatch: Shell, folder: Path) -> None:
    bad = folder / "counts" / "part-1.parquet"
    bad.write_bytes(bad.read_bytes()[:900])
    told = ebbwatch("judge", cwd=folder)
    assert f"left out: {bad} is damaged" in told.stderr
    assert "40 accounts judged" in told.stdout


def test_without_a_lake_judge_says_what_to_do(ebbwatch: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    assert 'no source of the kind "lake"' in ebbwatch("judge", cwd=tmp_path, fails=True).stderr


def test_a_poll_brings_over_what_is_wrong_and_commands_answer_for_the_rest(
    ebbwatch: Shell, folder: Path
) -> None:
    today = world(4).with_columns(pl.col("at") + int(time.time()) - NEWEST)
    by_account(today, folder / "counts")
    told = ebbwatch("poll", cwd=folder)
    assert "lake: judged where they lie, " in told.stdout
    assert " 0 new" not in told.stdout
    found = lines(ebbwatch("incidents", "--format", "json", cwd=folder).stdout)
    hit = {one["account"] for one in found}
    with sqlite3.connect(folder / "store.db") as db:
        here = {name for (name,) in db.execute("SELECT account FROM accounts")}
        before = db.execute("SELECT count(*) FROM readings").fetchone()
    assert hit <= here
    assert ebbwatch("why", "1", cwd=folder).stdout
    calm = next(f"x/a{n:05d}" for n in range(1, 60) if n % 3 and f"x/a{n:05d}" not in here)
    said = ebbwatch("status", calm, cwd=folder).stdout
    assert calm.partition("/")[2] in said
    assert "30 days" in said
    chart = folder / "chart.png"
    ebbwatch("chart", calm, "-o", chart, cwd=folder)
    assert chart.stat().st_size > 5_000
    (record,) = lines(ebbwatch("status", calm, "--format", "json", cwd=folder).stdout)
    assert record["followers"]
    with sqlite3.connect(folder / "store.db") as db:
        assert db.execute("SELECT count(*) FROM readings").fetchone() == before
    refused = ebbwatch("status", "x/nobody", cwd=folder, fails=True).stderr
    assert "x/nobody" in refused


def test_a_backtest_of_a_lake_tells_what_one_of_its_readings_tells(
    ebbwatch: Shell, folder: Path
) -> None:
    files = ebbwatch("backtest", "counts.csv", "--format", "json", cwd=folder)
    words = ("backtest", "counts", "--engine", "local", "--format", "json")
    found = ebbwatch(*words, cwd=folder).stdout
    by_key = sorted(found.splitlines())
    assert by_key == sorted(files.stdout.splitlines()) != []


def test_doctor_says_how_a_lake_is_cut_and_what_is_left_out(
    ebbwatch: Shell, folder: Path
) -> None:
    bad = folder / "counts" / "part-1.parquet"
    bad.write_bytes(bad.read_bytes()[:900])
    said = ebbwatch("doctor", cwd=folder, fails=True).stdout
    assert f'WRONG source "lake": {bad} is damaged' in said
    assert "2 files, " in said
    assert "ok    engine: local on this machine" in said


def test_doctor_names_an_engine_that_is_not_there(ebbwatch: Shell, folder: Path) -> None:
    text = '[engine]\nkind = "dask"\naddress = "tcp://127.0.0.1:9"\n'
    (folder / "config.toml").write_text(CONFIG.format(engine=text))
    said = ebbwatch("doctor", cwd=folder, fails=True).stdout
    assert "WRONG engine: no Dask scheduler answers at tcp://127.0.0.1:9" in said
