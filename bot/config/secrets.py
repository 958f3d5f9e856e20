"""The secrets that a config names, so that no log line shows one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from bot.config.settings import secrets_in

if TYPE_CHECKING:
    from bot.config.schema import Settings


def known_secrets(settings: Settings, environ: Mapping[str, str]) -> list[str]:
    """What the variables and files hold that the config names, and parts of their addresses."""
    found: list[str] = []
    for section in (*settings.sources, *settings.chats.values()):
        for key, text in _texts(section.model_dump()):
            if text in environ:
                found.append(environ[text].strip())
            elif key.endswith("_file"):
                found.append(_content(settings.path(text)))
    found += [environ[name] for name in environ if name.endswith(("TOKEN", "SECRET"))]
    return [part for value in found for part in (value, *_parts(value)) if part]


def _texts(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield key, value
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _texts(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner, key)


def _content(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace")[:10_000].strip()
    except OSError:
        return ""


def _parts(value: str) -> list[str]:
    return secrets_in(value) if "://" in value else []
