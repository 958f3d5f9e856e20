"""Why a request cannot be done, and what would work; each is one sentence or two."""

import difflib
import math
from collections.abc import Sequence
from datetime import date

from bot.message.kinds import metric_name
from bot.message.voice import Voice, mark, one_line, word
from bot.model.reading import DAY

_KINDS = {
    "span": mark("a span of time such as 30d, 2h or 1w"),
    "until": mark("a time to come such as 2h, tomorrow, friday, 18:00 or 2027-02-01"),
    "date": mark("a day such as 2027-01-19, 19.1.2027, 19 Jan, friday or tomorrow"),
    "number": mark("a number such as 200000"),
    "incident": mark("an incident number such as 12"),
    "subscription": mark("a subscription number such as 3"),
    "hours": mark("a part of the day such as 22:00-07:00, or off"),
    "rhythm": mark("a time such as mon 09:00, daily 09:00 or 1st 09:00, or off"),
}


_TROUBLES = {
    "unavailable": mark("cannot be reached just now; it is asked again by itself."),
    "refused": mark("does not let ebbwatch in; whoever runs ebbwatch was told."),
    "changed": mark("gives what cannot be read; whoever runs ebbwatch was told."),
    "gone": mark("knows no such account."),
    "": mark("is in trouble; whoever runs ebbwatch was told."),
}
"""What a source's trouble is, after its name, by the kind of the fault."""


def not_linked(voice: Voice) -> str:
    return voice.say(
        "ebbwatch does not know this server yet: ask whoever runs it to add it to the spaces "
        "of its config."
    )


def not_manager(voice: Voice) -> str:
    return voice.say("Only managers of this team may do that; ask one of them.")


def internal(voice: Voice) -> str:
    return voice.say("That failed inside ebbwatch; the operator was told. Please try again.")


def source_trouble(voice: Voice, kind: str | None) -> str:
    """What anybody may hear of it: no account, file or address."""
    return voice.say(_TROUBLES.get(kind or "", _TROUBLES[""]))


def source_failed(voice: Voice, kind: str) -> str:
    return voice.say("The source {trouble}", trouble=source_trouble(voice, kind))


def unknown_command(voice: Voice, word: str, near: Sequence[str]) -> str:
    if near:
        return voice.say(
            '"{word}" is no command; did you mean "{near}"?', word=one_line(word), near=near[0]
        )
    return voice.say('"{word}" is no command; "help" lists them all.', word=one_line(word))


def unknown_choice(voice: Voice, word: str, near: Sequence[str], choices: Sequence[str]) -> str:
    if near:
        return voice.say(
            '"{word}" is none of the choices; did you mean "{near}"?',
            word=one_line(word),
            near=near[0],
        )
    return voice.say(
        '"{word}" is none of the choices: {choices}.',
        word=one_line(word),
        choices=", ".join(choices),
    )


def too_many(voice: Voice, word: str, usage: str) -> str:
    return voice.say(
        '"{word}" is more than this command takes. It is written: {usage}',
        word=one_line(word),
        usage=usage,
    )


def missing(voice: Voice, name: str, usage: str) -> str:
    return voice.say(
        '"{name}" is missing. The command is written: {usage}', name=name, usage=usage
    )


def wrong(voice: Voice, kind: str, text: str) -> str:
    return voice.say(
        '"{text}" is not {wanted}.', text=one_line(text), wanted=voice.say(_KINDS[kind])
    )


def no_file(voice: Voice, name: str) -> str:
    return voice.say('"{name}" takes text, not a file.', name=name)


def attachment_wanted(voice: Voice) -> str:
    return voice.say("Attach the export to the command; paths are not read here.")


def unknown_option(voice: Voice, text: str) -> str:
    return voice.say(
        '"{text}" says nothing of a file: write it as the question gave it, such as '
        "--columns followers=Reach.",
        text=one_line(text, 80),
    )


def unknown_account(voice: Voice, text: str, known: Sequence[str]) -> str:
    """Suggests only from `known`, which must be what the caller may see."""
    wanted = text.strip().lower()
    by_name = {name.lower(): name for name in known}
    for name in known:
        by_name.setdefault(name.lower().partition("/")[2] or name.lower(), name)
    near = difflib.get_close_matches(wanted, by_name, n=1, cutoff=0.6)
    if near:
        return voice.say(
            'No account is called "{text}" here; did you mean "{near}"?',
            text=one_line(text),
            near=one_line(by_name[near[0]]),
        )
    return voice.say(
        'No account is called "{text}" here; "accounts" lists them.', text=one_line(text)
    )


def ambiguous(voice: Voice, names: Sequence[str]) -> str:
    listed = voice.listed([one_line(name) for name in names[:5]])
    return voice.say("Several accounts have that handle: {names}. Name one.", names=listed)


