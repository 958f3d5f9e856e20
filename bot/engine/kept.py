"""An engine that remembers what is done, so that work which was stopped goes on."""

from __future__ import annotations

import pickle
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from hashlib import blake2b
from pathlib import Path

from bot.engine.engine import Engine, Given, Item, Pass, Result, pack


@dataclass(frozen=True, slots=True)
class KeptEngine:
    """Puts each result into a file of `folder` until `forget`; what lies there is not asked
    of `engine` again."""

    engine: Engine
    folder: Path

    def map(self, one: Pass[Item, Given, Result]) -> Iterator[Result]:
        self.folder.mkdir(parents=True, exist_ok=True)
        begun = blake2b(one.work.__qualname__.encode() + pack(one.given), digest_size=16)
        files = [self._file(begun.digest(), item) for item in one.items]
        missing = [
            item for item, file in zip(one.items, files, strict=True) if not file.exists()
        ]
        results = self.engine.map(replace(one, items=missing))
        for file in files:
            if file.exists():
                yield pickle.loads(file.read_bytes())
                continue
            result = next(results)
            written = file.with_suffix(".part")
            written.write_bytes(pickle.dumps(result, protocol=5))
            written.rename(file)
            yield result

    def begun(self, now: int, most: int) -> int:
        """The time that unfinished work is about, where it is at most so many seconds old;
        else `now`, which it is about from here on."""
        note = self.folder / "begun"
        if note.exists() and 0 <= now - int(note.read_text()) <= most:
            return int(note.read_text())
        self.forget()
        self.folder.mkdir(parents=True)
        note.write_text(str(now))
        return now

    def forget(self) -> None:
        """What was remembered is of no more use."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def versions(self, timeout: float) -> list[str]:
        return self.engine.versions(timeout)

    def close(self) -> None:
        self.engine.close()

    def _file(self, begun: bytes, item: object) -> Path:
        return self.folder / blake2b(begun + pack(item), digest_size=16).hexdigest()
