"""What sources read: accounts, counts and follower lists."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

DAY = 86_400
"""Seconds."""

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

TOTALS = ("followers", "following", "posts", "interactions", "views")

FLOWS = ("gained", "lost", "net", "posts_daily", "interactions_daily", "views_daily")

METRICS = TOTALS + FLOWS
"""Columns of a readings frame beside `account` (platform/handle) and `at` (epoch seconds).

All are nullable Int64: absent is null, never 0. A flow is the sum over the day that ends
at `at`. A frame may leave out columns that it never fills."""


def folded(name: str) -> str:
    """What all spellings of one account's name share: no platform tells "Lena" from "lena"."""
    name = name.strip()
    return (name if name.isascii() else unicodedata.normalize("NFC", name)).lower()


@dataclass(frozen=True, slots=True, order=True)
class Account:
    """One profile; `str(account)` is how it is written everywhere."""

    platform: str
    handle: str

    def __str__(self) -> str:
        return f"{self.platform}/{self.handle}" if self.platform else self.handle

    @classmethod
    def parse(cls, text: str) -> Account:
        platform, slash, handle = text.strip().partition("/")
        return cls(platform, handle) if slash else cls("", platform)


@dataclass(frozen=True, slots=True, kw_only=True)
class FollowerList:
    """Who followed (or was followed by) an account at one time, as keyed hashes.

    `ids` is sorted uint64 without repeats; `since` holds the follow times and `created` the
    creation dates of the followers' accounts beside it (epoch seconds, 0 where unknown), or
    None. `ordered` marks follow times that only keep the platform's order: lower bounds by
    which nothing is dated. `count` is the profile's own total where the export gives it; lists
    may lack a few. `complete` is None where the export cannot tell.
    """

    account: str
    side: Literal["followers", "following"]
    at: int
    ids: NDArray[np.uint64]
    since: NDArray[np.int64] | None = None
    created: NDArray[np.int64] | None = None
    ordered: bool = False
    count: int | None = None
    complete: bool | None = None
