"""A look into one file of an export: its first bytes, its text, its rows."""

from __future__ import annotations

import codecs
import csv
import io
import re
from dataclasses import dataclass
from functools import cached_property

from bot.errors import SourceChanged
from bot.sources.exports.archive import Member
from bot.sources.tables.invisible import visible
from bot.sources.tables.sandbox import sheets_of

HEAD = 64 << 10
HTML_HEAD = 1 << 20  # a real page carries its style sheet before its title
MAX_TABLE = 16 << 20
MAX_CELLS = 2_000_000

Rows = list[list[str]]

_ZIPPED_WORKBOOK = (b"[Content_Types].xml", b"xl/workbook", b"opendocument.spreadsheet")


@dataclass(frozen=True)
class SniffedFile:
    """`head` are the first bytes; text and rows are read when somebody asks.

    `lone` says that there is no export around the file, so that its content alone decides;
    `platform` is the one that was asked for, where one was.
    """

    member: Member
    head: bytes
    lone: bool = False
    platform: str | None = None

    @classmethod
    def of(
        cls, member: Member, *, lone: bool = False, platform: str | None = None
    ) -> SniffedFile:
        with member.open() as stream:
            head = stream.read(HEAD)
            if head.lstrip()[:1] == b"<":
                head += stream.read(HTML_HEAD)
        return cls(member, head, lone, platform)

    @cached_property
    def text(self) -> str:
        """The head as text, without white space before it."""
        return decode(self.head, cut=True).lstrip()

    @cached_property
    def is_workbook(self) -> bool:
        head = self.head
        if head.startswith(b"PK\x03\x04"):  # else it is some other zip
            return any(mark in head for mark in _ZIPPED_WORKBOOK)
        return head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

    @cached_property
    def sheets(self) -> dict[str, Rows]:
        """All rows by sheet; a CSV is one sheet without a name. Raises SourceChanged."""
        data = self.whole()
        if self.is_workbook:
            return sheets_of(data, self.member.label)
        return {"": table(decode(data), self.member.label)}

    @cached_property
    def rows(self) -> Rows:
        """All rows of the first sheet. Raises SourceChanged."""
        return next(iter(self.sheets.values()), [])

    @cached_property
    def top(self) -> Rows:
        """The first dozen rows, stripped and without empty ones; none where it is no table."""
        if self.is_workbook:
            try:
                rows = self.rows[:12]
            except SourceChanged:
                return []
        elif self.text[:1] in {"{", "[", "<", ""} or "\0" in self.text:
            return []
        else:
            lines = self.text[:16_384].splitlines(keepends=True)[:16]
            try:
                rows = table("".join(lines), self.member.label)[:12]
            except SourceChanged:
                return []
        return [
            [visible(cell).strip() for cell in row]
            for row in rows
            if any(c.strip() for c in row)
        ]

    def whole(self) -> bytes:
        """All bytes of a dashboard's file. Raises SourceChanged where it is far too large."""
        if self.member.size <= MAX_TABLE:
            with self.member.open() as stream:
                data = stream.read(MAX_TABLE + 1)
            if len(data) <= MAX_TABLE:
                return data
        raise too_large(self.member.label)


def too_large(label: str) -> SourceChanged:
    return SourceChanged(
        f"{label} is larger than any dashboard export ({MAX_TABLE >> 20} MB, "
        f"{MAX_CELLS:,} cells): check that it is the right file.",
        where=label,
    )


def decode(data: bytes, *, cut: bool = False) -> str:
    """Text by its byte order mark, else UTF-8, else Windows-1252; never fails.

    UTF-16 is looked for first: read as UTF-8 it would give letters with NULs between.
    `cut` says that the data may end inside a letter.
    """
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return data[: len(data) // 2 * 2].decode("utf-16", "replace").lstrip("\ufeff")
    if data[1:200:2].count(0) > 0.4 * len(data[1:200:2]) > 2:
        return data[: len(data) // 2 * 2].decode("utf-16-le", "replace")
    try:
        if cut:
            return codecs.getincrementaldecoder("utf-8-sig")().decode(data)
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


def table(text: str, label: str) -> Rows:
    """Rows of delimited text; a first line `sep=;` is obeyed and left out as an empty row."""
    lead = re.match(r"\s*\"?sep=(.)\"?[^\n]*\n", text, re.IGNORECASE)
    if lead:
        text = "\n" + text[lead.end() :]
    sign = lead[1] if lead and lead[1] in ",;\t|" else _delimiter(text)
    text = text.replace("\0", "").replace("\r\n", "\n").replace("\r", "\n")
    rows: Rows = []
    cells = 0
    try:
        for row in csv.reader(io.StringIO(text), delimiter=sign):
            rows.append(row)
            cells += len(row)
            if cells > MAX_CELLS:
                raise too_large(label)
    except csv.Error as error:
        raise SourceChanged(
            f"{label}, row {len(rows) + 1}: the table is broken ({error}): export it again.",
            where=f"{label}:{len(rows) + 1}",
        ) from None
    return rows


def _delimiter(text: str) -> str:
    lines = [line for line in text[:4096].splitlines()[:6] if line.strip()]
    return max(",;\t", key=lambda sign: sum(sign in line for line in lines))
