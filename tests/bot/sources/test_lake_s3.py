"""A lake in an object store: a real S3 server on loopback, credentials from the variables."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.errors import SourceUnavailable
from bot.passes.judge import Lakes
from bot.passes.panels import Look
from bot.sources.lake.files import files_at, opened
from checks.rules import rules_for
from tests.bench.world import NEWEST
from tests.lakes import InlineEngine, by_account, lake, world, write

pafs = pytest.importorskip("pyarrow.fs")
server = pytest.importorskip("moto.server")


@pytest.fixture(scope="module")
def s3() -> Iterator[None]:
    running = server.ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    running.start()
    host, port = running.get_host_and_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AWS_ENDPOINT_URL", f"http://{host}:{port}")
        patch.setenv("AWS_ACCESS_KEY_ID", "lake")
        patch.setenv("AWS_SECRET_ACCESS_KEY", "s3cret-of-the-team")
        patch.setenv("AWS_REGION", "eu-central-1")
        yield
    running.stop()


def put(folder: Path, uri: str) -> None:
    """As a writer with the right to make buckets would."""
    system, place = opened(uri)
    bucket = place.partition("/")[0]
    pafs.S3FileSystem(
        endpoint_override=os.environ["AWS_ENDPOINT_URL"],
        region="eu-central-1",
        allow_bucket_creation=True,
    ).create_dir(bucket)
    pafs.copy_files(str(folder), place, destination_filesystem=system)


def judged(path: Path | str, **keys: object) -> list[object]:
    lakes = Lakes(settings=[lake(path)], root=".", engine=InlineEngine(), **keys)  # type: ignore[arg-type]
    found = lakes.judged(Look(now=NEWEST, rules=rules_for("balanced")))
    return sorted(repr(one) for _, each in found.said for one in each.verdicts)


def test_a_bucket_says_what_the_same_files_on_a_disk_say(s3: None, tmp_path: Path) -> None:
    put(by_account(world(4), tmp_path), "s3://accounts/counts")
    expected = judged(tmp_path)
    assert judged("s3://accounts/counts/", size=2000) == expected != []
    assert judged("s3://accounts/*/part-*.parquet") == expected


def test_what_is_not_sorted_is_spread_within_the_store(s3: None, tmp_path: Path) -> None:
    mixed = world(4, accounts=30).sample(fraction=1, shuffle=True, seed=1)
    for number, part in enumerate(mixed.iter_slices(1000)):
        write(part, tmp_path / f"{number}.parquet")
    put(tmp_path, "s3://mixed/counts")
    expected = judged(tmp_path)
    found = judged("s3://mixed/counts", size=1500, scratch="s3://mixed/scratch")
    assert found == expected != []
    system, _ = opened("s3://mixed/")
    assert system.get_file_info(pafs.FileSelector("mixed/scratch", recursive=True)) == []


def test_a_store_without_the_bucket_is_told(s3: None) -> None:
    with pytest.raises(SourceUnavailable, match="nowhere"):
        files_at("s3://nowhere/counts/", ".")
