"""What a strategy's handler is given: events in currency prices and instrument units.

A handler never sees the engine's integers (SEMANTICS 58): a price is its count of price
units times the unit, divided once, so it is the float nearest to the decimal number. An
instrument is its number in the session; a time is ns since 1970 UTC.
"""

from typing import Any, Final, NamedTuple

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.memory import view
from app.engine.records import BAR, MARKET, NO_PRICE, QUOTE, REPORT
from app.engine.state import instruments
from app.session_rows import SessionFlag

_REGULAR_BEGINS: Final = int(SessionFlag.REGULAR_BEGINS)
_REGULAR_ENDS: Final = int(SessionFlag.REGULAR_ENDS)


class Bar(NamedTuple):
    """One bar; `ts` is its close. Prices in currency, volume in instrument units."""

    instrument: int
    ts: int
    open: float
    high: float
    low: float
    close: float
    volume: float
    trades: int


class Quote(NamedTuple):
    """Best bid and ask; a side that is empty has price NaN and size 0."""

    instrument: int
    ts: int
    bid: float
    bid_size: float
    ask: float
    ask_size: float


class Trade(NamedTuple):
    """A trade; `side` is the aggressor's: +1 buyer, -1 seller, 0 unknown."""

    instrument: int
    ts: int
    price: float
    size: float
    side: int


class Update(NamedTuple):
    """An instrument's book has changed, or all its bars of a time are there."""

    instrument: int
    ts: int


class Timer(NamedTuple):
    """A timer that was set with `ctx.set_timer`."""

    number: int
    ts: int
    instrument: int


class Session(NamedTuple):
    """An instrument's session changed; `state` is a `SessionState`.

    `opens` and `closes` say whether regular hours begin or end; `trade_date` is days
    since 1970.
    """

    instrument: int
    ts: int
    state: int
    opens: bool
    closes: bool
    trade_date: int


class Signal(NamedTuple):
    """A number from outside, of kind `number`."""

    instrument: int
    ts: int
    number: int
    value: float


class OrderEvent(NamedTuple):
    """What happened to an order of the strategy: `report` is a `ReportType`.

    `price` and `quantity` are those of a fill, NaN and 0 for other reports.
    """

    order: int
    instrument: int
    ts: int
    report: int
    status: int
    reason: int
    side: int
    price: float
    quantity: float
    filled: float
    leaves: float


@kernel
def price_of(arena: int, instrument: int, price: int) -> float:
    """Price in currency; NaN for NO_PRICE."""
    if price == NO_PRICE:
        return float("nan")
    row = instruments(arena)[instrument]
    return float(price * row["price_numerator"]) / float(row["price_denominator"])


@kernel
def quantity_of(arena: int, instrument: int, quantity: int) -> float:
    """Quantity in shares, contracts or coins."""
    row = instruments(arena)[instrument]
    return float(quantity * row["unit_numerator"]) / float(row["unit_denominator"])


@kernel
def read_bar(arena: int, address: int) -> Any:
    """The BAR at an address."""
    row = view(address, 1, BAR)[0]
    instrument, opened = integer(row["instrument"]), integer(row["open"])
    return Bar(
        instrument,
        integer(row["ts_venue"]),
        price_of(arena, instrument, opened),
        price_of(arena, instrument, opened + row["high_offset"]),
        price_of(arena, instrument, opened + row["low_offset"]),
        price_of(arena, instrument, opened + row["close_offset"]),
        quantity_of(arena, instrument, integer(row["volume"])),
        integer(row["trades"]),
    )


@kernel
def read_quote(arena: int, address: int) -> Any:
    """The QUOTE at an address."""
    row = view(address, 1, QUOTE)[0]
    instrument = integer(row["instrument"])
    return Quote(
        instrument,
        integer(row["ts_received"]),
        price_of(arena, instrument, integer(row["bid_price"])),
        quantity_of(arena, instrument, integer(row["bid_size"])),
        price_of(arena, instrument, integer(row["ask_price"])),
        quantity_of(arena, instrument, integer(row["ask_size"])),
    )


@kernel
def read_trade(arena: int, address: int) -> Any:
    """The TRADE or ORDER_EXECUTE at an address."""
    row = view(address, 1, MARKET)[0]
    instrument = integer(row["instrument"])
    return Trade(
        instrument,
        integer(row["ts_received"]),
        price_of(arena, instrument, integer(row["price"])),
        quantity_of(arena, instrument, integer(row["size"])),
        integer(row["aggressor"]),
    )


@kernel
def read_update(arena: int, address: int) -> Any:
    """Whom the record at an address is about, and when it came."""
    row = view(address, 1, MARKET)[0]
    return Update(integer(row["instrument"]), integer(row["ts_received"]))


@kernel
def read_timer(arena: int, address: int) -> Any:
    """The timer at an address."""
    row = view(address, 1, MARKET)[0]
    ts, instrument = integer(row["ts_received"]), integer(row["instrument"])
    return Timer(integer(row["reference"]), ts, instrument)


@kernel
def read_session(arena: int, address: int) -> Any:
    """The SESSION record at an address."""
    row = view(address, 1, MARKET)[0]
    ts, instrument = integer(row["ts_received"]), integer(row["instrument"])
    flags = integer(row["reference"])
    return Session(
        instrument,
        ts,
        integer(row["count"]),
        flags & _REGULAR_BEGINS != 0,
        flags & _REGULAR_ENDS != 0,
        integer(row["size"]),
    )


@kernel
def read_signal(arena: int, address: int) -> Any:
    """The SIGNAL at an address; its value is `price` millionths."""
    row = view(address, 1, MARKET)[0]
    ts, instrument = integer(row["ts_received"]), integer(row["instrument"])
    value = float(row["price"]) / 1_000_000.0
    return Signal(instrument, ts, integer(row["reference"]), value)


@kernel
def read_report(arena: int, address: int) -> Any:
    """The REPORT at an address."""
    row = view(address, 1, REPORT)[0]
    instrument = integer(row["instrument"])
    return OrderEvent(
        integer(row["client_order_id"]),
        instrument,
        integer(row["ts_received"]),
        integer(row["report"]),
        integer(row["status"]),
        integer(row["reason"]),
        integer(row["side"]),
        price_of(arena, instrument, integer(row["last_price"])),
        quantity_of(arena, instrument, integer(row["last_quantity"])),
        quantity_of(arena, instrument, integer(row["filled"])),
        quantity_of(arena, instrument, integer(row["leaves"])),
    )
