"""Cancelling many orders at once, and telling how far a kill is."""

from typing import Final

from app.engine.accounts import account_row
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.gate_orders import next_working, request_cancel, still_working
from app.engine.gate_reports import blank_report, send
from app.engine.records import OrderStatus, Reason, ReportType
from app.engine.risk_state import is_exit, risk
from app.engine.state import engine, orders, positions

ANY: Final = -1
"""Stands for every instrument, or every strategy."""


@kernel
def _is_meant(arena: int, index: int, side: int, strategy: int, exits: int) -> bool:
    """Tell whether an order is among those to cancel and not asked for yet."""
    order = orders(arena)[index]
    if order["status"] == OrderStatus.PENDING_CANCEL:
        return False
    if side and order["side"] != side:
        return False
    if strategy != ANY and order["strategy"] != strategy:
        return False
    return exits != 0 or not is_exit(integer(order["role"]), integer(order["options"]))


@kernel
def _cancel_in(
    arena: int, links: int, instrument: int, meant: tuple[int, int, int], reason: int
) -> None:
    side, strategy, exits = meant
    index = next_working(arena, instrument, 0)
    while index:
        following = next_working(arena, instrument, index)
        if _is_meant(arena, index, side, strategy, exits):
            first_time = orders(arena)[index]["end_reason"] != Reason.KILLED
            if reason == Reason.KILLED and first_time:
                risk(arena)[0]["kill_left"] += 1
            request_cancel(arena, links, index, reason)
        index = still_working(arena, instrument, following)


@kernel
def cancel_many(
    arena: int, links: int, instrument: int, meant: tuple[int, int, int], reason: int
) -> None:
    """Cancel the working orders of an instrument, or of all (`ANY`).

    Parameters
    ----------
    meant : (int, int, int)
        Side, 0 = both; strategy, `ANY` = all; 1 for exits as well.
    reason : int
        Reason of their ends; NONE for a user's cancel.
    """
    if instrument != ANY:
        _cancel_in(arena, links, instrument, meant, reason)
        return
    for each in range(engine(arena)[0]["instruments"]):
        _cancel_in(arena, links, each, meant, reason)


@kernel
def tell_kill(arena: int, links: int) -> None:
    """Report how far KILL is: orders still to cancel, instruments still held."""
    held = 0
    for instrument in range(engine(arena)[0]["instruments"]):
        held += positions(arena)[account_row(arena, instrument)]["quantity"] != 0
    report = blank_report(arena, integer(ReportType.KILL), integer(ANY))
    report["reason"] = Reason.KILLED
    report["leaves"] = risk(arena)[0]["kill_left"]
    report["filled"] = held
    report["quantity"] = risk(arena)[0]["flatten"]
    send(arena, links)
