"""The figures of a report in words: money, fractions, counts, times."""

import math
from typing import Final

from app.analytics.report.records import Format, Statistic
from app.ui import formatting
from app.ui.formatting import DASH, MINUS
from app.ui.theme import Theme

_NEVER_BELOW: Final = frozenset(
    {
        *("final_equity", "fill_ratio", "filled_orders", "win_rate"),
        *("positive_days", "positive_months", "volatility", "downside_deviation"),
        *("ulcer_index", "exposure_time", "average_exposure", "maker_share"),
    }
)
"""Figures that have no sign, so that a colour would tell nothing."""
_LARGE: Final = 1e5
_SECOND: Final = 1_000_000_000


def money(value: float) -> str:
    """An amount with cents, without them where it is large; NaN is a dash."""
    if not math.isfinite(value):
        return DASH
    places = 0 if abs(value) >= _LARGE else 2
    return f"{value:,.{places}f}".replace("-", MINUS)


def round_money(value: float) -> str:
    """An amount for an axis or a crosshair."""
    if not math.isfinite(value):
        return DASH
    places = 0 if abs(value) >= 100 or value == round(value) else 2
    return f"{value:,.{places}f}".replace("-", MINUS)


def percent(value: float) -> str:
    """A fraction in per cent, two places; NaN is a dash."""
    if not math.isfinite(value):
        return DASH
    return f"{value * 100:,.2f} %".replace("-", MINUS)


def signed_percent(value: float) -> str:
    """A fraction in per cent, with its sign."""
    return formatting.percent_change(value)


def ratio(value: float) -> str:
    """A plain number."""
    if not math.isfinite(value):
        return DASH
    return f"{value:,.2f}".replace("-", MINUS)


def held(seconds: float) -> str:
    """How long something lasted: ``42 s``, ``3.5 h``, ``12 d``."""
    if not math.isfinite(seconds) or seconds < 0:
        return DASH
    if seconds < 1:
        return formatting.duration(seconds * _SECOND)
    for size, unit in ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"), (1.0, "s")):
        if seconds >= size:
            part = seconds / size
            return f"{part:,.1f} {unit}" if part < 100 else f"{part:,.0f} {unit}"
    return DASH


def told(value: float | str, kind: Format) -> str:
    """A statistic's value in words."""
    if isinstance(value, str):
        return value or DASH
    if not math.isfinite(value):
        return DASH
    if kind == "money":
        return money(value)
    if kind == "percent":
        return percent(value)
    if kind == "count":
        return formatting.count(round(value))
    if kind == "days":
        return f"{value:,.1f} d" if value < 100 else f"{value:,.0f} d"
    if kind == "seconds":
        return held(value)
    if kind == "bps":
        return f"{value * 1e4:,.2f} bp".replace("-", MINUS)
    if kind == "date":
        return formatting.day(round(value))
    return ratio(value)


def colour(each: Statistic, theme: Theme) -> str:
    """Colour of a statistic: of a gain or a loss where its sign says which."""
    if each.key in _NEVER_BELOW:
        return theme.text
    is_signed = each.better != 0 and each.format in ("money", "percent", "bps")
    if not is_signed or isinstance(each.value, str) or not math.isfinite(each.value):
        return theme.text
    return theme.change(each.value * each.better) if each.value else theme.text


def tip(each: Statistic) -> str:
    """What a statistic is, and who says so."""
    return f"{each.definition} ({each.source})" if each.source else each.definition
