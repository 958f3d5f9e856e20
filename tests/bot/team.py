"""Two teams on one database: what command tests ask about."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
from sqlite_utils import Database

from bot.commands.dispatch import CommandDispatcher
from bot.commands.request import Context, Space
from bot.commands.table import COMMANDS
from bot.model.command import Attachment, Caller
from bot.model.message import Message
from bot.model.source import Found
from bot.storage import accounts, channels, incidents, readings, sources
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel
from bot.storage.database import Store
from bot.storage.incidents import Change
from checks.model import Incident
from checks.rules import rules_for
from tests.bot.cases import PURGE

DAY = 86400
NOW = int(datetime(2022, 11, 20, 8, 0, tzinfo=UTC).timestamp())
ONE, TWO = "discord:1", "slack:T2"
OURS = ("instagram/lena", "instagram/mo", "tiktok/lena")
THEIRS = ("instagram/rival", "youtube/secret")


@dataclass
class Team:
    """A dispatcher and what it was asked to do beyond storage."""

    dispatcher: CommandDispatcher
    store: Store
    context: Context
    reported: list[str] = field(default_factory=list)
    routed: list[int] = field(default_factory=list)
    imported: list[tuple[str, str]] = field(default_factory=list)
    options: list[Mapping[str, Any]] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)

    async def ask(self, caller: Caller, line: str, *files: Attachment) -> Message:
        return (await self.dispatcher.answer_line(caller, line, files)).in_words()


def console() -> Caller:
    return Caller(
        platform="console", space="console", channel="console:main", user="op", name="op"
    )


def person(space: str = ONE, *, manager: bool = False, admin: bool = False) -> Caller:
    platform = space.partition(":")[0]
    return Caller(
        platform=platform,
        space=space,
        channel=f"{platform}:channel-of-{space[-1]}",
        user="U1",
        name="Ana",
        roles=frozenset({"leads"} if manager else {"fans"}),
        admin=admin,
    )


def counts(names: Sequence[str], days: int = 60) -> pl.DataFrame:
    """Daily counts that rise by some ten a day; `lena` on Instagram falls on the last day."""
    noise = np.random.default_rng(7)
    rows = []
    for place, name in enumerate(names):
        level = 20_000 * (place + 1)
        steps = noise.poisson(20 + place, days)
        for day in range(days):
            level += int(steps[day])
            fall = 4000 if name == OURS[0] and day == days - 1 else 0
            rows.append((name, NOW - (days - 1 - day) * DAY - 3600, level - fall))
    return pl.DataFrame(rows, schema=["account", "at", "followers"], orient="row")


def incident(account: str, **changes: object) -> Incident:
    fallen = replace(
        PURGE, account=account, opened_at=NOW - 3600, alerted_at=NOW, last_finding_at=NOW - 3600
    )
    return replace(fallen, **changes)  # type: ignore[arg-type]


def _fill(db: Database) -> None:
    source = sources.ensure(db, "exports")
    readings.add(db, source.id, counts([*OURS, *THEIRS]), NOW)
    accounts.set_tags(db, {"tiktok/lena": ["team-a"]})
    for name in (*THEIRS, *OURS[:2]):
        incidents.save(db, [Change(incident(name, wave="2022-11-20"))], NOW)
    for space, name in ((ONE, OURS[0]), (ONE, OURS[1]), (TWO, THEIRS[0]), (TWO, THEIRS[1])):
        stored = incidents.listing(db, account=name)[0]
        incidents.number(db, space, stored.id)
    for space in (ONE, TWO):
        caller = person(space)
        channels.put(db, Channel(channel=str(caller.channel), space=space))


@asynccontextmanager
async def two_teams(folder: Path, locale: str = "en") -> AsyncIterator[Team]:
    """`ONE` sees instagram/lena, instagram/mo and #team-a; `TWO` sees the rest."""
    store = Store.open(folder / "ebbwatch.db", now=NOW)
    try:
        await store.write(_fill)
        yield _team(store, locale)
    finally:
        store.close()


def _team(store: Store, locale: str) -> Team:
    async def tell(problem: str) -> None:
        team.reported.append(problem)

    async def import_files(
        file: Attachment | str, space: str, options: Mapping[str, Any]
    ) -> list[Found]:
        name = file.name if isinstance(file, Attachment) else file
        team.imported.append((name, space))
        team.options.append(options)
        return [Found(file=name, format="generic", readings=3, first="2022-11-18")]

    async def look(account: str) -> tuple[str, str]:
        team.looked.append(account)
        return "exports", account.replace("newALIAS", "rival")

    context = Context(
        store=store,
        now=lambda: NOW,
        rules=rules_for,
        sensitivity="balanced",
        import_files=import_files,
        look=look,
        route=lambda db, now, ids: team.routed.extend(ids),
        access=AccessPolicy(
            {
                ONE: ("instagram/lena", "instagram/mo", "instagram/new*", "#team-a"),
                TWO: THEIRS,
            },
            limits={ONE: 4},
        ),
        spaces={space: Space(id=space, managers=frozenset({"leads"})) for space in (ONE, TWO)},
        locale=locale,
        public_url="https://page.example",
    )
    team = Team(
        dispatcher=CommandDispatcher(context, COMMANDS, tell), store=store, context=context
    )
    return team
