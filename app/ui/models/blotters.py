"""Columns of the blotters: orders, fills, positions."""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from app.engine.records import MONEY_SCALE, NO_PRICE, OrderOption, OrderType, Reason
from app.ui import formatting, reasons
from app.ui.models.desk import Desk
from app.ui.models.market import Listed
from app.ui.models.orders import ENDED, average_fill
from app.ui.models.positions import holder_text, may_act
from app.ui.models.replacing import PRICE, QUANTITY, STOP
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
            Column(
                "×",
                lambda r: "" if r["status"] in ENDED else "×",
                lambda r: r["status"],
                lambda _: self._theme.error,
                is_number=False,
                width=2,
                tip="Cancel the order",
                does="cancel",
            ),
            self._time("Sent", "sent_ts"),
            self._name(),
            self._side(),
            self._type(),
            replace(
                self._quantity("Quantity", "quantity"), text=self._size, edits=QUANTITY
            ),
            replace(self._price("Price", "price", is_of_order=True), edits=PRICE),
            replace(self._price("Stop", "stop_price"), edits=STOP),
            self._quantity("Filled", "filled"),
            self._quantity("Leaves", "leaves"),
            Column("Average", self._average_fill, average_fill),
            Column(
                "Ahead",
                self._ahead,
                self._aheads,
                tip=_AHEAD_TIP,
                width=8,
                is_live=True,
            ),
            Column(
                "Status",
                self._status,
                lambda r: r["status"],
                self._status_colour,
                is_number=False,
                width=23,
            ),
            *self._terms(),
            self._order("Id"),
        )

    def _type(self) -> Column:
        return Column(
            "Type",
            formatting.order_kind,
            lambda r: r["order_type"],
            is_number=False,
            width=8,
        )

    def _terms(self) -> tuple[Column, ...]:
        """Columns of what an order is beside its price and quantity."""
        return (
            Column(
                "TIF",
                self._time_in_force,
                lambda r: r["time_in_force"],
                is_number=False,
                width=9,
                tip="Time in force",
            ),
            Column("Trail", self._trail, lambda r: r["trail"], width=8),
            Column(
                "Display",
                lambda r: self._text(
                    r,
                    lambda x: (
                        x.text.quantity(int(r["display"])) if r["display"] else ""
                    ),
                ),
                lambda r: r["display"],
                width=8,
                tip="What an iceberg shows",
            ),
            Column(
                "Group",
                lambda r: formatting.group_number(int(r["group"])),
                lambda r: r["group"],
                width=7,
                tip="One number for a bracket or an OCO group; linked ones have parts",
            ),
            Column(
                "Options",
                _options,
                lambda r: r["options"],
                is_number=False,
                width=12,
            ),
            Column(
                "Fee",
                self._fee,
                lambda r: r["fee"] / MONEY_SCALE,
                width=9,
            ),
        )

    def _order(self, title: str) -> Column:
        return Column(
            title,
            lambda r: formatting.order_number(int(r["client_order_id"])),
            lambda r: r["client_order_id"],
            width=8,
            tip="Number of the order; with an e, of a strategy or the engine",
        )

    def _time_in_force(self, record: np.void) -> str:
        words = formatting.time_in_force(int(record["time_in_force"]))
        if not record["expire_ts"]:
            return words
        return f"{words} {formatting.clock_time(int(record['expire_ts']))}"

    def _trail(self, record: np.void) -> str:
        trail = int(record["trail"])
        if trail < 0:
            return f"{-trail / 10_000:g} %"
        return self._text(record, lambda x: x.text.price(trail)) if trail else ""

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
            self._order("Order"),
        )

    def positions(self) -> tuple[Column, ...]:
        """Columns over POSITION_ROW."""
        return (
            self._name(),
            Column(
                "Held by",
                holder_text,
                lambda r: r["holder"],
                lambda r: self._theme.warning if r["unmanaged"] else self._theme.muted,
                is_number=False,
                width=22,
                tip="Who has it; unmanaged: its strategy stopped, nobody watches it",
            ),
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
            self._action("Close", "close", "Close the position inside the collar"),
            self._action(
                "Reverse", "reverse", "Turn the position round, at the market"
            ),
            self._average("Average", "average_price"),
            replace(
                self._average("Break-even", "break_even"),
                tip="Price at which what is held, realised and paid comes to nothing",
            ),
            Column(
                "Mark",
                lambda r: self._text(r, lambda x: _mark(r, x)),
                lambda r: r["mark"],
                tip="The mid where the book is two-sided and fresh, else the last",
            ),
            self._change("P&L ticks", "ticks", "Of the mark from the average, a unit"),
            self._change("P&L %", "percent", "Unrealised, of what was paid"),
            self._money("Unrealised", "unrealised", is_change=True),
            self._money("Realised", "realised", is_change=True),
            self._money("Fees", "fees"),
            replace(
                self._money("Exposure", "exposure", in_base=True),
                tip="Worst case of the account's position with the orders that work, "
                "in the base currency; limits judge by it",
            ),
        )

    def _average(self, title: str, field: str) -> Column:
        return Column(
            title,
            lambda r: self._text(r, lambda x: x.text.average(float(r[field]))),
            lambda r: r[field],
        )

    def _change(self, title: str, field: str, tip: str) -> Column:
        def write(record: np.void) -> str:
            value = float(record[field])
            return f"{value:+.2f}".replace("-", formatting.MINUS)

        return Column(
            title,
            lambda r: write(r) if np.isfinite(r[field]) else formatting.DASH,
            lambda r: r[field],
            lambda r: self._theme.change(
                float(r[field]) if r[field] == r[field] else 0
            ),
            width=9,
            tip=tip,
        )

    def _action(self, title: str, does: str, tip: str) -> Column:
        return Column(
            title,
            lambda r: title if may_act(r, does) else "",
            lambda r: np.abs(r["position"]),
            lambda _: self._theme.accent,
            is_number=False,
            width=8,
            tip=tip,
            does=does,
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

    def _size(self, record: np.void) -> str:
        if record["group"] and not record["quantity"]:
            return "as filled"  # a bracket's exit whose entry has no fill yet
        return self._text(record, lambda x: x.text.quantity(int(record["quantity"])))

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
        if record["reason"] in _ASKED_FOR or self._listed(record) is None:
            return words
        return f"{words}: {reasons.short_text(int(record['reason']))}"

    def _status_colour(self, record: np.void) -> str:
        if record["reason"] and formatting.status(int(record["status"])) == "rejected":
            return self._theme.warning
        return self._theme.muted if record["status"] in ENDED else self._theme.text


def _mark(record: np.void, listed: Listed) -> str:
    doubled = int(record["mark"])
    return formatting.DASH if doubled == NO_PRICE else listed.text.average(doubled / 2)


_OPTION_WORDS: Final = (
    (OrderOption.POST_ONLY, "post"),
    (OrderOption.REDUCE_ONLY, "reduce"),
    (OrderOption.OUTSIDE_HOURS, "outside"),
)


def _options(record: np.void) -> str:
    bits = int(record["options"])
    return " ".join(word for bit, word in _OPTION_WORDS if bits & bit)
