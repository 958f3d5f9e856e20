"""The read API: what pages show, as JSON for programs with a token of their space."""

from __future__ import annotations

from functools import partial

from aiohttp import web
from pydantic import ValidationError

from bot.errors import CommandError
from bot.web.access import Access
from bot.web.calls import CALLS, Call

API = "/api/v1"


def routes(access: Access) -> list[web.RouteDef]:
    return [web.get(f"{API}{call.path}", partial(_answer, access, call)) for call in CALLS]


async def _answer(access: Access, call: Call, request: web.Request) -> web.Response:
    visitor = await access.program(request)
    try:
        asked = call.question.model_validate({**request.query, **request.match_info})
        return web.json_response(await call.answer(visitor.request, asked))
    except ValidationError as error:
        return web.json_response({"error": wrong(error)}, status=400)
    except CommandError as error:
        return web.json_response({"error": str(error)}, status=404)


def wrong(error: ValidationError) -> str:
    """Each key that cannot be what was given, and why."""
    return "; ".join(
        f"{'.'.join(map(str, one['loc']))}: {one['msg']}"
        for one in error.errors(include_url=False, include_input=False, include_context=False)
    )
