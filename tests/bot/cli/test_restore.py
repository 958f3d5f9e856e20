"""Back to a backup: nothing is told twice, nothing is lost, the old database is kept."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bot import app, message
from bot.cli.restore import restore
from bot.config.schema import Settings
from bot.deliver.operator import Operator
from bot.errors import CommandError, StorageError
from bot.route import News, route
from bot.storage import incidents, upkeep
from bot.storage.access import AccessPolicy
from bot.storage.database import Store
from bot.storage.incidents import Change
from tests.bot.deliver.test_deliver import Dispatcher
from tests.bot.route.test_route import incident, resolved
from tests.fakes import Clock

CHANNEL = "fake:1"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "config.toml").write_text("[console]\nenabled = false\n")
    return app.read_config(tmp_path / "config.toml")


class Team(Dispatcher):
    """Judges incidents and sends, as the service does."""

    async def hear(self, *found):
        def work(db):
            known = incidents.stored(db, found)
            stored = incidents.save(db, [Change(one) for one in found], int(self.clock()))
            changed = frozenset(one.id for one in stored)
            fresh = frozenset(one.id for one in stored if one.incident.key not in known)
            access = AccessPolicy({"fake:team": ("*",)})
            route(db, message, access, int(self.clock()), News(changed=changed, fresh=fresh))

        await self.store.write(work)
        await self.settle()


async def test_what_was_told_after_a_backup_is_not_told_again(settings, tmp_path):
    clock = Clock()
    team = Team(settings.store_path, clock)
    await team.add_channel(thread="also")
    await team.hear(incident())
    await team.store.read(upkeep.back_up, tmp_path / "old.backup")
    clock.tick(3600)
    second = incident("instagram/b")
    await team.hear(second)
    await team.hear(resolved(second))
    told = team.chat.titles()
    replies = [len(one.replies) for one in team.chat.shown]
    team.store.close()

    said = restore(settings, tmp_path / "old.backup")
    assert any("incidents: 1 now, 2 before (-1)" in line for line in said)
    assert list(tmp_path.glob("*.replaced"))

    again = Team(settings.store_path, clock)
    again.chat = team.chat
    again.restart()
    clock.tick(600)
    await again.hear(second)
    await again.hear(resolved(second))
    third = incident("instagram/c")
    await again.hear(third)
    assert len(team.chat.titles()) == len(told) + 1
    assert [len(one.replies) for one in team.chat.shown][: len(replies)] == replies
    again.store.close()


async def test_what_is_over_by_the_time_of_a_restore_is_not_left_as_open(settings, tmp_path):
    """Judged anew in one go, it is found in its channel as it was told then."""
    team = Team(settings.store_path, Clock())
    await team.add_channel()
    await team.hear(incident("instagram/b"))
    await team.store.read(upkeep.back_up, tmp_path / "old.backup")
    team.clock.tick(3600)
    await team.hear(incident())
    team.store.close()
    restore(settings, tmp_path / "old.backup")
    again = Team(settings.store_path, team.clock)
    again.chat = team.chat
    again.restart()
    again.clock.tick(3 * 86400)
    again.chat.find_plan, again.chat.plan = ["late"], ["late"]
    await again.hear(resolved(incident()))
    assert len(team.chat.titles()) == 2
    shown = team.chat.shown[1]
    assert len(shown.revisions) == 1
    assert ", over after " in shown.message.title
    again.store.close()


async def test_a_reminder_and_the_operators_sentence_are_not_told_again(settings, tmp_path):
    """But the next reminder comes."""
    team = Team(settings.store_path, Clock())
    await team.add_channel(remind=3600)
    report = Operator(team.store, CHANNEL, team.clock)
    await team.hear(incident(severity="critical"))
    await team.store.read(upkeep.back_up, tmp_path / "old.backup")
    team.clock.tick(3700)
    await team.hear()
    await report("the sun is down")
    await team.settle()
    told = team.chat.titles()
    assert len(told) == 3
    team.store.close()
    restore(settings, tmp_path / "old.backup")
    again = Team(settings.store_path, team.clock)
    again.chat = team.chat
    again.restart()
    await Operator(again.store, CHANNEL, again.clock)("the sun is down")
    await again.hear()
    assert team.chat.titles() == told
    again.clock.tick(3600)
    await again.hear()
    assert len(team.chat.titles()) == 4
    again.store.close()


async def test_what_waited_in_the_backup_and_went_out_since_is_not_sent_again(
    settings, tmp_path
):
    team = Team(settings.store_path, Clock())
    await team.add_channel()
    await team.queue("one")
    await team.store.read(upkeep.back_up, tmp_path / "old.backup")
    await team.settle()
    team.store.close()
    restore(settings, tmp_path / "old.backup")
    again = Team(settings.store_path, team.clock)
    again.chat = team.chat
    again.restart()
    await again.settle()
    assert team.chat.titles() == ["one"]
    again.store.close()


def test_a_file_that_is_no_whole_backup_changes_nothing(settings, tmp_path):
    Store.open(settings.store_path, now=0).close()
    before = settings.store_path.read_bytes()
    (tmp_path / "text").write_text("no database at all, but longer than a header would be " * 9)
    with closing(sqlite3.connect(tmp_path / "other")) as other:
        other.execute("create table t (x)")
    damaged = bytearray(before)
    damaged[5000:9000] = b"x" * 4000
    (tmp_path / "damaged").write_bytes(damaged)
    for name in ("text", "other", "damaged", "missing"):
        with pytest.raises(StorageError):
            restore(settings, tmp_path / name)
    with pytest.raises(CommandError, match="itself"):
        restore(settings, settings.store_path)
    assert settings.store_path.read_bytes() == before
    assert not list(tmp_path.glob("*.replaced"))
