"""The report of a run: its statistics with their definitions, series, tables and flags.

`report_of` makes a `Report` of a `RunData`; `compare` puts several beside each other.
"""
