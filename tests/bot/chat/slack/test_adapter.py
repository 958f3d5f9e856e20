"""Slack through the unmodified SDK, against the loopback workspace."""

from __future__ import annotations

import asyncio
import json
import re
import socket
import time
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from bot.chat.slack import SlackSettings
from bot.chat.slack.manifest import SCOPES, slack_manifest
from bot.chat.slack.tokens import SlackTokens
from bot.errors import (
    ConfigError,
    DeliveryDeferred,
    DeliveryMalformed,
    DeliveryUnconfirmed,
)
from bot.model.command import Caller, Words
from bot.model.message import Message, Picture
from tests.contracts.chat import English, alert, delivery, failure, until
from tests.contracts.stage_slack import SlackStage, open_signed, open_workspace, said
from tests.loopback import slack as loopback
from tests.loopback.slack import APP_TOKEN, BOT_TOKEN

PNG = b"\x89PNG\r\n\x1a\n"
CHART = Picture(name="lena.png", png=PNG, alt="Followers of lena")
LONG = " ".join(f"word{number}" for number in range(6000))


@pytest.fixture
async def stage() -> AsyncIterator[SlackStage]:
    async with open_workspace() as opened:
        yield opened


# --- sending --------------------------------------------------------------------------------


async def test_sixty_alerts_drain_near_the_allowed_rate_without_a_refusal(
    stage: SlackStage,
) -> None:
    began = stage.clock.monotonic()
    for number in range(60):
        await stage.impatient.send(
            delivery(stage, number, message=alert(number, picture=CHART))
        )
    took = stage.clock.monotonic() - began
    assert stage.server.limited == 0
    assert 59 / took >= 0.9
    assert len(stage.shown()) == 60
    assert all(one.picture for one in stage.shown())


async def test_sixty_edits_are_paced_below_the_limit(stage: SlackStage) -> None:
    ref = await stage.impatient.send(delivery(stage))
    for number in range(60):
        edit = delivery(stage, number, action="edit", ref=ref)
        if isinstance(await failure(stage.chat.send(edit)), DeliveryDeferred):
            await stage.chat.send(edit)
    assert stage.server.limited == 0


async def test_a_message_carries_its_delivery_and_unfurls_nothing(stage: SlackStage) -> None:
    await stage.chat.send(delivery(stage))
    [message] = stage.server.shown()
    payload = message["metadata"]["event_payload"]
    assert payload == {"delivery": "delivery00000001", "part": 0}
    assert message["unfurl"] is False


async def test_an_edit_without_a_picture_keeps_the_one_that_is_there(
    stage: SlackStage,
) -> None:
    ref = await stage.chat.send(delivery(stage, message=alert(picture=CHART)))
    assert await stage.chat.send(delivery(stage, 2, action="edit", ref=ref)) == ref
    [shown] = stage.shown()
    assert shown.picture
    found = await stage.chat.find(delivery(stage, 2, action="post"))
    assert found == ref  # the edit's own id lies in the metadata, the picture in the ref


async def test_a_picture_that_slack_still_processes_is_waited_for(stage: SlackStage) -> None:
    stage.server.file_wait = 2
    await stage.chat.send(delivery(stage, message=alert(picture=CHART)))
    [shown] = stage.shown()
    assert shown.picture


async def test_a_picture_that_no_block_takes_goes_into_the_thread(stage: SlackStage) -> None:
    stage.server.file_wait = 99
    await stage.chat.send(delivery(stage, message=alert(picture=CHART)))
    [shown] = stage.shown()
    assert not shown.picture
    [reply] = stage.server.thread(stage.server.shown()[0]["ts"])
    assert reply["files"][0]["name"] == "lena.png"


async def test_an_alert_without_the_scope_for_pictures_comes_without_one(
    stage: SlackStage,
) -> None:
    stage.server.scopes.discard("files:write")
    await stage.chat.send(delivery(stage, message=alert(picture=CHART)))
    [shown] = stage.shown()
    assert not shown.picture


async def test_a_broken_upload_defers_and_at_last_gives_way(stage: SlackStage) -> None:
    message = alert(picture=CHART)
    for attempts in (1, 2):
        stage.fail("reset before", "upload")
        sending = stage.chat.send(delivery(stage, message=message, attempts=attempts))
        assert isinstance(await failure(sending), DeliveryDeferred)
    stage.fail("reset before", "upload")
    await stage.chat.send(delivery(stage, message=message, attempts=3))
    assert len(stage.shown()) == 1


