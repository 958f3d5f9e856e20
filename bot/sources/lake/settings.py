"""What a `[[sources]]` section of the kind "lake" says."""

from __future__ import annotations

from pydantic import Field

from bot.config.settings import SourceSettings
from bot.sources.tables.options import Columns


class LakeSettings(SourceSettings):
    """`path` is a folder, a Parquet file or a glob of them: "counts/*.parquet",
    "s3://bucket/counts/". `columns` maps roles to their columns, as in files; a folder named
    `day=2026-11-30` is a column too.
    """

    path: str
    columns: Columns = Field(default_factory=dict)
