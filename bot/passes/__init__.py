"""Lakes judged in two passes: summaries of all partitions, one merge, then what each says."""
