"""Messages as Discord JSON: within every limit, and nothing that data could forge."""

import os
import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.chat.discord.embed import render_embed
from bot.chat.discord.marks import (
    CUSTOM_ID,
    carries,
    component_ids,
    custom_id,
    read_custom_id,
)
from bot.chat.discord.render import DETAILS, Rendered, escape, render
from bot.chat.text import clean
from bot.model import inline
from bot.model.message import Button, Choice, Field, Menu, Message, Picture, Sheet
from tests.contracts.stage_discord import unescape
from tests.loopback.discord_rules import LAYOUT, check_message, pings, walk

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
URL = st.sampled_from(["https://x.com/lena", "https://evil.example/(a)b", "javascript:1", ""])
INLINE = st.one_of(
    TEXT,
    st.builds(inline.link, TEXT, URL),
    st.lists(st.one_of(TEXT, st.builds(inline.link, TEXT, URL)), max_size=9).map(" ".join),
    st.builds(inline.moment, TEXT, st.integers(-5, 10**10)),
)
BUTTONS = st.lists(st.builds(Button, label=TEXT, command=TEXT), max_size=30).map(tuple)
CHOICES = st.lists(st.builds(Choice, label=TEXT, command=TEXT), max_size=30).map(tuple)
MESSAGES = st.builds(
    Message,
    title=INLINE,
    text=INLINE,
    fields=st.lists(
        st.builds(Field, name=TEXT, value=INLINE, short=st.booleans()), max_size=50
    ).map(tuple),
    table=st.lists(st.lists(INLINE, min_size=1, max_size=4).map(tuple), max_size=60).map(tuple),
    row_buttons=BUTTONS,
    footer=INLINE,
    severity=st.sampled_from([None, "info", "warning", "critical"]),
    buttons=BUTTONS,
    menus=st.lists(st.builds(Menu, label=TEXT, choices=CHOICES), max_size=4).map(tuple),
    picture=st.sampled_from([None, Picture(name="x", png=b"png", alt="x")]),
    sheet=st.none() | st.builds(Sheet, name=TEXT, rows=st.just((("a",),))),
)
MARKUP = re.compile(r"(?<!\\)(?:\\\\)*[*_~`|<>\[\]@#]|://|^[-+]\s|^\d+[.)]\s", re.MULTILINE)


def texts(rendered: Rendered) -> list[str]:
    return [one["content"] for one in walk(rendered.components) if one["type"] == 10]


def shown(message: Message) -> str:
    return "\n".join(texts(render(message, ID)))


@MANY
@given(MESSAGES)
def test_hostile_messages_keep_to_limits_do_nothing_and_carry_their_id(
    message: Message,
) -> None:
    rendered = render(message, ID)
    parts = rendered.components
    sent = {"flags": LAYOUT, "components": parts, "nonce": ID}
    assert check_message(sent, rendered.files) == {}
    assert pings({"components": parts, "allowed_mentions": None}) == []
    for text in texts(rendered):
        bare = _without_marks(_without_escapes(text.split("```")[0]))
        assert not MARKUP.search(bare), text
        assert not [char for char in text if _hides(char)]
        assert text.count("```") in (0, 2)
    numbers = [one.get("id") for one in walk(parts)]
    assert carries(ID, [], numbers)
    assert not carries("another", [], numbers)
    old = render_embed(message, ID)
    body = {"embeds": [old.embed], "components": old.components}
    assert check_message(body, old.files) == {}


@MANY
@given(TEXT)
def test_hostile_text_is_shown_as_it_was(text: str) -> None:
    assert unescape(escape(clean(text))) == clean(text)


def _without_marks(text: str) -> str:
    """Without what this program itself writes: headings, bold names, links and moments."""
    text = re.sub(r"^(### |-# )", "", text)
    text = re.sub(r"\[([^\]]*)\]\(https?://[\w@%.~/?=&:-]*\)", r"\1", text)
    text = re.sub(r"<t:\d+:[fDR]>", "now", text)
    return re.sub(r"^\*\*(.+?)\*\*$", r"\1", text, flags=re.MULTILINE)


def _without_escapes(text: str) -> str:
    """Each escaped character becomes a letter: what is left is live."""
    return re.sub(r"\\[^0-9A-Za-z\s]", "x", text)


def _hides(char: str) -> bool:
    return unicodedata.category(char) in {"Cf", "Cc", "Cs"} and char not in "\n\u200d"


