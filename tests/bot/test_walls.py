"""Every way in and out against two spaces and three roles: no word of the other team.

A way that is added stands in WAYS; a command, a form or a kind of completion that no way goes
fails here, and so does a page, a route or a tool that `web/test_who_sees_what.py` does not
know. What only the operator reads names all, and no secret.
"""

import io
import json
import logging
import re
import tempfile
import unicodedata
import zipfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote, quote_plus, unquote

import pytest
import pytest_asyncio
from aiohttp import ClientSession, CookieJar
from matplotlib.figure import Figure
from matplotlib.text import Text
from sqlite_utils import Database

from bot import app
from bot.chat.discord.forms import form
from bot.chat.slack.home import Doors
from bot.chat.table import CHATS
from bot.cli.run import served
from bot.commands.table import COMMANDS
from bot.config.secrets import known_secrets
from bot.model.command import ArgumentKind, Attachment, Caller
from bot.model.message import Message
from bot.service.jobs import Service
from bot.service.log import start_logging
from bot.service.painter import Painter
from bot.storage import channels, notices
from checks.model import Notice
from tests.bot.test_isolation import OWN
from tests.bot.web.served import People
from tests.bot.web.test_who_sees_what import CELLS, TOOLS, assistant, filled
from tests.loopback.endpoint import Answer, Asked, serve

ONE, TWO = "discord:1", "discord:2"
FORBIDDEN = {
    ONE: ("rival", "theirfile", "their.example", "discord:22", "\u0440\u0456val", "xn--rvl"),
    TWO: ("lena", "ourfile", "our.example", "discord:11", "l\u0435n\u0430", "xn--lnu"),
}
"""As they read once they are decoded and folded, and in letters that look the same."""
FILES = {
    "ourfile": ("OURFILE", "l\u0435n\u0430", "l%65na", "\uff4cena", "xn--lnu-7cd"),
    "theirfile": ("TheirFile", "\u0440\u0456val", "%72ival", "\uff52ival", "xn--rvl-9cd"),
}
"""Files that are no tables: what is said of them names them, as other things may do."""
CONFIG = """
timezone = "UTC"
[console]
enabled = false
[[sources]]
name = "exports"
kind = "file"
path = "exports"
platform = "instagram"
[[sources]]
name = "of-rival"
kind = "file"
path = "exports/theirfile.csv"
[[sources]]
name = "of-lena"
kind = "file"
path = "exports/ourfile.csv"
[[spaces]]
id = "discord:1"
accounts = ["instagram/lena*"]
manager_roles = ["leads"]
[[spaces]]
id = "discord:2"
accounts = ["instagram/rival*"]
manager_roles = ["leads"]
[[channels]]
channel = "discord:11"
[[channels]]
channel = "discord:22"
[discord]
[serve]
listen = "127.0.0.1:0"
web = true
"""
ROLES = {"reader": {}, "manager": {"roles": frozenset({"leads"})}, "admin": {"admin": True}}
NOW = 1_700_000_000


def rows(name: str, drop: int) -> list[str]:
    counts = [20_000 + 20 * day + day % 3 for day in range(60)]
    counts[-1] -= drop
    return [f"{name},{NOW - (59 - day) * 86400},{n}" for day, n in enumerate(counts)]


@dataclass(frozen=True)
class Running:
    """The service of both teams, where it is asked over HTTP, and what it logs."""

    service: Service
    base: str
    log: io.StringIO


@pytest_asyncio.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    (tmp_path / "exports").mkdir()
    told = [rows(name, 6000) for name in ("lena", "rival")]
    counts = tmp_path / "exports" / "counts.csv"
    for name, spelled in FILES.items():
        for one in (name, *spelled):
            (tmp_path / "exports" / f"{one}.csv").write_text(
                f"nothing\nhttps://{name[:-4]}.example\n"
            )
    (tmp_path / "config.toml").write_text(CONFIG)
    settings = app.read_config(tmp_path / "config.toml")
    clock = [NOW - 86400 + 60.0]
    log = io.StringIO()
    start_logging(log, form="text", level="debug")
    async with app.opened(settings, calendar=lambda: clock[0]) as opened:
        for channel, space in (("discord:11", ONE), ("discord:22", TWO)):
            await opened.store.write(channels.set_space, channel, space)
        for days in (59, 60):  # both fall on the last day
            lines = ["account,at,followers", *(row for each in told for row in each[:days])]
            counts.write_text("\n".join([*lines, ""]))
            for feed in opened.feeds:
                await opened.poll(feed)
            clock[0] = NOW + 60.0
        for number, name in enumerate(("instagram/lena", "instagram/rival")):
            note = Notice(kind="milestone", account=name, at=NOW, reasons=())
            await opened.store.write(notices.add, note, f"milestone:{name}:{number}", NOW)
        await opened.minute()
        opened.chats = {"discord": People()}  # type: ignore[dict-item]
        async with served(settings, opened) as address:
            yield Running(opened, f"http://{address}", log)
    logging.getLogger().handlers.clear()


