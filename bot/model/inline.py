"""Links and moments inside a message's plain text, between marks that no data can forge.

The marks are private-use characters: everything that cleans a name or a text drops them. A
platform shows a link as its own kind of link and a moment in each reader's own time; where it
cannot, the plain words between the marks stand for both.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

OPEN, MIDDLE, CLOSE = "\ue000", "\ue001", "\ue002"
MARKS = OPEN + MIDDLE + CLOSE

Style = Literal["moment", "day", "ago"]

_TOKEN = re.compile(f"{OPEN}([^{MARKS}]*){MIDDLE}([^{MARKS}]*){CLOSE}")
_ANY = re.compile(f"[{MARKS}]")
_MOMENT = re.compile(r"(moment|day|ago):(\d{1,11})")
# Nothing in it ends or begins a link on any platform.
_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::\d+)?(?:/[\w@%.~/?=&-]*)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Run:
    """A stretch of text: bare, a link to `url`, or the moment `at` (epoch seconds)."""

    text: str
    url: str | None = None
    at: int | None = None
    style: Style = "moment"


def link(text: str, url: str | None) -> str:
    """The text as a link; as it is where there is no address that is safe to show."""
    if not text or url is None or not _URL.fullmatch(url):
        return text
    return f"{OPEN}{plain(text)}{MIDDLE}{url}{CLOSE}"


def moment(text: str, at: float, style: Style = "moment") -> str:
    """The words for a moment, which a platform may replace by each reader's own."""
    return f"{OPEN}{plain(text)}{MIDDLE}{style}:{max(0, int(at))}{CLOSE}"


def runs(text: str) -> Iterator[Run]:
    """The text in its stretches; half a mark counts as none."""
    end = 0
    for found in _TOKEN.finditer(text):
        if before := _ANY.sub("", text[end : found.start()]):
            yield Run(before)
        yield _read(found[1], found[2])
        end = found.end()
    if rest := _ANY.sub("", text[end:]):
        yield Run(rest)


def plain(text: str) -> str:
    """The words alone."""
    if not _ANY.search(text):
        return text
    return "".join(run.text for run in runs(text))


def tidy(text: str) -> str:
    """The text with whole marks alone, and none around nothing."""
    if not _ANY.search(text):
        return text
    return "".join(_again(run) for run in runs(text) if run.text.strip() or _is_bare(run))


def is_inside(text: str, place: int) -> int | None:
    """Where the link or moment begins that a cut at `place` would break; None where none."""
    start = text.rfind(OPEN, 0, place)
    if start < 0 or text.find(CLOSE, start, place) >= 0:
        return None
    return start if text.find(CLOSE, start) >= 0 else None


def _is_bare(run: Run) -> bool:
    return run.url is None and run.at is None


def _again(run: Run) -> str:
    if run.at is not None:
        return moment(run.text, run.at, run.style)
    return link(run.text, run.url)


def _read(text: str, target: str) -> Run:
    if found := _MOMENT.fullmatch(target):
        style: Style = "day" if found[1] == "day" else "ago" if found[1] == "ago" else "moment"
        return Run(text, at=int(found[2]), style=style)
    return Run(text, url=target) if _URL.fullmatch(target) else Run(text)
