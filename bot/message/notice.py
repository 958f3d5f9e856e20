"""What is worth saying and is no incident."""

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from bot.message.kinds import NOTICES
from bot.message.reasons import Value, sentence
from bot.message.voice import Voice, word
from bot.model.message import Button, ChartSpec, Message
from bot.model.reading import DAY
from checks.model import SEVERITIES, Notice, Severity

_LINES = 30
_WAY = 90
"""Days of the way to a milestone that its picture shows."""

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
    passed = [each for each in notices if each.kind == "milestone" and each.reasons]
    if notices and len(passed) == len(notices):
        return _milestones(voice, passed, now)
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


def _milestones(voice: Voice, notices: Sequence[Notice], now: float) -> Message:
    """A card worth sharing: who passed which mark, and the picture of the way there."""
    passed = [
        (each.account or "", reason.values)
        for each in notices
        for reason in each.reasons
        if reason.code == "milestone"
    ]
    lines = [_on_the_way(voice, account, values) for account, values in passed]
    account, values = max(passed, key=lambda one: float(one[1]["milestone"]))
    milestone = float(values["milestone"])
    if len(passed) == 1:
        title = voice.say(
            "🎉 {account} passed {milestone} followers",
            account=voice.account(account),
            milestone=voice.count(milestone),
        )
    else:
        title = voice.plural("🎉 {n} milestone", "🎉 {n} milestones", len(passed))
    lines = lines if len(passed) == 1 else [f"• {line}" for line in lines[:_LINES]]
    return Message(
        title=title,
        text="\n".join(lines),
        footer=voice.when(notices[0].at, now),
        severity="info",
        over=True,
        buttons=_chart_button(voice, account),
        chart=ChartSpec(account=account, start=int(now - _WAY * DAY), end=int(now)),
    )


def _on_the_way(voice: Voice, account: str, values: Mapping[str, Value]) -> str:
    """The count, the next mark, and when it comes at the present pace."""
    count, mark = float(values["followers"]), _next_mark(float(values["milestone"]))
    words = {
        "account": voice.account(account),
        "followers": voice.count(count),
        "next": voice.count(mark),
    }
    told = voice.say("{account} has {followers} followers; the next mark is {next}.", **words)
    daily = float(values.get("daily", 0.0))
    if daily <= 0:
        return told
    pace = voice.say(
        "At {daily} a day: {days} to go.",
        daily=voice.signed(daily),
        days=voice.days((mark - count) / daily),
    )
    return f"{told} {pace}"


def _next_mark(milestone: float) -> float:
    """The round number after this one: 1, 2, 5 or 10 times a power of ten."""
    power = 10.0 ** math.floor(math.log10(max(milestone, 1.0)))
    return next(power * n for n in (2, 5, 10, 20) if power * n > milestone)


def _chart_button(voice: Voice, account: str) -> tuple[Button, ...]:
    name = word(account)
    if name is None or len(name) > 50:
        return ()
    return (Button(label=voice.say("Chart"), command=f"chart {name}"),)


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
    return _Said(
        voice.say(NOTICES[notice.kind]), voice.account(who), text, notice.at, notice.severity
    )


def _some(voice: Voice, group: Sequence[Notice]) -> str:
    """How many accounts are silent, the first few by name, and what to do."""
    names = ", ".join(voice.account(each.account or "") for each in group[:NAMED])
    more = len(group) - NAMED
    names += " " + voice.plural("… and {n} more", "… and {n} more", more)
    many = len(group)
    count = voice.plural("{n} account: {names}", "{n} accounts: {names}", many, names=names)
    step = voice.say("Check that this source still delivers, or import a newer export.")
    return f"{count}\n{step}"


def _line(one: _Said) -> str:
    text = " ".join(one.text.splitlines())
    return ": ".join(part for part in (one.who or one.kind, text or one.kind) if part)
