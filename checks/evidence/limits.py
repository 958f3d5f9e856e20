"""How many accounts a profile may follow, where a platform has said so."""

from checks.platforms import PLATFORMS

NEAR = 0.95
"""Share of the limit from which a following count is critical."""

_MASTODON_RATIO = 1.1
"""Mastodon's rule (FollowLimitValidator): who has many followers may follow a tenth more."""


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
    if limit is None or not NEAR * limit <= following <= limit:
        return None
    return limit
