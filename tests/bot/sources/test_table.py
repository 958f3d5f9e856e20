"""The table of kinds."""

import subprocess
import sys

from bot.config.settings import SourceSettings
from bot.sources.table import SETTINGS, SOURCES


def test_every_kind_has_settings_of_its_own() -> None:
    assert list(SETTINGS) == list(SOURCES)
    assert all(issubclass(SETTINGS[kind], SourceSettings) for kind in SETTINGS)
    own = {SETTINGS[kind] for kind in SETTINGS if kind != "export"}
    assert len(own) == len(SETTINGS) - 1, "an export is a file like any other"


def test_reading_a_config_loads_no_heavy_library() -> None:
    """`ebbwatch --help` and a config of every kind start without them."""
    heavy = ["polars", "httpx", "sqlalchemy", "numpy", "aiohttp"]
    code = (
        "import sys; from bot.sources.table import SETTINGS\n"
        "for kind in SETTINGS: SETTINGS[kind]\n"
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, check=True, text=True
    )
    assert done.stdout.strip() == "[]"
