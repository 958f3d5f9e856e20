"""What a `[[sources]]` section of the kind "lake" says."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import Field, model_validator

from bot.config.settings import SourceSettings
from bot.sources.tables.options import Columns


class LakeSettings(SourceSettings):
    """`path` is a folder, a Parquet file or a glob of them: "counts/*.parquet",
    "s3://bucket/counts/". `columns` maps roles to their columns, as in files; a folder named
    `day=2026-11-30` is a column too.
    """

    path: str
    columns: Columns = Field(default_factory=dict)

    @model_validator(mode="after")
    def _no_replay(self) -> LakeSettings:
        if self.replay_from:
            raise ValueError("a lake is not replayed: use `ebbwatch backtest` on its path")
        return self


def lakes_in(sources: Iterable[SourceSettings]) -> list[LakeSettings]:
    return [one for one in sources if isinstance(one, LakeSettings)]
