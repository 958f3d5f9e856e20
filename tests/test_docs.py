"""Documents that cannot drift: keys, commands and sources stand in them, blocks run."""

import re
import shlex
import sys
import textwrap
import tomllib
from pathlib import Path

import click
import pytest

from bot.chat.table import CHATS
from bot.cli.cli import cli, main
from bot.commands.table import COMMANDS
from bot.config.load import parse
from bot.config.schema import Settings
from bot.config.settings import Section
from bot.sources.table import SOURCES

ROOT = Path(__file__).parents[1]
EXAMPLE = (ROOT / "config.example.toml").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8")
SOURCES_PAGE = (ROOT / "docs" / "sources" / "README.md").read_text(encoding="utf-8")
COMMANDS_PAGE = (ROOT / "docs" / "commands.md").read_text(encoding="utf-8")
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])
KINDS = {name: kind.settings for name, kind in SOURCES.items()}


def keys(section: type[Section]) -> set[str]:
    return {info.alias or name for name, info in section.model_fields.items()}


def sections_of(settings: type[Section]) -> list[type[Section]]:
    found = [settings]
    for info in settings.model_fields.values():
        for part in (info.annotation, *getattr(info.annotation, "__args__", ())):
            if isinstance(part, type) and issubclass(part, Section):
                found.append(part)
    return found


def test_the_example_config_loads_as_it_stands() -> None:
    settings = parse(tomllib.loads(EXAMPLE), KINDS, CHATS, root=str(ROOT))
    assert settings.replays
    assert settings.path("bot/sample/youtube-vtubers.csv").exists()


def uncommented(text: str) -> str:
    """The example with every commented key switched on, section by section."""
    return re.sub(r"(?m)^# ?(?=\[|[a-z_]+ = )", "", text)


def test_every_example_holds_with_its_comment_taken_off() -> None:
    raw = tomllib.loads(uncommented(EXAMPLE))
    assert {section["kind"] for section in raw["sources"]} == set(SOURCES)
    for section in raw.pop("sources"):
        KINDS[section["kind"]].model_validate(section)
    assert parse(raw, KINDS, CHATS).serve


@pytest.mark.parametrize(
    "section",
    [
        *sections_of(Settings),
        *KINDS.values(),
        *(part for kind in CHATS.values() for part in sections_of(kind.settings)),
    ],
    ids=lambda section: section.__name__,
)
def test_every_key_stands_in_the_example_config(section: type[Section]) -> None:
    written = set(re.findall(r"(?m)^(?:# )?([a-z_]+) = ", EXAMPLE))
    written |= set(re.findall(r"(?m)^(?:# )?\[+([a-z_]+)", EXAMPLE))
    written |= set(re.findall(r"\bor ([a-z_]+) = ", EXAMPLE))
    assert keys(section) - written - {"root", "chats", "homes"} == set()


def test_every_source_kind_stands_in_the_guide_and_the_example() -> None:
    for kind in SOURCES:
        assert f"`{kind}`" in SOURCES_PAGE
        assert re.search(rf'kind = "{kind}"|\b{kind}\b', EXAMPLE)


def test_every_chat_stands_in_the_readme_and_the_example() -> None:
    for name in CHATS.keys() - {"console"}:
        assert name in README.lower()
        assert re.search(rf"(?m)^(# )?\[{name}[.\]]", EXAMPLE)


def test_the_readme_is_short() -> None:
    assert len(README.split()) <= 900


def test_every_command_stands_in_the_guide() -> None:
    for command in COMMANDS:
        assert f"`{command.name}" in COMMANDS_PAGE
    assert isinstance(cli, click.Group)
    for name in cli.commands:
        assert f"ebbwatch {name}" in COMMANDS_PAGE


def blocks(kind: str) -> list[str]:
    """The fenced blocks of that kind on every page, indented ones too."""
    return [
        textwrap.dedent(block)
        for page in PAGES
        for block in re.findall(
            rf"(?m)^ *```{kind}\n(.*?)^ *```", page.read_text(encoding="utf-8"), re.DOTALL
        )
    ]


def shown_commands() -> list[str]:
    lines = "\n".join(blocks("console")).splitlines()
    return sorted({line[2:] for line in lines if line.startswith("$ ebbwatch ")})


def test_what_contributing_shows_of_the_checks_runs(
    capsys: pytest.CaptureFixture[str],
) -> None:
    page = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"(?m)^```python\n(.*?)^```", page, re.DOTALL)
    exec(block, {})
    assert "unexplained_drop" in capsys.readouterr().out


def test_every_source_has_a_page_that_names_its_kind() -> None:
    for kind in SOURCES:
        assert f'kind = "{kind}"' in (ROOT / "docs" / "sources" / f"{kind}.md").read_text()


@pytest.mark.parametrize("block", blocks("toml"))
def test_what_the_pages_show_of_a_config_can_be_read(block: str) -> None:
    raw = tomllib.loads(block)
    chats = {platform: {} for platform in ("discord", "slack")}
    assert parse({**chats, **raw}, KINDS, CHATS, root=str(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_between_pages_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\((?!https?:)([^)#]+)", page.read_text(encoding="utf-8")):
        assert (page.parent / target).exists(), target


@pytest.mark.parametrize("line", shown_commands())
def test_the_commands_of_the_pages_run(
    line: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for name in ("bot", "config.example.toml", "tests"):
        (tmp_path / name).symlink_to(ROOT / name)
    monkeypatch.chdir(tmp_path)
    words = shlex.split(line.partition("  #")[0].partition(" | ")[0])
    monkeypatch.setattr(sys, "argv", words)
    main()  # a failure exits
    assert "Traceback" not in capsys.readouterr().err
