"""How far off the queue's estimate was: what lay ahead of our fills, and what traded.

A resting order of ours is told some size ahead of it. When its first fill comes, what
traded at its price before that fill says how much of it was really worked off by
trades; the rest was cancelled, or was never there. The difference is the estimate's own
past error, told beside the next estimate.
"""

from collections import deque
from dataclasses import dataclass
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, ReportType
from app.sessions.history import MarketHistory
from app.ui import formatting
from app.ui.models.fill_time import reached
from app.ui.models.market import Market
from app.ui.models.orders import OwnOrders, priced_at, waits_for_stop

LEAST: Final = 10
"""Fewer fills say too little."""
KEPT: Final = 500
_MOST_WAITING: Final = 256
_A_PULSE: Final = 8
_MOST_TRADES: Final = 50_000
"""An order that saw more trades than these is not judged: reading them takes long."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an order stood when its place was first told.

    Attributes
    ----------
    ahead : int
        Estimated then, quantity units.
    newest : int
        Estimated at the last look.
    since : int
        The engine's clock then, ns.
    price : int
        Price units; another price is another place.
    """

    ahead: int
    newest: int
    since: int
    price: int


@dataclass(frozen=True, slots=True)
class Filled:
    """An order's first fill, not compared yet."""

    instrument: int
    side: int
    place: Place
    ts: int


class QueueErrors:
    """Past errors by instrument, of the newest `KEPT` orders that were filled."""

    def __init__(self) -> None:
        self._places: dict[int, Place] = {}
        self._filled: deque[Filled] = deque(maxlen=_MOST_WAITING)
        self._errors: dict[int, deque[float]] = {}

    def forget(self) -> None:
        """Begin with another session."""
        self._places.clear()
        self._filled.clear()
        self._errors.clear()

    def errors(self, instrument: int) -> np.ndarray:
        """What traded less what was ahead, by what was ahead; oldest first.

        −0.4: of what was estimated ahead two fifths went without a trade.
        """
        return np.array(self._errors.get(instrument, ()), np.float64)

    def watch(self, market: Market, orders: OwnOrders) -> None:
        """Note places that are told for the first time, or anew."""
        now = 0 if market.view is None else int(market.view["now"])
        kept: dict[int, Place] = {}
        for order_id, (ahead, _) in market.queues().items():
            order = orders.order(order_id) if ahead >= 0 else None
            if order is None or order["filled"] or bool(waits_for_stop(order)):
                continue
            price, known = priced_at(order), self._places.get(order_id)
            if known is None or known.price != price or ahead > known.newest:
                kept[order_id] = Place(ahead, ahead, now, price)
            else:
                kept[order_id] = Place(known.ahead, ahead, known.since, price)
        self._places = kept

    def take(self, fills: np.ndarray) -> None:
        """Take FILL reports: the first of an order whose place was told counts."""
        for fill in fills if self._places else ():
            place = self._places.pop(int(fill["client_order_id"]), None)
            is_first = fill["filled"] == fill["last_quantity"]
            if place is None or not is_first or place.price == NO_PRICE:
                continue
            side, ts = int(fill["side"]), int(fill["ts_received"])
            if fill["report"] == ReportType.FILL and place.ahead > 0:
                instrument = int(fill["instrument"])
                self._filled.append(Filled(instrument, side, place, ts))

    def settle(self, history: MarketHistory | None) -> None:
        """Compare fills with the trades before them, once these are in the history."""
        for _ in range(min(_A_PULSE, len(self._filled))):
            if history is None or history.now < self._filled[0].ts:
                return
            filled = self._filled.popleft()
            traded = _traded(history, filled)
            if traded is not None:
                error = (traded - filled.place.ahead) / filled.place.ahead
                kept = self._errors.setdefault(filled.instrument, deque(maxlen=KEPT))
                kept.append(error)


def _traded(history: MarketHistory, filled: Filled) -> float | None:
    """What reached an order's price before its first fill, quantity units.

    Of the trades at the fill's own instant, which went on to us, no more counts than
    was ahead at the last look.
    """
    number, place = filled.instrument, filled.place
    first = history.find_trade(number, place.since + 1)
    last = history.find_trade(number, filled.ts + 1)
    if last - first > _MOST_TRADES:
        return None
    trades = history.trades(number, first, last)
    before = reached(trades[trades["ts"] < filled.ts], filled.side, place.price)
    final = reached(trades[trades["ts"] >= filled.ts], filled.side, place.price)
    return before + min(final, float(place.newest))


def error_words(errors: np.ndarray) -> str:
    """Put past errors into words, or why there are none.

    Parameters
    ----------
    errors : (n,) float64
        As from `QueueErrors.errors`.
    """
    if len(errors) < LEAST:
        fills = formatting.plural(len(errors), "fill")
        return f"its past error is not known ({fills}, {LEAST} needed)"
    low, middle, high = np.quantile(errors, (0.25, 0.5, 0.75)).tolist()
    spread = f"half of {len(errors)} fills {_percent(low)} to {_percent(high)}"
    return f"its past error {_percent(middle)} ({spread})"


def _percent(fraction: float) -> str:
    """Whole per cent with their sign: finer ones would claim too much."""
    return f"{fraction:+.0%}".replace("-", formatting.MINUS).replace("%", " %")
