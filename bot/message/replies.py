"""What commands answer: short confirmations, lists of what people set, help."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from bot.message.kinds import SEVERITIES, kind_name
from bot.message.progress import (
    GoalProgress,
    event_line,
    goal_line,
    listed,
)
from bot.message.reasons import advice, sentence
from bot.message.voice import Voice, mark, one_line, word
from bot.model.message import Button, Field, Message
from bot.model.source import Found
from checks.detectors.chances import ADVICE
from checks.model import Event

_ROWS = 40
_MUTED = 3


def said(voice: Voice, text: str, **values: object) -> Message:
    """A short confirmation; `text` is one of the marked sentences of this module."""
    return Message(text=voice.say(text, **values), severity="info")


def refused(text: str) -> Message:
    """A request that could not be done, as a message."""
    return Message(text=text, severity="warning")


def found_files(voice: Voice, found: Sequence[Found]) -> Message:
    """What an import brought, file by file."""
    header = (
        voice.say("File"),
        voice.say("Format"),
        voice.say("Readings"),
        voice.say("Bad rows"),
        voice.say("Days"),
    )
    rows = [
        (
            one_line(one.file, 40),
            one.format or voice.say("not known"),
            voice.count(one.readings),
            voice.count(one.bad_rows),
            f"{(one.first or '')[:10]} – {(one.last or '')[:10]}" if one.first else "",
        )
        for one in found[:_ROWS]
    ]
    notes = [sentence(voice, each) for one in found for each in one.findings]
    notes += [note for one in found for note in one.notes]
    if any(one.format is None and " --" in note for one in found for note in one.notes):
        notes.append(voice.say("Answer a question by sending the file again with its option."))
    readings = sum(one.readings for one in found)
    head = voice.plural("{n} reading imported", "{n} readings imported", readings)
    return Message(
        title=head,
        text="\n".join(f"• {one_line(note, 500)}" for note in notes[:20]),
        table=(header, *rows) if rows else (),
        severity="info",
    )


def event_list(voice: Voice, events: Sequence[tuple[int | None, Event]], now: float) -> Message:
    """Events with the number that removes them; those of the config file have none."""
    lines = [
        f"• {'' if number is None else f'#{number} '}{event_line(voice, event, now)}"
        for number, event in events
    ]
    return Message(
        title=voice.plural("{n} event", "{n} events", len(events)),
        text="\n".join(lines) or voice.say('None yet: "event add" takes one.'),
        severity="info",
    )


def event_added(voice: Voice, number: int, event: Event, now: float) -> Message:
    done = said(voice, ADDED_EVENT, number=number, event=event_line(voice, event, now))
    if event.kind != "platform_notice":
        return done
    # what a platform announces can be prepared for before it happens
    steps = [f"• {advice(voice, code)}" for code in ADVICE["purge"]]
    return replace(done, text="\n".join([done.text, "", voice.say("What to do:"), *steps]))


def goal_set(voice: Voice, account: str, goal: GoalProgress | None, now: float) -> Message:
    """Confirms a goal with its forecast; None where the account has no total yet."""
    text = voice.say("{account}: no reading yet", account=voice.account(account))
    if goal is not None:
        text = goal_line(voice, goal, now)
    return Message(title=voice.say("Goal set"), text=text, severity="info")


def confirm_forget(voice: Voice, account: str) -> Message:
    """Asks once more, with a button where its command line fits."""
    command = f"forget {word(account) or account} yes"
    text = voice.say(
        "This erases all readings, lists and incidents of {account} for good. To do it, "
        "write: {command}",
        account=voice.account(account),
        command=one_line(command, 200),
    )
    button = Button(label=voice.say("Erase for good"), command=command, style="danger")
    fits = word(account) is not None and len(command) <= 60
    return Message(text=text, severity="warning", buttons=(button,) if fits else ())


def forgotten(voice: Voice, account: str, readings: int) -> Message:
    """Confirms what was erased."""
    text = voice.plural(
        "{account} is forgotten: {n} reading was erased.",
        "{account} is forgotten: {n} readings were erased.",
        readings,
        account=voice.account(account),
    )
    stays = voice.say(
        'It stays forgotten even where a source still lists it: "watch {account}" lets it in '
        "again.",
        account=one_line(account),
    )
    return Message(text=f"{text} {stays}", severity="info")


def subscription_text(
    voice: Voice,
    accounts: Sequence[str],
    kinds: Sequence[str],
    direction: str,
    severity: str,
    floors: tuple[float | None, float | None],
) -> str:
    """What a channel hears, in words; `floors` are a percent and a count."""
    percent, count = floors
    parts = [", ".join(voice.account(pattern) for pattern in accounts)]
    parts.append(
        ", ".join(kind_name(voice, kind) for kind in kinds) if kinds else voice.say("all kinds")
    )
    if direction != "both":
        parts.append(voice.say("only rises") if direction == "up" else voice.say("only falls"))
    if severity != "info":
        parts.append(voice.say("from {severity} on", severity=voice.say(SEVERITIES[severity])))
    if percent is not None:
        parts.append(voice.say("at least {percent}", percent=voice.percent(percent / 100)))
    if count is not None:
        parts.append(
            voice.plural("at least {n} follower", "at least {n} followers", int(count))
        )
    return "; ".join(parts)


def subscription_list(
    voice: Voice,
    subscriptions: Sequence[tuple[int, str, bool]],
    settings: Sequence[tuple[str, str]],
    mutes: Sequence[str],
) -> Message:
    """What this channel hears: (number, words, from the config), its settings, its mutes."""
    lines = [
        f"• #{number} {text}" + (voice.say(" (config file)") if fixed else "")
        for number, text, fixed in subscriptions
    ]
    fields = [*_fields(settings), *listed(voice, voice.say("Muted"), list(mutes))]
    return Message(
        title=voice.plural("{n} subscription", "{n} subscriptions", len(subscriptions)),
        text="\n".join(lines)
        or voice.say('This channel hears nothing: "subscribe" starts it.'),
        fields=tuple(fields),
        severity="info",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class ChannelLook:
    """How a channel is set: rhythms in `timezone`, `remind` in seconds."""

    summary: str | None
    quiet: str | None
    thread: str
    remind: int | None
    timezone: str
    disabled: str | None


def channel_settings(voice: Voice, look: ChannelLook) -> list[tuple[str, str]]:
    """What is set for a channel, as (name, value); what is off is left out."""
    given = {
        voice.say("Summary"): look.summary and f"{look.summary} ({look.timezone})",
        voice.say("Quiet hours"): look.quiet and f"{look.quiet} ({look.timezone})",
        voice.say("Thread"): look.thread in _THREADS and voice.say(_THREADS[look.thread]),
        voice.say("Reminder"): look.remind and voice.span(look.remind),
        voice.say("Stopped"): look.disabled,
    }
    return [(name, value) for name, value in given.items() if value]


def with_settings(done: Message, settings: Sequence[tuple[str, str]]) -> Message:
    """A confirmation with what is set for the channel now."""
    return replace(done, fields=_fields(settings))


def _fields(settings: Sequence[tuple[str, str]]) -> tuple[Field, ...]:
    return tuple(Field(name=name, value=one_line(value)) for name, value in settings)


def mute_line(
    voice: Voice, what: Sequence[str | None], until: float | None, by: str, now: float
) -> str:
    """What was muted by one word: accounts or "#12", None is everything; no `until`: until
    worse."""
    names = [voice.account(one) if one else voice.say("everything") for one in what]
    named = ", ".join(names[:_MUTED])
    if len(names) > _MUTED:
        more = len(names) - _MUTED
        named += " " + voice.plural("… and {n} more", "… and {n} more", more)
    words = {"what": named, "by": one_line(by, 40)}
    if until is None:
        return voice.say("{what} until it gets worse (by {by})", **words)
    return voice.say("{what} until {when} (by {by})", when=voice.when(until, now), **words)


def muted(voice: Voice, what: str | None, until: float | None, now: float) -> Message:
    """Confirms a mute; `what` as in `mute_line`."""
    name = voice.account(what) if what else voice.say("everything")
    if until is None:
        return said(voice, MUTED_WORSE, what=name)
    return said(voice, MUTED_UNTIL, what=name, when=voice.when(until, now))


def unmuted(voice: Voice, what: str | None) -> Message:
    """Confirms that something is heard again; `what` as in `mute_line`."""
    return said(voice, UNMUTED, what=voice.account(what) if what else voice.say("everything"))


def help_page(
    voice: Voice, commands: Sequence[tuple[str, str, bool]], *, manager: bool
) -> Message:
    """All commands as (usage, help, needs a manager); what the caller may not do is marked."""
    header = (voice.say("Command"), voice.say("What it does"))
    rows = tuple(
        (usage, voice.say(text) + ("" if manager or not guarded else voice.say(" (managers)")))
        for usage, text, guarded in commands
    )
    return Message(
        title=voice.say("What ebbwatch can do here"), table=(header, *rows), severity="info"
    )


def help_one(
    voice: Voice, usage: str, text: str, arguments: Sequence[tuple[str, str]]
) -> Message:
    """One command and its arguments as (name, help)."""
    lines = [f"• {name}: {voice.say(about)}" for name, about in arguments]
    return Message(title=usage, text="\n".join([voice.say(text), *lines]), severity="info")


ACKNOWLEDGED = mark("Acknowledged: {what}.")
ALREADY = mark("{name} has acknowledged that already.")
THANKS_EXPECTED = mark(
    "Noted as expected: {what}. This account will be a little harder to alarm about."
)
THANKS_FALSE = mark(
    "Noted as a false alarm: {what}. This account will be harder to alarm about."
)
THANKS_USEFUL = mark("Noted as useful: {what}.")
MUTED_UNTIL = mark("Muted here: {what}, until {when}.")
MUTED_WORSE = mark("Muted here: {what}, until it gets worse.")
UNMUTED = mark("No longer muted: {what}.")
SUBSCRIBED = mark("Subscription {number}: {what}.")
UNSUBSCRIBED = mark("Subscription {number} has ended.")
ADDED_EVENT = mark("Event {number} added: {event}.")
REMOVED_EVENT = mark("Event {number} removed.")
GOAL_REMOVED = mark("{account} has no goal any more.")
BACK = mark("{account} is no longer forgotten: its source's next counts are kept again.")
WATCHED = mark("{account} is watched from now on (by {source}).")
UNWATCHED = mark("{account} is no longer watched; what was read stays until it is forgotten.")
SETTINGS = mark("What is set for this channel; what is not listed is off.")
SET_HERE = mark("Set for this channel; what is not listed is off.")
_THREADS = {
    "also": mark("alerts here, their history in a thread"),
    "only": mark("one line here, everything else in a thread"),
}
