"""Indicators that a strategy keeps: made in `__init__`, moved with `update`.

`self.average = SMA(20)` is one for the strategy, `self.averages = self.each(SMA, 20)`
one for each instrument: `self.averages[bar.instrument].update(bar.close)`. `update`
returns the newest value, NaN until there is one; `value` (and `upper`, `line` and the
like) read it again, `is_ready` tells whether it is a number; `reset()` begins it anew,
as a day's VWAP is. What each is, and its
source, stands in `app.engine.indicators`.
"""

from collections.abc import Callable
from typing import Any, ClassVar

from app.engine.indicators.rows import KINDS, OUTPUTS, PARAMETERS, Kind
from app.errors import StrategyError


class Indicator:
    """An indicator's name and parameters; its values live in the strategy's memory."""

    kind: ClassVar[str]
    # What a handler finds here; the engine has it, an instance only says that it is.
    update: Callable[..., Any]
    reset: Callable[[], None]
    value: float
    is_ready: bool

    def __init__(self, *parameters: float) -> None:
        names = self.terms.parameters
        if len(parameters) != len(names):
            told = ", ".join(names) or "nothing"
            raise StrategyError(
                f"{type(self).__name__} takes {told}; it was given {len(parameters)}"
            )
        for name, value in zip(names, parameters, strict=True):
            if not value > 0 or (name != "width" and value != int(value)):
                raise StrategyError(
                    f"{type(self).__name__}: {name} must be a positive "
                    f"{'number' if name == 'width' else 'integer'}, was {value}"
                )
        self.parameters = parameters

    @property
    def terms(self) -> Kind:
        """What it is made of."""
        return KINDS[self.kind]

    @property
    def words(self) -> int:
        """Length of its row, float64."""
        whole = (int(value) for value in self.parameters)
        return OUTPUTS + PARAMETERS + self.terms.words(*whole)


class SMA(Indicator):
    """Simple moving average: `SMA(length)`."""

    kind = "sma"


class EMA(Indicator):
    """Exponential moving average: `EMA(length)`."""

    kind = "ema"


class RSI(Indicator):
    """Relative strength index: `RSI(length)`."""

    kind = "rsi"


class ATR(Indicator):
    """Average true range: `ATR(length)`, `update(high, low, close)`."""

    kind = "atr"


class ZScore(Indicator):
    """Deviations from the mean of a window: `ZScore(length)`."""

    kind = "z_score"


class Bollinger(Indicator):
    """Bollinger's bands: `Bollinger(length, width)`; `middle`, `upper`, `lower`."""

    kind = "bollinger"


class MACD(Indicator):
    """MACD: `MACD(fast, slow, signal)`; `line`, `signal`, `histogram`."""

    kind = "macd"


class VWAP(Indicator):
    """Volume-weighted average price: `VWAP()`, `update(price, volume)`."""

    kind = "vwap"


class Highest(Indicator):
    """Largest value of a window: `Highest(length)`."""

    kind = "highest"


class Lowest(Indicator):
    """Smallest value of a window: `Lowest(length)`."""

    kind = "lowest"


class Donchian(Indicator):
    """Donchian's channel: `Donchian(length)`, `update(high, low)`.

    `upper`, `lower`, `middle`; the bar in hand counts.
    """

    kind = "donchian"
