"""A cube for other programs and for a browser, over HTTP: as a Zarr store, as pictures, read-only."""