@pytest.mark.parametrize("word", ["invalid_blocks", "a_word_of_next_year"])
async def test_a_message_that_slack_does_not_take_is_told_as_bare_text(
    stage: SlackStage, word: str
) -> None:
    stage.server.fail("chat.postMessage", f"error:{word}")
    with pytest.raises(DeliveryMalformed):
        await stage.chat.send(delivery(stage))
    await stage.chat.send(delivery(stage, plain=True))
    [message] = stage.server.shown()
    assert "blocks" not in message
    assert "Alert 1: purge" in message["text"]


async def test_an_error_that_is_no_word_of_slacks_is_not_repeated(stage: SlackStage) -> None:
    stage.server.fail("chat.postMessage", "error:Bearer xoxb-of-the-request")
    with pytest.raises(DeliveryMalformed) as caught:
        await stage.chat.send(delivery(stage))
    assert "xoxb" not in str(caught.value)


async def test_before_the_workspace_is_known_nothing_is_said() -> None:
    async with open_workspace(ready=False) as stage:
        stage.server.down = True
        error = await failure(stage.chat.send(delivery(stage)))
        assert isinstance(error, DeliveryDeferred)
        stage.server.down = False
        await stage.chat.send(delivery(stage))
        assert len(stage.shown()) == 1


# --- looking up -----------------------------------------------------------------------------


async def test_history_is_asked_once_a_minute_and_never_refused(stage: SlackStage) -> None:
    stage.server.history_per_minute = 1
    wanted = delivery(stage)
    await stage.impatient.send(wanted)
    assert await stage.impatient.find(wanted) is not None
    with pytest.raises(DeliveryDeferred) as caught:
        await stage.impatient.find(wanted)
    assert caught.value.retry_after == pytest.approx(61, abs=1)
    stage.tick(61)
    assert await stage.impatient.find(wanted) is not None
    assert stage.server.limited == 0


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_clock_that_is_wrong_does_not_hide_a_message(hours: int) -> None:
    async with open_workspace(wall=lambda: time.time() + 3600 * hours) as stage:
        at = stage.now() + 3600 * hours
        wanted = delivery(stage, first_attempt_at=at, last_attempt_at=at)
        await stage.chat.send(wanted)
        assert await stage.chat.find(wanted) is not None


async def test_a_message_is_found_behind_many_others(stage: SlackStage) -> None:
    stage.server.history_per_minute = 1
    wanted = delivery(stage)
    await stage.chat.send(wanted)
    stage.server.paced = False
    for number in range(40):
        await stage.server._chat_postMessage(
            {"channel": "C0MAIN", "text": f"people talk {number}"}
        )
    stage.server.paced = True
    assert await stage.chat.find(wanted) is not None
    pages = [method for method, _ in stage.server.calls if method == "conversations.history"]
    assert len(pages) == 3
    assert stage.server.limited == 0


@pytest.mark.parametrize("fault", ["reset", "reset_after", "429", "500_after"])
async def test_the_rest_of_a_long_text_is_completed_once(stage: SlackStage, fault: str) -> None:
    stage.server.fail("chat.postMessage", "", "", fault)
    wanted = delivery(stage, message=alert(text=LONG))
    with pytest.raises(DeliveryUnconfirmed):
        await stage.chat.send(wanted)
    stage.tick(30)
    ref = await stage.chat.find(wanted)
    [shown] = stage.shown()
    assert ref == stage.server.shown()[0]["ts"]
    told = re.findall(r"word\d+", "\n".join(one.text for one in [shown, *stage.replies()]))
    assert sorted(told) == sorted(LONG.split())


async def test_what_is_too_long_for_a_thread_becomes_a_file(stage: SlackStage) -> None:
    await stage.chat.send(delivery(stage, message=alert(text=LONG * 4)))
    assert len(stage.shown()) == 1
    [reply] = stage.replies()
    assert reply.text.count("word5999") == 4


async def test_a_rest_that_slack_refuses_does_not_come_back_for_ever(stage: SlackStage) -> None:
    stage.server.fail("chat.postMessage", "", "error:restricted_action")
    assert await stage.chat.send(delivery(stage, message=alert(text=LONG)))


