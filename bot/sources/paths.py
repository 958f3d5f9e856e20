"""Files that people put somewhere: one, a folder of them, or a glob."""

from __future__ import annotations

import glob
import re
import stat
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import SourceUnavailable


def paths_at(root: str, wanted: str, source: str, *, folders: bool) -> list[Path]:
    """What is there now, a folder's entries one by one, oldest first: a later one goes before.

    Raises SourceUnavailable where nothing is.
    """
    pattern = Path(root, wanted).expanduser()
    try:
        if pattern.is_dir():
            named = list(pattern.iterdir())
        elif pattern.exists():
            named = [pattern]
        else:
            named = _matching(pattern)
    except OSError as error:
        raise SourceUnavailable(
            f'{source}: "{wanted}" cannot be looked at ({error.strerror}): give this user the '
            "right to read it.",
            source=source,
        ) from None
    found = {
        path: changed
        for path in named
        if not path.name.startswith((".", "__MACOSX"))
        and (changed := _changed(path, folders=folders)) is not None
    }
    if not found:
        raise SourceUnavailable(
            f'{source}: no file at "{wanted}": put the export there or correct path.',
            source=source,
        )
    return sorted(found, key=lambda path: (found[path], path.name))


def _matching(pattern: Path) -> list[Path]:
    """What a glob means; `**` goes into no linked folder, which may lead to all of the disk."""
    parts = pattern.parts
    fixed = next((at for at, part in enumerate(parts) if glob.has_magic(part)), len(parts))
    if fixed == len(parts):
        return []
    wanted = [part if part == "**" else re.sub(r"\*\*+", "*", part) for part in parts[fixed:]]
    if wanted[-1] == "**":
        wanted.append("*")
    return list(Path(*parts[:fixed]).glob(str(Path(*wanted))))


def _changed(path: Path, *, folders: bool) -> int | None:
    """When a regular file, or a folder with something in it, was changed; None of all else.

    A pipe and a device never end, nor does what the system itself tells in files that seem to
    be empty; a link may lead nowhere, in a circle or to a folder above.
    """
    try:
        status = path.stat()
        is_folder = folders and stat.S_ISDIR(status.st_mode) and not _leads_up(path)
        inside = is_folder and any(path.rglob("*"))
        is_file = stat.S_ISREG(status.st_mode) and (status.st_size or not path.is_symlink())
    except (OSError, ValueError):
        return None
    return status.st_mtime_ns if inside or is_file else None


def _leads_up(path: Path) -> bool:
    return path.parent.resolve().is_relative_to(path.resolve())


def is_fresh(path: Path, now: datetime, span: timedelta) -> bool:
    """Changed just now, so that it may still be on its way."""
    return 0 <= now.timestamp() - path.stat().st_mtime < span.total_seconds()
