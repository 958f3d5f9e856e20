"""`ebbwatch init`: from nothing to a config, a first reading and a test message with a chart.

Asks at a terminal; everything can be said by options instead, for scripts.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import click

from bot import app
from bot.cli.operate import queue_test
from bot.config.write import APIS, Answers, Origin, first_config, secrets_wanted
from bot.errors import BotError, CommandError, ConfigError
from bot.model.chat import Place
from bot.model.message import ChartSpec
from bot.model.reading import DAY

if TYPE_CHECKING:
    from bot.config.schema import Settings
    from bot.service.jobs import Service

_DAYS = 90
"""Days that the first chart shows."""
_SAMPLE = "bot/sample/youtube-vtubers.csv"
_EXAMPLE = "bot/config/example.toml"
"""Inside the package, so that a wheel has it."""
_EXPORTS = (".zip", ".csv", ".tsv", ".json", ".xlsx", ".xls", ".txt", ".parquet")
_ORIGINS = ("exports", "api", "database")
_CHATS = ("discord", "slack", "terminal")
_SECRETS = "secrets"
_LOOK_SECONDS = 1.0
_SEEN = 5
"""Channels that an error names."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What the options say beforehand; None and empty are asked, or taken by default.

    `api` are the addresses of a Discord or Slack of one's own: the API, then the gateway.
    """

    platforms: tuple[str, ...] = ()
    origin: str | None = None
    chat: str | None = None
    accounts: tuple[str, ...] = ()
    file: Path | None = None
    channel: str | None = None
    locale: str | None = None
    timezone: str | None = None
    api: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Chosen:
    """A chat as it goes into the config: where to write, and its section's lines."""

    place: Place | None
    section: tuple[str, ...]


def init(target: Path, said: Said, *, asks: bool) -> None:
    """Asks what `said` leaves open (`asks`; else defaults), writes, reads and sends a test."""
    if not target.parent.is_dir():
        raise CommandError(f"{target} cannot be written: No such folder; make it first")
    found = said.file or _export_here(target.parent)
    platforms = said.platforms or _platforms(asks)
    origin = said.origin or _choice(
        asks,
        f"Where do the counts come from{f' ({found.name} is here)' if found else ''}?",
        _ORIGINS,
    )
    if origin == "api":
        for platform in platforms:
            if platform not in APIS:
                raise CommandError(
                    f"{platform} has no API that ebbwatch reads: answer exports, or one of "
                    f"{', '.join(sorted(APIS))}"
                )
    handles = said.accounts
    if origin == "api" and not handles and asks:
        handles = tuple(click.prompt("Which accounts? (with commas)").replace(",", " ").split())
    chat = said.chat or _choice(asks, "Where shall alerts go?", _CHATS)
    chosen = _CHOOSE[chat](target.parent, said, asks)
    locale, timezone = _locale(said, asks)
    answers = Answers(
        platforms=platforms,
        origin=cast(Origin, origin),
        handles=handles,
        channel=chosen.place.channel if chosen.place else "console:main",
        channel_name=chosen.place.name if chosen.place else "",
        space=chosen.place.space if chosen.place else None,
        chat={chat: chosen.section} if chosen.section else {},
        locale=locale,
        timezone=timezone,
    )
    _write(target, first_config(answers))
    try:
        settings = app.read_config(target)
    except ConfigError:
        target.unlink()  # an answer that cannot be is given again, not mended in the file
        raise
    click.echo(f"{target} written.")
    for step in secrets_wanted(answers):
        click.echo(f"  * {step}")
    if origin == "exports":
        folder = target.parent / answers.folder
        folder.mkdir(exist_ok=True)
        if found is not None and found.parent != folder:
            shutil.copy2(found, folder)
        elif asks and not any(folder.iterdir()):
            _wait_for_file(folder)
        if any(folder.iterdir()):
            asyncio.run(_first_message(settings, answers.channel))
        else:
            click.echo(f"  * put an export into {folder}/: it is read within the hour")
    if chosen.section and chosen.place is None:
        click.echo(
            f"  * {chat} has no token yet: set it, put the ids of your server and channel into "
            "[[spaces]] and [[channels]], then try `ebbwatch doctor`."
        )
    click.echo("Next: ebbwatch run")


def stopped(target: Path) -> str:
    """What there is after somebody has ended `init` in the middle, and how it goes on."""
    if target.exists():
        return f"{target} is written: `ebbwatch run` goes on with it."
    kept = sorted((target.parent / _SECRETS).glob("*.token"))
    if not kept:
        return "Nothing is written: `ebbwatch init` begins anew."
    named = ", ".join(str(path) for path in kept)
    return f"No config is written. Kept for the next `ebbwatch init`: {named}."


