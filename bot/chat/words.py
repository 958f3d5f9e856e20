"""What adapters themselves tell a person, in the language of the place that is asked from."""

from __future__ import annotations

from bot.model.command import Words
from bot.model.message import Message

LARGEST_FILE = 100 * 2**20
"""Bytes of a file that a person may send; larger ones are for the command line."""


def adding(words: Words) -> dict[str, str]:
    """Labels of the buttons that open a form, by their command."""
    return {"goal": words.say("Set a goal …"), "event add": words.say("Note an event …")}


def setting(words: Words) -> dict[str, str]:
    """The same for one channel."""
    return {
        "subscribe": words.say("Add a subscription …"),
        "settings": words.say("Change settings …"),
    }


def no_file(words: Words) -> Message:
    text = words.say(
        "The file did not come through: send it again, with at most {limit} MB.",
        limit=LARGEST_FILE // 2**20,
    )
    return Message(text=text, severity="warning")


def no_membership(words: Words) -> Message:
    text = words.say(
        "None of the servers whose accounts are watched here has you as a member, or Discord "
        "could not tell just now: ask again in a minute."
    )
    return Message(text=text, severity="warning")


def no_form(words: Words) -> Message:
    text = words.say("The form for the file did not open: write the command again.")
    return Message(text=text, severity="warning")
