"""Typed pieces of configuration that sources, chats and the config file share."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote, quote_plus, unquote_plus
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from bot.errors import ConfigError

SUMMARY = r"^(daily|mon|tue|wed|thu|fri|sat|sun|1st) ([01]\d|2[0-3]):[0-5]\d$"
"""When a channel is summed up: "mon 09:00"."""

QUIET = r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-3]):[0-5]\d$"
"""Hours in which only what is critical is told: "22:00-07:00"."""

_HIDDEN = 3
"""Letters of the shortest secret that is struck out: shorter ones are in every word."""

_LONGEST = 100 * 31557600
_FIRST_YEAR, _LAST_YEAR = 1990, 2199
_LARGEST = 10**15

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800, "y": 31557600}


def parse_duration(text: object) -> timedelta:
    """Reads "90s", "30m", "2h", "7d", "1w", "3y" or a sum such as "1h30m"."""
    if isinstance(text, timedelta):
        return text
    parts = re.findall(r"(\d+(?:\.\d+)?)\s*([smhdwy])", str(text).strip().lower())
    if not parts or re.sub(r"[\d.\s]+[smhdwy]", "", str(text).strip().lower()):
        raise ValueError(f'"{text}" is no duration: write a number and a unit, such as "30m"')
    seconds = sum(float(n) * _UNITS[unit] for n, unit in parts)
    if not seconds <= _LONGEST:
        raise ValueError(f'"{text}" is too long: write at most 100y')
    return timedelta(seconds=seconds)


def parse_span(text: object) -> timedelta:
    """A duration that is not 0."""
    span = parse_duration(text)
    if span < timedelta(seconds=1):
        raise ValueError(f'"{text}" is too short: write at least 1s')
    return span


def parse_speed(text: object) -> timedelta:
    """Reads a replay speed, "1d/s": calendar time per real second."""
    head, slash, tail = str(text).partition("/")
    if not slash or tail.strip() not in {"s", "1s"}:
        raise ValueError(f'"{text}" is no replay speed: write calendar time per second, "1d/s"')
    return parse_span(head)


def parse_day(value: object) -> object:
    """A date of the years in which counts can be; left to others where it is none."""
    day = value.date() if isinstance(value, datetime) else value
    if isinstance(day, date) and not _FIRST_YEAR <= day.year <= _LAST_YEAR:
        raise ValueError(f"{day} is out of range: write {_FIRST_YEAR} to {_LAST_YEAR}")
    return day


def check_listen(address: str) -> str:
    host, _, port = address.rpartition(":")
    try:
        name = host.encode("idna")  # as the system would, with labels of 1 to 63 letters
    except UnicodeError:
        name = b""
    if not name or not re.fullmatch(r"[0-9]{1,5}", port) or int(port) > 65535:
        raise ValueError(f'"{address}" is no listen address: write "127.0.0.1:3000"')
    return address


def check_timezone(name: object) -> str:
    try:
        return ZoneInfo(str(name)).key
    except (KeyError, ValueError, OSError):
        raise ValueError(
            f'"{name}" is no time zone: use an IANA name such as "Europe/Vienna"'
        ) from None


def check_cron(text: str) -> str:
    fields = len(text.split())
    if fields != 5:
        raise ValueError(
            f'"{text}" has {fields} fields: a cron expression has five, "0 7 * * *"'
        )
    try:
        CronSim(text, datetime(2000, 1, 1, tzinfo=UTC))
    except CronSimError as error:
        problem = str(error)
        raise ValueError(f'"{text}" is no cron expression: {problem.lower()}') from None
    return text


Duration = Annotated[timedelta, BeforeValidator(parse_duration)]
Span = Annotated[timedelta, BeforeValidator(parse_span)]
Day = Annotated[date, BeforeValidator(parse_day)]
Listen = Annotated[str, AfterValidator(check_listen)]
Speed = Annotated[timedelta, BeforeValidator(parse_speed)]
Timezone = Annotated[str, BeforeValidator(check_timezone)]
Cron = Annotated[str, AfterValidator(check_cron)]
Metric = Literal["followers", "following", "posts", "interactions", "views"]


class Section(BaseModel):
    """One table of the config file: unknown keys are errors, values never show in them."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    @field_validator("*", mode="before")
    @classmethod
    def _within_bounds(cls, value: object, info: ValidationInfo) -> object:
        """What no key can mean: the system below would fail on it in its own words, or take
        true for 1."""
        wanted = cls.model_fields[str(info.field_name)].annotation
        if isinstance(value, bool) and wanted is not bool:
            raise ValueError("is no switch: write what it shall be instead of true or false")
        for each in _leaves(value):
            if isinstance(each, str) and not each.isprintable() and "\0" in each:
                raise ValueError("holds a NUL sign: take it out")
            if isinstance(each, int | float) and not -_LARGEST <= each <= _LARGEST:
                raise ValueError("is no number that anything here can be: write a smaller one")
        return value


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from (name, *_leaves(inner))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


