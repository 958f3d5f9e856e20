"""What Discord shows of a message's JSON, as HTML: frames, sections, menus, its markdown."""

from __future__ import annotations

import base64
import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from babel.dates import format_timedelta

from tests.bot.cases import SEEN

STYLE = """
.discord{font:16px/1.375 'gg sans','Noto Sans','DejaVu Sans',sans-serif;padding:16px;
 --text:#dbdee1;--muted:#a3a6ad;--back:#313338;--chip:#393b41;--card:#2b2d31;--line:#3f4147;--field:#1e1f22;
 --button:#4e5058;--link:#4cb8ff;background:var(--back);color:var(--text)}
.discord.light{--text:#313338;--muted:#5c5e66;--back:#fff;--chip:#e0e2e6;--card:#f2f3f5;--line:#d9dbdf;
 --field:#fff;--button:#6d6f78;--link:#0059c4}
.discord .frame{max-width:520px;background:var(--card);border:1px solid var(--line);
 border-left:4px solid var(--accent);border-radius:8px;padding:12px 14px;display:flex;
 flex-direction:column;gap:8px;overflow-wrap:anywhere}
.discord h3{font-size:20px;line-height:1.25;margin:0 0 4px}
.discord small{color:var(--muted);font-size:13px}
.discord pre{background:var(--field);border:1px solid var(--line);border-radius:4px;
 font:13px/1.3 'DejaVu Sans Mono',monospace;padding:8px;margin:2px 0;white-space:pre-wrap}
.discord a{color:var(--link);text-decoration:none}
.discord .section{display:flex;justify-content:space-between;gap:12px;align-items:center}
.discord .row{display:flex;gap:8px;flex-wrap:wrap}
.discord button{font:500 14px 'Noto Sans',sans-serif;border:0;border-radius:8px;color:#fff;
 background:var(--button);padding:8px 14px;min-height:32px;flex:none;white-space:nowrap}
.discord hr{border:0;border-top:1px solid var(--line);margin:2px 0;width:100%}
.discord button.s1{background:#4f5bd5}.discord button.s4{background:#c7323a}
.discord .select{flex:1;background:var(--field);border:1px solid var(--line);border-radius:8px;
 padding:8px 12px;display:flex;justify-content:space-between;color:var(--muted)}
.discord img{max-width:100%;border-radius:8px;display:block}
.discord .file{border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.discord .time{background:var(--chip);border-radius:3px;padding:0 2px}
.discord .who{font-weight:600;margin-bottom:4px}
.discord.dialog .frame{border-left-width:1px}
.discord label{font-weight:600;font-size:14px}
"""


def page(message: Mapping[str, Any], files: Mapping[str, bytes], theme: str) -> str:
    inner = "".join(_component(one, files) for one in message["components"])
    return f'<div class="discord {theme}"><div class="who">ebbwatch</div>{inner}</div>'


def dialog(form: Mapping[str, Any], theme: str) -> str:
    """A form as it stands in front of a person."""
    fields = "".join(_component(one, {}) for one in form["components"])
    title = html.escape(form["title"])
    buttons = '<div class="row"><button class="s1">Submit</button></div>'
    return (
        f'<div class="discord dialog {theme}"><div class="frame" style="--accent:var(--line)">'
        f"<h3>{title}</h3>{fields}{buttons}</div></div>"
    )


def _component(one: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    inner = "".join(_component(each, files) for each in one.get("components", ()))
    match one["type"]:
        case 17:
            colour = f"#{one.get('accent_color') or 0:06x}"
            return f'<div class="frame" style="--accent:{colour}">{inner}</div>'
        case 9:
            beside = _component(one["accessory"], files)
            return f'<div class="section"><div>{inner}</div>{beside}</div>'
        case 10:
            return f"<div>{markdown(one['content'])}</div>"
        case 12:
            return "".join(_picture(item["media"]["url"], files) for item in one["items"])
        case 13:
            name = one["file"]["url"].removeprefix("attachment://")
            return f'<div class="file">📄 {html.escape(name)}</div>'
        case 1:
            return f'<div class="row">{inner}</div>'
        case 2:
            return f'<button class="s{one["style"]}">{html.escape(one["label"])}</button>'
        case 3:
            told = html.escape(one.get("placeholder", ""))
            return f'<div class="select"><span>{told}</span><span>⌄</span></div>'
        case 4:
            told = html.escape(one.get("value") or one.get("placeholder") or "")
            return f'<div class="select"><span>{told}&nbsp;</span></div>'
        case 18:
            below = _component(one["component"], files)
            hint = f"<br><small>{html.escape(one['description'])}</small>"
            hint = hint if one.get("description") else ""
            return f"<div><label>{html.escape(one['label'])}</label>{hint}{below}</div>"
        case 14:
            return "<hr>"
    raise ValueError(one["type"])


def _picture(url: str, files: Mapping[str, bytes]) -> str:
    content = base64.b64encode(files[url.removeprefix("attachment://")]).decode()
    return f'<img src="data:image/png;base64,{content}">'


def markdown(text: str) -> str:
    """The little that messages use of it; an escaped sign is the sign."""
    parts = re.split(r"```\n(.*?)\n```", text, flags=re.DOTALL)
    shown = [
        f"<pre>{html.escape(part)}</pre>" if number % 2 else _prose(part)
        for number, part in enumerate(parts)
    ]
    return "".join(shown)


def _prose(text: str) -> str:
    kept: list[str] = []

    def keep(found: re.Match[str]) -> str:
        kept.append(found[1])
        return f"\x00{len(kept) - 1}\x00"

    text = html.escape(re.sub(r"\\(.)", keep, text), quote=False)
    text = re.sub(r"\[([^\]]*)\]\((https?://[^)]*)\)", r'<a href="\2">\1</a>', text)
    text = re.sub(r"&lt;@&amp;\d+&gt;", '<span class="time">@leads</span>', text)
    text = re.sub(r"&lt;t:(\d+):(\w)&gt;", lambda found: _moment(int(found[1]), found[2]), text)
    text = re.sub(r"\*\*(.+?)\*\*", r"<b>\1</b>", text)
    text = re.sub(r"^### (.*)$", r"<h3>\1</h3>", text, flags=re.MULTILINE)
    text = re.sub(r"^-# (.*)$", r"<small>\1</small>", text, flags=re.MULTILINE)
    text = text.replace("</h3>\n", "</h3>").replace("\n", "<br>")
    return re.sub("\x00(\\d+)\x00", lambda found: html.escape(kept[int(found[1])]), text)


def _moment(at: int, style: str) -> str:
    """As a reader of the samples' own day sees it."""
    told = datetime.fromtimestamp(at, UTC).strftime("%-d %B %Y %H:%M")
    if style == "R":
        told = format_timedelta(at - SEEN, add_direction=True, locale="en")
    return f'<span class="time">{told}</span>'
