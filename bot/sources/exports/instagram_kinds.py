"""Which file of an Instagram export is which: by content, by name where that is silent."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple

from bot.sources.exports.sniffer import SniffedFile
from bot.sources.exports.words import FOLLOWERS, FOLLOWING

Side = Literal["followers", "following"]

_LISTS: dict[str, Side] = {
    "relationships_followers": "followers",
    "relationships_following": "following",
}
_NOT_CHURN = (
    "This lists profiles that the owner stopped following, not followers that were lost, so it "
    "is never read as churn: import two exports of the follower list (followers_1.json, range "
    '"All time") to see who left.'
)
_OTHERS = {
    "relationships_unfollowed_users": _NOT_CHURN,
    "relationships_follow_requests_sent": "follow requests that the owner sent",
    "relationships_permanent_follow_requests": "follow requests that the owner sent",
    "relationships_follow_requests_received": "follow requests that wait for the owner",
    "relationships_blocked_users": "profiles that the owner blocked",
    "relationships_close_friends": "the owner's close friends",
    "relationships_restricted_users": "profiles that the owner restricted",
    "relationships_dismissed_suggested_users": "suggestions that the owner dismissed",
    "relationships_feed_favorites": "the owner's favourites",
    "relationships_hide_stories_from": "profiles that do not see the owner's stories",
    "relationships_following_hashtags": "hashtags that the owner follows",
}
_UNKNOWN = "label_values"
_OTHER_NAMES = {
    "recently_unfollowed": "relationships_unfollowed_users",
    "pending_follow": "relationships_follow_requests_sent",
    "recent_follow": "relationships_permanent_follow_requests",
    "follow_requests": "relationships_follow_requests_received",
    "blocked": "relationships_blocked_users",
    "close_friends": "relationships_close_friends",
    "restricted": "relationships_restricted_users",
    "removed_suggestions": "relationships_dismissed_suggested_users",
}
_TITLES: dict[str, Side] = {
    **dict.fromkeys(FOLLOWING, "following"),
    **dict.fromkeys(FOLLOWERS, "followers"),
}

_FIRST_KEY = re.compile(r'\{\s*"(relationships_\w+)"\s*:')
_OLD = re.compile(
    r'\{\s*"(?:blocked_users|restricted_users|close_friends|follow_requests_sent|followers|'
    r"following|following_hashtags|permanent_follow_requests|dismissed_suggested_users|"
    r'dismissed_suggested_hashtags)"\s*:\s*\{\s*(?:\}|"[^"]*"\s*:\s*"\d{4}-\d\d-\d\dT)'
)
PART = re.compile(r"(followers|following)(?:_(\d+))?(?!\w*request)", re.IGNORECASE)


class Kind(NamedTuple):
    """`key` is the JSON key of the list (None: top level), or the name of another relation."""

    what: Literal["json", "html", "old", "other"]
    side: Side | None = None
    key: str | None = None


def kind_of(file: SniffedFile) -> Kind | None:
    """None for a file that is not Instagram's."""
    text, base = file.text, file.member.base
    if text.startswith("["):
        return _top_level(file, text, base)
    if match := _FIRST_KEY.match(text):
        side = _LISTS.get(match[1])
        return Kind("json", side, match[1]) if side else Kind("other", key=match[1])
    if _OLD.match(text):
        return Kind("old")
    if text.startswith("<") and "uiBoxWhite" in text and "threads" not in file.member.around:
        return _page(text, base)
    return None


def _top_level(file: SniffedFile, text: str, base: str) -> Kind | None:
    """A list without a key. Likes, comments and adverts of an export look the same."""
    part, other = PART.match(base), _by_name(base)
    if re.fullmatch(r"\[\s*\]\s*", text):
        known = part is not None
    else:
        known = '"string_list_data"' in text or '"label_values"' in text
    here = file.lone or part or other or "followers_and_following" in file.member.around
    if not known or not here:
        return None
    if '"label_values"' in text and not other and part:
        return Kind("other", key=_UNKNOWN)
    if other or '"label_values"' in text:
        return Kind("other", key=other)
    following = part is not None and part[1].lower() == "following"
    return Kind("json", "following" if following else "followers")


def _by_name(base: str) -> str | None:
    stem = base.lower()
    return next((key for start, key in _OTHER_NAMES.items() if stem.startswith(start)), None)


def _page(text: str, base: str) -> Kind | None:
    title = re.search(r"<title>([^<]{1,80})</title>", text)
    side = _TITLES.get(title[1].strip().casefold()) if title else None
    if side is None and (other := _by_name(base)):
        return Kind("other", key=other)
    part = PART.match(base)
    if side is None and part:
        side = "following" if part[1].lower() == "following" else "followers"
    return Kind("html", side) if side else None


def refusal(key: str) -> str:
    """Why a file of another relation is not read."""
    if key == _UNKNOWN:
        return (
            'The entries of this list stand in a layout ("label_values") that is known of '
            "other lists only, so nothing was read: export your information again as JSON, and "
            "tell us if the new file looks the same."
        )
    text = _OTHERS.get(key, "something else than followers")
    if text is _NOT_CHURN:
        return text
    return f"This lists {text}, not followers: import followers_1.json of the same export."
