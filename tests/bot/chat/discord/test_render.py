"""Messages as Discord JSON: within every limit, and nothing that data could forge."""

import os
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.discord.render import (
    CUSTOM_ID,
    DETAILS,
    carried_ids,
    custom_id,
    escape,
    read_custom_id,
    render,
)
from bot.chat.text import clean
from bot.model.message import Button, Field, Message, Picture
from tests.contracts.stage_discord import unescape
from tests.loopback.discord_rules import check_message, pings

MANY = settings(max_examples=2000 if os.environ.get("EBBWATCH_FUZZ") else 60)
ID = "k3v9x2m1q8w7e6r5"
HOSTILE = st.sampled_from(
    [
        "@everyone",
        "@here",
        "<@123>",
        "<@&700000000000000001>",
        "<#9>",
        "<:smile:1>",
        "</ebb:1>",
        "<t:1:R>",
        "[click](https://evil.example)",
        "https://evil.example/x",
        "http://a",
        "discord.gg/abc",
        "**bold**",
        "__x__",
        "~~gone~~",
        "||spoiler||",
        "`code`",
        "```\nblock\n```",
        "> quote",
        "# heading",
        "-# small",
        "- item",
        "1. item",
        "\\",
        "\u202e",
        "\u200b",
        "\n",
        "\r\n\r\n\r\n",
        "e\u0301\u0301\u0301\u0301\u0301",
        "\u3164",
        "👩\u200d👧",
        "𝔘",
    ]
)
TEXT = st.one_of(
    st.text(max_size=60),
    st.lists(st.one_of(HOSTILE, st.text(max_size=8)), max_size=12).map("".join),
    st.integers(1, 9000).map(lambda count: ("word_*@ " * (count // 8 + 1))[:count]),
)
MESSAGES = st.builds(
    Message,
    title=TEXT,
    text=TEXT,
    fields=st.lists(
        st.builds(Field, name=TEXT, value=TEXT, short=st.booleans()), max_size=30
    ).map(tuple),
    table=st.lists(st.lists(TEXT, max_size=4).map(tuple), max_size=8).map(tuple),
    footer=TEXT,
    severity=st.sampled_from([None, "info", "warning", "critical"]),
    buttons=st.lists(st.builds(Button, label=TEXT, command=TEXT), max_size=30).map(tuple),
    picture=st.sampled_from([None, Picture(name="x", png=b"png", alt="x")]),
)
MARKUP = re.compile(r"(?<!\\)(?:\\\\)*[*_~`|<>\[\]@#]|://|^[-+]\s|^\d+[.)]\s", re.MULTILINE)


def payload(message: Message) -> dict[str, object]:
    rendered = render(message, ID)
    return {
        "content": rendered.content,
        "embeds": [rendered.embed],
        "components": rendered.components,
        "nonce": ID,
        "files": rendered.files,
    }


@MANY
@given(MESSAGES)
def test_hostile_messages_are_within_every_limit(message: Message) -> None:
    sent = payload(message)
    assert check_message(sent, sent["files"]) == {}  # type: ignore[arg-type]
    assert sent["embeds"]


@MANY
@given(MESSAGES)
def test_hostile_messages_ping_link_and_format_nothing(message: Message) -> None:
    rendered = render(message, ID)
    assert pings({"content": rendered.content, "allowed_mentions": None}) == []
    embed = rendered.embed
    text = embed.get("description", "")
    marked = [embed.get("title", ""), text.split("```")[0]]
    marked += [
        part for field in embed.get("fields", ()) for part in (field["name"], field["value"])
    ]
    for part in marked:
        assert not MARKUP.search(_without_escapes(part)), part
    for part in [*marked, text, embed.get("footer", {}).get("text", "")]:
        assert not [char for char in part if _hides(char)]
    if message.table and "```" in text:
        assert text.count("```") == 2
    assert "\n" not in embed.get("title", "")


@MANY
@given(MESSAGES)
def test_hostile_messages_carry_their_id(message: Message) -> None:
    rendered = render(message, ID)
    ids = [one["custom_id"] for row in rendered.components for one in row["components"]]
    assert carried_ids(ids, rendered.embed.get("footer", {}).get("text", "")) >= {ID}


@MANY
@given(TEXT)
def test_hostile_text_is_shown_as_it_was(text: str) -> None:
    assert unescape(escape(clean(text))) == clean(text)


def _without_escapes(text: str) -> str:
    """Each escaped character becomes a letter: what is left is live."""
    return re.sub(r"\\[^0-9A-Za-z\s]", "x", text)


def _hides(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Cc", "Cs"} and char not in "\n\u200d"


def test_what_does_not_fit_is_in_the_file_whole() -> None:
    words = [f"word{number}" for number in range(2000)]
    rendered = render(Message(title="t", text=" ".join(words)), ID)
    assert set(words) <= set(rendered.files[DETAILS].decode().split())
    shown = rendered.embed["description"].rstrip("…").split()
    assert shown == words[: len(shown)]


def test_a_message_that_fits_has_no_file() -> None:
    table = (("account", "change"), ("lena", "-5"))
    rendered = render(Message(title="t", text="short", table=table), ID)
    assert not rendered.files
    assert rendered.embed["description"] == "short\n```\naccount  change\nlena     -5\n```"


@pytest.mark.parametrize("severity", ["info", "warning", "critical", None])
def test_each_severity_has_its_colour(severity: object) -> None:
    colours = {
        render(Message(title="t", severity=one), ID).embed["color"]  # type: ignore[arg-type]
        for one in ("info", "warning", "critical", None)
    }
    assert len(colours) == 4


def test_a_button_id_says_alert_and_command_and_fits() -> None:
    longest = custom_id(ID, "x" * 60)
    assert len(longest) <= CUSTOM_ID
    assert read_custom_id(longest) == (ID, "x" * 60)


@pytest.mark.parametrize("forged", ["", "ebb", "ebb:x", "other:x:ack 1", ":::"])
def test_ids_of_others_are_not_read(forged: str) -> None:
    assert read_custom_id(forged) is None


@pytest.mark.parametrize(
    "mention", [None, "", "everyone", "role:", "role:x", "user:1", "role:1>@everyone"]
)
def test_only_a_role_number_mentions(mention: str | None) -> None:
    assert render(Message(title="t", mention=mention), ID).content == ""


def test_an_answer_carries_no_id_where_it_has_no_buttons() -> None:
    assert "footer" not in render(Message(title="t"), ID, is_answer=True).embed


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("-1,200 (-12 %)", "-1,200 (-12 %)"),
        ("- item", "\\- item"),
        ("12. item", "12\\. item"),
        ("[a](https://b)", "\\[a\\](https:\\//b)"),
        ("@everyone <@1> *b*", "\\@everyone \\<\\@1\\> \\*b\\*"),
    ],
)
def test_only_what_would_format_is_escaped(text: str, sent: str) -> None:
    assert escape(text) == sent
