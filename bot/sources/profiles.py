"""Addresses of profiles: which platform and handle an address names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from difflib import get_close_matches
from urllib.parse import parse_qs, unquote, urlsplit

# Per host: patterns of the path, tried in order; group 1 is the handle. What stands before
# it (`/profile/`, `/company/`) is never one itself.
_NAME = r"@?([^/@?#]+)"
_HOSTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "instagram.com": ("instagram", (r"/_u/([^/]+)", rf"/stories/{_NAME}", rf"/{_NAME}")),
    "threads.net": ("threads", (rf"/{_NAME}",)),
    "threads.com": ("threads", (rf"/{_NAME}",)),
    "tiktok.com": ("tiktok", (r"/@([^/]+)", rf"/{_NAME}")),
    "x.com": ("x", (r"/i/user/(\d+)", rf"/{_NAME}")),
    "twitter.com": ("x", (r"/i/user/(\d+)", rf"/{_NAME}")),
    "youtube.com": (
        "youtube",
        (r"/channel/([^/]+)", r"/(?:user|c)/([^/]+)", r"/@([^/]+)", rf"/{_NAME}"),
    ),
    "twitch.tv": ("twitch", (rf"/{_NAME}",)),
    "bsky.app": ("bluesky", (r"/profile/@?([^/]+)",)),
    "facebook.com": (
        "facebook",
        (r"/(?:people|pages)/[^/]+/(\d+)", r"/(?:pg|groups)/([^/]+)", rf"/{_NAME}"),
    ),
    "fb.com": ("facebook", (rf"/{_NAME}",)),
    "linkedin.com": ("linkedin", (r"/(?:company|in|school|showcase|pub)/([^/]+)",)),
    "reddit.com": ("reddit", (r"/(r/[^/]+)", r"/(u/[^/]+)", r"/user/([^/]+)")),
    "t.me": ("telegram", (r"/s/([^/]+)", rf"/{_NAME}")),
    "telegram.me": ("telegram", (r"/s/([^/]+)", rf"/{_NAME}")),
    "github.com": ("github", (r"/(?:orgs|users)/([^/]+)", r"/([^/]+/[^/]+)", r"/([^/]+)")),
    "gitlab.com": ("gitlab", (r"/([^/]+/[^/]+)", r"/([^/]+)")),
    "pinterest.com": ("pinterest", (rf"/{_NAME}",)),
    "discord.gg": ("discord", (rf"/{_NAME}",)),
    "discord.com": ("discord", (r"/invite/([^/]+)",)),
    "rumble.com": ("rumble", (r"/(?:c|user)/([^/]+)",)),
    "odysee.com": ("odysee", (r"/@([^/:]+)(?::[^/]*)?",)),
    "ok.ru": ("ok", (r"/(?:profile|group)/(\d+)", rf"/{_NAME}")),
    "xiaohongshu.com": ("xiaohongshu", (r"/user/profile/([^/]+)",)),
    "snapchat.com": ("snapchat", (r"/(?:add|@)/?([^/]+)", rf"/{_NAME}")),
    "vk.com": ("vk", (rf"/{_NAME}",)),
    "weibo.com": ("weibo", (r"/(?:u|n|profile)/([^/]+)", rf"/{_NAME}")),
    "weibo.cn": ("weibo", (r"/(?:u|n|profile)/([^/]+)", rf"/{_NAME}")),
    "space.bilibili.com": ("bilibili", (r"/(\d+)",)),
    "kick.com": ("kick", (rf"/{_NAME}",)),
    "patreon.com": ("patreon", (r"/(?:c|user)/([^/]+)", rf"/{_NAME}")),
    "soundcloud.com": ("soundcloud", (rf"/{_NAME}",)),
    "open.spotify.com": ("spotify", (r"(?:/intl-[a-z-]+)?/(?:artist|user|show)/([^/]+)",)),
    "medium.com": ("medium", (r"/@([^/]+)",)),
    "chzzk.naver.com": ("chzzk", (r"/(?:live/)?([0-9a-z_]+)",)),
}
_QUERY = {"facebook.com": "id"}
_SUBDOMAIN = {"substack.com": "substack", "tumblr.com": "tumblr", "bandcamp.com": "bandcamp"}
_LOCAL = re.compile(
    r"^(?:www|m|mobile|web|old|new|np|business|touch|mbasic|gaming|music|[a-z]{2}(?:-[a-z]{2})?)\."
)
_OF_COUNTRY = re.compile(r"^(pinterest)\.(?:(?:co|com)\.)?[a-z]{2}$")
_ADDRESS = re.compile(
    r"(?:https?:)?//\S+|(?:www\.)?[\w-]+(?:\.[\w-]+)*\.[a-z]{2,}/\S*", re.IGNORECASE
)
_FEDIVERSE = re.compile(r"/(?:web/)?(?:@([\w.-]+)(?:@([\w.-]+))?|users/([\w.-]+))")

PLATFORMS = frozenset(
    {
        *(platform for platform, _ in _HOSTS.values()),
        *_SUBDOMAIN.values(),
        *("mastodon", "wechat", "line", "kakao", "naver"),
    }
)
"""Names that mean a platform before a slash."""

SLASHED = frozenset({"github", "gitlab", "reddit", "huggingface", "docker", "npm"})
"""Platforms whose handles may hold a slash: `owner/repo`, `r/community`."""

_OTHER_NAMES = {
    **dict.fromkeys(
        ("twitter", "x / twitter", "twitter / x", "x (twitter)", "twitter (x)"), "x"
    ),
    "fb": "facebook",
    "ig": "instagram",
    "yt": "youtube",
    "tt": "tiktok",
}
_KINDS_OF_PROFILES = re.compile(
    r"(?<=\w) (?:business|creator|pages?|profiles?|channels?|accounts?)$"
)
# first words of paths that are pages of a platform and nobody's profile
_PAGES = re.compile(
    r"/(?:p|reel|reels|explore|events|watch|feed|hashtag|share|sharer|posts|status|videos?|"
    r"shorts|playlist|search|home|intent|login|signup|about|story\.php|photo\.php|jobs|pulse)"
    r"(?=/|$)",
    re.IGNORECASE,
)
_CASED_ID = re.compile(r"UC[\w-]{22}")
_CASED = frozenset({"spotify", "weibo", "bilibili", "chzzk", "vk"})


def platform_name(text: str) -> str:
    """As it is written in accounts: lower case, `x` for `Twitter`."""
    plain = " ".join(text.split()).casefold()
    plain = _KINDS_OF_PROFILES.sub("", plain)
    return _OTHER_NAMES.get(plain, plain)


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text.strip()) is not None


def profile_of(text: str) -> tuple[str, str] | None:
    """Platform and handle of a profile's address; None for any other text or address."""
    text = text.strip()
    if not is_address(text):
        return None
    try:
        parts = urlsplit(text if "//" in text else f"//{text}")
        host = (parts.hostname or "").lower()
    except ValueError:
        return None
    host = _LOCAL.sub("", host) if host not in _HOSTS else host
    host = _OF_COUNTRY.sub(r"\1.com", host)
    for suffix, platform in _SUBDOMAIN.items():
        if host.endswith(f".{suffix}"):
            return platform, host.removesuffix(f".{suffix}")
    path = unquote(parts.path).rstrip("/")
    if host not in _HOSTS:
        return _fediverse(host, path)
    platform, patterns = _HOSTS[host]
    key = _QUERY.get(host)
    if key and (given := parse_qs(parts.query).get(key)) and path.count("/") == 1:
        return platform, given[0]
    for pattern in () if _PAGES.match(path) else patterns:
        if match := re.match(pattern + r"(?=/|$)", path, re.IGNORECASE):
            handle = match[1]
            if platform == "reddit" and "/" not in handle:
                handle = f"u/{handle}"
            return platform, handle
    return None


def _fediverse(host: str, path: str) -> tuple[str, str] | None:
    match = _FEDIVERSE.fullmatch(path)
    if match is None or not host:
        return None
    return "mastodon", f"{match[1] or match[3]}@{match[2] or host}"


def is_channel_id(handle: str) -> bool:
    """True of YouTube's ids."""
    return _CASED_ID.fullmatch(handle) is not None


def plain_handle(handle: str, platform: str) -> str:
    """One spelling of a handle: no platform tells case apart but in a few kinds of ids."""
    if platform in _CASED or (platform == "youtube" and is_channel_id(handle)):
        return handle
    return handle.lower()


_SLIP = 0.8
"""How alike a name and a platform's are where one is taken for a slip of the other, as difflib
counts: "yotube" is 0.92 youtube, "vk2" 0.8 vk; at half every name would be one."""


def nearest_platform(name: str) -> str | None:
    """What was meant, where a name looks like a slip."""
    if platform_name(name) in PLATFORMS:
        return None
    near = get_close_matches(platform_name(name), PLATFORMS, n=1, cutoff=_SLIP)
    return near[0] if near else None
