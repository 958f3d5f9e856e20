"""What may be evidence for whom, with walls between teams."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bot.storage.access import AccessPolicy
from bot.storage.events import NotedEvent
from checks.model import Event
from checks.panel.panel import groups_of

SHARE_ACCOUNTS, SHARE_SPACES = 20, 3
"""From so many accounts of so many spaces on, peers of other teams count (as a share)."""

Ints = npt.NDArray[np.int64]


def walled(
    accounts: Sequence[str], tags: Mapping[str, Sequence[str]], access: AccessPolicy
) -> dict[str, Ints]:
    """Peers as each team may know them.

    A group that lies in one set of spaces stays as it is. Of one that crosses a wall only a
    share may be told ("@*"), and only where it is large enough; else it is cut per set of
    spaces ("@1", "@2", ...), so that no team's numbers rest on another's accounts.
    """
    known = groups_of(accounts, tags)
    if not access.spaces:
        return known
    seen_by = [
        frozenset(
            space for space in access.spaces if access.sees(space, name, tags.get(name, ()))
        )
        for name in accounts
    ]
    groups: dict[str, Ints] = {}
    for name, rows in known.items():
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


def events_behind(
    access: AccessPolicy, noted: Iterable[NotedEvent], tags: Mapping[str, Sequence[str]]
) -> Iterator[Event]:
    """Events as checks may use them: a team's own only for accounts that it alone sees.

    Reasons name events, and everybody who sees the account reads its reasons.
    """
    for one in noted:
        event, space = one.event, one.space
        if space is None or not access.spaces:
            yield event
            continue
        others = [other for other in access.spaces if other != space]
        for account, words in tags.items():
            if event.account not in (None, account):
                continue
            if event.platform not in (None, account.partition("/")[0]):
                continue
            if access.sees(space, account, words) and not any(
                access.sees(other, account, words) for other in others
            ):
                yield replace(event, account=account)
