"""Columns of the blotters: orders, fills, positions."""

from collections.abc import Callable
from typing import Final

import numpy as np

from app.engine.records import MONEY_SCALE, NO_PRICE, OrderType, Reason
from app.ui import formatting, reasons
from app.ui.models.desk import Desk
from app.ui.models.market import Listed
from app.ui.models.orders import ENDED, average_fill
from app.ui.models.table import Column
from app.ui.theme import Theme

_AHEAD_TIP: Final = "Queue ahead at the price"
_ASKED_FOR: Final = (Reason.NONE, Reason.USER)


class Blotters:
    """Makes the columns of each blotter over one desk."""

    def __init__(self, desk: Desk, theme: Theme) -> None:
        self._desk = desk
        self._theme = theme

    def orders(self) -> tuple[Column, ...]:
        """Columns over OWN_ORDER."""
        return (
            self._time("Sent", "sent_ts"),
            self._name(),
            self._side(),
            Column(
                "Type",
                lambda r: (
                    formatting.order_type(int(r["order_type"]))
                    if r["order_type"]
                    else ""
                ),
                lambda r: r["order_type"],
                is_number=False,
                width=7,
            ),
            self._quantity("Quantity", "quantity"),
            self._price("Price", "price", is_of_order=True),
            self._quantity("Filled", "filled"),
            self._quantity("Leaves", "leaves"),
            Column("Average", self._average_fill, average_fill),
            Column("Ahead", self._ahead, self._aheads, tip=_AHEAD_TIP, width=8),
            Column(
                "Status",
                self._status,
                lambda r: r["status"],
                self._status_colour,
                is_number=False,
                width=23,
            ),
            Column(
                "Id",
                lambda r: str(r["client_order_id"]),
                lambda r: r["client_order_id"],
                width=14,
            ),
        )

    def fills(self) -> tuple[Column, ...]:
        """Columns over REPORT of kind FILL."""
        return (
            self._time("Time", "ts_received"),
            self._name(),
            self._side(),
            self._quantity("Quantity", "last_quantity"),
            self._price("Price", "last_price"),
            Column("Fee", self._fee, lambda r: r["fee"] / MONEY_SCALE),
            Column(
                "Role",
                lambda r: {1: "maker", -1: "taker"}.get(
                    int(r["liquidity"]), formatting.DASH
                ),
                lambda r: r["liquidity"],
                is_number=False,
                tip="Maker: it rested; taker: it took what rested",
            ),
            Column(
                "Order",
                lambda r: str(r["client_order_id"]),
                lambda r: r["client_order_id"],
                width=14,
            ),
        )

    def positions(self) -> tuple[Column, ...]:
        """Columns over POSITION_ROW."""
        return (
            self._name(),
            Column(
                "Position",
                lambda r: self._text(
                    r, lambda x: x.text.quantity(int(r["position"]), signed=True)
                ),
                lambda r: r["position"],
                lambda r: (
                    self._theme.side(int(r["position"]))
                    if r["position"]
                    else self._theme.text
                ),
            ),
            Column(
                "Average",
                lambda r: self._text(
                    r, lambda x: x.text.average(float(r["average_price"]))
                ),
                lambda r: r["average_price"],
            ),
            Column(
                "Mark",
                lambda r: self._text(r, lambda x: _mark(r, x)),
                lambda r: r["mark"],
                tip="The mid where the book is two-sided and fresh, else the last",
            ),
            self._money("Unrealised", "unrealised", is_change=True),
            self._money("Realised", "realised", is_change=True),
            self._money("Fees", "fees"),
            self._money("Exposure", "exposure", in_base=True),
        )

    # Cells.

    def _listed(self, record: np.void) -> Listed | None:
        return self._desk.listed(int(record["instrument"]))

    def _text(self, record: np.void, write: Callable[[Listed], str]) -> str:
        listed = self._listed(record)
        return write(listed) if listed else formatting.DASH

    def _name(self) -> Column:
        return Column(
            "Instrument",
            lambda r: self._text(r, lambda x: x.instrument.name),
            lambda r: r["instrument"],
            is_number=False,
        )

    def _side(self) -> Column:
        return Column(
            "Side",
            lambda r: formatting.side(int(r["side"])),
            lambda r: r["side"],
            lambda r: self._theme.side(int(r["side"])),
            is_number=False,
            width=6,
        )

    def _time(self, title: str, field: str) -> Column:
        return Column(
            title,
            lambda r: formatting.clock_time(int(r[field]), fine=True),
            lambda r: r[field],
            is_number=False,
            width=13,
        )

    def _quantity(self, title: str, field: str) -> Column:
        return Column(
            title,
            lambda r: self._text(r, lambda x: x.text.quantity(int(r[field]))),
            lambda r: r[field],
            width=9,
        )

    def _price(self, title: str, field: str, *, is_of_order: bool = False) -> Column:
        def write(record: np.void) -> str:
            # A market order's price is its protection: not what was asked for.
            if is_of_order and record["order_type"] == OrderType.MARKET:
                return "MKT"
            return self._text(record, lambda x: x.text.price(int(record[field])))

        return Column(
            title,
            write,
            lambda r: r[field],
        )

    def _money(
        self, title: str, field: str, *, is_change: bool = False, in_base: bool = False
    ) -> Column:
        def write(record: np.void) -> str:
            listed = self._listed(record)
            own = listed.instrument.currency if listed else ""
            currency = self._desk.currency if in_base else own
            return formatting.money(int(record[field]), currency, signed=is_change)

        def colour(record: np.void) -> str:
            return self._theme.change(int(record[field]))

        return Column(
            title,
            write,
            lambda r: r[field] / MONEY_SCALE,
            colour if is_change else None,
        )

    def _fee(self, record: np.void) -> str:
        return self._text(record, lambda x: x.text.money(int(record["fee"])))

    def _average_fill(self, record: np.void) -> str:
        average = record["value"] / record["filled"] if record["filled"] else np.nan
        return self._text(record, lambda x: x.text.average(float(average)))

    def _ahead(self, record: np.void) -> str:
        if record["status"] in ENDED:
            return ""
        ahead, _ = self._desk.market.queues().get(
            int(record["client_order_id"]), (-1, -1)
        )
        return (
            self._text(record, lambda x: x.text.quantity(ahead))
            if ahead >= 0
            else formatting.DASH
        )

    def _aheads(self, records: np.ndarray) -> np.ndarray:
        queues = self._desk.market.queues()
        ids = records["client_order_id"].tolist()
        return np.array([queues.get(each, (-1, -1))[0] for each in ids], np.int64)

    def _status(self, record: np.void) -> str:
        words = formatting.status(int(record["status"]))
        if record["reason"] in _ASKED_FOR or record["status"] not in ENDED:
            return words
        listed = self._listed(record)
        if listed is None:
            return words
        return f"{words}: {reasons.short_text(int(record['reason']))}"

    def _status_colour(self, record: np.void) -> str:
        if record["reason"] and formatting.status(int(record["status"])) == "rejected":
            return self._theme.warning
        return self._theme.muted if record["status"] in ENDED else self._theme.text


def _mark(record: np.void, listed: Listed) -> str:
    doubled = int(record["mark"])
    return formatting.DASH if doubled == NO_PRICE else listed.text.average(doubled / 2)


POSITION_ROW = np.dtype(
    [
        ("instrument", "<i4"),
        ("position", "<i8"),
        ("average_price", "<f8"),
        ("mark", "<i8"),
        ("unrealised", "<i8"),
        ("realised", "<i8"),
        ("fees", "<i8"),
        ("exposure", "<i8"),
    ]
)
"""A position as the blotter shows it; fields as in VIEW_INSTRUMENT."""


def position_rows(desk: Desk) -> np.ndarray:
    """Positions of the instruments that have or had one, in the session's order."""
    view = desk.market.view
    if view is None:
        return np.zeros(0, POSITION_ROW)
    parts = view["instrument"][: int(view["instruments"])]
    rows = np.zeros(len(parts), POSITION_ROW)
    rows["instrument"] = np.arange(len(parts))
    for name in POSITION_ROW.names or ():
        if name != "instrument":
            rows[name] = parts[name]
    has_any = (rows["position"] != 0) | (rows["realised"] != 0) | (rows["fees"] != 0)
    held: np.ndarray = rows[has_any]
    return held
