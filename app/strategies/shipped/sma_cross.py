"""Crossing averages: follows the trend."""

from typing import Annotated

from app.strategies import SMA, Range, Strategy


class SMACross(Strategy):
    """Long while the fast average is above the slow one, short while it is below.

    Shows state besides indicators, and orders by target, reversals included.
    """

    title = "SMA Cross"

    fast: Annotated[int, Range(1, 5000)] = 10
    slow: Annotated[int, Range(2, 5000)] = 30

    def check(self):
        return "" if self.fast < self.slow else "fast must be less than slow"

    def __init__(self):
        self.fast_averages = self.each(SMA, self.fast)
        self.slow_averages = self.each(SMA, self.slow)
        self.was_above = self.each(0)

    def on_bar(self, ctx, bar):
        fast = self.fast_averages[bar.instrument].update(bar.close)
        slow = self.slow_averages[bar.instrument].update(bar.close)
        if not self.slow_averages[bar.instrument].is_ready:
            return
        is_above = 1 if fast > slow else -1
        before = self.was_above[bar.instrument]
        if is_above == before:
            return
        self.was_above[bar.instrument] = is_above
        if before == 0:
            return
        ctx.target_share(bar.instrument, is_above)
