"""Risk gate: a regression here delays every order, in every mode.

A stock with a two-sided book, a position, 200 working orders and every limit on. Timed
inside one compiled call: all checks of seeded limit orders around the touch, most of
which pass (`check_all`); resting orders through the gate with a venue that takes and
cancels each at once, reports and accounting included (`order_and_end`); and a new mark
of an instrument in which a position and orders stand (`mark`).
"""

import time
from decimal import Decimal
from typing import Any, Final

import numpy as np

from app.engine import gate
from app.engine.accounts import book_fill, set_mark
from app.engine.arena import Arena, Section
from app.engine.book import book_market, layout as book_layout, open_book
from app.engine.compile import kernel
from app.engine.instruments import load_instruments
from app.engine.limits import Limits
from app.engine.links import Link, call_link, link_entries, new_links
from app.engine.memory import address_of, record_address
from app.engine.records import (
    COMMAND,
    MARKET,
    NO_PRICE,
    QUOTE,
    REPORT,
    Action,
    EventKind,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    SafetyState,
)
from app.engine.risk import judge
from app.engine.risk_exposure import refresh_exposure
from app.engine.risk_prepare import prepare_new
from app.engine.risk_recent import note_message, note_order
from app.engine.risk_state import checks
from app.engine.state import engine, fixed_layout
from app.engine.strategy import LAYOUT as STRATEGY_LAYOUT
from app.instrument import Instrument, InstrumentKind, QuantityUnits

