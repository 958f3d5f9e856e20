"""Parquet files of many accounts, read where they lie: only what is asked for comes over."""

from bot.model.source import Source, Surroundings
from bot.sources.lake.settings import LakeSettings

__all__ = ["LakeSettings", "open_lake"]


def open_lake(settings: LakeSettings, surroundings: Surroundings) -> Source:
    from bot.sources.lake.source import LakeSource  # heavy: a config alone needs none of it

    return LakeSource(settings, surroundings)
