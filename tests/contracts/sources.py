"""What holds for every source, whatever it asks: one case per kind."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl

from tests.loopback.endpoint import Answer, Asked

SECRET = "s3cret-of-the-team"
ENVIRON = {
    name: f"{SECRET}-{name.lower()}"
    for name in (
        *("YOUTUBE_API_KEY", "X_BEARER_TOKEN", "TWITCH_CLIENT_ID", "TWITCH_CLIENT_SECRET"),
        *("INSTAGRAM_TOKEN", "TIKTOK_CLIENT_KEY", "TIKTOK_CLIENT_SECRET", "LENA", "KIM"),
        *("GITHUB_TOKEN", "API_KEY"),
    )
}
Counts = Mapping[str, int | None]
"""Followers of `lena` and `kim` as the server knows them; None where it gives none."""


@dataclass(frozen=True, slots=True)
class Case:
    """`answer` plays the server, `prepare` lays out files; `accounts` are lena's and kim's."""

    kind: str
    accounts: tuple[str, str]
    keys: Mapping[str, Any] = field(default_factory=dict)
    answer: Callable[[Asked, Counts], Answer] | None = None
    prepare: Callable[[Path, Counts], None] | None = None
    address: str = "api_base"

    def settings(self, url: str) -> dict[str, Any]:
        given: dict[str, Any] = {"name": "the source", "kind": self.kind, **self.keys}
        if self.answer is not None:
            given[self.address] = url + str(given.get(self.address, ""))
        return given


def _without_none(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if value is not None}


def _bluesky(asked: Asked, counts: Counts) -> Answer:
    handles = {f"{name}.example": count for name, count in counts.items()}
    profiles = [
        _without_none(
            {"did": f"did:plc:{h}", "handle": h, "followersCount": n, "postsCount": 1}
        )
        for h, n in handles.items()
        if {h, f"did:plc:{h}"} & set(asked.values.get("actors", []))
    ]
    return Answer(body={"profiles": profiles})


def _mastodon(asked: Asked, counts: Counts) -> Answer:
    name = asked.query["acct"]
    return Answer(
        body=_without_none({"id": name, "acct": name, "followers_count": counts[name]})
        | {"statuses_count": 3}
    )


def _channel(name: str) -> str:
    return "UC" + name.ljust(22, "0")


def _youtube(asked: Asked, counts: Counts) -> Answer:
    items = [
        {
            "id": _channel(name),
            "statistics": _without_none(
                {"subscriberCount": None if n is None else str(n), "viewCount": "9"}
            ),
        }
        for name, n in counts.items()
        if _channel(name) in asked.query.get("id", "")
    ]
    return Answer(body={"items": items})


def _twitch(asked: Asked, counts: Counts) -> Answer:
    if asked.path.endswith("/oauth2/token"):
        return Answer(body={"access_token": f"{SECRET}-app-token", "expires_in": 5000000})
    if asked.path == "/users":
        wanted = {*asked.values.get("login", []), *asked.values.get("id", [])}
        users = [{"id": f"1{n}", "login": n} for n in counts if {n, f"1{n}"} & wanted]
        return Answer(body={"data": users})
    total = counts[asked.query["broadcaster_id"].removeprefix("1")]
    return Answer(body=_without_none({"total": total}) | {"data": [], "pagination": {}})


def _instagram(asked: Asked, counts: Counts) -> Answer:
    if asked.path.endswith("/insights"):
        return Answer(body={"data": []})
    if asked.path == "/77" and "business_discovery" not in asked.query["fields"]:
        return Answer(body=_without_none({"followers_count": counts["lena"], "media_count": 1}))
    found = _without_none({"followers_count": counts["kim"], "media_count": 1})
    return Answer(body={"business_discovery": found, "id": "77"})


def _tiktok(asked: Asked, counts: Counts) -> Answer:
    if asked.method == "POST":
        who = asked.form["refresh_token"].rpartition("-")[2]
        tokens = {"access_token": f"{SECRET}-a-{who}", "refresh_token": f"{SECRET}-r-{who}"}
        return Answer(body=tokens)
    who = asked.headers["Authorization"].rpartition("-")[2]
    user = _without_none({"open_id": who, "follower_count": counts[who], "video_count": 1})
    return Answer(body={"data": {"user": user}, "error": {"code": "ok", "message": ""}})


def _x(asked: Asked, counts: Counts) -> Answer:
    wanted = (asked.query.get("usernames", "") + asked.query.get("ids", "")).split(",")
    users = [
        {
            "id": f"1{name}",
            "username": name,
            "public_metrics": _without_none({"followers_count": n, "post_count": 1}),
        }
        for name, n in counts.items()
        if {name, f"1{name}"} & set(wanted)
    ]
    return Answer(body={"data": users})


def _threads(asked: Asked, counts: Counts) -> Answer:
    name = asked.query["access_token"].rpartition("-")[2]
    if counts[name] is None:
        return Answer(body={"data": []})
    insight = {"name": "followers_count", "total_value": {"value": counts[name]}}
    return Answer(body={"data": [insight]})


def _reddit(asked: Asked, counts: Counts) -> Answer:
    name = asked.path.split("/")[2]
    return Answer(body={"kind": "t5", "data": _without_none({"subscribers": counts[name]})})


def _github(asked: Asked, counts: Counts) -> Answer:
    name = {"1": "lena", "2": "kim"}.get(asked.path.split("/")[2], asked.path.split("/")[2])
    user = {"id": 1 if name == "lena" else 2, "login": name, "followers": counts[name]}
    return Answer(body=_without_none({**user, "public_repos": 1}))


def _http(asked: Asked, counts: Counts) -> Answer:
    rows = [{"handle": name, "followers": n, "views": 5} for name, n in counts.items()]
    return Answer(body={"rows": [_without_none(row) for row in rows]})


def _file(root: Path, counts: Counts) -> None:
    lines = [f"2026-02-26,{n},{'' if c is None else c},5" for n, c in counts.items()]
    (root / "counts.csv").write_text("\n".join(["date,account,followers,views", *lines, ""]))


def _lake(root: Path, counts: Counts) -> None:
    table = {
        "date": [date(2026, 2, 26)] * len(counts),
        "account": list(counts),
        "followers": pl.Series(counts.values(), dtype=pl.Int32),
    }
    pl.DataFrame(table).write_parquet(root / "counts.parquet")


def _sql(root: Path, counts: Counts) -> None:
    with sqlite3.connect(root / "counts.db") as db:
        db.execute("create table c (at text, account text, followers integer, views integer)")
        rows = [("2026-02-26", name, count, 5) for name, count in counts.items()]
        db.executemany("insert into c values (?, ?, ?, ?)", rows)
    db.close()


CASES = (
    Case("file", ("lena", "kim"), {"path": "counts.csv"}, prepare=_file),
    Case("lake", ("lena", "kim"), {"path": "counts.parquet"}, prepare=_lake),
    Case(
        "sql",
        ("lena", "kim"),
        {"url": "sqlite:///counts.db", "query": "select * from c where at > :since"},
        prepare=_sql,
    ),
    Case(
        "http",
        ("lena", "kim"),
        {
            "url": "/counts",
            "headers_env": {"X-Api-Key": "API_KEY"},
            "params_env": {"key": "API_KEY"},
            "allow_private": True,
        },
        answer=_http,
        address="url",
    ),
    Case(
        "bluesky",
        ("bluesky/lena.example", "bluesky/kim.example"),
        {"handles": ["lena.example", "kim.example"]},
        _bluesky,
    ),
    Case(
        "mastodon",
        ("mastodon/lena@one.example", "mastodon/kim@two.example"),
        {
            "handles": ["lena@one.example", "kim@two.example"],
            "tokens_env": {"one.example": "LENA"},
        },
        _mastodon,
    ),
    Case(
        "youtube",
        (f"youtube/{_channel('lena')}", f"youtube/{_channel('kim')}"),
        {"handles": [_channel("lena"), _channel("kim")]},
        _youtube,
    ),
    Case("twitch", ("twitch/lena", "twitch/kim"), {"handles": ["lena", "kim"]}, _twitch),
    Case(
        "instagram",
        ("instagram/lena", "instagram/kim"),
        {"own": {"lena": "77"}, "handles": ["kim"]},
        _instagram,
    ),
    Case(
        "tiktok",
        ("tiktok/lena", "tiktok/kim"),
        {"accounts": {"lena": "LENA", "kim": "KIM"}},
        _tiktok,
    ),
    Case("x", ("x/lena", "x/kim"), {"handles": ["lena", "kim"]}, _x),
    Case(
        "threads",
        ("threads/lena", "threads/kim"),
        {"accounts": {"lena": "LENA", "kim": "KIM"}},
        _threads,
    ),
    Case(
        "reddit", ("reddit/r/lena", "reddit/r/kim"), {"handles": ["r/lena", "r/kim"]}, _reddit
    ),
    Case(
        "github",
        ("github/lena", "github/kim"),
        {"handles": ["lena", "kim"], "token_env": "GITHUB_TOKEN"},
        _github,
    ),
)
NETWORKED = tuple(case for case in CASES if case.answer is not None)
PLATFORMS = tuple(case for case in NETWORKED if case.address == "api_base")
