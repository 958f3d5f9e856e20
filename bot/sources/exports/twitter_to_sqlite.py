"""The table `count_history` that the tool twitter-to-sqlite keeps: followers and following."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime

from bot.errors import SourceChanged
from bot.model.reading import Account
from bot.sources.exports.archive import damaged
from bot.sources.exports.changes import Moments, changes
from bot.sources.exports.parsed import BadRows, ExportContext, Origin, ParsedFile, failed
from bot.sources.exports.sniffer import SniffedFile

_ROWS = """
    select h.type, h.user, h.datetime, h.count, u.screen_name
    from count_history h left join users u on u.id = h.user
    where h.type in (1, 2) order by h.user, h.datetime
"""
_METRICS = {1: "followers", 2: "following"}
_MOST = 5_000_000


def claims(file: SniffedFile) -> bool:
    if not file.head.startswith(b"SQLite format 3\0"):
        return False
    try:
        with closing(_open(file)) as database:
            return bool(
                database.execute(
                    "select 1 from sqlite_master where name = 'count_history'"
                ).fetchone()
            )
    except (sqlite3.Error, SourceChanged, ValueError):
        return False


def _open(file: SniffedFile) -> sqlite3.Connection:
    """Read only, without touching the file; a file in a zip is opened in memory."""
    path = file.member.path
    if path is not None:
        return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&immutable=1", uri=True)
    database = sqlite3.connect(":memory:")
    database.deserialize(file.whole())
    return database


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    for file in files:
        try:
            yield from _file(file, context)
        except SourceChanged as error:
            yield failed(file.member.label, error)


def _file(file: SniffedFile, context: ExportContext) -> Iterator[ParsedFile]:
    label = file.member.label
    try:
        with closing(_open(file)) as database:
            rows = database.execute(_ROWS).fetchmany(_MOST)
    except (sqlite3.Error, ValueError, OverflowError):
        raise damaged(label) from None
    users: dict[str, Moments] = {}
    bad = BadRows(label)
    for number, (kind, user, when, count, name) in enumerate(rows, 1):
        try:
            moment = datetime.fromisoformat(when)
            at = int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp())
        except (TypeError, ValueError, OverflowError):
            bad.add(number, "this is no time", "datetime")
            continue
        if not isinstance(count, int) or abs(count) > 1 << 53:
            bad.add(number, "this is no whole number", "count")
            continue
        handle = name if isinstance(name, str) and name else str(user)
        users.setdefault(handle, {}).setdefault(at, {})[_METRICS[kind]] = count
    if not users:
        raise SourceChanged(
            f"{label}: the table count_history holds no follower counts: run the tool first.",
            where=label,
        )
    if len(users) > 1 and context.account:
        context = replace(context, account=Account(context.account.platform, ""))
    for handle, moments in users.items():
        yield changes(
            Origin(
                member=file.member,
                context=context,
                format="twitter_to_sqlite.count_history",
                platform="x",
                bad=bad,
                handle=handle,
            ),
            moments,
        )
        bad = BadRows(label)  # told once
