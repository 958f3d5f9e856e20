"""Deliveries on Discord beyond what every chat promises."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from bot.chat.discord.permissions import PERMISSIONS
from bot.chat.discord.post import LOOKED_THROUGH
from bot.errors import DeliveryDeferred, DeliveryRefused, DeliveryUnconfirmed
from bot.model.message import ChartSpec, Choice, Menu, Message, Picture
from tests.contracts.chat import alert, delivery, failure, until
from tests.contracts.stage_discord import DiscordStage, open_stage
from tests.loopback.discord import BOT, CHANNEL, GUILD
from tests.loopback.discord_rules import LAYOUT, walk

PNG = b"\x89PNG\r\n\x1a\n"
CHART = ChartSpec(account="tiktok/lena", start=0, end=86400)
PICTURE = Picture(name="lena.png", png=PNG, alt="followers of lena")


@pytest.fixture
async def stage() -> AsyncIterator[DiscordStage]:
    async with open_stage() as opened:
        yield opened


def components(message: dict[str, Any], kind: int) -> list[dict[str, Any]]:
    return [dict(one) for one in walk(message["components"]) if one["type"] == kind]


async def test_the_delivery_id_is_the_enforced_nonce(stage: DiscordStage) -> None:
    first = await stage.chat.send(delivery(stage))
    assert await stage.chat.send(delivery(stage)) == first
    assert len(stage.shown()) == 1


async def test_the_nonce_is_forgotten_so_the_outbox_must_look(stage: DiscordStage) -> None:
    await stage.chat.send(delivery(stage))
    stage.tick(121)
    await stage.chat.send(delivery(stage))
    assert len(stage.shown()) == 2


async def test_a_429_without_via_waits_as_any_other(stage: DiscordStage) -> None:
    stage.server.fail("429 without via", "post", retry_after=7.5)
    error = await failure(stage.chat.send(delivery(stage)))
    assert isinstance(error, DeliveryDeferred)
    assert error.retry_after == 7.5


async def test_a_global_429_does_not_block_other_channels(stage: DiscordStage) -> None:
    stage.server.add_channel(CHANNEL + 1, GUILD)
    stage.server.fail("429 global", "post", retry_after=30.0)
    assert isinstance(await failure(stage.chat.send(delivery(stage))), DeliveryDeferred)
    await stage.chat.send(delivery(stage, 2, channel=f"discord:{CHANNEL + 1}"))
    assert len(stage.server.shown(CHANNEL + 1)) == 1


async def test_each_send_is_one_request(stage: DiscordStage) -> None:
    """The library would repeat a 500 five times over 25 seconds."""
    before = len(stage.server.requests)
    stage.server.fail("500 before", "post")
    assert isinstance(await failure(stage.chat.send(delivery(stage))), DeliveryUnconfirmed)
    assert len(stage.server.requests) - before == 1


async def test_a_chart_is_an_attachment_inside_the_frame(stage: DiscordStage) -> None:
    await stage.chat.send(delivery(stage, message=alert(chart=CHART, picture=PICTURE)))
    [message] = stage.server.shown()
    [attached] = message["attachments"]
    assert (attached["filename"], attached["description"]) == ("chart.png", PICTURE.alt)
    [gallery] = components(message, 12)
    assert gallery["items"][0]["media"]["url"] == "attachment://chart.png"
    assert gallery["items"][0]["description"] == PICTURE.alt


async def test_an_edit_replaces_the_chart_or_keeps_it(stage: DiscordStage) -> None:
    message = alert(chart=CHART, picture=PICTURE)
    ref = await stage.chat.send(delivery(stage, message=message))
    newer = replace(PICTURE, png=PNG + b"newer")
    edit = delivery(stage, 2, action="edit", ref=ref, message=replace(message, picture=newer))
    ref = await stage.chat.send(edit)
    [shown] = stage.server.shown()
    assert [stage.server.files[one["id"]] for one in shown["attachments"]] == [newer.png]
    undrawn = delivery(stage, 3, action="edit", ref=ref, message=replace(message, picture=None))
    ref = await stage.chat.send(undrawn)
    [shown] = stage.server.shown()
    assert len(shown["attachments"]) == 1
    assert components(shown, 12)
    plain = delivery(stage, 4, action="edit", ref=ref, message=alert())
    await stage.chat.send(plain)
    [shown] = stage.server.shown()
    assert shown["attachments"] == []
    assert not components(shown, 12)


async def test_an_edit_takes_buttons_away(stage: DiscordStage) -> None:
    ref = await stage.chat.send(delivery(stage))
    edit = delivery(stage, 2, action="edit", ref=ref, message=alert(buttons=()))
    await stage.chat.send(edit)
    assert not components(stage.server.shown()[0], 1)


async def test_what_was_posted_as_an_embed_is_edited_as_one(stage: DiscordStage) -> None:
    """A message of an older version: Discord does not let it become a layout."""
    old = stage.server.say("", author=BOT)
    old["embeds"] = [{"title": "Alert 1: purge"}]
    ref = json.dumps({"channel": str(CHANNEL), "message": old["id"], "chart": False})
    edit = delivery(stage, 2, action="edit", ref=ref, message=alert(title="Alert 1: over"))
    assert json.loads(await stage.chat.send(edit))["form"] == "embed"
    [shown] = stage.server.shown()
    assert shown["embeds"][0]["title"] == "Alert 1: over"
    assert [one["label"] for one in components(shown, 2)] == ["Acknowledge", "Why"]
    assert not shown["flags"] & LAYOUT


async def test_a_menu_is_pressed_like_a_button(stage: DiscordStage) -> None:
    menu = Menu(label="Mute", choices=(Choice(label="1 h", command="mute 1 1h"),))
    await stage.chat.send(delivery(stage, message=alert(menus=(menu,))))
    [shown] = stage.server.shown()
    [select] = components(shown, 3)
    asked = stage.server.choose(select["custom_id"], "mute 1 1h", shown)
    await until(asked.done.is_set)
    caller, line = stage.dispatcher.lines[-1]
    assert (caller.alert, line) == (delivery(stage).id, "mute 1 1h")


async def test_a_silent_message_is_sent_without_a_notification(stage: DiscordStage) -> None:
    await stage.chat.send(delivery(stage, silent=True))
    assert stage.server.shown()[0]["flags"] & (1 << 12)


async def test_a_thread_that_exists_already_is_used(stage: DiscordStage) -> None:
    ref = await stage.chat.send(delivery(stage))
    root = int(json.loads(ref)["message"])
    stage.server.fail("unknown channel", "thread")
    stage.server.add_channel(root, GUILD, parent=CHANNEL)
    reply = delivery(stage, 2, action="reply", ref=ref, message=Message(text="line"))
    await stage.chat.send(reply)
    assert len(stage.replies()) == 1


async def test_a_thread_is_named_after_its_first_line_and_fits(stage: DiscordStage) -> None:
    ref = await stage.chat.send(delivery(stage))
    title = "long title " * 30
    reply = delivery(stage, 2, action="reply", ref=ref, message=Message(title=title))
    await stage.chat.send(reply)
    name = stage.server.channels[json.loads(ref)["message"]]["name"]
    assert name.startswith("long title")
    assert len(name) <= 100


async def test_a_reply_below_a_deleted_message_is_done(stage: DiscordStage) -> None:
    ref = await stage.chat.send(delivery(stage))
    stage.delete_first()
    reply = delivery(stage, 2, action="reply", ref=ref, message=Message(text="line"))
    assert await stage.chat.send(reply) == ref


async def test_only_the_bots_own_messages_are_found(stage: DiscordStage) -> None:
    forged = stage.server.say("hello")
    await stage.chat.send(delivery(stage, 2))
    forged["components"] = json.loads(
        json.dumps(stage.server.shown()[1]["components"]).replace(
            delivery(stage, 2).id, delivery(stage, 1).id
        )
    )
    assert await stage.chat.find(delivery(stage, 1)) is None


async def test_an_attempt_is_found_in_a_busy_channel(stage: DiscordStage) -> None:
    for number in range(150):
        stage.server.say(f"chatter {number}")
    sent = delivery(stage)
    ref = await stage.chat.send(sent)
    for _ in range(10):
        stage.tick(60)
        for number in range(50):
            stage.server.say(f"chatter {number}")
    assert await stage.chat.find(sent) == ref


@pytest.mark.parametrize("others", [LOOKED_THROUGH - 1, LOOKED_THROUGH])
async def test_what_was_said_weeks_ago_is_looked_for_in_as_many_calls_as_it_takes(
    stage: DiscordStage, others: int
) -> None:
    """As after a restore: the first attempt is taken to be when the backup was made."""
    backup = stage.now()
    for number in range(others):
        stage.server.say(f"chatter {number}")
    ref = await stage.chat.send(delivery(stage))
    stage.tick(30 * 86400)
    for number in range(150):
        stage.server.say(f"chatter {number}")
    restored = delivery(stage, first_attempt_at=backup)
    if others >= LOOKED_THROUGH:
        error = await failure(stage.chat.find(restored))
        assert isinstance(error, DeliveryDeferred)
        assert error.retry_after == 1.0
    assert await stage.chat.find(restored) == ref


async def test_without_the_right_to_look_nothing_is_repeated(stage: DiscordStage) -> None:
    """Discord shows an empty channel then, which must not be read as "not sent"."""
    await stage.chat.send(delivery(stage))
    stage.server.deny(CHANNEL, PERMISSIONS["Read Message History"])
    stage.server.dispatch("CHANNEL_UPDATE", stage.server.channels[str(CHANNEL)])
    await stage.command("status")
    error = await failure(stage.chat.find(delivery(stage)))
    assert isinstance(error, DeliveryRefused)
    assert "Read Message History" in str(error)


async def test_a_removed_channel_refuses(stage: DiscordStage) -> None:
    await stage.chat.send(delivery(stage))
    stage.server.remove_channel(CHANNEL)
    error = await failure(stage.chat.send(delivery(stage, 2)))
    assert isinstance(error, DeliveryRefused)
    assert "does not exist" in str(error)


async def test_a_mention_stands_above_the_frame_and_only_new_messages_ping(
    stage: DiscordStage,
) -> None:
    message = alert(mention="role:700000000000000001")
    ref = await stage.chat.send(delivery(stage, message=message))
    await stage.chat.send(delivery(stage, 2, action="edit", ref=ref, message=message))
    assert components(stage.server.shown()[0], 10)[0]["content"] == "<@&700000000000000001>"
    assert len(stage.server.pings) == 1


async def test_a_rate_limit_that_the_library_locked_opens_again(stage: DiscordStage) -> None:
    """As a cancellation at the wrong moment leaves it: nothing left, no end in sight."""
    await stage.chat.send(delivery(stage))
    client = stage.chat._client
    assert client is not None
    [bucket] = {one for key, one in client.http._buckets.items() if "hash-post" in key}
    bucket.remaining, bucket.expires = 0, None
    error = await failure(stage.chat.send(delivery(stage, 2)))
    assert isinstance(error, DeliveryDeferred)
    await stage.chat.send(delivery(stage, 2))
    assert len(stage.shown()) == 2


async def test_a_channel_that_is_no_number_refuses(stage: DiscordStage) -> None:
    error = await failure(stage.chat.send(delivery(stage, channel="discord:general")))
    assert isinstance(error, DeliveryRefused)
    assert "Copy Channel ID" in str(error)


@pytest.mark.parametrize("plain", [False, True])
async def test_what_was_said_plainly_is_found_after_its_edit(
    stage: DiscordStage, plain: bool
) -> None:
    said = delivery(stage, plain=True, message=alert(buttons=()))
    ref = await stage.chat.send(said)
    await stage.chat.send(replace(said, action="edit", plain=plain, ref=ref))
    found = await stage.chat.find(said)
    assert found is not None
    assert json.loads(found)["message"] == json.loads(ref)["message"]
