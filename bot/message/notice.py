"""What is worth saying and is no incident."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from bot.message.kinds import NOTICES
from bot.message.reasons import sentence
from bot.message.voice import Voice, clean
from bot.model.message import Message
from checks.model import SEVERITIES, Notice, Severity

_LINES = 30
NAMED = 3
"""Silent accounts of one source that are told one by one; of more only so many are named."""


_NOWHERE: Mapping[str, str] = MappingProxyType({})


class _Said(NamedTuple):
    kind: str
    who: str
    text: str
    at: int
    severity: Severity


def notice(
    voice: Voice,
    notices: Sequence[Notice],
    now: float,
    *,
    sources: Mapping[str, str] = _NOWHERE,
) -> Message:
    """One message for the notices of one poll; a single one is told in the title.

    `sources` names the source of each account: many that one left silent are one notice.
    """
    told = _told(voice, notices, sources)
    if len(told) == 1:
        only = told[0]
        return Message(
            title=" · ".join(filter(None, [only.kind, only.who])),
            text=only.text,
            footer=voice.when(only.at, now),
            severity=only.severity,
        )
    lines = [f"• {_line(one)}" for one in told[:_LINES]]
    if len(told) > _LINES:
        more = len(told) - _LINES
        lines.append(voice.plural("… and {n} more", "… and {n} more", more))
    return Message(
        title=voice.plural("{n} notice", "{n} notices", len(told)),
        text="\n".join(lines),
        severity=max((one.severity for one in told), key=SEVERITIES.index, default="info"),
    )


def standing(voice: Voice, notices: Sequence[Notice], sources: Mapping[str, str]) -> list[str]:
    """Notices that are in force, a line each; those of one source are one."""
    return [_line(one) for one in _told(voice, notices, sources)]


def untold(voice: Voice, message: Message) -> Message:
    """Stands for a message whose own words the platform refuses in every form."""
    commands = [button.command for button in message.buttons]
    ask = next((command for command in commands if command.startswith("why ")), "incidents")
    return Message(
        title=voice.say("A message that this platform does not let through"),
        text=voice.say('Ask for it with "{command}".', command=ask),
        severity=message.severity,
        mention=message.mention,
    )


def _told(voice: Voice, notices: Sequence[Notice], sources: Mapping[str, str]) -> list[_Said]:
    """Sources first of which many accounts show the same; every other notice by itself."""
    alone: list[_Said] = []
    silent: dict[tuple[str, str], list[Notice]] = defaultdict(list)
    for each in notices:
        text = "\n".join(sentence(voice, reason) for reason in each.reasons)
        source = sources.get(each.account or "")
        if each.kind in ("stale", "source_fault") and source is not None:
            silent[source, text].append(each)
        else:
            alone.append(_said(voice, each, each.account or "", text))
    gathered: list[_Said] = []
    for (source, text), group in silent.items():
        if len(group) > NAMED:
            said = f"{text}\n{_some(voice, group)}"
            gathered.append(_said(voice, group[0], source, said))
        else:
            alone += [_said(voice, each, each.account or "", text) for each in group]
    return gathered + alone


def _said(voice: Voice, notice: Notice, who: str, text: str) -> _Said:
    return _Said(voice.say(NOTICES[notice.kind]), clean(who), text, notice.at, notice.severity)


def _some(voice: Voice, group: Sequence[Notice]) -> str:
    """How many accounts are silent, the first few by name, and what to do."""
    names = ", ".join(clean(each.account or "") for each in group[:NAMED])
    more = len(group) - NAMED
    names += " " + voice.plural("… and {n} more", "… and {n} more", more)
    many = len(group)
    count = voice.plural("{n} account: {names}", "{n} accounts: {names}", many, names=names)
    step = voice.say("Check that this source still delivers, or import a newer export.")
    return f"{count}\n{step}"


def _line(one: _Said) -> str:
    who = f" {one.who}" if one.who else ""
    return f"{one.kind}{who}: {' '.join(one.text.splitlines())}"
