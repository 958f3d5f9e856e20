"""Log lines that a machine can read and that never hold a secret."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Literal, TextIO

from bot.config.settings import hide

_OWN = frozenset(logging.LogRecord("", 0, "", 0, "", (), None).__dict__) | {
    "message",
    "asctime",
}


class _Lines(logging.Formatter):
    """`logger.info("polled", extra={"source": name})` becomes one key=value or JSON line."""

    def __init__(self, form: Literal["text", "json"], secrets: Iterable[str]) -> None:
        super().__init__()
        self._form = form
        self._secrets = tuple(secret for secret in secrets if secret)

    def format(self, record: logging.LogRecord) -> str:
        pairs: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(
                timespec="milliseconds"
            ),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
        }
        pairs |= {key: value for key, value in vars(record).items() if key not in _OWN}
        if record.exc_info and record.exc_info[0] is not None:
            pairs["error"] = self.formatException(record.exc_info)
        if self._form == "json":
            line = json.dumps(pairs, ensure_ascii=False, default=str)
        else:
            line = " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())
        return hide(line, self._secrets)


def _quoted(value: object) -> str:
    text = str(value).replace("\n", "\\n").replace("\r", "\\r")
    return json.dumps(text, ensure_ascii=False) if not text or set(text) & set(' "=') else text


def start_logging(
    stream: TextIO,
    *,
    form: Literal["text", "json"],
    level: str,
    secrets: Iterable[str] = (),
) -> None:
    """Sends every log line of the process to `stream`; `secrets` are blotted out."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_Lines(form, secrets))
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    logging.getLogger("bot").setLevel(level.upper())
    # it warns of every poll that is left out while the one before still runs
    logging.getLogger("apscheduler").setLevel(logging.ERROR)
