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
    """One page of followers: stable names (never shown or stored), follow times or None."""

    names: Sequence[str]
    since: Sequence[int] | None = None
    cursor: str | None = None


@dataclass(slots=True)
class Partial:
    """A follower list on its way; only hashes of names are kept."""

    begun: int
    cursor: str | None = None
    ids: list[int] = field(default_factory=list)
    since: list[int] = field(default_factory=list)
    ended: bool = False
    complete: bool = True

    def add(self, ids: NDArray[np.uint64], page: Page, limit: int) -> None:
        self.ids.extend(ids.tolist())
        self.since.extend(page.since or [0] * len(page.names))
        self.cursor = page.cursor
        self.complete = page.cursor is None
        self.ended = self.complete or len(self.ids) >= limit

    def finished(self, account: str) -> FollowerList:
        import numpy as np

        from bot.sources.names import unique_names

        since = np.array(self.since, np.int64) if any(self.since) else None
        ids, since = unique_names(np.array(self.ids, np.uint64), since)
        return FollowerList(
            account=account,
            side="followers",
            at=self.begun,
            ids=ids,
            since=since,
            complete=self.complete,
        )

    def packed(self) -> dict[str, Any]:
        import numpy as np

        def text(values: list[int], kind: str) -> str:
            return base64.b64encode(np.array(values, kind).tobytes()).decode()

        since = text(self.since, "<i8") if any(self.since) else ""
        return {
            "begun": self.begun,
            "cursor": self.cursor,
            "ids": text(self.ids, "<u8"),
            "since": since,
        }

    @classmethod
    def unpacked(cls, raw: Mapping[str, Any]) -> Partial:
        import numpy as np

        ids = np.frombuffer(base64.b64decode(raw["ids"]), "<u8").tolist()
        since = np.frombuffer(base64.b64decode(raw["since"]), "<i8").tolist()
        return cls(raw["begun"], raw["cursor"], ids, since or [0] * len(ids))
