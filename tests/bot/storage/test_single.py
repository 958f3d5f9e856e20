"""Two services on one database would tell everything twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from bot.errors import StorageError
from bot.storage.single import lock_path, only_service, served

HOLD = """
import sys
from pathlib import Path
from bot.storage.single import only_service
with only_service(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_service_is_refused_with_the_first_ones_process(tmp_path: Path) -> None:
    database = tmp_path / "ebbwatch.db"
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    assert served(database)
    with pytest.raises(StorageError, match=f"process {holder.pid}"), only_service(database):
        pass
    holder.kill()
    holder.communicate()
    assert not served(database)
    with only_service(database):
        assert lock_path(database).exists()
