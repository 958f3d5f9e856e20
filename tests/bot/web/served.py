"""The page of two teams on loopback, and the ways into it."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from aiohttp import ClientSession, CookieJar, web

from bot.message import voice_for
from bot.model.command import Caller
from bot.web.access import Access
from bot.web.site import site
from tests.bot.team import NOW, Team, two_teams


@dataclass
class Served:
    """`base` is where the page is; `clock` moves its time on."""

    team: Team
    base: str
    clock: list[float]
    routes: Sequence[web.AbstractRoute]

    async def token(self, caller: Caller, line: str) -> str:
        """The secret in what a command answers."""
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
        access = Access(
            team.store,
            team.dispatcher,
            now=lambda: clock[0],
            draw_token=lambda: f"session-{next(numbers):030d}",
            voice=voice_for(locale, "UTC"),
            secure=False,
        )
        app = site(access, team.dispatcher)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        place = web.TCPSite(runner, "127.0.0.1", 0)
        await place.start()
        try:
            base = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield Served(team, base, clock, list(app.router.routes()))
        finally:
            await runner.cleanup()
