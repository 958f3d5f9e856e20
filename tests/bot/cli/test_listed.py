"""Follower lists in `check` and `backtest`."""

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from bot.cli.cli import cli
from bot.storage import incidents, lists
from bot.storage.database import connect
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
    """A list with a large batch: 3,000 of 13,000 within a week, and when that began."""
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


def test_lines_of_lists_hold_the_contract_of_all_others(tmp_path: Path) -> None:
    since, start = bought()
    since = since[since < END - 14 * DAY]
    names = np.arange(len(since))
    inside = (since >= start) & (since < start + WEEK)
    stays = ~inside | (np.random.default_rng(2).random(len(since)) < 0.25)
    old = export(tmp_path, "2026-11-15", names, since)
    new = export(tmp_path, "2026-11-29", names[stays], since[stays])
    first, second = lines("backtest", old, new)
    for one, kind, opened, alerted, said in (
        (
            first,
            "mass_follow",
            f"{datetime.fromtimestamp(start, UTC):%Y-%m-%d}",
            15,
            "still follow",
        ),
        (second, "purge", "2026-11-29", 29, "are gone"),
    ):
        assert (one["kind"], str(one["opened_at"])[:10]) == (kind, opened)
        assert str(one["alerted_at"])[8:10] == str(alerted)
        reasons = one["reasons"]
        assert isinstance(reasons, list)
        assert said in reasons[0]
    assert (first["runner_up"], first["runner_up_confidence"]) == ("viral", 0.12)
    assert float(str(first["change"])) == pytest.approx(np.count_nonzero(inside), rel=0.06)
    assert float(str(second["change"])) == pytest.approx(
        -np.count_nonzero(inside & ~stays), rel=0.06
    )
    (checked,) = lines("check", old, new)
    assert {**checked, "alerted_at": 0} == {**second, "alerted_at": 0}


def test_two_exports_whose_newest_follow_is_the_same_are_two(tmp_path: Path) -> None:
    since, start = bought()
    names = np.arange(len(since))
    inside = (since >= start) & (since < start + WEEK)
    stays = ~inside | (np.random.default_rng(2).random(len(since)) < 0.25)
    stays[since.argmax()] = True
    given = []
    for name, kept in (("a", np.ones(len(since), np.bool_)), ("b", stays)):
        path = export(tmp_path, "2026-11-29", names[kept], since[kept])
        given.append(path.rename(tmp_path / f"{name}.zip"))
    told = lines("backtest", *given, "--account", "instagram/lena")
    assert [one["kind"] for one in told] == ["mass_follow", "purge"]
    config = tmp_path / "c.toml"
    config.write_text('database = "e.db"\n', encoding="utf-8")
    for _ in range(2):
        run("--config", config, "import", *given, "--account", "instagram/lena")
    db = connect(tmp_path / "e.db")
    assert sorted(one.incident.kind for one in incidents.listing(db)) == [
        "mass_follow",
        "purge",
    ]
    assert len(lists.times(db, "instagram/lena", "followers")) == 2
    db.conn.close()


def test_bad_lists_are_said_as_what_they_are(tmp_path: Path) -> None:
    rng = np.random.default_rng(6)
    since = audience(rng, 3_000).since
    doubled = rng.permutation(np.append(np.arange(3_000), np.arange(500)))
    export(tmp_path, "2026-11-29", doubled, since[doubled])
    done = run("backtest", tmp_path / "instagram-lena-2026-11-29-abcd.zip")
    assert "3,000 names, complete" in done.stderr
    assert "500 entries repeated a name: each name counts once." in done.stderr
    late = since.copy()
    late[:70] = END + 900 * DAY
    done = run("backtest", export(tmp_path, "2026-11-29", np.arange(3_000), late))
    assert "70 follows are dated in the future and left out" in done.stderr
    done = run("backtest", export(tmp_path, "2026-11-29", np.arange(3_000), 0 * since))
    assert "3,000 entries carry no follow date." in done.stderr
    assert "0 incidents" in done.stdout


def test_why_a_part_of_several_exports_is_left_out_is_said_once(tmp_path: Path) -> None:
    since = audience(np.random.default_rng(6), 3_000).since
    given = [
        export(tmp_path, day, np.arange(3_000), since) for day in ("2026-11-28", "2026-11-29")
    ]
    for path in given:
        with zipfile.ZipFile(path, "a") as archive:
            inner = "connections/followers_and_following/recently_unfollowed_profiles.json"
            archive.writestr(inner, '{"relationships_unfollowed_users": []}')
    said = run("backtest", *given).stderr
    assert said.count("never read as churn") == 1
    assert said.count("left out for the same reason.") == 1


def test_an_export_of_the_future_is_dated_by_its_newest_follow(tmp_path: Path) -> None:
    since = audience(np.random.default_rng(6), 3_000).since
    done = run("backtest", export(tmp_path, "2096-06-01", np.arange(3_000), since))
    assert "is dated in the future (correct the clock or its name)" in done.stderr
    assert "to 2026-11-29" in done.stderr


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


@pytest.mark.parametrize(("days", "kind"), [(0, "viral"), (60, "mass_follow")])
def test_an_event_of_the_config_explains_a_burst_of_its_days(
    tmp_path: Path, days: int, kind: str
) -> None:
    since, start = bought()
    day = datetime.fromtimestamp(start - days * DAY, UTC).date()
    config = tmp_path / "c.toml"
    config.write_text(
        'database = "e.db"\n[[events]]\nname = "Festival"\nkind = "campaign"\n'
        f"from = {day}\nto = {day + timedelta(days=6)}\n",
        encoding="utf-8",
    )
    given = export(tmp_path, "2026-11-29", np.arange(len(since)), since)
    assert run("--config", config, "import", given).exit_code == 0
    db = connect(tmp_path / "e.db")
    (found,) = incidents.listing(db)
    db.conn.close()
    said = {each.code: each.values for each in found.incident.reasons}
    assert found.incident.kind == kind
    assert [each.kind for each in found.incident.causes][:1] == [kind]
    assert said.get("known_event", {}).get("name") == ("Festival" if days == 0 else None)


def test_a_zip_in_a_watched_folder_is_told_with_its_picture(tmp_path: Path) -> None:
    since, _ = bought()
    (tmp_path / "in").mkdir()
    config = tmp_path / "c.toml"
    config.write_text(
        'database = "e.db"\n[[sources]]\nname = "zips"\nkind = "export"\npath = "in/*.zip"\n',
        encoding="utf-8",
    )
    export(tmp_path / "in", "2026-11-29", np.arange(len(since)), since)
    polled = run("--config", config, "poll", "zips")
    assert polled.exit_code == 0, polled.output
    told = run("--config", config, "audience", "instagram/lena")
    assert "came in one batch" in told.output
    drawn = tmp_path / "lena.png"
    saved = run("--config", config, "audience", "instagram/lena", "-o", drawn)
    assert f"written to {drawn}" in saved.output
    assert drawn.read_bytes().startswith(b"\x89PNG")
