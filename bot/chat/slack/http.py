"""Requests that Slack signs and posts: checked, each taken once, then handed to bolt."""

from __future__ import annotations

import logging
import re
from collections.abc import Awaitable, Callable

import aiohttp
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.async_app import AsyncApp, AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

log = logging.getLogger(__name__)

_STAMP = re.compile(r"[0-9]{1,12}")
_SIGNATURE = re.compile(r"v0=[0-9a-f]{64}")


def signed_requests(
    app: AsyncApp, path: str, secret: str, is_first: Callable[[str], Awaitable[bool]]
) -> web.Application:
    """A server that answers 401 to what is not surely Slack's, and acts once on the rest."""
    verifier = SignatureVerifier(secret)

    async def take(request: web.Request) -> web.StreamResponse:
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        if not (_STAMP.fullmatch(stamp) and _SIGNATURE.fullmatch(signature)):
            return web.Response(status=401)
        try:
            body = (await request.read()).decode()
        except UnicodeDecodeError:
            return web.Response(status=400)
        except (ConnectionError, EOFError, TimeoutError, aiohttp.ClientError) as error:
            log.info("a request of Slack broke off (%s)", type(error).__name__)
            return web.Response(status=400)
        if not verifier.is_valid(body, stamp, signature):
            return web.Response(status=401)
        if not await is_first(f"slack:{signature}"):
            return web.Response()
        asked = AsyncBoltRequest(
            body=body,
            query=request.query_string,
            headers=dict(request.headers),
        )
        return await to_aiohttp_response(await app.async_dispatch(asked))

    server = web.Application()
    server.add_routes([web.post(path, take)])
    return server