def write_example(target: Path, root: Path) -> None:
    """The long example; relative paths start at the config, so the sample's is made whole."""
    text = (root / _EXAMPLE).read_text(encoding="utf-8")
    _write(target, text.replace(f'"{_SAMPLE}"', json.dumps(str(root / _SAMPLE))))
    click.echo(
        f"{target} written: replace the [[sources]] section with yours, then try "
        "`ebbwatch doctor` and `ebbwatch run`"
    )


# --- questions --------------------------------------------------------------------------


def _choice(asks: bool, question: str, choices: Sequence[str]) -> str:
    if not asks:
        return choices[0] if choices is not _CHATS else "terminal"
    return str(click.prompt(question, type=click.Choice(list(choices)), default=choices[0]))


def _platforms(asks: bool) -> tuple[str, ...]:
    if not asks:
        return ()
    return click.prompt(
        "Which platforms do you watch? (with commas)",
        default="instagram",
        value_proc=_read_platforms,
    )


def _read_platforms(text: str) -> tuple[str, ...]:
    from bot.sources.profiles import nearest_platform

    names = dict.fromkeys(text.lower().replace(",", " ").split())
    for name in names:
        if near := nearest_platform(name):
            raise click.UsageError(f'"{name}" is no platform; did you mean "{near}"?')
    return tuple(names)


def _locale(said: Said, asks: bool) -> tuple[str, str]:
    from tzlocal import get_localzone_name

    from bot.config.settings import check_timezone
    from bot.locales import languages

    locale = said.locale or os.environ.get("LANG", "en")[:2].lower()
    locale = locale if locale in languages() else "en"
    timezone = said.timezone or get_localzone_name() or "UTC"

    def read(text: str) -> tuple[str, str]:
        spoken, zone = (words := text.split())[0].lower(), words[-1]
        if spoken not in languages():
            raise click.UsageError(
                f'"{spoken}" is not spoken here: use {" or ".join(languages())}'
            )
        try:
            return spoken, check_timezone(zone)
        except ValueError as error:
            raise click.UsageError(str(error)) from None

    known = f"{locale} {timezone}"
    if asks and said.locale is None and said.timezone is None:
        answer: tuple[str, str] = click.prompt(
            "Language and time zone?", default=known, value_proc=read
        )
        return answer
    try:
        return read(known)
    except click.UsageError as error:
        raise CommandError(error.message) from None


def _terminal(root: Path, said: Said, asks: bool) -> Chosen:
    return Chosen(None, ())


def _discord(root: Path, said: Said, asks: bool) -> Chosen:
    from bot.chat.discord import DiscordSettings, setup

    base = said.api[0] if said.api else DiscordSettings().api_base
    own = [f'api_base = "{base}"'] if said.api else []
    own += [f'gateway = "{address}"' for address in said.api[1:2]]
    asked = Secret("discord", "DISCORD_TOKEN", "Bot token", setup.STEPS)
    token, line, link = _token(
        root, asked, asks, lambda given: _with_client(setup.invitation, given, base)
    )
    if token is None:
        return Chosen(None, (line, *own))
    place = _place(
        lambda: _with_client(setup.places, token, base), said, asks, f"Invite the bot: {link}"
    )
    return Chosen(place, (line, *own))


def _slack(root: Path, said: Said, asks: bool) -> Chosen:
    from bot.chat.slack import SlackSettings, setup

    base = said.api[0] if said.api else SlackSettings().base_url
    own = [f'base_url = "{base}"'] if said.api else []
    asked = Secret("slack-bot", "SLACK_BOT_TOKEN", "Bot token (xoxb-)", setup.STEPS)
    token, line, _ = _token(
        root, asked, asks, lambda given: _with_client(setup.places, given, base)
    )
    if token is None:
        return Chosen(None, (f"bot_{line}", 'app_token_env = "SLACK_APP_TOKEN"', *own))
    app_secret = Secret("slack-app", "SLACK_APP_TOKEN", "App token (xapp-)")
    _, app_line, _ = _token(root, app_secret, asks, None)
    place = _place(
        lambda: _with_client(setup.places, token, base),
        said,
        asks,
        "Invite the app: /invite @ebbwatch",
    )
    return Chosen(place, (f"bot_{line}", f"app_{app_line}", *own))


_CHOOSE: dict[str, Callable[[Path, Said, bool], Chosen]] = {
    "discord": _discord,
    "slack": _slack,
    "terminal": _terminal,
}


@dataclass(frozen=True, slots=True)
class Secret:
    """A token: the file it is kept in, its variable, and how a person gets at it."""

    name: str
    variable: str
    question: str
    steps: Sequence[str] = ()


