"""Lists of the fediverse: Mastodon's following_accounts.csv and Takahē's followers.csv."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from bot.sources.exports.parsed import (
    BadRows,
    ExportContext,
    Origin,
    ParsedFile,
    follower_list,
    one_by_one,
    refused,
)
from bot.sources.exports.relationships import Names
from bot.sources.exports.sniffer import SniffedFile

_ADDRESS = "account address"


def claims(file: SniffedFile) -> bool:
    return bool(file.top) and file.top[0][0].casefold() == _ADDRESS


def read(files: Sequence[SniffedFile], context: ExportContext) -> Iterator[ParsedFile]:
    yield from one_by_one(files, context, _list)


def _list(file: SniffedFile, context: ExportContext) -> ParsedFile:
    member = file.member
    header = [cell.casefold() for cell in file.top[0]]
    name = member.base.casefold()
    if "hide notifications" in header or name.startswith(("muted", "blocked", "block", "mute")):
        return refused(
            member,
            "This lists accounts that the owner muted or blocked, not followers. Mastodon has "
            "no export of followers: watch the account with a source of kind mastodon.",
            platform="mastodon",
        )
    following = "show boosts" in header or "following" in name
    names = Names(context.key(), "mastodon")
    bad = BadRows(member.label)
    names.add((address, 0) for address in _addresses(file, bad))
    ids, _ = names.arrays()
    return follower_list(
        Origin(
            member=member,
            context=context,
            format=f"{'mastodon' if len(header) > 1 else 'takahe'}."
            f"{'following' if following else 'follower'}_list",
            platform="mastodon",
            bad=bad,
            notes=names.notes(),
        ),
        side="following" if following else "followers",
        names=(ids, None),
        at=None,
        complete=None,
    )


def _addresses(file: SniffedFile, bad: BadRows) -> Iterator[str]:
    seen_header = False
    for number, row in enumerate(file.rows, 1):
        address = row[0].strip() if row else ""
        if not seen_header:
            seen_header = bool(address)
        elif "@" in address.removeprefix("@"):
            yield address
        elif address:
            bad.add(number, "this is no address such as name@server", "Account address")
