"""Logs of tools that note changes only: each moment holds the counts that changed then."""

from __future__ import annotations

from bot.sources.exports.archive import Member
from bot.sources.exports.parsed import BadRows, ExportContext, ParsedFile, series

Moments = dict[int, dict[str, int | None]]
"""Epoch seconds to counts by metric."""


def changes(
    member: Member,
    context: ExportContext,
    moments: Moments,
    *,
    format: str,
    platform: str,
    bad: BadRows,
    handle: str | None = None,
    notes: tuple[str, ...] = (),
) -> ParsedFile:
    """Raises SourceChanged where no moment holds a number."""
    metrics = dict.fromkeys(metric for moment in moments.values() for metric in moment)
    only = "The tool notes changes only: between two rows the count stayed as it was."
    return series(
        member,
        context,
        format=format,
        platform=platform,
        basis="total",
        at=list(moments),
        values={
            metric: [moment.get(metric) for moment in moments.values()] for metric in metrics
        },
        bad=bad,
        handle=handle,
        notes=(only, *notes),
    )
