"""Donchian breakout: follows a price out of its range."""

import math
from typing import Annotated

from app.strategies import ATR, Highest, Lowest, Range, Strategy


class DonchianBreakout(Strategy):
    """Buys above the highest close of the window, sells below the lowest.

    Shows rolling extremes, and a stop some ranges away, sent when an entry is filled.
    """

    title = "Donchian Breakout"

    window: Annotated[int, Range(2, 5000)] = 20
    risk_window: Annotated[int, Range(2, 5000)] = 14
    stop_ranges: Annotated[float, Range(0.1, 100)] = 3.0

    def __init__(self):
        self.highest = self.each(Highest, self.window)
        self.lowest = self.each(Lowest, self.window)
        self.ranges = self.each(ATR, self.risk_window)
        self.stops = self.each(0)

    def on_bar(self, ctx, bar):
        i = bar.instrument
        high, low = self.highest[i].value, self.lowest[i].value
        self.highest[i].update(bar.close)
        self.lowest[i].update(bar.close)
        reach = self.ranges[i].update(bar.high, bar.low, bar.close)
        if math.isnan(high) or math.isnan(reach):
            return
        held = ctx.position(i)
        if bar.close > high and held <= 0.0:
            self.enter(ctx, i, 1.0)
        elif bar.close < low and held >= 0.0:
            self.enter(ctx, i, -1.0)

    def enter(self, ctx, i, side):
        ctx.cancel(self.stops[i])
        self.stops[i] = 0
        ctx.target(i, side * ctx.size(i))

    def on_fill(self, ctx, fill):
        i = fill.instrument
        held = ctx.position(i)
        if held == 0.0 or ctx.is_working(self.stops[i]):
            return
        reach = self.stop_ranges * self.ranges[i].value
        away = -reach if held > 0.0 else reach
        self.stops[i] = ctx.stop(i, -held, fill.price + away)
