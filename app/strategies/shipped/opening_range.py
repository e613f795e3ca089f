"""Opening range: trades the way out of the first minutes' range."""

import math
from typing import Annotated

from app.strategies import Range, Strategy


class OpeningRange(Strategy):
    """Buys above the range of the day's first minutes, or sells below it, once a day.

    Crabel (1990), "Day Trading with Short Term Price Patterns and Opening Range
    Breakout". A bracket rests on each side, of which the first fill cancels the other:
    a stop at the range's other end and a target of `reward` times the range close it,
    and what is left is closed before the market does, earlier on half days. For bars of
    minutes. Shows session events, timers before the close, and brackets in an OCO.
    """

    title = "Opening Range Breakout"

    minutes: Annotated[int, Range(1, 600)] = 30
    reward: Annotated[float, Range(0.1, 100)] = 2.0
    flat_minutes: Annotated[float, Range(0, 600)] = 10.0
    share: Annotated[float, Range(0, 1)] = 1.0

    def __init__(self):
        self.highs = self.each(0.0)
        self.lows = self.each(0.0)
        self.ends = self.each(0)
        self.is_done = self.each(True)

    def on_session(self, ctx, session):
        i = session.instrument
        if not session.opens:
            return
        self.highs[i] = -math.inf
        self.lows[i] = math.inf
        self.ends[i] = session.ts + self.minutes * 60_000_000_000
        self.is_done[i] = False
        ctx.before_close(1, i, self.flat_minutes)

    def on_bar(self, ctx, bar):
        i = bar.instrument
        if self.is_done[i]:
            return
        if bar.ts <= self.ends[i]:
            self.highs[i] = max(self.highs[i], bar.high)
            self.lows[i] = min(self.lows[i], bar.low)
        if bar.ts < self.ends[i]:
            return
        self.is_done[i] = True
        high, low = self.highs[i], self.lows[i]
        if high > low:
            quantity = ctx.size(i) * self.share
            reach = self.reward * (high - low)
            ctx.oco(
                ctx.stop_bracket(i, quantity, high, high + reach, low),
                ctx.stop_bracket(i, -quantity, low, low - reach, high),
            )

    def on_timer(self, ctx, timer):
        self.is_done[timer.instrument] = True
        ctx.cancel_all(timer.instrument)
        ctx.close(timer.instrument)
