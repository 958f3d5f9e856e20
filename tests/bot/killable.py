"""A small service that can be killed at any step: `python killable.py FOLDER [KILL ...]`.

For each KILL (two step numbers "a,b"; 0 is "never") it forks a service that dies by SIGKILL
at its a-th step, one that goes on and dies at its b-th, and one that goes on to the end. A
step is an SQL statement or one side of a write to the terminal's file.
"""

import asyncio
import os
import signal
import sys
from datetime import UTC, datetime
from pathlib import Path

from bot import message
from bot.chat.console.adapter import ConsoleChat
from bot.deliver import Clocks, Hooks, OutboxWorker
from bot.ingest.poll import poll
from bot.model.source import Batch
from bot.review import ReviewSettings, review
from bot.storage import channels, sources
from bot.storage.access import AccessPolicy
from bot.storage.channels import Channel, Subscription
from bot.storage.database import Store
from checks.rules import rules_for
from tests.contracts.chat import RecordingDesk
from tests.fakes import Clock, calm, ends, frame, spare_the_disk

NOW = 1_700_000_000
DAYS, FIRST, ACCOUNTS = 40, 35, 14
TIMES = ends(NOW, DAYS)


def counts():
    """Calm, but for a loss, a purge of half the accounts a day later, and a glitch."""
    table = calm(ACCOUNTS, DAYS)
    table[0, 35:] -= 9_000
    table[1:8, 36:] -= 5_000
    table[9, 37] -= 20_000
    return table


class Days:
    """Gives one more day at each fetch; its state is the number of days given."""

    name = "days"

    async def fetch(self, wanted, state, now):
        given = (state or {"days": 0})["days"]
        until = max(FIRST, given + 1)
        table = frame(counts()[:, given:until], TIMES[given:until])
        return Batch(readings=table, state={"days": until})


class Steps:
    """Counts steps and kills the process at the chosen one."""

    def __init__(self, kill: int) -> None:
        self.kill, self.count = kill, 0

    def __call__(self, *_: object) -> None:
        self.count += 1
        if self.count == self.kill:
            os.kill(os.getpid(), signal.SIGKILL)


class Terminal(ConsoleChat):
    def __init__(self, out: Path, steps: Steps) -> None:
        super().__init__(RecordingDesk(), out=out)
        self.steps = steps

    async def send(self, delivery):
        self.steps()
        ref = await super().send(delivery)
        self.steps()
        return ref


async def serve(folder: Path, steps: Steps) -> None:
    """Runs from wherever the last one died to the end of the days."""
    clock = Clock(NOW)
    store = Store.open(folder / "ebbwatch.db", now=NOW)
    store._writer.conn.set_trace_callback(steps)
    review_settings = ReviewSettings(
        rules=rules_for("balanced"), voices=message, access=AccessPolicy({})
    )

    def configure(db):
        channels.configure(
            db,
            [Channel(channel="console:main", space="console", thread="no")],
            [Subscription(channel="console:main", min_severity="warning")],
            NOW,
        )

    await store.write(configure)

    async def nothing(*_: object) -> None:
        return None

    worker = OutboxWorker(
        store,
        {"console": Terminal(folder / "terminal.txt", steps)},
        voices=message,
        access=review_settings.access,
        clocks=Clocks(calendar=clock, wall=clock, monotonic=clock),
        hooks=Hooks(draw=nothing, report=nothing),
    )
    await worker.start()
    while True:
        row = await store.read(sources.get, "days")
        given = row.state["days"] if row and row.state else 0
        if given:
            clock.now = TIMES[given - 1]
            await review(store, review_settings, int(clock()))
            for _ in range(3):
                await worker.pump()
                clock.tick(400)
        if given >= DAYS:
            break
        clock.now = TIMES[max(FIRST, given + 1) - 1]
        await poll(store, Days(), datetime.fromtimestamp(clock(), UTC))
    store.close()
    (folder / "steps.txt").write_text(str(steps.count))


def life(folder: Path, kill: int) -> None:
    """One process; it either ends by itself or is killed."""
    child = os.fork()
    if child == 0:
        code = 1
        try:
            asyncio.run(asyncio.wait_for(serve(folder, Steps(kill)), 60))
            code = 0
        except BaseException:
            import traceback

            traceback.print_exc()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    if os.WIFEXITED(status) and os.WEXITSTATUS(status):
        sys.exit(f"the service failed at kill {kill} in {folder}")


def main() -> None:
    root = Path(sys.argv[1])
    spare_the_disk()
    for kills in sys.argv[2:]:
        folder = root / kills
        folder.mkdir()
        for kill in [int(text) for text in kills.split(",") if int(text)] + [0]:
            life(folder, kill)


if __name__ == "__main__":
    main()
