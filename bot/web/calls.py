"""What programs and assistants may ask: one table behind the API's routes and the MCP tools."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.commands import records
from bot.commands.parse import Target
from bot.commands.request import Request


class Question(BaseModel):
    """What a call is asked; a key that is not known is refused."""

    model_config = ConfigDict(extra="forbid")


class Accounts(Question):
    pattern: str = Field(
        "*", max_length=1000, description="only these, such as tiktok/* or #team-a"
    )


class Account(Question):
    account: str = Field(max_length=300, description="platform/handle, such as instagram/lena")


class Incidents(Question):
    which: Literal["open", "all"] = Field("open", description="open ones, or those over too")
    account: str | None = Field(None, max_length=300, description="only of this account")
    days: int | None = Field(
        None, ge=1, le=3660, description="only what moved in the last so many days"
    )


class Why(Question):
    number: int = Field(ge=1, le=10**9, description="the incident's number in this team")


class Series(Account):
    metric: Literal["followers", "following", "interactions", "views"] = "followers"
    days: int = Field(records.SERIES_DAYS, ge=2, le=records.LONGEST, description="how far back")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One thing that may be asked; `path` stands behind `/api/v1` and may hold what `question`
    asks for. `answer` gives the commands' own records and raises CommandError for what is not
    there or beyond the wall."""

    tool: str
    path: str
    about: str
    question: type[Question]
    answer: Callable[[Request, Any], Awaitable[object]]


async def _accounts(request: Request, asked: Accounts) -> object:
    return await records.account_list(request, asked.model_dump())


async def _account(request: Request, asked: Account) -> object:
    return await records.status(request, asked.model_dump())


async def _incidents(request: Request, asked: Incidents) -> object:
    return await records.incident_list(request, asked.model_dump(exclude_none=True))


async def _why(request: Request, asked: Why) -> object:
    return await records.why(request, {"incident": Target(asked.number)})


async def _series(request: Request, asked: Series) -> object:
    return await records.series(
        request, asked.model_dump() | {"days": timedelta(days=asked.days)}
    )


CALLS = (
    Call(
        tool="accounts",
        path="/accounts",
        about="The team's accounts with their count, the week's change and what is open.",
        question=Accounts,
        answer=_accounts,
    ),
    Call(
        tool="account",
        path=r"/accounts/{account:[^/]+/.+}",
        about="One account: count, changes over 1, 7 and 30 days, what is open, goals and how "
        "they look.",
        question=Account,
        answer=_account,
    ),
    Call(
        tool="incidents",
        path="/incidents",
        about="Unusual moves (purges, surges, leaks, ...) with kind, size, confidence, cause, "
        "reasons and whole life; open ones, or all.",
        question=Incidents,
        answer=_incidents,
    ),
    Call(
        tool="why",
        path=r"/incidents/{number:\d{1,9}}",
        about="One incident by its number: every reason with its numbers, and its life so far.",
        question=Why,
        answer=_why,
    ),
    Call(
        tool="series",
        path=r"/readings/{account:[^/]+/.+}",
        about="Counts of one account by day, with the band they were expected in, incidents "
        "and events; null where nothing was read.",
        question=Series,
        answer=_series,
    ),
)
