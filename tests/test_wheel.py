"""A built wheel alone: installed beside its libraries it begins in an empty folder."""

import re
import shlex
import shutil
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


PIP = (sys.executable, "-m", "pip")
ALONE = ("--quiet", "--no-deps", "--no-index")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools writes into the folder that it builds from."""
    source = tmp_path_factory.mktemp("source")
    for name in ("bot", "checks"):
        shutil.copytree(
            ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__")
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    folder = source / "dist"
    called = (*PIP, "wheel", *ALONE, "--no-build-isolation", "--wheel-dir", folder, source)
    subprocess.run(called, check=True, timeout=300)
    [built] = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def ebbwatch(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment; only the libraries are borrowed from this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home, with_pip=False)
    into = ("--python", home / "bin/python")
    subprocess.run((*PIP, *into, "install", *ALONE, wheel), check=True, timeout=300)
    [packages] = home.glob("lib/python*/site-packages")
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin/ebbwatch"


def told(command: Path, *words: object, folder: Path) -> str:
    done = subprocess.run(
        [command, *map(str, words)],
        cwd=folder,
        input="",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout + done.stderr


def test_the_wheel_holds_all_that_it_needs(wheel: Path) -> None:
    names = set(zipfile.ZipFile(wheel).namelist())
    wanted = {"bot/py.typed", "checks/py.typed", "bot/config/example.toml"}
    for pattern in ("bot/sample/*", "bot/locales/*.po", "bot/**/*.py", "checks/**/*.py"):
        wanted |= {str(path.relative_to(ROOT)) for path in ROOT.glob(pattern)}
    assert wanted - names == set()
    assert not {name for name in names if name.startswith("tests")}


def test_without_a_config_it_says_how_to_begin(ebbwatch: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [ebbwatch, "run"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode
    assert "ebbwatch init" in done.stderr
    assert "Traceback" not in done.stderr


def test_it_checks_a_file_and_writes_a_first_config(ebbwatch: Path, tmp_path: Path) -> None:
    [sample] = ebbwatch.parents[1].glob("lib/python*/site-packages/bot/sample/*.csv")
    moment = ("--platform", "youtube", "--as-of", "2022-12-20")
    assert "youtube/" in told(ebbwatch, "check", sample, *moment, folder=tmp_path)
    options = ("--platform", "instagram", "--source", "exports", "--terminal")
    assert "config.toml written" in told(ebbwatch, "init", *options, folder=tmp_path)
    assert told(ebbwatch, "status", folder=tmp_path)


def test_the_example_runs_and_tells_of_the_wave(ebbwatch: Path, tmp_path: Path) -> None:
    told(ebbwatch, "init", "--example", folder=tmp_path)
    config = tmp_path / "config.toml"
    text = config.read_text(encoding="utf-8")
    config.write_text(
        re.sub(r'(?m)^replay_speed = "[^"]*"', 'replay_speed = "100d/s"', text),
        encoding="utf-8",
    )
    with subprocess.Popen(
        [ebbwatch, "run"],
        cwd=tmp_path,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as service:
        assert service.stdout is not None
        assert any("Purge suspected" in line for line in service.stdout)
        service.terminate()
        assert service.wait(30) == 0
    assert (tmp_path / "ebbwatch.replay.db").exists()


def test_the_containers_steps_can_be_done_with_this_tree(wheel: Path) -> None:
    """Each file that is copied exists, pip's options are those of the locks, and what starts is
    a script of the wheel."""
    text = (ROOT / "examples/Containerfile").read_text(encoding="utf-8")
    lines = re.sub(r"\\\n\s*", "", text).splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    told = [rest for word, rest in steps if word == "RUN"]
    locks = re.findall(r"[\w-]+\.lock", text)
    assert "requirements.lock" in locks
    assert [lock for lock in locks if "--hash=" not in (ROOT / lock).read_text()] == []
    installs = [
        shlex.split(one) for one in " && ".join(told).split("&&") if "pip install" in one
    ]
    assert [words[-1] for words in installs] == ["${LOCK}", "."]
    assert [
        rest for word, rest in steps if word in ("COPY", "VOLUME", "ENTRYPOINT", "CMD")
    ] == [
        ". .",
        "--from=build /opt/ebbwatch /opt/ebbwatch",
        "/data",
        '["ebbwatch"]',
        '["run"]',
    ]
    [entry] = [n for n in zipfile.ZipFile(wheel).namelist() if n.endswith("entry_points.txt")]
    scripts = zipfile.ZipFile(wheel).read(entry).decode()
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in {"ebbwatch", *re.findall(r"(?:uvx|pipx install) (\w+)", readme)}:
        assert f"{command} = " in scripts
    assert wheel.name.partition("-")[0] in re.findall(r"pipx install (\w+)", readme)
