"""The loopback Discord refuses what Discord refuses; else tests against it prove nothing."""

from __future__ import annotations

from typing import Any

import pytest

from tests.loopback.discord_rules import check_command, check_message, pings


def button(custom_id: str = "a", label: str = "A") -> dict[str, Any]:
    return {"type": 2, "style": 1, "label": label, "custom_id": custom_id}


def row(*buttons: dict[str, Any]) -> dict[str, Any]:
    return {"type": 1, "components": list(buttons)}


def embed(**parts: Any) -> dict[str, Any]:
    return {"embeds": [{"title": "t", **parts}]}


@pytest.mark.parametrize(
    ("message", "complaint"),
    [
        ({"content": "x" * 2001}, "2000 or fewer"),
        ({"nonce": "x" * 26}, "25 or fewer"),
        ({"embeds": [{"title": "t"}] * 11}, "10 or fewer"),
        (embed(title="x" * 257), "256 or fewer"),
        (embed(description="x" * 4097), "4096 or fewer"),
        (embed(footer={"text": "x" * 2049}), "2048 or fewer"),
        (embed(footer={"text": " "}), "required"),
        (embed(fields=[{"name": "n", "value": "v"}] * 26), "25 or fewer"),
        (embed(fields=[{"name": "", "value": "v"}]), "required"),
        (embed(fields=[{"name": "n", "value": "  "}]), "required"),
        (embed(fields=[{"name": "x" * 257, "value": "v"}]), "256 or fewer"),
        (embed(fields=[{"name": "n", "value": "x" * 1025}]), "1024 or fewer"),
        (embed(description="😀" * 2049), "4096 or fewer"),
        (embed(description="x" * 4000, footer={"text": "x" * 2000}), "6000"),
        ({"embeds": [{"description": "x" * 3001}] * 2}, "6000"),
        ({"embeds": [{"color": 1}]}, "required"),
        (embed(image={"url": "attachment://other.png"}), "Not a well formed URL"),
        (embed(image={"url": "attachment://notes.txt"}), "Not a well formed URL"),
        ({"components": [row(button())] * 6}, "5 or fewer"),
        ({"components": [row(*(button(str(n)) for n in range(6)))]}, "maximum width"),
        ({"components": [row()]}, "maximum width"),
        ({"components": [row(button(), button())]}, "cannot be duplicated"),
        ({"components": [row(button("x" * 101))]}, "100 or fewer"),
        ({"components": [row(button("a", "x" * 81))]}, "80 or fewer"),
        ({"allowed_mentions": {"parse": ["users"], "users": ["1"]}}, "parse"),
    ],
)
def test_what_discord_refuses_is_refused(message: dict[str, Any], complaint: str) -> None:
    assert complaint in str(check_message(message, {"chart.png": b"", "notes.txt": b""}))


def test_a_message_at_every_limit_is_accepted() -> None:
    whole = embed(
        title="x" * 256,
        description="x" * 3000,
        fields=[{"name": "n" * 4, "value": "v" * 96}] * 25,
        footer={"text": "x" * 244},
        image={"url": "attachment://chart.png"},
    )
    rows = [row(*(button(f"{at}{n}" + "x" * 98) for n in range(5))) for at in range(5)]
    assert check_message({**whole, "components": rows}, {"chart.png": b""}) == {}


@pytest.mark.parametrize(
    ("option", "complaint"),
    [
        ({"name": "Upper"}, "invalid command name"),
        ({"name": "two words"}, "invalid command name"),
        ({"name": "x" * 33}, "invalid command name"),
        ({"description": "x" * 101}, "100 or fewer"),
        ({"description": ""}, "required"),
        (
            {"options": [{"name": f"o{n}", "description": "d"} for n in range(26)]},
            "25 or fewer",
        ),
        ({"options": [{"name": "o", "description": "d"}] * 2}, "unique"),
        (
            {
                "options": [
                    {"name": "a", "description": "d"},
                    {"name": "b", "description": "d", "required": True},
                ]
            },
            "Required options",
        ),
        ({"choices": [{"name": "", "value": "x"}]}, "25 or fewer"),
    ],
)
def test_commands_that_discord_refuses_are_refused(
    option: dict[str, Any], complaint: str
) -> None:
    assert complaint in str(check_command({"name": "ebb", "description": "d", **option}))


@pytest.mark.parametrize(
    ("content", "allowed", "pinged"),
    [
        ("@everyone", None, ["@everyone"]),
        ("@everyone <@1> <@&2>", {"parse": []}, []),
        ("<@&2> <@&3>", {"parse": [], "roles": ["2"]}, ["roles:2"]),
        ("<@1>", {"parse": ["users"]}, ["users:1"]),
    ],
)
def test_pings_follow_the_allowed_mentions(
    content: str, allowed: dict[str, Any] | None, pinged: list[str]
) -> None:
    assert pings({"content": content, "allowed_mentions": allowed}) == pinged
