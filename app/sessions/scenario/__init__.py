"""Scenarios: a rule as a small table of events and of what must be observed after."""
