"""Exports that people download from platforms: one file per family, listed in `families.py`."""