def person(space: str, role: str) -> Caller:
    caller = Caller(
        platform="discord", space=space, channel=f"{space}{space[-1]}", user="U", name="Ana"
    )
    return replace(caller, **ROLES[role])


async def test_a_refused_file_is_told_without_the_place_where_it_was_put(
    running: Running,
) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as files:
        files.writestr("../../evil.csv", "account,at,followers\n")
    given = Attachment(name="export.zip", content=packed.getvalue())
    desk = running.service.dispatcher
    shown = await desk.answer_line(person(ONE, "manager"), "import", [given])
    assert "paths outside" in shown.to_json()
    assert tempfile.gettempdir() not in shown.to_json()


@dataclass
class Visit:
    """One person of one team, the words that may not reach them, and what they were shown."""

    running: Running
    space: str
    role: str
    asked: set[str] = field(default_factory=set)
    seen: list[tuple[str, str]] = field(default_factory=list)
    drawn: list[str] = field(default_factory=list)
    """The words of each picture."""

    @property
    def service(self) -> Service:
        return self.running.service

    @property
    def own(self) -> str:
        return "lena" if self.space == ONE else "rival"

    @property
    def other(self) -> str:
        return "rival" if self.space == ONE else "lena"

    @property
    def person(self) -> Caller:
        return person(self.space, self.role)

    def see(self, what: str, text: str) -> None:
        self.seen.append((what, text))

    async def ask(self, line: str, *files: Attachment) -> Message:
        """What the caller wrote is no news to them."""
        shown = await self.service.dispatcher.answer_line(self.person, line, files)
        told = shown.to_json() + (shown.picture.alt if shown.picture else "")
        self.see(line, told if self.other not in line else told.replace(_name_in(line), ""))
        return shown

    async def delivered(self) -> list[Message]:
        def read(db: Database) -> list[str]:
            query = "SELECT message FROM deliveries WHERE channel = ?"
            return [text for (text,) in db.conn.execute(query, (self.person.channel,))]

        return [Message.from_json(text) for text in await self.service.store.read(read)]


def _name_in(line: str) -> str:
    return next(word for word in line.split() if "instagram/" in word)


Way = Callable[[Visit], Any]


async def commands(visit: Visit) -> None:
    """Each about the own account, then about numbers and names of the others."""
    for name, line in OWN.items():
        visit.asked.add(name)
        await visit.ask(
            line.replace("instagram/lena", f"instagram/{visit.own}"), *_files(visit, name)
        )
    for line in ("why 2", "chart 2", "ack w2", f"watch instagram/{visit.other}x"):
        await visit.ask(line)


def _files(visit: Visit, name: str) -> list[Attachment]:
    content = f"account,date,followers\ninstagram/{visit.own},2026-11-01,5\nx/o,2026-11-01,5\n"
    given = Attachment(name="counts.csv", content=content.encode())
    return [given] if name == "import" else []


async def completions(visit: Visit) -> None:
    for kind in get_args(ArgumentKind):
        for text in ("", visit.other[0], visit.other, "instagram/"):
            offered = await visit.service.dispatcher.suggest(visit.person, kind, text)
            visit.see(f"completing {kind} {text}", " ".join([*offered, *offered.values()]))


async def buttons(visit: Visit) -> None:
    """Of all that stands in the channel and of the answers; also those of the other team."""
    other = replace(visit, space=TWO if visit.space == ONE else ONE)
    shown = [*await visit.delivered(), *await other.delivered()]
    shown += [await visit.ask(line) for line in ("status", "incidents all", "why 1")]
    lines = {one.command for each in shown for one in each.buttons}
    lines |= {one.command for each in shown for menu in each.menus for one in menu.choices}
    assert {line.split()[0] for line in lines} >= {"feedback", "mute"}
    for line in sorted(lines):
        await visit.ask(line)


