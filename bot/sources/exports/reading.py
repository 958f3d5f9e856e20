"""From a path to a batch: every file is shown to the formats, what nobody knows is a table."""

from __future__ import annotations

import codecs
import contextlib
import io
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING
from zoneinfo import ZoneInfo

from bot.errors import SourceChanged, SourceError
from bot.model.source import Batch
from bot.sources.exports.archive import Member, Tree, open_tree
from bot.sources.exports.formats import FORMATS
from bot.sources.exports.parsed import ExportContext, ParsedFile, failed
from bot.sources.exports.sniffer import MAX_TABLE, Rows, SniffedFile, decode
from bot.sources.tables.sections import sections

if TYPE_CHECKING:
    import polars as pl

    from bot.sources.tables.options import TableOptions

# where no export keeps its lists; opening thousands of pictures and chats would take long
_PASSED = re.compile(
    r"\.(jpe?g|png|gif|webp|heic|svg|ico|mp4|mov|webm|m4a|mp3|aac|wav|ogg|srt|vtt|pdf|woff2?|"
    r"css|map|exe|dll)$|(^|/)(messages|inbox|media|archived_threads|stories|posts)/",
    re.IGNORECASE,
)
_TABLES = re.compile(
    r"\.(csv|tsv|tab|jsonl|ndjson|parquet|xlsx|xls|ods|sqlite3?|db)(\.gz)?$", re.IGNORECASE
)
_TEXTS = re.compile(r"\.(csv|tsv|tab|txt)$|^[^.]+$", re.IGNORECASE)
# what stands in lists of people alone: never a table, whose errors may quote its cells
LIST_MARKS = re.compile(
    rb"string_list_data|relationships_|label_values|FansList|window\.YTD\.follow|accountId|uiBoxWhite|"
    rb"Account address|User ?name: |(?:Added|Removed) Follow|text_post_app",
    re.IGNORECASE,
)


@dataclass
class Shown:
    """Files by the number of the format that claims them; `rest` nobody claims.

    `books` holds the cells of the workbooks among the rest, which take long to parse.
    """

    claimed: dict[int, list[SniffedFile]] = field(default_factory=dict)
    rest: list[Member] = field(default_factory=list)
    books: dict[str, dict[str, Rows]] = field(default_factory=dict)
    failed: list[ParsedFile] = field(default_factory=list)
    passed: int = 0
    stacked: bool = False


def read_path(
    path: Path, label: str, context: ExportContext, options: TableOptions, *, deep: bool = True
) -> Batch:
    """Reads a file, folder or zip; zips in a folder are each an export of their own.

    Raises SourceChanged where the path cannot be opened or nothing in it is known.
    """
    with open_tree(path, label, context.zone) as tree:
        shown = _show(tree, context)
        parts = [_batch(parsed) for parsed in (*_claimed(shown, context), *shown.failed)]
        folders = {_top(o.member) for group in shown.claimed.values() for o in group} - {""}
        unread = shown.passed + tree.skipped
        for member in shown.rest:
            if deep and member.path and member.base.lower().endswith(".zip"):
                parts.append(_inner(member, context, options))
            elif (len(tree.members) == 1 and not path.is_dir()) or (
                _TABLES.search(member.base)
                and (member.path is not None or not shown.claimed)
                and _top(member) not in folders
            ):
                parts.append(_table(member, shown.books.get(member.name), options, context.now))
            else:
                unread += 1
        if not parts:
            raise SourceChanged(
                f"{label} holds no known export: import the zip as it was downloaded, "
                "or a table with account, date and followers.",
                where=label,
            )
        if shown.stacked:
            _refuse_mixed(parts, label)
        notes = (f"{unread:,} other files were left unread.",) if unread else ()
        return combined(parts, notes)


def _stacked(member: Member) -> list[Member]:
    """The tables of one text, each as a file; the file itself where it holds one."""
    if member.size > MAX_TABLE or not _TEXTS.search(member.base):
        return [member]
    try:
        parts = sections(decode(SniffedFile.of(member).whole()))
    except (SourceChanged, ValueError):
        return [member]
    if len(parts) == 1:
        return [member]
    return [
        replace(
            member,
            label=f"{member.label} (line {part.before + 1})",
            open=partial(io.BytesIO, part.text.encode("utf-8", "surrogatepass")),
            path=None,
        )
        for part in parts
    ]


def _show(tree: Tree, context: ExportContext) -> Shown:
    shown = Shown()
    platform = context.platform or (context.account.platform if context.account else None)
    members = [part for whole in tree.members for part in _stacked(whole)]
    shown.stacked = len(members) > len(tree.members)
    for member in members:
        if len(tree.members) > 1 and _PASSED.search(member.name):
            shown.passed += 1
            continue
        try:
            file = SniffedFile.of(
                member, lone=len(tree.members) == 1, platform=platform or None
            )
            if file.is_workbook:
                _ = file.sheets  # a damaged one must not reach the reader of tables
        except SourceChanged as error:
            shown.failed.append(failed(member.label, error))
            continue
        index = next((n for n, form in enumerate(FORMATS) if form.claims(file)), None)
        if index is None and LIST_MARKS.search(file.head):
            if file.lone:
                shown.failed.append(failed(member.label, _no_list(member.label, file.head)))
            else:
                shown.passed += 1  # an export has many lists of people
        elif index is None:
            shown.rest.append(member)
            if file.is_workbook:
                shown.books[member.name] = file.sheets
        else:
            shown.claimed.setdefault(index, []).append(file)
    return shown


