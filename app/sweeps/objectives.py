"""Statistics that the best cell of a sweep may be chosen by."""

from collections.abc import Mapping
from typing import Final

OBJECTIVES: Final[Mapping[str, int]] = {
    **dict.fromkeys(
        (
            *("sharpe", "sortino", "calmar", "total_return", "annual_return"),
            *("final_equity", "profit_factor", "expectancy", "win_rate"),
            "probabilistic_sharpe",
        ),
        1,
    ),
    **dict.fromkeys(("max_drawdown", "max_drawdown_days", "volatility"), -1),
}
"""Statistics that a best cell may be chosen by: +1 the more the better, -1 the less."""
