"""No secret that the config names, and no part of an address, in what is logged."""

from pathlib import Path

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
