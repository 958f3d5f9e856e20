"""Tokens that change by themselves: kept in a file that only its owner can read."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from bot.errors import SourceRefused


class Tokens:
    """One source's tokens by account. `seed` is what the config gave; a new seed forgets
    what was kept for the old one."""

    def __init__(self, folder: str, source: str) -> None:
        safe = blake2b(source.encode(), digest_size=6).hexdigest()
        self.path = Path(folder, f"tokens-{safe}.json")
        self._source = source

    def get(self, account: str, seed: str) -> dict[str, Any] | None:
        kept = self._read().get(account)
        return kept if kept is not None and kept.get("seed") == _mark(seed) else None

    def put(self, account: str, seed: str, values: Mapping[str, Any]) -> None:
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

    def _read(self) -> dict[str, Any]:
        try:
            kept = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return kept if isinstance(kept, dict) else {}


def _mark(seed: str) -> str:
    return blake2b(seed.encode(), digest_size=8).hexdigest()
