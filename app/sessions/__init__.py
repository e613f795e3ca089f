"""Sessions: each composes a feed, the engine, a venue and the log."""
