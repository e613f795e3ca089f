"""What the execution panel shows of a run's fills: bins, and what costs took of P&L."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.analytics.run_data import RunData
from app.ui.models.axis import round_step

SECTIONS: Final = ("costs", "execution")
_EDGE: Final = 0.01


def binned(
    values: Any, most: int, write: Callable[[float], str]
) -> tuple[list[str], Any]:
    """Count values in equal bins; the farthest hundredths are in the outer ones.

    Parameters
    ----------
    most : int
        About so many bins; their middles are round numbers.
    write : callable
        A middle to its words.

    Returns
    -------
    tuple
        The middle of each bin in words, and (n,) counts.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return [], np.empty(0)
    low, high = np.quantile(known, (_EDGE, 1 - _EDGE))
    if high <= low:
        return [write(float(low))], np.array([len(known)])
    width = round_step((high - low) / most)
    middles = np.arange(round(low / width), round(high / width) + 1)
    edges = np.append(middles - 0.5, middles[-1] + 0.5) * width
    counts, _ = np.histogram(np.clip(known, edges[0], edges[-1]), edges)
    return [write(float(each)) for each in middles * width], counts


def cost_shares(data: RunData) -> tuple[list[str], Any]:
    """P&L without costs, each cost as what it took, and what was left, money."""
    fees = float(data.fills["fee"].sum())
    slippage = float(np.nansum(data.fills["slippage"]))
    last = float(data.equity[-1]) if len(data.equity) else data.start
    net = last - data.start
    names = ["before costs", "slippage", "fees", "after costs"]
    return names, np.array([net + fees + slippage, -slippage, -fees, net])
