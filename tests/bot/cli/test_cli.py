"""The command line as people and scripts meet it."""

import json
import sqlite3
import sys
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.cli.cli import main

ROOT = Path(__file__).parents[3]
FIELDS = {
    *("account", "kind", "metric", "severity", "confidence", "opened_at", "alerted_at"),
    *("cause", "cause_confidence", "runner_up", "runner_up_confidence"),
    *("resolved_at", "change", "percent", "expected", "score", "wave", "updates", "reasons"),
}


@dataclass
class Done:
    returncode: int
    stdout: str
    stderr: str


class Shell:
    """Runs `ebbwatch` in this process: starting Python for each call would take minutes."""

    def __init__(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys

    def __call__(self, *words: str | Path, cwd: Path, fails: bool = False) -> Done:
        self._monkeypatch.chdir(cwd)
        self._monkeypatch.setattr(sys, "argv", ["ebbwatch", *map(str, words)])
        self._capsys.readouterr()
        code = 0
        try:
            main()
        except SystemExit as end:
            code = int(end.code or 0)
        shown = self._capsys.readouterr()
        assert (code != 0) == fails, shown.err
        return Done(code, shown.out, shown.err)


@pytest.fixture
def ebbwatch(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(monkeypatch, capsys)


@pytest.fixture
def purged(tmp_path: Path) -> Path:
    """An account that grows calmly and loses a tenth of its followers on day 90."""
    path, level = tmp_path / "counts.csv", 50_000
    rows = ["account,date,followers"]
    for day in range(100):
        level += 40 + (day * 37) % 23
        if day == 90:
            level -= 5_000
        at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
        rows.append(f"instagram/lena,{at:%Y-%m-%d},{level}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    return path


def test_backtest_prints_one_line_of_the_contract_per_incident(
    ebbwatch: Shell, purged: Path
) -> None:
    out = ebbwatch("backtest", purged, "--format", "json", cwd=purged.parent).stdout
    (incident,) = [json.loads(line) for line in out.splitlines()]
    assert set(incident) == FIELDS
    assert incident["account"] == "instagram/lena"
    assert incident["opened_at"] == "2026-04-01T23:59:59+00:00"
    assert incident["alerted_at"] == "2026-04-01T23:59:59+00:00"
    assert incident["resolved_at"] == "2026-04-04T23:59:59+00:00"
    assert incident["severity"] == "warning"
    assert -10.2 < incident["percent"] < -9.0
    assert incident["updates"][0]["state"] == "suspected"
    assert all(isinstance(reason, str) and reason for reason in incident["reasons"])


def test_backtest_at_an_hourly_rhythm_finds_the_same_event_once(
    ebbwatch: Shell, purged: Path
) -> None:
    words = ("backtest", purged, "--every", "6h", "--format", "json")
    lines = ebbwatch(*words, cwd=purged.parent).stdout.splitlines()
    assert [json.loads(line)["account"] for line in lines] == ["instagram/lena"]


def test_check_judges_the_last_reading_or_the_moment_asked_for(
    ebbwatch: Shell, purged: Path
) -> None:
    calm = ebbwatch("check", purged, "--format", "json", cwd=purged.parent).stdout
    assert calm == ""
    words = ("check", purged, "--as-of", "2026-04-01", "--format", "json")
    (incident,) = map(json.loads, ebbwatch(*words, cwd=purged.parent).stdout.splitlines())
    assert incident["alerted_at"] == "2026-04-01T23:59:59+00:00"
    assert len(incident["updates"]) == 1


def test_check_lists_the_worst_first(ebbwatch: Shell, tmp_path: Path) -> None:
    path, rows = tmp_path / "two.csv", ["account,date,followers"]
    for account, lost in (("a/small", 400), ("b/large", 3_000)):
        for day in range(91):
            at = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=day)
            rows.append(f"{account},{at:%Y-%m-%d},{10_000 + 10 * day - lost * (day == 90)}")
    path.write_text("\n".join(rows) + "\n", encoding="utf-8")
    out = ebbwatch("check", path, "--format", "json", cwd=tmp_path).stdout
    listed = [json.loads(line)["account"] for line in out.splitlines()]
    assert listed == ["b/large", "a/small"]


def test_check_says_when_it_is_too_early_to_say(ebbwatch: Shell, tmp_path: Path) -> None:
    path = tmp_path / "few.csv"
    path.write_text("account,date,followers\na/b,2026-01-01,5\na/b,2026-01-02,6\n")
    assert "Too early to say" in ebbwatch("check", path, cwd=tmp_path).stderr


def test_text_output_names_the_account_and_the_reasons(ebbwatch: Shell, purged: Path) -> None:
    out = ebbwatch("backtest", purged, cwd=purged.parent).stdout
    assert "instagram/lena" in out
    assert out.endswith("\n1 incident, 1 of them alerted.\n")


def test_a_check_says_how_much_it_judged(ebbwatch: Shell, purged: Path) -> None:
    out = ebbwatch("check", purged, cwd=purged.parent).stdout
    assert out == "1 account judged, nothing stands out.\n"
    out = ebbwatch("check", purged, "--as-of", "2026-04-01", cwd=purged.parent).stdout
    assert out.endswith("\n1 account judged, 1 incident.\n")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "empty"),
        (b"account,date,followers\n", ""),
        (b"a,b\n1,2\n", "column"),
        (b"account,date,followers\nx,03/04/2026,5\nx,04/04/2026,6\n", "date_order"),
        (b"PAR1\x00\x00", ""),
    ],
)
def test_bad_files_get_one_sentence_and_exit_code_1(
    ebbwatch: Shell, tmp_path: Path, content: bytes, said: str
) -> None:
    path = tmp_path / "bad.csv"
    path.write_bytes(content)
    done = ebbwatch("check", path, cwd=tmp_path, fails=True)
    assert done.returncode == 1
    assert "bad.csv" in done.stderr
    assert said in done.stderr


