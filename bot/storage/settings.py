"""Single values that outlive a restart."""

import json
from typing import Annotated, Any, TypeVar

from pydantic import Field, TypeAdapter, ValidationError
from sqlite_utils import Database

T = TypeVar("T")

_Whole = Annotated[int, Field(ge=0, lt=1 << 40)]  # what the calendar can hold
ANYTHING: TypeAdapter[Any] = TypeAdapter(Any)
TEXT = TypeAdapter(str)
TEXTS = TypeAdapter(dict[str, str])
WHOLE: TypeAdapter[int] = TypeAdapter(_Whole)
TWO_WHOLE: TypeAdapter[tuple[int, int]] = TypeAdapter(tuple[_Whole, _Whole])


def setting(db: Database, key: str, kind: TypeAdapter[T]) -> T | None:
    """None where it was never set, or holds what is none of its kind: each can be made anew."""
    row = db.conn.execute("SELECT value FROM settings WHERE key = ?", (key,)).fetchone()
    try:
        return None if row is None else kind.validate_json(str(row[0]), strict=True)
    except ValidationError:
        return None


def set_setting(db: Database, key: str, value: Any) -> None:
    db.conn.execute(
        "INSERT OR REPLACE INTO settings (key, value) VALUES (?, ?)", (key, json.dumps(value))
    )
