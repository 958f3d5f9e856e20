"""What `/metrics` counts as it happens: sends by outcome, and how long work takes."""

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest

_SECONDS = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Upper ends of the buckets, in seconds: a chat answers in 0.1 to 1, a poll in 0.1 to 60, a
review of 20,000 accounts in some 10."""


class Meter:
    """A `bot.model.observe.Observe` that Prometheus can read."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._sends = Counter(
            "ebbwatch_deliveries",
            "Tries to send, by channel and what became of them",
            ["channel", "outcome"],
            registry=self._registry,
        )
        self._work = Histogram(
            "ebbwatch_work_seconds",
            "How long a send, a poll or a review takes",
            ["work"],
            buckets=_SECONDS,
            registry=self._registry,
        )

    def __call__(self, work: str, seconds: float, channel: str = "", outcome: str = "") -> None:
        self._work.labels(work).observe(seconds)
        if channel:
            self._sends.labels(channel, outcome).inc()

    def text(self) -> bytes:
        """In Prometheus' text format."""
        return generate_latest(self._registry)
