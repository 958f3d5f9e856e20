"""Who asks, seen through proxies, and how often they may offer a token that opens nothing."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from aiohttp import web

TRIES, TRY_SECONDS = 20, 60
"""Wrong tokens from one address in a minute: a token has 256 bits, this spares the log. What
opens something is never refused, however many others guess from the same address."""

_ADDRESSES = 10_000

Networks = Sequence[IPv4Network | IPv6Network]


class Tries:
    """Counts wrong tokens by the address they came from."""

    def __init__(self, now: Callable[[], float], proxies: Networks) -> None:
        self._now, self._proxies = now, proxies
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()

    def wrong(self, request: web.Request) -> None:
        """Notes one; raises HTTPTooManyRequests from the one after TRIES on."""
        address, now = address_of(request, self._proxies), self._now()
        times = self._wrong.setdefault(address, deque())
        self._wrong.move_to_end(address)
        if len(self._wrong) > _ADDRESSES:
            self._wrong.popitem(last=False)
        while times and times[0] <= now - TRY_SECONDS:
            times.popleft()
        if len(times) >= TRIES:
            raise web.HTTPTooManyRequests(headers={"Retry-After": str(TRY_SECONDS)})
        times.append(now)


def address_of(request: web.Request, proxies: Networks) -> str:
    """The nearest address that is no proxy of ours; an IPv6 network counts as one address.

    `X-Forwarded-For` is read from its end, where our own proxies write; what stands before an
    address that is not theirs may be invented.
    """
    lines = request.headers.getall("X-Forwarded-For", [])
    hops = [hop.strip() for line in lines for hop in line.split(",")]
    nearest = request.remote or ""
    for hop in (nearest, *reversed(hops)):
        try:
            address = ip_address(hop)
        except ValueError:
            break
        if address.version == 6 and address.ipv4_mapped:
            address = address.ipv4_mapped
        nearest = str(
            address if address.version == 4 else ip_network((int(address), 64), False)
        )
        if not any(address in network for network in proxies):
            break
    return nearest
