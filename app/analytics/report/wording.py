"""Figures of a report as text, for pages, files and the command line."""

import math

import numpy as np

from app.analytics.report.records import Statistic

NONE = "–"


def told(each: Statistic) -> str:
    """A statistic's value as text."""
    return told_value(each.value, each.format)


def told_value(value: float | str, form: str) -> str:
    """A value as text; what is not defined is a dash."""
    if isinstance(value, str):
        return value
    if not math.isfinite(value):
        return NONE
    if form == "seconds":
        return told_seconds(value)
    forms = {
        "money": f"{value:,.2f}",
        "percent": f"{value:.2%}",
        "ratio": f"{value:,.2f}",
        "count": f"{value:,.0f}",
        "days": f"{value:,.0f} d",
        "bps": f"{value * 1e4:,.2f} bp",
        "date": told_time(int(value)),
    }
    return signed(forms.get(form, str(value)))


def signed(text: str) -> str:
    """A figure with a minus as it is printed; a zero has none."""
    is_zero = not any(each in "123456789" for each in text)
    return text.replace("-", "" if is_zero else "−")


def told_seconds(value: float) -> str:
    """A length of time in its fitting unit."""
    if not math.isfinite(value):
        return NONE
    for least, unit in ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s")):
        if abs(value) >= least:
            return f"{value / least:,.1f} {unit}"
    return "0" if value == 0 else f"{value * 1000:,.3f} ms"


def told_time(ts: int, *, is_day: bool = False) -> str:
    """A time in UTC to the second, or its day; a dash is never."""
    if not ts:
        return NONE
    return str(
        np.datetime64(ts, "ns").astype("datetime64[D]" if is_day else "datetime64[s]")
    ).replace("T", " ")
