"""What people call an account: sources say it, the config file has the last word."""

from pathlib import Path

from bot import app
from bot.message import voice_for
from bot.model.inline import plain
from bot.service.apply_config import apply
from bot.storage import accounts, readings, sources
from bot.storage.database import Store
from tests.bot.team import NOW, counts


async def test_the_config_names_an_account(tmp_path: Path) -> None:
    config = tmp_path / "config.toml"
    config.write_text('[accounts."youtube/UC1"]\nname = "Lena"\n')
    store = Store.open(tmp_path / "ebbwatch.db", now=NOW)

    def fill(db) -> None:  # type: ignore[no-untyped-def]
        source = sources.ensure(db, "exports")
        readings.add(db, source.id, counts(["youtube/UC1", "x/mo"]), NOW)
        accounts.set_names(db, {"youtube/UC1": "LenaOfficial", "x/mo": "Mo"})

    try:
        await store.write(fill)
        await apply(store, app.read_config(config), NOW, anew=True)
        names = await store.read(accounts.names)
    finally:
        store.close()
    assert names == {"youtube/UC1": "Lena", "x/mo": "Mo"}
    voice = voice_for("en", "UTC", names)
    assert plain(voice.account("youtube/UC1")) == "Lena (YouTube)"
    assert "https://x.com/mo" in voice.account("x/mo")