class SourceSettings(Section):
    """What every `[[sources]]` section may say; each kind adds its own keys."""

    name: str
    kind: str
    platform: str | None = None
    every: Span | None = None
    cron: Cron | None = None
    jitter: Duration = timedelta(0)
    timezone: Timezone | None = None
    priority: int = Field(1, ge=-1000, le=1000)
    tags: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    daily: tuple[Metric, ...] = ()
    replay_from: Day | None = None
    replay_speed: Speed = timedelta(days=1)

    @model_validator(mode="after")
    def _one_rhythm(self) -> SourceSettings:
        if self.every and self.cron:
            raise ValueError("every and cron exclude each other: keep one of them")
        return self


class EngineSettings(Section):
    """What judges lakes: processes of this machine, or a Dask scheduler at `address` (left
    out: a cluster of this machine). `workers` of this machine, `budget` of one review.

    `scratch` is where a lake that is not sorted is written once more, for all workers to
    reach; left out: this machine's temporary folder.
    """

    kind: Literal["local", "dask"] = "local"
    address: str | None = Field(None, pattern=r"^(tcp|tls)://[^\s]+:\d+$")
    workers: int | None = Field(None, ge=1, le=256)
    budget: Span | None = None
    scratch: str | None = None


def secret(
    environ: Mapping[str, str], *, env: str | None, file: str | None, root: str, what: str
) -> str:
    """Reads a secret from a variable or a file; errors name the places, never the value."""
    if env and environ.get(env):
        return environ[env].strip()
    if file:
        path = Path(root, file).expanduser()
        try:
            return path.read_text(encoding="utf-8").strip()
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or "it is no text"
            raise ConfigError(
                [f"{what}: {path} cannot be read ({reason}): create it or name another"]
            ) from None
    raise ConfigError([f"{what}: set the variable {env} or name a file that holds it"])


def secrets_in(url: str) -> list[str]:
    """Everything of an address that nobody may read, in every way in which it may be quoted.

    What a person forgot to escape makes parsers take a part of the password for the host, so
    each piece around its marks is hidden for itself.
    """
    before, _, query = url.partition("?")
    place = before.partition("//")[2]
    is_web = url.startswith("http")
    owner = (place.partition("/")[0] if is_web else place).rpartition("@")[0]
    user, colon, password = owner.partition(":")
    pieces = [password, *re.split(r"[@:/#]", password)] if colon else [owner] * is_web
    for pair in re.split(r"[&;#]", query):
        value = pair.partition("=")[2]
        pieces += [value, *(re.split(r"[@:/]", value) if "@" in value else ())]
    pieces += [unquote_plus(piece) for piece in pieces]
    found = {url, *(piece for piece in pieces if len(piece) >= _HIDDEN)}
    found -= {user} if colon else set()
    return sorted(found, key=len, reverse=True)


def hide(text: str, secrets: Iterable[str]) -> str:
    """The text with every secret struck out, however it is quoted, the longest first."""
    forms = {form for one in secrets for form in _quoted(one) if len(form) >= _HIDDEN}
    for hidden in sorted(forms, key=len, reverse=True):
        text = text.replace(hidden, "***")
    return text


@lru_cache(1000)
def _quoted(secret: str) -> frozenset[str]:
    """As addresses, JSON, Python and pages write it; servers and drivers repeat it so."""
    if len(secret) < _HIDDEN:
        return frozenset()
    written = [quote(secret), quote(secret, safe=""), quote_plus(secret)]
    written += [re.sub("%[0-9A-F]{2}", lambda sign: sign[0].lower(), one) for one in written]
    written += [json.dumps(secret)[1:-1], repr(secret)[1:-1], html.escape(secret)]
    return frozenset({secret, unquote_plus(secret), *written})
