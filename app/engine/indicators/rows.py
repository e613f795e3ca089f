"""Indicators as rows of float64: how a strategy keeps one, and moves it by a value.

A row is its newest outputs (`OUTPUTS` words), its parameters (`PARAMETERS` words), and
the state of the indicator's own kernels behind them. `KINDS` has each: what it is made
of, its size, and the names of its `open` and `update` functions here.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from app.engine.compile import kernel
from app.engine.indicators.averages import (
    HEADER,
    MACD_SIZE,
    average_open,
    ema_step,
    macd_open as begin_macd,
    macd_step,
    sma_step,
)
from app.engine.indicators.deviation import bollinger_step, z_score_step
from app.engine.indicators.extremes import donchian_step, extreme_open, extreme_step
from app.engine.indicators.market import VWAP_SIZE, vwap_open as begin_vwap, vwap_step
from app.engine.indicators.strength import (
    ATR_SIZE,
    RSI_SIZE,
    atr_open as begin_atr,
    atr_step,
    rsi_open as begin_rsi,
    rsi_step,
)

OUTPUTS: Final = 3
PARAMETERS: Final = 3
_GIVEN: Final = OUTPUTS
_STATE: Final = OUTPUTS + PARAMETERS


@dataclass(frozen=True)
class Kind:
    """What an indicator is made of.

    Attributes
    ----------
    parameters : tuple of str
        Names, in order.
    words : callable
        Words of its state, by its parameters.
    outputs : tuple of str
        Names of what it tells, the first also as `value`.
    inputs : tuple of str
        What `update` takes.
    """

    parameters: tuple[str, ...]
    words: Callable[..., int]
    outputs: tuple[str, ...] = ("value",)
    inputs: tuple[str, ...] = ("value",)


def _window(length: int) -> int:
    return HEADER + length


def _extremes(length: int) -> int:
    return HEADER + 2 * length


KINDS: Final[Mapping[str, Kind]] = {
    "sma": Kind(("length",), _window),
    "ema": Kind(("length",), lambda _length: HEADER),
    "rsi": Kind(("length",), lambda _length: RSI_SIZE),
    "atr": Kind(("length",), lambda _length: ATR_SIZE, inputs=("high", "low", "close")),
    "z_score": Kind(("length",), _window),
    "bollinger": Kind(
        ("length", "width"),
        lambda length, _width: HEADER + length,
        outputs=("middle", "upper", "lower"),
    ),
    "macd": Kind(
        ("fast", "slow", "signal"),
        lambda *_given: MACD_SIZE,
        outputs=("line", "signal", "histogram"),
    ),
    "vwap": Kind((), lambda: VWAP_SIZE, inputs=("price", "volume")),
    "highest": Kind(("length",), _extremes),
    "lowest": Kind(("length",), _extremes),
    "donchian": Kind(
        ("length",),
        lambda length: 2 * _extremes(length),
        outputs=("upper", "lower", "middle"),
        inputs=("high", "low"),
    ),
}


@kernel
def _begin(row: Any) -> Any:
    """Forget the outputs; the state behind them."""
    for i in range(OUTPUTS):
        row[i] = math.nan
    return row[_STATE:]


@kernel
def _tell(row: Any, values: Any) -> Any:
    for i in range(OUTPUTS):
        row[i] = values[i]
    return values


@kernel
def _tell_one(row: Any, value: float) -> float:
    row[0] = value
    return value


@kernel
def sma_open(row: Any) -> None:
    """Begin a simple moving average."""
    average_open(_begin(row), int(row[_GIVEN]))


@kernel
def sma_update(row: Any, value: float) -> float:
    """Move it by a value; the average, NaN until it is full."""
    return _tell_one(row, sma_step(row[_STATE:], value))


ema_open = sma_open


@kernel
def ema_update(row: Any, value: float) -> float:
    """Move it by a value; the average, NaN until it has its length."""
    return _tell_one(row, ema_step(row[_STATE:], value))


@kernel
def rsi_open(row: Any) -> None:
    """Begin a relative strength index."""
    begin_rsi(_begin(row), int(row[_GIVEN]))


@kernel
def rsi_update(row: Any, value: float) -> float:
    """Move it by a value; 0 to 100."""
    return _tell_one(row, rsi_step(row[_STATE:], value))


@kernel
def atr_open(row: Any) -> None:
    """Begin an average true range."""
    begin_atr(_begin(row), int(row[_GIVEN]))


@kernel
def atr_update(row: Any, high: float, low: float, close: float) -> float:
    """Move it by a bar."""
    return _tell_one(row, atr_step(row[_STATE:], high, low, close))


z_score_open = sma_open


@kernel
def z_score_update(row: Any, value: float) -> float:
    """Move it by a value; deviations that it lies from the window's mean."""
    return _tell_one(row, z_score_step(row[_STATE:], value))


bollinger_open = sma_open


@kernel
def bollinger_update(row: Any, value: float) -> Any:
    """Move them by a value; middle, upper and lower band."""
    return _tell(row, bollinger_step(row[_STATE:], value, row[_GIVEN + 1]))


@kernel
def macd_open(row: Any) -> None:
    """Begin a MACD."""
    fast, slow = int(row[_GIVEN]), int(row[_GIVEN + 1])
    begin_macd(_begin(row), fast, slow, int(row[_GIVEN + 2]))


@kernel
def macd_update(row: Any, value: float) -> Any:
    """Move it by a value; line, signal and histogram."""
    return _tell(row, macd_step(row[_STATE:], value))


@kernel
def vwap_open(row: Any) -> None:
    """Begin a volume-weighted average price."""
    begin_vwap(_begin(row))


@kernel
def vwap_update(row: Any, price: float, volume: float) -> float:
    """Move it by a trade."""
    return _tell_one(row, vwap_step(row[_STATE:], price * volume, volume))


@kernel
def highest_open(row: Any) -> None:
    """Begin a rolling extreme."""
    extreme_open(_begin(row), int(row[_GIVEN]))


@kernel
def highest_update(row: Any, value: float) -> float:
    """Move it by a value; the largest of the window."""
    return _tell_one(row, extreme_step(row[_STATE:], value, 1))


lowest_open = highest_open


@kernel
def lowest_update(row: Any, value: float) -> float:
    """Move it by a value; the smallest of the window."""
    return _tell_one(row, extreme_step(row[_STATE:], value, -1))


@kernel
def donchian_open(row: Any) -> None:
    """Begin Donchian's channel: the extremes of the highs, then those of the lows."""
    state, length = _begin(row), int(row[_GIVEN])
    own = HEADER + 2 * length
    extreme_open(state[:own], length)
    extreme_open(state[own:], length)


@kernel
def donchian_update(row: Any, high: float, low: float) -> Any:
    """Move it by a bar; upper, lower and middle."""
    own = HEADER + 2 * int(row[_GIVEN])
    return _tell(
        row, donchian_step(row[_STATE : _STATE + own], row[_STATE + own :], high, low)
    )
