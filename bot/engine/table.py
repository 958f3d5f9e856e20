"""Every kind of engine: one row here and one file beside."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bot.config.settings import EngineSettings
from bot.engine.engine import Engine


def _local(settings: EngineSettings) -> Engine:
    from bot.engine.local import LocalEngine

    return LocalEngine(settings.workers)


def _dask(settings: EngineSettings) -> Engine:
    from bot.engine.cluster import DaskEngine

    return DaskEngine(settings.address, settings.workers)


ENGINES: Mapping[str, Callable[[EngineSettings], Engine]] = {"local": _local, "dask": _dask}


def open_engine(settings: EngineSettings) -> Engine:
    """Nothing is connected yet. Raises ConfigError where the extra is not installed."""
    return ENGINES[settings.kind](settings)
