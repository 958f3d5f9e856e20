"""No secret that the config names, and no part of an address, in what is logged."""

import html
import json
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote_plus

import pytest

from bot import app
from bot.config.secrets import known_secrets
from bot.config.settings import hide

CONFIG = """
[[sources]]
name = "shop"
kind = "sql"
url_env = "SHOP"
query = "select 1"
[[sources]]
name = "dash"
kind = "http"
url = "https://dash.example/counts"
headers_env = { X-Own = "DASH_KEY" }
[slack]
bot_token_file = "slack.txt"
app_token_env = "OTHER"
"""


def test_what_the_config_names_is_struck_out(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(CONFIG)
    (tmp_path / "slack.txt").write_text("xoxb-from-file\n")
    settings = app.read_config(tmp_path / "config.toml")
    environ = {
        "SHOP": "postgresql://owner:Pa@sWord77@127.0.0.1/shop",
        "DASH_KEY": "dash-key-1",
        "OTHER": "xapp-1",
        "ODD_TOKEN": "odd-1",
    }
    known = known_secrets(settings, environ)
    line = hide(
        "failed to resolve host 'sWord77@127.0.0.1' for owner; dash-key-1 xoxb-from-file "
        "xapp-1 odd-1 Pa@sWord77",
        known,
    )
    for part in ("sWord77", "dash-key-1", "xoxb-from-file", "xapp-1", "odd-1"):
        assert part not in line
    assert "owner" in line
    assert "127.0.0.1" in line


@pytest.mark.parametrize(
    "write",
    [
        str,
        quote,
        quote_plus,
        lambda text: quote(text).replace("%2F", "%2f"),
        lambda text: json.dumps(text)[1:-1],
        lambda text: repr(text)[1:-1],
        html.escape,
        unquote_plus,
    ],
)
def test_a_secret_is_struck_out_however_it_is_quoted(write: Callable[[str], str]) -> None:
    for secret in ("s3cret/&\u00e9 \"x'<y>", "abc%2Fdef%40ghi", "back\\slash+1"):
        assert hide(f"it was {write(secret)}!", [secret]) == "it was ***!"
