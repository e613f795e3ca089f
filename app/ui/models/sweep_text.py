"""A sweep in words: its statistics, its cells, and what its best is worth."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from app.ui import formatting
from app.ui.formatting import DASH
from app.ui.models.backtest_form import title_of_key
from app.ui.models.report_text import money, percent, ratio, signed_percent

if TYPE_CHECKING:
    from app.sweeps.stage import Cell
    from app.sweeps.sweep import SweepResult

_SIGNED: Final = ("total_return", "annual_return")
_PARTS: Final = ("max_drawdown", "volatility", "win_rate", "probabilistic_sharpe")
_MONEY: Final = ("final_equity", "expectancy")
_COUNTS: Final = ("trades", "max_drawdown_days")
SHOWN: Final = (
    *("total_return", "annual_return", "sharpe", "max_drawdown"),
    *("trades", "profit_factor"),
)
"""Statistics of a cell that tables have."""
_RARE, _EVEN = 0.1, 0.4
_SURE, _LIKELY = 0.95, 0.5


def short(value: Any) -> str:
    """A value of an axis."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:g}" if isinstance(value, float) else str(value)


def stat_title(name: str) -> str:
    """A statistic's name."""
    return {
        "sharpe": "Sharpe ratio", "sortino": "Sortino ratio", "calmar": "Calmar ratio",
        "total_return": "Return", "annual_return": "Return a year",
        "max_drawdown": "Drawdown", "max_drawdown_days": "Drawdown, days",
        "probabilistic_sharpe": "Probabilistic Sharpe",
    }.get(name, title_of_key(name))  # fmt: skip


def stat_text(name: str, value: float | None) -> str:
    """A statistic's value."""
    if value is None or not math.isfinite(value):
        return DASH
    if name in _SIGNED:
        return signed_percent(value)
    if name in _PARTS:
        return percent(value)
    if name in _MONEY:
        return money(value)
    if name in _COUNTS:
        return formatting.count(round(value))
    return ratio(value)


def tight_text(name: str, value: float) -> str:
    """The same for a cell of a picture, short."""
    if not math.isfinite(value):
        return ""
    if name in (*_SIGNED, *_PARTS):
        places = 0 if abs(value) >= 0.995 else 1
        return f"{value * 100:.{places}f} %".replace("-", formatting.MINUS)
    if name in _MONEY:
        return formatting.short_number(value)
    text = stat_text(name, value)
    return text.removeprefix(formatting.MINUS) if not text.strip("−0.") else text


def values_text(values: Mapping[str, Any]) -> str:
    """What a cell varies: ``fast 10, slow 30``."""
    return ", ".join(f"{name} {short(each)}" for name, each in values.items())


def cell_text(cell: "Cell", statistics: Sequence[str]) -> str:
    """A cell in a line."""
    said = values_text(cell.values)
    if cell.error:
        none = "" if cell.is_refused else "no figures: "
        return f"{said}: {none}{reason_text(cell)}"
    figures = [
        f"{stat_title(each)} {stat_text(each, cell.stats.get(each))}"
        for each in dict.fromkeys(statistics)
    ]
    return f"{said}: {', '.join(figures)}"


def reason_text(cell: "Cell") -> str:
    """Why a cell has no figures; "" if it has."""
    return f"not run: {cell.error}" if cell.is_refused else cell.error


def overfitting_text(result: "SweepResult") -> tuple[str, str]:
    """The probability of backtest overfitting: a figure, and what it means."""
    found = result.overfitting
    chance = found.probability
    if not math.isfinite(chance):
        return DASH, "needs two cells with figures and some days of returns"
    if chance < _RARE:
        means = "what was best on one half of the time was good on the other, too"
    elif chance < _EVEN:
        means = "a part of the choice is luck"
    else:
        means = "close to a coin's toss: being the best here says little of elsewhere"
    told = formatting.count(found.combinations)
    return formatting.percent(chance), (
        f"the share of {told} halvings of the time in which the best of one half is "
        f"in the worse half of cells on the other; {means}"
    )


def deflated_text(result: "SweepResult") -> tuple[str, str]:
    """The deflated Sharpe ratio: a figure, and what it means."""
    strict, loose = result.deflated, result.deflated_independent
    chance = strict.probability
    if not math.isfinite(chance):
        return DASH, "needs two cells with figures and some days of returns"
    if chance >= _SURE:
        means = "luck alone hardly makes it"
    elif chance >= _LIKELY:
        means = "more than luck is likely, and not sure"
    else:
        means = "luck alone makes as much"
    return formatting.percent(chance), (
        "how sure it is that the best cell's true Sharpe ratio exceeds what the best "
        f"of {strict.trials:,.0f} cells without skill would show "
        f"({formatting.percent(loose.probability)} where they count as the "
        f"{loose.trials:,.0f} that their correlation leaves); {means}"
    )


def share_text(value: float) -> str:
    """A share in whole per cent, which may be negative."""
    return formatting.percent(value)


def efficiency_text(stats: Mapping[str, Any]) -> str:
    """A walk forward in a line."""
    efficiency = stats.get("efficiency")
    told = DASH if efficiency is None else share_text(efficiency)
    figures = ", ".join(
        f"{stat_title(each).lower()} {stat_text(each, stats.get(each))}"
        for each in ("total_return", "annual_return", "sharpe", "max_drawdown")
    ).replace("sharpe", "Sharpe")
    return (
        f"Out of sample: {figures}. Walk-forward efficiency {told}: the mean daily "
        "return out of sample, as a share of what the chosen made in sample."
    )
