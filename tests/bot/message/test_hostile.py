"""Names from data and users are data: they never break a line, reorder text or fail."""

import os
import unicodedata
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from bot import message
from bot.commands.parse import words_of
from bot.message import details, refusals, replies, status, voice_for
from bot.message.progress import AccountProgress, GoalProgress
from bot.message.voice import one_line, word
from bot.model.message import Alert, ChartSpec, Message
from checks.model import Event, Notice
from checks.reasons import reason
from tests.bot.cases import PURGE, SEEN, week

NASTY = st.text(
    st.one_of(
        st.characters(),
        st.sampled_from(list("\n\r\t\x00\x1b\u202e\u2066\u200b\u2028{}%$`*_~<>@#|\\\"'")),
    ),
    min_size=1,
    max_size=60,
)
FULL = settings(max_examples=3000 if os.environ.get("EBBWATCH_FUZZ") else 60)
VOICE = voice_for("de", "Europe/Vienna")


def strings(value: object) -> Iterator[str]:
    """All that people could read; what machines read (chart, command lines) left out."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for each in value:
            yield from strings(each)
    elif is_dataclass(value) and not isinstance(value, ChartSpec):
        for each in fields(value):
            if each.name != "command":
                yield from strings(getattr(value, each.name))


def harmless(shown: Message) -> None:
    for text in strings(shown):
        for sign in text:
            assert sign == "\n" or unicodedata.category(sign) not in {"Cc", "Cf", "Cs"}
    assert "\n" not in shown.title
    assert "\n" not in shown.footer
    assert all("\n" not in cell for row in shown.table for cell in row)


@FULL
@given(NASTY, NASTY)
def test_incidents_of_any_name(account: str, name: str) -> None:
    incident = replace(
        PURGE,
        account=account,
        wave="w",
        reasons=(
            reason("known_event", name=name, kind="campaign"),
            reason("peers_calm", group=f"#{name}", share=1.0, judged=12),
        ),
    )
    told = Alert(number=1, incident=incident, seen_at=SEEN, acknowledged_by=name)
    harmless(message.alert(VOICE, told, SEEN))
    harmless(message.history(VOICE, told, SEEN))
    harmless(message.reminder(VOICE, told, SEEN))
    harmless(message.wave(VOICE, [told, replace(told, number=2)], SEEN, watched=3))
    harmless(message.digest(VOICE, [told] * 30, SEEN, reason="many")[-1])
    harmless(details.why(VOICE, told, [("false", name)], SEEN))
    harmless(details.incident_list(VOICE, [told], SEEN, all_of_them=True))
    said = (reason("not_read", days=3),)
    quiet = Notice(kind="stale", account=account, at=SEEN, reasons=said)
    harmless(message.notice(VOICE, [quiet], SEEN))
    harmless(message.notice(VOICE, [quiet] * 4, SEEN, sources={account: name}))


@FULL
@given(NASTY, NASTY)
def test_lists_and_summaries_of_any_name(account: str, name: str) -> None:
    course = AccountProgress(account=account, values=(1.0, 2.0), before=1.0, after=2.0)
    goal = GoalProgress(account=account, followers=9, by=date(2023, 1, 1), now=2.0)
    event = Event(name=name, kind="campaign", start=SEEN, end=SEEN + 9, account=account)
    silent = message.Silent(name, None, 2)
    harmless(
        message.summary(
            VOICE,
            replace(week(), accounts=[course, course], goals=[goal], stale=[silent]),
            SEEN,
        )
    )
    harmless(status.account_list(VOICE, [course], {account: "purge"}, SEEN))
    harmless(replies.event_list(VOICE, [(1, event)], SEEN))
    harmless(replies.confirm_forget(VOICE, account))
    harmless(replies.refused(refusals.unknown_account(VOICE, name, [account])))
    harmless(replies.refused(refusals.ambiguous(VOICE, [account, name])))
    harmless(replies.refused(refusals.unknown_command(VOICE, name, [])))


@FULL
@given(NASTY)
def test_cleaning_twice_changes_nothing(name: str) -> None:
    assert one_line(one_line(name)) == one_line(name)


@FULL
@given(NASTY)
def test_a_name_that_is_one_word_is_read_as_one_word(name: str) -> None:
    written = word(name)
    if written is not None:
        assert words_of(f"chart {written}") == ["chart", name]