@pytest.mark.parametrize(
    ("action", "method", "word"),
    [
        ("reply", "chat.postMessage", "restricted_action_non_threadable_channel"),
        ("edit", "chat.update", "edit_window_closed"),
    ],
)
async def test_a_history_that_is_not_allowed_does_not_silence_the_channel(
    stage: SlackStage, action: str, method: str, word: str
) -> None:
    ref = await stage.chat.send(delivery(stage))
    stage.server.fail(method, f"error:{word}")
    assert await stage.chat.send(delivery(stage, 2, action=action, ref=ref)) == ref


async def test_an_answer_without_its_contents_is_looked_up(stage: SlackStage) -> None:
    stage.server.fail("chat.postMessage", "empty")
    error = await failure(stage.chat.send(delivery(stage)))
    assert isinstance(error, DeliveryUnconfirmed)
    assert await stage.chat.find(delivery(stage)) is not None


async def test_replies_to_a_deleted_message_are_done(stage: SlackStage) -> None:
    ref = await stage.chat.send(delivery(stage))
    stage.delete_first()
    line = delivery(stage, 2, action="reply", ref=ref, message=Message(text="line"))
    assert await stage.chat.send(line) == ref
    assert await stage.chat.find(line) == ref


# --- people ---------------------------------------------------------------------------------


async def test_who_asks_is_told_with_groups_and_rights(stage: SlackStage) -> None:
    for user in ("U0LENA", "U0ADMIN"):
        await (await stage.server.command("status", user=user)).answer()
    lena, ada = (caller for caller, _, _ in stage.dispatcher.asked)
    assert (lena.name, lena.roles, lena.admin) == ("lena", {"U0LENA", "S0LEADS"}, False)
    assert (ada.name, ada.roles, ada.admin) == ("ada", {"U0ADMIN"}, True)
    assert (ada.space, ada.channel) == ("slack:T0LOOP", "slack:C0MAIN")


async def test_a_guest_from_another_workspace_is_a_stranger(stage: SlackStage) -> None:
    asked = await stage.server.command("status", user="U0ADMIN", team="T0GUEST")
    await asked.answer()
    caller, _, _ = stage.dispatcher.asked[-1]
    assert (caller.space, caller.admin, caller.roles) == ("slack:T0GUEST", False, {"U0ADMIN"})
    await stage.chat.send(delivery(stage))
    pressed = await stage.server.press(stage.server.shown()[0], "Why", team="T0GUEST")
    await pressed.answer()
    assert stage.dispatcher.lines[-1][0].space == "slack:T0GUEST"


async def test_where_slack_does_not_say_nobody_has_rights(stage: SlackStage) -> None:
    stage.server.fail("users.info", "500")
    stage.server.scopes.discard("usergroups:read")
    await (await stage.server.command("status", user="U0ADMIN")).answer()
    caller, _, _ = stage.dispatcher.asked[-1]
    assert (caller.admin, caller.roles) == (False, {"U0ADMIN"})
    await (await stage.server.command("status", user="U0ADMIN")).answer()
    assert stage.dispatcher.asked[-1][0].admin  # a failure is not remembered


async def test_a_hundred_commands_at_once_are_acknowledged_and_answered(
    stage: SlackStage,
) -> None:
    asked = await asyncio.gather(*(stage.server.command("status") for _ in range(100)))
    answers = await asyncio.gather(*(one.answer() for one in asked))
    assert len(answers) == 100
    assert stage.server.limited == 0
    assert [method for method, _ in stage.server.calls].count("usergroups.list") == 1


async def test_no_words_ask_for_help(stage: SlackStage) -> None:
    await (await stage.server.command("")).answer()
    assert stage.dispatcher.lines[-1][1] == ""


async def test_a_shared_word_inside_a_line_is_only_a_word(stage: SlackStage) -> None:
    asked = await stage.server.command("event add share the news")
    answer = await asked.answer()
    assert answer["response_type"] == "ephemeral"
    assert stage.dispatcher.asked[-1][2]["text"] == "share the news"


async def test_what_slack_writes_for_names_is_read_as_it_was_typed(stage: SlackStage) -> None:
    """A person may be an account's name, a channel a tag; a group stays one."""
    await (await stage.server.command("event add @lena #main example.com <b>")).answer()
    assert stage.dispatcher.asked[-1][2]["text"] == "@lena #main example.com <b>"
    await (await stage.server.command("settings mention=@leads")).answer()
    assert stage.dispatcher.lines[-1][1] == "settings mention=<!subteam^S0LEADS|@leads>"


