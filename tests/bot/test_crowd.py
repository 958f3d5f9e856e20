"""Many charts that are really drawn, asked for at once: nobody else waits for them."""

import asyncio
import os
from pathlib import Path

from bot import app, message
from bot.chat.table import CHATS
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.model.command import Caller
from bot.model.message import ChartSpec, Message
from bot.service.painter import Painter
from bot.storage import channels, outbox
from bot.storage.channels import Channel
from tests.contracts.chat import until
from tests.fakes import FakeChat

NOW, DAY, TEAM = 1_700_000_000, 86400, "discord:1"
ASKED = 100 if os.environ.get("EBBWATCH_FAULTS") else 14
SOON = 8
"""Charts of the crowd that may be done before what others wait for: two are drawn at a time."""


def person(name: str) -> Caller:
    return Caller(platform="discord", space=TEAM, channel="discord:11", user=name, name=name)


async def test_answers_and_alerts_come_while_a_hundred_charts_are_drawn(tmp_path: Path) -> None:
    rows = [
        f"a{number},{NOW - day * DAY},{1000 + number + day % 3}"
        for number in range(ASKED)
        for day in range(20)
    ]
    counts = "\n".join(["account,at,followers", *rows, ""])
    (tmp_path / "counts.csv").write_text(counts)
    (tmp_path / "config.toml").write_text(
        '[[sources]]\nname = "f"\nkind = "file"\npath = "counts.csv"\nplatform = "x"\n'
        f'[[spaces]]\nid = "{TEAM}"\naccounts = ["*"]\n'
    )
    settings = app.read_config(tmp_path / "config.toml")
    async with app.opened(settings, calendar=lambda: NOW + 60.0) as service:
        await service.poll(service.feeds[0])
        store, desk = service.store, service.dispatcher
        chat = FakeChat({"fake:1": TEAM})
        themes = {name: kind.can.theme for name, kind in CHATS.items()} | {"fake": "light"}
        draw = Painter(store, service.calendar, "UTC", themes, desk.alerts_first)
        worker = OutboxWorker(
            store,
            {"fake": chat},
            voices=message,
            access=service.review_settings.access,
            clocks=Clocks(
                calendar=service.calendar, wall=service.calendar, monotonic=service.calendar
            ),
            hooks=Hooks(draw=draw, report=service.report),
        )
        await store.write(channels.put, Channel(channel="fake:1", space=TEAM))
        done: list[str] = []

        async def ask(who: str, line: str) -> Message:
            shown = await desk.answer_line(person(who), line)
            done.append(f"{who}: {line}")
            return shown

        crowd = [asyncio.create_task(ask("crowd", f"chart x/a{n} 20d")) for n in range(ASKED)]
        await until(lambda: done, 60)
        spec = ChartSpec(account="x/a1", start=NOW - 20 * DAY, end=NOW)
        alert = outbox.Queued(
            key="alert",
            channel="fake:1",
            space=TEAM,
            kind="alert",
            message=Message(title="alert", chart=spec),
            now=service.calendar(),
        )
        await store.write(outbox.queue, alert)

        async def deliver() -> None:
            await worker.pump()
            done.append("alert")

        await asyncio.gather(ask("ana", "status"), ask("ana", "chart x/a2 10d"), deliver())
        for waited in ("ana: status", "ana: chart x/a2 10d", "alert"):
            assert done.index(waited) < SOON + 3, done
        assert chat.shown[0].message.picture is not None
        charts = await asyncio.gather(*crowd)
        assert all(chart.picture for chart in charts)
