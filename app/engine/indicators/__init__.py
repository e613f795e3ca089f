"""Incremental indicators: one compiled step a value, for strategies and for charts.

An indicator is a float64 array, its *state*, and two kernels: `…_open(state, …)` sets
it up, `…_step(state, …)` takes the next value and returns the indicator, NaN until it
has seen enough. How long the state must be stands beside the step. Nothing is
allocated, nothing reads a clock; equal values give equal bits. `series` runs them over
bars for charts.
"""
