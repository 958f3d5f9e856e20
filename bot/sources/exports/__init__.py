"""Exports that people download from platforms: one file per format, listed in `formats.py`."""
