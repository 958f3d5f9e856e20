"""Follower names as keyed 64-bit hashes: lists can be compared, names are never stored."""

from __future__ import annotations

import contextlib
import hashlib
import os
import stat
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from bot.errors import StorageError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

KEY_FILE = "names.key"
_KEY_BYTES = 32


def hash_names(
    names: Iterable[str | bytes], *, key: bytes, platform: str
) -> NDArray[np.uint64]:
    """One hash per name, in the order given; `@Lena` and `lena` are the same name.

    The platform is part of the key, so that equal names on two platforms do not meet.
    """
    import numpy as np

    keyed = hashlib.blake2b(digest_size=8, key=key, person=platform.encode()[:16])
    copy = keyed.copy
    digests = []
    for name in names:
        one = copy()
        one.update(_tidy(name) if isinstance(name, str) else name)
        digests.append(one.digest())
    return np.frombuffer(b"".join(digests), dtype="<u8").astype(np.uint64, copy=False)


def _tidy(name: str) -> bytes:
    return name.strip().removeprefix("@").lower().encode("utf-8", "surrogatepass")


def unique_names(
    ids: NDArray[np.uint64],
    since: NDArray[np.int64] | None = None,
    created: NDArray[np.int64] | None = None,
) -> tuple[NDArray[np.uint64], NDArray[np.int64] | None, NDArray[np.int64] | None]:
    """Sorted hashes without repeats, with what is known beside them; of repeated names the
    earliest known time stays."""
    import numpy as np

    if since is None and created is None:
        return np.unique(ids), None, None
    known = since if since is not None else np.zeros(len(ids), np.int64)
    unknown = np.where(known > 0, known, np.iinfo(np.int64).max)
    order = np.lexsort((unknown, ids))
    ids = ids[order]
    first = np.ones(len(ids), dtype=bool)
    first[1:] = ids[1:] != ids[:-1]
    order = order[first]
    return (
        ids[first],
        None if since is None else since[order],
        None if created is None else created[order],
    )


def read_key(path: Path) -> bytes | None:
    """The installation's key; None where the file does not exist.

    Raises StorageError where it cannot be read or is no key.
    """
    try:
        key = bytes.fromhex(path.read_text(encoding="ascii").strip())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise StorageError(
            f"The key of the follower lists, {path}, cannot be read ({error.strerror}): "
            "give this user the right to read it."
        ) from None
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise StorageError(
            f"{path} is no key of {_KEY_BYTES} bytes: restore it from a backup, or remove it "
            "and accept that follower lists read so far cannot be compared with new ones."
        )
    return key


def ensure_key(path: Path, draw: Callable[[int], bytes]) -> bytes:
    """The installation's key; where there is none, a new one that only its owner can read.

    Two processes that start together end with the same key.
    """
    if key := read_key(path):
        return key
    key = draw(_KEY_BYTES)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle, draft = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 600
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.write(key.hex() + "\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            with contextlib.suppress(FileExistsError):
                os.link(draft, path)
        finally:
            os.unlink(draft)
    except OSError as error:
        raise StorageError(
            f"The key of the follower lists cannot be written to {path} ({error.strerror}): "
            "make its folder writable."
        ) from None
    return read_key(path) or key


def key_problem(path: Path) -> str | None:
    """What `doctor` says about the key file; None where all is well."""
    try:
        if read_key(path) is None:
            return (
                f"{path} is missing: follower lists stored so far cannot be compared with new "
                "ones. Restore it from where you keep it; a new key is drawn at the next list."
            )
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            return f"{path} can be read by other users: run chmod 600 {path}."
    except (StorageError, OSError) as error:
        return str(error)
    return None
