"""Book imbalance: leans with the heavier side of the book."""

import math
from typing import Annotated

from app.strategies import EMA, Range, Strategy


class BookImbalance(Strategy):
    """Holds the side whose size at the touch outweighs the other's.

    Cont, Kukanov and Stoikov (2014), "The Price Impact of Order Book Events". Shows a
    handler for each event of the book, and an indicator fed by sizes.
    """

    title = "Book Imbalance"

    length: Annotated[int, Range(1, 1_000_000)] = 50
    enter_above: Annotated[float, Range(0, 1)] = 0.6
    leave_below: Annotated[float, Range(0, 1)] = 0.1
    quantity: Annotated[float, Range(0, 1e9)] = 100.0

    def __init__(self):
        self.imbalances = self.each(EMA, self.length)

    def on_book(self, ctx, update):
        i = update.instrument
        bid, ask = ctx.bid_size(i), ctx.ask_size(i)
        if bid + ask <= 0.0:
            return
        lean = self.imbalances[i].update((bid - ask) / (bid + ask))
        if math.isnan(lean):
            return
        held = ctx.position(i)
        if lean > self.enter_above and held <= 0.0:
            ctx.target(i, self.quantity)
        elif lean < -self.enter_above and held >= 0.0:
            ctx.target(i, -self.quantity)
        elif abs(lean) < self.leave_below and held != 0.0:
            ctx.target(i, 0.0)
