"""Follower counts judged: what is unusual about an account, how sure that is, and why.

Pure: arrays in, decisions out; no clock, no files, no network.
"""

from checks.judge import judge
from checks.panel.build import Readings, build_panel
from checks.panel.panel import Panel
from checks.replay import incidents_of, replay
from checks.rules import rules_for

__all__ = ["Panel", "Readings", "build_panel", "incidents_of", "judge", "replay", "rules_for"]
