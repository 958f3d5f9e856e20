"""Charts of deliveries show what the `chart` command shows."""

import numpy as np
import pytest

from bot.chat.table import CHATS
from bot.message import Scene, picture
from bot.model.message import ChartSpec
from bot.service import painter
from bot.service.painter import Painter
from bot.storage.channels import Channel
from tests.bot.review.test_faults import days_more
from tests.bot.review.test_review import Service, world
from tests.fakes import DAY, frame

THEMES = {name: kind.can.theme for name, kind in CHATS.items()}


@pytest.fixture
async def service(tmp_path):
    here = Service(tmp_path / "ebbwatch.db")
    await here.start()
    yield here
    here.store.close()


@pytest.mark.parametrize(("platform", "theme"), [("discord", "dark"), ("slack", "light")])
async def test_a_delivered_chart_marks_a_gone_account(service, monkeypatch, platform, theme):
    counts, times = world(service.clock, accounts_=2)
    await service.arrive(frame(counts, times))
    gone = np.repeat(counts[:, -1:], 5, axis=1) + 40 * np.arange(1, 6)
    gone[0] = 0
    await days_more(service, counts, times, gone)
    scenes: list[Scene] = []

    def drawn(voice, spec, panel, now, scene):
        scenes.append(scene)
        return picture(voice, spec, panel, now, scene)

    monkeypatch.setattr(painter, "picture", drawn)
    draw = Painter(service.store, lambda: service.clock.now, "UTC", THEMES)
    now = int(service.clock.now)
    channel = Channel(channel=f"{platform}:1", space=f"{platform}:9")
    for account, kinds in (("instagram/a0", ["account_gone"]), ("instagram/a1", [])):
        spec = ChartSpec(account=account, metric="followers", start=now - 30 * DAY, end=now)
        assert await draw(channel, spec)
        assert [each.kind for each in scenes[-1].notices] == kinds
        assert scenes[-1].theme == theme
