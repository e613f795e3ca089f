"""Pairs: trades the spread of two instruments back to its mean."""

import math
from typing import Annotated

from app.strategies import Range, Strategy, ZScore


class Pairs(Strategy):
    """Sells the dear one and buys the cheap one where their ratio is far from its mean.

    The two are the first two instruments of the session. Shows decisions on all bars of
    one time together.
    """

    title = "Pairs"

    lookback: Annotated[int, Range(2, 5000)] = 60
    entry_z_score: Annotated[float, Range(0, 100)] = 2.0
    exit_z_score: Annotated[float, Range(0, 100)] = 0.5

    def __init__(self):
        self.score = ZScore(self.lookback)
        self.last_ts = self.each(0)

    def on_bar(self, ctx, bar):
        self.last_ts[bar.instrument] = bar.ts

    def on_bars(self, ctx, update):
        if self.last_ts[0] != update.ts or self.last_ts[1] != update.ts:
            return
        ratio = math.log(ctx.price(0) / ctx.price(1))
        score = self.score.update(ratio)
        if math.isnan(score):
            return
        held = ctx.position(0)
        if held == 0.0 and abs(score) > self.entry_z_score:
            side = -1.0 if score > 0.0 else 1.0
            ctx.target(0, side * ctx.size(0))
            ctx.target(1, -side * ctx.size(1))
        elif held != 0.0 and abs(score) < self.exit_z_score:
            ctx.target(0, 0.0)
            ctx.target(1, 0.0)
