"""The command line: options, output and exit codes; the only place that exits.

Exit codes: 0 done (input that was left out is counted on stderr); 1 it could not be done
(one sentence on stderr says why); 2 wrong usage; 130 interrupted.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from bot.cli.heap import share_one_heap
from bot.cli.service import (
    COMMANDS,
    FILES,
    FORMAT,
    READING,
    known_zone,
    settings_of,
    with_options,
)
from bot.errors import BotError
from bot.model.inline import plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from bot.model.source import Found


def main() -> None:
    """Runs the command line and turns every expected problem into one sentence."""
    share_one_heap()
    if not os.environ.get("EBBWATCH_DEBUG"):
        # log lines are for the service, which says where they go: here sentences say it all
        logging.getLogger("bot").addHandler(logging.NullHandler())
    try:
        cli(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except (click.Abort, KeyboardInterrupt):
        sys.exit(130)
    except BotError as error:
        click.echo(f"ebbwatch: {plain(str(error))}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        sys.stderr.close()
        sys.exit(0)
    except MemoryError:
        click.echo("ebbwatch: out of memory: split the input and try again", err=True)
        sys.exit(1)
    except Exception as error:
        if os.environ.get("EBBWATCH_DEBUG"):
            raise
        text = f"ebbwatch: unforeseen trouble ({type(error).__name__}: {error})"
        click.echo(f"{text}; set EBBWATCH_DEBUG=1 and report what it prints then", err=True)
        sys.exit(1)


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="ebbwatch")
@click.pass_context
def cli(context: click.Context, /) -> None:
    """Watches follower counts and speaks up when something is wrong.

    Exit codes: 0 done, 1 could not be done (a sentence says why), 2 wrong usage,
    130 interrupted.
    """
    context.ensure_object(dict)


_judging_options = with_options(
    [
        FORMAT,
        click.option(
            "--sensitivity",
            type=click.Choice(["strict", "balanced", "sensitive"]),
            default="balanced",
            show_default=True,
        ),
        *READING,
        click.option(
            "--timezone",
            default="UTC",
            show_default=True,
            callback=known_zone,
            help="IANA name.",
        ),
        click.option("--min-percent", type=float, help="Replaces the sensitivity's floor."),
        click.option("--min-count", type=float, help="Replaces the sensitivity's floor."),
        click.option("--notices", is_flag=True, help="Print notices too."),
    ]
)


@cli.command()
@FILES
@click.option(
    "--as-of", help="Judge this moment instead of the last reading: date or ISO time."
)
@_judging_options
@click.pass_context
def check(
    context: click.Context,
    /,
    files: Sequence[Path],
    as_of: str | None,
    form: str,
    notices: bool,
    **options: Any,
) -> None:
    """Judge one moment of an export, without database or config."""
    from bot.cli import offline

    timezone = options["timezone"]
    with _working(context, f"Reading {offline.counted(len(files), 'file')}"):
        given = offline.read_files(files, _reading(options), datetime.now(UTC))
    at = offline.moment(as_of, timezone) if as_of else None
    with _working(context, "Checking"):
        checked = offline.check(
            given.frame, _rules(options), as_of=at, timezone=timezone, lists=given.lists
        )
    incidents = checked.incidents
    found = offline.counted(len(incidents), "incident") if incidents else "nothing stands out"
    end = f"{offline.counted(checked.judged, 'account')} judged, {found}."
    called = offline.names_shown(given.names) if form == "text" else {}
    incidents = offline.called(incidents, called)
    _show(incidents, checked.notices if notices else (), form, timezone, end)
    if form == "text":
        _say_early([called.get(name, name) for name in checked.early])
    _say_read(context, given.found)


@cli.command()
@click.argument("files", nargs=-1, required=True)
@click.option(
    "--every",
    default="1d",
    show_default=True,
    help="Judge in this rhythm, which must divide a day: 1h, 6h, 1d.",
)
@click.option(
    "--engine",
    type=click.Choice(["local", "dask"]),
    help="FILES is a lake of Parquet files (a folder, a glob, s3://...), judged once a day.",
)
@_judging_options
@click.pass_context
def backtest(
    context: click.Context,
    /,
    files: Sequence[str],
    engine: Literal["local", "dask"] | None,
    **options: Any,
) -> None:
    """Replay an export or lake day by day: what was told.

    Causally: each day knows only what was read until then.
    """
    if engine is not None:
        _backtest_lake(context, files, engine, options)
        return
    there = click.Path(exists=True, path_type=Path)
    paths = [there.convert(file, None, context) for file in files]
    _backtest_files(context, paths, **options)


def _backtest_lake(
    context: click.Context,
    files: Sequence[str],
    engine: Literal["local", "dask"],
    options: dict[str, Any],
) -> None:
    from bot.cli import lakes
    from bot.sources.lake.settings import LakeSettings

    if len(files) > 1 or options["every"] != "1d":
        raise click.UsageError("a lake is one path, replayed once a day: leave out --every")
    keys = {name: options[name] for name in ("platform", "timezone", "daily", "columns")}
    lake = LakeSettings(name="lake", kind="lake", path=files[0], **keys)
    with _counting(context) as progress:
        found, left_out = lakes.backtest(lake, _rules(options), engine, progress)
    end = _told(found)
    _show(found, (), options["form"], options["timezone"], end)
    for one in left_out:
        click.echo(f"left out: {one}", err=True)


def _told(incidents: Sequence[Any]) -> str:
    from bot.cli.offline import counted

    alerted = sum(incident.alerted_at is not None for incident in incidents)
    return f"{counted(len(incidents), 'incident')}, {alerted} of them alerted."


def _backtest_files(
    context: click.Context,
    files: Sequence[Path],
    *,
    every: str,
    form: str,
    notices: bool,
    **options: Any,
) -> None:
    from bot.cli import offline

    rhythm = _rhythm(every)
    with _working(context, f"Reading {offline.counted(len(files), 'file')}"):
        given = offline.read_files(files, _reading(options), datetime.now(UTC))
    with _working(context, "Replaying"):
        incidents, told = offline.backtest(
            given.frame,
            _rules(options, looks=round(timedelta(days=1) / rhythm)),
            every=rhythm,
            timezone=options["timezone"],
            with_notices=notices,
            lists=given.lists,
        )
    end = _told(incidents)
    if form == "text":
        incidents = offline.called(incidents, offline.names_shown(given.names))
    _show(incidents, told, form, options["timezone"], end)
    _say_read(context, given.found)


@cli.command()
@click.option("--as-of", help="Judge this moment instead of the newest reading.")
@click.option("--engine", type=click.Choice(["local", "dask"]), help="Instead of the config's.")
@FORMAT
@click.option("--notices", is_flag=True, help="Print notices too.")
@click.pass_context
def judge(
    context: click.Context,
    /,
    as_of: str | None,
    engine: Literal["local", "dask"] | None,
    form: str,
    notices: bool,
) -> None:
    """Judge one moment of the config's lakes, like check.

    Stopped, it goes on from where it was.
    """
    from bot.app import rules_of
    from bot.cli import lakes, offline

    settings = settings_of(context)
    at = offline.moment(as_of, settings.timezone) if as_of else None
    with _counting(context) as progress:
        checked, left_out = lakes.judge(
            settings, rules_of(settings), as_of=at, kind=engine, progress=progress
        )
    found = offline.counted(len(checked.incidents), "incident")
    end = f"{offline.counted(checked.judged, 'account')} judged, {found}."
    said = checked.notices if notices else ()
    _show(checked.incidents, said, form, settings.timezone, end)
    for one in left_out:
        click.echo(f"left out: {one}", err=True)


@contextmanager
def _counting(context: click.Context) -> Iterator[Callable[[str, int, int], None]]:
    """Bars on a terminal's stderr, one of each pass over the partitions."""
    from rich.console import Console
    from rich.progress import Progress, TaskID

    console = Console(stderr=True)
    silent = context.obj["quiet"] or not console.is_terminal
    tasks: dict[str, TaskID] = {}
    with Progress(console=console, disable=silent) as bars:

        def progress(name: str, done: int, whole: int) -> None:
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=done, total=whole)

        yield progress


