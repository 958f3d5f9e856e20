"""What Slack shows of a message's blocks, as HTML."""

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
.slack{font:15px/1.47 Lato,'Noto Sans','DejaVu Sans',sans-serif;padding:16px;--text:#1d1c1d;
 --muted:#616061;--back:#fff;--line:#c9c9ca;--link:#1264a3;background:var(--back);
 color:var(--text);overflow-wrap:anywhere}
.slack.dark{--text:#d1d2d3;--muted:#ababad;--back:#1a1d21;--line:#4b4e53;--link:#4cb8e8}
.slack .who{font-weight:900;margin-bottom:2px}
.slack h1{font-size:18px;line-height:1.3;margin:6px 0}
.slack .block{margin:6px 0}
.slack ul{margin:2px 0;padding-left:22px}
.slack a{color:var(--link);text-decoration:none}
.slack small{color:var(--muted);font-size:13px}
.slack .row{display:flex;gap:8px;flex-wrap:wrap}
.slack .press{border:1px solid var(--line);border-radius:8px;padding:4px 12px;font-weight:700;
 font-size:14px}
.slack .primary{background:#007a5a;color:#fff;border-color:#007a5a}
.slack .danger{background:#c4193f;color:#fff}
.slack img{max-width:min(100%,500px);border-radius:8px;border:1px solid var(--line)}
.slack .scroll{overflow-x:auto}
.slack table{border-collapse:collapse;font-size:14px}
.slack td{border:1px solid var(--line);padding:4px 8px;vertical-align:top;
 white-space:nowrap;overflow-wrap:normal}
.slack td.wraps{white-space:normal;min-width:84px;overflow-wrap:normal}
.slack .chip{background:#1264a322;color:var(--link);border-radius:3px;padding:0 2px}
.slack .hint{color:var(--muted);font-size:13px}
.slack .form{border:1px solid var(--line);border-radius:8px;padding:12px 16px}
.slack .more{color:var(--muted)}
.slack .input{border:1px solid var(--line);border-radius:6px;padding:6px 10px;margin-top:2px}
"""


def page(message: Mapping[str, Any], files: Mapping[str, bytes], theme: str) -> str:
    inner = "".join(_block(one, files) for one in message["blocks"])
    return f'<div class="slack {theme}"><div class="who">ebbwatch</div>{inner}</div>'


def dialog(view: Mapping[str, Any], theme: str) -> str:
    """A form as it stands in front of a person."""
    inner = "".join(_block(one, {}) for one in view["blocks"])
    buttons = (
        f'<div class="block row"><span class="press">{_text(view["close"])}</span>'
        f'<span class="press primary">{_text(view["submit"])}</span></div>'
    )
    return (
        f'<div class="slack {theme}"><div class="form"><h1>{_text(view["title"])}</h1>'
        f"{inner}{buttons}</div></div>"
    )


def _block(one: Mapping[str, Any], files: Mapping[str, bytes]) -> str:
    match one["type"]:
        case "header":
            return f"<h1>{_text(one['text'])}</h1>"
        case "section":
            told = _text(one["text"]) if "text" in one else ""
            return f'<div class="block">{told}</div>'
        case "context":
            told = " ".join(_text(each) for each in one["elements"])
            return f'<div class="block"><small>{told}</small></div>'
        case "rich_text":
            return f'<div class="block">{"".join(map(_rich, one["elements"]))}</div>'
        case "table":
            return _table(one)
        case "image":
            content = base64.b64encode(files[one["slack_file"]["id"]]).decode()
            return f'<div class="block"><img src="data:image/png;base64,{content}"></div>'
        case "actions":
            told = "".join(map(_element, one["elements"]))
            return f'<div class="block row">{told}</div>'
        case "divider":
            return "<hr>"
        case "input":
            hint = f'<div class="hint">{_text(one["hint"])}</div>' if "hint" in one else ""
            return (
                f'<div class="block"><b>{_text(one["label"])}</b>'
                f'<div class="input">{_shown(one["element"])}&nbsp;</div>{hint}</div>'
            )
    raise ValueError(one["type"])


def _table(one: Mapping[str, Any]) -> str:
    settings = one.get("column_settings", [])

    def cell(place: int, part: Mapping[str, Any]) -> str:
        how = settings[place] if place < len(settings) else {}
        kind = ' class="wraps"' if how.get("is_wrapped") else ""
        told = (
            html.escape(part["text"])
            if part["type"] == "raw_text"
            else "".join(map(_rich, part["elements"]))
        )
        return f'<td{kind} style="text-align:{how.get("align", "left")}">{told}</td>'

    rows = "".join(
        f"<tr>{''.join(cell(place, part) for place, part in enumerate(row))}</tr>"
        for row in one["rows"]
    )
    return f'<div class="block scroll"><table>{rows}</table></div>'


def _rich(one: Mapping[str, Any]) -> str:
    if one["type"] == "rich_text_list":
        return f"<ul>{''.join(f'<li>{_rich(each)}</li>' for each in one['elements'])}</ul>"
    told = "".join(map(_run, one["elements"]))
    return f"<div>{told.removesuffix('<br>')}</div>"


def _run(one: Mapping[str, Any]) -> str:
    if one["type"] == "date":
        at = datetime.fromtimestamp(one["timestamp"], UTC)
        if "ago" in one["format"]:
            return format_timedelta(one["timestamp"] - SEEN, add_direction=True, locale="en")
        told = at.strftime(
            "%b %-d, %Y at %-I:%M %p" if "time" in one["format"] else "%b %-d, %Y"
        )
    else:
        told = html.escape(one["text"]).replace("\n", "<br>")
    if one["type"] == "link":
        told = f'<a href="{html.escape(one["url"])}">{told}</a>'
    return f"<b>{told}</b>" if one.get("style", {}).get("bold") else told


def _element(one: Mapping[str, Any]) -> str:
    if one["type"] == "static_select":
        return f'<span class="press">{_text(one["placeholder"])} <span>⌄</span></span>'
    return f'<span class="press {one.get("style", "")}">{_text(one["text"])}</span>'


def _shown(element: Mapping[str, Any]) -> str:
    chosen = element.get("initial_option") or element.get("placeholder")
    if isinstance(chosen, Mapping):
        return _text(chosen.get("text") if "value" in chosen else chosen)
    empty = {"static_select": "⌄", "datepicker": "📅"}
    return html.escape(element.get("initial_value") or empty.get(element["type"], ""))


def _text(part: Any) -> str:
    told = html.escape(part["text"]).replace("\n", "<br>")
    if part["type"] != "mrkdwn":
        return told
    told = re.sub(r"&lt;!subteam\^\w+&gt;", '<span class="chip">@leads</span>', told)
    told = re.sub(r"&lt;#(\w+)&gt;", '<span class="chip">#launch</span>', told)
    return re.sub(r"\*(.+?)\*", r"<b>\1</b>", told)
