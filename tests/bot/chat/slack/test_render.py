"""What Slack gets to show: within its limits, without markup or pings from data."""

from __future__ import annotations

import os
import re
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.chat.slack.render import (
    PARTS,
    Rendered,
    button_delivery,
    escape,
    render,
    render_answer,
    unescape,
)
from bot.chat.text import clean
from bot.model import inline
from bot.model.message import Button, Choice, Field, Menu, Message, Picture
from tests.loopback.slack import File
from tests.loopback.slack_limits import check_message, pings, texts

EXAMPLES = 2000 if os.environ.get("EBBWATCH_FUZZ") else 60
FILES = {"F000000001": File("lena.png", 3, b"png", complete=True)}
PING = re.compile(r"<[!@#]|<https?:|<mailto:")


def alert(**changes: Any) -> Message:
    given: dict[str, Any] = {
        "title": "Purge: instagram/lena",
        "text": "1,234 followers went in one day; 37 of 50 accounts fell with it.",
        "fields": (
            Field(name="Change", value="-1,234 (-10.2 %)"),
            Field(name="Confidence", value="93 %"),
        ),
        "footer": "Incident 12",
        "severity": "critical",
        "buttons": (Button(label="Acknowledge", command="ack 12", style="primary"),),
        "menus": (
            Menu(
                label="Was this right?",
                choices=(Choice(label="False alarm", command="feedback 12 false"),),
            ),
        ),
        "picture": Picture(name="lena.png", png=b"png", alt="Followers of lena, 90 days"),
    }
    return Message(**{**given, **changes})


def said(rendered: Rendered) -> str:
    return "\n".join(
        unescape(text) if kind == "mrkdwn" else text for kind, text in texts(rendered.blocks)
    )


def test_a_last_column_without_a_heading_stands_below_the_name() -> None:
    table = (("Account", "Followers", ""), ("Lena", "12", "leak"), ("Mo", "7", ""))
    [block] = [
        one for one in render(Message(table=table), "x").blocks if one["type"] == "table"
    ]
    cells = [[text for _, text in texts(cell)] for row in block["rows"][1:] for cell in row]
    assert cells == [["Lena\nleak"], ["12"], ["Mo"], ["7"]]


def test_a_leading_picture_stands_below_the_headline() -> None:
    message = Message(title="Week", text="all", leads=True)
    kinds = [one["type"] for one in render(message, "x", file="F000000001").blocks]
    assert kinds == ["header", "image", "rich_text"]


def words_of(text: str) -> set[str]:
    return set(re.findall(r"[^\s*…‹<]+", text))


def test_one_alert_in_blocks() -> None:
    rendered = render(alert(), "abc123", file="F000000001")
    assert rendered.text.startswith(
        "🔴 Purge: instagram/lena: 1,234 followers went in one day;"
    )
    assert rendered.blocks == [
        {"type": "header", "text": plain("🔴 Purge: instagram/lena")},
        rich(text("1,234 followers went in one day; 37 of 50 accounts fell with it.")),
        rich(
            text("Change  ", bold=True),
            text("-1,234 (-10.2 %)"),
            text("\n"),
            text("Confidence  ", bold=True),
            text("93 %"),
        ),
        {
            "type": "image",
            "slack_file": {"id": "F000000001"},
            "alt_text": "Followers of lena, 90 days",
        },
        {"type": "context", "elements": [plain("Incident 12")]},
        {
            "type": "actions",
            "elements": [
                {
                    "type": "button",
                    "text": plain("Acknowledge"),
                    "action_id": "ebb:abc123:0",
                    "value": "ack 12",
                    "style": "primary",
                },
                {
                    "type": "static_select",
                    "placeholder": plain("Was this right?"),
                    "options": [{"text": plain("False alarm"), "value": "feedback 12 false"}],
                    "action_id": "ebb:abc123:m0",
                },
            ],
        },
    ]


def rich(*elements: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "rich_text",
        "elements": [{"type": "rich_text_section", "elements": list(elements)}],
    }