async def test_a_lost_answer_is_told_to_the_operator_once(stage: SlackStage) -> None:
    stage.server.fail("response", "500")
    await stage.server.command("status")
    await asyncio.wait_for(stage.dispatcher.reported.wait(), 5)
    assert len(stage.dispatcher.reports) == 1
    assert "http" not in stage.dispatcher.reports[0]


async def test_buttons_of_old_messages_work_after_a_restart() -> None:
    async with open_workspace() as first:
        await first.chat.send(delivery(first))
        old = first.server.shown()[0]
    async with open_workspace() as second:
        answer = await (await second.server.press(old, "Why")).answer()
        assert "answer to why 1" in said(answer)
        assert answer["replace_original"] is False
        assert second.dispatcher.lines[-1][0].alert == "delivery00000001"


class ChartDesk:
    """Answers everything with a picture."""

    commands = ()
    languages: Mapping[str, Words] = {}

    async def answer(self, *_: Any) -> Message:
        return Message(title="Chart", picture=CHART)

    async def answer_line(self, *_: Any) -> Message:
        return Message(title="Chart", picture=CHART)

    async def suggest(self, *_: Any) -> dict[str, str]:
        return {}

    async def words(self, _: Caller) -> Words:
        return English()

    async def is_first(self, request: str) -> bool:
        return True

    async def report(self, problem: str) -> None:
        raise AssertionError(problem)


async def test_an_answer_shows_its_chart_where_slack_takes_it() -> None:
    async with open_workspace(answers=ChartDesk()) as stage:
        answer = await (await stage.server.command("chart")).answer()
        assert answer["blocks"][-1]["type"] == "image"
        stage.server.file_wait = 99
        answer = await (await stage.server.command("chart")).answer()
        assert [block["type"] for block in answer["blocks"]] == ["header"]


async def test_files_are_imported_through_a_form(stage: SlackStage) -> None:
    await stage.server.command("import tiktok/lena")
    await until(lambda: stage.server.views)
    [view] = stage.server.views
    assert view["blocks"][1]["element"]["initial_value"] == "tiktok/lena"
    await stage.server.submit(view, {"export.csv": b"a,b\n1,2\n", "more.csv": b"x"})
    await until(lambda: len(stage.server.ephemerals) == 2)
    assert stage.dispatcher.asked[-1][2]["file"].name == "more.csv"
    caller, name, arguments = stage.dispatcher.asked[-2]
    assert (name, arguments["file"].name, arguments["file"].content) == (
        "import",
        "export.csv",
        b"a,b\n1,2\n",
    )
    assert caller.channel == "slack:C0MAIN"
    told = stage.server.ephemerals[0]
    assert (told["user"], told["channel"]) == ("U0LENA", "C0MAIN")


async def test_an_import_where_the_bot_is_no_member_is_answered_directly(
    stage: SlackStage,
) -> None:
    stage.server.channels["C0MAIN"].member = False
    await stage.server.command("Import")
    await until(lambda: stage.server.views)
    assert len(stage.server.views[0]["blocks"]) == 1
    await stage.server.submit(stage.server.views[0], {"export.csv": b"x"})
    await until(lambda: stage.server.shown("D0LENA"))


async def test_a_form_that_comes_too_late_is_said(stage: SlackStage) -> None:
    stage.server.fail("views.open", "error:expired_trigger_id")
    answer = await (await stage.server.command("import")).answer()
    assert "write the command again" in said(answer)
    assert "expired_trigger_id" in stage.dispatcher.reports[0]


# --- staying connected ------------------------------------------------------------------------


async def test_a_refreshed_and_a_cut_socket_come_back_without_a_word() -> None:
    async with open_workspace(ping=0.1) as stage:
        await stage.server.refresh()
        await asyncio.wait_for(stage.server.connected.wait(), 5)
        await (await stage.server.command("status")).answer()
        stage.server.drop()
        await asyncio.wait_for(stage.server.connected.wait(), 5)
        await (await stage.server.command("status")).answer()
        assert stage.dispatcher.reports == []


