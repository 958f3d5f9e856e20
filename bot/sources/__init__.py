"""Where counts come from: one file per kind, listed in `SOURCES` (bot/sources/table.py)."""
