"""A Dask cluster: the scheduler's address, or one of this machine."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from importlib import metadata
from typing import Any

from bot.engine.engine import TRIES, Given, Item, Pass, Result, done, in_order, pack
from bot.errors import ConfigError, EngineError

try:
    import dask
    import distributed
    from distributed.client import FutureCancelledError
    from distributed.comm.core import CommClosedError
except ImportError:
    raise ConfigError(
        ['the engine "dask" needs more than the plain install: pip install "ebbwatch[cluster]"']
    ) from None

log = logging.getLogger(__name__)

_RETRIES = 3
_COMPARED = ("ebbwatch", "numpy", "scipy", "polars", "pyarrow", "dask", "distributed")
_CONNECT = 30.0
"""Seconds for which a scheduler that restarts is waited for."""
_UNPROFILED = {"distributed.worker.profile.enabled": False}
"""Dask's profile, which nobody looks at without its dashboard, takes a sixth of the time."""
_ANYWHERE = "127.0.0.1:0"
"""Without an address the scheduler asks for port 8787, which another cluster may have."""
_AHEAD = 2
"""Tasks asked for per thread of the cluster before the first is taken."""


class DaskEngine:
    """Connects anew for each pass, so that a scheduler may restart between them."""

    def __init__(self, address: str | None = None, workers: int | None = None) -> None:
        self._address = address
        self._workers = workers
        self._own: Any = None

    def map(self, one: Pass[Item, Given, Result]) -> Iterator[Result]:
        packed, taken, lost = pack(one.given), 0, 0
        while taken < len(one.items):
            client = self._client()
            try:
                shared = client.scatter(packed, broadcast=True, hash=False)
                ahead = _AHEAD * max(1, sum(client.nthreads().values()))
                submit = partial(_submit, client, one.work, shared)
                for result in in_order(submit, one.items[taken:], ahead, one.watch):
                    taken += 1
                    yield result
            except (OSError, CommClosedError, FutureCancelledError) as error:
                lost += 1
                if lost > TRIES:
                    raise EngineError(
                        f"the Dask scheduler {self._where} was lost {lost} times: see its log"
                    ) from error
                log.warning("the scheduler was lost; the rest is asked again")
            except distributed.scheduler.KilledWorker as error:
                raise EngineError(
                    f"workers of {self._where} ended again and again at one piece of work: see "
                    "their logs, and give each of them 1 GB"
                ) from error
            finally:
                with suppress(Exception):
                    client.close(timeout=2)

    def versions(self, timeout: float) -> list[str]:
        client = self._client(timeout)
        ours = _versions()
        try:
            theirs = client.run(_versions)
        finally:
            client.close(timeout=2)
        return [
            f"{worker} has {name} {has.get(name)}, this machine {version}"
            for worker, has in theirs.items()
            for name, version in ours.items()
            if has.get(name) != version
        ]

    def close(self) -> None:
        if self._own is not None:
            self._own.close()
            self._own = None

    @property
    def _where(self) -> str:
        return self._address or "on this machine"

    def _client(self, timeout: float = _CONNECT) -> Any:
        if self._address is None and self._own is None:
            with dask.config.set(_UNPROFILED):
                self._own = distributed.LocalCluster(
                    n_workers=self._workers, threads_per_worker=1, dashboard_address=_ANYWHERE
                )
        try:
            return distributed.Client(
                self._address or self._own,
                timeout=timeout,
                set_as_default=False,
            )
        except OSError as error:
            raise EngineError(
                f"no Dask scheduler answers at {self._where}: start it, or correct [engine] "
                f"address ({error})"
            ) from None


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "nothing"


def _versions() -> dict[str, str]:
    return {name: _version(name) for name in _COMPARED}


def _submit(client: Any, work: Callable[[Any, Any], Any], shared: Any, item: object) -> Any:
    return client.submit(done, work, item, shared, retries=_RETRIES, pure=False)
