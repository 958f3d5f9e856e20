"""What the chats' tables in the config file share; the tables lie beside their adapters."""

from __future__ import annotations

from typing import Annotated
from urllib.parse import urlsplit

from pydantic import AfterValidator

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


def check_url(url: str, schemes: tuple[str, ...] = ("http", "https", "ws", "wss")) -> str:
    """A secret travels over this address: in the clear only to this machine itself."""
    parts = urlsplit(url)
    if parts.scheme not in schemes or not parts.hostname:
        raise ValueError(f'"{url}" is no address: write https://host/path (or wss://)')
    if parts.scheme in {"http", "ws"} and parts.hostname not in _LOOPBACK:
        raise ValueError(
            f'"{url}" would send the token unencrypted: use {parts.scheme}s://, '
            "or an address on this machine such as 127.0.0.1"
        )
    return url


SafeUrl = Annotated[str, AfterValidator(check_url)]
