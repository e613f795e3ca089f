"""TWAP: works a large order in equal slices of time."""

from typing import Annotated

from app.strategies import Range, Strategy


class TWAP(Strategy):
    """Buys (or sells, if negative) a quantity in equal slices, evenly in time.

    Berkowitz, Logue and Noser (1988), "The Total Cost of Transactions on the NYSE",
    for the benchmark. Shows timers and orders without looking at the market.
    """

    title = "TWAP"

    quantity: Annotated[float, Range(-1e9, 1e9)] = 1000.0
    slices: Annotated[int, Range(1, 100_000)] = 10
    every_s: Annotated[float, Range(0.001, 1e6)] = 60.0

    def __init__(self):
        self.sent = 0
        self.instrument = 0

    def on_start(self, ctx):
        ctx.set_timer(1, ctx.now + int(self.every_s * 1e9))

    def on_timer(self, ctx, timer):
        self.sent += 1
        wanted = self.quantity * self.sent / self.slices
        ctx.target(self.instrument, wanted)
        if self.sent < self.slices:
            ctx.set_timer(1, timer.ts + int(self.every_s * 1e9))
