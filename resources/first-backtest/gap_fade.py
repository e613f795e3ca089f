"""Sells a gap up and buys a gap down at the open, with a target and a stop."""

from typing import Annotated

from app.strategies import Range, Strategy


class GapFade(Strategy):
    """Bets that a day's opening gap is given back; flat before the close."""

    title = "Gap Fade"

    gap_percent: Annotated[float, Range(0.1, 20)] = 0.8
    target_share: Annotated[float, Range(0.1, 1)] = 0.5
    stop_share: Annotated[float, Range(0.1, 3)] = 1.0

    def __init__(self):
        self.last_close = self.each(0.0)
        self.is_first = self.each(0.0)

    def on_session(self, ctx, session):
        self.is_first[session.instrument] = 1.0
        ctx.before_close(1, session.instrument, 5)

    def on_bar(self, ctx, bar):
        i = bar.instrument
        if self.is_first[i] == 1.0:
            self.is_first[i] = 0.0
            self.fade(ctx, i, bar.close)
        self.last_close[i] = bar.close

    def fade(self, ctx, i, price):
        before = self.last_close[i]
        if before == 0.0:
            return
        gap = price - before
        if abs(gap) < before * self.gap_percent / 100:
            return
        target = price - gap * self.target_share
        stop = price + gap * self.stop_share
        quantity = ctx.size(i)
        if gap > 0.0:
            quantity = -quantity
        ctx.bracket(i, quantity, target, stop)

    def on_timer(self, ctx, timer):
        ctx.cancel_all(timer.instrument)
        ctx.close(timer.instrument)
