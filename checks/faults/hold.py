"""All that is wrong with a panel's readings, found once; the checks see what is left."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from checks.faults.copies import without_copies
from checks.faults.flapping import Flapping, flapping
from checks.faults.frozen import Freeze, frozen
from checks.faults.identity import Identity, identities, restarted, suspects
from checks.faults.jumps import without_leaps
from checks.panel.panel import Bools, Floats, Ints, Panel


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

    def parts(self, judged: Ints) -> Iterator[tuple[Panel, Ints]]:
        """The judged columns in stretches between changes of hands, each with its panel.

        From the day on that proves it the account's history begins with the change; until
        then a rise too large for one account is held.
        """
        edges = sorted({each.known for each in self.identities})
        doubted = self.panel.metrics["followers"] > self.suspected
        for stretch in np.split(judged, np.searchsorted(judged, edges)):
            if not stretch.size:
                continue
            past = [each for each in self.identities if each.known <= stretch[0]]
            held = doubted.copy()
            for each in past:
                held[each.row, each.leap] = False
            yield restarted(_without(self.panel, held), past), stretch


def hold(panel: Panel) -> Held:
    """Finds every fault, each day's from nothing later than that day."""
    values = panel.metrics["followers"]
    counter = flapping(panel)
    held, copies = without_copies(panel)
    platforms = [rows for name, rows in panel.groups.items() if name.startswith("platform:")]
    still = frozen(held, platforms or [np.arange(len(panel.accounts))])
    held = _without(held, still.held)
    suspected = suspects(held)  # a following count that leaps along proves it
    held = without_leaps(held)
    return Held(
        panel=held,
        values=values,
        copies=copies,
        freezes=still.freezes,
        flapping=counter,
        suspected=suspected,
        identities=tuple(identities(held, suspected)),
    )


def _without(panel: Panel, cells: Bools) -> Panel:
    """The panel with some cells of all metrics held as missing."""
    if not cells.any():
        return panel
    metrics = {name: np.where(cells, np.nan, counts) for name, counts in panel.metrics.items()}
    return replace(panel, metrics=metrics)
