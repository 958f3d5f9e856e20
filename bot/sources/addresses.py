"""No way into the private network: names that people type may point anywhere."""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx

from bot.errors import SourceRefused


class PublicOnly(httpx.AsyncBaseTransport):
    """Connects to the address that was checked, so that a name cannot change its mind."""

    def __init__(self, source: str, inner: httpx.AsyncBaseTransport) -> None:
        self._source, self._inner = source, inner

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        url = request.url
        refused: httpx.ConnectError | httpx.ConnectTimeout | None = None
        for address in await self._addresses(url.host, url.port or 443):
            request.extensions = {**request.extensions, "sni_hostname": url.host}
            request.url = url.copy_with(host=address)
            try:
                return await self._inner.handle_async_request(request)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                refused = error
        raise refused or httpx.ConnectError(f"{url.host} has no address")

    async def aclose(self) -> None:
        await self._inner.aclose()

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpx.ConnectError(f"{host} has no address") from None
        addresses = [str(entry[4][0]) for entry in found]
        if not all(is_public(address) for address in addresses):
            raise SourceRefused(
                f"{self._source}: {host} lies in a private network: set allow_private = true "
                "in its section if that is meant.",
                source=self._source,
            )
        return addresses


def is_public(address: str) -> bool:
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour
        if inner is not None:
            return is_public(str(inner))
    return ip.is_global and not ip.is_multicast
