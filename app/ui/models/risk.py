"""Limits as the risk panel shows them: value, use, and the way from text to units."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final

from app.engine.records import MONEY_SCALE, Reason, RiskLimit
from app.errors import ConfigError, InstrumentError
from app.instrument import exact
from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.market import Listed
from app.ui.models.order_text import limit_text

SHOWN: Final = (
    RiskLimit.MAX_POSITION_SIZE,
    RiskLimit.MAX_ORDER_SIZE,
    RiskLimit.MAX_ORDER_VALUE,
    RiskLimit.MAX_SYMBOL_EXPOSURE,
    RiskLimit.MAX_GROSS_EXPOSURE,
    RiskLimit.MAX_DAILY_LOSS,
    RiskLimit.MAX_DRAWDOWN,
    RiskLimit.COLLAR,
    RiskLimit.MESSAGE_RATE,
)
RULES: Final = (
    RiskLimit.RATE_WINDOW,
    RiskLimit.DUPLICATE_ALLOWED,
    RiskLimit.DUPLICATE_WINDOW,
    RiskLimit.STALE_GUARD,
    RiskLimit.STALE_AFTER,
    RiskLimit.SESSION_HOURS,
    RiskLimit.MARGIN,
    RiskLimit.CASH_ACCOUNT,
)
"""What says how limits are applied, and what else is asked of an order."""
GAUGED: Final = frozenset(
    (
        RiskLimit.MAX_POSITION_SIZE,
        RiskLimit.MAX_SYMBOL_EXPOSURE,
        RiskLimit.MAX_GROSS_EXPOSURE,
        RiskLimit.MAX_DAILY_LOSS,
        RiskLimit.MAX_DRAWDOWN,
        RiskLimit.MESSAGE_RATE,
    )
)
"""Limits that something stands at; the others judge one order each."""
OF_INSTRUMENT: Final = frozenset(
    (RiskLimit.MAX_POSITION_SIZE, RiskLimit.MAX_ORDER_SIZE)
)
"""Limits that count an instrument's quantities: each instrument has its own."""
_SCALES: Final = {"money": MONEY_SCALE, "parts": 10_000, "count": 1, "time": 10**9}
_UNITS: Final = {"time": " in seconds", "parts": " in per cent", "flag": ": yes or no"}
_FLAGS: Final = {"yes": "1", "on": "1", "no": "0", "off": "0"}
_NO_SWITCH: Final = RiskLimit.DUPLICATE_ALLOWED  # none allowed is a rule, too


@dataclass(frozen=True, slots=True)
class LimitRow:
    """A limit in text; `part` is its used part, None where nothing is used.

    `short` is the text in few figures, for where there is no room.
    """

    limit: RiskLimit
    text: str
    part: float | None
    short: str = ""


def limit_row(desk: Desk, limit: RiskLimit, instrument: int) -> LimitRow:
    """Describe a limit as it stands now, for an instrument of the session."""
    view, listed = desk.market.view, desk.listed(instrument)
    if view is None:
        return LimitRow(limit, formatting.DASH, None)
    value, used = _standing(desk, limit, instrument)
    if value == 0 and limit != _NO_SWITCH:
        return LimitRow(limit, "off", None)
    allowed = limit_text(limit, value, listed, desk.currency)
    if limit in OF_INSTRUMENT and listed is not None:
        allowed += f" {listed.instrument.name}"
    if limit not in GAUGED:
        return LimitRow(limit, allowed, None)
    stands = limit_text(limit, used, listed, "")
    scale = _SCALES.get(formatting.limit_kind(limit), 1)
    few = [formatting.short_number(each / scale) for each in (used, value)]
    is_money = formatting.limit_kind(limit) == "money"
    return LimitRow(
        limit,
        f"{stands.strip()} of {allowed}",
        used / value,
        f"{few[0]} of {few[1]} {desk.currency}" if is_money else "",
    )


def limit_input(desk: Desk, limit: RiskLimit, instrument: int) -> str:
    """A limit's value as text to edit: a plain number in its own unit."""
    view, listed = desk.market.view, desk.listed(instrument)
    if view is None:
        return ""
    value, _ = _standing(desk, limit, instrument)
    if formatting.limit_kind(limit) == "time":
        return f"{value / _SCALES['time']:g}"
    text = limit_text(limit, value, listed, "")
    return formatting.plain(text.strip().removesuffix(" %"))


def limit_question(limit: RiskLimit, listed: Listed | None) -> str:
    """What is asked for when a limit is changed: its name, its unit, what 0 means."""
    name, kind = formatting.limit_name(limit), formatting.limit_kind(limit)
    off = "" if kind == "flag" or limit == _NO_SWITCH else " (0 = off)"
    if listed is not None and limit in OF_INSTRUMENT:
        name += f" of {listed.instrument.name}"
    return name + _UNITS.get(kind, "") + off


def _standing(desk: Desk, limit: RiskLimit, instrument: int) -> tuple[int, int]:
    """Return a limit and what stands at it, for an instrument where it has its own."""
    view, part = desk.market.view, desk.market.instrument(instrument)
    assert view is not None
    if limit not in OF_INSTRUMENT or part is None:
        return int(view["limits"][limit]), int(view["used"][limit])
    has_row = bool(part["limits"].any())
    value = int((part if has_row else view)["limits"][limit])
    return value, abs(int(part["position"]))


def limit_value(text: str, limit: RiskLimit, listed: Listed | None) -> int:
    """Read what a user typed for a limit.

    Raises
    ------
    ConfigError
        If it is no number of its kind; the message says what is needed.
    """
    name = formatting.limit_name(limit)
    try:
        kind, words = formatting.limit_kind(limit), text.replace(",", "").strip()
        if kind == "flag":
            words = _FLAGS.get(words.lower(), "")
            if not words:
                raise ConfigError(f"{name}: yes or no is needed, was {text!r}")
        number = exact(words or "x")
        if kind == "quantity" and listed is not None:
            value = int(listed.instrument.quantity_units(number))
        else:
            scaled = number * Decimal(_SCALES.get(kind, 1))
            if scaled != int(scaled):
                raise ConfigError(f"{name} cannot be that fine, was {text!r}")
            value = int(scaled)
    except InstrumentError as error:
        raise ConfigError(f"{name}: {error}") from None
    if not 0 <= value < 2**62:
        raise ConfigError(f"{name} must not be negative or beyond 2**62, was {text!r}")
    return value


def reject_rows(desk: Desk) -> list[tuple[str, int]]:
    """Reasons for which orders were refused, and how often, most frequent first."""
    view = desk.market.view
    if view is None:
        return []
    counts = view["reject_counts"]
    rows = [
        (formatting.words(reason.name), int(counts[reason]))
        for reason in Reason
        if reason < len(counts) and counts[reason]
    ]
    return sorted(rows, key=lambda row: -row[1])
