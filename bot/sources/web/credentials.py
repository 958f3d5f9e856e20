"""Secrets of a source: its config names where they are and never holds them."""

from bot.config.settings import SourceSettings, secret
from bot.model.source import Surroundings


def credential(
    settings: SourceSettings,
    surroundings: Surroundings,
    env: str | None,
    file: str | None = None,
) -> str:
    """Reads a variable or a file. Raises ConfigError where neither is there."""
    return secret(
        surroundings.environ,
        env=env,
        file=file,
        root=surroundings.root,
        what=f'source "{settings.name}"',
    )
