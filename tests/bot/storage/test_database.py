"""Opening, migrating and what is said when the file cannot be used."""

import asyncio
import os
import sqlite3
import subprocess
import sys

import pytest

from bot.errors import StorageError
from bot.storage import migrations, upkeep
from bot.storage.database import Store, connect
from bot.storage.settings import ANYTHING, TWO_WHOLE, set_setting, setting

NOW = 1_700_000_000


@pytest.fixture
def store(tmp_path):
    store = Store.open(tmp_path / "ebbwatch.db", now=NOW)
    yield store
    store.close()


async def test_a_write_is_one_transaction(store):
    """An error takes back everything that the same write did."""

    def work(db):
        set_setting(db, "a", 1)
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        await store.write(work)
    assert await store.read(setting, "a", ANYTHING) is None


async def test_reads_cannot_write(store):
    with pytest.raises(StorageError, match="cannot be written"):
        await store.read(set_setting, "a", 1)


async def test_a_second_program_may_write_beside_us(store):
    """Both take the write lock at once, so neither is refused in mid-transaction."""
    other = Store.open(store.path, now=NOW)
    await asyncio.gather(
        *(one.write(set_setting, f"{n}", n) for n in range(50) for one in (store, other))
    )
    other.close()
    assert await store.read(setting, "49", ANYTHING) == 49


def test_a_second_opening_changes_nothing(tmp_path):
    path = tmp_path / "ebbwatch.db"
    Store.open(path, now=NOW).close()
    Store.open(path, now=NOW).close()
    assert [path.name] == sorted(os.listdir(tmp_path))


def test_a_migration_makes_a_backup_first(tmp_path, monkeypatch):
    path = tmp_path / "ebbwatch.db"
    store = Store.open(path, now=NOW)
    asyncio.run(store.write(set_setting, "kept", "yes"))
    store.close()
    later = migrations.Migrations("ebbwatch")
    later._migrations = [*migrations.steps._migrations]

    @later(name="m999_later")
    def m999_later(db):
        db.conn.execute("CREATE TABLE later (id INTEGER PRIMARY KEY) STRICT")

    monkeypatch.setattr(migrations, "steps", later)
    Store.open(path, now=NOW).close()
    backup = migrations.backup_path(path, NOW)
    assert backup.exists()
    old = sqlite3.connect(backup)
    assert old.execute("SELECT value FROM settings").fetchall() == [('"yes"',)]
    assert not old.execute("SELECT 1 FROM sqlite_master WHERE name = 'later'").fetchall()
    old.close()


def test_a_failed_migration_changes_nothing(tmp_path, monkeypatch):
    path = tmp_path / "ebbwatch.db"
    Store.open(path, now=NOW).close()
    broken = migrations.Migrations("ebbwatch")
    broken._migrations = [*migrations.steps._migrations]

    @broken(name="m999_broken")
    def m999_broken(db):
        db.conn.execute("CREATE TABLE half (id INTEGER PRIMARY KEY) STRICT")
        raise ValueError("half way")

    with monkeypatch.context() as patch:
        patch.setattr(migrations, "steps", broken)
        with pytest.raises(ValueError, match="half way"):
            Store.open(path, now=NOW)
    store = Store.open(path, now=NOW)
    assert "half" not in asyncio.run(store.read(lambda db: db.table_names()))
    store.close()


def test_a_newer_database_is_refused(tmp_path):
    path = tmp_path / "ebbwatch.db"
    store = Store.open(path, now=NOW)
    asyncio.run(
        store.write(
            lambda db: db["_sqlite_migrations"].insert(
                {"migration_set": "ebbwatch", "name": "m777_future", "applied_at": "later"}
            )
        )
    )
    store.close()
    with pytest.raises(StorageError, match=r"newer ebbwatch.*m777_future"):
        Store.open(path, now=NOW)


def test_another_programs_database_is_refused(tmp_path):
    path = tmp_path / "other.db"
    other = sqlite3.connect(path)
    other.execute("CREATE TABLE holidays (day TEXT)")
    other.close()
    with pytest.raises(StorageError, match="another program's tables"):
        Store.open(path, now=NOW)


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (
            lambda path: path.write_bytes(b"no database at all" * 100),
            "not an ebbwatch database",
        ),
        (lambda path: path.mkdir(), "cannot be opened"),
    ],
)
def test_an_unusable_file_gets_a_sentence(tmp_path, spoil, said):
    path = tmp_path / "ebbwatch.db"
    spoil(path)
    with pytest.raises(StorageError, match=said):
        Store.open(path, now=NOW)


def test_a_name_that_no_file_can_have_gets_a_sentence(tmp_path):
    with pytest.raises(StorageError, match="cannot be opened"):
        Store.open(tmp_path / f"{'a' * 300}.db", now=NOW)


