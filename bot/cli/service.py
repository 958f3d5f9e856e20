"""Commands that work with the config and the database."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable, Coroutine, Iterable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from bot.errors import CommandError, ConfigError

if TYPE_CHECKING:
    from bot.config.schema import Settings
    from bot.model.message import Message, Picture
    from bot.model.source import Found

Result = TypeVar("Result")
ROOT = Path(__file__).parents[2]
FILES = click.argument(
    "files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)


FORMAT = click.option(
    "--format",
    "form",
    type=click.Choice(["text", "json"]),
    default="text",
    help="json: one object a line, for programs.",
)


def _named_columns(
    _: click.Context, __: click.Parameter, given: Sequence[str]
) -> dict[str, str]:
    pairs = [entry.partition("=") for entry in given]
    if not all(sign for _, sign, _ in pairs):
        raise click.BadParameter("--columns wants NAME=COLUMN, followers=Abonnenten")
    return {name: column for name, _, column in pairs}


def known_zone(_: click.Context, __: click.Parameter, name: str | None) -> str | None:
    """Refuses a time zone that nobody knows, as wrong usage."""
    from bot.config.settings import check_timezone

    try:
        return name and check_timezone(name)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None


def known_platform(
    _: click.Context, __: click.Parameter, given: str | Sequence[str] | None
) -> str | Sequence[str] | None:
    """Refuses what looks like a slip in a platform's name; others are a team's own."""
    from bot.sources.profiles import nearest_platform

    for name in (given,) if isinstance(given, str) else given or ():
        if near := nearest_platform(name):
            raise click.BadParameter(f'"{name}" is no platform; did you mean "{near}"?')
    return given


READING = (
    click.option("--platform", callback=known_platform, help="Where the files do not say."),
    click.option("--account", help="platform/handle or handle, where the file does not say."),
    click.option("--wide", is_flag=True, help="Each column is an account."),
    click.option(
        "--daily",
        multiple=True,
        help="A metric given per day, not as a running total; may be repeated.",
    ),
    click.option(
        "--columns",
        multiple=True,
        metavar="NAME=COLUMN",
        callback=_named_columns,
        help="Which column holds what, where the names do not say.",
    ),
    click.option("--date-order", type=click.Choice(["dmy", "mdy", "ymd"])),
)
"""What every command that reads files may be told about them."""


def with_options(
    options: Sequence[Callable[[Callable[..., Any]], Callable[..., Any]]],
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


def config_path(context: click.Context) -> Path:
    """The file named with --config, else config.toml, else the example beside the program."""
    given: Path | None = context.obj["config"]
    if given is not None:
        return given
    for path in (
        Path("config.toml"),
        Path("config.example.toml"),
        ROOT / "config.example.toml",
    ):
        if path.exists():
            return path
    raise ConfigError(["no config.toml here: run `ebbwatch init`, or name one with --config"])


def settings_of(context: click.Context) -> Settings:
    from bot.app import read_config

    return read_config(config_path(context))


def _await(work: Coroutine[Any, Any, Result]) -> Result:
    import asyncio

    return asyncio.run(work)


@click.command()
@click.option("--verbose", is_flag=True, help="Log lines on the terminal, not into a file.")
@click.pass_context
def run(context: click.Context, /, verbose: bool) -> None:
    """Run the service: poll, check, alert, answer.

    Ends on SIGTERM, Ctrl-C, or "exit" at its prompt.
    """
    from bot.cli.run import run as run_service

    def greet(log: Path | None) -> None:
        if not context.obj["quiet"]:
            where = f"; its log is {log}" if log else ""
            click.echo(
                f"ebbwatch runs with {config_path(context)}; Ctrl-C ends it{where}", err=True
            )

    _await(run_service(settings_of(context), greet=greet, verbose=verbose))


@click.command()
@click.argument("sources", nargs=-1)
@click.pass_context
def poll(context: click.Context, /, sources: Sequence[str]) -> None:
    """Poll SOURCES (all by default) once and review what came."""
    from bot.cli.operate import poll_once

    with nullcontext() if context.obj["quiet"] else _progress_shown():
        said, well = _await(poll_once(settings_of(context), tuple(sources)))
    for line in said:
        click.echo(line)
    if not well:
        raise CommandError("no source could be read: see the reasons above")


@contextmanager
def _progress_shown() -> Iterator[None]:
    """What a long poll has read so far, on stderr."""
    from bot.ingest import poll as polling

    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(source)s: %(rows)s readings so far"))
    handler.addFilter(lambda record: record.msg == polling.MORE)
    before = polling.log.level, polling.log.propagate
    polling.log.addHandler(handler)
    polling.log.setLevel(logging.INFO)
    polling.log.propagate = False
    try:
        yield
    finally:
        polling.log.removeHandler(handler)
        polling.log.setLevel(before[0])
        polling.log.propagate = before[1]


@click.command("import")
@FILES
@FORMAT
@click.option("--dry-run", is_flag=True, help="Read and print without storing.")
@click.option(
    "--timezone", callback=known_zone, help="Of dates without one; the config's by default."
)
@with_options(READING)
@click.pass_context
def import_(
    context: click.Context, /, files: Sequence[Path], form: str, dry_run: bool, **options: Any
) -> None:
    """Read exports into the database.

    Any file, folder or zip that ebbwatch understands: see the README's tables.
    """
    from bot.cli import operate

    settings = settings_of(context)
    work = operate.read_only if dry_run else operate.import_files
    found, said = _await(work(settings, tuple(files), options))
    for shown in map(found_json, found) if form == "json" else found_texts(found):
        click.echo(shown)
    for line in said:
        click.echo(line, err=True)
    if found and all(one.format is None for one in found):
        raise CommandError("nothing was imported: see the reasons above")


def found_json(found: Found) -> str:
    """The stable contract of `ebbwatch import --format json`."""
    fields = asdict(found)
    fields["notes"] = [*found_sentences(found), *found.notes]
    fields["from"], fields["to"] = fields.pop("first"), fields.pop("last")
    order = (
        *("file", "format", "platform", "account", "basis", "readings", "names"),
        *("from", "to", "complete", "bad_rows", "notes"),
    )
    return json.dumps({name: fields[name] for name in order}, ensure_ascii=False)


def found_sentences(found: Found) -> list[str]:
    """What its follower list says."""
    from bot.message import voice_for
    from bot.message.reasons import sentence

    voice = voice_for("en", "UTC")
    return [sentence(voice, one) for one in found.findings]


def found_texts(found: Iterable[Found]) -> Iterator[str]:
    """What each file turned out to be; why some are left out is said once."""
    given: set[tuple[str, ...]] = set()
    for one in found:
        if one.format is None and one.notes in given:
            yield f"{one.file}: left out for the same reason."
            continue
        yield found_text(one)
        if one.format is None:
            given.add(one.notes)


def found_text(found: Found) -> str:
    if found.format is None:
        return f"{found.file}: left out. {' '.join(found.notes)}"
    parts = [f"{found.file}: {found.format}"]
    if found.account:
        parts.append(f"of {found.account}")
    if found.readings:
        parts.append("1 reading" if found.readings == 1 else f"{found.readings:,} readings")
    if found.names:
        complete = {True: "complete", False: "not complete", None: "completeness unknown"}
        parts.append(f"{found.names:,} names, {complete[found.complete]}")
    if found.first:
        parts.append(f"{found.first} to {found.last}")
    if found.bad_rows:
        rows = "row" if found.bad_rows == 1 else "rows"
        parts.append(f"{found.bad_rows:,} {rows} left out")
    notes = [*found_sentences(found), *found.notes]
    if found.account and "/" not in found.account:
        notes.append(f"no platform is known: --platform NAME makes it NAME/{found.account}")
    return ", ".join(parts) + "".join(f"\n    {note}" for note in notes)


@click.command()
@click.argument("account", required=False)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@click.pass_context
def export(context: click.Context, /, account: str | None, output: Path) -> None:
    """Write readings to a .csv, .parquet or .jsonl file.

    Of ACCOUNT, or of all.
    """
    from bot.cli.operate import export_readings

    rows = _await(export_readings(settings_of(context), account, output))
    click.echo(f"{rows:,} readings written to {output}")


@click.command()
@click.argument("subject", metavar="ACCOUNT|FILE")
@click.argument("span", default="30d")
@click.argument(
    "metric",
    type=click.Choice(["followers", "following", "interactions", "views"]),
    default="followers",
)
@click.option("-o", "--output", type=click.Path(path_type=Path), required=True)
@with_options(READING)
@click.pass_context
def chart(
    context: click.Context,
    /,
    subject: str,
    span: str,
    metric: str,
    output: Path,
    **options: Any,
) -> None:
    """Draw ACCOUNT, or an account of FILE, into a PNG file."""
    from bot.cli.operate import ask

    if Path(subject).is_file():
        drawn = _chart_of_file(Path(subject), span, metric, options)
    else:
        message = _await(ask(settings_of(context), f'chart "{subject}" {span} {metric}'))
        drawn = _picture_of(message)
    _save(drawn, output)


def _picture_of(message: Message) -> Picture:
    if message.picture is None:
        raise CommandError(message.in_words().text or message.in_words().title)
    return message.picture


def _save(drawn: Picture, output: Path) -> None:
    try:
        output.write_bytes(drawn.png)
    except OSError as error:
        raise CommandError(f"{output} cannot be written: {error.strerror}") from None
    click.echo(f"{drawn.alt}\nwritten to {output}")


def _chart_of_file(path: Path, span: str, metric: str, options: dict[str, Any]) -> Picture:
    """Needs no config and no database, like `check`."""
    from bot.cli import offline
    from bot.commands.times import read_span

    try:
        days = max(2, read_span(span).days)
    except ValueError:
        raise click.BadParameter(f'"{span}" is no span: write 30d', param_hint="SPAN") from None
    account = options.pop("account")
    given = offline.read_files([path], options | {"timezone": "UTC"}, datetime.now(UTC))
    return offline.chart_of(given, account, days, metric)


def _asking(name: str, about: str, usage: str, *, sources: bool = False) -> click.Command:
    """A command of the chats' table, asked from the command line."""

    @click.command(name, help=about)
    @click.argument("words", nargs=-1, metavar=usage)
    @FORMAT
    @click.pass_context
    def asked(context: click.Context, /, words: Sequence[str], form: str) -> None:
        line = " ".join(f'"{word}"' if " " in word else word for word in (name, *words))
        _answer(context, line, form, sources=sources)

    return asked


