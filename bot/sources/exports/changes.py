"""Logs of tools that note changes only: each moment holds the counts that changed then."""

from __future__ import annotations

from dataclasses import replace

from bot.sources.exports.parsed import Origin, ParsedFile, series

Moments = dict[int, dict[str, int | None]]
"""Epoch seconds to counts by metric."""


def changes(origin: Origin, moments: Moments) -> ParsedFile:
    """Raises SourceChanged where no moment holds a number."""
    metrics = dict.fromkeys(metric for moment in moments.values() for metric in moment)
    only = "The tool notes changes only: between two rows the count stayed as it was."
    return series(
        replace(origin, notes=(only, *origin.notes)),
        basis="total",
        at=list(moments),
        values={
            metric: [moment.get(metric) for moment in moments.values()] for metric in metrics
        },
    )
