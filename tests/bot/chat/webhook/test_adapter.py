"""A program hears signed JSON through the outbox, each revision under an id of its own."""

import json
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from bot import message
from bot.chat.clocks import Clocks
from bot.chat.table import CHATS
from bot.chat.webhook import ReceiverSettings, WebhookSettings
from bot.chat.webhook.adapter import Receiver, WebhookChat, open_webhook, payload
from bot.config.load import parse
from bot.deliver import Clocks as WorkerClocks
from bot.deliver import Hooks, OutboxWorker
from bot.errors import ConfigError
from bot.model.chat import ChatSurroundings, Delivery
from bot.model.inline import link
from bot.model.message import Field, Message
from bot.route import News, route
from bot.storage import channels, incidents, outbox
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from bot.storage.incidents import Change
from checks.model import Incident, Update
from tests.contracts.chat import RecordingDesk
from tests.contracts.stage_webhook import SECRET, LoopbackReceiver
from tests.fakes import Clock

SPACE = "discord:800"
ACCESS = AccessPolicy({SPACE: ("instagram/*",)})
PURGE = Incident(
    account="instagram/lena",
    metric="followers",
    direction="down",
    opened_at=1_700_000_000,
    last_finding_at=1_700_000_000,
    alerted_at=1_700_000_000,
    resolved_at=None,
    kind="purge",
    state="suspected",
    severity="critical",
    confidence=0.7,
    change=-900.0,
    expected=100.0,
    level=5_000.0,
    score=-20.0,
    reasons=(),
    updates=(
        Update(
            at=1_700_000_000,
            state="suspected",
            kind="purge",
            severity="critical",
            confidence=0.7,
        ),
    ),
)


class Running:
    def __init__(self, path: Path, receiver: LoopbackReceiver) -> None:
        self.clock, self.receiver = Clock(1_700_000_100.0), receiver
        self.store = Store.open(path, now=self.clock())
        self.told: list[str] = []
        self.chat = WebhookChat(
            {"ops": Receiver(receiver.url, Webhook(SECRET), SPACE)},
            Clocks(wall=time.time, monotonic=time.monotonic),
        )
        self.worker = OutboxWorker(
            self.store,
            {"webhook": self.chat},
            voices=message,
            access=ACCESS,
            clocks=WorkerClocks(calendar=self.clock, wall=time.time, monotonic=self.clock),
            hooks=Hooks(draw=self._never, report=self._report),  # type: ignore[arg-type]
        )

    async def _never(self, *_: object) -> None:
        raise AssertionError("no chart is drawn for a program")

    async def _report(self, said: str) -> None:
        self.told.append(said)

    async def tell(self, incident: Incident) -> None:
        def work(db):  # type: ignore[no-untyped-def]
            known = incidents.stored(db, [incident])
            (one,) = incidents.save(db, [Change(incident)], int(self.clock()))
            fresh = frozenset(() if known else (one.id,))
            route(
                db,
                message,
                ACCESS,
                int(self.clock()),
                News(changed=frozenset({one.id}), fresh=fresh),
            )

        await self.store.write(work)
        await self.worker.pump()


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[Running]:
    receiver = LoopbackReceiver()
    runner = await receiver.start()
    running = Running(tmp_path / "ebbwatch.db", receiver)

    def work(db):  # type: ignore[no-untyped-def]
        channels.put(db, Channel(channel="webhook:ops", space=SPACE, thread="also"))
        channels.subscribe(db, Subscription(channel="webhook:ops"))

    await running.store.write(work)
    yield running
    await running.chat.close()
    running.store.close()
    await runner.cleanup()


async def test_each_revision_is_an_event_with_its_incident_number(running: Running) -> None:
    await running.tell(PURGE)
    await running.tell(replace(PURGE, state="confirmed", confidence=0.9))
    first, second = running.receiver.taken.values()
    assert (first["type"], second["type"]) == ("alert.opened", "alert.updated")
    assert [one["data"]["revision"] for one in (first, second)] == [1, 2]
    assert first["data"]["alert"] == second["data"]["alert"]
    [incident] = second["data"]["incidents"]
    assert (incident["number"], incident["account"]) == (1, "instagram/lena")
    assert (incident["kind"], incident["severity"]) == ("purge", "critical")
    assert second["data"]["title"]
    assert await running.store.read(outbox.waiting) == []


