"""Accounts that lie in a lake: asked about, they are read there."""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import polars as pl
from sqlite_utils import Database

from bot.commands.request import Request, find_account
from bot.errors import CommandError
from bot.storage import accounts, readings, sources
from bot.storage.database import Store

_LAKE = "lake"


@asynccontextmanager
async def beyond(request: Request, text: str) -> AsyncIterator[Request]:
    """The request as it is answered for the account that a person means.

    What an incident has brought into the store is brought up to date there; of any other
    account in a lake nothing is kept: its readings stand in a store that goes with the answer.
    """
    known, source = await request.context.store.read(_known, request, text)
    found = None
    if request.context.beyond is not None and (not known or source is not None):
        found = await request.context.beyond(known or text)
    if found is None:
        yield request
    elif source is not None:
        await request.context.store.write(readings.add, source, found, int(request.now))
        yield request
    else:
        with tempfile.TemporaryDirectory() as folder:
            store = Store.open(Path(folder) / "lake.db", now=request.now)
            try:
                await store.write(_put, request, found)
                yield replace(request, context=replace(request.context, store=store))
            finally:
                store.close()


def _known(db: Database, request: Request, text: str) -> tuple[str | None, int | None]:
    """The account in the store, and the lake that it came from."""
    try:
        account = find_account(db, request, text)
    except CommandError:
        return None, None
    row = sources.get(db, account.source or "")
    lake = row is not None and sources.is_lake(db, row.id)
    return account.account, row.id if row and lake else None


def _put(db: Database, request: Request, found: pl.DataFrame) -> None:
    row = sources.ensure(db, _LAKE, lake=True)
    readings.add(db, row.id, found, int(request.now))
    accounts.set_tags(db, request.context.access.tags)