async def forms(visit: Visit) -> None:
    """As they open, and filled in with the name of the other team's account."""
    words = await visit.service.dispatcher.words(visit.person)
    for command in COMMANDS:
        if not command.form:
            continue
        visit.asked.add(f"form {command.name}")
        visit.see(command.name, json.dumps(form(command, words)))
        filled = dict.fromkeys(command.form, "1")
        filled |= {"about": "instagram/nobody", "account": "instagram/nobody"}
        shown = await visit.service.dispatcher.answer(visit.person, command.name, filled)
        visit.see(f"filled in {command.name}", shown.to_json())


async def home(visit: Visit) -> None:
    """Slack's, with the channels that it shows."""

    async def call(method: str, *, channel: str = "", **body: Any) -> Mapping[str, Any]:
        visit.see(method, json.dumps(body))
        return {}

    async def nobody(*_: object) -> None:
        raise AssertionError("a home is published")

    desk: Any = visit.service.dispatcher
    unused: Any = None
    doors = Doors(desk, unused, call, team=lambda: visit.space, tell=nobody, whisper=nobody)
    await doors.show_home(visit.person)
    visit.see("channels", " ".join(await visit.service.dispatcher.channels(visit.person)))


async def channel(visit: Visit) -> None:
    """Alerts, notices, digests, reminders and summaries as they wait in the outbox."""
    told = await visit.delivered()
    assert told, "each team was told something"
    for number, message in enumerate(told):
        visit.see(f"delivery {number}", message.to_json())


async def charts(visit: Visit) -> None:
    """For an answer and for an alert; their words stand in `drawn`, as those of all ways."""
    lines = (f"chart instagram/{visit.own} 30d", "chart 1", "summary week", "summary month")
    specs = [one.chart for one in await visit.delivered() if one.chart]
    themes = {name: kind.can.theme for name, kind in CHATS.items()}
    draw = Painter(visit.service.store, visit.service.calendar, "UTC", themes)
    place = channels.Channel(channel=str(visit.person.channel), space=visit.space)
    before = len(visit.drawn)
    for line in lines:
        await visit.ask(line)
    for spec in specs:
        assert await draw(place, spec)
    assert len(visit.drawn) - before >= len(lines) - 1 + len(specs) > 3


@contextmanager
def words_drawn(drawn: list[str]) -> Iterator[None]:
    """Keeps what stands in each figure, which is laid out and not painted."""

    def saving(figure: Figure, file: io.BytesIO, **_: Any) -> None:
        figure.draw_without_rendering()
        texts = [one.get_text() for one in figure.findobj(Text)]  # type: ignore[attr-defined]
        drawn.append("\n".join(texts))
        file.write(b"\x89PNG")

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", saving)
        yield


async def pages(visit: Visit) -> None:
    """Of the own team and, by name and number, of the other one, as a signed-in person."""
    people: Any = visit.service.chats["discord"]
    people.known[visit.space, visit.person.user] = replace(visit.person, channel=None)
    token = re.search(r"login\?t=([\w-]+)", (await visit.ask("web")).text)
    assert token is not None
    async with ClientSession(visit.running.base, cookie_jar=CookieJar(unsafe=True)) as client:
        async with client.post("/login", data={"t": token[1]}) as answer:
            assert answer.status == 200
        for route in CELLS:
            await _get(visit, client, route)


async def programs(visit: Visit) -> None:
    """The API and the tools of assistants, with a token that a manager asked for."""
    shown = await visit.ask("web token")
    token = shown.text.partition("\n")[0]
    async with ClientSession(
        visit.running.base, headers={"Authorization": f"Bearer {token}"}
    ) as client:
        for route in CELLS:
            if "/api/" in route:
                await _get(visit, client, route)
    if visit.role == "reader":
        assert shown.severity == "warning"
        return
    async with assistant(visit.running.base, token) as tools:
        for name, arguments in TOOLS.items():
            for account, number in ((f"instagram/{visit.own}", 1), (_beyond(visit), 2)):
                told = await tools.call_tool(name, filled(arguments, (account, number)))
                visit.see(f"tool {name}", str(told).replace(_beyond(visit), ""))


