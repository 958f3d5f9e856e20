"""The service as a process: what a newcomer sees, how it ends, that it serves alone."""

import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
CONFIG = f"""
database = "run.db"
[console]
file = "seen.txt"
[[sources]]
name = "sample"
kind = "file"
path = "{ROOT}/bot/sample/youtube-vtubers.csv"
platform = "youtube"
replay_from = 2022-12-18
replay_speed = "100d/s"
[[channels]]
channel = "console:main"
summary = "mon 09:00"
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("newcomer")
    (path / "config.toml").write_text(CONFIG, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def service(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Serves the end of its replay until the last test of it ends it."""
    process = start(folder)
    try:
        wait_for_end(process)
        yield process
    finally:
        process.kill()
        process.communicate()


def start(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def wait_for_end(process: subprocess.Popen[str]) -> None:
    """Reads the log up to the end of the replay; pytest's own time limit is CI's."""
    assert process.stderr
    for line in process.stderr:
        if "replay is over" in line:
            return
    raise AssertionError(f"ended with {process.wait()}")


def test_a_newcomer_sees_the_wave_its_end_as_a_glitch_and_a_summary(
    folder: Path, service: subprocess.Popen[str]
) -> None:
    seen = (folder / "seen.txt").read_text(encoding="utf-8")
    alert = seen.index("Purge suspected")
    edit = seen.index("glitch", alert)
    assert "updated" in seen[alert:edit]
    assert "Week to Mon, Dec 26" in seen[edit:]
    assert list((folder / "charts").glob("*.png"))
    end = seen.partition("That was the replay")[2]
    assert "138 accounts were watched. Alerts:" in end
    assert "1 × Counter glitch" in end
    assert "ebbwatch init" in end
    assert service.poll() is None, "the end of input must not end the service"


def test_a_second_service_on_the_database_is_refused(
    folder: Path, service: subprocess.Popen[str]
) -> None:
    second = start(folder)
    _, said = second.communicate(timeout=60)
    assert second.returncode == 1
    assert said.startswith("ebbwatch: another ebbwatch"), "only that"
    assert f"process {service.pid}" in said
    assert "Traceback" not in said


def test_a_service_that_is_told_to_end_does(service: subprocess.Popen[str]) -> None:
    begun = time.monotonic()
    service.send_signal(signal.SIGTERM)
    assert service.wait(timeout=30) == 0
    assert time.monotonic() - begun < 5


@pytest.mark.parametrize("end", ["exit\r", "\x04", "\x03"], ids=["exit", "ctrl-d", "ctrl-c"])
def test_a_person_at_a_terminal_is_answered_and_can_leave(tmp_path: Path, end: str) -> None:
    (tmp_path / "config.toml").write_text('database = "run.db"', encoding="utf-8")
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "bot", "run"],
        cwd=tmp_path,
        env={
            **os.environ,
            "PYTHONPATH": str(ROOT),
            "TERM": "xterm",
            "PROMPT_TOOLKIT_NO_CPR": "1",
        },
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)

    def shown_until(*texts: str) -> str:
        seen, left = "", ""
        for text in texts:
            while text not in left:
                more = os.read(ours, 4096).decode(errors="replace")
                seen, left = seen + more, left + more
            left = left.partition(text)[2]
        return seen

    try:
        seen = shown_until("ebbwatch>")
        assert "level=info" not in seen, "log lines do not interrupt the prompt"
        os.write(ours, b"accounts\r")
        shown_until("No account", "ebbwatch>")  # keys between prompts are nobody's
        os.write(ours, end.encode())
        assert process.wait(timeout=30) == 0
        assert "event=ready" in (tmp_path / "run.log").read_text(encoding="utf-8")
    finally:
        process.kill()
        os.close(ours)
