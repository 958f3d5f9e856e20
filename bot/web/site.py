"""The page and the API as one aiohttp application, with the headers that all answers carry."""

from __future__ import annotations

import logging
from importlib.resources import files

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from bot.commands.dispatch import CommandDispatcher
from bot.errors import CommandError, StorageError
from bot.message.voice import Voice
from bot.web import api, mcp
from bot.web.access import Access, NotMember, NotSure
from bot.web.pages import Pages

log = logging.getLogger(__name__)
_TYPES = {".css": "text/css", ".js": "text/javascript"}
_LARGEST = 1 << 16
_ELSEWHERE = ("cross-site", "same-site")
"""What a browser says of a form on a page that is not ours."""
_SAID = {NotMember: "left", NotSure: "unsure", web.HTTPTooManyRequests: "many"}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' data:; connect-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "Cross-Origin-Opener-Policy": "same-origin",
}


def site(access: Access, dispatcher: CommandDispatcher, voice: Voice) -> web.Application:
    """Everything but `/healthz` and `/metrics`; nothing is asked of any other server. `voice`
    speaks to who is not known yet."""
    # it logs the whole line of a request that it cannot read, with the token in its address
    logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
    pages = Pages(access, dispatcher, voice)
    app = web.Application(middlewares=[_guard(pages)], client_max_size=_LARGEST)
    app.add_routes([*pages.routes(), *api.routes(access), *mcp.routes(access), *_assets()])
    return app


def _guard(pages: Pages) -> Middleware:
    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            if request.headers.get("Sec-Fetch-Site") in _ELSEWHERE and request.method == "POST":
                raise web.HTTPForbidden
            answer = await handler(request)
        except web.HTTPException as error:
            if error.status < 400:
                error.headers.update(HEADERS)
                raise
            answer = _refused(pages, request, error)
        except CommandError:
            # of what is not there or beyond the wall, in the words of a chat
            answer = pages.closed(404)
        except StorageError as error:
            log.error("a page was not read: %s", error)
            answer = pages.closed(503, "failed")
        except Exception:
            # the address may hold a token: the path's first part says enough
            log.exception("a page failed", extra={"page": request.path.split("/")[1]})
            answer = pages.closed(500, "failed")
        answer.headers.update(HEADERS)
        if not request.path.startswith("/static/"):
            answer.headers["Cache-Control"] = "no-store"
        return answer

    return guard


def _refused(pages: Pages, request: web.Request, error: web.HTTPException) -> web.Response:
    """In words for people, as an object for programs."""
    if request.path.startswith(("/api/", "/mcp")):
        answer = web.json_response({"error": error.reason}, status=error.status)
    else:
        said = [why for kind, why in _SAID.items() if isinstance(error, kind)]
        answer = pages.closed(error.status, *said)
    for name in ("WWW-Authenticate", "Retry-After", "Allow"):
        if name in error.headers:
            answer.headers[name] = error.headers[name]
    return answer


def _assets() -> list[web.RouteDef]:
    """Read once: what a wheel holds need not be a file."""
    kept = {
        each.name: each.read_bytes()
        for each in (files("bot.web") / "static").iterdir()
        if each.name.endswith(tuple(_TYPES))
    }

    async def asset(request: web.Request) -> web.Response:
        name = request.match_info["name"]
        if name not in kept:
            raise web.HTTPNotFound
        kind = _TYPES[name[name.rindex(".") :]]
        return web.Response(
            body=kept[name],
            content_type=kind,
            charset="utf-8",
            headers={"Cache-Control": "max-age=3600"},
        )

    return [web.get("/static/{name}", asset)]
