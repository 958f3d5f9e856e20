"""No way into the private network: names that people type may point anywhere."""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from typing import TYPE_CHECKING

import httpcore
import httpx

from bot.errors import SourceRefused

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable


def public_transport(source: str, verify: ssl.SSLContext) -> httpx.AsyncHTTPTransport:
    """An httpx transport that connects to public addresses only."""
    transport = httpx.AsyncHTTPTransport(verify=verify)
    # httpx has no argument for it; test_web sees to it that a new version still obeys
    transport._pool = httpcore.AsyncConnectionPool(
        ssl_context=verify,
        max_connections=100,
        max_keepalive_connections=20,
        keepalive_expiry=5.0,
        network_backend=PublicOnly(source, httpcore.AnyIOBackend()),
    )
    return transport


class PublicOnly(httpcore.AsyncNetworkBackend):
    """Connects to the address that was checked, so that a name cannot change its mind."""

    def __init__(self, source: str, inner: httpcore.AsyncNetworkBackend) -> None:
        self._source, self._inner = source, inner

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109, the interface of httpcore
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        failed: Exception = httpcore.ConnectError(f"{host} has no address")
        for address in await self._addresses(host, port):
            try:
                return await self._inner.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failed = error
        raise failed

    async def sleep(self, seconds: float) -> None:
        await self._inner.sleep(seconds)

    async def _addresses(self, host: str, port: int) -> list[str]:
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):
            raise httpcore.ConnectError(f"{host} has no address") from None
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
