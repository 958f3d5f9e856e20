"""Where work on many partitions is done: processes of this machine, or a Dask cluster."""
