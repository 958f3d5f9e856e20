"""Going back to a backup without telling twice what was told since."""

from __future__ import annotations

import time
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import CommandError, StorageError

if TYPE_CHECKING:
    from bot.config.schema import Settings
    from bot.storage.restoring import Contents


def restore(settings: Settings, backup: Path) -> list[str]:
    """Checks the file, keeps the old database beside, and says what differs.

    From then on the service looks for every message in its channel before it sends it.
    """
    from bot.storage import restoring
    from bot.storage.database import Store, connect, immediate
    from bot.storage.single import only_service, real_path

    path = real_path(settings.store_path)
    if backup.exists() and backup.resolve() == path:
        raise CommandError(f"{backup} is the database itself: name a backup of it")
    found = restoring.examine(backup)
    now = time.time()
    stamp = datetime.fromtimestamp(now, UTC).strftime("%Y%m%dT%H%M%SZ")
    with only_service(path):
        try:
            before = restoring.examine(path) if path.exists() else None
        except StorageError:
            before = None
        aside = restoring.put_in_place(backup, path, stamp)
        Store.open(path, now=now).close()  # brought up to date
        with closing((db := connect(path)).conn), immediate(db):
            waiting = restoring.note(db, found.newest, now)
    return _said(backup, aside, before, found, waiting)


def _said(
    backup: Path, aside: Path | None, before: Contents | None, found: Contents, waiting: int
) -> list[str]:
    made = datetime.fromtimestamp(found.newest, UTC)
    said = [f"{backup} is the database now; its newest entry is of {made:%Y-%m-%d %H:%M} UTC"]
    if aside is not None:
        said.append(f"What was there before is kept as {aside}")
    if before is None and aside is not None:
        said.append("The old database cannot be read, so nobody knows what is missing now")
    for name, count in found.rows.items():
        old = before.rows[name] if before else count
        if old != count:
            said.append(f"{name}: {count:,} now, {old:,} before ({count - old:+,})")
    said.append(
        "Start `ebbwatch run`: for a day every message is looked for in its channel before it "
        f"is sent, so that nothing is told twice ({waiting} wait already). Import again what "
        "was imported since by hand."
    )
    return said
