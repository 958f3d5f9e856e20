"""Trouble of a channel that the operator hears of once, until it is over."""

from sqlite_utils import Database

from bot.storage.settings import ANYTHING, set_setting, setting

REACHED, TAKEN = "told", "told-form"
"""What may be in trouble: reaching the channel, and the layout of its messages."""


def is_first(db: Database, what: str, channel: str, now: float) -> bool:
    """Notes that the operator is told; False where that was done and is not over."""
    key = f"{what}:{channel}"
    known = setting(db, key, ANYTHING) is not None
    set_setting(db, key, int(now))
    return not known


def is_known(db: Database, what: str, channel: str) -> bool:
    return setting(db, f"{what}:{channel}", ANYTHING) is not None


def is_over(db: Database, what: str, channel: str) -> bool:
    """Notes that all is well; True where the operator had been told of trouble."""
    if not is_known(db, what, channel):
        return False
    set_setting(db, f"{what}:{channel}", None)
    return True
