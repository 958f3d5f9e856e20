"""What is kept: one SQLite file, plain tables."""
