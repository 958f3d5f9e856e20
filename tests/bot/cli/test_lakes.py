"""`ebbwatch judge`: the config's lakes judged once, line for line as `check` does it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

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


def test_a_judgement_out_of_time_is_told_and_goes_on_later(
    ebbwatch: Shell, folder: Path
) -> None:
    text = CONFIG.format(engine='[engine]\nbudget = "1s"\nworkers = 1\n')
    (folder / "config.toml").write_text(text)
    told = ebbwatch("judge", cwd=folder, fails=True)
    assert "the time for one review is over (1 s)" in told.stderr
    (folder / "config.toml").write_text(CONFIG.format(engine=""))
    ebbwatch("judge", cwd=folder)


def test_without_a_lake_judge_says_what_to_do(ebbwatch: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("")
    assert 'no source of the kind "lake"' in ebbwatch("judge", cwd=tmp_path, fails=True).stderr