def _rhythm(text: str) -> timedelta:
    from bot.config.settings import parse_duration

    try:
        rhythm = parse_duration(text)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--every") from None
    if rhythm < timedelta(minutes=5) or timedelta(days=1) % rhythm:
        raise click.BadParameter(
            f"{text} does not divide a day into looks of at least 5 minutes: use 1h, 6h or 1d",
            param_hint="--every",
        )
    return rhythm


def _reading(options: dict[str, Any]) -> dict[str, Any]:
    names = ("platform", "timezone", "daily", "columns", "date_order", "wide", "account")
    return {name: options[name] for name in names}


def _rules(options: dict[str, Any], looks: int = 1) -> Any:
    from checks.rules import rules_for

    return rules_for(
        options["sensitivity"],
        min_percent=options["min_percent"],
        min_count=options["min_count"],
        looks=looks,
    )


@contextmanager
def _working(context: click.Context, what: str) -> Iterator[None]:
    """A spinner on a terminal's stderr while something takes its time."""
    if context.obj["quiet"] or not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} ..."):
        yield


def _show(
    incidents: Sequence[Any], notices: Sequence[Any], form: str, timezone: str, end: str
) -> None:
    from bot.cli import offline

    if form == "json":
        from bot.message.contract import incident_fields, notice_fields

        fields = [incident_fields(incident, timezone) for incident in incidents]
        for each in (*fields, *(notice_fields(notice, timezone) for notice in notices)):
            click.echo(json.dumps(each, ensure_ascii=False))
        return
    offline.print_incidents(incidents, notices, timezone, end)


def _say_early(early: Any) -> None:
    if early:
        from bot.cli.offline import counted

        named = ", ".join(sorted(early)[:5]) + (" ..." if len(early) > 5 else "")
        many = counted(len(early), "account")
        click.echo(f"Too early to say for {many}, it takes 8 daily changes: {named}", err=True)


def _say_read(context: click.Context, found: Sequence[Found]) -> None:
    """What each file turned out to be, and what of it was left out, as `import` says it."""
    from bot.cli.service import found_texts

    quiet = context.obj["quiet"]
    worth = [one for one in found if one.notes or one.findings or one.bad_rows or not quiet]
    for text in found_texts(worth):
        click.echo(text, err=True)


def _remember(context: click.Context, parameter: click.Parameter, given: Any) -> None:
    """What is said before the command or after it; the word nearer to the command wins."""
    told = context.ensure_object(dict)
    if given or parameter.name not in told:
        told[parameter.name] = given


def _everywhere() -> tuple[click.Option, ...]:
    return (
        click.Option(
            ["--config"],
            type=click.Path(path_type=Path),
            callback=_remember,
            expose_value=False,
            help="Config file; left out: config.toml, or the demo where there is none.",
        ),
        click.Option(
            ["--quiet"],
            is_flag=True,
            callback=_remember,
            expose_value=False,
            help="No progress, only results and problems.",
        ),
    )


for _command in COMMANDS:
    cli.add_command(_command)
for _command in (cli, *cli.commands.values()):
    _command.params.extend(_everywhere())
