"""What adapters themselves tell a person, in the language of the place that is asked from."""

from __future__ import annotations

from bot.model.command import Words
from bot.model.message import Message

LARGEST_FILE = 100 * 2**20
"""Bytes of a file that a person may send; larger ones are for the command line."""


def no_file(words: Words) -> Message:
    text = words.say(
        "The file did not come through: send it again, with at most {limit} MB.",
        limit=LARGEST_FILE // 2**20,
    )
    return Message(text=text, severity="warning")


def no_form(words: Words) -> Message:
    text = words.say("The form for the file did not open: write the command again.")
    return Message(text=text, severity="warning")
