"""Where people are: one file per platform; each SDK is imported in one file only."""
