"""Volume by price of trades whose prices lie too far apart for rows in between."""

from typing import Any

import numpy as np

from app.engine.history.records import PROFILE, TapeFlag


def far_profile(trades: Any) -> Any:
    """Volume by price of some trades, (n,) PROFILE, lowest price first."""
    trades = trades[trades["flags"] & TapeFlag.NOT_LAST == 0]
    prices, places = np.unique(trades["price"], return_inverse=True)
    rows = np.zeros(len(prices), PROFILE)
    rows["price"] = prices
    size, aggressor = trades["size"], trades["aggressor"]
    sells = np.where(aggressor == 0, size // 2, np.where(aggressor < 0, size, 0))
    np.add.at(rows["buys"], places, size - sells)
    np.add.at(rows["sells"], places, sells)
    return rows[(rows["buys"] != 0) | (rows["sells"] != 0)]
