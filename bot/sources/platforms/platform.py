"""What one platform brings: how its accounts are asked, and what became of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol, runtime_checkable

from pydantic import Field, field_validator, model_validator

from bot.config.settings import SourceSettings, Span
from bot.model.source import Fault
from bot.sources.platforms.partial import Page as Page

Ending = Literal["gone", "suspended", "deactivated", "private"]


class ApiSettings(SourceSettings):
    """`lists` names the accounts whose follower lists are read, every `lists_every`, up to
    `list_limit` names. `api_base` replaces the platform's address (tests, gateways)."""

    handles: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    lists_every: Span = timedelta(days=1)
    list_limit: int = Field(default=100_000, ge=1, le=1_000_000)
    api_base: str | None = Field(default=None, pattern="^https?://")

    @property
    def private(self) -> bool:
        """An address that the team names itself may lie in its own network."""
        return self.api_base is not None

    @field_validator("handles", "lists")
    @classmethod
    def _plain(cls, handles: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(handle.strip().removeprefix("@") for handle in handles)

    @model_validator(mode="after")
    def _listed_are_watched(self) -> ApiSettings:
        for handle in self.lists:
            if handle not in self.handles:
                raise ValueError(
                    f'lists names "{handle}", which handles does not: add it there'
                )
        return self


@dataclass(frozen=True, slots=True)
class AccountRef:
    """`account` is platform/handle; `id` is the platform's own, once it is known: it survives
    a new name."""

    account: str
    handle: str
    id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """`handle` as asked, `name` as the platform writes it now, `title` as people read it; an
    absent count is None.

    `hidden` says that the followers are not shown to anybody. `days` are flows of whole
    days: (end of the day, metric -> count).
    """

    handle: str
    counts: Mapping[str, int | None]
    id: str | None = None
    name: str | None = None
    title: str | None = None
    hidden: bool = False
    days: tuple[tuple[int, Mapping[str, int]], ...] = ()


@dataclass(frozen=True, slots=True)
class Traits:
    """`group` accounts are asked at once, which takes `cost` requests. `zero_is_missing` where
    the platform says 0 when it does not know. `no_lists` is what to do instead where a
    platform that is not `Listing` is asked for follower lists."""

    platform: str
    group: int = 1
    cost: int = 1
    zero_is_missing: bool = False
    no_lists: str = ""


class Platform(Protocol):
    """Contract: an account in trouble is a Fault or a SourceError that names it; an error
    without an account means that nothing can be had now. `ApiSource` puts the source's name
    before every sentence.

    `now` is None where an account is only looked up: nothing is renewed, noted or summed.
    """

    @property
    def traits(self) -> Traits: ...

    async def profiles(
        self, asked: Sequence[AccountRef], now: datetime | None
    ) -> Sequence[Profile | Fault]: ...


@runtime_checkable
class Listing(Protocol):
    """A platform that gives follower lists, page by page."""

    async def followers(self, asked: AccountRef, cursor: str | None) -> Page: ...


@runtime_checkable
class Remembering(Protocol):
    """A platform whose `memory` is kept with the state."""

    memory: dict[str, Any]


@runtime_checkable
class HasRemarks(Protocol):
    """A platform with something to tell beside its counts, as `Batch.standing`."""

    def remarks(self) -> tuple[str, ...]: ...


def lost(asked: AccountRef, kind: Ending, what: str) -> Fault:
    """An account that gives no counts any more."""
    return Fault(kind=kind, account=asked.account, text=f"{what}; its history is kept.")
