"""Our orders, folded from execution reports.

Each report carries the order's whole state, so the newest one wins; fills add to value
and fee. Ended orders are kept for the blotter up to a bound, working ones always.
"""

from collections.abc import Iterable
from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, Action, OrderStatus, OrderType, ReportType
from app.ui.models.codes import mask_of

OWN_ORDER: Final = np.dtype(
    [
        ("client_order_id", "<i8"),
        ("venue_order_id", "<i8"),
        ("sent_ts", "<i8"),  # first report received, ns
        ("updated_ts", "<i8"),  # last report received, ns
        ("quantity", "<i8"),  # total, quantity units
        ("filled", "<i8"),
        ("leaves", "<i8"),
        ("price", "<i8"),  # working limit, price units; NO_PRICE = none
        ("stop_price", "<i8"),
        ("value", "<f8"),  # sum of fill price x quantity, in units
        ("fee", "<i8"),  # money
        ("display", "<i8"),  # iceberg peak, quantity units; 0 = all, or not known
        ("trail", "<i8"),  # as in COMMAND; 0 = none, or not known
        ("expire_ts", "<i8"),  # GTD: ns since 1970 UTC; 0 = none, or not known
        ("limit", "<i8"),  # of the last refusal: the limit's value
        ("stands", "<i8"),  # what the order would have made of it
        ("bound", "<i8"),  # nearest valid or bounding price, price units
        ("group", "<i4"),  # of a bracket or an OCO; 0 = none
        ("instrument", "<i4"),
        ("strategy", "<i4"),
        ("reason", "<i4"),  # records.Reason of the last report
        ("options", "<i4"),
        ("side", "i1"),
        ("status", "u1"),
        ("order_type", "u1"),
        ("time_in_force", "u1"),
        ("has_triggered", "?"),  # of a stop: it works as what it becomes
    ]
)
"""One of our orders as the window knows it."""

ENDED: Final = frozenset(
    (
        OrderStatus.NONE,
        OrderStatus.FILLED,
        OrderStatus.CANCELLED,
        OrderStatus.REJECTED,
        OrderStatus.EXPIRED,
    )
)
_HAS_ENDED: Final = mask_of(ENDED)
PENDING: Final = frozenset(
    (
        OrderStatus.PENDING_NEW,
        OrderStatus.PENDING_CANCEL,
        OrderStatus.PENDING_REPLACE,
    )
)
STOPS: Final = (
    OrderType.STOP,
    OrderType.STOP_LIMIT,
    OrderType.TRAILING_STOP,
    OrderType.TRAILING_STOP_LIMIT,
)
"""Types that wait for their trigger."""
_IS_STOP: Final = mask_of(STOPS)
TRAILING: Final = (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)
"""Those of them that follow the price."""
_COPIED: Final = (
    "venue_order_id",
    "quantity",
    "filled",
    "leaves",
    "price",
    "stop_price",
    "instrument",
    "strategy",
    "reason",
    "options",
    "side",
    "status",
    "order_type",
    "time_in_force",
    "group",
)
_IS_REFUSAL: Final = mask_of(
    (ReportType.REJECTED, ReportType.CANCEL_REJECTED, ReportType.REPLACE_REJECTED)
)
_NUMBERS: Final = (
    ("limit", "last_quantity"),
    ("stands", "fee"),
    ("bound", "last_price"),
)
_TOLD_BY_US: Final = (
    ("display", "display_quantity"),
    ("trail", "trail"),
    ("expire_ts", "expire_ts"),
)
_MOST_SENT: Final = 4096


