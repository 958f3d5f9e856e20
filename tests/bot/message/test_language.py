"""Every language says everything: no text is missing, and none loses a value."""

import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from bot.commands.table import COMMANDS
from bot.locales import SOURCE, languages, translations
from bot.message import reasons, voice_for
from bot.message.kinds import KINDS
from bot.message.voice import one_line
from checks.model import Reason
from checks.reasons import ADVICE, REASONS

ROOT = Path(__file__).parents[3]
OTHERS = [language for language in languages() if language != SOURCE]
KEYWORDS: Mapping[str, tuple[int, ...] | None] = {
    "say": None,
    "mark": None,
    "plural": (1, 2),
    "marks": (1, 2),
}
Text = str | tuple[str, ...]


@cache
def written() -> frozenset[Text]:
    """Every text in the code that people read."""
    found = extract_from_dir(
        str(ROOT / "bot"), method_map=[("**.py", "python")], keywords=dict(KEYWORDS)
    )
    return frozenset(message for _, _, message, _, _ in found)


def catalogue(language: str) -> Catalog:
    with (ROOT / "bot" / "locales" / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def holes(text: Text) -> set[str]:
    return set(re.findall(r"{(\w+)}", text if isinstance(text, str) else text[-1]))


def test_there_is_german() -> None:
    assert "de" in OTHERS
    assert len(written()) > 300


@pytest.mark.parametrize("language", OTHERS)
def test_nothing_is_missing_and_nothing_is_left_over(language: str) -> None:
    known = {entry.id for entry in catalogue(language) if entry.id}
    assert {text for text in written() if text not in known} == set()
    assert known - written() == set()


@pytest.mark.parametrize("language", OTHERS)
def test_every_translation_is_whole_and_keeps_its_values(language: str) -> None:
    for entry in catalogue(language):
        if not entry.id:
            continue
        assert not entry.fuzzy, entry.id
        forms = [entry.string] if isinstance(entry.string, str) else list(entry.string)
        for form in forms:
            assert form, entry.id
            assert holes(form) == holes(entry.id), entry.id


@pytest.mark.parametrize("language", OTHERS)
def test_the_catalogue_is_what_speaks(language: str) -> None:
    assert translations(language).gettext("Acknowledge") != "Acknowledge"
    assert voice_for(f"{language}_AT", "UTC").say("Why") != "Why"


def test_an_unknown_language_speaks_english_with_its_own_numbers() -> None:
    voice = voice_for("fr", "UTC")
    assert voice.say("Why") == "Why"
    assert voice.percent(0.041) == "4,1\N{NO-BREAK SPACE}%"
    assert voice_for("not a locale", "UTC").say("Why") == "Why"


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("code", REASONS)
def test_every_reason_has_a_sentence_with_its_values(code: str, language: str) -> None:
    words = {"group": "platform:instagram", "name": "Sale", "kind": "campaign"}
    words |= {"status": "gone", "first": "a", "second": "b"}
    values = {name: words.get(name, 3.0) for name in REASONS[code].values}
    shown = reasons.sentence(voice_for(language, "UTC"), Reason(code=code, values=values))
    assert code in reasons.SENTENCES
    assert holes(reasons.SENTENCES[code]) <= {*values, "span"}  # from start to stop
    assert shown
    assert shown != code
    assert "{" not in shown


def test_no_sentence_outlives_its_code() -> None:
    assert set(reasons.SENTENCES) == set(REASONS)
    assert set(reasons.ADVICE) == set(ADVICE)


@pytest.mark.parametrize("language", languages())
@pytest.mark.parametrize("code", ADVICE)
def test_every_advice_has_a_sentence(code: str, language: str) -> None:
    assert reasons.advice(voice_for(language, "UTC"), code) not in {"", code}


def test_reasons_survive_values_that_are_missing_or_strange() -> None:
    voice = voice_for("en", "UTC")
    for values in ({}, {"change": float("nan"), "expected": 1, "days": float("inf")}):
        assert reasons.sentence(voice, Reason(code="moved", values=values))
    assert reasons.sentence(voice, Reason(code="of tomorrow", values={"x": 1}))


def test_every_kind_and_command_is_named() -> None:
    assert set(KINDS.values()) <= written()
    for command in COMMANDS:
        assert command.help in written()
        assert {argument.help for argument in command.arguments} <= written()


def test_names_from_data_are_one_plain_line() -> None:
    hostile = "a\u202egnp.exe\u200b\n@every\tone\x00\u2066x"
    assert one_line(hostile) == "agnp.exe @every onex"
    assert len(one_line("x" * 500)) == 80


def test_german_puts_no_length_of_time_where_it_had_to_be_declined() -> None:
    """ "8 Tage" comes as it is from the locale: "in 8 Tage" would be wrong."""
    dative = re.compile(
        r"\b(in|seit|nach|vor|binnen|von|mit|bei|zu|aus|innerhalb) {(days|hours)}", re.I
    )
    entries = [entry for entry in catalogue("de") if entry.id]
    assert [entry.string for entry in entries if dative.search(str(entry.string))] == []
