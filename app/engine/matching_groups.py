"""What a fill means beyond its two orders: groups, positions (SEMANTICS 20, 28, 29).

Cancels and new sizes that a group asks for are performed after every single match, so
that in one sweep nobody is filled beyond what the group has left; all else that was
lined up waits until the command in hand is done (matching_steps).
"""

from typing import Any

from app.engine.bits import integer
from app.engine.compile import rare
from app.engine.conditional.groups import awaits_entry, note_fill
from app.engine.conditional.state import Step, Wait, condition, order_of
from app.engine.conditional.steps import has_steps, next_change
from app.engine.matching_orders import (
    complete,
    end_with,
    filled_of,
    head_filled,
    open_of,
    price_of,
    set_open,
    to_entry,
)
from app.engine.matching_output import report_working
from app.engine.matching_positions import closable, is_reduce_only
from app.engine.matching_reducing import note_position
from app.engine.matching_state import match_order, matching
from app.engine.rare import out_of_line
from app.engine.records import ReportType


@rare
def cancel_member(arena: int, here: int, reason: int) -> None:
    """End an order for its group; an exit that closed all there was is FILLED."""
    out_of_line()
    index = order_of(arena, here)
    sleeps = condition(arena, here)["wait"] == Wait.ENTRY
    if sleeps and filled_of(arena, match_order(arena, index)) > 0:
        complete(arena, index, reason)
        return
    end_with(arena, index, integer(ReportType.CANCELLED), reason)


@rare
def resize_member(arena: int, here: int, reason: int) -> None:
    """Make what is open of an order what its condition says."""
    out_of_line()
    index, row = order_of(arena, here), condition(arena, here)
    order = match_order(arena, index)
    left = integer(row["leaves"])
    if is_reduce_only(order) and row["wait"] != Wait.ENTRY:
        left = min(left, closable(arena, order))
    if row["wait"] == Wait.ENTRY or left == open_of(arena, order):
        return
    if left == 0 and not awaits_entry(arena, here):
        cancel_member(arena, here, reason)
        return
    price = price_of(arena, order)
    set_open(arena, index, left)
    if left == 0:
        to_entry(arena, index, price)
    kind = integer(ReportType.REPLACED)
    report_working(arena, order, kind, reason, price)


@rare
def perform_changes(arena: int) -> None:
    """Perform the cancels and new sizes that are lined up."""
    out_of_line()
    while has_steps(arena):
        step, here, reason = next_change(arena)
        if step == Step.NONE:
            return
        if step == Step.CANCEL:
            cancel_member(arena, here, reason)
        else:
            resize_member(arena, here, reason)


@rare
def note_own_fill(arena: int, order: Any, quantity: int) -> None:
    """Let a fill act on its order's group."""
    out_of_line()
    if order["condition"]:
        note_fill(arena, integer(order["condition"]), quantity)


@rare
def note_own_position(arena: int, order: Any, quantity: int) -> None:
    """Let a fill act on its owner's position."""
    out_of_line()
    if order["account"] < matching(arena)["accounts"]:
        note_position(
            arena,
            integer(order["instrument"]),
            integer(order["account"]),
            integer(order["strategy"]),
            integer(order["side"]) * quantity,
        )


@rare
def after_match(
    arena: int, index: int, maker_index: int, level_index: int, quantity: int
) -> None:
    """Settle a match, already told, of which one side is more than a plain order.

    The maker, at the head of its level, has lost `quantity` of its leaves and may end.
    """
    out_of_line()
    order, maker = match_order(arena, index), match_order(arena, maker_index)
    note_own_fill(arena, maker, quantity)
    note_own_fill(arena, order, quantity)
    instrument, account = integer(maker["instrument"]), integer(maker["account"])
    strategy, side = integer(maker["strategy"]), integer(maker["side"])
    head_filled(arena, maker_index, level_index, quantity)
    if account < matching(arena)["accounts"]:
        change = side * quantity
        note_position(arena, instrument, account, strategy, change)
    note_own_position(arena, order, quantity)
    perform_changes(arena)
