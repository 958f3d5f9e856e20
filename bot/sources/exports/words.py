"""Words that dashboards and pages write in the owner's language, and names for people."""

from __future__ import annotations

_DATE = """
date data fecha datum dato ngày ημερομηνία tarih tanggal tarikh päivämäärä dátum дата 日期 日付
날짜
"""
_FOLLOWERS = """
followers follower seguidores seguidor abonnés abonnenten follower*innen follower:innen
seguaci volgers obserwujący takipçiler takipçi pengikut urmăritori følgere följare seuraajat
sledující követők подписчики читачі ακόλουθοι フォロワー 팔로워 粉丝 粉絲
"""
_FOLLOWS = """
follows seguimientos abonnements gefolgt takipler takip подписки
"""
_FOLLOWING = """
following seguidos seguindo siguiendo abonnements gefolgt abonniert volgend seguiti
obserwowani takip подписки
"""
_SMALL = """
on in no na do da de em en auf von bei sur su di del op van w i på for trên в на у
"""

DATE = frozenset(_DATE.split())
FOLLOWERS = frozenset(_FOLLOWERS.split()) | {"người theo dõi"}
FOLLOWS = FOLLOWERS | frozenset(_FOLLOWS.split()) | {"lượt theo dõi", "new followers"}
FOLLOWING = frozenset(_FOLLOWING.split()) | {"profili seguiti", "đang theo dõi"}
SMALL = frozenset(_SMALL.split())
"""Prepositions that stand between a metric and a platform's name."""

PRODUCTS = {
    "instagram": "Instagram",
    "threads": "Threads",
    "tiktok": "TikTok",
    "x": "X",
    "mastodon": "Mastodon",
    "takahe": "Takahē",
    "meta": "Meta Business Suite",
    "tiktok_studio": "TikTok Studio",
    "tiktok_business": "TikTok Business",
    "x_analytics": "X analytics",
    "youtube_studio": "YouTube Studio",
    "twitch": "Twitch",
    "linkedin": "LinkedIn",
    "socialblade": "Social Blade",
    "twitter_to_sqlite": "twitter-to-sqlite",
    "instagram_monitor": "instagram_monitor",
    "github_monitor": "github_monitor",
    "table": "Table",
}
"""First half of a format, as people write it."""


def plural(count: int, one: str, many: str = "") -> str:
    """`1 name`, `3,477 names`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"
