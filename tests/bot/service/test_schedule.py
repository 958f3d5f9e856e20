"""Rhythms in local time, and a replay that drives the same jobs."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.service.schedule import Calendar, CronTrigger, Job, Rhythm, replay, summary_rhythm


def fires(cron: str, zone: str, start: datetime, count: int) -> list[str]:
    trigger, at, found = CronTrigger(cron, zone), start, []
    previous = None
    for _ in range(count):
        at = trigger.get_next_fire_time(previous, at)
        previous = at
        found.append(at.isoformat())
    return found


def test_a_time_that_spring_skips_fires_at_the_next_valid_minute() -> None:
    start = datetime(2026, 3, 28, 12, tzinfo=UTC)
    assert fires("30 2 * * *", "Europe/Vienna", start, 2) == [
        "2026-03-29T01:00:00+00:00",  # 02:30 does not exist; 03:00 CEST is the next minute
        "2026-03-30T00:30:00+00:00",
    ]


def test_a_time_that_autumn_doubles_fires_once() -> None:
    start = datetime(2026, 10, 24, 12, tzinfo=UTC)
    assert fires("30 2 * * *", "Europe/Vienna", start, 2) == [
        "2026-10-25T00:30:00+00:00",
        "2026-10-26T01:30:00+00:00",
    ]


def test_starting_inside_the_doubled_hour_does_not_fire_the_past_one() -> None:
    between = datetime(2026, 10, 25, 0, 45, tzinfo=UTC)  # 02:45 CEST, after the first 02:30
    assert fires("30 2 * * *", "Europe/Vienna", between, 1) == ["2026-10-26T01:30:00+00:00"]


def test_an_hourly_rhythm_goes_on_through_the_doubled_hour() -> None:
    start = datetime(2026, 10, 24, 23, 45, tzinfo=UTC)
    assert fires("0 * * * *", "Europe/Vienna", start, 3) == [
        "2026-10-25T00:00:00+00:00",
        "2026-10-25T01:00:00+00:00",  # 02:00 for the second time
        "2026-10-25T02:00:00+00:00",
    ]


def test_cron_counts_weekdays_from_sunday_as_everybody_else() -> None:
    saturday = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert fires("0 9 * * 0", "UTC", saturday, 1) == ["2026-11-22T09:00:00+00:00"]
    assert fires("0 9 * * 7", "UTC", saturday, 1) == ["2026-11-22T09:00:00+00:00"]
    assert fires("0 9 * * 1-5", "UTC", saturday, 1) == ["2026-11-23T09:00:00+00:00"]
    assert fires("0 9 * * 5-7", "UTC", saturday, 2) == [
        "2026-11-22T09:00:00+00:00",
        "2026-11-27T09:00:00+00:00",
    ]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("daily 09:00", "2026-11-22T08:00:00+00:00"),
        ("mon 09:00", "2026-11-23T08:00:00+00:00"),
        ("1st 09:00", "2026-12-01T08:00:00+00:00"),
    ],
)
def test_summaries_come_at_the_channels_own_time(text: str, first: str) -> None:
    rhythm = summary_rhythm(text, "Europe/Vienna")
    assert rhythm.cron
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert fires(rhythm.cron, rhythm.timezone, at, 1) == [first]


async def test_a_replay_runs_due_jobs_in_order_at_their_own_time() -> None:
    calendar = Calendar(datetime(2022, 12, 4, tzinfo=UTC).timestamp())
    seen: list[tuple[str, str]] = []
    slept: list[float] = []

    def note(name: str) -> Job:
        async def action() -> None:
            seen.append((name, datetime.fromtimestamp(calendar(), UTC).isoformat()))

        return Job(name, Rhythm(cron="0 9 * * 1"), action)

    async def sleep(seconds: float) -> None:
        slept.append(seconds)

    async def poll() -> None:
        seen.append(("poll", datetime.fromtimestamp(calendar(), UTC).isoformat()))

    days = [datetime(2022, 12, day, 3, tzinfo=UTC) for day in (5, 6, 13)]
    await replay(
        [note("summary")],
        [(day, poll) for day in days],
        calendar,
        speed=timedelta(days=1),
        sleep=sleep,
    )
    assert seen == [
        ("poll", "2022-12-05T03:00:00+00:00"),
        ("summary", "2022-12-05T09:00:00+00:00"),
        ("poll", "2022-12-06T03:00:00+00:00"),
        ("summary", "2022-12-12T09:00:00+00:00"),
        ("poll", "2022-12-13T03:00:00+00:00"),
    ]
    assert slept == [1.125, 1.0, 7.0]
