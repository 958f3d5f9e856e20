"""Every sample file is read to the right numbers, or refused with the right sentence."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.sources.exports.samples import by_format, hashes, only, read, sample, values

META = "meta-business-suite"
LISTS = [
    # file, format, platform, names, first, last, complete
    (
        "instagram/json-2025-10-onward/connections/followers_and_following/followers_1.json",
        *("instagram.follower_list", "instagram", ("sample.alpha", "sample_beta")),
        *("2025-12-31", "2026-01-01"),
    ),
    (
        "instagram/json-2025-10-onward/connections/followers_and_following/following.json",
        *("instagram.following_list", "instagram", ("sample.alpha", "José café")),
        *("2026-01-01", "2026-01-01"),
    ),
    (
        "instagram/json-2023-to-2025/connections/followers_and_following/following.json",
        *("instagram.following_list", "instagram", ("sample.alpha", "studio.one")),
        *("2025-12-31", "2026-01-01"),
    ),
    (
        "instagram/json-2021-wrapped/followers_and_following/followers.json",
        *("instagram.follower_list", "instagram", ("sample.alpha",)),
        *("2026-01-01", "2026-01-01"),
    ),
    (
        "instagram/html-2025-11/connections/followers_and_following/followers_1.html",
        *("instagram.follower_list", "instagram", ("sample.alpha", "sample_beta")),
        *("2025-10-30", "2025-11-03"),
    ),
    (
        "instagram/html-2025-11/connections/followers_and_following/following.html",
        *("instagram.following_list", "instagram", ("studio.one",)),
        *("2025-11-03", "2025-11-03"),
    ),
    (
        "instagram/html-2025-03/connections/followers_and_following/following.html",
        *("instagram.following_list", "instagram", ("studio.one",)),
        *("2025-03-20", "2025-03-20"),
    ),
    (
        "threads/your_instagram_activity/threads/followers.json",
        *("threads.follower_list", "threads", ("thread_follower",)),
        *("2026-01-01", "2026-01-01"),
    ),
    (
        "tiktok-data/txt/TikTok/Profile and Settings/Follower.txt",
        *("tiktok.follower_list", "tiktok", ("sample.fan1", "sample_fan2")),
        *("2025-06-01", "2025-06-02"),
    ),
    (
        "mastodon/following_accounts.csv",
        *("mastodon.following_list", "mastodon"),
        ("sample@social.example", "sample2@other.example"),
        *(None, "2026-11-21"),
    ),
    (
        "takahe/followers.csv",
        *("takahe.follower_list", "mastodon", ("sample@social.example",)),
        *(None, "2026-11-21"),
    ),
]
TOTAL, NET, GAINED, FLOWS = "total", "net", "gained", "gained_lost"
SERIES = [
    # file, format, platform, account, basis, metric, values
    (
        *(f"{META}/Follows.csv", "meta.follows", "instagram", None, GAINED, "gained"),
        {"2026-05-25": 41, "2026-05-26": 0, "2026-05-27": 0, "2026-05-28": 12},
    ),
    (
        *(f"{META}/Follows_facebook.csv", "meta.follows", "facebook", None, GAINED, "gained"),
        {"2025-03-29": 0, "2025-03-31": 2},
    ),
    (
        *(f"{META}/Seguidores.csv", "meta.follows", "instagram", None, GAINED, "gained"),
        {
            "2024-12-18": 6,
            "2024-12-19": 0,
            "2024-12-20": 0,
            "2024-12-21": 0,
            "2024-12-22": 2,
        },
    ),
    (
        *(f"{META}/Follows_excel_resaved.csv", "meta.follows", "facebook", None, GAINED),
        *("gained", {"2025-10-31": 7, "2025-11-03": 0}),
    ),
    (
        *("tiktok-studio/FollowerHistory_en.csv", "tiktok_studio.follower_history"),
        *("tiktok", None, TOTAL, "followers"),
        {"2025-12-30": 1000, "2025-12-31": 1010, "2026-01-01": 1005, "2026-01-02": 1005},
    ),
    (
        *("tiktok-studio/FollowerHistory_en_day-first.csv", "tiktok_studio.follower_history"),
        *("tiktok", None, TOTAL, "followers", {"2026-08-23": 110, "2026-08-24": 107}),
    ),
    (
        *("tiktok-studio/FollowerHistory_vi.csv", "tiktok_studio.follower_history"),
        *("tiktok", None, TOTAL, "followers"),
        {"2026-08-01": 40, "2026-08-02": 42, "2026-08-03": 47},
    ),
    (
        *("tiktok-studio/FollowerHistory_pt.csv", "tiktok_studio.follower_history"),
        *("tiktok", None, TOTAL, "followers", {"2026-03-09": 10, "2026-03-10": 11}),
    ),
    (
        *("tiktok-studio/Overview_es.csv", "tiktok_studio.overview", "tiktok", None, None),
        *("views_daily", {"2026-03-08": 0}),
    ),
    (
        *("tiktok-studio/Overview_es.csv", "tiktok_studio.overview", "tiktok", None, None),
        *("interactions_daily", {"2026-03-08": 0}),
    ),
    (
        *("tiktok-business/account.csv", "tiktok_business.account", "tiktok", None, FLOWS),
        *("gained", {"2025-10-31": 4, "2025-11-01": 3}),
    ),
    (
        *("tiktok-business/account.csv", "tiktok_business.account", "tiktok", None, FLOWS),
        *("lost", {"2025-10-31": 0, "2025-11-01": 5}),
    ),
    (
        *("tiktok-business/account.csv", "tiktok_business.account", "tiktok", None, FLOWS),
        *("views_daily", {"2025-10-31": 300, "2025-11-01": 410}),
    ),
    (
        *("tiktok-business/account.csv", "tiktok_business.account", "tiktok", None, FLOWS),
        *("interactions_daily", {"2025-10-31": 12, "2025-11-01": 39}),
    ),
    (
        *("tiktok-business/audience.csv", "tiktok_business.audience", "tiktok", None, GAINED),
        *("gained", {"2025-10-31": 4}),
    ),
    (
        *("x-analytics/account_overview_analytics.csv", "x_analytics.account_overview", "x"),
        *(None, FLOWS, "gained", {"2025-08-22": 1, "2025-08-23": 2, "2025-08-24": 6}),
    ),
    (
        *("x-analytics/account_overview_analytics.csv", "x_analytics.account_overview", "x"),
        *(None, FLOWS, "lost", {"2025-08-22": 4, "2025-08-23": 5, "2025-08-24": 2}),
    ),
    (
        *("x-analytics/account_overview_analytics.csv", "x_analytics.account_overview", "x"),
        *(None, FLOWS, "views_daily"),
        {"2025-08-22": 61, "2025-08-23": 2100, "2025-08-24": 5200},
    ),
    (
        *("x-analytics/account_overview_analytics.csv", "x_analytics.account_overview", "x"),
        *(None, FLOWS, "interactions_daily"),
        {"2025-08-22": 1, "2025-08-23": 5, "2025-08-24": 40},
    ),
    (
        "x-analytics/account_overview_analytics_thousands.csv",
        *("x_analytics.account_overview", "x", None, FLOWS, "views_daily"),
        {"2026-06-06": 1200},
    ),
    (
        *("youtube-studio/Totals.csv", "youtube_studio.totals", "youtube", None, NET, "net"),
        {"2025-11-12": 18, "2025-11-13": -4},
    ),
    (
        "twitch/Channel Analytics and Revenue by day from 2026-01-01 to 2026-01-02.csv",
        *("twitch.channel_analytics", "twitch", None, GAINED, "gained", {"2026-01-01": 7}),
    ),
    (
        *("linkedin/sample_followers_1700000000000.xls", "linkedin.followers", "linkedin"),
        *("linkedin/sample", GAINED, "gained", {"2026-02-25": 3, "2026-02-26": 3}),
    ),
    (
        *("socialblade/matrix_instagram_statistics.json", "socialblade.statistics"),
        *("instagram", "instagram/sample", TOTAL, "followers"),
        {"2026-02-26": 1003, "2026-02-27": 1000},
    ),
    (
        *("socialblade/matrix_instagram_statistics.json", "socialblade.statistics"),
        *("instagram", "instagram/sample", TOTAL, "following"),
        {"2026-02-26": 50, "2026-02-27": 50},
    ),
    (
        *("socialblade/table_scrape.json", "socialblade.table", None, None, TOTAL),
        *("followers", {"2026-02-26": 120400}),
    ),
]
_IG = "instagram/json-2023-to-2025/connections/followers_and_following"
REFUSED = [
    (f"{_IG}/recently_unfollowed_profiles.json", "owner stopped following, not followers"),
    (
        "instagram/json-2025-10-onward/connections/followers_and_following/"
        "recently_unfollowed_profiles.json",
        "never read as churn",
    ),
    (f"{_IG}/pending_follow_requests.json", "follow requests that the owner sent"),
    (f"{_IG}/recent_follow_requests.json", "follow requests that the owner sent"),
    (f"{_IG}/blocked_profiles.json", "profiles that the owner blocked"),
    ("tiktok-studio/Viewers_en.csv", "lists viewers, not followers"),
    ("youtube-studio/Table data.csv", "subscribers gained 51, subscribers lost 9"),
    ("youtube-studio/Chart data.csv", "only of the videos in the chart"),
    (
        "youtube-takeout/Takeout/YouTube and YouTube Music/subscriptions/subscriptions.csv",
        "channels that the owner follows",
    ),
]


@pytest.mark.parametrize(("name", "format", "platform", "names", "first", "last"), LISTS)
def test_follower_lists(
    tmp_path: Path,
    name: str,
    format: str,
    platform: str,
    names: tuple[str, ...],
    first: str | None,
    last: str,
) -> None:
    batch = read(sample(tmp_path, name), account="lena")

    found = only(batch)
    (one,) = batch.lists
    assert (found.format, found.platform) == (format, platform)
    assert found.account == one.account == f"{platform}/lena"
    assert (found.names, found.first, found.last) == (len(names), first, last)
    assert found.bad_rows == 0
    assert one.ids.tolist() == hashes(platform, *names)
    assert one.side == ("following" if "following" in format else "followers")


def test_the_parts_of_a_list_are_one_list(tmp_path: Path) -> None:
    export = sample(tmp_path, "instagram/json-2023-to-2025")
    batch = read(export, account="lena")

    names = ("sample.alpha", "sample_beta", "sample.gamma")
    found = by_format(batch)["instagram.follower_list"]
    assert (found.names, found.complete) == (3, True)
    assert "1 placeholder of deleted accounts left out." in found.notes
    lists = {one.side: one for one in batch.lists}
    assert lists["followers"].ids.tolist() == hashes("instagram", *names)
    assert lists["following"].ids.tolist() == hashes("instagram", "sample.alpha", "studio.one")


def test_the_list_of_2020_holds_both_sides(tmp_path: Path) -> None:
    batch = read(sample(tmp_path, "instagram/json-2020-connections/connections.json"))

    found = by_format(batch)
    assert found["instagram.follower_list"].names == 1
    assert found["instagram.follower_list"].last == "2020-01-05"
    assert found["instagram.following_list"].names == 1
    assert found["instagram.following_list"].last == "2019-03-02"


@pytest.mark.parametrize(
    ("layout", "complete"),
    [
        ("activity-until-2024/user_data.json", None),
        ("your-activity-2024-12-to-2025/user_data_tiktok.json", True),
        ("profile-and-settings-2026/user_data_tiktok.json", False),
    ],
)
def test_tiktok_layouts(tmp_path: Path, layout: str, complete: bool | None) -> None:
    batch = read(sample(tmp_path, f"tiktok-data/{layout}"), account="tiktok/lena")

    found = by_format(batch)
    fans, follows = found["tiktok.follower_list"], found["tiktok.following_list"]
    assert (fans.names, fans.first, fans.last) == (2, "2026-03-01", "2026-03-02")
    assert (follows.names, follows.last) == (1, "2026-03-02")
    assert fans.complete is complete
    lists = {one.side: one for one in batch.lists}
    assert lists["followers"].ids.tolist() == hashes("tiktok", "sample.fan1", "sample_fan2")


def test_an_empty_tiktok_list_is_null(tmp_path: Path) -> None:
    batch = read(sample(tmp_path, "tiktok-data/empty-null/user_data_tiktok.json"))

    assert {found.format: found.names for found in batch.found} == {
        "tiktok.follower_list": 0,
        "tiktok.following_list": 0,
    }


def test_the_x_archive_is_dated_by_its_manifest(tmp_path: Path) -> None:
    batch = read(sample(tmp_path, "x-archive"))

    found = by_format(batch)
    fans = found["x.follower_list"]
    assert (fans.account, fans.names, fans.last) == ("x/sample", 1, "2026-03-02")
    assert fans.complete is True
    assert found["x.following_list"].names == 0
    assert batch.lists[0].ids.tolist() == hashes("x", "1000000001")


@pytest.mark.parametrize(
    ("name", "format", "platform", "account", "basis", "metric", "expected"), SERIES
)
def test_dashboards(
    tmp_path: Path,
    name: str,
    format: str,
    platform: str | None,
    account: str | None,
    basis: str | None,
    metric: str,
    expected: dict[str, int],
) -> None:
    path = sample(tmp_path, name)

    bare = only(read(path))
    assert (bare.format, bare.platform, bare.account) == (format, platform, account)

    batch = read(path, account=f"{platform or 'instagram'}/lena")
    found = only(batch)
    assert (found.basis, found.bad_rows) == (basis, 0)
    assert found.readings == len(expected)
    assert (found.first, found.last) == (min(expected), max(expected))
    assert values(batch, metric) == expected


def test_a_tiktok_studio_zip_names_its_account(tmp_path: Path) -> None:
    batch = read(sample(tmp_path, "tiktok-studio/Followers_samplehandle.zip"))

    found = by_format(batch)
    assert found["tiktok_studio.follower_history"].account == "tiktok/samplehandle"
    assert values(batch, "followers") == {"2025-12-31": 1010, "2026-01-01": 1005}
    assert "shares of the audience" in found[None].notes[0]


@pytest.mark.parametrize(("name", "sentence"), REFUSED)
def test_decoys_are_refused_with_a_reason(tmp_path: Path, name: str, sentence: str) -> None:
    batch = read(sample(tmp_path, name), account="lena")

    found = only(batch)
    assert found.format is None
    assert sentence in found.notes[0]
    assert (batch.readings, batch.lists, batch.faults) == (None, (), ())
