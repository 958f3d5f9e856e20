"""Follower lists in `check` and `backtest`."""

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from click.testing import CliRunner, Result

from bot.cli.cli import cli
from tests.bench.audiences import DAY, END, audience, with_batch

WEEK = 7 * DAY


def export(folder: Path, day: str, names: np.ndarray, since: np.ndarray) -> Path:
    rows = [
        {
            "title": "",
            "media_list_data": [],
            "string_list_data": [{"href": "", "value": f"fan{name}", "timestamp": int(at)}],
        }
        for name, at in zip(names, since, strict=True)
    ]
    path = folder / f"instagram-lena-{day}-abcd.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr(
            "connections/followers_and_following/followers_1.json", json.dumps(rows)
        )
    return path


def run(*words: object) -> Result:
    return CliRunner().invoke(cli, [str(word) for word in words])


def lines(*words: object) -> list[dict[str, object]]:
    done = run(*words, "--format", "json")
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def bought() -> tuple[np.ndarray, int]:
    """The list of the issue's kind: 3,000 of 13,000 within a week, and when that began."""
    rng = np.random.default_rng(7)
    some, start, _ = with_batch(rng, audience(rng, 10_000), 0.23, WEEK)
    return some.since, start


def test_one_export_shows_the_batch_that_was_bought(tmp_path: Path) -> None:
    since, start = bought()
    path = export(tmp_path, "2026-11-29", np.arange(len(since)), since)
    (one,) = lines("backtest", path)
    assert (one["account"], one["kind"]) == ("instagram/lena", "mass_follow")
    assert str(one["opened_at"])[:10] == f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d}"
    assert str(one["alerted_at"])[:10] == "2026-11-29"
    assert abs(float(str(one["change"])) - 3_000) < 200
    (checked,) = lines("check", path)
    assert checked["kind"] == "mass_follow"


def test_two_exports_tell_a_purge_from_people_leaving(tmp_path: Path) -> None:
    since, start = bought()
    rng = np.random.default_rng(1)
    since = since[since < END - 20 * DAY]
    names = np.arange(len(since))
    old = export(tmp_path, "2026-11-15", names, since)
    batch = (since >= start) & (since < start + WEEK)
    for share, kind in ((0.75 * batch, "purge"), (np.full(len(since), 0.1), "unfollow_wave")):
        stays = rng.random(len(since)) >= share
        new = export(tmp_path, "2026-11-29", names[stays], since[stays])
        first, second = lines("backtest", old, new)
        assert (first["kind"], second["kind"]) == ("mass_follow", kind)
        assert float(str(second["change"])) < 0
        assert str(second["opened_at"])[:10] == "2026-11-29"


def test_an_export_for_a_date_range_tells_of_no_leavers(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    since = audience(rng, 4_000).since
    names = np.arange(len(since))
    old = export(tmp_path, "2026-11-29", names, since)
    recent = since > END - 50 * DAY
    new = export(tmp_path, "2026-11-30", names[recent], since[recent])
    done = run("backtest", old, new)
    assert "0 incidents" in done.stdout
    assert "not complete" in done.stderr
    assert "date range" in done.stderr


def test_a_list_without_owner_and_dates_is_judged_for_what_it_carries(tmp_path: Path) -> None:
    path = tmp_path / "follower.js"
    rows = [{"follower": {"accountId": str(n), "userLink": ""}} for n in range(300)]
    path.write_text("window.YTD.follower.part0 = " + json.dumps(rows), encoding="utf-8")
    done = run("backtest", path)
    assert done.exit_code == 0
    assert "0 incidents" in done.stdout
