"""The one list of platforms: how each writes itself, its profiles, its follow limit."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote

_NEAR = 0.95
"""Share of the limit from which a following count is critical."""

_MASTODON_RATIO = 1.1
"""Mastodon's rule (FollowLimitValidator): who has many followers may follow a tenth more."""


@dataclass(frozen=True, slots=True)
class Platform:
    """`profile` makes the address of a quoted handle; `follows` is how many accounts a profile
    may follow, where the platform has said so."""

    name: str
    profile: Callable[[str], str | None] | None = None
    follows: int | None = None


def _at(form: str) -> Callable[[str], str]:
    return lambda handle: form.format(handle)


def _youtube(handle: str) -> str:
    """A channel id, or a handle with or without its @."""
    if handle.startswith("UC") and len(handle) == 24:
        return f"https://www.youtube.com/channel/{handle}"
    return f"https://www.youtube.com/@{handle.removeprefix('%40')}"


def _mastodon(handle: str) -> str | None:
    """On the home server, which the handle names."""
    user, _, server = handle.removeprefix("%40").partition("%40")
    return f"https://{server}/@{user}" if server and "/" not in server else None


def _reddit(handle: str) -> str | None:
    side, _, name = handle.partition("%2F")
    return f"https://www.reddit.com/{side}/{name}/" if side in ("r", "u") and name else None


PLATFORMS: Mapping[str, Platform] = {
    "bluesky": Platform("Bluesky", _at("https://bsky.app/profile/{}")),
    "chzzk": Platform("CHZZK", _at("https://chzzk.naver.com/{}")),
    "facebook": Platform("Facebook", _at("https://www.facebook.com/{}")),
    "github": Platform("GitHub", _at("https://github.com/{}")),
    # follows: named by many, no official page
    "instagram": Platform("Instagram", _at("https://www.instagram.com/{}/"), 7_500),
    "linkedin": Platform("LinkedIn"),
    # follows: MAX_FOLLOWS_THRESHOLD, then MAX_FOLLOWS_RATIO x followers
    "mastodon": Platform("Mastodon", _mastodon, 7_500),
    "reddit": Platform("Reddit", _reddit),
    "threads": Platform("Threads", _at("https://www.threads.com/@{}")),
    # follows: named by many, no official page
    "tiktok": Platform("TikTok", _at("https://www.tiktok.com/@{}"), 10_000),
    "twitch": Platform("Twitch", _at("https://www.twitch.tv/{}")),
    "twitter": Platform("Twitter", _at("https://x.com/{}"), 5_000),
    # follows: help.x.com/en/using-x/x-follow-limit: 5,000, then by an undisclosed own ratio
    "x": Platform("X", _at("https://x.com/{}"), 5_000),
    "youtube": Platform("YouTube", _youtube),
}
"""Bluesky has no limit in total, only 11,666 new follows a day."""


def platform_name(platform: str) -> str | None:
    """A platform as it writes itself; None for one that is not in the list."""
    known = PLATFORMS.get(platform)
    return known.name if known else None


def profile_url(account: str) -> str | None:
    """Where people see a profile; None where that cannot be told from `platform/handle`."""
    platform, _, handle = account.partition("/")
    known = PLATFORMS.get(platform)
    if known is None or known.profile is None or not handle:
        return None
    return known.profile(quote(handle, safe=""))


def follow_limit(platform: str, followers: float) -> float | None:
    """The published limit of `following` for a profile with that many followers."""
    known = PLATFORMS.get(platform)
    limit = known.follows if known else None
    if limit is None:
        return None
    if platform == "mastodon" and followers > 0:
        return max(float(limit), _MASTODON_RATIO * followers)
    return float(limit)


def near_limit(platform: str, following: float, followers: float) -> float | None:
    """The limit that `following` is within 5 % of; None where it is far or already beyond.

    Who follows more than the published number has a higher limit of their own.
    """
    limit = follow_limit(platform, followers)
    if limit is None or not _NEAR * limit <= following <= limit:
        return None
    return limit
