"""The pages: overview, account, incident and report; each also for the holder of a link."""

from __future__ import annotations

import asyncio
import csv
import io
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from importlib.resources import files
from typing import Any
from urllib.parse import quote

from aiohttp import web
from jinja2 import DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from bot.commands import records
from bot.commands.audience import audience_of
from bot.commands.dispatch import CommandDispatcher
from bot.commands.parse import Target
from bot.commands.request import find_account
from bot.message.audience import audience, audience_picture, survival_table
from bot.message.kinds import EVENTS, SEVERITIES, STATES, kind_name, metric_name
from bot.message.voice import Voice
from bot.model import inline
from bot.model.chat import Theme
from bot.web.access import Access, Visitor, check_form
from bot.web.board import Board, Boards, share
from bot.web.words import words

_PAGE = 100
"""Accounts on a page of the overview: a thousand would be more than a phone wants to load."""
_PERIODS = ("week", "month")
_SORTS = ("name", "followers", "change_7d", "open")


@dataclass
class Pages:
    """Handlers; `access` says who asks, and the commands' own records what they may see."""

    access: Access
    dispatcher: CommandDispatcher
    voice: Voice
    templates: Environment = field(default_factory=lambda: _environment())
    _boards: Boards = field(default_factory=Boards)

    def routes(self) -> list[web.RouteDef]:
        account = "/account/{platform}/{handle:.+}"
        return [
            web.get("/", self.overview),
            web.get("/login", self.login),
            web.post("/login", self.sign_in),
            web.post("/logout", self.sign_out),
            web.get("/incidents", self.incident_list),
            web.get("/incident/{number:\\d+}", self.incident),
            web.post("/incident/{number:\\d+}", self.act),
            web.post("/event", self.note_event),
            web.get("/report/{period}", self.report),
            web.get("/series" + account, self.series),
            web.get("/csv" + account, self.csv),
            web.get("/audience" + account, self.audience),
            web.get("/map" + account, self.map),
            web.get(account, self.account),
            web.get("/s/{token}", self.shared),
            web.get("/s/{token}/series", self.shared_series),
        ]

    # --- pages --------------------------------------------------------------------------

    async def overview(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        board = await self._boards.board(visitor.request, visitor.forgotten)
        query = request.query.get("q", "").strip()
        sort = request.query.get("sort", "followers")
        sort = sort if sort in _SORTS else "followers"
        number = max(1, _whole(request.query.get("page", "1")))
        table = None if query else board.tables.get((sort, number))
        if table is None:
            table = self._table(visitor, board, query, sort, number)
            if not query and number * _PAGE < len(board.accounts) + _PAGE:
                board.tables[sort, number] = table
        return self._page(
            visitor, "overview.html", board=board, table=table, query=query, sort=sort
        )

    def _table(
        self, visitor: Visitor, board: Board, query: str, sort: str, number: int
    ) -> Markup:
        """A page of the accounts; formatting a hundred rows is most of the overview's work."""
        called = visitor.request.voice.name_of
        wanted = query.lower()
        rows = [
            row
            for row in board.accounts
            if wanted in row["account"].lower() or wanted in called(row["account"]).lower()
        ]
        shown = _sorted(rows, sort, called)[(number - 1) * _PAGE : number * _PAGE]
        return Markup(
            self.templates.get_template("accounts.html").render(
                **_furniture(visitor),
                rows=shown,
                query=query,
                sort=sort,
                number=number,
                more=number * _PAGE < len(rows),
            )
        )

    async def account(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        return await self._account(visitor, _account(request), _metric(request))

    async def _account(self, visitor: Visitor, name: str, metric: str) -> web.Response:
        told = await records.portrait(visitor.request, name, metric)
        return self._page(
            visitor,
            "account.html",
            **told,
            metric=metric,
            metrics=records.SERIES,
            chart=_chart(told["series"]),
            source=_series_of(visitor, told["series"]),
            kinds=EVENTS,
        )

    async def audience(self, request: web.Request) -> web.Response:
        """What the account's follower lists say: who came and who left, by when they joined."""
        visitor = await self.access.visitor(request)
        asked = visitor.request
        look = await audience_of(asked, _account(request))
        return self._page(
            visitor,
            "audience.html",
            account=look.account,
            told=audience(asked.voice, look, asked.now).in_words(),
            table=survival_table(asked.voice, look.study),
            dated=look.study.dated,
        )

    async def map(self, request: web.Request) -> web.Response:
        """Its picture, which takes long: the page does not wait for it."""
        visitor = await self.access.visitor(request)
        asked = visitor.request
        look = await audience_of(asked, _account(request))
        theme: Theme = "dark" if "dark" in request.query else "light"
        drawn = await asyncio.to_thread(audience_picture, asked.voice, look, asked.now, theme)
        if drawn is None:
            raise web.HTTPNotFound
        return web.Response(body=drawn.png, content_type="image/png")

    async def incident_list(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        which = "all" if "all" in request.query else "open"
        account = request.query.get("account")
        found = await records.incident_list(
            visitor.request, {"which": which, "account": account}
        )
        return self._page(
            visitor, "incidents.html", incidents=found, which=which, account=account
        )

    async def incident(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        return await self._incident(visitor, request.match_info["number"])

    async def _incident(self, visitor: Visitor, number: str) -> web.Response:
        asked = visitor.request
        incident = await records.explained(asked, Target(_whole(number)))
        told = {"account": incident["account"], "metric": incident["metric"]}
        series = await records.series(asked, told)
        return self._page(
            visitor,
            "incident.html",
            incident=incident,
            series=series,
            chart=_chart(series),
            source=_series_of(visitor, series),
        )

    async def report(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        return await self._report(visitor, request.match_info["period"])

    async def _report(self, visitor: Visitor, period: str) -> web.Response:
        if period not in _PERIODS:
            raise web.HTTPNotFound
        told: Any = await records.summary(visitor.request, {"period": period})
        rows = sorted(told["accounts"], key=lambda row: -abs(row["change"] or 0))
        followers = sum(row["after"] or 0 for row in rows)
        change = sum(row["change"] or 0 for row in rows)
        totals = {
            "followers": followers,
            "change": change,
            "percent": share(change, followers),
        }
        return self._page(
            visitor, "report.html", report=told, rows=rows, totals=totals, period=period
        )

    # --- data ---------------------------------------------------------------------------

    async def series(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        asked = {"account": _account(request), "metric": _metric(request)}
        return await self._series(visitor, asked)

    async def _series(self, visitor: Visitor, asked: Mapping[str, Any]) -> web.Response:
        return web.json_response(await records.series(visitor.request, asked))

    async def csv(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        asked = {"account": _account(request), "metric": _metric(request)}
        told = await records.series(
            visitor.request, asked | {"days": timedelta(days=records.LONGEST)}
        )
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(["account", "at", told["metric"]])
        writer.writerows(
            [told["account"], at, int(value)]
            for at, value in zip(told["at"], told["value"], strict=True)
            if value is not None
        )
        return web.Response(
            text=text.getvalue(),
            content_type="text/csv",
            headers={"Content-Disposition": 'attachment; filename="readings.csv"'},
        )

    # --- signing in ---------------------------------------------------------------------

    async def login(self, request: web.Request) -> web.Response:
        """A form and not the session: chats fetch links to show what is behind them."""
        return self._bare("login.html", token=request.query.get("t", ""))

    async def sign_in(self, request: web.Request) -> web.Response:
        form = await _form(request)
        session = await self.access.sign_in(form.get("t", ""), request)
        if session is None:
            return self.closed(403, "used")
        answer = web.HTTPSeeOther("/")
        self.access.remember(answer, session)
        raise answer

    async def sign_out(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        form = await _form(request)
        check_form(visitor, form.get("form", ""))
        answer = web.HTTPSeeOther("/")
        await self.access.forget(answer, request)
        raise answer

    async def shared(self, request: web.Request) -> web.Response:
        """The one page that a link shows, and nothing else of the team."""
        visitor = await self.access.guest(request)
        kind, _, what = (visitor.shared or "").partition("/")
        show = {
            "account": partial(self._account, visitor, what, "followers"),
            "incident": partial(self._incident, visitor, what),
            "report": partial(self._report, visitor, what),
        }[kind]
        return await show()

    async def shared_series(self, request: web.Request) -> web.Response:
        visitor = await self.access.guest(request)
        kind, _, what = (visitor.shared or "").partition("/")
        if kind == "incident":
            told: Any = await records.why(visitor.request, {"incident": Target(_whole(what))})
            asked = {"account": told["account"], "metric": told["metric"]}
        elif kind == "account":
            asked = {"account": what}
        else:
            raise web.HTTPNotFound
        return await self._series(visitor, asked)

    # --- changes: the same handlers and audit as in chat ---------------------------------

    async def act(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        form = await _form(request)
        check_form(visitor, form.get("form", ""))
        number, what = request.match_info["number"], form.get("do", "")
        lines = {"ack": f"ack {number}", "mute": f"mute {number} 1d"} | {
            verdict: f"feedback {number} {verdict}"
            for verdict in ("useful", "expected", "false")
        }
        if what not in lines or not visitor.manager:
            raise web.HTTPForbidden
        await self.dispatcher.carry_out(visitor.request.caller, lines[what])
        raise web.HTTPSeeOther(f"/incident/{number}")

    async def note_event(self, request: web.Request) -> web.Response:
        visitor = await self.access.visitor(request)
        form = await _form(request)
        check_form(visitor, form.get("form", ""))
        if not visitor.manager:
            raise web.HTTPForbidden
        about = form.get("about", "")
        asked = visitor.request
        known = await asked.context.store.read(find_account, asked, about)
        told = await self.dispatcher.answer(
            asked.caller,
            "event add",
            {
                "kind": form.get("kind", ""),
                "from": form.get("from", ""),
                "name": form.get("name", ""),
                "about": known.account,
            },
        )
        if told.severity == "warning":  # a refusal, in words
            return self._page(visitor, "said.html", said=told, status=400)
        raise web.HTTPSeeOther(f"/account/{quote(known.account)}")

    # --- rendering ----------------------------------------------------------------------

    def closed(self, status: int, why: str = "closed") -> web.Response:
        """For what is not there and what may not be seen alike; `why` is a word of `words`."""
        return self._bare("closed.html", status=status, why=why)

    def _page(
        self, visitor: Visitor, name: str, status: int = 200, **values: Any
    ) -> web.Response:
        shown = _furniture(visitor)
        return self._render(name, status, page=shown, **shown, **values)

    def _bare(self, name: str, status: int = 200, **values: Any) -> web.Response:
        """For somebody who is not known yet, in the service's own language."""
        voice = self.voice
        return self._render(name, status, w=words(voice), lang=voice.locale.language, **values)

    def _render(self, name: str, status: int, **values: Any) -> web.Response:
        return web.Response(
            text=self.templates.get_template(name).render(**values),
            status=status,
            content_type="text/html",
        )


def _furniture(visitor: Visitor) -> dict[str, Any]:
    """What every template may use: words, numbers and days in the visitor's language."""
    voice = visitor.request.voice
    return {
        "w": words(voice),
        "lang": voice.locale.language,
        "count": voice.count,
        "signed": partial(_signed, voice),
        "percent": partial(_percent, voice),
        "share": voice.percent,
        "day": partial(_day, voice),
        "days": lambda first, last: voice.dates(_noon(voice, first), _noon(voice, last)),
        "profile": partial(_profile, voice),
        "called": voice.name_of,
        "kind": partial(kind_name, voice),
        "state": lambda word: voice.say(STATES[word]),
        "severity": lambda word: voice.say(SEVERITIES[word]),
        "metric_of": partial(metric_name, voice),
        "say": voice.say,
        "form": visitor.form,
        "manager": visitor.manager,
        "guest": visitor.shared is not None,
    }


def _signed(voice: Voice, value: float | None) -> str:
    return "–" if value is None else voice.signed(value)


def _percent(voice: Voice, value: float | None) -> str:
    return "" if value is None else voice.percent(value / 100, signed=True)


def _profile(voice: Voice, account: str) -> str | None:
    """Where the account is at its platform, as messages link it."""
    return next((run.url for run in inline.runs(voice.account(account)) if run.url), None)


def _day(voice: Voice, at: str) -> str:
    """A day of the records, with or without its time."""
    return voice.dated(_noon(voice, at))


def _noon(voice: Voice, at: str) -> float:
    """Epoch seconds of a time of the records, of a day without one those of its noon."""
    moment = datetime.fromisoformat(at)
    if moment.tzinfo is None:
        moment = moment.replace(hour=12, tzinfo=voice.zone)
    return moment.timestamp()


def _environment() -> Environment:
    folder = files("bot.web") / "templates"
    sources = {
        each.name: each.read_text(encoding="utf-8")
        for each in folder.iterdir()
        if each.name.endswith(".html")
    }
    return Environment(
        loader=DictLoader(sources),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


async def _form(request: web.Request) -> Mapping[str, str]:
    """What was filled in; raises HTTPBadRequest for what is no form."""
    try:
        return {name: str(value) for name, value in (await request.post()).items()}
    except (ValueError, LookupError):
        raise web.HTTPBadRequest from None


def _series_of(visitor: Visitor, series: Mapping[str, Any]) -> str:
    """Where the chart's script gets its numbers."""
    if visitor.shared:
        return f"{visitor.path}/series"
    return f"/series/account/{quote(series['account'])}?metric={series['metric']}"


def _account(request: web.Request) -> str:
    return f"{request.match_info['platform']}/{request.match_info['handle']}"


def _metric(request: web.Request) -> str:
    metric = request.query.get("metric", "")
    return metric if metric in records.SERIES else "followers"


def _whole(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


def _sorted(
    rows: Sequence[dict[str, Any]], by: str, called: Callable[[str], str]
) -> list[dict[str, Any]]:
    """Names from A to Z, numbers from the largest, what is not known last."""
    if by == "name":
        return sorted(rows, key=lambda row: called(row["account"]).lower())
    if by == "open":
        return sorted(rows, key=lambda row: (row["open"] is None, row["account"]))
    return sorted(rows, key=lambda row: -math.inf if row[by] is None else row[by], reverse=True)


@dataclass(frozen=True)
class _Drawing:
    """A chart as SVG points, 720 wide and 240 high: for those without a script, and print.

    `marks` and `events` are (left, width), `goals` heights of those that lie no further off
    than the line's own range is high; `first` and `last` are what the ends of the line say.
    """

    line: str
    band: str
    marks: Sequence[tuple[float, float]]
    events: Sequence[tuple[float, float]]
    goals: Sequence[float]
    low: float
    high: float
    first: float
    last: float


def _chart(series: Mapping[str, Any]) -> _Drawing | None:
    values, low, high = series["value"], series["low"], series["high"]
    read = [value for value in values if value is not None]
    if not read:
        return None
    known = [*read, *(value for value in (*low, *high) if value is not None)]
    bottom, top = min(known), max(known)
    near = [
        goal["followers"]
        for goal in series["goals"]
        if 2 * bottom - top <= goal["followers"] <= 2 * top - bottom
    ]
    bottom, top = min([bottom, *near]), max([top, *near])
    scale = 220 / (top - bottom) if top > bottom else 0
    across = 720 / max(1, len(values) - 1)

    def height(value: float) -> float:
        return float(round(230 - (value - bottom) * scale, 1))

    def points(numbers: Sequence[float | None]) -> list[str]:
        return [
            f"{place * across:.1f},{height(value):.1f}"
            for place, value in enumerate(numbers)
            if value is not None
        ]

    days = [at[:10] for at in series["at"]]

    def span(first: str, last: str | None) -> Iterator[tuple[float, float]]:
        inside = [n for n, day in enumerate(days) if first[:10] <= day <= (last or day)[:10]]
        if inside:
            left, right = inside[0] * across, inside[-1] * across
            yield min(left, 717.0), max(3.0, right - left)

    return _Drawing(
        line=" ".join(points(values)),
        band=" ".join([*points(low), *reversed(points(high))]),
        marks=[
            each
            for one in series["incidents"]
            for each in span(one["opened_at"], one["resolved_at"])
        ],
        events=[each for one in series["events"] for each in span(one["from"], one["to"])],
        goals=[height(goal) for goal in near],
        low=min(read),
        high=max(read),
        first=read[0],
        last=read[-1],
    )
