"""Counts at any HTTP address that answers with JSON or a table."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import jmespath
from pydantic import Field, field_validator, model_validator

from bot.config.settings import secrets_in
from bot.errors import SourceChanged, SourceError
from bot.model.reading import METRICS
from bot.model.source import Batch, Surroundings
from bot.sources.faults import fault_of
from bot.sources.handles import full_name
from bot.sources.platforms.batches import joined, match_handle, only, read_table
from bot.sources.profiles import PLATFORMS, platform_name
from bot.sources.tables.cells import columns_of
from bot.sources.tables.columns import role_of
from bot.sources.tables.headers import read_header
from bot.sources.tables.options import TableSettings
from bot.sources.web.answer import Reply, place
from bot.sources.web.client import Manners, Web
from bot.sources.web.credentials import credential

if TYPE_CHECKING:
    import polars as pl

_ANY_TIME = datetime(2020, 1, 1, tzinfo=UTC)
_SECRET_HEADERS = ("authorization", "cookie", "token", "key", "secret")
_ROLES = ("at", "account", "platform", *METRICS)


class HttpSettings(TableSettings):
    """`url` may hold `{handle}`: then it is asked once for each of `handles`.

    `rows` is the JMESPath of the list of records (left out: the only list there is), `fields`
    maps roles to JMESPaths within a record. Without a time in the records they are of now.
    `headers_env` and `params_env` map names to variables that hold secrets.
    """

    url: str = Field(pattern="^https?://")
    handles: tuple[str, ...] = ()
    rows: str | None = None
    fields: Mapping[str, str] = Field(default_factory=dict)
    headers: Mapping[str, str] = Field(default_factory=dict)
    headers_env: Mapping[str, str] = Field(default_factory=dict)
    params_env: Mapping[str, str] = Field(default_factory=dict)
    allow_private: bool = False
    concurrency: int = Field(default=4, ge=1, le=32)

    @field_validator("headers")
    @classmethod
    def _no_secrets(cls, headers: Mapping[str, str]) -> Mapping[str, str]:
        for name in headers:
            if any(word in name.lower() for word in _SECRET_HEADERS):
                raise ValueError(f'"{name}" is a secret: name its variable in headers_env')
        return headers

    @field_validator("fields")
    @classmethod
    def _known_fields(cls, fields: Mapping[str, str]) -> Mapping[str, str]:
        for role, path in fields.items():
            if role not in _ROLES:
                raise ValueError(f'"{role}" is none of {", ".join(_ROLES)}')
            try:
                jmespath.compile(path)
            except jmespath.exceptions.JMESPathError:
                raise ValueError(f'the path of "{role}" is no JMESPath: {path}') from None
        return fields

    @model_validator(mode="after")
    def _handles_where_asked(self) -> HttpSettings:
        if self.handles and "{handle}" not in self.url:
            raise ValueError("handles are given but url has no {handle}: add it to url")
        if self.account and "{handle}" in self.url:
            raise ValueError("account and {handle} exclude each other: keep one of them")
        return self


@dataclass(frozen=True, slots=True)
class _Wanted:
    """`handle` stands in the address, `account` is whose counts the answer holds."""

    handle: str
    account: str


def _wanted(name: str, platform: str | None) -> _Wanted:
    """ "lena", "@lena" and "instagram/lena" are one account."""
    account = full_name(name, platform) or name
    head, _, tail = name.strip().partition("/")
    own = tail and platform_name(head) in {platform_name(platform or ""), *PLATFORMS}
    return _Wanted((tail if own else name.strip()).removeprefix("@"), account)


class HttpSource:
    """`state` holds the ETag of each address, so that what is unchanged is not sent again."""

    def __init__(self, settings: HttpSettings, surroundings: Surroundings) -> None:
        self.name = settings.name
        self._settings = settings
        value = partial(credential, settings, surroundings)
        headers = {name: value(env) for name, env in settings.headers_env.items()}
        self._params = {name: value(env) for name, env in settings.params_env.items()}
        self._web = Web(
            settings.name,
            surroundings,
            headers={**settings.headers, **headers},
            secrets=[*self._params.values(), *secrets_in(settings.url)],
            private=settings.allow_private,
            manners=Manners(concurrency=settings.concurrency),
        )

    async def fetch(self, wanted: Sequence[str], state: Any, now: datetime) -> Batch:
        etags = dict((state or {}).get("etags", {}))
        handles = self._handles(wanted)
        self._web.plan(len(handles))
        results = await asyncio.gather(
            *(self._one(handle, etags, now) for handle in handles), return_exceptions=True
        )
        parts: list[Batch] = []
        errors: list[SourceError] = []
        for result in results:
            if isinstance(result, SourceError):
                errors.append(result)
            elif isinstance(result, BaseException):
                raise result
            else:
                parts.append(result)
        if errors and not parts:
            raise errors[0]
        batch = await asyncio.to_thread(joined, parts, ())
        faults = tuple(fault_of(error) for error in errors)
        batch = replace(batch, faults=(*batch.faults, *faults), state={"etags": etags})
        return only(batch, wanted, self.name)

    async def look(self, handle: str) -> str:
        asked = _wanted(handle, self._settings.platform) if self._per_handle else None
        batch = await self._one(asked, {}, None)
        known = [] if batch.readings is None else batch.readings["account"].unique().to_list()
        if asked is not None and len(known) == 1:
            return asked.handle
        return match_handle(handle, known, self._settings.platform, self.name)

    async def close(self) -> None:
        await self._web.close()

    @property
    def _per_handle(self) -> bool:
        return "{handle}" in self._settings.url

    def _handles(self, wanted: Sequence[str]) -> list[_Wanted | None]:
        """What to ask for, whatever the "@" and platform in the names."""
        if not self._per_handle:
            return [None]
        names = sorted(wanted) or self._settings.handles
        return list(dict.fromkeys(_wanted(name, self._settings.platform) for name in names))

    async def _one(
        self, wanted: _Wanted | None, etags: dict[str, str], now: datetime | None
    ) -> Batch:
        url, account = self._settings.url, None
        if wanted is not None:
            url = url.replace("{handle}", quote(wanted.handle, safe=""))
            account = wanted.account
        try:
            reply = await self._web.get(url, self._params, etag=etags.get(url), account=account)
            if reply.unchanged:
                return Batch()
            batch, timed = await asyncio.to_thread(self._read, reply, account, now)
        except SourceError as error:
            error.source, error.account = self.name, account
            error.args = (self._web.quoted(str(error)),)
            raise
        if reply.etag and timed:
            # without times of its own an unchanged answer is still news: the count of now
            etags[url] = reply.etag
        faults = [replace(one, text=self._web.quoted(one.text)) for one in batch.faults]
        notes = map(self._web.quoted, batch.notes)
        return replace(batch, faults=tuple(faults), notes=tuple(notes))

    def _read(
        self, reply: Reply, account: str | None, now: datetime | None
    ) -> tuple[Batch, bool]:
        """The batch, and whether the records say when they are of."""
        from bot.sources.tables.readings import Table

        options = self._settings.options()
        if account is not None:
            options = replace(options, account=account, told=True)
        frame = self._frame(reply, options.columns)
        timed = "at" in options.columns or any(role_of(c) == "at" for c in frame.columns)
        if not timed:
            roles = {*options.columns, *(read_header(c).role for c in frame.columns)}
            if not roles & set(METRICS):
                shown = ", ".join(f'"{name}"' for name in frame.columns[:12])
                raise SourceChanged(
                    f"{self.name}: {place(reply.url)} gives no count, only {shown}: name its "
                    "fields, or the endpoint has changed.",
                    where=place(reply.url),
                )
            frame = frame.with_columns(at=int((now or _ANY_TIME).timestamp()))
        table = Table(name=self.name, frame=frame, first_row=1)
        batch = read_table(table, options, self.name, now=now)
        return replace(batch, found=()), timed

    def _frame(self, reply: Reply, columns: Mapping[str, str]) -> pl.DataFrame:
        from bot.sources.tables.read_file import tables_from
        from bot.sources.tables.records import records_in

        if reply.content.lstrip()[:1] not in (b"{", b"["):
            return tables_from(reply.content, self.name, columns)[0].frame
        rows = self._settings.rows
        found = (
            jmespath.search(rows, reply.json()) if rows else records_in(reply.json(), self.name)
        )
        records = found if isinstance(found, list) else [found]
        if not records or not all(isinstance(record, dict) for record in records):
            raise SourceChanged(
                f'{self.name}: rows = "{rows}" finds no list of objects in the answer: correct '
                "the path, or the endpoint has changed.",
                where=place(reply.url),
            )
        return columns_of(
            self._mapped(records) if self._settings.fields else records, self.name
        )

    def _mapped(self, records: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        mapped: list[dict[str, Any]] = [{} for _ in records]
        for role, path in self._settings.fields.items():
            values = [jmespath.search(path, record) for record in records]
            if all(value is None for value in values):
                raise SourceChanged(
                    f'{self.name}: "{path}" ({role}) is in none of {len(records)} records: '
                    "correct fields, or the endpoint has changed.",
                    where=role,
                )
            for record, value in zip(mapped, values, strict=True):
                record[role] = value if not isinstance(value, list | dict) else str(value)
        return mapped
