"""VWAP: works a large order in step with the market's volume."""

from typing import Annotated

from app.strategies import Range, Strategy


class VWAPExecution(Strategy):
    """Buys (or sells, if negative) a quantity as a share of what the market trades.

    Berkowitz, Logue and Noser (1988), "The Total Cost of Transactions on the NYSE": the
    volume-weighted average price is the benchmark, and who trades in proportion to the
    volume has it. Orders what is behind that share after each bar or trade, at the
    market, no more often than every `every_s`. Shows execution that follows the market,
    and plots of it.
    """

    title = "VWAP"

    quantity: Annotated[float, Range(-1e9, 1e9)] = 1000.0
    participation: Annotated[float, Range(1e-6, 1)] = 0.05
    every_s: Annotated[float, Range(0, 1e6)] = 60.0

    def __init__(self):
        self.volume = 0.0
        self.value = 0.0
        self.sent_at = 0

    def on_bar(self, ctx, bar):
        typical = (bar.high + bar.low + bar.close) / 3.0
        self.note(ctx, bar.instrument, bar.volume, typical)

    def on_trade(self, ctx, trade):
        self.note(ctx, trade.instrument, trade.size, trade.price)

    def note(self, ctx, i, size, price):
        self.volume += size
        self.value += size * price
        if self.volume <= 0.0 or ctx.now - self.sent_at < self.every_s * 1e9:
            return
        self.sent_at = ctx.now
        due = min(abs(self.quantity), self.volume * self.participation)
        ctx.target(i, due if self.quantity > 0.0 else -due)
        ctx.plot("VWAP", self.value / self.volume)
        ctx.plot("our price", ctx.average_price(i))
