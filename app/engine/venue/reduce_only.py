"""Reduce-only orders: capped by the position at the match (SEMANTICS 20, 42).

The gate cuts such orders too, but learns of a fill only when its report has arrived.
The position here is the gate's and the fills on their way to it: the strategy's own for
a strategy's order, the account's for a manual one. An order's leaves are cut to it at
arrival and after every fill, and never grow back; cut to zero the order is cancelled.
"""

from app.engine.accounts import account_row, position_row
from app.engine.arena import USED, Section, section_words
from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.conditional.groups import awaits_entry, note_resize
from app.engine.conditional.state import Step, Wait, condition, is_exit_role
from app.engine.records import OrderOption, Reason, ReportType
from app.engine.state import positions
from app.engine.venue.levels import our_best
from app.engine.venue.reports import end, fall_asleep, tell
from app.engine.venue.state import (
    Message,
    Stage,
    pending,
    venue_instruments,
    venue_levels,
    venue_orders,
)


@kernel
def on_their_way(arena: int, instrument: int, strategy: int) -> int:
    """Signed quantity of fills not yet delivered; strategy 0 = all of the account."""
    total = 0
    for waiting in range(1, section_words(arena, Section.PENDING)[USED]):
        record = pending(arena)[waiting]
        report = record["report"]
        if record["message"] != Message.REPORT or report["report"] != ReportType.FILL:
            continue
        ours = strategy == 0 or report["strategy"] == strategy
        if ours and report["instrument"] == instrument:
            total += report["side"] * report["last_quantity"]
    return total


@kernel
def is_reduce_only(arena: int, index: int) -> bool:
    """Whether an order may only reduce."""
    return venue_orders(arena)[index]["options"] & OrderOption.REDUCE_ONLY != 0


@kernel
def closable(arena: int, index: int) -> int:
    """Quantity of the position that an order's side reduces, at the venue's instant."""
    order = venue_orders(arena)[index]
    instrument, strategy = order["instrument"], order["strategy"]
    row = account_row(arena, instrument)
    if strategy:
        row = position_row(arena, instrument, strategy)
    held = positions(arena)[row]["quantity"]
    held += on_their_way(arena, instrument, strategy)
    return max(-order["side"] * held, 0)


@kernel
def allowed(arena: int, index: int, quantity: int) -> int:
    """Part of a fill that an order may have."""
    mine = venue_orders(arena)[index]["condition"]
    if mine:
        row = condition(arena, mine)
        if (row["lined_up"] >> Step.CANCEL) & 1:
            return 0
        if is_exit_role(integer(row["role"])):
            # A fill of another of its group in this instant has left it so much.
            quantity = min(quantity, row["leaves"])
    if is_reduce_only(arena, index):
        return min(quantity, closable(arena, index))
    return quantity


@kernel
def cut(arena: int, links: int, index: int) -> None:
    """Cut a working order's leaves to the position, and report it."""
    order = venue_orders(arena)[index]
    room = closable(arena, index)
    if room >= order["leaves"]:
        return
    mine = order["condition"]
    if room == 0 and not (mine and awaits_entry(arena, mine)):
        end(arena, links, index, ReportType.CANCELLED, Reason.NOT_REDUCING)
        return
    order["quantity"], order["leaves"] = order["filled"] + room, room
    if mine:
        note_resize(arena, mine, room)
        row = condition(arena, mine)
        row["hidden"] = max(min(row["hidden"], room - row["display"]), 0)
        if room == 0:
            fall_asleep(arena, index)
    tell(arena, links, index, ReportType.REPLACED, Reason.NOT_REDUCING)


@kernel
def _too_large_at(arena: int, level: int) -> int:
    """A reduce-only order at a level that the position no longer covers; 0 = none."""
    index = venue_levels(arena)[level]["first"] if level else 0
    while index:
        order = venue_orders(arena)[index]
        if is_reduce_only(arena, index) and closable(arena, index) < order["leaves"]:
            return index
        index = order["next"]
    return 0


@kernel
def _first_too_large(arena: int, instrument: int) -> int:
    """A resting reduce-only order that the position no longer covers; 0 if none is."""
    for side in (1, -1):
        level = our_best(arena, instrument, side)
        while level:
            index = _too_large_at(arena, level)
            if index:
                return index
            level = venue_levels(arena)[level]["worse"]
    index = _too_large_at(arena, venue_instruments(arena)[instrument]["waiting"])
    return index or _first_waiting_too_large(arena, instrument)


@kernel
def _first_waiting_too_large(arena: int, instrument: int) -> int:
    """A reduce-only order that waits and is too large; a bracket's exit sleeps well."""
    for mine in range(1, section_words(arena, Section.CONDITIONS)[USED]):
        row = condition(arena, mine)
        if row["number"] == 0 or row["instrument"] != instrument:
            continue
        index = integer(row["order"])
        order = venue_orders(arena)[index]
        waits = order["stage"] == Stage.WAITING and row["wait"] != Wait.ENTRY
        bound = waits and is_reduce_only(arena, index)
        if bound and closable(arena, index) < order["leaves"]:
            return index
    return 0


@kernel
def cut_all(arena: int, links: int, instrument: int) -> None:
    """Cut every resting reduce-only order of an instrument to the position."""
    index = _first_too_large(arena, instrument)
    while index:
        cut(arena, links, index)
        index = _first_too_large(arena, instrument)
