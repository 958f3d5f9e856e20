"""An answer over HTTP, and what may be told of it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from bot.errors import SourceChanged
from bot.sources.legible import legible_json

_TOKEN = re.compile(r"(?=.*[0-9])(?=.*[A-Za-z])[A-Za-z0-9_\-.~%:=]{24,}")


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer below 400, or with a status that the caller allowed."""

    name: str
    url: str
    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def unchanged(self) -> bool:
        """The server says that what `etag` stood for is still true."""
        return self.status == 304

    @property
    def etag(self) -> str | None:
        return self.headers.get("etag")

    def json(self) -> Any:
        try:
            text = self.content.decode(json.detect_encoding(self.content), "replace")
            return json.loads(legible_json(text))
        except (ValueError, RecursionError):
            raise SourceChanged(
                f"{self.name}: {place(self.url)} did not answer with JSON: it may be down for "
                "maintenance, or its address has changed.",
                source=self.name,
                where=place(self.url),
            ) from None

    def object(self) -> dict[str, Any]:
        value = self.json()
        if not isinstance(value, dict):
            raise SourceChanged(
                f"{self.name}: {place(self.url)} answered with a {type(value).__name__} where "
                "an object is documented.",
                source=self.name,
                where=place(self.url),
            )
        return value


def place(url: str) -> str:
    """What may be told of a URL: host and path, never user, query or fragment.

    A part of the path that looks like a token is left out too.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "its address"
    path = "/".join("***" if _TOKEN.fullmatch(each) else each for each in parts.path.split("/"))
    return f"{parts.hostname or ''}{port}{path}"


def message_in(content: bytes) -> str:
    """The sentence in a JSON error of the usual shapes."""
    try:
        value = json.loads(content[:10_000])
    except (ValueError, RecursionError):
        return ""
    for _ in range(3):
        if isinstance(value, list) and value:
            value = value[0]
        if isinstance(value, dict):
            keys = ("error_description", "message", "detail", "error", "errors", "title")
            value = next((value[key] for key in keys if value.get(key)), "")
    return value if isinstance(value, str) else ""
