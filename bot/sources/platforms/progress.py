"""What a poll remembers of a platform between two requests, polls and restarts."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from bot.sources.platforms.partial import Partial


@dataclass(slots=True)
class Progress:
    """`next` is where an unfinished poll goes on, `counted` whether any follower was ever
    seen, `listed` when each list was last read, `reading` the lists half read."""

    next: str | None = None
    counted: bool = False
    counted_at: int = 0
    ids: dict[str, str] = field(default_factory=dict)
    listed: dict[str, int] = field(default_factory=dict)
    reading: dict[str, Partial] = field(default_factory=dict)
    memory: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, state: Any) -> Progress:
        raw = state or {}
        reading = {h: Partial.unpacked(p) for h, p in raw.get("reading", {}).items()}
        return cls(
            next=raw.get("next"),
            counted=bool(raw.get("counted")),
            counted_at=raw.get("counted_at", 0),
            ids=dict(raw.get("ids", {})),
            listed=dict(raw.get("listed", {})),
            reading=reading,
            memory=dict(raw.get("memory", {})),
        )

    def state(self) -> dict[str, Any]:
        return {
            "next": self.next,
            "counted": self.counted,
            "counted_at": self.counted_at,
            "ids": self.ids,
            "listed": self.listed,
            "memory": self.memory,
            "reading": {handle: partial.packed() for handle, partial in self.reading.items()},
        }