async def test_a_request_without_an_answer_comes_again_the_same(running: Running) -> None:
    running.receiver.faults = ["reset after", "broken before", ""]
    await running.tell(PURGE)
    for _ in range(3):
        running.clock.tick(400)
        await running.worker.pump()
    assert len(running.receiver.taken) == 1
    assert len(running.receiver.bodies) == 3
    assert len(set(running.receiver.bodies)) == 1


async def test_a_receiver_that_is_gone_is_told_once_and_keeps_its_alerts(
    running: Running,
) -> None:
    running.receiver.faults = ["gone"]
    await running.tell(PURGE)
    [said] = running.told
    assert said.startswith("webhook:ops answered 410")
    assert not running.chat.health().ready
    await running.worker.revive()
    await running.worker.pump()
    assert len(running.receiver.taken) == 1
    assert running.chat.health().ready


def test_a_program_gets_words_without_marks() -> None:
    linked = link("lena", "https://instagram.com/lena")
    message = Message(
        title=linked,
        text=linked,
        fields=(Field(name="Account", value=linked),),
        table=((linked,),),
    )
    wanted = Delivery(
        id="a", key="a", channel="webhook:ops", space=SPACE, action="post", message=message
    )
    data = payload(wanted)["data"]
    assert (data["title"], data["text"], data["table"]) == ("lena", "lena", [["lena"]])
    assert data["fields"] == [{"name": "Account", "value": "lena"}]


def surroundings(**environ: str) -> ChatSurroundings:
    return ChatSurroundings(
        dispatcher=RecordingDesk(),
        environ=environ,
        path=Path,
        calendar=time.time,
        wall=time.time,
        monotonic=time.monotonic,
    )


@pytest.mark.parametrize(
    ("url", "secret", "said"),
    [
        ("", SECRET, "webhook.ops.url: set the variable"),
        ("http://alerts.example/x", SECRET, "https://"),
        ("https://alerts.example/x", "whsec_!", "no secret of Standard Webhooks"),
        ("https://alerts.example/x", "", "webhook.ops.secret: set the variable"),
    ],
)
async def test_what_a_receiver_lacks_is_said_without_its_secrets(
    url: str, secret: str, said: str
) -> None:
    section = WebhookSettings({"ops": ReceiverSettings()})
    with pytest.raises(ConfigError) as caught:
        open_webhook(section, surroundings(WEBHOOK_URL=url, WEBHOOK_SECRET=secret))
    [problem] = caught.value.problems
    assert said in problem
    assert "alerts.example" not in problem
    assert SECRET not in problem


def test_a_receiver_belongs_to_the_space_that_its_section_names() -> None:
    raw = {
        "webhook": {"ops": {}, "team": {"space": SPACE}},
        "spaces": [{"id": SPACE, "accounts": ["*"]}],
        "channels": [{"channel": "webhook:ops"}, {"channel": "webhook:team"}],
    }
    settings = parse(raw, {}, CHATS)
    assert settings.homes == {"webhook:ops": "console", "webhook:team": SPACE}
    raw["channels"] = [
        {"channel": "webhook:nobody"},
        {"channel": "webhook:team", "thread": "also"},
    ]
    raw["spaces"] = []
    with pytest.raises(ConfigError) as caught:
        parse(raw, {}, CHATS)
    text = "\n".join(caught.value.problems)
    assert "channels[0].channel: webhook:nobody needs a [webhook.nobody] section" in text
    assert "channels[1].thread: webhook has no threads" in text
    assert f"channels[1].channel: webhook:team belongs to {SPACE}" in text


def test_no_address_and_no_secret_shows_in_a_text() -> None:
    receiver = Receiver("https://alerts.example/token", Webhook(SECRET), SPACE)
    assert "token" not in repr(receiver)
    assert json.dumps(repr(receiver)).count("whsec") == 0
