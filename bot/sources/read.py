"""The one door for files: content decides the format, exports and tables of counts alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged, SourceUnavailable
from bot.model.reading import Account
from bot.model.source import Batch
from bot.sources.legible import legible
from bot.sources.tables.options import TableOptions

Naming = Literal["never", "tables", "all"]


def read_input(
    path: str | Path,
    options: TableOptions,
    *,
    hash_key: Callable[[], bytes],
    now: datetime,
    naming: Naming = "tables",
) -> Batch:
    """Reads what people hand over: follower lists, dashboards, or any table of counts.

    `found` has one entry per list or table that was read or refused; one without a format
    says why in its notes, or asks its question. `hash_key` is called only where there are
    names to hash. `options.account` wins over what a file says of itself; "*" is each file's
    own name. `naming` says where that name is the account anyway when nobody says it: in
    tables, or in exports too. Raises SourceUnavailable where there is nothing at the path.
    """
    from bot.sources.exports.parsed import ExportContext, failed
    from bot.sources.exports.reading import read_path

    path = Path(path)
    label = legible(str(path))
    if not path.exists():
        raise SourceUnavailable(f"{path} does not exist: correct the path.")
    own = options.account == "*"
    account = None if own or not options.account else Account.parse(options.account)
    context = ExportContext(
        key=hash_key,
        zone=ZoneInfo(options.timezone),
        now=now,
        account=account,
        platform=options.platform,
        own_names=own or naming == "all",
    )
    options = replace(options, naming=own or naming != "never")
    try:
        return read_path(path, label, context, options)
    except SourceChanged as error:
        parsed = failed(label, error)
        return Batch(faults=parsed.faults, found=(parsed.found,))
