"""Errors of one account or file as faults beside the readings of the others."""

import os
from collections.abc import Sequence
from dataclasses import replace

from bot.errors import SourceChanged, SourceError, SourceUnavailable
from bot.model.source import Batch, Fault, Found


def placed(fault: Fault) -> str:
    """The sentence with its file, row and column, where it does not name them itself."""
    if not fault.where or fault.where in fault.text:
        return fault.text
    return f"{fault.text} ({fault.where})"


_SHOWN = 10


def told(batch: Batch, said: Sequence[str] = ()) -> list[Found]:
    """What was found, with what was left out of it and `said` about all of it in its notes."""
    found = list(batch.found)
    rows = [fault for fault in batch.faults if fault.kind == "row" or not found]
    of_file: dict[int, list[str]] = {}
    places = {os.path.basename(one.file): place for place, one in enumerate(found)}
    for fault in rows:
        place = places.get((fault.where or "").partition(":")[0], len(found) - 1)
        of_file.setdefault(place, []).append(placed(fault))
    if said:
        of_file[len(found) - 1] = [*said, *of_file.get(len(found) - 1, ())]
    for place, notes in of_file.items() if found else ():
        more = [f"{len(notes) - _SHOWN} more like these"] if len(notes) > _SHOWN else []
        one = found[place]
        found[place] = replace(one, notes=(*one.notes, *notes[:_SHOWN], *more))
    return found


def fault_of(error: SourceError, account: str | None = None) -> Fault:
    return Fault(
        kind=error.kind,
        text=str(error),
        account=account or error.account,
        where=error.where if isinstance(error, SourceChanged) else "",
        retry_after=error.retry_after if isinstance(error, SourceUnavailable) else None,
    )
