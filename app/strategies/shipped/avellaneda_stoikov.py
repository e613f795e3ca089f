"""Avellaneda and Stoikov's market maker."""

import math
from typing import Annotated

from app.strategies import Range, Strategy


class AvellanedaStoikov(Strategy):
    """Quotes around a price that leans away from the inventory.

    Avellaneda and Stoikov (2008), "High-frequency trading in a limit order book",
    equations 3.17 and 3.18 with the time left held constant. Prices move by
    `volatility` a square root of a second (estimated from the mid, exponentially);
    `intensity` says how fast fills thin out away from the mid. Shows quotes that keep
    their place in the queue.
    """

    title = "Avellaneda-Stoikov Market Maker"

    risk_aversion: Annotated[float, Range(1e-9, 1e3)] = 0.1
    intensity: Annotated[float, Range(1e-6, 1e6)] = 50.0
    horizon_s: Annotated[float, Range(0.001, 1e6)] = 60.0
    quantity: Annotated[float, Range(0, 1e9)] = 100.0
    most_held: Annotated[float, Range(0, 1e12)] = 1000.0
    every_ms: Annotated[int, Range(0, 1_000_000)] = 100

    def __init__(self):
        self.mids = self.each(0.0)
        self.variances = self.each(0.0)
        self.times = self.each(0)

    def on_book(self, ctx, update):
        i = update.instrument
        elapsed = update.ts - self.times[i]
        if elapsed < self.every_ms * 1_000_000:
            return
        bid, ask = ctx.bid(i), ctx.ask(i)
        if math.isnan(bid) or math.isnan(ask):
            ctx.quote(i, bid * math.nan, ask * math.nan, self.quantity)
            return
        mid = (bid + ask) / 2.0
        if self.times[i] > 0:
            seconds = elapsed / 1e9
            moved = (mid - self.mids[i]) ** 2.0 / seconds
            share = 1.0 - math.exp(-seconds / self.horizon_s)
            self.variances[i] += share * (moved - self.variances[i])
        self.mids[i] = mid
        self.times[i] = update.ts
        self.make_quotes(ctx, i, mid)

    def make_quotes(self, ctx, i, mid):
        lots = ctx.position(i) / self.quantity
        risk = self.risk_aversion * self.variances[i] * self.horizon_s
        middle = mid - lots * risk
        half = risk / 2.0
        half += math.log(1.0 + self.risk_aversion / self.intensity) / self.risk_aversion
        bid, ask = middle - half, middle + half
        ctx.plot("middle less mid", middle - mid)
        ctx.plot("half spread", half)
        ctx.plot("position", ctx.position(i))
        if ctx.position(i) >= self.most_held:
            bid = math.nan
        if ctx.position(i) <= -self.most_held:
            ask = math.nan
        best_bid, best_ask = ctx.bid(i), ctx.ask(i)
        if bid >= best_ask:
            bid = best_bid
        if ask <= best_bid:
            ask = best_ask
        ctx.quote(i, bid, ask, self.quantity)
