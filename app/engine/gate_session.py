"""What the calendar brings to the gate: trade dates, and the end of contracts (8, 13).

The account's daily figures, and with them the daily loss limit, restart with the trade
date of the calendar that governs the session: the first instrument's that has one.

A contract ends with its last trading day: its orders are cancelled, new ones refused,
and what is held closes at the mark, for each strategy by itself, without fees, as a
fill that is flagged. A mark that comes late, or a late fill, is settled when it comes.
"""

from typing import Any, Final

import numpy as np

from app.engine.accounts import (
    account_row,
    book_fill,
    position_row,
    start_account_day,
)
from app.engine.bits import integer, lowest_bit
from app.engine.compile import kernel
from app.engine.gate_cancel import ANY, cancel_many
from app.engine.gate_reports import blank_report, forget_findings, send
from app.engine.gate_safety import watch_losses
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    OrderStatus,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
)
from app.engine.risk_exposure import refresh_exposure
from app.engine.schedule import schedules, session_flags
from app.engine.state import engine, instruments, positions
from app.session_rows import SessionFlag

_NEAR_NS: Final = 5 * 86_400_000_000_000
"""So long before first notice and the end of trading each trade date warns of it."""


@kernel
def session_changed(arena: int, links: int, instrument: int) -> None:
    """Follow a change of an instrument's session; called at the session's begin too."""
    flags = session_flags(arena, instrument)
    calendar = instruments(arena)[instrument]["calendar"]
    if flags & SessionFlag.DAY_BEGINS and schedules(arena)[calendar]["governs"]:
        start_account_day(arena)
    if flags == 0 or flags & SessionFlag.DAY_BEGINS:
        _warn(arena, links, instrument)
    end_contract(arena, links, instrument)


@kernel
def _warn(arena: int, links: int, instrument: int) -> None:
    """Tell of first notice and of the end of trading while they are near."""
    record, now = instruments(arena)[instrument], engine(arena)[0]["now"]
    last, notice = record["last_trading"], record["first_notice"]
    if last and now >= last:
        return
    if notice and notice - now <= _NEAR_NS:
        _tell_near(arena, links, instrument, integer(Reason.FIRST_NOTICE), notice)
    if last and last - now <= _NEAR_NS:
        _tell_near(arena, links, instrument, integer(Reason.LAST_TRADING), last)


@kernel
def _tell_near(arena: int, links: int, instrument: int, reason: int, ts: int) -> None:
    report = blank_report(arena, integer(ReportType.LOG), instrument)
    report["reason"] = reason
    report["quantity"] = ts
    send(arena, links)


@kernel
def end_contract(arena: int, links: int, instrument: int) -> None:
    """Once trading is over, end what works and settle what is held."""
    last = instruments(arena)[instrument]["last_trading"]
    if last == 0 or engine(arena)[0]["now"] < last:
        return
    meant = (integer(0), integer(ANY), integer(1))
    cancel_many(arena, links, instrument, meant, integer(Reason.NOT_TRADING))
    doubled = positions(arena)[account_row(arena, instrument)]["mark_doubled"]
    left = np.uint64(positions(arena)[account_row(arena, instrument)]["holders"])
    if doubled == NO_PRICE or left == np.uint64(0):
        return
    half = doubled >> 1
    price = half + (doubled & half & 1)  # half-even where the mark is a mid
    while left != np.uint64(0):
        strategy = lowest_bit(left)
        left &= left - np.uint64(1)
        _settle(arena, links, instrument, strategy, price)
    refresh_exposure(arena, instrument)
    forget_findings(arena)
    watch_losses(arena, links)


@kernel
def _settle(arena: int, links: int, instrument: int, strategy: int, price: int) -> None:
    """Close one holder's position at a price."""
    held = positions(arena)[position_row(arena, instrument, strategy)]["quantity"]
    book_fill(arena, instrument, strategy, price, -held, integer(0))
    session = engine(arena)[0]
    session["next_engine_order_id"] += 1
    report = blank_report(arena, integer(ReportType.FILL), instrument)
    _describe(report, held, price)
    report["client_order_id"] = session["next_engine_order_id"]
    report["strategy"] = strategy
    send(arena, links)


@kernel
def _describe(report: Any, held: int, price: int) -> None:
    """Say of a settlement what a fill says."""
    report["flags"] = RecordFlag.SETTLEMENT
    report["status"] = OrderStatus.FILLED
    report["reason"] = Reason.SETTLED
    report["side"] = SELL if held > 0 else BUY
    report["order_type"] = OrderType.MARKET
    report["quantity"] = abs(held)
    report["filled"] = abs(held)
    report["last_quantity"] = abs(held)
    report["last_price"] = price