def _answer(context: click.Context, line: str, form: str, *, sources: bool = False) -> None:
    from bot.cli.operate import ask, record

    settings = settings_of(context)
    if form == "json":
        print_json(_await(record(settings, line)))
    else:
        _print(_await(ask(settings, line, sources=sources)), settings)


@click.command()
@click.argument("account")
@click.option("-o", "--output", type=click.Path(path_type=Path), help="PNG of its picture.")
@FORMAT
@click.pass_context
def audience(context: click.Context, /, account: str, output: Path | None, form: str) -> None:
    """Who came and who left, from follower lists."""
    from bot.cli.operate import ask

    line = f'audience "{account}"'
    if output is None:
        _answer(context, line, form)
    else:
        _save(_picture_of(_await(ask(settings_of(context), line))), output)


def print_json(told: object) -> None:
    """One object a line where there are several."""
    for each in told if isinstance(told, list) else [told]:
        click.echo(json.dumps(each, ensure_ascii=False))


def _print(message: Message, settings: Settings) -> None:
    from bot.chat.console.adapter import print_message
    from bot.message import voice_for

    print_message(message, voice_for(settings.locale, settings.timezone), sys.stdout)


@click.command()
@FORMAT
@click.pass_context
def doctor(context: click.Context, /, form: str) -> None:
    """Check config, database, sources, chats and clock.

    Exit code 1 where one is wrong.
    """
    from bot.cli.doctor import examine

    path = config_path(context)
    findings = _await(examine(path))
    if form == "json":
        print_json([asdict(finding) for finding in findings])
    for finding in findings if form == "text" else ():
        click.echo(f"{'ok   ' if finding.well else 'WRONG'} {finding.part}: {finding.text}")
    if not all(finding.well for finding in findings):
        sys.exit(1)


