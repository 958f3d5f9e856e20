"""From a typed line to a command and its arguments."""

import difflib
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from bot.commands.times import read_day, read_moment, read_span
from bot.config.settings import QUIET, SUMMARY
from bot.errors import CommandError
from bot.message import refusals
from bot.message.voice import Voice
from bot.model.command import Argument, Attachment, Command

WORSE = "worse"
"""The word in "mute ACCOUNT until worse"."""

OFF = "off"
"""The word that ends a channel's quiet hours or summaries."""

_NUMBER = re.compile(
    r"^(\d{1,3}(?:[,. '_]\d{3})+|\d+)(?:[.,](\d+))?\s*(k|m|tsd\.?|mio\.?)?$", re.I
)
_FACTORS = {"k": 1e3, "tsd": 1e3, "m": 1e6, "mio": 1e6}


@dataclass(frozen=True, slots=True)
class Target:
    """An incident number; `wave` means all members of its wave ("w12")."""

    number: int
    wave: bool = False


def words_of(line: str) -> list[str]:
    """Words of a line; quotes keep blanks together, a lone quote is a sign like any other."""
    found = re.findall(r'[^\s"“”„]*=?["“„][^"“”„]*["“”]|\S+', line)
    return [re.sub(r'["“”„]', "", word) if _quoted(word) else word for word in found]


def _quoted(word: str) -> bool:
    return len(re.findall(r'["“”„]', word)) >= 2


def match(
    commands: Sequence[Command], words: Sequence[str], voice: Voice
) -> tuple[Command, list[str]]:
    """The command that the first one or two words name, and the words left."""
    names = {command.name: command for command in commands}
    for length in (2, 1):
        name = " ".join(words[:length]).lower()
        if len(words) >= length and name in names:
            return names[name], list(words[length:])
    first = words[0].lower() if words else ""
    group = [name for name in names if name.startswith(f"{first} ")]
    typed = " ".join(words[:2]).lower() if group else first
    near = difflib.get_close_matches(typed, names, n=1, cutoff=0.5) or group[:1]
    raise CommandError(refusals.unknown_command(voice, " ".join(words[:1]), near))


def bind(
    command: Command, words: Sequence[str], files: Sequence[Attachment], voice: Voice
) -> dict[str, Any]:
    """Words to arguments: "name=value" and "name value" by name, the others in order.

    Files fill the `file` arguments.
    """
    left = {argument.name: argument for argument in command.arguments}
    given: dict[str, Any] = {}
    for argument, file in zip(
        (one for one in command.arguments if one.kind == "file"), files, strict=False
    ):
        given[left.pop(argument.name).name] = file
    queue = list(words)
    while queue:
        word = queue.pop(0)
        name, sign, value = word.partition("=")
        if sign and name.lower() in left:
            meant = left.pop(name.lower())
            given[meant.name] = _whole(meant, value, queue)
            continue
        named = left.get(word.lower())
        if named is not None and queue and not named.rest:
            given[left.pop(named.name).name] = _whole(named, queue.pop(0), queue)
            continue
        if not left:
            raise CommandError(refusals.too_many(voice, word, usage(command)))
        argument = _meant(word, list(left.values()))
        del left[argument.name]
        given[argument.name] = (
            _rest(word, queue, left, given) if argument.rest else _whole(argument, word, queue)
        )
    return given


def _whole(argument: Argument, first: str, queue: list[str]) -> str:
    """A value of several words, "mon 09:00" or "5 Jan 2027", needs no quotes: the longest that
    can be read."""
    for more in range(min(_MORE_WORDS.get(argument.kind, 0), len(queue)), 0, -1):
        text = " ".join([first, *queue[:more]])
        if _readable(argument.kind, text):
            del queue[:more]
            return text
    return first


def _readable(kind: str, text: str) -> bool:
    try:
        _READERS[kind](text, _ANY_TIME)
    except (ValueError, OverflowError):
        return False
    return True


def _meant(word: str, left: Sequence[Argument]) -> Argument:
    """The next argument; an optional one is passed over for a later one's own word."""
    for argument in left:
        if word.lower() in argument.choices:
            return argument
        if argument.required:
            break
    return left[0]


def _rest(
    first: str, queue: list[str], left: dict[str, Argument], given: dict[str, Any]
) -> str:
    """All words that are left, but for those that name an argument ("to=2025-01-20").

    Quotes end it: what stands behind them is no part of it.
    """
    if " " in first:
        return first
    kept = [first]
    while queue:
        word = queue.pop(0)
        name, sign, value = word.partition("=")
        named = left.get(name.lower())
        if named is not None and (sign or (queue and _is_date(named, queue[0]))):
            given[left.pop(named.name).name] = value if sign else queue.pop(0)
        else:
            kept.append(word)
    return " ".join(kept)