def _refuse_mixed(parts: Sequence[Batch], label: str) -> None:
    """Tables of one file that give an account the same times differently are of several."""
    import polars as pl

    frames = [part.readings for part in parts if part.readings is not None]
    if len(frames) < 2:
        return
    every = pl.concat(frames, how="diagonal")
    metrics = [name for name in every.columns if name not in ("account", "at")]
    differing = pl.any_horizontal(pl.col(name).drop_nulls().n_unique() > 1 for name in metrics)
    mixed = every.group_by("account", "at").agg(differing.alias("mixed"))["mixed"].sum()
    if mixed > 1:
        raise SourceChanged(
            f"{label} holds several tables below each other that differ in {mixed:,} times of "
            "one account: put a line with the account (@name) above each of them, or split "
            "the file.",
            where=label,
        )


def is_plain_table(path: Path, opened: Callable[[], IO[bytes]] | None = None) -> bool:
    """True of delimited UTF-8 text and of JSON lines that no export claims; `opened` opens what
    is packed in the file."""
    with open_tree(path, str(path), ZoneInfo("UTC")) as tree:
        if len(tree.members) != 1:
            return False
        (member,) = tree.members
        if opened is not None:
            member = replace(member, open=opened, path=None)
        file = SniffedFile.of(member, lone=True)
        head = file.head
        if b"\0" in head or file.text[:1] in {"", "[", "<"}:
            return False
        if file.text[:1] == "{" and not _is_object(file.text.partition("\n")[0]):
            return False
        with contextlib.suppress(UnicodeDecodeError):
            codecs.getincrementaldecoder("utf-8")().decode(head)
            binary = head.startswith(
                (b"PK\x03\x04", b"PAR1", b"\x1f\x8b", b"SQLite", b"\xd0\xcf")
            )
            return not binary and not _is_claimed(file)
    return False


def is_claimed(path: Path) -> bool:
    """True of what an export is known to hold, and of lists of people."""
    with open_tree(path, str(path), ZoneInfo("UTC")) as tree:
        return any(_is_claimed(SniffedFile.of(one, lone=True)) for one in tree.members)


def _is_claimed(file: SniffedFile) -> bool:
    return bool(LIST_MARKS.search(file.head)) or any(form.claims(file) for form in FORMATS)


def _is_object(line: str) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _no_list(label: str, head: bytes) -> SourceChanged:
    mark = LIST_MARKS.search(head)
    seen = mark[0].decode("ascii", "replace").strip(": ") if mark else ""
    return SourceChanged(
        f"{label} looks like a list of something else than followers, or like the log of "
        f'another tool (it has "{seen}"): import the whole export as it was downloaded; from '
        "a log, export the counts alone as a table with date, account and followers.",
        where=label,
    )


def _claimed(shown: Shown, context: ExportContext) -> Iterator[ParsedFile]:
    for index, files in sorted(shown.claimed.items()):
        yield from FORMATS[index].read(files, context)


def _top(member: Member) -> str:
    parts = PurePosixPath(member.name).parts
    return parts[0] if len(parts) > 1 else ""


def _inner(member: Member, context: ExportContext, options: TableOptions) -> Batch:
    assert member.path is not None
    try:
        return read_path(member.path, member.label, context, options, deep=False)
    except SourceChanged as error:
        return _batch(failed(member.label, error))


def _table(
    member: Member, book: dict[str, Rows] | None, options: TableOptions, now: datetime
) -> Batch:
    """A table that is no known export, by the generic reader."""
    from bot.sources.platforms.batches import read_tables
    from bot.sources.tables.read_file import open_tables, stem, tables_from
    from bot.sources.tables.workbook import tables_in

    own = stem(Path(member.base))
    named = options.account is None and options.naming
    if options.account == "*" or named:
        options = replace(options, account=own)
    try:
        if book is not None:
            tables = tables_in(book, member.base, options.columns)
        elif member.path is not None:
            tables = open_tables(member.path, options.columns, torn=options.torn)
        else:
            tables = tables_from(SniffedFile.of(member).whole(), member.base, options.columns)
        return read_tables(tables, options, member.label, now=now, named=named)
    except SourceError as error:
        where = error.where if isinstance(error, SourceChanged) else member.label
        return _batch(failed(member.label, SourceChanged(str(error), where=where)))


def _batch(parsed: ParsedFile) -> Batch:
    return Batch(
        readings=parsed.readings,
        lists=parsed.lists,
        faults=parsed.faults,
        found=(parsed.found,),
    )


def combined(parts: Sequence[Batch], notes: Sequence[str] = ()) -> Batch:
    """One batch; files that speak of the same account and time fill one row together."""
    import polars as pl

    frames = [part.readings for part in parts if part.readings is not None]
    readings = frames[0] if len(frames) == 1 else None  # of one file: sorted, no time twice
    if len(frames) > 1:
        readings = _merged(pl.concat(frames, how="diagonal"))
    return Batch(
        readings=readings,
        lists=tuple(one for part in parts for one in part.lists),
        names={account: name for part in parts for account, name in part.names.items()},
        faults=tuple(fault for part in parts for fault in part.faults),
        notes=(*(note for part in parts for note in part.notes), *notes),
        found=tuple(found for part in parts for found in part.found),
    )


def _merged(frame: pl.DataFrame) -> pl.DataFrame:
    import polars as pl

    if frame.select(pl.struct("account", "at").is_duplicated().any()).item():
        newest = pl.all().exclude("account", "at").drop_nulls().last()
        frame = frame.group_by("account", "at").agg(newest)
    return frame.sort("account", "at")
