"""Whatever a server says of its pauses, the next request has a time."""

import pytest

from bot.sources.web.limits import LONGEST_REST, Pace, retry_after

SAID = (
    *("nan", "inf", "-5", "1e308", "9" * 400, "", "0x10", "tomorrow", "0001-01-01"),
    *("Wed, 21 Oct 99999999999 07:28:00 GMT", "Sun, 06 Nov 1994 08:49:37 +9999"),
    *("9999-12-31T23:59:59+00:00", "Wed, 21 Oct 2099 07:28:00 GMT"),
)


@pytest.mark.parametrize("date", [None, *SAID])
@pytest.mark.parametrize("text", SAID)
def test_no_pause_ends_in_an_error_or_without_an_end(text: str, date: str | None) -> None:
    headers = dict.fromkeys(("retry-after", "x-ratelimit-reset"), text)
    headers |= {"x-ratelimit-remaining": "0"} | ({} if date is None else {"date": date})
    asked = retry_after(headers, None)
    assert asked is None or asked >= 0

    async def unused(_: float) -> None:
        raise AssertionError

    pace = Pace(lambda: 0.0, unused)
    pace.heed(429, headers)
    assert 0 <= pace.next_wait() <= LONGEST_REST
