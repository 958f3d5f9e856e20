"""The page of two teams on loopback, and the ways into it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from ipaddress import ip_network
from pathlib import Path
from typing import ClassVar

from aiohttp import ClientSession, CookieJar, web

from bot.errors import DeliveryDeferred
from bot.message import voice_for
from bot.model.chat import Capabilities, Health
from bot.model.command import Caller
from bot.web.access import Access, Door
from bot.web.members import Members
from bot.web.site import site
from bot.web.tries import Tries
from tests.bot.team import NOW, Team, two_teams


@dataclass
class People:
    """What a chat says of who asked once: with the roles of then, unless it is told otherwise.

    `left` names who is not there any more, `roles` the roles of now; `silent` while the chat
    cannot be asked. `asked` counts.
    """

    can: ClassVar = Capabilities(commands=True, members=True)
    known: dict[tuple[str, str], Caller] = field(default_factory=dict)
    left: set[str] = field(default_factory=set)
    silent: bool = False
    asked: int = 0

    def health(self) -> Health:
        return Health(ready=not self.silent, since=0.0, text="people are asked")

    async def member(self, space: str, user: str) -> Caller | None:
        self.asked += 1
        if self.silent:
            raise DeliveryDeferred("the chat is away", channel=space)
        return None if user in self.left else self.known[space, user]


@dataclass
class Served:
    """`base` is where the page is; `clock` moves its time on."""

    team: Team
    base: str
    clock: list[float]
    routes: Sequence[web.AbstractRoute]
    people: Mapping[str, People]

    async def token(self, caller: Caller, line: str) -> str:
        """The secret in what a command answers."""
        if caller.platform in self.people:
            self.people[caller.platform].known[str(caller.space), caller.user] = replace(
                caller, channel=None
            )
        told = (await self.team.dispatcher.answer_line(caller, line)).text
        found = re.search(r"(?:login\?t=|/s/)([\w-]+)", told)
        return found[1] if found else told.partition("\n")[0]

    async def signed_in(self, caller: Caller) -> ClientSession:
        client = ClientSession(self.base, cookie_jar=CookieJar(unsafe=True))
        token = await self.token(caller, "web")
        async with client.post("/login", data={"t": token}) as answer:
            assert answer.status == 200, await answer.text()
        return client


@asynccontextmanager
async def served(folder: Path, locale: str = "en") -> AsyncIterator[Served]:
    async with two_teams(folder, locale) as team:
        clock = [float(NOW)]
        object.__setattr__(team.context, "now", lambda: clock[0])
        object.__setattr__(team.context, "public_url", "http://127.0.0.1")
        numbers = iter(range(10_000))
        people = {platform: People() for platform in ("discord", "slack")}
        access = Access(
            team.store,
            team.dispatcher,
            Members(people, lambda: clock[0]),  # type: ignore[arg-type]
            Tries(lambda: clock[0], [ip_network("127.0.0.0/8")]),
            Door(
                now=lambda: clock[0],
                draw_token=lambda: f"session-{next(numbers):030d}",
                secure=False,
            ),
        )
        app = site(access, team.dispatcher, voice_for(locale, "UTC"))
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        place = web.TCPSite(runner, "127.0.0.1", 0)
        await place.start()
        try:
            base = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield Served(team, base, clock, list(app.router.routes()), people)
        finally:
            await runner.cleanup()
