"""The orders of a run, as its reports tell of them."""

from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.engine.records import Reason, ReportType
from app.sessions.backtest.run_units import Floats, Ints, Units

_TOLD: Final = (
    *(ReportType.FILL, ReportType.CANCELLED, ReportType.REJECTED, ReportType.EXPIRED),
    *(ReportType.PENDING_NEW, ReportType.NEW, ReportType.REPLACED),
    ReportType.TRIGGERED,
)
"""Reports that say how an order stands."""
_IS_TOLD: Final = np.isin(np.arange(256), _TOLD)


class Orders:
    """Orders as reports tell of them, by their ids.

    Attributes
    ----------
    ids : (n,) int64
        Ascending.
    first, last : (n,) REPORT
        The first and last report that says how each stands.
    place : (n,) int64
        Row of the first report.
    """

    def __init__(self, reports: NDArray[Any]) -> None:
        told = _IS_TOLD[reports["report"]] & (reports["client_order_id"] != 0)
        rows = np.flatnonzero(told)
        ids = reports["client_order_id"][rows]
        order = np.argsort(ids, kind="stable")
        rows, ids = rows[order], ids[order]
        starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])[: len(ids)])
        self.reports = reports
        # Columns: a copy of whole reports would be a hundred times as much.
        self._rows, self._kinds = rows, reports["report"][rows]
        self._row_of = np.cumsum(_starts_of(starts, len(rows))) - 1
        self.ids: Ints = ids[starts]
        self.place: Ints = rows[starts]
        self.first = reports[rows[starts]]
        ends = np.append(starts[1:], len(rows)) - 1 if len(starts) else starts
        self.last = reports[rows[ends]]

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: Ints) -> Ints:
        """Place of orders among `ids`; -1 where there is none."""
        if not len(self.ids):
            return np.full(len(ids), -1)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[place] == ids, place, -1)

    def times(self, kind: ReportType, name: str, *, newest: bool = False) -> Ints:
        """Time at which each order was first, or last, reported so; 0 is never."""
        found = np.zeros(len(self), np.int64)
        told = np.flatnonzero(self._kinds == kind)
        told = told if newest else told[::-1]
        found[self._row_of[told]] = self.reports[name][self._rows[told]]
        return found

    @cached_property
    def triggered_ts(self) -> Ints:
        """When each stop was triggered; 0 is never, or it is no stop."""
        return self.times(ReportType.TRIGGERED, "ts_venue")

    @cached_property
    def trigger_price(self) -> Ints:
        """Stop price at which each was triggered, price units."""
        return self.times(ReportType.TRIGGERED, "stop_price")

    def since(self) -> Ints:
        """From when on each could be filled: its trigger, else its decision."""
        decided = self.first["ts_received"]
        return np.where(self.triggered_ts > 0, self.triggered_ts, decided)

    def arrival_price(self, units: Units) -> Floats:
        """What each is measured against: a stop's own price, else the market's.

        The market's is the mid, else the last price, when it was decided.
        """
        number = self.first["instrument"]
        market = units.price_at(number, self.first["ts_received"])
        stop = units.prices(number, self.trigger_price)
        found: Floats = np.where(self.triggered_ts > 0, stop, market)
        return found

    def replaces(self) -> Ints:
        """How often each order was replaced as asked.

        One that its hours hold and release, its group resizes or its price drags along
        is REPLACED, too, and says why.
        """
        told = np.flatnonzero(self._kinds == ReportType.REPLACED)
        reasons = self.reports["reason"][self._rows[told]]
        rows = self._row_of[told[reasons == Reason.NONE]]
        return np.bincount(rows, minlength=len(self)).astype(np.int64)


def _starts_of(starts: Ints, size: int) -> Ints:
    """1 at each place where something begins, else 0."""
    found = np.zeros(size, np.int64)
    found[starts] = 1
    return found