def test_bad_rows_are_named_and_the_good_ones_judged(ebbwatch: Shell, purged: Path) -> None:
    text = purged.read_text(encoding="utf-8")
    purged.write_text(text + "instagram/lena,2026-04-11,many\n", encoding="utf-8")
    done = ebbwatch("backtest", purged, "--format", "json", cwd=purged.parent)
    assert "counts.csv" in done.stderr
    assert "102" in done.stderr
    assert len(done.stdout.splitlines()) == 1


def test_the_help_tells_every_command_to_the_end(ebbwatch: Shell, tmp_path: Path) -> None:
    out = ebbwatch("--help", cwd=tmp_path).stdout
    assert "..." not in out.partition("Commands:")[2]


def test_wrong_usage_is_exit_code_2(ebbwatch: Shell, tmp_path: Path) -> None:
    assert ebbwatch("check", cwd=tmp_path, fails=True).returncode == 2
    assert ebbwatch("backtest", "--every", "7h", ROOT, cwd=tmp_path, fails=True).returncode == 2
    bad_zone = ("check", ROOT, "--timezone", "Mars")
    assert ebbwatch(*bad_zone, cwd=tmp_path, fails=True).returncode == 2


@pytest.fixture
def configured(tmp_path: Path, purged: Path) -> Path:
    (tmp_path / "config.toml").write_text(
        '[console]\nfile = "alerts.txt"\n[[sources]]\nname = "counts"\nkind = "file"\n'
        'path = "counts.csv"\n[[channels]]\nchannel = "console:main"\n',
        encoding="utf-8",
    )
    return tmp_path


def test_init_writes_a_config_that_is_not_overwritten(ebbwatch: Shell, tmp_path: Path) -> None:
    ebbwatch("init", "--example", cwd=tmp_path)
    assert "[[sources]]" in (tmp_path / "config.toml").read_text(encoding="utf-8")
    assert 'ok    source "sample"' in ebbwatch("doctor", cwd=tmp_path).stdout
    nowhere = ebbwatch("init", "nowhere/config.toml", cwd=tmp_path, fails=True)
    assert nowhere.stderr.startswith("ebbwatch: nowhere/config.toml cannot be written: No such")
    assert "exists already" in ebbwatch("init", cwd=tmp_path, fails=True).stderr


