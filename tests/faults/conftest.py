"""What all schedules together went through, told at the end of a run."""

from __future__ import annotations

from collections import Counter

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    counts: Counter[str] = Counter()
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            counts.update({name: n for name, n in report.user_properties if name.count(":")})
    if counts:
        terminalreporter.section("what was gone through")
        for name in sorted(counts):
            terminalreporter.write_line(f"{name} {counts[name]:,}")