def unknown_incident(voice: Voice, number: int) -> str:
    return voice.say(
        'There is no incident {number} here; "incidents all" lists them.', number=number
    )


def unknown_subscription(voice: Voice, number: int) -> str:
    return voice.say(
        'This channel has no subscription {number}; "subscriptions" lists them.', number=number
    )


def configured_subscription(voice: Voice, number: int) -> str:
    return voice.say(
        "Subscription {number} comes from the config file and can only be changed there.",
        number=number,
    )


def configured_channel(voice: Voice) -> str:
    return voice.say(
        "Quiet hours, summary and thread of this channel come from the config file and can "
        "only be changed there."
    )


def unknown_timezone(voice: Voice, text: str) -> str:
    return voice.say(
        '"{text}" is no time zone: write one such as Europe/Vienna or America/New_York.',
        text=one_line(text),
    )


def no_reminder(voice: Voice, text: str) -> str:
    return voice.say(
        '"{text}" is no span: write one such as 12h or 1d, or off.', text=one_line(text)
    )


def no_role(voice: Voice, text: str) -> str:
    return voice.say(
        '"{text}" is no role: mention the role (or user group) itself, or write off.',
        text=one_line(text),
    )


def unknown_kind(voice: Voice, word: str, kinds: Sequence[str]) -> str:
    near = difflib.get_close_matches(word, kinds, n=1, cutoff=0.5)
    return unknown_choice(voice, word, near, kinds)


def unknown_event(voice: Voice, number: int) -> str:
    return voice.say(
        'No event {number} was added here; "event list" lists them.', number=number
    )


def nothing_matches(voice: Voice, pattern: str) -> str:
    return voice.say(
        'No account here matches "{pattern}"; "accounts" lists them.', pattern=one_line(pattern)
    )


def nothing_to_preview(voice: Voice, days: int) -> str:
    return voice.plural(
        "Nothing was read in the last {n} day, so there is nothing to preview.",
        "Nothing was read in the last {n} days, so there is nothing to preview.",
        days,
    )


def nothing_to_draw(
    voice: Voice, account: str, metric: str, last: float | None, now: float
) -> str:
    """Where the days asked for hold no reading; `last` is the newest one of all."""
    if last is None:
        return voice.say("{account}: no reading yet", account=voice.account(account))
    name = word(account)
    said = voice.say(
        "{account} has no {metric} in these days; its last reading is of {day}.",
        account=voice.account(account),
        metric=metric_name(voice, metric),
        day=voice.day(last, now),
    )
    if name is None or now - last < 30 * DAY:
        return said
    days = math.ceil((now - last) / DAY) + 10
    more = voice.say('"chart {account} {days}d" reaches it.', account=name, days=days)
    return f"{said} {more}"


def nothing_muted(voice: Voice) -> str:
    return voice.say("Nothing like that is muted here.")


def nothing_open(voice: Voice, account: str) -> str:
    return voice.say(
        "{account} has no open incident that could get worse; give a span such as 1d.",
        account=voice.account(account),
    )


def no_channel(voice: Voice) -> str:
    return voice.say("Type this in the channel that should hear about it.")


def no_goal(voice: Voice, account: str) -> str:
    return voice.say("{account} has no goal here.", account=voice.account(account))


def no_date(voice: Voice) -> str:
    return voice.say("Say by when, such as: by 2027-01-19")


def past(voice: Voice, day: date) -> str:
    return voice.say("{day} is over; name a day to come.", day=day.isoformat())


def out_of_order(voice: Voice) -> str:
    return voice.say("The event ends before it begins: swap the dates.")


def beyond_team(voice: Voice, account: str) -> str:
    return voice.say(
        "This team's config does not allow {account}; ask whoever runs ebbwatch.",
        account=one_line(account),
    )


def full(voice: Voice, most: int) -> str:
    return voice.plural(
        "This team may watch {n} account and does so already; unwatch one first.",
        "This team may watch {n} accounts and does so already; unwatch one first.",
        most,
    )


def not_watched(voice: Voice, account: str) -> str:
    return voice.say(
        "{account} was not added with watch, so it cannot be unwatched; it comes from a "
        "configured source.",
        account=voice.account(account),
    )


def forget_at_console(voice: Voice, account: str) -> str:
    return voice.say(
        "{account} can only be erased by whoever runs ebbwatch.", account=voice.account(account)
    )


def no_page(voice: Voice) -> str:
    return voice.say(
        "There is no page here: whoever runs ebbwatch can switch it on with web = true and "
        "public_url in [serve]."
    )


def unknown_link(voice: Voice, text: str) -> str:
    return voice.say(
        'There is no link "{text}" here; "web links" lists them.', text=one_line(text)
    )
