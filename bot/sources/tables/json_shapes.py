"""JSON as people write it: lists of objects, keyed by account or by day, columns, pairs.

Every shape becomes a list of flat records. What stands above a record (its account, its day,
the time of the whole answer) is passed down to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from bot.sources.profiles import PLATFORMS, platform_name
from bot.sources.tables.columns import HANDLES, METRICS, role_of, spoken
from bot.sources.tables.dates import is_time
from bot.sources.tables.headers import read_header

Record = dict[str, Any]

_DEEPEST = 8
# keys that hold a list of readings or accounts and are none themselves
_WRAPPERS_WORDS = """
data items item results result records rows values list lists response history series entries
entry payload accounts users user profiles profile channels channel readings reading stats
statistics metrics daily days timeline points datapoints body content output edges nodes node
counts meta info public_metrics insights total totals by_date by_day page pages paging links
pagination status success error errors message platform platforms source sources
"""
_WRAPPERS = frozenset(_WRAPPERS_WORDS.split())
_KEY = "account"


def records_of(value: Any) -> list[Record]:
    """All records of a document, empty where no shape is known.

    What has neither a count nor a time (paging, totals of the answer) is left out beside
    records that have.
    """
    found = list(_records(value, {}, 0))
    spoken = {keys: _says(keys) for keys in {tuple(record) for record in found}}
    if any(spoken.values()):
        return [record for record in found if spoken[tuple(record)]]
    return found


def _records(value: Any, above: Record, depth: int) -> Iterator[Record]:
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        yield from _list(value, above, depth)
    elif isinstance(value, dict) and value:
        yield from _object(value, above, depth)


def _list(items: Sequence[Any], above: Record, depth: int) -> Iterator[Record]:
    if _are_pairs(items):
        for pair in items:
            at, number = pair if is_time(str(pair[0])) else pair[::-1]
            yield {**above, "at": at, "value": number}
        return
    if len(items) > 1 and _is_header(items[0]) and all(isinstance(i, list) for i in items):
        for row in items[1:]:
            yield {**above, **dict(zip(map(str, items[0]), row, strict=False))}
        return
    for item in items:
        if isinstance(item, dict) and _is_flat(
            tuple(item), tuple(map(_is_nested, item.values()))
        ):
            yield _under(above, item)
        elif isinstance(item, dict | list):
            yield from _records(item, above, depth + 1)


def _says(keys: tuple[str, ...]) -> bool:
    roles = {read_header(str(key)).role for key in keys}
    return bool(roles & {"at", "account", *METRICS}) or "value" in keys


@lru_cache(256)
def _is_flat(keys: tuple[str, ...], nested: tuple[bool, ...]) -> bool:
    """A record of scalars, as most lists hold thousands of the same keys."""
    return not any(nested) and not any(is_time(key) for key in keys)


def _are_pairs(items: Sequence[Any]) -> bool:
    """[[time, count], ...] in this order or the other."""
    rows = [item for item in items if isinstance(item, list)]
    if not rows or len(rows) != len(items) or any(len(row) != 2 for row in rows):
        return False
    return all(
        any(is_time(str(cell)) for cell in row) and any(_is_count(cell) for cell in row)
        for row in rows[:50]
    )


def _is_count(value: Any) -> bool:
    if isinstance(value, str):  # as Prometheus writes them
        return value.isascii() and value.isdigit() and not is_time(value)
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))


def _is_header(row: Any) -> bool:
    return (
        isinstance(row, list)
        and all(isinstance(cell, str) for cell in row)
        and any(role_of(cell) == "at" for cell in row)
    )


def _object(value: Mapping[str, Any], above: Record, depth: int) -> Iterator[Record]:
    if columns := _columns(value):
        alone = {k: v for k, v in value.items() if role_of(k) in _PASSED and _is_scalar(v)}
        yield from ({**above, **alone, **row} for row in columns)
        return
    if rows := _by_pandas(value):
        yield from ({**above, **row} for row in rows)
        return
    keys = [str(key) for key in value]
    nested = {k: v for k, v in value.items() if isinstance(v, dict | list)}
    if all(is_time(key) for key in keys):
        for key, inner in value.items():
            yield from _keyed("at", key, inner, above, depth)
        return
    own = {k: v for k, v in value.items() if not isinstance(v, dict | list)}
    if not nested:
        timed = any(role_of(key) == "at" for key in above)
        if timed and all(map(_is_count, own.values())) and not any(map(_wraps, keys)):
            for key, number in own.items():  # a day's accounts, each with its count
                yield {**above, _KEY: key, "value": number}
        else:
            yield _under(above, own)
        return
    if _is_record(value):
        yield _under(above, value)
        return
    passed = {**above, **{k: v for k, v in own.items() if role_of(k) in _PASSED}}
    if {"name", "period", "values"} <= value.keys():  # insights of the Graph API
        passed = {**above, "metric": _INSIGHTS.get(str(value["name"]), value["name"])}
    elif "target" in own and "datapoints" in nested:  # Grafana
        passed = {**above, _KEY: own["target"]}
    elif "values" in nested and isinstance(labels := value.get("metric"), dict):  # Prometheus
        passed = {**above, **{k: v for k, v in labels.items() if role_of(str(k)) in _PASSED}}
        nested.pop("metric")
    named = [key for key in nested if not _wraps(key)]
    platforms = bool(named) and all(platform_name(key) in PLATFORMS for key in named)
    alike = len({isinstance(nested[key], list) for key in named}) == 1
    for key, inner in nested.items():
        if key in named and alike:
            yield from _keyed("platform" if platforms else _KEY, key, inner, passed, depth)
        elif read_header(key).role in METRICS:
            yield from _keyed("metric", key, inner, passed, depth)
        else:
            yield from _records(inner, passed, depth + 1)


_PASSED = {"at", "account", "platform"}
_INSIGHTS = {
    "follower_count": "new followers",  # per day, whatever its name says
    "page_fans": "followers",
    "page_follows": "followers",
    "page_fan_adds": "new followers",
    "page_daily_follows": "new followers",
    "page_fan_removes": "unfollows",
    "page_daily_unfollows": "unfollows",
}
"""What Meta's names of metrics count."""