async def test_an_outage_is_told_once_and_its_end_once() -> None:
    async with open_workspace(ping=0.1) as stage:
        stage.server.down = True
        stage.server.drop()
        await until(lambda: not stage.chat.health().ready)
        calls = len(stage.server.calls)
        await until(lambda: len(stage.server.calls) > calls + 3)
        stage.server.down = False
        await until(lambda: stage.chat.health().ready)
        await (await stage.server.command("status")).answer()
        assert len(stage.dispatcher.reports) == 2
        assert stage.dispatcher.reports[1] == "Slack is connected again."


@pytest.mark.parametrize(
    ("tokens", "sentence"),
    [
        (SlackTokens("xoxb-wrong", app=APP_TOKEN), "does not accept the token"),
        (SlackTokens(BOT_TOKEN, app="xapp-wrong"), "connections:write"),
    ],
)
async def test_a_wrong_token_is_said_once_and_never_shown(
    tokens: SlackTokens, sentence: str
) -> None:
    async with open_workspace(ready=False, tokens=tokens) as stage:
        running = asyncio.create_task(stage.impatient.run())
        await until(lambda: len(stage.server.calls) > 8)
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        [told] = stage.dispatcher.reports
        assert sentence in told
        assert sentence in (await stage.chat.problems(None))[0]
        assert "wrong" not in told
        assert stage.clock.ahead > 10  # it waits longer each time
        assert "wrong" not in repr(tokens)


async def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    async with open_workspace() as stage:
        await stage.chat.send(delivery(stage, message=alert(picture=CHART)))
        await (await stage.server.command("status")).answer()
        assert len(stage.shown()) == 1


async def test_the_token_of_another_workspace_is_refused_with_a_sentence(
    stage: SlackStage,
) -> None:
    stage.server.team = "T0SECOND"
    assert "one process serves one workspace" in (await stage.chat.problems(None))[0]


# --- signed HTTP ------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_commands_come_over_signed_http() -> None:
    async with open_signed() as stage:
        answer = await (await stage.server.command("status")).answer()
        assert "answer to status" in said(answer)
        await stage.chat.send(delivery(stage))
        pressed = await stage.server.press(stage.server.shown()[0], "Why")
        assert "answer to why 1" in said(await pressed.answer())
        payload = {
            "command": "/ebb",
            "text": "status",
            "user_id": "U0LENA",
            "team_id": "T0LOOP",
        }
        for wrong in ({"secret": "guessed"}, {"skew": -301}, {"skew": 302}):
            status, _ = await stage.server.signed("slash_commands", payload, **wrong)  # type: ignore[arg-type]
            assert status == 401
        assert len(stage.dispatcher.asked) == 1


PRESS = {
    "command": "/ebb",
    "text": "event add fair",
    "user_id": "U0LENA",
    "team_id": "T0LOOP",
    "trigger_id": "17.trigger",
}


async def test_an_envelope_that_comes_twice_acts_once(stage: SlackStage) -> None:
    """Also in another envelope: the trigger is still the same."""
    payload = {**PRESS, "response_url": f"{stage.server.base_url}response/none"}
    for id in ("e1", "e1", "e2"):
        envelope = {"envelope_id": id, "type": "slash_commands", "payload": payload}
        await stage.server.sockets[-1].send_json(envelope)
    other = {**payload, "trigger_id": "18.trigger", "text": "event add end"}
    envelope = {"envelope_id": "e3", "type": "slash_commands", "payload": other}
    await stage.server.sockets[-1].send_json(envelope)
    await until(lambda: any(said["text"] == "end" for _, _, said in stage.dispatcher.asked))
    assert [said["text"] for _, _, said in stage.dispatcher.asked] == ["fair", "end"]


async def test_a_signed_request_that_is_replayed_acts_once() -> None:
    async with open_signed() as stage:
        payload = {key: value for key, value in PRESS.items() if key != "trigger_id"}
        payload["response_url"] = f"{stage.server.base_url}response/none"
        asked = [{**payload, "text": f"event add {text}"} for text in ("fair", "fair", "end")]
        sent = [await stage.server.signed("slash_commands", one, skew=-9) for one in asked]
        assert [status for status, _ in sent] == [200, 200, 200]
        await until(lambda: any(said["text"] == "end" for _, _, said in stage.dispatcher.asked))
        assert [said["text"] for _, _, said in stage.dispatcher.asked] == ["fair", "end"]


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "nan", "X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "9" * 400, "X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "\u0663", "X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "STAMP", "X-Slack-Signature": "v0=" + "\u00e9" * 64},
        {"X-Slack-Request-Timestamp": "STAMP", "X-Slack-Signature": ""},
        {},
    ],
)
async def test_what_is_not_signed_as_slack_signs_is_refused(headers: dict[str, str]) -> None:
    port = free_port()
    async with open_workspace(mode="http", listen=f"127.0.0.1:{port}") as stage:
        shown = {
            key: value.replace("STAMP", str(int(time.time()))) for key, value in headers.items()
        }
        raw = "".join(f"{key}: {value}\r\n" for key, value in shown.items()).encode()
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        request = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
        writer.write(request + raw + b"Content-Length: 2\r\n\r\n{}")
        answer = await asyncio.wait_for(reader.read(), 5)
        writer.close()
        assert b" 401 " in answer.split(b"\r\n")[0]
        assert stage.dispatcher.reports == []