def test_a_broken_config_tells_all_its_problems(ebbwatch: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('timezon = "UTC"\n[checks]\nnews = "soon"\n')
    said = ebbwatch("status", cwd=tmp_path, fails=True).stderr
    assert 'did you mean "timezone"?' in said
    assert "checks.news" in said


def test_import_prints_the_contract_and_stores_only_without_dry_run(
    ebbwatch: Shell, configured: Path
) -> None:
    words = ("import", "counts.csv", "--format", "json")
    (found,) = map(
        json.loads, ebbwatch(*words, "--dry-run", cwd=configured).stdout.splitlines()
    )
    assert list(found) == [
        *("file", "format", "platform", "account", "basis", "readings", "names"),
        *("from", "to", "complete", "bad_rows", "notes"),
    ]
    assert (found["readings"], found["basis"]) == (100, "total")
    assert not (configured / "ebbwatch.db").exists()
    ebbwatch(*words, cwd=configured)
    assert "1 account" in ebbwatch("status", cwd=configured).stdout
    assert "instagram/lena" in ebbwatch("status", "instagram/lena", cwd=configured).stdout
    ebbwatch("export", "-o", "all.csv", cwd=configured)
    lines = (configured / "all.csv").read_text(encoding="utf-8").splitlines()
    assert lines[0] == "account,at,followers"
    assert len(lines) == 101


def read_today(folder: Path) -> None:
    today = datetime.now(UTC) - timedelta(hours=1)
    text = f"account,at,followers\ninstagram/lena,{today:%Y-%m-%dT%H:%M:%SZ},50000\n"
    (folder / "today.csv").write_text(text, encoding="utf-8")


def test_poll_backup_outbox_chart_and_doctor(ebbwatch: Shell, configured: Path) -> None:
    assert "100 new or corrected of 100" in ebbwatch("poll", cwd=configured).stdout
    assert "0 new or corrected" in ebbwatch("poll", cwd=configured).stdout
    assert "written" in ebbwatch("backup", "copy.db", cwd=configured).stdout
    ebbwatch("outbox", cwd=configured)
    assert "ok    database" in ebbwatch("doctor", cwd=configured).stdout
    long_ago = ("chart", "instagram/lena", "2d", "-o", "lena.png")
    said = ebbwatch(*long_ago, cwd=configured, fails=True).stderr
    assert said.startswith("ebbwatch: instagram/lena has no followers in these days")
    read_today(configured)
    ebbwatch("import", "today.csv", cwd=configured)
    ebbwatch("chart", "instagram/lena", "30d", "-o", "lena.png", cwd=configured)
    assert (configured / "lena.png").read_bytes().startswith(b"\x89PNG")
    assert "nosuch" in ebbwatch("poll", "nosuch", cwd=configured, fails=True).stderr


def test_doctor_fails_where_a_source_does(ebbwatch: Shell, configured: Path) -> None:
    (configured / "counts.csv").unlink()
    done = ebbwatch("doctor", cwd=configured, fails=True)
    assert 'WRONG source "counts"' in done.stdout


def test_poll_says_each_time_why_nothing_could_be_read(
    ebbwatch: Shell, configured: Path
) -> None:
    (configured / "counts.csv").unlink()
    for _ in range(2):
        done = ebbwatch("poll", cwd=configured, fails=True)
        assert done.stdout.startswith("counts: no file at")
        assert done.stderr == "ebbwatch: no source could be read: see the reasons above\n"


def test_what_was_forgotten_is_refused_aloud_until_it_is_watched(
    ebbwatch: Shell, configured: Path
) -> None:
    ebbwatch("poll", cwd=configured)
    told = ebbwatch("forget", "instagram/lena", "yes", cwd=configured).stdout
    assert "100 readings were erased" in told
    with (configured / "counts.csv").open("a", encoding="utf-8") as file:
        file.write("instagram/lena,2026-04-11,5\n")
    said = ebbwatch("poll", cwd=configured).stdout
    assert "    instagram/lena was forgotten: `ebbwatch watch instagram/lena`" in said
    assert "No accounts yet" in ebbwatch("status", cwd=configured).stdout
    said = ebbwatch("import", "counts.csv", cwd=configured).stdout
    assert "    instagram/lena was forgotten: watch lets it in again" in said
    ebbwatch("watch", "instagram/lena", cwd=configured)
    with (configured / "counts.csv").open("a", encoding="utf-8") as file:
        file.write("instagram/lena,2026-04-12,5\n")
    ebbwatch("poll", cwd=configured)
    assert "1 account" in ebbwatch("status", cwd=configured).stdout


def test_the_audit_names_who_changed_what(ebbwatch: Shell, configured: Path) -> None:
    assert ebbwatch("audit", cwd=configured).stdout == "Nobody has changed anything yet.\n"
    ebbwatch("poll", cwd=configured)
    ebbwatch("forget", "instagram/lena", "yes", cwd=configured)
    line = ebbwatch("audit", cwd=configured).stdout.rstrip("\n")
    assert line.endswith("  console:main  console  forget  instagram/lena")


def test_watching_asks_the_platform(ebbwatch: Shell, configured: Path) -> None:
    said = ebbwatch("watch", "instagram/mo", cwd=configured, fails=True).stderr
    assert "no source reads single instagram accounts" in said


def test_an_import_without_a_platform_says_how_to_name_it(
    ebbwatch: Shell, configured: Path
) -> None:
    (configured / "plain.csv").write_text("account,date,followers\nmo,2026-04-01,5\n")
    words = ("import", "plain.csv", "--dry-run")
    assert "--platform NAME makes it NAME/mo" in ebbwatch(*words, cwd=configured).stdout
    named = ebbwatch(*words, "--platform", "tiktok", cwd=configured).stdout
    assert "--platform" not in named


def test_what_an_import_is_told_of_a_sources_file_is_printed_for_its_section(
    ebbwatch: Shell, configured: Path
) -> None:
    (configured / "asked.csv").write_text("account,date,Reach,B\nx/mo,2026-04-01,5,6\n")
    config = configured / "config.toml"
    more = '[[sources]]\nname = "weekly"\nkind = "file"\npath = "asked.csv"\n'
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    done = ebbwatch("import", "asked.csv", "--columns", "followers=Reach", cwd=configured)
    line = 'weekly reads this file too: write columns = { followers = "Reach" } in its section'
    assert line in done.stderr


def test_a_test_message_that_cannot_go_out_says_why(ebbwatch: Shell, configured: Path) -> None:
    config = configured / "config.toml"
    more = (
        '[discord]\ntoken_env = "NO_SUCH_TOKEN"\n[[spaces]]\nid = "discord:1"\n'
        'accounts = ["*"]\n[[channels]]\nchannel = "discord:2"\n'
    )
    config.write_text(config.read_text(encoding="utf-8") + more, encoding="utf-8")
    done = ebbwatch("send-test", "discord:2", cwd=configured, fails=True)
    assert done.returncode == 1
    assert "discord:2: not sent, discord.token: set the variable NO_SUCH_TOKEN" in done.stderr


@pytest.mark.parametrize("words", ["status nobody", "why 99", "summary year", "incidents al"])
def test_what_cannot_be_done_is_exit_code_1(
    ebbwatch: Shell, configured: Path, words: str
) -> None:
    ebbwatch("import", "counts.csv", cwd=configured)
    done = ebbwatch(*words.split(), cwd=configured, fails=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("ebbwatch: ")


def test_a_backup_never_replaces_the_database_or_a_folder(
    ebbwatch: Shell, configured: Path
) -> None:
    ebbwatch("import", "counts.csv", cwd=configured)
    said = ebbwatch("backup", "ebbwatch.db", cwd=configured, fails=True).stderr
    assert "is the database itself" in said
    said = ebbwatch("backup", "counts.csv", cwd=configured, fails=True).stderr
    assert "counts.csv exists already and is kept" in said
    for target in (".", "nowhere/copy.db"):
        said = ebbwatch("backup", target, cwd=configured, fails=True).stderr
        assert "name a file in a folder that exists" in said


def test_pictures_and_exports_of_one_account_go_where_they_can(
    ebbwatch: Shell, configured: Path
) -> None:
    ebbwatch("import", "counts.csv", cwd=configured)
    read_today(configured)
    ebbwatch("import", "today.csv", cwd=configured)
    chart = ("chart", "lena", "30d", "-o", "nowhere/lena.png")
    said = ebbwatch(*chart, cwd=configured, fails=True).stderr
    assert said == "ebbwatch: nowhere/lena.png cannot be written: No such file or directory\n"
    assert "101 readings" in ebbwatch("export", "lena", "-o", "l.csv", cwd=configured).stdout


def test_an_export_of_nothing_says_why(ebbwatch: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('timezone = "UTC"\ndatabase = "own.db"\n')
    said = ebbwatch("export", "-o", "all.csv", cwd=tmp_path, fails=True).stderr
    assert "no reading is stored yet" in said
    (tmp_path / "demo.csv").write_text("date,followers\n2025-01-01,5\n")
    ebbwatch("import", "demo.csv", cwd=tmp_path)
    assert "1 readings" in ebbwatch("export", "-o", "all.csv", cwd=tmp_path).stdout
    said = ebbwatch("export", "kim", "-o", "all.csv", cwd=tmp_path, fails=True).stderr
    assert "kim is not stored" in said


def test_a_question_ends_with_1_and_its_answer_is_an_option(
    ebbwatch: Shell, tmp_path: Path
) -> None:
    (tmp_path / "config.toml").write_text('timezone = "UTC"\ndatabase = "own.db"\n')
    (tmp_path / "lena.csv").write_text("date,Reach,Clicks\n2025-01-01,50,1\n2025-01-02,51,2\n")
    for command in ("import", "check", "backtest"):
        asked = ebbwatch(command, "lena.csv", cwd=tmp_path, fails=True)
        assert asked.returncode == 1
        assert "--columns followers=Reach" in asked.stdout + asked.stderr
        ebbwatch(command, "lena.csv", "--columns", "followers=Reach", cwd=tmp_path)


def test_each_file_of_a_folder_tells_its_own_faults(ebbwatch: Shell, configured: Path) -> None:
    folder = configured / "many"
    folder.mkdir()
    (folder / "a.csv").write_text(
        "account,date,followers\ninstagram/a,2025-01-01,many\ninstagram/a,2025-01-02,5\n"
    )
    (folder / "b.csv").write_text("account,date,followers\n")
    lines = ebbwatch("import", "many", "--dry-run", cwd=configured).stdout.splitlines()
    assert lines[0].endswith(", 1 row left out")
    said = '    a.csv:2:followers: "many" is no count; the row was left out.'
    assert said in lines[1:-1]
    assert lines[-1:] == [
        "many/b.csv: left out. b.csv has no rows below its header: export it again."
    ]


def test_a_broken_form_shows_a_right_one(ebbwatch: Shell, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text('[[channels]]\nchannel = "consol:main"\n')
    said = ebbwatch("status", cwd=tmp_path, fails=True).stderr
    assert 'channels[0].channel: not in the expected form; write "console:main"' in said


def test_set_up_texts_need_no_token(ebbwatch: Shell, configured: Path) -> None:
    assert "oauth_config" in ebbwatch("slack-manifest", cwd=configured).stdout
    link = ebbwatch("discord-invite", "123456789012345678", cwd=configured).stdout
    assert "client_id=123456789012345678" in link
    assert (
        "application id" in ebbwatch("discord-invite", "x", cwd=configured, fails=True).stderr
    )


def test_asking_needs_no_secret_of_a_source_and_writes_nothing(
    ebbwatch: Shell, configured: Path
) -> None:
    ebbwatch("poll", cwd=configured)
    config = configured / "config.toml"
    paid = '[[sources]]\nname = "x"\nkind = "x"\nhandles = ["lena"]\ntoken_env = "NOWHERE"\n'
    config.write_text(config.read_text(encoding="utf-8") + paid, encoding="utf-8")
    ebbwatch("status", cwd=configured)
    with sqlite3.connect(configured / "ebbwatch.db", isolation_level=None) as other:
        other.execute("BEGIN IMMEDIATE")
        assert "1 account" in ebbwatch("status", cwd=configured).stdout
        other.execute("ROLLBACK")
    other.close()


def test_a_broken_cron_expression_is_a_problem_of_the_config(
    ebbwatch: Shell, configured: Path
) -> None:
    config = configured / "config.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace('kind = "file"', 'kind = "file"\ncron = "0 7 * *"'))
    assert "five" in ebbwatch("status", cwd=configured, fails=True).stderr


@pytest.mark.parametrize(
    "words",
    [["--config", "team.toml", "accounts"], ["accounts", "--config", "team.toml"]],
)
def test_the_config_is_named_before_or_after_the_command(
    ebbwatch: Shell, tmp_path: Path, words: list[str]
) -> None:
    (tmp_path / "team.toml").write_text('database = "team.db"', encoding="utf-8")
    ebbwatch(*words, cwd=tmp_path)
    assert (tmp_path / "team.db").exists()


def test_what_programs_read_are_objects_with_what_people_see(
    ebbwatch: Shell, purged: Path
) -> None:
    where = purged.parent
    (where / "config.toml").write_text("", encoding="utf-8")
    ebbwatch("import", purged, cwd=where)

    def told(*words: str, fails: bool = False) -> list[dict[str, object]]:
        out = ebbwatch(*words, "--format", "json", cwd=where, fails=fails).stdout
        return [json.loads(line) for line in out.splitlines()]

    (account,) = told("accounts")
    assert (account["account"], account["followers"]) == (
        "instagram/lena",
        int(purged.read_text(encoding="utf-8").split(",")[-1]),
    )
    assert account["last_reading"] == "2026-04-10T23:59:59+00:00"
    (one,) = told("status", "lena")
    assert (one["basis"], one["open"], one["change_1d"]) == ("total", [], None)
    (incident,) = told("incidents", "all")
    assert set(incident) >= FIELDS | {"number", "seen_at", "acknowledged_by"}
    assert told("why", "1") == [incident]
    (overview,) = told("status")
    assert (overview["accounts"], overview["open"]) == (1, [])
    (summary,) = told("summary", "week")
    assert summary["accounts"] == [
        dict.fromkeys(("before", "after", "change", "percent")) | {"account": "instagram/lena"}
    ]
    assert {"part": "config", "well": True, "text": "config.toml is fine"} in told(
        "doctor",
        fails=True,  # no source is configured
    )


def test_a_slip_in_a_platforms_name_is_noticed(ebbwatch: Shell, purged: Path) -> None:
    said = ebbwatch("check", purged, "--platform", "yotube", cwd=purged.parent, fails=True)
    assert (said.returncode, 'did you mean "youtube"?' in said.stderr) == (2, True)
    ebbwatch("check", purged, "--platform", "our-own-network", cwd=purged.parent)


def test_a_wave_is_one_block(ebbwatch: Shell, tmp_path: Path) -> None:
    sample = ROOT / "bot" / "sample" / "youtube-vtubers.csv"
    words = ("check", sample, "--platform", "youtube", "--as-of", "2022-12-20")
    out = ebbwatch(*words, cwd=tmp_path).stdout
    blocks = [line for line in out.splitlines() if not line.startswith(" ")]
    assert sum("accounts (YouTube)" in line for line in blocks) == 1
    assert len(blocks) <= 4
    assert out.count("youtube/") >= 20


def test_a_file_is_drawn_without_a_config(ebbwatch: Shell, purged: Path) -> None:
    words = ("chart", "counts.csv", "30d", "-o", "out.png")
    out = ebbwatch(*words, cwd=purged.parent).stdout
    assert out.startswith("Chart of instagram/lena")
    assert (purged.parent / "out.png").read_bytes().startswith(b"\x89PNG")
    words = ("chart", "counts.csv", "30d", "views", "-o", "out.png")
    assert "has no views in there" in ebbwatch(*words, cwd=purged.parent, fails=True).stderr
    sample = ROOT / "bot" / "sample" / "youtube-vtubers.csv"
    words = ("chart", sample, "-o", "out.png", "--platform", "youtube")
    said = ebbwatch(*words, cwd=purged.parent, fails=True).stderr
    assert "138 accounts in there: name one with --account" in said
