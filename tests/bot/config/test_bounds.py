"""Every number, span and date of the config has bounds: a sentence, or a service that runs."""

from pathlib import Path

import pytest

from bot import app
from bot.config.load import Settings
from bot.errors import ConfigError
from bot.model.command import Caller

SOURCE = '[[sources]]\nname = "a"\nkind = "file"\npath = "a.csv"\nplatform = "tiktok"\n'
NUMBERS = ("-1", "0", "1e400", "nan", "-inf", "9" * 400, "1e18", "true", "0.5")
SPANS = ("0d", "0s", "-1d", "9" * 30 + "y", "1e9d", "100y", "0.0001s", "1s", "nan")
DAYS = ("0001-01-01", "9999-12-31", "2199-12-31", "1990-01-01", "9999-12-31T23:59:59Z")
KEYS = {
    f"{SOURCE}priority": NUMBERS,
    f"{SOURCE}every": SPANS,
    f"{SOURCE}jitter": SPANS,
    f"{SOURCE}replay_from": DAYS,
    f'{SOURCE}replay_from = "2022-01-01"\nreplay_speed': tuple(f"{s}/s" for s in SPANS),
    "keep": SPANS,
    "[checks]\nnews": SPANS,
    "[checks]\nmin_percent": NUMBERS,
    "[checks]\nmin_count": NUMBERS,
    '[[spaces]]\nid = "discord:1"\naccounts = ["*"]\nmax_accounts': NUMBERS,
    '[[channels]]\nchannel = "console:main"\nremind': SPANS,
    '[[channels]]\nchannel = "console:main"\nmin_percent': NUMBERS,
    '[[channels]]\nchannel = "console:main"\nmin_count': NUMBERS,
    '[[channels]]\nchannel = "console:main"\ndigest_above': NUMBERS,
    '[[goals]]\naccount = "tiktok/a"\nby = 2030-01-01\nfollowers': NUMBERS,
    '[[goals]]\naccount = "tiktok/a"\nfollowers = 10\nby': DAYS,
    '[[events]]\nname = "e"\nkind = "deadline"\nfrom': DAYS,
    '[[events]]\nname = "e"\nkind = "outage"\nfrom = 1999-01-01\nto': DAYS,
    "[serve]\nlisten": ("127.0.0.1:99999", "127.0.0.1:-1", ":0", "x:65536", "127.0.0.1:٣", "a"),
    "[slack]\nlisten": ("127.0.0.1:99999", "127.0.0.1:²"),
    "database": (r"a\u0000b",),
    "timezone": ("../etc", "", "x" * 9999, r"a\u0000"),
    "locale": ("", "../de", "x" * 999),
}


@pytest.mark.parametrize("key", KEYS, ids=[key.splitlines()[-1] for key in KEYS])
async def test_no_value_ends_in_anything_but_a_sentence(tmp_path: Path, key: str) -> None:
    for number, value in enumerate(KEYS[key]):
        bare = value in NUMBERS or value in DAYS
        text = f"{key} = {value if bare else chr(34) + value + chr(34)}\n"

        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "config.toml").write_text(text, encoding="utf-8")
        try:
            settings = app.read_config(folder / "config.toml")
        except ConfigError:
            continue
        await runs(settings)


async def runs(settings: Settings) -> None:
    """What a running service does with it: jobs, status, summary, goals and dates ahead."""
    operator = Caller(platform="console", space="console", channel=None, user="o", name="o")
    async with app.opened(settings) as service:
        assert service.jobs()
        await service.minute()
        for line in ("status", "summary", "event list", "preview"):
            shown = await service.dispatcher.answer_line(operator, line)
            assert "inside ebbwatch" not in shown.text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f'{SOURCE}replay_from = 2022-01-01\nreplay_speed = "0d/s"', "too short"),
        ('[serve]\nlisten = "127.0.0.1:99999"', "no listen address"),
        (f'[serve]\nlisten = "{"a" * 64}:80"', "no listen address"),
        ('[slack]\nlisten = "a..b:80"', "no listen address"),
        (f"{SOURCE}priority = {'9' * 30}", "smaller"),
        (f"{SOURCE}priority = true", "is no switch"),
        ('[[spaces]]\nid = "discord:1"\naccounts = ["*"]\nmax_accounts = false', "no switch"),
        ('[[goals]]\naccount = "a/b"\nfollowers = 5\nby = 9999-12-31', "out of range"),
        ('[[channels]]\nchannel = "console:main"\nremind = "0s"', "too short"),
    ],
)
def test_the_sentence_names_the_key_and_what_would_do(
    tmp_path: Path, text: str, said: str
) -> None:
    (tmp_path / "config.toml").write_text(text)
    with pytest.raises(ConfigError, match=said):
        app.read_config(tmp_path / "config.toml")