def text(words: str, *, bold: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": words, **({"style": {"bold": True}} if bold else {})}


def plain(words: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": words, "emoji": False}


def test_the_button_id_carries_the_delivery() -> None:
    assert button_delivery("ebb:abc123:0") == "abc123"
    assert button_delivery("ebb::0") is None
    assert button_delivery("somebody else's") is None


def test_only_a_named_group_is_mentioned_and_silence_mentions_nobody() -> None:
    loud = render(alert(mention="role:S0LEADS"), "abc")
    assert pings({"text": loud.text, "blocks": loud.blocks}) == ["<!subteam^S0LEADS>"] * 2
    for mention in ("role:here", "role:S1> <!channel", "@everyone", "role:U0LENA"):
        assert "<!" not in str(render(alert(mention=mention), "abc"))
    assert "<!" not in str(render(alert(mention="role:S0LEADS"), "abc", silent=True))


def test_bullets_are_a_list_and_links_and_moments_are_slacks_own() -> None:
    value = f"• {inline.link('lena', 'https://x.com/lena')} fell\n• {inline.moment('now', 9)}"
    rendered = render(Message(fields=(Field(name="Why", value=value, short=False),)), "a")
    [block] = rendered.blocks
    assert block["elements"][0]["elements"] == [text("Why\n", bold=True)]
    first, second = block["elements"][1]["elements"]
    assert first["elements"] == [
        {"type": "link", "url": "https://x.com/lena", "text": "lena"},
        text(" fell"),
    ]
    assert second["elements"][0]["timestamp"] == 9
    assert rendered.text == "• lena fell • now"


def test_a_table_is_slacks_own_and_no_row_is_lost() -> None:
    rows = (
        ("account", "change"),
        *((f"instagram/account{n:04d}", f"-{n}") for n in range(900)),
    )
    rendered = render(Message(title="Digest", table=rows), "abc")
    shown = [rendered, *rendered.parts()]
    assert [block["type"] for block in rendered.blocks][:2] == ["header", "table"]
    cells = [
        cell["text"]
        for block in rendered.blocks
        if block["type"] == "table"
        for row in block["rows"][1:]
        for cell in row
    ]
    assert cells[:4] == ["instagram/account0000", "-0", "instagram/account0001", "-1"]
    told = "\n".join(said(one) for one in shown)
    for number in range(900):
        assert f"instagram/account{number:04d}" in told
    for one in shown:
        check_message({"text": one.text, "blocks": one.blocks}, FILES)


def test_a_long_text_leaves_the_figures_in_the_message() -> None:
    rendered = render(alert(text="many words " * 2000), "abc", file="F000000001")
    assert [b["type"] for b in rendered.blocks][-3:] == ["image", "context", "actions"]
    assert "-1,234" in said(rendered)
    assert (
        "".join(said(p) for p in rendered.parts()).count("words")
        + said(rendered).count("words")
        == 2000
    )


def test_nothing_at_all_is_still_a_message() -> None:
    rendered = render(Message(), "abc")
    check_message({"text": rendered.text, "blocks": rendered.blocks}, FILES)


def test_an_answer_may_be_no_longer_than_its_address_allows() -> None:
    parts = render_answer(Message(text="word " * 40_000))
    assert len(parts) == 4
    assert "…" in said(parts[-1])
    for part in parts:
        check_message({"text": part.text, "blocks": part.blocks}, FILES)


def test_what_people_type_comes_back_as_they_typed_it() -> None:
    assert unescape(escape("a <b> & &amp; c")) == "a <b> & &amp; c"


HOSTILE = st.sampled_from(
    [
        "<!channel>",
        "<!here>",
        "<!everyone>",
        "<@U0LENA>",
        "<#C0MAIN>",
        "<https://evil.example|click>",
        "<!subteam^S0LEADS>",
        "&lt;!channel&gt;",
        "@channel",
        "```",
        "*_~`",
        ":smile:",
        "\u202egnp.exe",
        "\u200b\u2066",
        "\ud800",
        "\x00\x1b[2J",
        '"' * 300,
        "\\" * 300,
        "&" * 3000,
        "<" * 1600,
        "🔴" * 800,
        "a" * 4000,
        "e\u0301" * 700,
        "word " * 1500,
        "\n" * 50,
        " ",
        "",
    ]
)
URL = st.sampled_from(["https://x.com/lena", "https://evil.example/|>", "slack://x", ""])
WORDS = HOSTILE | st.text(max_size=40)
INLINE = st.builds(inline.link, WORDS, URL) | st.builds(inline.moment, WORDS, st.integers(0, 9))
TEXT = st.lists(WORDS | INLINE, max_size=4).map(" ".join)
LABEL = st.lists(HOSTILE | st.text(max_size=20), max_size=2).map("".join)
BUTTONS = st.builds(
    Button,
    label=LABEL,
    command=LABEL.map(lambda text: text[:60]),
    style=st.sampled_from(["primary", "danger", "plain"]),
)
MESSAGES = st.builds(
    Message,
    title=TEXT,
    text=TEXT,
    fields=st.lists(
        st.builds(Field, name=LABEL, value=TEXT, short=st.booleans()), max_size=13
    ).map(tuple),
    table=st.lists(st.tuples(LABEL, LABEL, LABEL), max_size=20).map(tuple),
    footer=TEXT,
    severity=st.sampled_from(["info", "warning", "critical", None]),
    buttons=st.lists(BUTTONS, max_size=30).map(tuple),
    mention=st.none() | st.just("role:S0LEADS") | TEXT,
    menus=st.lists(
        st.builds(
            Menu,
            label=LABEL,
            choices=st.lists(st.builds(Choice, label=LABEL, command=LABEL), max_size=5).map(
                tuple
            ),
        ),
        max_size=3,
    ).map(tuple),
    picture=st.none() | st.builds(Picture, name=LABEL, png=st.just(b"png"), alt=TEXT),
)


@settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
@given(message=MESSAGES, file=st.sampled_from([None, "F000000001"]))
def test_hostile_messages_break_no_limit_and_ping_nobody(
    message: Message, file: str | None
) -> None:
    rendered = render(message, "delivery00000001", file=file)
    shown = [rendered, *rendered.parts(), *render_answer(message)]
    allowed = {"<!subteam^S0LEADS>"} if message.mention == "role:S0LEADS" else set()
    for one in shown:
        body = {"text": one.text, "blocks": one.blocks}
        check_message(body, FILES, update=True)
        assert set(pings(body)) <= allowed
        for kind, text in texts(one.blocks):
            if kind != "mrkdwn":
                assert not re.search(r"<[!@#]", text)
            assert text == "".join(c for c in text if c not in "\u202e\u2066\x1b\x00\u200b")
    told = {word for one in [rendered, *rendered.parts()] for word in words_of(said(one))}
    squeezed = "".join(told)
    for text in (message.text, *(field.value for field in message.fields)):
        for word in words_of(clean(text)):
            assert word in told or len(word) > 1000 or word in squeezed, word
    if message.title.strip() and len(rendered.parts()) <= PARTS:
        assert rendered.text.strip()