async def test_a_connection_that_is_cut_leaves_no_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    port = free_port()
    async with open_workspace(mode="http", listen=f"127.0.0.1:{port}") as stage:
        for part in (b"", b"POST /sl", b"\x16\x03\x01\x00\x00 nonsense\r\n\r\n"):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(part)
            writer.transport.abort()
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        stamp = f"X-Slack-Request-Timestamp: {int(time.time())}\r\n"
        head = "POST /slack/events HTTP/1.1\r\nHost: x\r\n" + stamp
        head += "X-Slack-Signature: v0=" + "0" * 64 + "\r\nContent-Length: 999\r\n\r\n{"
        writer.write(head.encode())
        await writer.drain()
        writer.transport.abort()
        stage.server.app_url = f"http://127.0.0.1:{port}/slack/events"
        assert await (await stage.server.command("status")).answer()
        assert not [one for one in caplog.records if one.exc_info or one.levelname == "ERROR"]


async def test_a_port_in_use_is_said() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with open_workspace(
            ready=False, mode="http", listen=f"127.0.0.1:{port}"
        ) as stage:
            running = asyncio.create_task(stage.impatient.run())
            await asyncio.wait_for(stage.dispatcher.reported.wait(), 5)
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            assert f"127.0.0.1:{port}" in stage.dispatcher.reports[0]


# --- set-up -----------------------------------------------------------------------------------


async def test_missing_scopes_and_closed_channels_are_named_in_words(stage: SlackStage) -> None:
    assert await stage.chat.problems("slack:C0MAIN") == []
    stage.server.scopes.discard("files:write")
    [missing] = await stage.chat.problems(None)
    assert "files:write is missing (to show charts)" in missing
    stage.server.scopes.add("files:write")
    stage.server.channels["C0MAIN"].member = False
    assert "/invite" in (await stage.chat.problems("slack:C0MAIN"))[0]
    stage.server.channels["C0MAIN"].archived = True
    assert "archived" in (await stage.chat.problems("slack:C0MAIN"))[0]
    assert "gone" in (await stage.chat.problems("slack:C0NONE"))[0]


def test_the_manifest_asks_for_exactly_what_is_used() -> None:
    manifest = json.loads(slack_manifest(SlackSettings()))
    asked = set(manifest["oauth_config"]["scopes"]["bot"])
    private = {scope.replace("channels:", "groups:") for scope in asked}
    used = {*loopback.SCOPES.values(), *loopback.EVENT_SCOPES.values(), "commands"}
    assert asked == used | (private & {"groups:read", "groups:history"})
    assert asked == set(SCOPES)
    assert manifest["settings"]["socket_mode_enabled"] is True
    [command] = manifest["features"]["slash_commands"]
    assert (command["command"], command["should_escape"]) == ("/ebb", True)
    over_http = json.loads(slack_manifest(SlackSettings(mode="http")))
    assert over_http["settings"]["socket_mode_enabled"] is False
    assert over_http["settings"]["interactivity"]["request_url"].endswith("/slack/events")


def test_missing_tokens_are_named_by_where_they_belong() -> None:
    environ = {"SLACK_BOT_TOKEN": BOT_TOKEN, "SLACK_APP_TOKEN": APP_TOKEN}
    assert SlackTokens.read(SlackSettings(), environ, ".").app == APP_TOKEN
    with pytest.raises(ConfigError, match="SLACK_SIGNING_SECRET"):
        SlackTokens.read(SlackSettings(mode="http"), environ, ".")
    with pytest.raises(ConfigError, match="SLACK_BOT_TOKEN"):
        SlackTokens.read(SlackSettings(), {}, ".")
