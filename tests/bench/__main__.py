"""`make bench`: every speed and size that is promised, each in a process of its own."""

import subprocess
import sys

RUNS = (
    ("tests.bench.store", "import"),
    ("tests.bench.store", "review"),
    ("tests.bench.parts", "newday"),
    ("tests.bench.parts", "first"),
    ("tests.bench.parts", "purge"),
    ("tests.bench.exports",),
    ("tests.bench.program", "check"),
    ("tests.bench.program", "startup"),
    ("tests.bench.program", "memory"),
    ("tests.bench.acknowledge",),
    ("tests.bench.page",),
)

if __name__ == "__main__":
    sys.exit(max(subprocess.call([sys.executable, "-m", *run]) for run in RUNS))
