"""All that is wrong with a panel's readings, found once; the checks see what is left."""

from dataclasses import dataclass, replace

import numpy as np

from checks.faults.copies import Copies, copies_in, platforms, without_copies
from checks.faults.flapping import Flapping, flapping
from checks.faults.frozen import Freeze, Frozen, frozen
from checks.faults.identity import (
    Identity,
    days_of_falls,
    identities,
    restarted,
    suspects,
)
from checks.faults.jumps import without_leaps
from checks.panel.panel import Bools, Floats, Panel


@dataclass(frozen=True)
class Held:
    """A panel without the readings that cannot be counts of its accounts.

    `values` are the followers as they were read, `copies` the cells that show one value for
    many accounts (accounts, days), `suspected` the count before where a reading is too far
    from it for one account (NaN elsewhere).
    """

    panel: Panel
    values: Floats
    copies: Bools
    freezes: tuple[Freeze, ...]
    flapping: Flapping
    suspected: Floats
    identities: tuple[Identity, ...]

    def on(self, column: int) -> Panel:
        """The panel as that column sees it.

        From the day on that proves a change of hands the account's history begins with it;
        until then a rise too large for one account is held.
        """
        doubted = self.panel.metrics["followers"] > self.suspected
        past = [each for each in self.identities if each.known <= column]
        for each in past:
            doubted[each.row, each.leap] = False
        return restarted(_without(self.panel, doubted), past)


@dataclass(frozen=True)
class Shared:
    """What the faults of many accounts say to each: found among a sample of them.

    `falls` (days,) are the days on which many fell, `held` is the sample without its faults.
    """

    sample: Panel
    copies: Copies
    freezes: tuple[Freeze, ...]
    falls: Bools
    held: Held


def shared(sample: Panel) -> Shared:
    """Finds the faults of many, each day's from nothing later than that day."""
    copies = copies_in(sample)
    clean, mask = without_copies(sample, copies)
    still = frozen(clean, platforms(clean))
    clean = _without(clean, still.held)
    falls = days_of_falls(clean.metrics["followers"])
    held = _held(sample, mask, still, clean, falls)
    return Shared(sample, copies, still.freezes, falls, held)


def hold(panel: Panel, known: Shared) -> Held:
    """Finds every fault of some accounts, each day's from nothing later than that day."""
    if panel is known.sample:
        return known.held
    clean, mask = without_copies(panel, known.copies)
    still = frozen(clean, platforms(clean), known.freezes)
    return _held(panel, mask, still, _without(clean, still.held), known.falls)


def _held(panel: Panel, copies: Bools, still: Frozen, clean: Panel, falls: Bools) -> Held:
    suspected = suspects(clean, falls)  # a following count that leaps along proves it
    clean = without_leaps(clean)
    return Held(
        panel=clean,
        values=panel.metrics["followers"],
        copies=copies,
        freezes=still.freezes,
        flapping=flapping(panel),
        suspected=suspected,
        identities=tuple(identities(clean, suspected)),
    )


def _without(panel: Panel, cells: Bools) -> Panel:
    """The panel with some cells of all metrics held as missing."""
    if not cells.any():
        return panel
    metrics = {name: np.where(cells, np.nan, counts) for name, counts in panel.metrics.items()}
    return replace(panel, metrics=metrics)
