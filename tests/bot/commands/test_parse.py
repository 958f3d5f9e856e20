"""Typed lines become commands and typed arguments, or one sentence that helps."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.commands import parse
from bot.commands.parse import Target
from bot.commands.table import COMMANDS
from bot.errors import CommandError
from bot.message import voice_for
from bot.model.command import Attachment

VOICE = voice_for("en", "UTC")
NOW = 1_796_126_400.0  # Tuesday, 2026-12-01 12:00
BY_NAME = {command.name: command for command in COMMANDS}
FILE = Attachment(name="a.csv", content=b"1")


def understood(line: str, *files: Attachment) -> tuple[str, dict[str, Any]]:
    command, words = parse.match(COMMANDS, parse.words_of(line), VOICE)
    given = parse.bind(command, words, files, VOICE)
    return command.name, parse.typed(command, given, VOICE, NOW)


def refused(line: str) -> str:
    with pytest.raises(CommandError) as caught:
        understood(line)
    return str(caught.value)


LINES: dict[str, tuple[str, dict[str, Any]]] = {
    "mute instagram/lena tomorrow": (
        "mute",
        {"what": "instagram/lena", "until": timedelta(hours=21)},
    ),
    "mute all until friday 18:00": ("mute", {"what": "all", "until": timedelta(hours=78)}),
    "goal instagram/lena 200k by 5 jan 2027": (
        "goal",
        {"account": "instagram/lena", "followers": 200_000.0, "by": date(2027, 1, 5)},
    ),
    "event add campaign friday Advent calendar to 24.12.": (
        "event add",
        {
            "kind": "campaign",
            "from": date(2026, 12, 4),
            "name": "Advent calendar",
            "to": date(2026, 12, 24),
        },
    ),
    "status": ("status", {}),
    "chart instagram/lena views": (
        "chart",
        {"account": "instagram/lena", "metric": "views"},
    ),
    "subscribe #team-a warning down": (
        "subscribe",
        {"accounts": "#team-a", "severity": "warning", "direction": "down"},
    ),
    'event add outage 2027-01-19 "API is down" 2027-01-20 instagram': (
        "event add",
        {
            "kind": "outage",
            "from": date(2027, 1, 19),
            "name": "API is down",
            "to": date(2027, 1, 20),
            "about": "instagram",
        },
    ),
    "event add outage 2027-01-19 a talk about growth to 2027-01-20": (
        "event add",
        {
            "kind": "outage",
            "from": date(2027, 1, 19),
            "name": "a talk about growth",
            "to": date(2027, 1, 20),
        },
    ),
    "STATUS instagram/lena": ("status", {"account": "instagram/lena"}),
    "chart instagram/lena 30d": (
        "chart",
        {"account": "instagram/lena", "days": timedelta(days=30)},
    ),
    "chart 12 days=2w": ("chart", {"account": "12", "days": timedelta(days=14)}),
    "why #12": ("why", {"incident": Target(12)}),
    "ack w12": ("ack", {"incident": Target(12, wave=True)}),
    "why 12 instagram/lena": ("too many", {}),
    "mute all 2h": ("mute", {"what": "all", "until": timedelta(hours=2)}),
    "mute instagram/lena until worse": ("mute", {"what": "instagram/lena", "until": "worse"}),
    "mute 12 1h30m": ("mute", {"what": "12", "until": timedelta(minutes=90)}),
    "goal instagram/lena 200000 by 2025-01-19": (
        "goal",
        {"account": "instagram/lena", "followers": 200000.0, "by": date(2025, 1, 19)},
    ),
    "goal instagram/lena 1.5m 2025-01-19": (
        "goal",
        {"account": "instagram/lena", "followers": 1.5e6, "by": date(2025, 1, 19)},
    ),
    "goal instagram/lena": ("goal", {"account": "instagram/lena"}),
    'event add deadline 2025-01-19 "US ban" about=tiktok': (
        "event add",
        {"kind": "deadline", "from": date(2025, 1, 19), "name": "US ban", "about": "tiktok"},
    ),
    "event add campaign 2025-01-19 Sale up to 50 % to=2025-01-21": (
        "event add",
        {
            "kind": "campaign",
            "from": date(2025, 1, 19),
            "name": "Sale up to 50 %",
            "to": date(2025, 1, 21),
        },
    ),
    "subscribe tiktok/* severity=warning percent=2.5 kinds=purge,leak": (
        "subscribe",
        {
            "accounts": "tiktok/*",
            "severity": "warning",
            "percent": 2.5,
            "kinds": "purge,leak",
        },
    ),
    "subscribe quiet=22:00-7:00 summary mon 9:00 thread=ALSO": (
        "subscribe",
        {"quiet": "22:00-07:00", "summary": "mon 09:00", "thread": "also"},
    ),
    'subscribe #team-a summary="daily 18:30" quiet off': (
        "subscribe",
        {"accounts": "#team-a", "summary": "daily 18:30", "quiet": None},
    ),
    "subscribe tiktok/* summary=1st 09:00 severity=warning": (
        "subscribe",
        {"accounts": "tiktok/*", "summary": "1st 09:00", "severity": "warning"},
    ),
    'status "youtube/Kanal mit Ä"': ("status", {"account": "youtube/Kanal mit Ä"}),
    'status account="youtube/Kanal mit Ä"': ("status", {"account": "youtube/Kanal mit Ä"}),
    "help event add": ("help", {"command": "event add"}),
    "unsubscribe #3": ("unsubscribe", {"subscription": 3}),
    "feedback 12 FALSE": ("feedback", {"incident": Target(12), "verdict": "false"}),
}


@pytest.mark.parametrize("line", LINES)
def test_lines(line: str) -> None:
    name, arguments = LINES[line]
    if name == "too many":
        assert "more than this command takes" in refused(line)
    else:
        assert understood(line) == (name, arguments)


REFUSALS = {
    "stauts": 'did you mean "status"?',
    "event ad deadline 2025-01-19 x": 'did you mean "event add"?',
    "xyzzy": '"help" lists them all',
    "why": '"incident" is missing. The command is written: why INCIDENT',
    "why twelve": "is not an incident number such as 12",
    "chart a/b soon": "is not a span of time such as 30d",
    "chart a/b 0d": "is not a span of time",
    "chart a/b 9999999y": "is not a span of time",
    "goal a/b many": "is not a number such as 200000",
    "goal a/b 5 by 05/01/2027": "is not a day such as 2027-01-19, 19.1.2027",
    "goal a/b 5 by 2025-02-30": "is not a day such as 2027-01-19",
    "mute all yesterday": "is not a time to come such as 2h, tomorrow",
    "subscribe quiet=22-7": "is not a part of the day such as 22:00-07:00, or off",
    "subscribe quiet=24:00-07:00": "is not a part of the day such as 22:00-07:00, or off",
    "subscribe summary=weekly 09:00": "is not a time such as mon 09:00, daily 09:00",
    "subscribe thread=maybe": "is none of the choices: no, also, only",
    "feedback 12 expcted": 'did you mean "expected"?',
    "feedback 12 xxxxxxxx": "none of the choices: expected, false, useful",
    "subscriptions everything": '"everything" is more than this command takes',
}


@pytest.mark.parametrize("line", REFUSALS)
def test_refusals_say_what_would_work(line: str) -> None:
    assert REFUSALS[line] in refused(line)


def test_files_fill_the_file_argument() -> None:
    assert understood("import", FILE) == ("import", {"file": FILE})
    assert understood("import path/a.csv") == ("import", {"file": "path/a.csv"})
    with pytest.raises(CommandError, match="takes text, not a file"):
        parse.typed(BY_NAME["why"], {"incident": FILE}, VOICE, NOW)


NUMBERS = {
    "200000": 2e5,
    "200,000": 2e5,
    "200.000": 2e5,
    "200 000": 2e5,
    "200k": 2e5,
    "1.5m": 1.5e6,
    "1,5 Mio.": 1.5e6,
    "2.5": 2.5,
    "0.75": 0.75,
    "1.234.567": 1234567,
}


@pytest.mark.parametrize("text", NUMBERS)
def test_numbers_as_people_write_them(text: str) -> None:
    assert parse.read_number(text) == NUMBERS[text]


def outcome(line: str) -> str:
    """The command that was understood, or the refusal."""
    try:
        return understood(line)[0]
    except CommandError as error:
        return f"refused: {error}"


@given(st.text())
def test_any_line_is_understood_or_refused_in_one_sentence(line: str) -> None:
    said = outcome(line or "help")
    assert said in BY_NAME or said.startswith("refused: ")
    assert "\n" not in said


@given(st.sampled_from(sorted(BY_NAME)), st.lists(st.text(min_size=1), max_size=6))
def test_any_words_after_a_command_are_understood_or_refused(
    name: str, words: list[str]
) -> None:
    said = outcome(" ".join([name, *words]))
    assert said.startswith((name, "refused: "))


EXAMPLES = {
    "account": "instagram/lena",
    "incident": "12",
    "span": "2h",
    "until": "tomorrow",
    "number": "5",
    "date": "2027-01-19",
    "file": "a.csv",
    "subscription": "3",
    "hours": "22:00-07:00",
    "rhythm": "mon 09:00",
    "role": "@leads",
    "text": "word",
}
WITHOUT_REST = sorted(
    name
    for name, command in BY_NAME.items()
    if not any(argument.rest for argument in command.arguments)
)


@given(st.sampled_from(WITHOUT_REST), st.data())
def test_named_and_ordered_arguments_mean_the_same(name: str, data: st.DataObject) -> None:
    given = {
        each.name: each.choices[0] if each.choices else EXAMPLES[each.kind]
        for each in BY_NAME[name].arguments
    }
    named = data.draw(st.permutations([f"{key}={value}" for key, value in given.items()]))
    ordered = understood(" ".join([name, *given.values()]))
    assert ordered == understood(" ".join([name, *named]))


@given(st.integers(1, 3660), st.sampled_from("dhw"))
def test_spans_are_read_as_written(size: int, unit: str) -> None:
    hours = {"d": 24, "h": 1, "w": 168}[unit] * size
    if hours <= 3660 * 24:
        assert parse.read_span(f"{size}{unit}") == timedelta(hours=hours)


@given(
    st.lists(
        st.text(
            st.characters(exclude_categories=["Z", "C"], exclude_characters='"“”„'), min_size=1
        ),
        min_size=1,
    )
)
def test_plain_words_come_back_unchanged(words: list[str]) -> None:
    assert parse.words_of(" ".join(words)) == words