def _beyond(visit: Visit) -> str:
    return f"instagram/{visit.other}"


async def _get(visit: Visit, client: ClientSession, route: str) -> None:
    method, _, path = route.partition(" ")
    if method != "GET":
        return
    for handle, number in ((visit.own, 1), (visit.other, 2)):
        asked = path.format(
            platform="instagram",
            handle=handle,
            account=f"instagram/{handle}",
            number=number,
            period="week",
            token="guessed",
            name="page.css",
        )
        async with client.get(asked) as answer:
            assert answer.status < 500, asked
            text = (await answer.read()).decode(errors="replace")
            visit.see(asked, text.replace(_beyond(visit), ""))


async def operator(visit: Visit) -> None:
    """What `/healthz`, `/metrics` and the log tell is not for teams: it names everything."""
    for path, known in (("/healthz", "theirfile.csv"), ("/metrics", "discord:22")):
        async with ClientSession(visit.running.base) as client, client.get(path) as answer:
            text = await answer.text()
            assert known in text
            assert known.replace("their", "our").replace("22", "11") in text
    assert "theirfile.csv" in visit.running.log.getvalue()
    visit.see("what is the operator's", "is read by nobody else")


WAYS: Mapping[str, Way] = {
    "channel": channel,
    "buttons": buttons,
    "charts": charts,
    "completions": completions,
    "home": home,
    "forms": forms,
    "pages": pages,
    "programs": programs,
    "operator": operator,
    "commands": commands,
}


def spelled(text: str) -> str:
    """As a person reads it, whatever it was written in."""
    return unicodedata.normalize("NFKC", unquote(text)).casefold()


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("space", FORBIDDEN)
async def test_no_way_tells_of_the_other_team(running: Running, space: str, role: str) -> None:
    visit = Visit(running, space, role)
    with words_drawn(visit.drawn):
        for name, way in WAYS.items():
            before = len(visit.seen)
            await way(visit)
            assert len(visit.seen) > before, f"{name} showed nothing"
    for number, text in enumerate(visit.drawn):
        visit.see(f"picture {number}", text)
    found = [
        (what, word)
        for what, text in visit.seen
        for word in FORBIDDEN[space]
        if word in spelled(text)
    ]
    assert found == []
    assert visit.own in "".join(text for _, text in visit.seen)
    known = {one.name for one in COMMANDS} | {
        f"form {one.name}" for one in COMMANDS if one.form
    }
    assert visit.asked == known


SECRET = "hunter2@#/x"


async def test_what_the_operator_reads_names_all_and_no_secret(tmp_path: Path) -> None:
    """`/healthz`, `/metrics` and the log, where servers repeat what they were asked with."""
    environ = {
        "BASE_URL": f"postgresql://me:{quote(SECRET, safe='')}@127.0.0.1:1/x",
        "WEB_KEY": SECRET,
        "WEB_AUTH": f"Bearer {SECRET}",
    }

    def repeat(asked: Asked) -> Answer:
        said = (str(asked.headers), str(asked.query), quote(SECRET), quote_plus(SECRET))
        return Answer(status=400, body={"message": said[place % len(said)]})

    async with serve() as endpoint:
        endpoint.answers["*"] = repeat
        (tmp_path / "config.toml").write_text(f"""
[console]
enabled = false
[[sources]]
name = "base"
kind = "sql"
url_env = "BASE_URL"
query = "SELECT 1"
[[sources]]
name = "web"
kind = "http"
url = "{endpoint.url}/api"
params_env = {{ key = "WEB_KEY" }}
headers_env = {{ Authorization = "WEB_AUTH" }}
headers = {{ Empty = "" }}
allow_private = true
""")
        settings = app.read_config(tmp_path / "config.toml")
        log = io.StringIO()
        start_logging(log, form="text", level="debug", secrets=known_secrets(settings, environ))
        async with app.opened(settings, environ=environ, calendar=lambda: NOW + 60.0) as opened:
            for place in range(4):
                for feed in opened.feeds:
                    await opened.poll(feed)
                health = "\n".join(one.text for one in opened.conditions().values())
                numbers = json.dumps(await opened.numbers())
                for text in (health, numbers, log.getvalue()):
                    assert "hunter2" not in text, place
    logging.getLogger().handlers.clear()
    assert "base" in health
    assert "web: 127.0.0.1" in health
    assert "web" in log.getvalue()