def _is_date(argument: Argument, text: str) -> bool:
    """ "to 2025-01-20" cannot be meant as words; "about instagram" can."""
    return argument.kind == "date" and _readable("date", text)


def typed(
    command: Command, given: Mapping[str, Any], voice: Voice, now: float
) -> dict[str, Any]:
    """Checks and reads every argument by its kind; raises CommandError with the usage."""
    known = {argument.name: argument for argument in command.arguments}
    values: dict[str, Any] = {}
    for name, value in given.items():
        if name not in known:
            raise CommandError(refusals.too_many(voice, name, usage(command)))
        if value is None or value == "":
            continue
        values[name] = read(known[name], value, voice, now)
    for argument in command.arguments:
        if argument.required and argument.name not in values:
            raise CommandError(refusals.missing(voice, argument.name, usage(command)))
    return values


def read(argument: Argument, value: Any, voice: Voice, now: float) -> Any:
    """One argument: a span and an until are a timedelta (from `now`), a number a float, a date
    a date, an incident a Target; hours and a rhythm are as in the config, None for "off";
    accounts and texts stay text, a file an Attachment or a path."""
    if isinstance(value, Attachment):
        if argument.kind != "file":
            raise CommandError(refusals.no_file(voice, argument.name))
        return value
    text = str(value).strip()
    if argument.kind == "choice":
        return _choice(argument, text, voice)
    reader = _READERS.get(argument.kind)
    if argument.kind == "until" and text.lower() == WORSE:
        return WORSE
    if reader is None:
        return text
    try:
        return reader(text, voice.local(now))
    except (ValueError, OverflowError):
        raise CommandError(refusals.wrong(voice, argument.kind, text)) from None


def usage(command: Command) -> str:
    """How the command is typed: "chart ACCOUNT [DAYS]"."""
    parts = [command.name]
    for argument in command.arguments:
        word = "|".join(argument.choices) if argument.choices else argument.name.upper()
        parts.append(word if argument.required else f"[{word}]")
    return " ".join(parts)


def read_number(text: str) -> float:
    """ "200000", "200,000", "200.000", "200k" or "1.5m": three digits behind a sign group."""
    found = _NUMBER.match(text.strip())
    if found is None:
        raise ValueError(text)
    whole, fraction, unit = found.groups()
    number = float(re.sub(r"[,. '_]", "", whole) + (f".{fraction}" if fraction else ""))
    return number * _FACTORS[unit.lower().rstrip(".")] if unit else number


def read_hours(text: str) -> str | None:
    """ "22:00-07:00", or None for "off"."""
    return _written_as(QUIET, text)


def read_rhythm(text: str) -> str | None:
    """ "mon 09:00", "daily 09:00", "1st 09:00", or None for "off"."""
    return _written_as(SUMMARY, text)


def _written_as(form: str, text: str) -> str | None:
    """As the config has it; "9:00" is 09:00 too."""
    plain = re.sub(r"(?<!\d)(\d:\d{2})", r"0\1", text.strip().lower())
    if plain == OFF:
        return None
    if not re.match(form, plain):
        raise ValueError(text)
    return plain


def read_target(text: str) -> Target:
    """ "12", "#12", or "w12" for the whole wave; words behind it are ignored."""
    found = re.match(r"^(w?)#?(\d{1,9})(?=\s|$)", text.strip(), re.I)
    if found is None:
        raise ValueError(text)
    return Target(int(found[2]), bool(found[1]))


def _choice(argument: Argument, text: str, voice: Voice) -> str:
    wanted = text.lower()
    if wanted in argument.choices:
        return wanted
    near = difflib.get_close_matches(wanted, argument.choices, n=1, cutoff=0.5)
    raise CommandError(refusals.unknown_choice(voice, text, near, argument.choices))


_READERS: Mapping[str, Callable[[str, datetime], Any]] = {
    "span": lambda text, _: read_span(text),
    "until": read_moment,
    "date": lambda text, now: read_day(text, now.date()),
    "number": lambda text, _: read_number(text),
    "incident": lambda text, _: read_target(text),
    "hours": lambda text, _: read_hours(text),
    "rhythm": lambda text, _: read_rhythm(text),
    "subscription": lambda text, _: int(text.removeprefix("#").split(" ", 1)[0]),
}
"""Each gets the text and the present moment in the channel's time zone."""

_MORE_WORDS = {"rhythm": 1, "date": 2, "until": 3}
"""How many words a value of that kind may have beyond its first."""

_ANY_TIME = datetime(2000, 1, 3, tzinfo=UTC)
"""Whether words can be read at all does not hang on when they are."""
