"""A config file is read whole: every problem at once, with key path and suggestion."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.chat.table import CHATS
from bot.config.load import load, parse
from bot.config.schema import Settings
from bot.config.settings import SourceSettings
from bot.errors import ConfigError


class CountsSettings(SourceSettings):
    kind: Literal["counts"]
    path: str


KINDS = {"counts": CountsSettings}


def read(raw: dict[str, Any]) -> Settings:
    return parse(raw, KINDS, CHATS)


def problems(raw: dict[str, Any]) -> tuple[str, ...]:
    with pytest.raises(ConfigError) as caught:
        read(raw)
    return caught.value.problems


def test_an_empty_file_is_a_valid_config() -> None:
    settings = read({})
    assert settings.timezone == "UTC"
    assert settings.checks.news == timedelta(days=7)


def test_all_problems_come_at_once_with_path_and_suggestion() -> None:
    found = problems(
        {
            "timezone": "Mars/Olympus",
            "chanels": [],
            "checks": {"sensitivty": "strict"},
            "sources": [
                {"name": "a", "kind": "count"},
                {"name": "b", "kind": "counts", "path": "x", "evry": "1h"},
                {"name": "b", "kind": "counts", "path": "x", "every": "1 hour"},
            ],
        }
    )
    text = "\n".join(found)
    assert 'sources[0].kind: "count" is unknown; did you mean "counts"?' in text
    assert 'sources[1].evry: "evry" is unknown; did you mean "every"?' in text
    assert 'sources[2].every: "1 hour" is no duration' in text
    assert '"Mars/Olympus" is no time zone' in text
    assert 'chanels: "chanels" is unknown; did you mean "channels"?' in text
    assert 'checks.sensitivty: "sensitivty" is unknown; did you mean "sensitivity"?' in text


@pytest.mark.parametrize(
    "text", ["0 7 * *", "61 7 * * *", "0 7 * * 9", "x y z a b", "0 0 31 2 *"]
)
def test_a_broken_cron_expression_is_refused_in_words(text: str) -> None:
    [found] = problems(
        {"sources": [{"name": "a", "kind": "counts", "path": "x", "cron": text}]}
    )
    assert found.startswith("sources[0].cron: ")
    assert "cron expression" in found


def test_a_secret_written_inline_is_refused_without_being_shown() -> None:
    found = problems({"discord": {"token": "MTIz.very-secret"}})
    assert "discord.token" in found[0]
    assert "very-secret" not in "\n".join(found)


def test_a_replay_wants_every_source_to_replay() -> None:
    found = problems(
        {
            "sources": [
                {"name": "a", "kind": "counts", "path": "x", "replay_from": date(2022, 12, 1)},
                {"name": "b", "kind": "counts", "path": "y"},
            ]
        }
    )
    assert found == (
        'sources "b": another source has replay_from, so the whole run is a replay: '
        "give this one replay_from too, or remove it",
    )


def test_a_channel_needs_its_platform_and_a_team() -> None:
    channel = {"channel": "discord:9"}
    assert "needs a [discord] section" in problems({"channels": [channel]})[0]
    assert "belongs to no team yet" in problems({"discord": {}, "channels": [channel]})[0]


def test_a_second_slack_workspace_is_refused_with_a_sentence() -> None:
    spaces = [{"id": f"slack:T{n}", "accounts": ["*"]} for n in (1, 2)]
    assert "one process serves one workspace" in problems({"slack": {}, "spaces": spaces})[0]


def test_dates_and_times_of_day_are_typed() -> None:
    settings = read(
        {
            "events": [{"name": "x", "kind": "deadline", "from": date(2025, 1, 19)}],
            "channels": [
                {"channel": "console:main", "summary": "mon 09:00", "quiet": "22:00-07:00"}
            ],
        }
    )
    assert settings.events[0].start == date(2025, 1, 19)
    assert (
        "quiet"
        in problems({"channels": [{"channel": "console:main", "quiet": "25:00-07:00"}]})[0]
    )


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"timezone = ", "is no valid TOML"),
        (b'locale = "\xff"', "is not UTF-8"),
        (None, "does not exist"),
    ],
)
def test_a_file_that_cannot_be_read_is_named(
    tmp_path: Path, content: bytes | None, sentence: str
) -> None:
    path = tmp_path / "config.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(ConfigError, match=sentence):
        load(path, KINDS, CHATS)


JSONISH = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "kind", "path", "every", "id", "accounts", "channel", "?"])
            | st.text(max_size=5),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(
            ["timezone", "sources", "channels", "spaces", "events", "discord", "checks", "keep"]
        ),
        JSONISH,
        max_size=4,
    )
)
def test_any_shape_of_config_gives_settings_or_sentences(raw: dict[str, Any]) -> None:
    try:
        settings, found = read(raw), ()
    except ConfigError as error:
        settings, found = None, error.problems
    assert isinstance(settings, Settings) or found
    assert all(": " in problem for problem in found)
