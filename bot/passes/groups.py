"""Peers, tags and walls of accounts that no row stands for: by pattern alone."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from fnmatch import translate

import numpy as np
import numpy.typing as npt

from bot.model.reading import folded
from bot.review.peers import named_sets
from checks.panel.build import groups_of

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

_MARK = "\0"


@dataclass(frozen=True, slots=True)
class Grouping:
    """`tags` maps patterns of accounts ("instagram/shop-*", a handle) to tags, `spaces` each
    space to the patterns of what it sees.

    Before all partitions are counted nobody knows which group is cut by a wall, so `of` names
    each set of spaces apart; `settled` says what the names are to be, and `names` keeps it.
    """

    tags: Mapping[str, Sequence[str]] = field(default_factory=dict)
    spaces: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[str, str | None] | None = None

    def of(self, accounts: Sequence[str]) -> dict[str, Ints]:
        """Rows of each group."""
        keys = [folded(account) for account in accounts] if self.tags or self.spaces else []
        tagged = self._tagged(keys)
        groups = groups_of(accounts, {}) | {f"#{tag}": rows for tag, rows in tagged.items()}
        if not self.spaces:
            return groups
        seen = self._seen(keys, tagged)
        sets, place = np.unique(seen, axis=0, return_inverse=True)
        labels = [",".join(np.array(list(self.spaces))[one]) for one in sets]
        named: dict[str, list[Ints]] = {}
        for group, rows in groups.items():
            for number, label in enumerate(labels):
                here = rows[place.ravel()[rows] == number]
                name: str | None = f"{group}{_MARK}{label}"
                if self.names is not None and name is not None:
                    name = self.names.get(name)
                if name is not None and here.size:
                    named.setdefault(name, []).append(here)
        return {name: np.sort(np.concatenate(rows)) for name, rows in named.items()}

    def settled(self, sizes: Mapping[str, int]) -> dict[str, str | None]:
        """What each group of `of` is called once the sizes of all are known."""
        sets: dict[str, dict[str, int]] = {}
        for name, many in sizes.items():
            group, mark, label = name.partition(_MARK)
            if mark:
                sets.setdefault(group, {})[label] = many
        names: dict[str, str | None] = {}
        for group, by_label in sets.items():
            seen = {label: frozenset(filter(None, label.split(","))) for label in by_label}
            called = named_sets(group, {seen[label]: n for label, n in by_label.items()})
            names |= {f"{group}{_MARK}{label}": called[seen[label]] for label in by_label}
        return names

    def _tagged(self, keys: Sequence[str]) -> dict[str, Ints]:
        marked: dict[str, Bools] = {}
        for pattern, words in self.tags.items():
            fits = _fits([pattern if "/" in pattern else f"*/{pattern}", pattern], keys)
            for word in words if fits.any() else ():
                marked[word] = marked[word] | fits if word in marked else fits
        return {word: np.flatnonzero(fits) for word, fits in marked.items()}

    def _seen(self, keys: Sequence[str], tagged: Mapping[str, Ints]) -> Bools:
        """Which space sees which account: (accounts, spaces)."""
        seen = np.zeros((len(keys), len(self.spaces)), np.bool_)
        for number, patterns in enumerate(self.spaces.values()):
            seen[:, number] = _fits([one for one in patterns if one[:1] != "#"], keys)
            for tag in (one[1:] for one in patterns if one[:1] == "#"):
                seen[tagged.get(tag, []), number] = True
        return seen


def _fits(patterns: Iterable[str], keys: Sequence[str]) -> Bools:
    """Which names one of the patterns fits; "*" and "instagram/*" cost nothing much."""
    wanted = [folded(pattern) for pattern in patterns]
    if not wanted:
        return np.zeros(len(keys), np.bool_)
    if "*" in wanted:
        return np.ones(len(keys), np.bool_)
    match = re.compile("|".join(translate(pattern) for pattern in wanted)).match
    return np.fromiter((match(key) is not None for key in keys), np.bool_, len(keys))
