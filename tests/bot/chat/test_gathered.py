"""Much to tell at once, and after long silence, on the platforms themselves."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from sqlite_utils import Database

from bot import message
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.message.digest import LISTED
from bot.route import News, route
from bot.storage import channels, incidents
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from bot.storage.incidents import Change
from checks.model import SEVERITIES, Incident, Severity, Update
from tests.contracts.chat import CONVERSING, Stage, open_stage

DAY = 86400


def incident(account: str, at: float, severity: Severity = "warning") -> Incident:
    step = Update(
        at=int(at), state="suspected", kind="unfollow_wave", severity=severity, confidence=0.7
    )
    return Incident(
        account=account,
        metric="followers",
        direction="down",
        opened_at=int(at),
        alerted_at=int(at),
        resolved_at=None,
        last_finding_at=int(at),
        state="suspected",
        kind="unfollow_wave",
        severity=severity,
        confidence=0.7,
        change=-900.0 - 100 * SEVERITIES.index(severity),
        expected=100.0,
        level=50_000.0,
        score=-20.0,
        reasons=(),
        updates=(step,),
    )


class Team:
    """One channel of the stage that hears everything, with the real routing and outbox."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.store = Store.open(folder / "team.db", now=stage.now())
        self.access = AccessPolicy({stage.space: ("*",)})
        self.monotonic = 0.0
        self.worker = OutboxWorker(
            self.store,
            {stage.chat.platform: stage.chat},
            voices=message,
            access=self.access,
            clocks=Clocks(calendar=stage.now, wall=stage.now, monotonic=lambda: self.monotonic),
            hooks=Hooks(draw=_nothing, report=_nothing),
        )

    async def subscribe(self, **more: int) -> None:
        def work(db: Database) -> None:
            channel, space = self.stage.channel, self.stage.space
            channels.put(db, Channel(channel=channel, space=space, **more))
            channels.subscribe(db, Subscription(channel=channel))

        await self.store.write(work)

    async def tell(self, found: Sequence[Incident]) -> None:
        """Stores and routes incidents as one review does."""

        def work(db: Database) -> None:
            known = incidents.stored(db, found)
            stored = incidents.save(db, [Change(one) for one in found], int(self.stage.now()))
            fresh = {one.id for one in stored if one.incident.key not in known}
            news = News(changed=frozenset(one.id for one in stored), fresh=frozenset(fresh))
            route(db, message, self.access, int(self.stage.now()), news)

        await self.store.write(work)

    async def pass_time(self, seconds: float) -> None:
        self.stage.tick(seconds)
        self.monotonic += seconds
        await self.worker.pump()


@pytest.fixture(params=CONVERSING)
async def team(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Team]:
    async with open_stage(request.param) as stage:
        team = Team(stage, tmp_path)
        yield team
        team.store.close()


async def test_a_thousand_alerts_are_at_most_ten_messages_that_name_every_account(
    team: Team,
) -> None:
    """Names as long as Instagram allows, with the marks that cost most where escaped."""
    await team.subscribe()
    chance = random.Random(7)
    handles = [f"studio.{number:04d}_by_lena_".ljust(30, "x") for number in range(1000)]
    await team.tell(
        [
            incident(f"instagram/{name}", team.stage.now(), chance.choice(SEVERITIES))
            for name in handles
        ]
    )
    for _ in range(20):
        await team.pass_time(10)
    shown = team.stage.shown()
    assert 1 < len(shown) <= 10
    assert not any(team.stage.replies(index) for index in range(len(shown)))
    worst = [part for part in shown[0].text.splitlines() if part.startswith("#")]
    assert [" · critical" in part for part in worst[:LISTED]] == [True] * LISTED
    told = "\n".join(one.text for one in shown)
    assert [name for name in handles if name not in told] == []
    assert "1,000 incidents at once" in shown[0].text


@pytest.mark.parametrize("tried", [False, True])
async def test_after_a_day_of_outage_one_message_catches_up_and_life_goes_on(
    team: Team, tried: bool
) -> None:
    """`tried`: the platform went away in the middle of a message."""
    await team.subscribe()
    await team.tell([incident("tiktok/before", team.stage.now())])
    await team.worker.pump()
    if tried:
        team.stage.fail("reset before")
        team.stage.fail("reset before", "look", times=5)
        await team.tell([incident("tiktok/unlucky", team.stage.now())])
        await team.worker.pump()
    team.stage.vanish()
    missed: list[Incident] = []
    for hour in range(27):
        if hour % 3 == 0:
            severity = SEVERITIES[hour // 3 % 3]
            missed.append(incident(f"tiktok/missed{hour}", team.stage.now(), severity))
            await team.tell(missed[-1:])
        await team.pass_time(3600)
    assert len(team.stage.shown()) == 1
    team.stage.come_back()
    for _ in range(3):
        await team.pass_time(600)
    [_, caught_up] = team.stage.shown()
    wanted = len(missed) + tried
    assert f"{wanted} alerts that could not be sent before, 3 critical" in caught_up.text
    places = [
        min(caught_up.text.index(one.account) for one in missed if one.severity == severity)
        for severity in reversed(SEVERITIES)
    ]
    assert places == sorted(places)
    assert all(one.account in caught_up.text for one in missed)

    await team.tell([incident("tiktok/after", team.stage.now())])
    await team.pass_time(60)
    assert len(team.stage.shown()) == 3
    assert "tiktok/after" in team.stage.shown()[2].text


async def _nothing(*_: object) -> None:
    return None
