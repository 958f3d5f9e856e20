"""Tokens that change by themselves: kept in a file that only its owner can read."""

from __future__ import annotations

import asyncio
import json
import os
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bot.errors import SourceRefused


class Tokens:
    """One source's tokens by account. `seed` is what the config gave; a new seed forgets
    what was kept for the old one.

    `access` and `refresh` of everything read or kept are added to `secrets`.
    """

    def __init__(self, folder: str, source: str, secrets: list[str]) -> None:
        safe = blake2b(source.encode(), digest_size=6).hexdigest()
        self.path = Path(folder, f"tokens-{safe}.json")
        self._source, self._secrets = source, secrets
        self._renewing = asyncio.Lock()

    async def access(
        self,
        account: str,
        seed: str,
        renew: Callable[[Mapping[str, Any]], Awaitable[Mapping[str, Any]]],
        *,
        ended: Callable[[Mapping[str, Any]], bool] = lambda kept: False,
    ) -> str:
        """The access token, one renewal at a time.

        `renew` makes new values out of those kept, which are none at first; it is called
        again where `ended` is true of them.
        """
        async with self._renewing:
            kept = self.get(account, seed) or {}
            if not kept or ended(kept):
                kept = await renew(kept)
                # kept before it is used: the old one may be worth nothing from now on
                self.put(account, seed, kept)
            return str(kept["access"])

    def get(self, account: str, seed: str) -> Mapping[str, Any] | None:
        kept: dict[str, Any] | None = self._read().get(account)
        if kept is None or kept.get("seed") != _mark(seed):
            return None
        self._hide(kept)
        return kept

    def put(self, account: str, seed: str, values: Mapping[str, Any]) -> None:
        self._hide(values)
        kept = {**self._read(), account: {**values, "seed": _mark(seed)}}
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            handle, draft = tempfile.mkstemp(
                dir=self.path.parent, prefix=".tokens-"
            )  # mode 600
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(kept, file)
                file.flush()
                os.fsync(file.fileno())
            os.replace(draft, self.path)
        except OSError as error:
            raise SourceRefused(
                f"{self._source}: its tokens cannot be written to {self.path} "
                f"({error.strerror}): make the folder writable, or they are lost at the end.",
                source=self._source,
            ) from None

    def _hide(self, values: Mapping[str, Any]) -> None:
        tokens = {str(values[key]) for key in ("access", "refresh") if key in values}
        self._secrets.extend(tokens.difference(self._secrets))

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}


def is_token(refused: str) -> Callable[[Mapping[str, Any]], bool]:
    """True of the values as long as nobody else has renewed the refused token."""
    return lambda kept: bool(kept["access"] == refused)


def _mark(seed: str) -> str:
    return blake2b(seed.encode(), digest_size=8).hexdigest()
