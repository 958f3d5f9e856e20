"""How many accounts a profile may follow, where a platform has said so."""

NEAR = 0.95
"""Share of the limit from which a following count is critical."""

FOLLOW_LIMITS = {
    # help.x.com/en/using-x/x-follow-limit: 5,000, then by an undisclosed own ratio
    "x": 5_000,
    "twitter": 5_000,
    # named by many, no official page: 7,500 and 10,000
    "instagram": 7_500,
    "tiktok": 10_000,
    # mastodon: MAX_FOLLOWS_THRESHOLD, then MAX_FOLLOWS_RATIO x followers
    "mastodon": 7_500,
}
"""Bluesky has no total, only 11,666 new follows a day."""

_MASTODON_RATIO = 1.1


def follow_limit(platform: str, followers: float) -> float | None:
    """The published limit of `following` for a profile with that many followers."""
    limit = FOLLOW_LIMITS.get(platform)
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
    if limit is None or not NEAR * limit <= following <= limit:
        return None
    return limit
