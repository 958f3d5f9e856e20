"""The limits that Slack publishes (and two that it does not), as one check of a message."""

from __future__ import annotations

import json
import re
from typing import Any

TOTAL = 13_200  # over all blocks; undocumented, slackapi/bolt-js#2509
_PING = re.compile(r"<[!@#][^>]*>|<(?:https?|mailto|tel):[^>]*>")


class ApiError(Exception):
    """What Slack answers as `{"ok": false, "error": ...}`."""

    def __init__(self, error: str, *details: str, **more: Any) -> None:
        self.body = {"ok": False, "error": error, **more}
        if details:
            self.body["errors"] = list(details)
            self.body["response_metadata"] = {"messages": [f"[ERROR] {d}" for d in details]}
        super().__init__(f"{error} {details}")


def check_message(
    message: dict[str, Any], files: dict[str, Any], *, update: bool = False
) -> None:
    """Raises ApiError as Slack would for this chat.postMessage (or chat.update) body."""
    text, blocks = message.get("text") or "", message.get("blocks")
    if not text and not blocks:
        raise ApiError("no_text")
    if update and _size(text) > 4000:
        raise ApiError("msg_too_long")
    if _size(text) > 40_000:
        raise ApiError("msg_too_long")  # Slack cuts it instead: nobody wants that
    if blocks is not None:
        check_blocks(blocks, files, 50)
        if _size(json.dumps(blocks, ensure_ascii=False)) > TOTAL:
            raise ApiError("msg_blocks_too_long")
    metadata = message.get("metadata")
    if metadata is not None:
        if set(metadata) != {"event_type", "event_payload"} or not isinstance(
            metadata["event_payload"], dict
        ):
            raise ApiError("invalid_metadata_format")
        if len(json.dumps(metadata)) > 8000:
            raise ApiError("metadata_too_large")


def check_blocks(blocks: Any, files: dict[str, Any], most: int) -> None:
    if not isinstance(blocks, list):
        raise ApiError("invalid_blocks_format")
    if not 0 < len(blocks) <= most:
        raise ApiError(
            "invalid_blocks", f"no more than {most} items allowed [json-pointer:/blocks]"
        )
    seen: set[str] = set()
    for number, block in enumerate(blocks):
        _Check(f"/blocks/{number}", files, seen).block(block)


def pings(message: dict[str, Any]) -> list[str]:
    """Mentions and links that Slack would make of this message."""
    found = list(_PING.findall(message.get("text") or ""))
    for kind, text in texts(message.get("blocks") or []):
        if kind == "mrkdwn":
            found += _PING.findall(text)
    return found


def texts(blocks: Any) -> list[tuple[str, str]]:
    """Every text object, with its type; of a date what stands there where it is not drawn."""
    if isinstance(blocks, list):
        return [pair for part in blocks for pair in texts(part)]
    if isinstance(blocks, dict):
        words = blocks.get("fallback", blocks.get("text"))
        own = [(blocks["type"], words)] if isinstance(words, str) else []
        return own + [pair for part in blocks.values() for pair in texts(part)]
    return []


