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
import httpx

from bot import app
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
_LOOK_SECONDS = 1.0


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
    if chosen.section and chosen.place is None:
        click.echo(
            f"  * {chat} has no token yet: set it, put the ids of your server and channel into "
            "[[spaces]] and [[channels]], then try `ebbwatch doctor`."
        )
    click.echo("Next: ebbwatch run")


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
    text = click.prompt("Which platforms do you watch? (with commas)", default="instagram")
    return tuple(dict.fromkeys(text.lower().replace(",", " ").split()))


def _locale(said: Said, asks: bool) -> tuple[str, str]:
    from tzlocal import get_localzone_name

    from bot.config.settings import check_timezone
    from bot.locales import languages

    locale = said.locale or os.environ.get("LANG", "en")[:2].lower()
    locale = locale if locale in languages() else "en"
    timezone = said.timezone or get_localzone_name() or "UTC"
    if asks and said.locale is None and said.timezone is None:
        words = click.prompt("Language and time zone?", default=f"{locale} {timezone}").split()
        locale, timezone = words[0].lower(), words[-1]
    if locale not in languages():
        raise CommandError(f'"{locale}" is not spoken here: use {" or ".join(languages())}')
    try:
        return locale, check_timezone(timezone)
    except ValueError as error:
        raise CommandError(str(error)) from None


def _terminal(root: Path, said: Said, asks: bool) -> Chosen:
    return Chosen(None, ())


def _discord(root: Path, said: Said, asks: bool) -> Chosen:
    from bot.chat.discord import DiscordSettings, setup

    base = said.api[0] if said.api else DiscordSettings().api_base
    own = [f'api_base = "{base}"'] if said.api else []
    own += [f'gateway = "{address}"' for address in said.api[1:2]]
    token, line = _token(root, "discord", "DISCORD_TOKEN", setup.STEPS, asks, "Bot token")
    if token is None:
        return Chosen(None, (line, *own))
    link = asyncio.run(_with_client(setup.invitation, token, base))
    place = _place(
        lambda: _with_client(setup.places, token, base), said, asks, f"Invite the bot: {link}"
    )
    return Chosen(place, (line, *own))


def _slack(root: Path, said: Said, asks: bool) -> Chosen:
    from bot.chat.slack import SlackSettings, setup

    base = said.api[0] if said.api else SlackSettings().base_url
    own = [f'base_url = "{base}"'] if said.api else []
    token, line = _token(
        root, "slack-bot", "SLACK_BOT_TOKEN", setup.STEPS, asks, "Bot token (xoxb-)"
    )
    if token is None:
        return Chosen(None, (f"bot_{line}", 'app_token_env = "SLACK_APP_TOKEN"', *own))
    _, app_line = _token(root, "slack-app", "SLACK_APP_TOKEN", (), asks, "App token (xapp-)")
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


def _token(
    root: Path, name: str, variable: str, steps: Sequence[str], asks: bool, question: str
) -> tuple[str | None, str]:
    """A secret and the config's line for it: of the environment, or typed and kept in a file
    that only this user can read."""
    if os.environ.get(variable):
        return os.environ[variable], f'token_env = "{variable}"'
    if not asks:
        return None, f'token_env = "{variable}"'
    for number, step in enumerate(steps, 1):
        click.echo(f"  {number}. {step}")
    token = str(click.prompt(question, hide_input=True)).strip()
    folder = root / "secrets"
    folder.mkdir(mode=0o700, exist_ok=True)
    path = folder / f"{name}.token"
    path.touch(mode=0o600)
    path.write_text(token + "\n", encoding="utf-8")
    return token, f'token_file = "secrets/{name}.token"'


def _place(look: Callable[[], Any], said: Said, asks: bool, invitation: str) -> Place | None:
    """The channel that is written to: the one named, the only one, or the one chosen."""
    places: list[Place] = asyncio.run(look())
    if said.channel:
        for one in places:
            if one.channel == said.channel:
                return one
        raise CommandError(f"{said.channel} cannot be seen by the bot. {invitation}")
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
            raise CommandError("nothing could be read from the files: see the reasons above")
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
    from bot.message import voice_for
    from bot.message.welcome import trial
    from bot.storage import channels, outbox
    from bot.storage.accounts import get

    known = await service.store.read(channels.get, channel)
    stored = await service.store.read(get, account)
    assert known is not None
    assert stored is not None
    end = stored.last_reading
    voice = voice_for(known.locale, known.timezone)
    chart = ChartSpec(account=account, start=end - _DAYS * DAY, end=end) if end else None
    await service.store.write(
        outbox.queue,
        outbox.Queued(
            key=f"test:{channel}:{outbox.new_id()}",
            channel=channel,
            space=known.space,
            kind="test",
            message=trial(voice, account, chart),
            now=service.calendar(),
        ),
    )
    try:
        return await service.send_waiting(channel)
    except BotError as error:
        return str(error)