def test_a_missing_folder_gets_a_sentence(tmp_path):
    with pytest.raises(StorageError, match="its folder exists"):
        Store.open(tmp_path / "nowhere" / "ebbwatch.db", now=NOW)


async def test_a_lasting_lock_gets_a_sentence(store, monkeypatch):
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    await store.read(setting, "x", ANYTHING)
    store._writer.conn.execute("PRAGMA busy_timeout = 0")
    with pytest.raises(StorageError, match="locked by another program"):
        await store.write(set_setting, "a", 1)
    other.execute("ROLLBACK")
    other.close()
    await store.write(set_setting, "a", 1)


async def test_a_full_disk_gets_a_sentence_and_keeps_what_was(store):
    await store.write(set_setting, "small", 1)
    pages = store._writer.conn.execute("PRAGMA page_count").fetchone()[0]
    store._writer.conn.execute(f"PRAGMA max_page_count = {pages}")
    with pytest.raises(StorageError, match="is full"):
        await store.write(set_setting, "large", "x" * 1_000_000)
    assert await store.read(setting, "small", ANYTHING) == 1
    assert await store.read(setting, "large", ANYTHING) is None


def test_a_read_only_database_gets_a_sentence(tmp_path):
    """Permissions do not hold for root, so SQLite itself is told."""
    path = tmp_path / "ebbwatch.db"
    Store.open(path, now=NOW).close()
    store = Store.open(path, now=NOW)
    store._writer.conn.execute("PRAGMA query_only = on")
    with pytest.raises(StorageError, match="cannot be written"):
        asyncio.run(store.write(set_setting, "a", 1))
    store.close()


def test_damage_is_found(tmp_path):
    path = tmp_path / "ebbwatch.db"
    store = Store.open(path, now=NOW)
    asyncio.run(
        store.write(lambda db: [set_setting(db, f"k{n}", "x" * 500) for n in range(500)])
    )
    assert asyncio.run(store.read(upkeep.problems)) == []
    store.close()
    raw = bytearray(path.read_bytes())
    raw[-60_000:-30_000] = b"\x55" * 30_000
    path.write_bytes(raw)
    store = Store.open(path, now=NOW)
    try:
        found = asyncio.run(store.read(upkeep.problems))
    except StorageError as error:
        found = [str(error)]
    assert found
    store.close()


async def test_a_backup_is_whole_while_the_store_is_used(store, tmp_path):
    await store.write(set_setting, "kept", "yes")
    target = await store.read(upkeep.back_up, tmp_path / "copy.db")
    copy = connect(target)
    assert setting(copy, "kept", ANYTHING) == "yes"
    assert upkeep.problems(copy) == []
    copy.conn.close()
    assert "copy.db.part" not in os.listdir(tmp_path)


def test_what_another_program_commits_survives_our_bulk_reads(tmp_path):
    """A second SQLite library in our process would drop our locks: its close lets the next
    program delete the WAL, and what we write afterwards is lost."""
    from bot.storage import bulk

    path = tmp_path / "ebbwatch.db"
    store = Store.open(path, now=NOW)
    asyncio.run(store.write(set_setting, "before", 1))
    next(bulk.pieces_apart(path, 0, NOW, [(0, 2**62)], ("followers",)))
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None);"
        "c.execute(\"INSERT INTO settings VALUES ('other', '2')\"); c.close()"
    )
    subprocess.run([sys.executable, "-c", script, str(path)], check=True)
    asyncio.run(store.write(set_setting, "after", 3))
    script = (
        "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]);"
        "print(sorted(k for (k,) in c.execute('SELECT key FROM settings')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)], check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == "['after', 'before', 'other']"
    store.close()


async def test_a_database_that_is_taken_away_is_said_and_found_again(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    store = Store.open(folder / "ebbwatch.db", now=0)
    assert store.problem() is None
    folder.rename(tmp_path / "away")
    for work in (store.read, store.write):
        with pytest.raises(StorageError, match="is gone"):
            await work(lambda db: None)
    assert "is gone" in store.problem()
    (tmp_path / "away").rename(folder)
    await store.write(lambda db: None)
    assert store.problem() is None
    other = Store.open(tmp_path / "other.db", now=0)
    other.close()
    (tmp_path / "other.db").replace(folder / "ebbwatch.db")
    with pytest.raises(StorageError, match="another file has taken its place"):
        await store.write(lambda db: None)
    store.close()


async def test_a_setting_that_nobody_can_read_counts_as_none(store):
    await store.write(
        lambda db: db.conn.execute("INSERT INTO settings VALUES ('turn', '{broken')")
    )
    assert await store.read(setting, "turn", TWO_WHOLE) is None
