"""`kill -9` at any moment and a restart: exactly one message per alert."""

import os
import random
import sqlite3
import subprocess
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
FULL = os.environ.get("EBBWATCH_FAULTS") == "1"
KILLS = 150 if FULL else 6


def run(folder, *kills):
    done = subprocess.run(
        [sys.executable, "-m", "tests.bot.killable", str(folder), *kills],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=1500,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def written(folder):
    """Ids of the messages in the terminal's file, in order."""
    lines = (folder / "terminal.txt").read_text().splitlines()
    return [line.removeprefix("#- ") for line in lines if line.startswith("#- ")]


def stored(folder):
    """What the database says: ids sent, and each alert with its members and posts."""
    with closing(sqlite3.connect(folder / "ebbwatch.db")) as db:
        states = Counter(row[0] for row in db.execute("SELECT state FROM deliveries"))
        sent = [row[0] for row in db.execute("SELECT id FROM deliveries WHERE state = 'sent'")]
        alerts = db.execute(
            "SELECT alerts.kind, alerts.shown, (SELECT count(*) FROM deliveries"
            " WHERE alert = alerts.id AND action = 'post' AND state = 'sent')"
            " FROM alerts ORDER BY alerts.id"
        ).fetchall()
        incidents = db.execute(
            "SELECT accounts.account, kind, state, opened_at, alerted_at, resolved_at"
            " FROM incidents JOIN accounts ON accounts.id = incidents.account"
            " ORDER BY accounts.account, opened_at"
        ).fetchall()
    return states, sent, alerts, incidents


@pytest.fixture(scope="module")
def calm(tmp_path_factory):
    """The same days without a kill, and how many steps they take."""
    folder = tmp_path_factory.mktemp("calm")
    run(folder, "0")
    return folder / "0", int((folder / "0" / "steps.txt").read_text())


def test_a_service_that_dies_anywhere_says_everything_once(calm, tmp_path):
    reference, steps = calm
    _, _, alerts, incidents = stored(reference)
    assert len(alerts) >= 3
    assert all(posts == 1 for *_, posts in alerts)
    dice = random.Random(20221220)
    kills = [
        f"{dice.randrange(1, steps)},{dice.choice([0, dice.randrange(1, steps // 2)])}"
        for _ in range(KILLS)
    ]
    run(tmp_path, *dict.fromkeys(kills))
    for name in kills:
        states, sent, told, found = stored(tmp_path / name)
        assert set(states) == {"sent"}, name
        assert sorted(written(tmp_path / name)) == sorted(sent), name
        assert found == incidents, name
        assert told == alerts, name
