"""The contract of `Chat`, held against every platform."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot import message
from bot.errors import (
    DeliveryDeferred,
    DeliveryError,
    DeliveryMalformed,
    DeliveryRefused,
    DeliveryUnconfirmed,
)
from bot.message import voice_for
from bot.model.message import Field, Message, Picture
from tests.bot import cases
from tests.contracts import chat as contract
from tests.contracts.chat import (
    DEFERRED,
    REFUSED,
    SENT,
    UNSENT,
    Stage,
    alert,
    delivery,
    failure,
    open_stage,
    settle,
)

PNG = b"\x89PNG\r\n\x1a\n"


@pytest.fixture(params=contract.STAGES)
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    async with open_stage(request.param) as opened:
        yield opened


def can(stage: Stage, what: str) -> None:
    if not getattr(stage.chat.can, what):
        pytest.skip(f"{stage.chat.platform} is a chat without {what}")


def needs(stage: Stage, fault: str) -> None:
    if fault not in stage.faults:
        pytest.skip(f"{stage.chat.platform} knows no {fault}")


async def test_a_post_shows_all_of_its_message(stage: Stage) -> None:
    assert await stage.chat.send(delivery(stage))
    [shown] = stage.shown()
    for words in ("Alert 1: purge", "tiktok/lena lost 1,200 followers", "Change", "-12 %"):
        assert words in shown.text


async def test_a_picture_is_shown_with_the_message_and_kept_by_an_edit(stage: Stage) -> None:
    can(stage, "pictures")
    message = alert(picture=Picture(name="lena.png", png=PNG, alt="followers of lena"))
    ref = await stage.chat.send(delivery(stage, message=message))
    edited = replace(message, title="Alert 1: confirmed")
    if stage.chat.can.edits:
        await stage.chat.send(delivery(stage, 2, action="edit", ref=ref, message=edited))
    else:
        await stage.chat.send(delivery(stage, 2, update=True, message=edited))
    assert stage.shown()[-1].picture


async def test_the_month_comes_with_its_picture_and_a_spreadsheet(stage: Stage) -> None:
    can(stage, "members")
    month = replace(cases.week(), period="month")
    made = message.summary(voice_for("en", "UTC"), month, cases.SEEN)
    drawn = Picture(name="report.png", png=PNG, alt="the month")
    await stage.chat.send(delivery(stage, message=replace(made, picture=drawn)))
    [shown] = stage.shown()
    assert shown.picture
    told = "\n".join([shown.text, *(one.text for one in stage.replies())])
    assert "account,name,followers,change,percent,previous_change" in told
    assert "tiktok/up,,1060,65,6.53," in told


async def test_an_edit_changes_the_message_that_is_there(stage: Stage) -> None:
    can(stage, "edits")
    ref = await stage.chat.send(delivery(stage))
    changed = alert(title="Alert 1: resolved")
    again = await stage.chat.send(delivery(stage, 2, action="edit", ref=ref, message=changed))
    assert again == ref
    [shown] = stage.shown()
    assert "resolved" in shown.text
    assert "Alert 1: purge" not in shown.text


async def test_replies_stand_in_the_thread_in_order(stage: Stage) -> None:
    can(stage, "threads")
    ref = await stage.chat.send(delivery(stage))
    for number in (2, 3):
        line = Message(text=f"line {number}")
        given = delivery(stage, number, action="reply", ref=ref, message=line)
        assert await stage.chat.send(given) == ref
    if stage.chat.can.edits:
        assert len(stage.shown()) == 1
    assert ["line 2" in one.text for one in stage.replies()] == [True, False]
    assert "line 3" in stage.replies()[1].text


async def test_a_message_that_was_sent_is_found_by_its_id(stage: Stage) -> None:
    can(stage, "finds")
    ref = await stage.chat.send(delivery(stage))
    assert await stage.chat.find(delivery(stage)) == ref
    assert await stage.chat.find(delivery(stage, 2)) is None


async def test_an_edited_message_is_still_found_by_the_id_it_was_posted_under(
    stage: Stage,
) -> None:
    """As after a restore: the database knows neither of the post nor of its edit."""
    can(stage, "finds")
    can(stage, "edits")
    post = delivery(stage)
    ref = await stage.chat.send(post)
    for number, plain in enumerate((False, True), 2):
        edit = delivery(stage, number, action="edit", ref=ref, posted=post.id, plain=plain)
        await stage.chat.send(edit)
        assert await stage.chat.find(post) == ref


async def test_a_message_without_buttons_is_found_too(stage: Stage) -> None:
    can(stage, "finds")
    message = alert(buttons=(), footer="")
    ref = await stage.chat.send(delivery(stage, message=message))
    assert await stage.chat.find(delivery(stage, message=message)) == ref


async def test_a_reply_that_was_sent_is_found(stage: Stage) -> None:
    can(stage, "finds")
    ref = await stage.chat.send(delivery(stage))
    reply = delivery(stage, 2, action="reply", ref=ref, message=Message(text="line"))
    assert await stage.chat.find(reply) is None
    await stage.chat.send(reply)
    assert await stage.chat.find(reply) == ref


@pytest.mark.parametrize("fault", DEFERRED)
async def test_a_throttled_message_waits(stage: Stage, fault: str) -> None:
    needs(stage, fault)
    stage.fail(fault)
    error = await failure(stage.chat.send(delivery(stage)))
    assert isinstance(error, DeliveryDeferred)
    assert error.retry_after is not None
    assert not stage.shown()


@pytest.mark.parametrize("fault", UNSENT)
async def test_what_did_not_arrive_is_not_found_and_comes_once(
    stage: Stage, fault: str
) -> None:
    needs(stage, fault)
    stage.fail(fault)
    error = await failure(stage.chat.send(delivery(stage)))
    assert isinstance(error, DeliveryDeferred | DeliveryUnconfirmed)
    if stage.chat.can.finds:
        assert await stage.chat.find(delivery(stage)) is None
    await stage.chat.send(delivery(stage))
    assert len(stage.shown()) == 1


@pytest.mark.parametrize("fault", SENT)
async def test_what_arrived_unseen_is_found(stage: Stage, fault: str) -> None:
    can(stage, "finds")
    needs(stage, fault)
    stage.fail(fault)
    error = await failure(stage.chat.send(delivery(stage)))
    assert isinstance(error, DeliveryUnconfirmed)
    assert await stage.chat.find(delivery(stage)) is not None
    assert len(stage.shown()) == 1


@pytest.mark.parametrize("fault", SENT)
async def test_a_repeat_within_two_minutes_does_not_double(stage: Stage, fault: str) -> None:
    needs(stage, fault)
    if not stage.remembers:
        pytest.skip("this platform has no idempotency of its own")
    stage.fail(fault)
    assert await failure(stage.chat.send(delivery(stage)))
    stage.tick(110)
    await stage.chat.send(delivery(stage))
    assert len(stage.shown()) == 1


async def test_an_old_attempt_is_found_among_later_messages(stage: Stage) -> None:
    can(stage, "finds")
    first = delivery(stage)
    await stage.chat.send(first)
    for number in range(2, 9):
        stage.tick(600)
        await stage.chat.send(delivery(stage, number))
    assert await stage.chat.find(first) is not None


@pytest.mark.parametrize("fault", REFUSED)
async def test_a_lost_channel_refuses(stage: Stage, fault: str) -> None:
    needs(stage, fault)
    stage.fail(fault)
    error = await failure(stage.chat.send(delivery(stage)))
    assert isinstance(error, DeliveryRefused)
    assert stage.channel in str(error)


async def test_a_channel_of_another_space_hears_nothing(stage: Stage) -> None:
    if stage.chat.platform == "console":
        pytest.skip("the terminal is one space")
    error = await failure(stage.chat.send(delivery(stage, space=stage.other_space)))
    assert isinstance(error, DeliveryRefused)
    assert not stage.shown()


async def test_the_space_of_a_channel_is_told(stage: Stage) -> None:
    assert await stage.chat.space_of(stage.channel) == stage.space


@pytest.mark.parametrize("fault", [*DEFERRED, *UNSENT, *SENT, *REFUSED])
async def test_no_error_holds_a_secret_or_an_address(stage: Stage, fault: str) -> None:
    needs(stage, fault)
    stage.fail(fault)
    error = await failure(stage.chat.send(delivery(stage)))
    assert error is not None
    assert error.channel == stage.channel
    assert stage.secret not in str(error)
    assert "http" not in str(error)


async def test_editing_a_message_that_a_person_deleted_is_done(stage: Stage) -> None:
    can(stage, "edits")
    ref = await stage.chat.send(delivery(stage))
    stage.delete_first()
    assert await stage.chat.send(delivery(stage, 2, action="edit", ref=ref)) == ref
    assert not stage.shown()


async def test_a_long_message_is_shown_whole_and_never_cut_in_a_word(stage: Stage) -> None:
    words = [f"word{number}" for number in range(3000)]
    fields = tuple(Field(name=f"name{n}", value=f"value{n} " * 200) for n in range(40))
    message = alert(text=" ".join(words), fields=fields)
    await stage.chat.send(delivery(stage, message=message))
    text = "\n".join(one.text for one in [*stage.shown(), *stage.replies()])
    seen = set(text.replace("…", " ").split())
    assert set(words) <= seen
    assert {f"value{n}" for n in range(40)} <= seen
    assert not {word for word in seen if word.startswith("word") and word not in words}


async def test_a_poisoned_message_is_refused_and_its_plain_form_is_taken(stage: Stage) -> None:
    if stage.chat.platform == "console":
        pytest.skip("paper takes everything")
    stage.poison("Alert 1:")
    with pytest.raises(DeliveryMalformed):
        await stage.chat.send(delivery(stage))
    assert not stage.shown()
    plain = delivery(stage, plain=True)
    ref = await stage.chat.send(plain)
    [shown] = stage.shown()
    for words in ("Alert 1: purge", "tiktok/lena lost 1,200 followers", "Change", "-12 %"):
        assert words in shown.text
    assert not shown.buttons
    if stage.chat.can.finds:
        assert await stage.chat.find(plain) == ref
    await stage.chat.send(delivery(stage, 2))
    assert len(stage.shown()) == 2


async def test_a_message_is_edited_from_each_form_to_each_other(stage: Stage) -> None:
    can(stage, "edits")
    for first in (False, True):
        number = 1 + 10 * first
        ref = await stage.chat.send(delivery(stage, number, plain=first))
        for step, plain in enumerate((True, False, True), 1):
            title = f"Alert {number}: state{step}"
            edit = delivery(
                stage,
                number + step,
                action="edit",
                ref=ref,
                plain=plain,
                message=alert(number, title=title),
            )
            await stage.chat.send(edit)
            shown = stage.shown()[-1]
            assert shown.text.count("Alert ") == 1
            assert title in shown.text
            assert bool(shown.buttons) is not plain


async def test_a_silent_message_notifies_nobody(stage: Stage) -> None:
    await stage.chat.send(delivery(stage, silent=True))
    assert not stage.shown()[0].pinged


async def test_only_the_named_role_is_pinged(stage: Stage) -> None:
    if stage.chat.platform != "discord":
        pytest.skip("roles are Discord's")
    text = "@everyone @here <@1> <@&2> <!channel> <!here> <@U123>"
    message = alert(title=text, text=text, footer=text, mention="role:700000000000000001")
    await stage.chat.send(delivery(stage, message=message))
    assert stage.shown()[0].pinged == ("roles:700000000000000001",)


async def test_names_ping_nobody(stage: Stage) -> None:
    text = "@everyone @here <@1> <@&2> <!channel> <!here> <@U123> @channel"
    fields = (Field(name=text, value=text),)
    message = alert(title=text, text=text, footer=text, fields=fields)
    await stage.chat.send(delivery(stage, message=message))
    assert not stage.shown()[0].pinged


async def test_a_command_is_answered_to_its_caller_alone(stage: Stage) -> None:
    can(stage, "commands")
    answer = await stage.command("status tiktok/lena")
    assert "answer to status" in answer.text
    assert answer.private
    caller, name, arguments = stage.dispatcher.asked[-1]
    assert (caller.platform, caller.space) == (stage.chat.platform, stage.space)
    assert (name, dict(arguments)) == ("status", {"account": "tiktok/lena"})


async def test_a_shared_answer_is_for_everybody(stage: Stage) -> None:
    can(stage, "commands")
    if stage.chat.platform == "console":
        pytest.skip("the terminal has one reader")
    answer = await stage.command("status", share=True)
    assert not answer.private


async def test_a_command_of_two_words_and_free_text_arrives_whole(stage: Stage) -> None:
    can(stage, "commands")
    await stage.command("event add summer campaign <3 starts")
    assert stage.dispatcher.asked[-1][1] == "event add"
    assert stage.dispatcher.asked[-1][2]["text"] == "summer campaign <3 starts"


async def test_a_slow_command_is_acknowledged_at_once(stage: Stage) -> None:
    can(stage, "commands")
    stage.dispatcher.delay = 0.3
    answer = await stage.command("status")
    assert "answer to status" in answer.text
    assert answer.seconds < 0.3


async def test_a_pressed_button_carries_its_alert(stage: Stage) -> None:
    can(stage, "commands")
    if stage.chat.platform == "console":
        pytest.skip("paper has no buttons")
    await stage.chat.send(delivery(stage))
    answer = await stage.press("Acknowledge")
    assert "answer to ack 1" in answer.text
    caller, line = stage.dispatcher.lines[-1]
    assert (caller.alert, line) == (delivery(stage).id, "ack 1")


async def test_trouble_in_a_row_ends_with_one_message_each(stage: Stage) -> None:
    for fault in sorted(stage.faults - set(REFUSED)):
        stage.fail(fault)
    for number in range(1, 6):
        await settle(stage.chat, delivery(stage, number))
    assert [f"Alert {n}:" in one.text for n, one in enumerate(stage.shown(), 1)] == [True] * 5


async def test_a_member_is_told_with_their_roles_until_they_leave(stage: Stage) -> None:
    can(stage, "members")
    known = await stage.chat.member(stage.space, stage.person)
    assert known is not None
    assert (known.space, known.user, known.channel) == (stage.space, stage.person, None)
    assert stage.role in known.roles
    stage.leave()
    stage.tick(120)
    assert await stage.chat.member(stage.space, stage.person) is None


async def test_nobody_is_a_member_under_an_invented_id(stage: Stage) -> None:
    can(stage, "members")
    assert await stage.chat.member(stage.space, "909") is None


@pytest.mark.parametrize("what", ["away", "another space"])
async def test_what_a_chat_cannot_say_is_no_leave(stage: Stage, what: str) -> None:
    can(stage, "members")
    if what == "away":
        stage.vanish()
    with pytest.raises(DeliveryError):
        await stage.chat.member(
            stage.space if what == "away" else stage.other_space, stage.person
        )
