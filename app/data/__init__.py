"""Market data at rest: the instrument master, importers and the catalog."""
