"""What may be evidence for whom, with walls between teams."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from bot.storage.access import AccessPolicy
from bot.storage.events import NotedEvent
from checks.model import Event
from checks.panel.build import groups_of

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
    groups: dict[str, list[int]] = {}
    for name, rows in known.items():
        sets: dict[frozenset[str], list[int]] = defaultdict(list)
        for row in rows.tolist():
            sets[seen_by[row]].append(row)
        called = named_sets(name, {seen: len(some) for seen, some in sets.items()})
        for seen, some in sets.items():
            groups.setdefault(called[seen], []).extend(some)
    return {name: np.sort(np.array(rows, np.int64)) for name, rows in groups.items()}


def named_sets(group: str, sizes: Mapping[frozenset[str], int]) -> dict[frozenset[str], str]:
    """What a group's accounts are called by the set of spaces that see them; `sizes` counts
    the accounts of each set."""
    spaces = {space for seen in sizes for space in seen}
    if len(sizes) == 1:
        return dict.fromkeys(sizes, group)
    if sum(sizes.values()) >= SHARE_ACCOUNTS and len(spaces) >= SHARE_SPACES:
        return dict.fromkeys(sizes, f"{group}@*")
    return {seen: f"{group}@{n}" for n, seen in enumerate(sorted(sizes, key=sorted), 1)}


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
