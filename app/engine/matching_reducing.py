"""Changes of a position, and what they cut: reduce-only orders never flip it (20)."""

from app.engine.bits import integer
from app.engine.compile import rare
from app.engine.conditional.groups import note_resize
from app.engine.conditional.state import condition, order_of
from app.engine.conditional.steps import is_to_change
from app.engine.matching_orders import end_with, open_of, price_of, set_open
from app.engine.matching_output import report_working
from app.engine.matching_positions import closable, owner_row
from app.engine.matching_state import match_order, match_position, matching
from app.engine.rare import out_of_line
from app.engine.records import Reason, ReportType


@rare
def cut(arena: int, index: int) -> bool:
    """Cut what is open of a reduce-only order to the position; False if it ended."""
    out_of_line()
    order = match_order(arena, index)
    left = open_of(arena, order)
    room = closable(arena, order)
    if left <= room:
        return True
    reason = integer(Reason.NOT_REDUCING)
    if room == 0:
        end_with(arena, index, integer(ReportType.CANCELLED), reason)
        return False
    set_open(arena, index, room)
    note_resize(arena, integer(order["condition"]), room)
    kind = integer(ReportType.REPLACED)
    report_working(arena, order, kind, reason, price_of(arena, order))
    return True


@rare
def _move_position(arena: int, row: int, change: int) -> None:
    out_of_line()
    owner = match_position(arena, row)
    owner["quantity"] += change
    here = integer(owner["first"])
    while here:
        following = integer(condition(arena, here)["next_own"])
        # What its group has lined up comes next, and says why (matching_groups).
        if not is_to_change(arena, here):
            cut(arena, order_of(arena, here))
        here = following


@rare
def note_position(
    arena: int, instrument: int, account: int, strategy: int, change: int
) -> None:
    """Let a fill move its owner's position, and cut what it bounds; `change` signed."""
    out_of_line()
    if account >= matching(arena)["accounts"]:
        return
    zero = integer(0)
    if strategy and account == 0:
        row = owner_row(arena, instrument, account, strategy)
        _move_position(arena, row, change)
    _move_position(arena, owner_row(arena, instrument, account, zero), change)
