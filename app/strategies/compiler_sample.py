"""A strategy that nobody runs: a compiler that stays compiles it to have all loaded."""

from app.strategies import SMA, Strategy


class Sample(Strategy):
    """Uses what most strategies use."""

    lookback: int = 20
    limit: float = 2.0

    def __init__(self):
        self.averages = self.each(SMA, self.lookback)
        self.due = 0
        self.total = 0.0

    def on_bar(self, ctx, bar):
        average = self.averages[bar.instrument].update(bar.close)
        held = ctx.position(bar.instrument)
        self.total += bar.volume / 2
        if held == 0.0 and abs(average - bar.close) < self.limit:
            ctx.market(bar.instrument, 1.0)
        elif average > bar.close:
            ctx.target(bar.instrument, -ctx.size(bar.instrument))
        else:
            ctx.close(bar.instrument)

    def on_timer(self, ctx, timer):
        step = self.lookback * 1_000_000
        self.due = (timer.ts // step + 1) * step
        ctx.set_timer(1, self.due)
        ctx.quote(0, ctx.bid(0) - 1.0, ctx.ask(0) + 1.0, 1.0)
