"""What is worth saying and is no incident."""

from collections.abc import Sequence

from bot.message.kinds import NOTICES
from bot.message.reasons import sentence
from bot.message.voice import Voice, clean
from bot.model import Message
from checks.model import Notice

_LINES = 30


def notice(voice: Voice, notices: Sequence[Notice], now: float) -> Message:
    """One message for the notices of one poll; a single one is told in the title."""
    if len(notices) == 1:
        only = notices[0]
        name = voice.say(NOTICES[only.kind])
        who = f" · {clean(only.account)}" if only.account else ""
        return Message(
            title=f"{name}{who}",
            text="\n".join(sentence(voice, reason) for reason in only.reasons),
            footer=voice.when(only.at, now),
            severity="info",
        )
    lines = [f"• {_line(voice, each)}" for each in notices[:_LINES]]
    if len(notices) > _LINES:
        more = len(notices) - _LINES
        lines.append(voice.plural("… and {n} more", "… and {n} more", more))
    return Message(
        title=voice.plural("{n} notice", "{n} notices", len(notices)),
        text="\n".join(lines),
        severity="info",
    )


def _line(voice: Voice, notice: Notice) -> str:
    said = " ".join(sentence(voice, reason) for reason in notice.reasons)
    who = f" {clean(notice.account)}" if notice.account else ""
    return f"{voice.say(NOTICES[notice.kind])}{who}: {said}"
