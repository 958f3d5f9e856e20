"""What a source has done, as the service tells it."""

import numpy as np
import pytest

from bot.storage import notices
from tests.bot.review.test_review import Service, world
from tests.fakes import DAY, frame


@pytest.fixture
async def service(tmp_path):
    here = Service(tmp_path / "ebbwatch.db")
    await here.start()
    yield here
    here.store.close()


async def days_more(service, counts, times, more, source="files"):
    """One day after another, each read in the morning it is for."""
    for day in range(more.shape[1]):
        service.clock.now = int(times[-1]) + (day + 1) * DAY + 3600
        at = np.array([int(times[-1]) + (day + 1) * DAY])
        await service.arrive(frame(more[:, day : day + 1], at), source=source)


async def test_a_source_that_stands_still_is_one_message_and_its_catching_up_none(service):
    counts, times = world(service.clock, accounts_=12)
    counts = counts + np.arange(counts.shape[1]) * 37
    await service.arrive(frame(counts, times), source="counter service")
    before = len(service.chat.shown)
    still = np.repeat(counts[:, -1:], 4, axis=1)
    later = counts[:, -1:] + (counts[:, -1:] - counts[:, -2:-1]) * np.array([[5, 6]])
    await days_more(service, counts, times, np.hstack([still, later]), "counter service")
    (told,) = service.chat.shown[before:]
    assert told.message.title == "Source trouble · counter service"
    assert "has repeated itself since" in told.message.text
    assert "12 accounts: " in told.message.text
    assert "instagram/a0" in told.message.text
    assert await service.store.read(notices.in_force) == {}


async def test_an_account_that_vanishes_is_a_warning_until_it_is_back(service):
    counts, times = world(service.clock, accounts_=2)
    await service.arrive(frame(counts, times))
    before = len(service.chat.shown)
    gone = np.repeat(counts[:, -1:], 5, axis=1) + 40 * np.arange(1, 6)
    gone[0] = 0
    await days_more(service, counts, times, gone)
    (told,) = service.chat.shown[before:]
    assert told.message.severity == "warning"
    assert told.message.title.startswith("Account gone · ")
    assert "instagram/a0" in told.message.title
    (still,) = (await service.store.read(notices.in_force)).values()
    assert (still.kind, still.account) == ("account_gone", "instagram/a0")
    service.clock.tick(DAY)
    back = np.array([[float(counts[0, -1])], [float(gone[1, -1]) + 40]])
    await service.arrive(frame(back, np.array([int(times[-1]) + 6 * DAY])))
    assert await service.store.read(notices.in_force) == {}