@click.command()
@click.argument("target", type=click.Path(path_type=Path), required=False)
@click.pass_context
def backup(context: click.Context, /, target: Path | None) -> None:
    """Copy the database while it is in use."""
    from bot.cli.operate import back_up

    for line in _await(back_up(settings_of(context), target)):
        click.echo(line)


@click.command()
@click.argument("backup", type=click.Path(path_type=Path))
@click.pass_context
def restore(context: click.Context, /, backup: Path) -> None:
    """Put a backup in the database's place; the old one is kept."""
    from bot.cli.restore import restore as put_back

    for line in put_back(settings_of(context), backup):
        click.echo(line)


@click.command()
@click.pass_context
def outbox(context: click.Context) -> None:
    """Show what waits to be sent, and why."""
    from bot.cli.operate import outbox_lines

    for line in _await(outbox_lines(settings_of(context))):
        click.echo(line)


@click.command()
@click.pass_context
def audit(context: click.Context) -> None:
    """Show who changed what, newest first."""
    from bot.cli.operate import audit_lines

    for line in _await(audit_lines(settings_of(context))):
        click.echo(line)


@click.command("send-test")
@click.argument("channel")
@click.pass_context
def send_test(context: click.Context, /, channel: str) -> None:
    """Send a test message to CHANNEL.

    Through the service where one runs.
    """
    from bot.cli.operate import send_test as send

    click.echo(_await(send(settings_of(context), channel)))


