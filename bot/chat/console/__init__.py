"""The `[console]` table of the config file."""

from __future__ import annotations

from bot.config.settings import Section
from bot.model.chat import Capabilities

CAN = Capabilities(threads=True, finds=True, commands=True, pictures=True)


class ConsoleSettings(Section):
    """`file` takes the messages instead of the terminal; pictures go to the folder `charts`."""

    enabled: bool = True
    file: str | None = None
    charts: str = "charts"
