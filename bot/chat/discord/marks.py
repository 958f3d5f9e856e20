"""What carries a delivery's id in a message that Discord shows, out of every reader's sight."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b

ID_PREFIX = "ebb"
CUSTOM_ID = 100


def custom_id(delivery_id: str, command: str) -> str:
    """Of a button: its alert and its command line."""
    return f"{ID_PREFIX}:{delivery_id}:{command}"


def menu_id(delivery_id: str, number: int) -> str:
    """Of a menu: its choices carry the command lines."""
    return custom_id(delivery_id, f"?{number}")


def read_custom_id(text: str) -> tuple[str, str] | None:
    """The delivery id and the command line of one of our buttons; "" for a menu's line."""
    prefix, _, rest = text.partition(":")
    delivery_id, colon, command = rest.partition(":")
    if prefix != ID_PREFIX or not colon:
        return None
    return delivery_id, "" if command.startswith("?") else command


def component_ids(delivery_id: str) -> tuple[int, int]:
    """Two numbers of 31 bits that stand for the delivery.

    They are the `id` of a message's frame and of its first text: Discord keeps the numbers
    that a bot gives to components and shows them to nobody, so a message without a button can
    be found again as well.
    """
    digest = blake2b(delivery_id.encode(), digest_size=8).digest()
    first, second = (int.from_bytes(digest[at : at + 4], "big") >> 1 for at in (0, 4))
    return (first or 1, second if second not in (0, first) else first ^ 1)


def carries(delivery_id: str, custom_ids: Iterable[str], ids: Iterable[int | None]) -> bool:
    """Whether the ids of a message's components are those of the delivery."""
    if any((found := read_custom_id(text)) and found[0] == delivery_id for text in custom_ids):
        return True
    return set(component_ids(delivery_id)) <= set(ids)
