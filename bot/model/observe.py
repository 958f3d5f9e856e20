"""How work is counted and timed by whoever wants to know."""

from typing import Protocol


class Observe(Protocol):
    """Told of each piece of work that ended: `work` is send, poll or review, `seconds` by the
    monotonic clock; a send has its channel and an outcome too."""

    def __call__(
        self, work: str, seconds: float, channel: str = "", outcome: str = ""
    ) -> None: ...


def unobserved(work: str, seconds: float, channel: str = "", outcome: str = "") -> None:
    """Where nobody wants to know."""
