"""Parquet files of many accounts, read where they lie: only what is asked for comes over."""