def _wraps(key: str) -> bool:
    """A field or a wrapper, and so no account."""
    return key.casefold() in _WRAPPERS or read_header(key).role is not None


def _is_record(value: Mapping[str, Any]) -> bool:
    """An object whose own fields or nested ones name a metric: a reading, not a container."""
    roles = {read_header(str(k)).role for k, v in value.items() if _is_scalar(v)}
    for key, inner in value.items():
        if (
            isinstance(inner, dict)
            and _wraps(str(key))
            and not any(map(_is_nested, inner.values()))
        ):
            roles |= {read_header(str(k)).role for k, v in inner.items() if _is_scalar(v)}
    inside = any(
        isinstance(v, list) and any(isinstance(i, dict) for i in v) for v in value.values()
    )
    return bool(roles & set(METRICS)) and not (inside and "at" not in roles)


def _is_scalar(value: Any) -> bool:
    return not isinstance(value, dict | list) and value is not None


def _is_nested(value: Any) -> bool:
    return isinstance(value, dict | list)


def _keyed(role: str, key: str, inner: Any, above: Record, depth: int) -> Iterator[Record]:
    """What stands under a key that is an account or a day."""
    passed = {**above, role: key}
    if _is_count(inner) and inner is not None:
        yield {**passed, "value": inner}
        return
    yield from _records(inner, passed, depth + 1)


def _under(above: Record, own: Mapping[str, Any]) -> Record:
    """A record with what stands above it. The key above one that names its account itself is
    some wrapper ("_source"), where it is no id."""
    key = above.get(_KEY)
    if isinstance(key, str) and not any(map(str.isdigit, key)):
        named = any(spoken(str(k)) in HANDLES and isinstance(v, str) for k, v in own.items())
        above = {k: v for k, v in above.items() if k != _KEY} if named else above
    return {**above, **own}


def _by_pandas(value: Mapping[str, Any]) -> list[Record]:
    """What pandas writes: `{"columns": [...], "data": [[...], ...]}`, and columns by row,
    `{"date": {"0": ...}, "followers": {"0": ...}}`."""
    header: Any = value.get("columns")
    data = value.get("data", value.get("values"))
    if _is_header(header) and isinstance(data, list) and all(isinstance(r, list) for r in data):
        labels = value.get("tags")  # as InfluxDB answers
        labels = labels if isinstance(labels, dict) else {}
        same = {k: v for k, v in labels.items() if role_of(str(k)) in _PASSED}
        return [{**same, **dict(zip(header, row, strict=False))} for row in data]
    first = next(iter(value.values()))
    if not isinstance(first, dict) or not _is_header(list(map(str, value))):
        return []
    if not all(isinstance(v, dict) and v.keys() == first.keys() for v in value.values()):
        return []
    return [{name: cells[row] for name, cells in value.items()} for row in first]


def _columns(value: Mapping[str, Any]) -> list[Record]:
    """Lists of one length, one of them times; others may stand a level down.

    Below a key that is no wrapper they are of the account that the key names, and so are
    those of charts: `{"labels": [...], "datasets": [{"label": "lena", "data": [...]}]}`.
    """
    flat = {key: v for key, v in value.items() if _is_column(v)}
    time = next((k for k, v in flat.items() if all(is_time(str(c)) for c in v[:20])), None)
    if time is None:
        return []
    size = len(flat[time])
    rows: list[Record] = [{time: at} for at in flat[time]]
    single = False
    for key, cells in flat.items():
        if key != time and len(cells) == size:
            single = True
            for row, cell in zip(rows, cells, strict=True):
                row[key] = cell
    several: list[Record] = []
    for key, inner in value.items():
        for name, group in _groups(key, inner):
            same = {k: cells for k, cells in group.items() if len(cells) == size}
            target = rows if name is None else [{time: at, _KEY: name} for at in flat[time]]
            for column, cells in same.items():
                for row, cell in zip(target, cells, strict=True):
                    row[column] = cell
            if same and name is None:
                single = True
            elif same:
                several += target
    return several or (rows if single else [])


def _groups(key: str, inner: Any) -> Iterator[tuple[str | None, dict[str, list[Any]]]]:
    """Columns that stand below a key, with the account that they are of."""
    if isinstance(inner, dict):
        columns = {str(k): v for k, v in inner.items() if _is_column(v)}
        if columns:
            yield None if _wraps(key) else key, columns
    elif isinstance(inner, list) and inner and all(isinstance(i, dict) for i in inner):
        for part in inner:
            label = next(
                (str(part[k]) for k in ("label", "name", "account") if k in part), None
            )
            cells = next((v for v in part.values() if _is_column(v)), None)
            if label and cells:
                yield label, {"value": cells}


def _is_column(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and not any(map(_is_nested, value))


def shape_of(value: Any) -> str:
    """What a document is, in words, where nothing in it can be read."""
    if isinstance(value, list):
        kinds = sorted({type(item).__name__ for item in value[:50]})
        return f"a list of {len(value):,} ({', '.join(kinds) or 'nothing'})"
    if isinstance(value, dict):
        keys = ", ".join(f'"{key}"' for key in list(value)[:6])
        return f"an object with {keys or 'no keys'}"
    return f"a single {re.sub('NoneType', 'null', type(value).__name__)}"