def _token(
    root: Path, asked: Secret, asks: bool, check: Callable[[str], Any] | None
) -> tuple[str | None, str, Any]:
    """A secret, the config's line for it and what `check` says of it: of the environment, kept
    by an `init` that was stopped, or typed, again where it is wrong, and kept in a file that
    only this user can read."""
    of_environ = f'token_env = "{asked.variable}"'
    if given := os.environ.get(asked.variable):
        return given, of_environ, asyncio.run(check(given)) if check else None
    path = root / _SECRETS / f"{asked.name}.token"
    of_file = f'token_file = "{_SECRETS}/{path.name}"'
    if path.exists():
        token = path.read_text(encoding="utf-8").strip()
        try:
            told = asyncio.run(check(token)) if check else None
        except CommandError as error:
            click.echo(f"  {path}: {error}.")
        else:
            click.echo(f"  {asked.question}: taken from {path}.")
            return token, of_file, told
    if not asks:
        return None, of_environ, None
    for number, step in enumerate(asked.steps, 1):
        click.echo(f"  {number}. {step}")
    while True:
        token = str(click.prompt(asked.question, hide_input=True)).strip()
        try:
            told = asyncio.run(check(token)) if check else None
            break
        except CommandError as error:
            click.echo(f"  {error}.")
    path.parent.mkdir(mode=0o700, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(token + "\n", encoding="utf-8")
    return token, of_file, told


def _place(look: Callable[[], Any], said: Said, asks: bool, invitation: str) -> Place | None:
    """The channel that is written to: the one named, the only one, or the one chosen."""
    places: list[Place] = asyncio.run(look())
    if said.channel:
        for one in places:
            if one.channel == said.channel:
                return one
        seen = ", ".join(f"{one.channel} {one.name}" for one in places[:_SEEN])
        raise CommandError(
            f"{said.channel} cannot be seen by the bot. "
            + (f"It sees {seen}." if seen else invitation)
        )
    if not places and asks:
        click.echo(f"  {invitation}")
        click.echo("  Waiting until it is there ... (Ctrl-C ends)")
        while not places:
            time.sleep(_LOOK_SECONDS)
            places = asyncio.run(look())
    if not places:
        click.echo(f"  * {invitation}")
        return None
    if len(places) == 1 or not asks:
        return places[0]
    for number, one in enumerate(places, 1):
        click.echo(f"  {number}. {one.name}")
    number = click.prompt("Which channel?", type=click.IntRange(1, len(places)), default=1)
    return places[number - 1]


async def _with_client(work: Callable[..., Any], token: str, base: str) -> Any:
    import httpx

    async with httpx.AsyncClient(timeout=20) as client:
        return await work(client, token, base)


# --- files and the first message --------------------------------------------------------


def _export_here(folder: Path) -> Path | None:
    """The newest file in the folder that could be an export."""
    files = [
        path
        for path in folder.iterdir()
        if path.suffix.lower() in _EXPORTS and path.is_file() and not path.name.startswith(".")
    ]
    return max(files, key=lambda path: path.stat().st_mtime, default=None)


def _wait_for_file(folder: Path) -> None:
    click.echo(f"Put an export into {folder}/ ... (Ctrl-C: go on without)")
    try:
        while not any(folder.iterdir()):
            time.sleep(_LOOK_SECONDS)
    except KeyboardInterrupt:
        click.echo("")


def _write(target: Path, text: str) -> None:
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{target} cannot be written: {error.strerror}") from None


async def _first_message(settings: Settings, channel: str) -> None:
    """Reads what is there, and shows the first chart in the channel."""
    async with app.opened(settings, chats=True) as service:
        for feed in service.feeds:
            outcome = await service.poll(feed)
            if outcome.failed:
                raise CommandError(outcome.failed)
            for fault in outcome.faults[:3]:
                click.echo(f"  {fault.text}")
        accounts = await _accounts(service)
        if not accounts:
            raise CommandError(
                "the config is written, but no counts are in the export: "
                "`ebbwatch import FILE --dry-run` says what was found in it. Put another one "
                "into the folder, then `ebbwatch run`"
            )
        more = f" and {len(accounts) - 1} more" if len(accounts) > 1 else ""
        click.echo(f"Read: {accounts[0]}{more}.")
        reason = await _send_chart(service, channel, accounts[0])
    click.echo(
        f"Not sent: {reason}" if reason else f"A test message with a chart is in {channel}."
    )


async def _accounts(service: Service) -> list[str]:
    """Those that were read, the newest first."""
    from bot.storage import accounts

    known = await service.store.read(accounts.listing)
    known.sort(key=lambda one: -(one.last_reading or 0))
    return [one.account for one in known]


async def _send_chart(service: Service, channel: str, account: str) -> str | None:
    """Gives why it waits, None where it is sent."""
    from bot.storage.accounts import get

    stored = await service.store.read(get, account)
    end = stored.last_reading if stored else None
    chart = ChartSpec(account=account, start=end - _DAYS * DAY, end=end) if end else None
    await queue_test(service, channel, account, chart)
    try:
        return await service.send_waiting(channel)
    except BotError as error:
        return str(error)