_COUNT: Final = 200_000
_ROUNDS: Final = 7
_SEED: Final = 11
_WORKING: Final = 200
_MID: Final = 100_00
_SECOND: Final = 1_000_000_000
_LIMITS: Final = {
    "max_order_size": 10_000,
    "max_order_value": 1_000_000,
    "max_position_size": 1_000_000,
    "max_symbol_exposure": 100_000_000,
    "max_gross_exposure": 200_000_000,
    "max_daily_loss": 1_000_000,
    "max_drawdown": 1_000_000,
    "collar": 3,
    "message_rate": 4096,
    "rate_window": Decimal("0.001"),
    "duplicate_allowed": 10,
    "duplicate_window": 1,
    "stale_guard": True,
    "stale_after": 3600,
    "session_hours": True,
}


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Time checks, orders and marks: best and median of several rounds."""
    arena, links = _session()
    commands = _commands()
    figures: dict[str, Any] = {
        "orders": _COUNT,
        "rounds": _ROUNDS,
        "seed": _SEED,
        "working_orders": _WORKING,
        "limits": len(_LIMITS),
    }
    passed = check_all(arena.address, commands)
    figures["passed_share"] = passed / _COUNT
    figures |= _timed("check_all", lambda: check_all(arena.address, commands), _COUNT)
    away = np.abs(commands["price"] - _MID) + 1
    commands["price"] = _MID - commands["side"] * away
    reports = np.zeros(1, REPORT)
    address = int(links.ctypes.data)

    def orders() -> None:
        commands["client_order_id"] += _COUNT
        order_and_end(arena.address, address, commands, reports)

    figures |= _timed("order_and_end", orders, _COUNT)
    figures |= _timed("mark", lambda: marks(arena.address, _COUNT), _COUNT)
    return figures


def _timed(name: str, work: Any, count: int) -> dict[str, float]:
    work()
    rounds = []
    for _ in range(_ROUNDS):
        start = time.perf_counter_ns()
        work()
        rounds.append((time.perf_counter_ns() - start) / count)
    return {f"ns_per_{name}": min(rounds), f"median_ns_per_{name}": _median(rounds)}


def _median(values: list[float]) -> float:
    return float(np.median(values))


@kernel
def check_all(arena: int, commands: Any) -> int:
    """Ask every check about every order; count those that pass."""
    passed = 0
    for i in range(len(commands)):
        engine(arena)[0]["now"] += 1000
        prepare_new(arena, commands[i], commands[i]["quantity"])
        if judge(arena) == Reason.NONE:
            passed += 1
            note_order(arena, checks(arena)[0])
            note_message(arena)
    return passed


@kernel
def order_and_end(arena: int, links: int, commands: Any, reports: Any) -> int:
    """Send every order through the gate and let the venue accept and cancel it."""
    report = reports[0]
    for i in range(len(commands)):
        command = commands[i]
        engine(arena)[0]["now"] += 1000
        call_link(arena, links, Link.GATE_COMMAND, record_address(command))
        report["client_order_id"] = command["client_order_id"]
        report["report"] = ReportType.NEW
        call_link(arena, links, Link.GATE_REPORT, address_of(reports, 0))
        report["report"] = ReportType.CANCELLED
        call_link(arena, links, Link.GATE_REPORT, address_of(reports, 0))
    return 0


@kernel
def marks(arena: int, count: int) -> None:
    """Value a position and its orders at marks that go up and down."""
    for i in range(count):
        set_mark(arena, 0, 2 * _MID + (i & 7))
        refresh_exposure(arena, 0)


def _session() -> tuple[Arena, Any]:
    stock = Instrument(
        name="ACME",
        kind=InstrumentKind.STOCK,
        venue="TEST",
        currency="USD",
        price_unit=Decimal("0.01"),
        order_max=QuantityUnits(1_000_000),
    )
    arena = Arena(
        fixed_layout(1) | gate.layout(1) | book_layout(1, 64, 64) | STRATEGY_LAYOUT
    )
    load_instruments(arena, [stock])
    arena.records(Section.INSTRUMENTS)[0]["book"] = open_book(arena, 0)
    gate.open_session(arena, 1_000_000 * 10**8)
    engine = arena.records(Section.ENGINE)[0]
    engine["now"] = _SECOND
    engine["safety_state"] = SafetyState.ARMED
    links = new_links()
    link_entries(links, gate.LINKS)
    _market(arena, links)
    book_fill(arena.address, 0, 0, _MID, 500, 0)
    working = _commands()[:_WORKING]
    working["client_order_id"] += 10 * _ROUNDS * _COUNT
    working["price"] = _MID - 10 - np.arange(_WORKING) // 4
    for i in range(_WORKING):
        working["side"][i] = 1
        address = int(working[i : i + 1].ctypes.data)
        gate.gate_command(arena.address, int(links.ctypes.data), address)
    Limits.parse(_LIMITS, "benchmark").apply(arena, [stock])
    return arena, links


def _market(arena: Arena, links: Any) -> None:
    """Show a book around the mid, and a last trade."""
    quote = np.zeros(1, QUOTE)
    quote["kind"], quote["flags"] = EventKind.QUOTE, RecordFlag.LAST
    quote["ts_venue"] = quote["ts_received"] = _SECOND
    quote["bid_price"], quote["ask_price"] = _MID - 1, _MID + 1
    quote["bid_size"] = quote["ask_size"] = 1000
    trade = np.zeros(1, MARKET)
    trade["kind"], trade["flags"] = EventKind.TRADE, RecordFlag.LAST
    trade["ts_venue"] = trade["ts_received"] = _SECOND
    trade["price"], trade["size"] = _MID, 1
    for record in (quote, trade):
        book_market(arena.address, 0, int(record.ctypes.data))
        gate.gate_marked(arena.address, int(links.ctypes.data), 0)


def _commands() -> Any:
    """Seeded limit orders, both sides, up to 400 ticks around the mid."""
    draw = np.random.default_rng(_SEED)
    commands = np.zeros(_COUNT, COMMAND)
    commands["kind"] = EventKind.COMMAND
    commands["action"] = Action.NEW
    commands["order_type"] = OrderType.LIMIT
    commands["side"] = draw.choice([-1, 1], _COUNT)
    commands["quantity"] = draw.integers(1, 1000, _COUNT)
    commands["price"] = _MID + draw.integers(-400, 400, _COUNT)
    commands["stop_price"] = NO_PRICE
    commands["protection_ticks"] = -1
    commands["client_order_id"] = 1 + np.arange(_COUNT)
    return commands
