"""The report of a run: its statistics with their definitions, series, tables and flags.

`report_of` makes a `Report` of a `RunData`; `compare` puts several beside each other.
"""

from app.analytics.report.making import compare, report_of
from app.analytics.report.records import (
    Breakdown,
    Compared,
    Drawdown,
    Flag,
    Histogram,
    Months,
    Report,
    Section,
    Series,
    Statistic,
)

__all__ = [
    "Breakdown",
    "Compared",
    "Drawdown",
    "Flag",
    "Histogram",
    "Months",
    "Report",
    "Section",
    "Series",
    "Statistic",
    "compare",
    "report_of",
]
