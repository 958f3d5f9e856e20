"""The read API: what pages show, as JSON for programs with a token of their space."""

from __future__ import annotations

from datetime import timedelta

from aiohttp import web

from bot.commands import records
from bot.commands.parse import Target
from bot.errors import CommandError
from bot.web.access import Access


class Api:
    """Handlers of `/api/v1`; each answers an object or a list of the commands' own records."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/api/v1/accounts", self.accounts),
            web.get("/api/v1/accounts/{platform}/{handle:.+}", self.account),
            web.get("/api/v1/incidents", self.incidents),
            web.get("/api/v1/incidents/{number:\\d{1,9}}", self.incident),
            web.get("/api/v1/readings/{platform}/{handle:.+}", self.readings),
        ]

    async def accounts(self, request: web.Request) -> web.Response:
        visitor = await self._access.program(request)
        pattern = request.query.get("pattern", "*")
        return web.json_response(
            await records.account_list(visitor.request, {"pattern": pattern})
        )

    async def account(self, request: web.Request) -> web.Response:
        visitor = await self._access.program(request)
        try:
            return web.json_response(
                await records.status(visitor.request, {"account": _name(request)})
            )
        except CommandError:
            raise web.HTTPNotFound from None

    async def incidents(self, request: web.Request) -> web.Response:
        """Open ones; all with `?which=all`."""
        visitor = await self._access.program(request)
        which = request.query.get("which", "open")
        return web.json_response(await records.incident_list(visitor.request, {"which": which}))

    async def incident(self, request: web.Request) -> web.Response:
        visitor = await self._access.program(request)
        number = int(request.match_info["number"])
        try:
            return web.json_response(
                await records.why(visitor.request, {"incident": Target(number)})
            )
        except CommandError:
            raise web.HTTPNotFound from None

    async def readings(self, request: web.Request) -> web.Response:
        """A series of `?metric=` over `?days=` with the band it was expected in."""
        visitor = await self._access.program(request)
        metric, days = (
            request.query.get("metric", "followers"),
            request.query.get("days", "120"),
        )
        if metric not in records.SERIES or not (
            days.isascii() and days.isdigit() and len(days) < 5
        ):
            raise web.HTTPBadRequest(text="metric or days is not one that is known")
        asked = {
            "account": _name(request),
            "metric": metric,
            "days": timedelta(days=int(days)),
        }
        try:
            return web.json_response(await records.series(visitor.request, asked))
        except CommandError:
            raise web.HTTPNotFound from None


def _name(request: web.Request) -> str:
    return f"{request.match_info['platform']}/{request.match_info['handle']}"
