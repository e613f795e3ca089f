"""The instruments of a scenario, as the engine's own."""

from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from fractions import Fraction
from typing import Any, Final

from app.instrument import (
    Fees,
    Instrument,
    InstrumentKind,
    Margin,
    PriceUnits,
    QuantityUnits,
    TickBand,
    exact,
)
from app.sessions.scenario.hours import hours_of

_LEAST_BOUND: Final = 1 << 20
_ROOM: Final = Fraction(5, 4)
MONEY_UNIT: Final = Fraction(1, 100_000_000)
"""Of the engine's money amounts, currency."""


def build_instrument(
    name: str, source: Mapping[str, Any], fees: Mapping[str, Any], most: int
) -> Instrument:
    """Make an instrument of a scenario's table and of its fee model.

    Parameters
    ----------
    most : int
        Largest |price| that the scenario names, price units: the bound of prices is set
        by it, so that quantities have room up to the engine's bound of the product.

    Raises
    ------
    InstrumentError
        If it breaks a rule of instruments.
    """
    bands = source.get("price_bands")
    least = source.get("min_value")
    rows = source.get("tick_table") or [{"from": None, "step": 1}]
    kind = InstrumentKind.named(source["kind"])
    terms = hours_of(source, kind)
    return Instrument(
        name=name,
        kind=kind,
        venue=source.get("venue", "SCENARIO"),
        currency=source["currency"],
        price_unit=exact(source["price_unit"]),
        quantity_unit=exact(source.get("quantity_unit", 1)),
        multiplier=exact(source.get("multiplier", 1)),
        tick_table=tuple(_band(row) for row in rows),
        order_step=QuantityUnits(source.get("order_step", 1)),
        order_min=QuantityUnits(max(1, source.get("order_min", 1))),
        order_max=source.get("order_max"),
        min_value=None if least is None else exact(least),
        price_bands=None
        if bands is None
        else (PriceUnits(bands[0]), PriceUnits(bands[1])),
        max_price=PriceUnits(max(_LEAST_BOUND, int(_ROOM * most))),
        calendar=terms.calendar,
        time_zone=terms.zone,
        regular_hours=terms.regular,
        extended_hours=terms.extended,
        expiry=_day(source.get("expiry")),
        first_notice=_day(source.get("first_notice")),
        fees=_fees(fees),
        shortable=source.get("shortable", True),
        located=source.get("located"),
        borrow_rate=exact(source.get("borrow_rate", 0)),
        settle_days=source.get("settle_days"),
        margin=_margin(source.get("margin", {})),
    )


def _day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text[:10])


def _band(row: Mapping[str, Any]) -> TickBand:
    start = row["from"]
    return TickBand(None if start is None else PriceUnits(start), row["step"])


def _margin(source: Mapping[str, Any]) -> Margin:
    short = source.get("short")
    return Margin(
        initial=exact(source.get("initial", 1)),
        maintenance=exact(source.get("maintenance", 1)),
        per_contract=source.get("per_contract", False),
        short=None if short is None else exact(short),
    )


def _fees(source: Mapping[str, Any]) -> Fees:
    def amount(*names: str) -> Decimal:
        given = (source[name] for name in names if source.get(name) is not None)
        return exact(next(given, 0))

    maximum = source.get("max", source.get("maximum"))
    share = source.get("max_percent")
    return Fees(
        maker=amount("maker"),
        taker=amount("taker"),
        per_unit=amount("per_unit"),
        per_order=amount("per_order"),
        minimum=amount("min", "minimum"),
        maximum=None if maximum is None else exact(maximum),
        maximum_share=None if share is None else exact(share) / 100,
    )


def currency(amount: int) -> Fraction:
    """Turn the engine's money into currency, exactly."""
    return amount * MONEY_UNIT


def money(value: Any) -> int:
    """Count a money amount of a scenario in the engine's unit, to the nearest."""
    return round(Fraction(str(value)) / MONEY_UNIT)
