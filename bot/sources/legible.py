"""Text that every part can hold: half an emoji and NUL become the sign for what is lost."""

from __future__ import annotations

import re

LOST = "\ufffd"
_HALF = re.compile("[\ud800-\udfff\0]")
_ESCAPED = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|\\u(?:[dD][89a-fA-F][0-9a-fA-F]{2}|0000)"
)
_PAIR = len(r"\ud83d\ude00")


def legible(text: str) -> str:
    """File names that are no UTF-8 and texts that JavaScript cut hold such signs."""
    return text if text.isascii() and "\0" not in text else _HALF.sub(LOST, text)


def legible_json(text: str) -> str:
    """The same for what is escaped in JSON; whole pairs stay."""
    return _ESCAPED.sub(lambda found: found[0] if len(found[0]) == _PAIR else r"\ufffd", text)
