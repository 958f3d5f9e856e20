"""Plain HTTP beside Slack's Web API: uploads, answers, files that people give."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

from bot.chat.slack.errors import SlackRefusal
from bot.chat.words import LARGEST_FILE
from bot.errors import DeliveryDeferred, DeliveryError, DeliveryRefused, DeliveryUnconfirmed


class SlackWeb:
    """One session for all requests; `token` goes to Slack's own hosts only."""

    def __init__(self, base_url: str, token: str, timeout: float) -> None:
        self._host = urlsplit(base_url).hostname
        self._token = token
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._session: aiohttp.ClientSession | None = None

    @property
    def session(self) -> aiohttp.ClientSession:
        """Made at the first use: a session needs a running loop."""
        if self._session is None or self._session.closed:
            self._session = aiohttp.ClientSession(timeout=self._timeout)
        return self._session

    async def upload(self, url: str, content: bytes) -> None:
        await self._post(url, "the upload of a file", data=content)

    async def respond(self, url: str, body: Mapping[str, Any]) -> None:
        await self._post(url, "an answer to a command", json=dict(body))

    async def fetch(self, url: str) -> bytes:
        """A file that a person chose."""
        host = urlsplit(url).hostname or ""
        if host != self._host and not host.endswith((".slack.com", ".slack-files.com")):
            raise DeliveryRefused(
                "Slack: the file does not lie at Slack: upload it from your machine."
            )
        headers = {"Authorization": f"Bearer {self._token}"}
        parts: list[bytes] = []
        try:
            async with self.session.get(
                url, headers=headers, proxy=proxy_for(url), allow_redirects=False
            ) as response:
                size = 0
                async for part in response.content.iter_chunked(2**16):
                    parts.append(part)
                    size += len(part)
                    if size > LARGEST_FILE:
                        break
        except Exception as error:
            raise broken(error, "the download of a file", "") from None
        if size > LARGEST_FILE:
            raise DeliveryRefused(
                "Slack: the file is too large: import it where ebbwatch runs."
            )
        # Without the scope Slack answers 200 with its sign-in page, or sends elsewhere.
        if response.status != 200 or response.content_type == "text/html":
            raise DeliveryRefused(
                "Slack: the file cannot be read: the app needs the scope files:read, or the "
                "file is gone. Install the app again from its manifest."
            )
        return b"".join(parts)

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()

    async def _post(self, url: str, what: str, **content: Any) -> None:
        try:
            async with self.session.post(url, proxy=proxy_for(url), **content) as response:
                text = await response.text(errors="replace")
        except Exception as error:
            raise broken(error, what, "") from None
        if response.status >= 500 or response.status == 429:
            raise DeliveryDeferred(
                f"Slack: {what} failed (HTTP {response.status}): it is tried again by itself"
            )
        if response.status != 200 or '"ok":false' in text.replace(" ", ""):
            raise SlackRefusal(
                f"Slack: {what} was not taken (HTTP {response.status}): ask again.",
                word=str(response.status),
            )


def proxy_for(url: str) -> str | None:
    """The proxy of the environment, with its exceptions: the SDK knows no exceptions."""
    host = urlsplit(url).hostname or ""
    if host in ("localhost", "127.0.0.1", "::1") or proxy_bypass(host):
        return None
    proxies = getproxies()
    return proxies.get("https") or proxies.get("http")


def broken(error: Exception, method: str, channel: str) -> DeliveryError:
    """The error for a request without a whole answer; `channel` is "slack:C123" or ""."""
    where = channel or "Slack"
    if isinstance(error, aiohttp.ClientConnectorError):
        return DeliveryDeferred(
            f"{where}: Slack cannot be reached: check the network; it is tried again by itself",
            channel=channel,
        )
    return DeliveryUnconfirmed(
        f"{where}: no whole answer to {method} ({type(error).__name__}): it is looked up "
        "before a repeat",
        channel=channel,
    )
