"""Polite HTTP: every source that asks a server goes through here.

Every trouble becomes a SourceError that names the host and never the query, the headers or
a secret. Time-outs, answers too large, redirects to other hosts and private addresses are
refused; what passes by itself is tried again; rate limits are kept before they are hit.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, urljoin, urlsplit

from bot.config.settings import hide
from bot.errors import (
    AccountNotFound,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from bot.model.source import Surroundings
from bot.sources.web.answer import Reply, message_in, place
from bot.sources.web.limits import LONGEST_REST, Pace

if TYPE_CHECKING:
    import httpx

LARGEST = 32 * 1024 * 1024
"""Bytes of one answer, unpacked."""

_ATTEMPTS = 4
_FIRST_PAUSE = 1.0
_LONGEST_PAUSE = 60.0
_LONGEST = 30.0
_ALTOGETHER = 40.0
"""Seconds for one answer, and after which no further attempt is made: a server that is silent,
or sends less than it announces, must not hold up the poll."""
_REDIRECTS = 3
_TOKEN = 12
"""Letters from which on a piece of an address is taken for a secret, not for a word."""
_AGENT = "ebbwatch (follower count monitor)"


class _TimedOut(SourceUnavailable):
    """A second attempt would most likely take as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """Requests beside each other, and the least seconds between two."""

    concurrency: int = 4
    spacing: float = 0.0


_USUAL = Manners()


