"""The entries of Meta's relationship files, streamed: names are hashed as they are read."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import IO, TYPE_CHECKING, Any

from bot.sources.exports.archive import Member
from bot.sources.exports.parsed import BadRows
from bot.sources.exports.streams import stream_items
from bot.sources.exports.words import plural
from bot.sources.names import hash_names

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_CHUNK = 1 << 20
_BATCH = 20_000
_LATEST = 4_102_444_800  # 2100: anything later is no time in seconds

# The one shape of nearly all real files; whatever differs goes through a full JSON parser.
# Possessive repeats, since nothing here can match in two ways.
_ENTRY = re.compile(
    rb'"title"\s*+:\s*+"[^"\\]*+"\s*+,\s*+(?:"media_list_data"\s*+:\s*+\[\s*+\]\s*+,\s*+)?'
    rb'"string_list_data"\s*+:\s*+\[\s*+\{\s*+"href"\s*+:\s*+"[^"\\]*+"\s*+,'
    rb'\s*+"value"\s*+:\s*+"([A-Za-z0-9._]++)"\s*+,'
    rb'\s*+"timestamp"\s*+:\s*+([1-9]\d{0,9}+)\s*+\}\s*+\]\s*+\}'
)
_OPEN = re.compile(rb'(?:\xef\xbb\xbf)?\s*(?:\{\s*"\w+"\s*:\s*)?\[\s*\{\s*')
_BETWEEN = re.compile(rb"\s*,\s*\{\s*")
_CLOSE = re.compile(rb"\s*\]\s*(?:\}\s*)?")

_DELETED = re.compile(r"__deleted__\w*|deleted[a-z]{3,}")
_USER_LINK = re.compile(r"https?://[^/]+/(?:_u/)?@?([^/?#]+)/?(?:[?#].*)?")


class _Odd(Exception):
    """The file is not in the one usual shape."""


class Names:
    """Collects hashes and follow times; drops placeholders of deleted accounts."""

    def __init__(self, key: bytes, platform: str) -> None:
        self._key = key
        self._platform = platform
        self._ids: list[NDArray[np.uint64]] = []
        self._since: list[NDArray[np.int64]] = []
        self.deleted = 0
        self.removed = 0

    def add_plain(self, names: list[bytes], times: list[bytes]) -> None:
        """ASCII names and times in seconds, as they stand in the file."""
        import numpy as np

        joined = b"\n".join(names)
        if (lower := joined.lower()) != joined:
            names = lower.split(b"\n")
        if b"deleted" in lower:
            kept = [
                (name, when)
                for name, when in zip(names, times, strict=True)
                if not _DELETED.fullmatch(name.decode())
            ]
            self.deleted += len(names) - len(kept)
            names, times = [n for n, _ in kept], [t for _, t in kept]
        self._ids.append(hash_names(names, key=self._key, platform=self._platform))
        self._since.append(np.array(times, dtype="S10").astype(np.int64))

    def add(self, pairs: Iterable[tuple[str, int]]) -> None:
        """Names with follow times; 0 where the time is unknown."""
        import numpy as np

        names: list[str] = []
        times: list[int] = []
        for name, since in pairs:
            if _DELETED.fullmatch(name):
                self.deleted += 1
                continue
            names.append(name)
            times.append(since if 0 < since < _LATEST else 0)
            if len(names) >= _BATCH:
                self._ids.append(hash_names(names, key=self._key, platform=self._platform))
                self._since.append(np.array(times, dtype=np.int64))
                names, times = [], []
        self._ids.append(hash_names(names, key=self._key, platform=self._platform))
        self._since.append(np.array(times, dtype=np.int64))

    def mark(self) -> tuple[int, int]:
        return len(self._ids), self.deleted

    def back_to(self, mark: tuple[int, int]) -> None:
        """Forgets what was added since the mark."""
        count, self.deleted = mark
        del self._ids[count:]
        del self._since[count:]

    def arrays(self) -> tuple[NDArray[np.uint64], NDArray[np.int64]]:
        import numpy as np

        if not self._ids:
            return np.empty(0, np.uint64), np.empty(0, np.int64)
        ids, since = np.concatenate(self._ids), np.concatenate(self._since)
        self._ids.clear()
        self._since.clear()
        return ids, since

    def notes(self) -> list[str]:
        told = []
        if self.deleted:
            told.append(f"{plural(self.deleted, 'placeholder')} of deleted accounts left out.")
        if self.removed:
            told.append(
                f"{plural(self.removed, 'entry', 'entries')} of removed accounts left out."
            )
        return told


def read_entries(member: Member, key: str | None, names: Names, bad: BadRows) -> None:
    """Reads one relationship file into `names`; `key` is None for a top-level list.

    The usual shape takes about two microseconds per name, any other about ten. Raises
    SourceChanged where the file is no JSON.
    """
    before = names.mark()
    try:
        with member.open() as stream:
            for plain, times in _plain(stream):
                names.add_plain(plain, times)
    except _Odd:
        names.back_to(before)
        with member.open() as stream:
            names.add(_parsed(stream, member.label, key, names, bad))


def _plain(stream: IO[bytes]) -> Iterator[tuple[list[bytes], list[bytes]]]:
    """Names and times by chunk, every byte between them checked; _Odd for another shape."""
    rest = b""
    first = True
    while data := stream.read(_CHUNK):
        rest += data
        cut = rest.rfind(b'"title"')
        if cut <= 0:
            if len(rest) > 4 * _CHUNK:
                raise _Odd
            continue
        yield _split(rest[:cut], first, last=False)
        rest, first = rest[cut:], False
    if first:
        raise _Odd
    yield _split(rest, first, last=True)


def _split(chunk: bytes, first: bool, *, last: bool) -> tuple[list[bytes], list[bytes]]:
    parts = _ENTRY.split(chunk)
    gaps = parts[0::3]
    if last and not _CLOSE.fullmatch(gaps.pop()):
        raise _Odd
    head = gaps.pop(0) if gaps else b"?"
    fits = bool(_OPEN.fullmatch(head)) if first else head == b""
    if not fits or not all(_BETWEEN.fullmatch(gap) for gap in set(gaps)):
        raise _Odd
    return parts[1::3], parts[2::3]


def _parsed(
    stream: IO[bytes], label: str, key: str | None, names: Names, bad: BadRows
) -> Iterator[tuple[str, int]]:
    for number, entry in enumerate(
        stream_items(stream, f"{key}.item" if key else "item", label), 1
    ):
        pair = _entry(entry)
        if pair is not None:
            yield pair
        elif (
            isinstance(entry, dict)
            and entry.get("string_list_data") == []
            and not entry.get("title")
        ):
            names.removed += 1
        else:
            bad.add(number, "the entry has no user name")


def _entry(entry: Any) -> tuple[str, int] | None:
    """User name and follow time: `value`, else `title`, else the link's last part."""
    if not isinstance(entry, dict):
        return None
    items = entry.get("string_list_data")
    item = items[0] if isinstance(items, list) and items and isinstance(items[0], dict) else {}
    since = item.get("timestamp")
    when = since if isinstance(since, int) and not isinstance(since, bool) else 0
    for text in (item.get("value"), entry.get("title")):
        if isinstance(text, str) and text.strip():
            return mend(text).strip(), when
    if isinstance(link := item.get("href"), str):
        match = _USER_LINK.fullmatch(link.strip())
        if match and match[1] != "_u":
            return match[1], when
    return None


def mend(text: str) -> str:
    """Undoes Meta's habit of writing every UTF-8 byte as a letter of its own."""
    try:
        return text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        return text
