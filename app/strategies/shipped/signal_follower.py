"""Signals from outside: holds what a forecast says."""

from typing import Annotated

from app.strategies import Range, Strategy


class SignalFollower(Strategy):
    """Holds a share of its capital in the direction of the newest signal.

    The value is a forecast, such as an expected return: at `full` the whole share is
    held, for smaller ones less, and below `least` nothing. Shows on_signal; the file of
    signals is named in the request (docs/backtest.md).
    """

    title = "Signal Follower"

    full: Annotated[float, Range(1e-9, 1e9)] = 1.0
    least: Annotated[float, Range(0, 1e9)] = 0.0

    def on_signal(self, ctx, signal):
        if signal.instrument < 0:
            return
        share = max(-1.0, min(1.0, signal.value / self.full))
        if abs(signal.value) < self.least:
            share = 0.0
        ctx.target_share(signal.instrument, share)