@pytest.mark.parametrize("mark", ["-", "+", "3.", "3)"])
def test_a_lone_mark_begins_no_list(mark: str) -> None:
    written = Message(title=mark, text=f"0\n{mark}", table=(("a", "b" * 40), (mark, "0")))
    for text in texts(render(written, ID)):
        assert not MARKUP.search(_without_marks(_without_escapes(text))), text


def test_what_does_not_fit_is_in_the_file_whole() -> None:
    words = [f"word{number}" for number in range(2000)]
    rendered = render(Message(title="t", text=" ".join(words)), ID)
    assert set(words) <= set(rendered.files[DETAILS].decode().split())
    kept = texts(rendered)[0].removeprefix("### t\n").rstrip("…").split()
    assert kept == words[: len(kept)]


def test_a_narrow_table_stands_in_columns_and_needs_no_file() -> None:
    table = (("account", "change"), ("lena", "-5"))
    rendered = render(Message(title="t", text="short", table=table), ID)
    assert not rendered.files
    assert texts(rendered) == [
        "### t\nshort",
        "```\naccount  change\nlena     -5\n```",
    ]


def test_a_wide_table_becomes_entries_of_two_lines() -> None:
    table = (
        ("Account", "Followers", "7 days", "Last reading"),
        ("Lena", "12,345", "+120 (+1.0%)", "today"),
        ("Mo", "2,001", "–", "Nov 2"),
    )
    told = shown(Message(title="t", table=table))
    assert "**Lena**\n12,345 · +120 (+1.0%) · today\n**Mo**\n" in told


def test_each_row_has_its_button_beside_it() -> None:
    table = (("Account", "Change"), ("Lena", "-5"), ("Mo", "-7"), ("Ida", "-9"))
    buttons = tuple(Button(label="Chart", command=f"chart {n}") for n in (1, 2))
    rendered = render(Message(title="t", table=table, row_buttons=buttons), ID)
    every = list(walk(rendered.components))
    sections = [one for one in every if one["type"] == 9]
    assert [one["accessory"]["custom_id"][-7:] for one in sections] == ["chart 1", "chart 2"]
    assert [one["components"][0]["content"] for one in sections] == [
        "**Lena**\n-5",
        "**Mo**\n-7",
    ]
    assert "**Ida**\n-9" in texts(rendered)


def test_more_than_three_buttons_are_a_menu() -> None:
    buttons = tuple(Button(label=f"Do {n}", command=f"do {n}") for n in range(6))
    every = list(walk(render(Message(title="t", buttons=buttons), ID).components))
    assert [one["label"] for one in every if one["type"] == 2] == ["Do 0", "Do 1", "Do 2"]
    [menu] = [one for one in every if one["type"] == 3]
    assert [one["value"] for one in menu["options"]] == ["do 3", "do 4", "do 5"]
    assert read_custom_id(menu["custom_id"]) == (ID, "")


def test_links_and_moments_are_discords_own() -> None:
    text = f"{inline.link('@lena', 'https://x.com/lena')} {inline.moment('now', 5, 'ago')}"
    assert shown(Message(text=text)) == "[\\@lena](https://x.com/lena) <t:5:R>"


def test_a_link_of_nothing_visible_is_none() -> None:
    hidden = inline.link("\U00018cd6\u200b", "https://x.com/lena")
    nameless = Field(name=hidden, value="5", short=False)
    assert shown(Message(title="t", fields=(nameless,))) == "### t\n5"


def test_no_id_is_in_view() -> None:
    assert ID not in shown(Message(title="t", footer="#12"))
    first, second = component_ids(ID)
    assert str(first) not in shown(Message(title="t"))
    assert first != second


@pytest.mark.parametrize("severity", ["info", "warning", "critical", None])
def test_each_severity_has_its_colour(severity: object) -> None:
    colours = {
        render(Message(title="t", severity=one), ID).components[0]["accent_color"]  # type: ignore[arg-type]
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
    rendered = render(Message(title="t", mention=mention), ID)
    assert len(rendered.components) == 1
    assert rendered.role is None


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("-1,200 (-12 %)", "-1,200 (-12 %)"),
        ("- item", "\\- item"),
        ("12. item", "12\\. item"),
        ("-\nitem\n12.", "\\-\nitem\n12\\."),
        ("[a](https://b)", "\\[a\\](https:\\//b)"),
        ("@everyone <@1> *b*", "\\@everyone \\<\\@1\\> \\*b\\*"),
    ],
)
def test_only_what_would_format_is_escaped(text: str, sent: str) -> None:
    assert escape(text) == sent
