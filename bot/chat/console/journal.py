"""A text file that messages are written to once each."""

from __future__ import annotations

import os
from pathlib import Path

from bot.errors import DeliveryUnconfirmed


class Journal:
    """A text file of messages that can tell whether one was written whole.

    A message lies between a line `#+ id` and a line `#- id`; its own lines are indented, so
    that no text can look like a mark. A message that a crash has torn lacks its closing
    mark: the next write removes it first.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._whole = False

    def write(self, id: str | None, text: str) -> None:
        body = "".join(f"  {line}\n" if line else "\n" for line in text.splitlines())
        whole = f"#+ {id}\n{body}#- {id}\n" if id else body
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if not self._whole:
            self._drop_torn()
        with open(self._path, "ab") as file:
            self._whole = False
            file.write(whole.encode("utf-8", "replace"))
            file.flush()
            self._whole = True
            try:
                os.fsync(file.fileno())
            except OSError as error:
                raise DeliveryUnconfirmed(
                    f"{self._path}: the disk did not confirm the message "
                    f"({error.strerror}): it is looked up before a repeat",
                ) from None

    def holds(self, id: str) -> bool:
        return f"#- {id}\n".encode() in self._marks()

    def _marks(self) -> list[bytes]:
        try:
            with open(self._path, "rb") as file:
                return [line for line in file if line.startswith((b"#+ ", b"#- "))]
        except FileNotFoundError:
            return []

    def _drop_torn(self) -> None:
        """Cuts the file back to where a message without a closing mark began."""
        try:
            with open(self._path, "r+b") as file:
                opened: int | None = None
                offset = 0
                for line in file:
                    if line.startswith(b"#+ "):
                        opened = offset
                    elif line.startswith(b"#- ") and line.endswith(b"\n"):
                        opened = None
                    offset += len(line)
                if opened is not None:
                    file.truncate(opened)
        except FileNotFoundError:
            return
