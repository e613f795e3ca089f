"""What the execution panel shows of a run's fills: bins, and what costs took of P&L."""

from typing import Any, Final

import numpy as np

from app.analytics.run_data import RunData

SECTIONS: Final = ("costs", "execution")
_EDGE: Final = 0.01


def binned(values: Any, most: int, form: str) -> tuple[list[str], Any]:
    """Count values in equal bins; the farthest hundredths are in the outer ones.

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
        return [form.format(float(low))], np.array([len(known)])
    counts, edges = np.histogram(np.clip(known, low, high), most, (low, high))
    middles = (edges[:-1] + edges[1:]) / 2
    return [form.format(x).replace("-", "−") for x in middles.tolist()], counts


def cost_shares(data: RunData) -> tuple[list[str], Any]:
    """P&L without costs, each cost as what it took, and what was left, money."""
    fees = float(data.fills["fee"].sum())
    slippage = float(np.nansum(data.fills["slippage"]))
    last = float(data.equity[-1]) if len(data.equity) else data.start
    net = last - data.start
    names = ["before costs", "slippage", "fees", "after costs"]
    return names, np.array([net + fees + slippage, -slippage, -fees, net])
