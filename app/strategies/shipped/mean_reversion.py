"""Mean reversion: trades against moves away from a moving average."""

from typing import Annotated

from app.strategies import Range, Strategy, ZScore


class MeanReversion(Strategy):
    """Buys what has fallen far below its average and sells what has risen far above.

    Shows indicators for each instrument, the default size, and orders by target.
    """

    title = "Mean Reversion Strategy"

    lookback: Annotated[int, Range(2, 5000)] = 20
    entry_z_score: Annotated[float, Range(0, 100)] = 2.0
    exit_z_score: Annotated[float, Range(0, 100)] = 0.5

    def __init__(self):
        self.scores = self.each(ZScore, self.lookback)

    def on_bar(self, ctx, bar):
        score = self.scores[bar.instrument].update(bar.close)
        held = ctx.position(bar.instrument)
        if held == 0.0:
            if score < -self.entry_z_score:
                ctx.target(bar.instrument, ctx.size(bar.instrument))
            elif score > self.entry_z_score:
                ctx.target(bar.instrument, -ctx.size(bar.instrument))
        elif abs(score) < self.exit_z_score:
            ctx.target(bar.instrument, 0.0)
