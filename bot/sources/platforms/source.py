"""What all platform APIs share: accounts asked in groups, resumed, told apart when gone.

A platform brings one small class (`Platform`); everything that outlives one request lives in
`ApiSource`: where a long poll stopped, the platform's own ids, follower lists half read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

from bot.errors import (
    AccountNotFound,
    SourceChanged,
    SourceError,
    SourceRefused,
    SourceUnavailable,
)
from bot.model.reading import METRICS, FollowerList
from bot.model.source import Batch, Fault, Surroundings
from bot.sources.faults import fault_of
from bot.sources.platforms.partial import Partial
from bot.sources.platforms.platform import (
    AccountRef,
    ApiSettings,
    HasRemarks,
    Listing,
    Platform,
    Profile,
    Remembering,
)
from bot.sources.platforms.progress import Progress
from bot.sources.web.client import Web

if TYPE_CHECKING:
    import polars as pl

REQUESTS = 40
"""Requests of one fetch; then the rest waits for the next part."""

Item = TypeVar("Item")

_AT_ONCE = 4
_PAGES = 40


class ApiSource:
    """Asks a platform for its accounts and says what became of them."""

    def __init__(
        self, settings: ApiSettings, surroundings: Surroundings, web: Web, platform: Platform
    ) -> None:
        self.name = settings.name
        self._settings, self._surroundings = settings, surroundings
        self._web, self._platform, self._traits = web, platform, platform.traits

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        progress, at = Progress.of(state), int(now.timestamp())
        handles = sorted(set(self._own(wanted) or self._settings.handles))
        if isinstance(self._platform, Remembering):
            self._platform.memory = progress.memory
        found: list[Profile | Fault] = []
        stopped: SourceError | None = None
        if not (progress.reading and progress.counted_at == at):
            stopped = await self._count(handles, progress, now, found)
        if stopped is not None and not found:
            raise stopped
        faults = [part for part in found if isinstance(part, Fault)]
        profiles = [part for part in found if isinstance(part, Profile)]
        self._plausible(profiles, progress)
        lists: list[FollowerList] = []
        waiting = progress.next is not None
        if stopped is not None:
            faults.append(fault_of(stopped))
        elif not waiting:
            progress.counted_at = at
            waiting = await self._lists(progress, at, lists, faults)
        return Batch(
            readings=self._readings(profiles, at) if profiles else None,
            lists=tuple(lists),
            names={self._full(p.handle): p.title for p in profiles if p.title},
            faults=(*faults, *self._renamed(profiles)),
            remarks=(
                self._platform.remarks() if isinstance(self._platform, HasRemarks) else ()
            ),
            state=progress.state(),
            more=stopped is None and waiting,
        )

    async def look(self, handle: str) -> str:
        plain = handle.strip().removeprefix("@")
        try:
            answer = (await self._platform.profiles([self._asked(plain)], None))[0]
        except SourceError as error:
            raise self._named(error) from None
        if isinstance(answer, Fault):
            text = f"{self.name}: {answer.text}"
            raise AccountNotFound(text, source=self.name, account=self._full(plain))
        if answer.hidden:
            text = f"{self._full(plain)} does not show its followers, so it cannot be watched."
            raise AccountNotFound(text, source=self.name, account=self._full(plain))
        return answer.name or plain

    async def close(self) -> None:
        await self._web.close()

    def _own(self, wanted: Sequence[str]) -> list[str]:
        prefix = self._traits.platform + "/"
        return [name.removeprefix(prefix).removeprefix("@") for name in wanted]

    def _asked(self, handle: str, id: str | None = None) -> AccountRef:
        return AccountRef(self._full(handle), handle, id)

    def _full(self, handle: str) -> str:
        return f"{self._traits.platform}/{handle}"

    async def _count(
        self,
        handles: Sequence[str],
        progress: Progress,
        now: datetime,
        found: list[Profile | Fault],
    ) -> SourceError | None:
        """Adds what the next requests give; gives the error that stops the poll, if any.

        `progress.next` is then the first handle that has no answer yet.
        """
        rest = [handle for handle in handles if handle >= (progress.next or "")]
        groups = list(_chunks(rest, self._traits.group))
        self._web.plan(len(groups) * self._traits.cost)
        most = max(1, REQUESTS // self._traits.cost)
        for some in _chunks(groups[:most], _AT_ONCE):
            asked = [[self._asked(h, progress.ids.get(h)) for h in group] for group in some]
            results = await asyncio.gather(
                *(self._platform.profiles(group, now) for group in asked),
                return_exceptions=True,
            )
            for group, result in zip(some, results, strict=True):
                if isinstance(result, SourceError):
                    error = self._named(result)
                    if error.account is None:
                        progress.next = group[0]
                        return error
                    found.append(fault_of(error, self._full(group[0])))
                elif isinstance(result, BaseException):
                    raise result
                else:
                    found.extend(map(self._named_fault, result))
        progress.ids |= {p.handle: p.id for p in found if isinstance(p, Profile) and p.id}
        progress.next = groups[most][0] if len(groups) > most else None
        return None

    def _named(self, error: SourceError) -> SourceError:
        """The same error, naming the source where the sentence does not."""
        if not error.source:
            error.source = self.name
            error.args = (f"{self.name}: {error}",)
        return error

    def _named_fault(self, part: Profile | Fault) -> Profile | Fault:
        if isinstance(part, Profile):
            return part
        return replace(part, text=f"{self.name}: {part.text}")

    def _plausible(self, profiles: Sequence[Profile], progress: Progress) -> None:
        """A field that goes missing or turns 0 for everyone has changed; that is no news of
        the accounts."""
        shown = [profile for profile in profiles if not profile.hidden]
        counts = [profile.counts.get("followers") for profile in shown]
        flows = any(profile.days for profile in shown)
        if shown and not flows and all(count is None for count in counts):
            problem = "gives no follower count for any"
        elif len(shown) > 1 and progress.counted and not any(counts):
            problem = "says 0 followers for each"
        else:
            progress.counted = progress.counted or any(counts)
            return
        raise SourceChanged(
            f"{self.name}: {self._traits.platform} {problem} of {len(shown)} accounts: its "
            "answers have changed, so nothing was stored.",
            source=self.name,
            where="followers",
        )

    def _renamed(self, profiles: Sequence[Profile]) -> Iterator[Fault]:
        for profile in profiles:
            if profile.name and profile.name.casefold() != profile.handle.casefold():
                yield Fault(
                    kind="renamed",
                    account=self._full(profile.handle),
                    text=f"{self._full(profile.handle)} is called {profile.name} now: put the "
                    "new name into the config to go on under it.",
                )

    def _readings(self, profiles: Sequence[Profile], at: int) -> pl.DataFrame:
        import polars as pl

        rows: list[dict[str, Any]] = []
        for profile in profiles:
            account = self._full(profile.handle)
            counts = dict(profile.counts)
            if self._traits.zero_is_missing and counts.get("followers") == 0:
                counts["followers"] = None
            if any(count is not None for count in counts.values()):
                rows.append({"account": account, "at": at, **counts})
            rows.extend({"account": account, "at": end, **flows} for end, flows in profile.days)
        metrics = [name for name in METRICS if any(row.get(name) is not None for row in rows)]
        schema = {"account": pl.String, "at": pl.Int64, **dict.fromkeys(metrics, pl.Int64)}
        return pl.DataFrame(
            [[row.get(name) for name in schema] for row in rows], schema=schema, orient="row"
        ).sort("account", "at")

    async def _lists(
        self, progress: Progress, at: int, lists: list[FollowerList], faults: list[Fault]
    ) -> bool:
        """Reads a few pages of the lists that are due; True where the rest can go on."""
        pages, period = _PAGES, self._settings.lists_every.total_seconds()
        for handle in self._settings.lists:
            due = at - progress.listed.get(handle, 0) >= period
            if not due and handle not in progress.reading:
                continue
            partial = progress.reading.setdefault(handle, Partial(begun=at))
            try:
                pages = await self._pages(
                    self._asked(handle, progress.ids.get(handle)), partial, pages
                )
            except SourceError as error:
                faults.append(fault_of(self._named(error), self._full(handle)))
                if isinstance(error, SourceUnavailable):
                    return False
            else:
                if not partial.ended:
                    return True
                lists.append(partial.finished(self._full(handle)))
            progress.listed[handle] = at
            del progress.reading[handle]
        return False

    async def _pages(self, asked: AccountRef, partial: Partial, pages: int) -> int:
        from bot.sources.names import hash_names

        if not isinstance(self._platform, Listing):
            raise SourceRefused(self._traits.no_lists, account=asked.account)
        key = self._surroundings.hash_key()
        while pages > 0 and not partial.ended:
            page = await self._platform.followers(asked, partial.cursor)
            ids = hash_names(page.names, key=key, platform=self._traits.platform)
            partial.add(ids, page, self._settings.list_limit)
            pages -= 1
        return pages


def _chunks(items: Sequence[Item], size: int) -> Iterator[list[Item]]:
    rest = iter(items)
    while chunk := list(islice(rest, size)):
        yield chunk
