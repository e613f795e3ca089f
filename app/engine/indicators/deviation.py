"""Deviation from an average: Bollinger's bands and the z-score.

Variance is summed around the mean over the window each time: exact, and cheap for the
windows people use; running sums of squares cancel to nonsense on prices.
"""

import math
from typing import Any

from app.engine.compile import kernel
from app.engine.indicators.averages import HEADER, LENGTH, sma_step


@kernel
def _deviation(state: Any, mean: float) -> float:
    """Population standard deviation of the window of a simple average.

    Summed in four parts, which do not wait for each other: a third of the time.
    """
    length = int(state[LENGTH])
    first = second = third = fourth = 0.0
    whole = length - length % 4
    for i in range(HEADER, HEADER + whole, 4):
        first += (state[i] - mean) * (state[i] - mean)
        second += (state[i + 1] - mean) * (state[i + 1] - mean)
        third += (state[i + 2] - mean) * (state[i + 2] - mean)
        fourth += (state[i + 3] - mean) * (state[i + 3] - mean)
    for i in range(HEADER + whole, HEADER + length):
        first += (state[i] - mean) * (state[i] - mean)
    return math.sqrt((first + second + (third + fourth)) / length)


@kernel
def bollinger_step(state: Any, value: float, width: float) -> Any:
    """Bollinger's bands: middle, upper, lower.

    `state` is a simple average's (`average_open`); `width` in population standard
    deviations. Bollinger (2001), "Bollinger on Bollinger Bands".
    """
    mean = sma_step(state, value)
    if math.isnan(mean):
        return math.nan, math.nan, math.nan
    reach = width * _deviation(state, mean)
    return mean, mean + reach, mean - reach


@kernel
def z_score_step(state: Any, value: float) -> float:
    """Standard deviations of the value from its simple average; 0 where all are equal.

    `state` is a simple average's (`average_open`). Chan (2013), "Algorithmic Trading",
    chapter 3; the deviation is the population's, as Bollinger's.
    """
    mean = sma_step(state, value)
    if math.isnan(mean):
        return math.nan
    deviation = _deviation(state, mean)
    if deviation == 0.0:
        return 0.0
    return float((value - mean) / deviation)
