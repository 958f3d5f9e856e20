"""The files of a lake: a folder, one file or a glob, on a disk or in an object store."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, NamedTuple

from bot.errors import ConfigError, SourceUnavailable

if TYPE_CHECKING:
    import pyarrow.fs as pafs

_SUFFIXES = (".parquet", ".parq", ".pq")
_WILD = re.compile(r"[*?\[]")


class LakeFile(NamedTuple):
    """`uri` is what `opened` takes; `mark` changes whenever the file does."""

    uri: str
    path: str
    mark: tuple[int, int]


def needs_cluster(what: str) -> ConfigError:
    return ConfigError(
        [f'{what} needs more than the plain install: pip install "ebbwatch[cluster]"']
    )


def files_at(path: str, root: str) -> list[LakeFile]:
    """All Parquet files there, in the order of their paths, whatever folders they lie in.

    What begins with "." or "_" is a writer's own, in any folder. Raises SourceUnavailable
    where nothing is.
    """
    uri = path if "://" in path else str(Path(root, path).expanduser().absolute())
    system, place = opened(uri)
    fixed, pattern = _split(place)
    found = _listed(system, fixed)
    scheme = uri.partition("://")[0] + "://" if "://" in uri else ""
    files = [
        LakeFile(scheme + one.path, one.path, (one.size or 0, one.mtime_ns or 0))
        for one in found
        if _belongs(one.path, fixed, pattern)
    ]
    if not files:
        raise SourceUnavailable(
            f'no Parquet file at "{path}": correct path, or give this user the right to list it'
        )
    return sorted(files, key=lambda each: each.path)


def opened(uri: str) -> tuple[pafs.FileSystem, str]:
    """The file system of an address and the path within it.

    An object store's credentials and address come from the variables that its own tools read
    (AWS_ACCESS_KEY_ID, AWS_ENDPOINT_URL, GOOGLE_APPLICATION_CREDENTIALS ...), so that they
    are those of the machine that reads.
    """
    scheme, mark, rest = uri.partition("://")
    if not mark:
        return _system("file", ""), uri
    return _system(scheme, rest.partition("/")[0]), rest


@lru_cache(maxsize=16)
def _system(scheme: str, bucket: str) -> pafs.FileSystem:
    try:
        import pyarrow as pa
        import pyarrow.fs as pafs
    except ImportError:
        raise needs_cluster('kind = "lake"') from None
    if scheme == "file":
        return pafs.LocalFileSystem()
    if scheme == "s3":
        return _s3(bucket, os.environ)
    try:
        return pafs.FileSystem.from_uri(f"{scheme}://{bucket}/")[0]
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError):
        import fsspec

        try:
            return pafs.PyFileSystem(pafs.FSSpecHandler(fsspec.filesystem(scheme)))
        except (ValueError, ImportError) as error:
            raise ConfigError([f'"{scheme}://" cannot be read: {error}']) from None


def _s3(bucket: str, environ: Mapping[str, str]) -> pafs.FileSystem:
    import pyarrow.fs as pafs

    endpoint = environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL")
    region = environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION")
    if region is None and endpoint is None:
        region = pafs.resolve_s3_region(bucket)
    return pafs.S3FileSystem(endpoint_override=endpoint, region=region)


def _split(place: str) -> tuple[str, re.Pattern[str] | None]:
    """The part before the first wild card, and what the whole must match."""
    if not _WILD.search(place):
        return place.rstrip("/") or "/", None
    parts = PurePosixPath(place).parts
    wild = next(n for n, part in enumerate(parts) if _WILD.search(part))
    pattern = re.escape(place).replace(r"\*\*/", "(?:.*/)?").replace(r"\*\*", ".*")
    pattern = pattern.replace(r"\*", "[^/]*").replace(r"\?", "[^/]")
    pattern = pattern.replace(r"\[", "[").replace(r"\]", "]")
    return str(PurePosixPath(*parts[:wild])), re.compile(pattern)


def _listed(system: pafs.FileSystem, fixed: str) -> list[pafs.FileInfo]:
    import pyarrow.fs as pafs

    try:
        there = system.get_file_info(fixed)
        if there.type == pafs.FileType.File:
            return [there]
        within = pafs.FileSelector(fixed, recursive=True, allow_not_found=True)
        return [one for one in system.get_file_info(within) if one.type == pafs.FileType.File]
    except OSError as error:
        reason = str(error).split(". Detail:")[0]
        raise SourceUnavailable(
            f'"{fixed}" cannot be listed ({reason}): check the address, the variables with its '
            "credentials, and that this machine reaches it"
        ) from None


def _belongs(path: str, fixed: str, pattern: re.Pattern[str] | None) -> bool:
    if pattern is not None and not pattern.fullmatch(path):
        return False
    if path == fixed:
        return True
    inside = PurePosixPath(path.removeprefix(fixed).lstrip("/"))
    own = any(part.startswith((".", "_")) for part in inside.parts)
    return not own and (pattern is not None or path.endswith(_SUFFIXES))
