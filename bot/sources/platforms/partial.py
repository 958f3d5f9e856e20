"""Follower lists that come page by page, over several polls and restarts."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from bot.model.reading import FollowerList

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of followers: stable names (never shown or stored), and beside them the follow
    times and the creation dates of their accounts (epoch seconds, 0 where unknown) or None.

    `newest_first` says that the pages keep the order of following, the latest first.
    """

    names: Sequence[str]
    since: Sequence[int] | None = None
    created: Sequence[int] | None = None
    newest_first: bool = False
    cursor: str | None = None


@dataclass(slots=True)
class Partial:
    """A follower list on its way; only hashes of names are kept."""

    begun: int
    cursor: str | None = None
    ids: list[int] = field(default_factory=list)
    since: list[int] = field(default_factory=list)
    created: list[int] = field(default_factory=list)
    newest_first: bool = False
    ended: bool = False
    complete: bool = True

    def add(self, ids: NDArray[np.uint64], page: Page, limit: int) -> None:
        nothing = [0] * len(page.names)
        self.ids.extend(ids.tolist())
        self.since.extend(page.since or nothing)
        self.created.extend(page.created or nothing)
        self.newest_first = page.newest_first
        self.cursor = page.cursor
        self.complete = page.cursor is None
        self.ended = self.complete or len(self.ids) >= limit

    def finished(self, account: str) -> FollowerList:
        """Where only creation dates are given, their order bounds the follow times."""
        import numpy as np

        from bot.sources.names import unique_names
        from checks.lists.creation import follow_bound

        since = np.array(self.since, np.int64) if any(self.since) else None
        created = np.array(self.created, np.int64) if any(self.created) else None
        ordered = since is None and created is not None and self.newest_first
        if ordered and created is not None:
            since = follow_bound(created[::-1])[::-1]
        ids, since, created = unique_names(np.array(self.ids, np.uint64), since, created)
        return FollowerList(
            account=account,
            side="followers",
            at=self.begun,
            ids=ids,
            since=since,
            created=created,
            ordered=ordered,
            complete=self.complete,
        )

    def packed(self) -> dict[str, Any]:
        return {
            "begun": self.begun,
            "cursor": self.cursor,
            "ids": _text(self.ids, "<u8"),
            "since": _text(self.since, "<i8") if any(self.since) else "",
            "created": _text(self.created, "<i8") if any(self.created) else "",
            "newest_first": self.newest_first,
        }

    @classmethod
    def unpacked(cls, raw: Mapping[str, Any]) -> Partial:
        ids = _numbers(raw["ids"], "<u8")
        nothing = [0] * len(ids)
        return cls(
            begun=raw["begun"],
            cursor=raw["cursor"],
            ids=ids,
            since=_numbers(raw["since"], "<i8") or nothing,
            # what an older version had begun lacks these
            created=_numbers(raw.get("created", ""), "<i8") or nothing,
            newest_first=bool(raw.get("newest_first")),
        )


def _text(values: list[int], kind: str) -> str:
    import numpy as np

    return base64.b64encode(np.array(values, kind).tobytes()).decode()


def _numbers(text: str, kind: str) -> list[int]:
    import numpy as np

    numbers: list[int] = np.frombuffer(base64.b64decode(text), kind).tolist()
    return numbers
