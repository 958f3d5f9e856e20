"""Files that people put somewhere: one, a folder of them, or a glob."""

from __future__ import annotations

import glob
from datetime import datetime, timedelta
from pathlib import Path

from bot.errors import SourceUnavailable


def paths_at(root: str, wanted: str, source: str, *, folders: bool) -> list[Path]:
    """What is there now, a folder's entries one by one, oldest first: a later one goes before.

    Raises SourceUnavailable where nothing is.
    """
    pattern = Path(root, wanted).expanduser()
    if pattern.is_dir():
        found = list(pattern.iterdir())
    elif pattern.exists():
        found = [pattern]
    else:
        found = [Path(path) for path in glob.glob(str(pattern), recursive=True)]
    found = [
        path
        for path in found
        if not path.name.startswith((".", "__MACOSX"))
        and (path.is_file() or (folders and any(path.rglob("*"))))
    ]
    if not found:
        raise SourceUnavailable(
            f'{source}: no file at "{wanted}": put the export there or correct path.',
            source=source,
        )
    return sorted(found, key=lambda path: (path.stat().st_mtime_ns, path.name))


def is_fresh(path: Path, now: datetime, span: timedelta) -> bool:
    """Changed just now, so that it may still be on its way."""
    return 0 <= now.timestamp() - path.stat().st_mtime < span.total_seconds()