class Web:
    """One source's way to its servers. `secrets` are struck out of everything that is told.

    `private` allows addresses of this machine and its network.
    """

    def __init__(
        self,
        name: str,
        surroundings: Surroundings,
        *,
        headers: Mapping[str, str] | None = None,
        secrets: Iterable[str] = (),
        private: bool = False,
        manners: Manners = _USUAL,
    ) -> None:
        self.name = name
        self.headers = dict(headers or {})
        self.secrets = list(secrets)
        self.planned = 1
        self._spacing = manners.spacing
        self._paces: dict[str, Pace] = {}
        self._surroundings = surroundings
        self._private = private
        self._seats = asyncio.Semaphore(manners.concurrency)

    async def get(
        self,
        url: str,
        params: Mapping[str, Any] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        etag: str | None = None,
        allow: Sequence[int] = (),
        account: str | None = None,
    ) -> Reply:
        """`allow` holds statuses from 400 on that the caller understands.

        The URL keeps its own query, `params` join it.
        """
        sent: dict[str, Any] = {**(headers or {}), **({"If-None-Match": etag} if etag else {})}
        query = {"params": _joined_query(url, params)} if params else {}
        return await self._ask(url, {**query, "headers": sent}, allow, account)

    async def post(
        self,
        url: str,
        data: Mapping[str, Any],
        *,
        headers: Mapping[str, str] | None = None,
        allow: Sequence[int] = (),
        account: str | None = None,
    ) -> Reply:
        """Sends a form; only for requests that may be repeated."""
        form = {"method": "POST", "data": data, "headers": headers or {}}
        return await self._ask(url, form, allow, account)

    def pace(self, url: str) -> Pace:
        """The pace of the URL's host; a new one expects `planned` requests."""
        host = urlsplit(url).netloc
        if host not in self._paces:
            world = self._surroundings
            self._paces[host] = Pace(world.monotonic, world.sleep, self._spacing)
            self._paces[host].planned = self.planned
        return self._paces[host]

    def plan(self, requests: int) -> None:
        """How many requests come next: the windows are spread over them."""
        self.planned = requests
        for pace in self._paces.values():
            pace.planned = requests

    async def close(self) -> None:
        if "_client" in self.__dict__:
            await self._client.aclose()

    async def _ask(
        self, url: str, sent: Mapping[str, Any], allow: Sequence[int], account: str | None
    ) -> Reply:
        """`sent` holds what `httpx.AsyncClient.build_request` takes beside the URL."""
        pause = _FIRST_PAUSE
        begun = self._surroundings.monotonic()
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                async with self._seats:
                    await self._wait(url)
                    reply = await self._once(url, sent)
                return self._judged(reply, allow, account)
            except SourceUnavailable as error:
                wait = pause if error.retry_after is None else error.retry_after
                spent = self._surroundings.monotonic() - begun
                if attempt == _ATTEMPTS or wait > _LONGEST_PAUSE or spent > _ALTOGETHER:
                    raise
                if isinstance(error, _TimedOut):
                    raise
                await self._surroundings.sleep(wait)
                pause *= 4
        raise AssertionError("unreachable")

    async def _wait(self, url: str) -> None:
        wait = self.pace(url).next_wait()
        if wait > _LONGEST_PAUSE:
            raise SourceUnavailable(
                f"{self.name}: the rate limit of {place(url)} is used up; going on in "
                f"{wait:.0f} s.",
                source=self.name,
                retry_after=wait,
            )
        await self.pace(url).take()

    async def _once(self, url: str, sent: Mapping[str, Any]) -> Reply:
        import httpx

        for _ in range(_REDIRECTS + 1):
            try:
                async with asyncio.timeout(_LONGEST):
                    reply = await self._exchange(url, sent)
            except (TimeoutError, httpx.TimeoutException):
                text = f"{self.name}: {place(url)} did not answer in time."
                raise _TimedOut(text, source=self.name) from None
            except httpx.InvalidURL:
                raise SourceRefused(
                    f"{self.name}: its address is no URL: correct url.", source=self.name
                ) from None
            except httpx.HTTPError as error:
                what = f"cannot be reached ({type(error).__name__})"
                raise self._unavailable(url, what) from None
            target = reply.headers.get("location")
            if reply.status not in {301, 302, 303, 307, 308} or not target:
                return reply
            url, sent = self._redirected(url, target), {**sent, "params": None}
        raise SourceChanged(
            f"{self.name}: {place(url)} redirects in a circle.", source=self.name
        )

    def _redirected(self, url: str, target: str) -> str:
        new = urljoin(url, target)
        old, then = urlsplit(url), urlsplit(new)
        if (then.scheme, then.netloc) == (old.scheme, old.netloc):
            return new
        if (old.scheme, then.scheme, then.netloc) == ("http", "https", old.netloc):
            return new
        raise SourceChanged(
            f"{self.name}: {place(url)} redirects to {then.hostname}: if that is its new "
            "address, put it into the config.",
            source=self.name,
            where=place(url),
        )

    async def _exchange(self, url: str, sent: Mapping[str, Any]) -> Reply:
        headers = {**self.headers, **sent["headers"]}
        request = self._client.build_request(
            **{"method": "GET", **sent, "url": url, "headers": headers}
        )
        response = await self._client.send(request, stream=True)
        try:
            content = bytearray()
            async for chunk in response.aiter_bytes():
                content += chunk
                if len(content) > LARGEST:
                    raise SourceChanged(
                        f"{self.name}: {place(url)} answered with more than "
                        f"{LARGEST // 1024**2} MB: ask it for less.",
                        source=self.name,
                        where=place(url),
                    )
        finally:
            await response.aclose()
        self.pace(url).heed(response.status_code, response.headers)
        return Reply(self.name, url, response.status_code, response.headers, bytes(content))

    def _judged(self, reply: Reply, allow: Sequence[int], account: str | None) -> Reply:
        status = reply.status
        if status < 400 or status in allow:
            return reply
        where = place(reply.url)
        said = self.clean(message_in(reply.content))
        text = f"{self.name}: {where} answered {status}{f' ({said})' if said else ''}"
        spent = status == 403 and self.pace(reply.url).reset_in() is not None
        if status in {408, 429} or status >= 500 or spent:
            wait = self.pace(reply.url).asked(reply.headers)
            later = "it is asked again later."
            if wait is not None and wait > LONGEST_REST:
                later = f"it wants {wait / 3600:,.0f} hours of rest and is asked again in one."
                wait = LONGEST_REST
            raise SourceUnavailable(f"{text}; {later}", source=self.name, retry_after=wait)
        if status in {401, 403}:
            raise SourceRefused(f"{text}: check the token and its rights.", source=self.name)
        if status in {404, 410} and account is not None:
            raise AccountNotFound(
                f"{self.name}: {where} has no account {account} (any more).",
                source=self.name,
                account=account,
            )
        raise SourceChanged(f"{text}.", source=self.name, where=where)

    def _unavailable(self, url: str, what: str) -> SourceError:
        return SourceUnavailable(f"{self.name}: {place(url)} {what}.", source=self.name)

    def clean(self, text: str) -> str:
        """What a server says: without secrets, on one line, short."""
        return " ".join(hide(text, [*self.secrets, *self._sent()]).split())[:200]

    def quoted(self, text: str) -> str:
        """What we say of an answer, without the secrets that it repeats. A short piece of an
        address may be a word of ours."""
        long = [one for one in self.secrets if len(one) >= _TOKEN]
        return hide(text, [*long, *self._sent()])

    def _sent(self) -> list[str]:
        values = self.headers.values()
        sent = {part for value in values for part in (value, *value.split()[-1:])}
        return [part for part in sent if len(part) > 5]

    @cached_property
    def _client(self) -> httpx.AsyncClient:
        import httpx

        from bot.sources.web.addresses import public_transport

        # it would log whole URLs, which may hold a token
        logging.getLogger("httpx").setLevel(logging.WARNING)
        transport = self._surroundings.transport
        if transport is None:
            certificates = _certificates()
            if self._private:
                transport = httpx.AsyncHTTPTransport(verify=certificates)
            else:
                transport = public_transport(self.name, certificates)
        return httpx.AsyncClient(
            transport=transport,
            timeout=httpx.Timeout(30.0, connect=10.0),
            headers={"User-Agent": _AGENT},
            follow_redirects=False,
        )


@cache
def _certificates() -> ssl.SSLContext:
    """Read once: they take longer to load than most answers."""
    import httpx

    return httpx.create_ssl_context()


def _joined_query(url: str, params: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Both as pairs: httpx replaces the query of the URL by the parameters."""
    pairs: list[tuple[str, Any]] = [*parse_qsl(urlsplit(url).query, keep_blank_values=True)]
    for name, value in params.items():
        pairs += (
            [(name, each) for each in value] if isinstance(value, list) else [(name, value)]
        )
    return pairs
