"""What lies in a file, a folder or a zip, opened with bounds.

Nothing is ever unpacked to disk. A zip that would write outside its folder, is encrypted, or
unpacks to far more than real exports do is refused before a byte of it is read.
"""

from __future__ import annotations

import os
import re
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged

MAX_FILES = 400_000
MAX_UNPACKED = 64 << 30
# deflate reaches 1,032:1 on zeros; real exports stay below 40:1
MAX_RATIO = 150
RATIO_FROM = 8 << 20

_JUNK = re.compile(r"(^|/)(__MACOSX/|\._|\.DS_Store$|Thumbs\.db$|desktop\.ini$)")
_ESCAPE = re.compile(r"^(/|[A-Za-z]:)|(^|/)\.\.(/|$)")
_PARTS = re.compile(
    r"(?P<list>followers|following)_\d+[^/]*\.(?P<kind>json|html)"
    r"|(?P<js>follower|following)(-part\d+)?\.js"
)
_DAMAGE = (
    *(zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError),
    *(ValueError, OverflowError),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One file of an export. `name` is its path inside, `label` what people are told.

    `around` are the names of what it lies in, outermost first: zip and folders. `stamp` is
    its time of change in epoch seconds, or the zip's where its maker wrote none.
    """

    name: str
    label: str
    around: tuple[str, ...]
    size: int
    stamp: int
    open: Callable[[], IO[bytes]]
    path: Path | None = None

    @property
    def base(self) -> str:
        return PurePosixPath(self.name).name

    @property
    def folder(self) -> str:
        return str(PurePosixPath(self.name).parent)


@dataclass(frozen=True, slots=True)
class Tree:
    """`skipped` counts links that were not followed."""

    members: tuple[Member, ...]
    skipped: int = 0


@contextmanager
def open_tree(path: Path, label: str, zone: ZoneInfo) -> Iterator[Tree]:
    """The files at a path. Times in zips have no zone: they are read in `zone`.

    A part of a list (`followers_2.json`, `follower-part1.js`) brings its sibling parts
    along, since a part alone would look like a loss. Raises SourceChanged.
    """
    try:
        if path.is_dir():
            yield _folder(path, label)
        elif _is_zip(path):
            with zipfile.ZipFile(path) as archive:
                yield _zip(archive, path, label, zone)
        else:
            yield Tree(tuple(_file(p, _beside(label, p.name)) for p in _with_parts(path)))
    except OSError as error:
        raise SourceChanged(
            f"{label} cannot be read ({error.strerror or 'damaged'}): check the path and the "
            "rights of this user.",
            where=label,
        ) from None
    except (zipfile.BadZipFile, NotImplementedError, ValueError, OverflowError):
        raise damaged(label) from None


def damaged(label: str) -> SourceChanged:
    return SourceChanged(
        f"{label} is damaged or incomplete: download the export again.", where=label
    )


def _beside(label: str, name: str) -> str:
    return str(PurePosixPath(label).with_name(name)) if label else name


def _is_zip(path: Path) -> bool:
    """True for a zip of files; workbooks are zips too and are read as one file."""
    with path.open("rb") as file:
        if file.read(4) not in {b"PK\x03\x04", b"PK\x05\x06"}:
            return False
    with zipfile.ZipFile(path) as archive:
        return "[Content_Types].xml" not in archive.NameToInfo


def _with_parts(path: Path) -> list[Path]:
    match = _PARTS.fullmatch(path.name)
    if not match:
        return [path]
    wanted = match.groupdict()
    parts = {path}
    for other in path.parent.iterdir():
        twin = _PARTS.fullmatch(other.name)
        if (twin and twin.groupdict() == wanted) or (
            wanted["js"] and other.name == "manifest.js"
        ):
            parts.add(other)
    return sorted(p for p in parts if p.is_file())


def _file(path: Path, label: str, name: str | None = None) -> Member:
    info = path.stat()
    around = (*_above(path), path.name) if name is None else ()
    return Member(
        name=name or path.name,
        label=label,
        around=around,
        size=info.st_size,
        stamp=int(info.st_mtime),
        open=lambda: path.open("rb"),
        path=path,
    )


def _above(path: Path) -> tuple[str, ...]:
    return path.absolute().parts[1:-1][-4:]


def _folder(root: Path, label: str) -> Tree:
    members: list[Member] = []
    skipped = 0
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        for base in sorted(files):
            path = Path(folder, base)
            name = path.relative_to(root).as_posix()
            if _JUNK.search(name) or base.startswith("."):
                continue
            if path.is_symlink() and not path.resolve().is_relative_to(root.resolve()):
                skipped += 1
                continue
            if not stat.S_ISREG(path.stat().st_mode):
                skipped += 1
                continue
            member = _file(path, f"{label}/{name}", name)
            around = (*_above(root), root.absolute().name, *PurePosixPath(name).parts)
            members.append(_in(member, around))
            if len(members) > MAX_FILES:
                raise SourceChanged(
                    f"{label} holds more than {MAX_FILES:,} files: name the export itself.",
                    where=label,
                )
    return Tree(tuple(members), skipped)


def _in(member: Member, around: tuple[str, ...]) -> Member:
    return replace(member, around=around)


def _zip(archive: zipfile.ZipFile, path: Path, label: str, zone: ZoneInfo) -> Tree:
    infos = archive.infolist()
    _check(infos, path.stat().st_size, label)
    changed = int(path.stat().st_mtime)
    members = []
    for info in infos:
        name = info.filename.replace("\\", "/")
        if name.endswith("/") or _JUNK.search(name) or stat.S_ISLNK(info.external_attr >> 16):
            continue
        shown = f"{label}/{name}"
        members.append(
            Member(
                name=name,
                label=shown,
                around=(*_above(path), path.name, *PurePosixPath(name).parts),
                size=info.file_size,
                stamp=_stamp(info.date_time, zone) or changed,
                open=partial(_Guarded, archive, info, shown),  # type: ignore[arg-type]
            )
        )
    return Tree(tuple(members))


def _check(infos: list[zipfile.ZipInfo], size: int, label: str) -> None:
    """Refuses zips that no platform makes; never names their content."""
    names = [info.filename.replace("\\", "/") for info in infos]
    packed = sum(info.compress_size for info in infos)
    unpacked = sum(info.file_size for info in infos)
    reason = None
    if any(_ESCAPE.search(name) for name in names):
        reason = "names paths outside its own folder"
    elif any(info.flag_bits & 1 for info in infos):
        reason = "is protected by a password"
    elif len(infos) > MAX_FILES:
        reason = f"holds more than {MAX_FILES:,} files"
    elif packed > size:
        reason = "uses the same bytes for several files, as zip bombs do"
    elif unpacked > MAX_UNPACKED or any(
        i.file_size > RATIO_FROM and i.file_size > MAX_RATIO * max(1, i.compress_size)
        for i in infos
    ):
        reason = "would unpack to far more than real exports do, as zip bombs do"
    if reason:
        raise SourceChanged(
            f"{label} {reason}: unpack it yourself if you trust it, and import the folder.",
            where=label,
        )


def _stamp(parts: tuple[int, int, int, int, int, int], zone: ZoneInfo) -> int | None:
    """None for 1980-01-01, which means that the maker wrote no time."""
    if parts[0] <= 1980:
        return None
    try:
        return int(datetime(*parts, tzinfo=zone).timestamp())
    except (ValueError, OverflowError):
        return None


class _Guarded:
    """A stream out of a zip whose every failure is SourceChanged."""

    def __init__(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, label: str) -> None:
        self._label = label
        try:
            self._inner = archive.open(info)
        except _DAMAGE:
            raise damaged(label) from None

    def read(self, size: int = -1) -> bytes:
        try:
            return self._inner.read(size)
        except _DAMAGE:
            raise damaged(self._label) from None

    def close(self) -> None:
        self._inner.close()

    def __enter__(self) -> _Guarded:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
