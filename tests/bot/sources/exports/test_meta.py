"""Meta Business Suite: the title says what is counted, and missing days are zeros or not."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bot.sources.exports.samples import only, read, values, written

DAYS = '"Date","Primary"\n"2026-05-25T00:00:00","41"\n"2026-05-27T00:00:00","12"\n\n'


def _file(title: str, body: str = DAYS) -> bytes:
    return b"\xff\xfe" + f'sep=,\n"{title}"\n{body}'.encode("utf-16-le")


@pytest.mark.parametrize(
    ("title", "platform"),
    [
        ("Instagram follows", "instagram"),
        ("Facebook follows", "facebook"),
        ("Follows", "facebook"),
        ("Seguidores no Instagram", "instagram"),
        ("Instagram-Follower", "instagram"),
        ("Abonnés Instagram", "instagram"),
        ("Follower su Instagram", "instagram"),
    ],
)
def test_the_title_names_the_platform(tmp_path: Path, title: str, platform: str) -> None:
    found = only(read(written(tmp_path / "Follows.csv", _file(title)), account="lena"))

    assert (found.format, found.account) == ("meta.follows", f"{platform}/lena")


@pytest.mark.parametrize(
    "title",
    [
        *("Facebook reach", "Instagram reach", "Facebook views", "Facebook visits", "Visits"),
        *("Instagram interactions", "Facebook link clicks", "Alcance do Instagram"),
        *("Instagram unfollows", "Instagram-Reichweite", "Visitas al perfil de Instagram"),
    ],
)
def test_siblings_of_the_same_shape_are_refused_by_title(tmp_path: Path, title: str) -> None:
    batch = read(written(tmp_path / "Follows.csv", _file(title)), account="lena")

    found = only(batch)
    assert (found.format, batch.readings) == (None, None)
    assert f'counts "{title}", not follows' in found.notes[0]
    assert "export Follows.csv" in found.notes[0]


def test_instagram_leaves_out_days_of_zero(tmp_path: Path) -> None:
    batch = read(written(tmp_path / "a.csv", _file("Instagram follows")), account="lena")

    assert values(batch, "gained") == {"2026-05-25": 41, "2026-05-26": 0, "2026-05-27": 12}
    assert "1 day left out by the file had 0 new follows." in only(batch).notes


def test_facebook_writes_its_zeros_so_a_missing_day_is_missing(tmp_path: Path) -> None:
    batch = read(written(tmp_path / "a.csv", _file("Facebook follows")), account="lena")

    assert values(batch, "gained") == {"2026-05-25": 41, "2026-05-27": 12}


def test_an_unreadable_day_is_no_zero(tmp_path: Path) -> None:
    """Excel turned 3.4 into a date."""
    body = "Date,Primary\n2026-05-25,1\n2026-05-26,3.яну\n2026-05-29,2\n"
    batch = read(written(tmp_path / "a.csv", _file("Instagram follows", body)), account="lena")

    assert values(batch, "gained") == {"2026-05-25": 1, "2026-05-29": 2}
    found = only(batch)
    assert found.bad_rows == 1
    assert "row 5, column Primary" in batch.faults[0].text
    assert any("stay unknown" in note for note in found.notes)


def test_there_is_neither_a_total_nor_a_loss(tmp_path: Path) -> None:
    batch = read(written(tmp_path / "a.csv", _file("Instagram follows")), account="lena")

    assert batch.readings is not None
    assert batch.readings.columns == ["account", "at", "gained"]
    assert "never churn" in only(batch).notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "Facebook follows;\nDate;Primary\n2025-10-31T00:00:00;7\n",
        "Facebook follows\tx\nDate\tPrimary\n2025-10-31T00:00:00\t7\n".replace("\tx", ""),
        'Facebook follows\r\n"Date","Primary"\r\n"2025-10-31T01:00:00","7"\r\n',
        "sep=;\nFacebook follows\nDate;Primary\n2025-10-31T00:00:00;7\n",
    ],
)
def test_saved_again_by_a_spreadsheet(tmp_path: Path, text: str) -> None:
    batch = read(written(tmp_path / "a.csv", text), account="lena")

    assert values(batch, "gained") == {"2025-10-31": 7}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_every_unicode_encoding(tmp_path: Path, encoding: str) -> None:
    data = f"Seguidores no Instagram\n{DAYS}".encode(encoding)
    if encoding == "utf-16-be":
        data = b"\xfe\xff" + data
    batch = read(written(tmp_path / "Seguidores.csv", data), account="lena")

    assert only(batch).readings == 3


def test_without_its_title_the_file_says_nothing(tmp_path: Path) -> None:
    found = only(read(written(tmp_path / "Follows.csv", DAYS), account="instagram/lena"))

    assert found.format is None
    assert "title line" in found.notes[0]


def test_follows_per_post_are_refused(tmp_path: Path) -> None:
    text = 'Post ID,Publish time,Date,Reach,Follows\n1,"x",Lifetime,10,1\n'
    found = only(read(written(tmp_path / "Mar-18-2025_Apr-14-2025_1.csv", text)))

    assert found.format is None
    assert "posts with their follows" in found.notes[0]


def test_a_file_without_days_is_an_error(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", _file("Instagram follows", '"Date","Primary"\n'))
    batch = read(path, account="lena")

    assert only(batch).format is None
    assert "no row with a date" in batch.faults[0].text
