"""Benchmarks: one file per hot path, run by `ringside bench`.

Each module has ``run(settings) -> dict``: figures with their units in the name, and the
inputs beside them. What a figure is compared with stands in docs/performance.md; only
ratios of one run mean anything on another machine.
"""
