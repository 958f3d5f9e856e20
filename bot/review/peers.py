"""Whose changes may be evidence for whose, with walls between teams."""

from collections import defaultdict
from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

from bot.storage.accounts import Walls
from checks.panel import Panel

SHARE_ACCOUNTS, SHARE_SPACES = 20, 3
"""From so many accounts of so many spaces on, peers of other teams count (as a share)."""

Ints = npt.NDArray[np.int64]


def walled(panel: Panel, tags: Mapping[str, Sequence[str]], walls: Walls) -> dict[str, Ints]:
    """Peers as each team may know them.

    A group that lies in one set of spaces stays as it is. Of one that crosses a wall only a
    share may be told ("@*"), and only where it is large enough; else it is cut per set of
    spaces ("@1", "@2", ...), so that no team's numbers rest on another's accounts.
    """
    if not walls.spaces:
        return dict(panel.groups)
    seen_by = [
        frozenset(
            space for space in walls.spaces if walls.sees(space, name, tags.get(name, ()))
        )
        for name in panel.accounts
    ]
    groups: dict[str, Ints] = {}
    for name, rows in panel.groups.items():
        sets: dict[frozenset[str], list[int]] = defaultdict(list)
        for row in rows.tolist():
            sets[seen_by[row]].append(row)
        spaces = {space for seen in sets for space in seen}
        if len(sets) == 1:
            groups[name] = rows
        elif len(rows) >= SHARE_ACCOUNTS and len(spaces) >= SHARE_SPACES:
            groups[f"{name}@*"] = rows
        else:
            for n, seen in enumerate(sorted(sets, key=sorted), 1):
                groups[f"{name}@{n}"] = np.array(sets[seen], np.int64)
    return groups
