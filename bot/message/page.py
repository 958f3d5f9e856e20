"""What is said in chat about the page: links that sign in, are shared and are taken back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from bot.message.voice import Voice, one_line
from bot.model.inline import link
from bot.model.message import Message

if TYPE_CHECKING:
    from bot.storage.grants import Grant


def sign_in(voice: Voice, url: str, seconds: int, *, bare: bool) -> Message:
    """For the asker alone: who opens it is signed in as them. `bare` shows the address itself,
    where a word cannot be a link."""
    return Message(
        title=voice.say("Your page"),
        text=voice.say(
            "{link}: it is for you alone, works once, and waits {span}.",
            link=link(url if bare else voice.say("Open page"), url),
            span=voice.span(seconds),
        ),
    )


def shared(voice: Voice, what: str, url: str, end: float, now: float) -> Message:
    return Message(
        title=voice.say("A link to {what}", what=one_line(what)),
        text=voice.say(
            "{url}\nWhoever has it may look, and change nothing, until {day}.",
            url=link(url, url),
            day=voice.day(end, now),
        ),
    )


def links(voice: Voice, found: Sequence[Grant], now: float) -> Message:
    """Numbers to take back; the links themselves are known to nobody any more."""
    if not found:
        return Message(title=voice.say("No link is shared."))
    lines = [
        voice.say(
            "{number}: {what}, by {name}, until {day}",
            number=one.id,
            what=one_line(one.target or "API"),
            name=one_line(str(one.holder.get("name", ""))),
            day=voice.day(one.expires, now),
        )
        for one in found
    ]
    return Message(title=voice.say("Shared links and tokens"), text="\n".join(lines))


def revoked(voice: Voice, number: int) -> Message:
    return Message(title=voice.say("Link {number} opens nothing any more.", number=number))


def token(voice: Voice, secret: str, url: str) -> Message:
    return Message(
        title=voice.say("A token for programs"),
        text=voice.say(
            "{token}\nKeep it now, it is never shown again. It reads what this team may see: "
            "{url}",
            token=secret,
            url=url,
        ),
    )
