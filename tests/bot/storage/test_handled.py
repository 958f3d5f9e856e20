"""A request of a person acts once, also after a restart."""

from bot.storage import handled
from bot.storage.database import Store


async def test_a_request_is_new_once_for_a_day_whatever_restarts(tmp_path):
    for turn, expected in enumerate([True, False, False]):
        store = Store.open(tmp_path / "ebbwatch.db", now=0)
        assert await store.write(handled.take, "slack:e1", 100 + turn) is expected
        assert await store.write(handled.take, f"slack:other{turn}", 100 + turn)
        store.close()
    store = Store.open(tmp_path / "ebbwatch.db", now=0)
    assert await store.write(handled.take, "slack:e1", 100 + 86400 + 1)
    store.close()
