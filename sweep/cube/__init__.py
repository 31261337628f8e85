"""Labelled results: a plan run to a dataset, in memory or as Zarr, and what is read back from it."""