@click.command()
@click.argument("target", type=click.Path(path_type=Path), default=Path("config.toml"))
@click.option(
    "--platform",
    "platforms",
    multiple=True,
    callback=known_platform,
    help="instagram, tiktok, youtube ...",
)
@click.option("--source", "origin", type=click.Choice(["exports", "api", "database"]))
@click.option("--discord", "chat", flag_value="discord", help="Alerts go to Discord.")
@click.option("--slack", "chat", flag_value="slack", help="Alerts go to Slack.")
@click.option("--terminal", "chat", flag_value="terminal", help="Alerts go to this terminal.")
@click.option("--account", "accounts", multiple=True, help="What an API is asked for.")
@click.option("--file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--channel", help="discord:CHANNEL_ID or slack:C0123.")
@click.option("--locale", help="en or de.")
@click.option("--timezone", callback=known_zone, help="IANA name.")
@click.option("--api", multiple=True, hidden=True)
@click.option("--ask/--no-ask", "asks", default=None, help="Left out: ask at a terminal.")
@click.option("--example", is_flag=True, help="Write the long example with every key instead.")
@click.pass_context
def init(
    context: click.Context, /, target: Path, asks: bool | None, example: bool, **said: Any
) -> None:
    """Ask a little, write a config, send a first chart.

    DISCORD_TOKEN or SLACK_BOT_TOKEN are taken from the environment where they are set.
    """
    from bot.cli.init import Said, init, stopped, write_example

    if target.exists():
        raise CommandError(
            f"{target} exists already: edit it, or name another file (ebbwatch init my.toml)"
        )
    if example:
        write_example(target, ROOT)
    else:
        try:
            init(target, Said(**said), asks=sys.stdin.isatty() if asks is None else asks)
        except (click.Abort, KeyboardInterrupt):
            click.echo(f"\n{stopped(target)}", err=True)
            raise


@click.command("slack-manifest")
@click.pass_context
def slack_manifest(context: click.Context) -> None:
    """Print the Slack app manifest.

    It names exactly the scopes that are used.
    """
    from bot.cli.operate import slack_manifest as manifest

    click.echo(manifest(settings_of(context)))


@click.command("discord-invite")
@click.argument("application_id")
def discord_invite(application_id: str) -> None:
    """Print the link that invites the Discord application.

    It asks for exactly the rights that are used.
    """
    from bot.cli.operate import discord_invite as invite

    click.echo(invite(application_id))


COMMANDS: tuple[click.Command, ...] = (
    *(
        run,
        poll,
        import_,
        export,
        chart,
        audience,
        doctor,
        backup,
        restore,
        outbox,
        audit,
        send_test,
        init,
    ),
    *(slack_manifest, discord_invite),
    _asking("status", "How all accounts, or one, are doing.", "[ACCOUNT]"),
    _asking("incidents", "List incidents: open (default) or all.", "[open|all]"),
    _asking("why", "Explain one incident with all its evidence.", "INCIDENT"),
    _asking("summary", "What happened in the last day, week or month.", "[day|week|month]"),
    _asking("accounts", "List the accounts.", "[PATTERN]"),
    _asking("preview", "What each sensitivity would have told in 90 days.", ""),
    _asking("watch", "Watch an account, or let a forgotten one in.", "ACCOUNT", sources=True),
    _asking("unwatch", "Stop watching an account.", "ACCOUNT"),
    _asking("forget", "Erase an account for good; it stays away.", "ACCOUNT [yes]"),
)