def _size(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


_INPUTS = ("file_input", "plain_text_input", "static_select", "datepicker")
_PLAIN = ("plain_text",)


class _Check:
    def __init__(self, path: str, files: dict[str, Any], seen: set[str]) -> None:
        self.path, self.files, self.seen = path, files, seen

    def fail(self, what: str, where: str = "") -> None:
        raise ApiError("invalid_blocks", f"{what} [json-pointer:{self.path}{where}]")

    def text(self, value: Any, most: int, where: str, kinds: tuple[str, ...]) -> None:
        if not isinstance(value, dict) or value.get("type") not in kinds:
            self.fail("must be a text object of the right type", where)
        if not isinstance(value.get("text"), str):
            self.fail("missing required field: text", where)
        if not value["text"].strip():
            self.fail("must be more than 0 characters", f"{where}/text")
        if _size(value["text"]) > most:
            self.fail(f"must be less than {most + 1} characters", f"{where}/text")
        extra = set(value) - {
            "type",
            "text",
            "emoji" if value["type"] == "plain_text" else "verbatim",
        }
        if extra:
            self.fail(f"unexpected keys {extra}", where)

    def items(self, value: Any, most: int, where: str) -> list[Any]:
        if not isinstance(value, list) or not value:
            self.fail("must provide at least one item", where)
        if len(value) > most:
            self.fail(f"no more than {most} items allowed", where)
        return list(value)

    def once(self, name: str, where: str) -> None:
        if not 0 < len(name) <= 255:
            self.fail("must be 1 to 255 characters", where)
        if name in self.seen:
            self.fail("must be unique", where)
        self.seen.add(name)

    def block(self, block: Any) -> None:
        kind = block.get("type") if isinstance(block, dict) else None
        check = getattr(self, f"_{kind}", None)
        if check is None:
            self.fail(f"unsupported type: {kind}", "/type")
        if "block_id" in block:
            self.once("block " + block["block_id"], "/block_id")
        check(block)

    def _section(self, block: dict[str, Any]) -> None:
        if "text" not in block and "fields" not in block:
            self.fail("missing required field: text or fields")
        if "text" in block:
            self.text(block["text"], 3000, "/text", ("plain_text", "mrkdwn"))
        if "fields" in block:
            for number, field in enumerate(self.items(block["fields"], 10, "/fields")):
                self.text(field, 2000, f"/fields/{number}", ("plain_text", "mrkdwn"))

    def _header(self, block: dict[str, Any]) -> None:
        self.text(block.get("text"), 150, "/text", ("plain_text",))

    def _context(self, block: dict[str, Any]) -> None:
        for number, element in enumerate(self.items(block.get("elements"), 10, "/elements")):
            self.text(element, 3000, f"/elements/{number}", ("plain_text", "mrkdwn"))

    def _divider(self, block: dict[str, Any]) -> None:
        return None

    def _image(self, block: dict[str, Any]) -> None:
        alt = block.get("alt_text")
        if not isinstance(alt, str) or not 0 < _size(alt) <= 2000:
            self.fail("must be 1 to 2000 characters", "/alt_text")
        file = block.get("slack_file", {}).get("id", "")
        if not re.fullmatch(r"F[A-Z0-9]{8,}", file):
            self.fail("input must match regex pattern: ^[F][A-Z0-9]{8,}$", "/slack_file/id")
        if file not in self.files or not self.files[file].ready():
            self.fail("invalid slack file", "/slack_file")

    def _rich_text(self, block: dict[str, Any]) -> None:
        for part in self.items(block.get("elements"), 100, "/elements"):
            kind = part.get("type")
            inner = self.items(part.get("elements"), 1000, "/elements/elements")
            if kind == "rich_text_list":
                for section in inner:
                    self._rich_section(section)
            elif kind in ("rich_text_preformatted", "rich_text_section"):
                self._rich_section(part)
            else:
                self.fail("unsupported element", "/elements")

    def _rich_section(self, part: dict[str, Any]) -> None:
        for element in self.items(part.get("elements"), 1000, "/elements/elements"):
            kind = element.get("type")
            if kind == "date":
                if not isinstance(element.get("timestamp"), int) or not element.get("format"):
                    self.fail("invalid date", "/elements/elements")
            elif kind == "link":
                if not re.fullmatch(r"https?://\S{1,3000}", element.get("url", "")):
                    self.fail("invalid url", "/elements/elements/url")
            elif kind != "text" or not element.get("text"):
                self.fail("unsupported element", "/elements/elements")

    def _table(self, block: dict[str, Any]) -> None:
        if "table" in self.seen:
            raise ApiError("invalid_attachments", "only_one_table_allowed")
        self.seen.add("table")
        rows = self.items(block.get("rows"), 100, "/rows")
        if len({len(row) for row in rows}) > 1:
            self.fail("rows of different length", "/rows")
        for row in rows:
            for cell in self.items(row, 20, "/rows"):
                if cell.get("type") == "rich_text":
                    self._rich_text(cell)
                elif cell.get("type") != "raw_text" or not cell.get("text"):
                    self.fail("unsupported cell", "/rows")
        for column in block.get("column_settings", []):
            if set(column) - {"align", "is_wrapped"}:
                self.fail("unexpected keys", "/column_settings")

    def _actions(self, block: dict[str, Any]) -> None:
        for number, element in enumerate(self.items(block.get("elements"), 25, "/elements")):
            where = f"/elements/{number}"
            self.once(element.get("action_id", ""), f"{where}/action_id")
            if element.get("type") == "static_select":
                self.text(element.get("placeholder"), 150, f"{where}/placeholder", _PLAIN)
                for option in self.items(element.get("options"), 100, f"{where}/options"):
                    self.text(option.get("text"), 75, f"{where}/options", _PLAIN)
                    if not 0 < _size(option.get("value", "")) <= 150:
                        self.fail("must be 1 to 150 characters", f"{where}/options/value")
                continue
            if element.get("type") != "button":
                self.fail("unsupported element", where)
            self.text(element.get("text"), 75, f"{where}/text", _PLAIN)
            if _size(element.get("value", "")) > 2000:
                self.fail("must be less than 2001 characters", f"{where}/value")
            if element.get("style", "primary") not in ("primary", "danger"):
                self.fail("must be primary or danger", f"{where}/style")

    def _input(self, block: dict[str, Any]) -> None:
        self.text(block.get("label"), 2000, "/label", ("plain_text",))
        element = block.get("element", {})
        if element.get("type") not in _INPUTS:
            self.fail("unsupported element", "/element")
        if "hint" in block:
            self.text(block["hint"], 2000, "/hint", ("plain_text",))
        if element["type"] == "static_select":
            for option in self.items(element.get("options"), 100, "/element/options"):
                self.text(option.get("text"), 75, "/element/options", _PLAIN)
        if element["type"] == "file_input" and not 1 <= element.get("max_files", 10) <= 10:
            self.fail("must be 1 to 10", "/element/max_files")
        self.once(element.get("action_id", ""), "/element/action_id")
