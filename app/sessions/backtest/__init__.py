"""Backtests: a request, the session that runs it, and what came of it."""
