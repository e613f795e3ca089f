"""Who aggressed, where the feed does not say (SEMANTICS 31).

At the ask or above it was a buyer, at the bid or below a seller; inside the spread the
tick rule decides: above the last different price a buyer, below it a seller. With no
earlier different price nobody is known.

Lee and Ready (1991), "Inferring trade direction from intraday data", Journal of Finance
46(2), section I, with the quote of the same instant.
"""

from app.engine.bits import integer
from app.engine.book_levels import best_price
from app.engine.book_state import books
from app.engine.compile import kernel
from app.engine.records import BUY, NO_PRICE, SELL


@kernel
def by_tick_rule(arena: int, book: int, price: int) -> int:
    """Side of the aggressor by the last different price; 0 = unknown."""
    record = books(arena)[book]
    last = record["last_price"]
    if last == NO_PRICE:
        return 0
    if price == last:
        return record["tick_direction"]
    return BUY if price > last else SELL


@kernel
def inferred_aggressor(arena: int, book: int, price: int) -> int:
    """Side of the aggressor by the quote before the trade; 0 = unknown."""
    bid = best_price(arena, book, integer(BUY))
    ask = best_price(arena, book, integer(SELL))
    at_ask = ask != NO_PRICE and price >= ask
    at_bid = bid != NO_PRICE and price <= bid
    if at_ask == at_bid:
        # Inside the spread, or a locked or crossed quote, which tells nothing.
        return by_tick_rule(arena, book, price)
    return BUY if at_ask else SELL