class OwnOrders:
    """Every order of the session, newest last.

    Parameters
    ----------
    limit : int
        Orders kept; past it the oldest ended ones are dropped.

    Attributes
    ----------
    version : int
        Grows with every change; lets a reader see that nothing happened.
    """

    def __init__(self, limit: int = 20_000) -> None:
        self._limit = limit
        self.clear()

    def clear(self) -> None:
        """Forget all orders."""
        self._array = np.zeros(256, OWN_ORDER)
        self._used = 0
        self._row: dict[int, int] = {}
        self._working: dict[int, None] = {}
        self._sent: dict[int, np.void] = {}
        self._chosen: dict[int, np.ndarray] = {}
        self.version = 0
        self.dropped = 0

    @property
    def rows(self) -> np.ndarray:
        """Orders, oldest first; a view, valid until the next `apply`."""
        return self._array[: self._used]

    def apply(self, reports: np.ndarray) -> None:
        """Fold execution reports, oldest first."""
        reports = reports[_says_how_an_order_stands(reports)]
        if not len(reports):
            return
        self.version += 1
        self._chosen.clear()
        if self._used + len(reports) > self._limit:
            self._drop_ended()  # before rows are looked up: it numbers them anew
        rows = np.array(
            [self._row_of(i) for i in reports["client_order_id"].tolist()], np.intp
        )
        table = self._array
        # Of several reports of one order NumPy assigns the last: the newest.
        for name in _COPIED:
            table[name][rows] = reports[name]
        table["updated_ts"][rows] = reports["ts_received"]
        fresh = table["sent_ts"][rows] == 0
        table["sent_ts"][rows[fresh][::-1]] = reports["ts_received"][fresh][::-1]
        refused = _IS_REFUSAL[reports["report"]]
        for name, told in _NUMBERS if refused.any() else ():
            table[name][rows[refused]] = reports[told][refused]
        hit = reports["report"] == ReportType.TRIGGERED
        table["has_triggered"][rows[hit]] = True
        fills = reports["report"] == ReportType.FILL
        if fills.any():
            _add_fills(table, rows[fills], reports[fills])
        ended = _HAS_ENDED[table["status"][rows]].tolist()
        for row, has_ended in zip(rows.tolist(), ended, strict=True):
            if has_ended:
                self._working.pop(row, None)
            else:
                self._working[row] = None

    def note_sent(self, commands: np.ndarray) -> None:
        """Keep of new orders what no report repeats: peak, trail, end."""
        for command in np.atleast_1d(commands):
            if command["action"] == Action.NEW:
                if len(self._sent) >= _MOST_SENT:
                    self._sent.clear()
                self._sent[int(command["client_order_id"])] = command.copy()

    def order(self, client_order_id: int) -> np.void | None:
        """Return an order as it stands, or None."""
        row = self._row.get(client_order_id)
        return None if row is None else self._array[row]

    def working(self, instrument: int = -1) -> np.ndarray:
        """Return the working orders of an instrument (-1: all), oldest first.

        A copy that is shared by all who ask before the next `apply`: it is read only.
        """
        chosen = self._chosen.get(instrument)
        if chosen is None:
            chosen = self._array[list(self._working)]
            if instrument >= 0:
                chosen = chosen[chosen["instrument"] == instrument]
            chosen.flags.writeable = False
            self._chosen[instrument] = chosen
        return chosen

    def family(self, client_order_id: int) -> tuple[int, ...]:
        """Working orders of an order's group, itself among them."""
        order = self.order(client_order_id)
        if order is None or not order["group"]:
            return (client_order_id,)
        orders = self.working(int(order["instrument"]))
        own: list[int] = orders["client_order_id"][
            orders["group"] == order["group"]
        ].tolist()
        return tuple(own)

    def _row_of(self, client_order_id: int) -> int:
        row = self._row.get(client_order_id)
        if row is None:
            row = self._used
            if row == len(self._array):
                self._array = np.concatenate([self._array, np.zeros_like(self._array)])
            self._array[row] = np.zeros((), OWN_ORDER)
            self._array["client_order_id"][row] = client_order_id
            sent = self._sent.pop(client_order_id, None)
            if sent is not None:
                for name, told in _TOLD_BY_US:
                    self._array[name][row] = sent[told]
            self._row[client_order_id] = row
            self._used += 1
        return row

    def _drop_ended(self) -> None:
        """Drop the older half of the ended orders; rows are numbered anew."""
        ended = [row for row in range(self._used) if row not in self._working]
        gone = set(ended[: max(1, len(ended) // 2)]) if ended else set()
        self._keep(row for row in range(self._used) if row not in gone)
        self.dropped += len(gone)

    def _keep(self, rows: Iterable[int]) -> None:
        kept = list(rows)
        self._array[: len(kept)] = self._array[kept]
        self._used = len(kept)
        self._working = {
            new: None for new, old in enumerate(kept) if old in self._working
        }
        ids = self.rows["client_order_id"].tolist()
        self._row = {each: row for row, each in enumerate(ids)}


def has_ended(orders: np.ndarray) -> np.ndarray:
    """Mask of the orders that have ended."""
    return np.asarray(_HAS_ENDED[orders["status"]])


def _add_fills(orders: np.ndarray, rows: np.ndarray, fills: np.ndarray) -> None:
    """Add fills to the value and the fee of their orders."""
    value = fills["last_price"] * fills["last_quantity"].astype(np.float64)
    np.add.at(orders["value"], rows, value)
    np.add.at(orders["fee"], rows, fills["fee"])


def _says_how_an_order_stands(reports: np.ndarray) -> np.ndarray:
    """Mask of reports about an order; what is held for a confirm is none yet."""
    kinds = reports["report"]
    is_order = (kinds < ReportType.STATE) & (kinds != ReportType.HELD)
    # A refused cancel of an order that the engine does not know says nothing of it.
    # An exit of a bracket has no quantity before its entry has fills.
    is_sized = (reports["quantity"] > 0) | (reports["group"] > 0)
    return np.asarray(is_order & is_sized & (reports["client_order_id"] > 0))


def average_fill(orders: np.ndarray) -> np.ndarray:
    """Average fill price of each order, price units; NaN where nothing is filled."""
    filled = orders["filled"]
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(filled > 0, orders["value"] / filled, np.nan)


def waits_for_stop(orders: np.ndarray | np.void) -> np.ndarray:
    """Mask of the orders that wait until their stop price is reached."""
    is_stop = _IS_STOP[orders["order_type"]] & (orders["stop_price"] != NO_PRICE)
    return np.asarray(is_stop & ~orders["has_triggered"])


def prices_at(orders: np.ndarray | np.void) -> np.ndarray:
    """Price at which each order stands in a ladder, price units; NO_PRICE = nowhere.

    Its stop while it waits for it, a stop-limit's too, else its limit.
    """
    is_at_stop = waits_for_stop(orders) | (orders["price"] == NO_PRICE)
    return np.where(is_at_stop, orders["stop_price"], orders["price"])


def sizes(orders: np.ndarray) -> np.ndarray:
    """Size that each order says where it is drawn, quantity units.

    What is open of it; of a bracket's exit whose entry has no fill yet, which is open
    with nothing, the entry's quantity.

    Parameters
    ----------
    orders : (n,) OWN_ORDER
        Those that work, with all of a group.

    Returns
    -------
    (n,) int64
    """
    shown: np.ndarray = orders["leaves"].copy()
    for row in np.flatnonzero((shown == 0) & (orders["group"] != 0)):
        same = orders["group"] == orders["group"][row]
        entry = same & (orders["side"] != orders["side"][row])
        shown[row] = orders["quantity"][entry].sum()
    return shown


def priced_at(order: np.void) -> int:
    """As `prices_at`, of one order."""
    return int(prices_at(order))
