"""What owners hold, as the venue sees it, and the reduce-only orders it bounds (20).

Kept of accounts below MATCHING `accounts`, and of each strategy of account 0: a manual
order may reduce what the account holds, a strategy's what the strategy holds (42). A
reduce-only order stands in its owner's list; `matching_reducing` cuts it when the
position changes, at the match, so it never flips.
"""

from typing import Any, Final

from app.engine.arena import Arena, Section
from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.conditional.state import condition
from app.engine.matching_state import STRATEGIES, match_position, matching
from app.engine.records import OrderOption

_REDUCE_ONLY: Final = int(OrderOption.REDUCE_ONLY)


@inlined
def is_reduce_only(record: Any) -> bool:
    """Whether a command or an order may only reduce a position."""
    return integer(record["options"]) & _REDUCE_ONLY != 0


@kernel
def owner_row(arena: int, instrument: int, account: int, strategy: int) -> int:
    """Index in MATCH_POSITIONS of an account, or of a strategy of account 0."""
    accounts = matching(arena)["accounts"]
    first = 1 + instrument * (accounts + STRATEGIES)
    if account == 0 and strategy:
        return first + accounts + strategy
    return first + account


@kernel
def row_of(arena: int, order: Any) -> int:
    """Index in MATCH_POSITIONS of the position that an order may reduce."""
    return owner_row(
        arena,
        integer(order["instrument"]),
        integer(order["account"]),
        integer(order["strategy"]),
    )


@kernel
def closable(arena: int, order: Any) -> int:
    """Quantity of its owner's position that an order's side reduces."""
    held = match_position(arena, row_of(arena, order))["quantity"]
    return max(-integer(order["side"]) * held, 0)


@kernel
def remember_reducing(arena: int, order: Any) -> None:
    """Put a reduce-only order, its condition made, behind others of its owner."""
    here = integer(order["condition"])
    owner, row = match_position(arena, row_of(arena, order)), condition(arena, here)
    last = integer(owner["last"])
    row["previous_own"], row["next_own"] = last, 0
    if last:
        condition(arena, last)["next_own"] = here
    else:
        owner["first"] = here
    owner["last"] = here


@kernel
def forget_reducing(arena: int, order: Any) -> None:
    """Take an order out of its owner's list, if it is reduce-only."""
    if not is_reduce_only(order):
        return
    owner = match_position(arena, row_of(arena, order))
    row = condition(arena, order["condition"])
    before, after = integer(row["previous_own"]), integer(row["next_own"])
    if before:
        condition(arena, before)["next_own"] = after
    else:
        owner["first"] = after
    if after:
        condition(arena, after)["previous_own"] = before
    else:
        owner["last"] = before


def write_position(
    arena: Arena, instrument: int, quantity: int, *, account: int = 0, strategy: int = 0
) -> None:
    """Let an owner hold a position from the start.

    Parameters
    ----------
    quantity : int
        Signed, quantity units: of the account whole, or of one strategy of account 0.
    """
    accounts = int(arena.records(Section.MATCHING)[0]["accounts"])
    offset = accounts + strategy if strategy else account
    row = 1 + instrument * (accounts + STRATEGIES) + offset
    arena.records(Section.MATCH_POSITIONS)[row]["quantity"] = quantity
