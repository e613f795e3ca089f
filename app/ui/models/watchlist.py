"""What a watchlist shows: a row for each instrument of the session, and its columns.

Change is told against the previous close where it is known, else against the session's
first trade, and says which.
"""

from collections.abc import Callable
from typing import Final

import numpy as np

from app.engine.records import MONEY_SCALE, NO_PRICE
from app.sessions.history import MarketHistory
from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.market import Listed
from app.ui.models.table import Column
from app.ui.theme import Theme

SPAN: Final = 300
"""Samples in a sparkline: seconds."""
_FLOAT_NAN: Final = float("nan")
_PRICES: Final = ("last", "bid", "ask", "reference", "high", "low")
WATCH_ROW: Final = np.dtype(
    [
        ("instrument", "<i4"),
        ("stale", "<i4"),  # book.Stale reason; 0 = fresh
        *((name, "<i8") for name in _PRICES),  # price units; NO_PRICE = none
        ("aggressor", "<i8"),  # of the last trade
        ("volume", "<i8"),  # of the session, quantity units
        ("position", "<i8"),
        ("pnl", "<i8"),  # money, instrument's currency
    ]
)
"""One instrument; `reference` is what change is measured from."""


def watch_rows(desk: Desk, history: MarketHistory | None) -> np.ndarray:
    """Rows of the session's instruments, in its order, (n,) WATCH_ROW."""
    view = desk.market.view
    if view is None:
        return np.zeros(0, WATCH_ROW)
    parts = view["instrument"][: int(view["instruments"])]
    rows = np.zeros(len(parts), WATCH_ROW)
    rows["instrument"] = np.arange(len(parts))
    for name in ("stale", "high", "low", "volume", "position"):
        rows[name] = parts[name]
    rows["last"], rows["aggressor"] = parts["last_price"], parts["last_aggressor"]
    rows["bid"] = np.where(parts["bid_levels"], parts["bids"]["price"][:, 0], NO_PRICE)
    rows["ask"] = np.where(parts["ask_levels"], parts["asks"]["price"][:, 0], NO_PRICE)
    rows["pnl"] = parts["realised"] + parts["unrealised"] - parts["fees"]
    rows["reference"] = [_reference(history, number) for number in range(len(parts))]
    return rows


def _reference(history: MarketHistory | None, number: int) -> int:
    if history is None:
        return NO_PRICE
    stats = history.stats(number)
    close = int(stats["previous_close"])
    return close if close != NO_PRICE else int(stats["open"])


def changes(rows: np.ndarray) -> np.ndarray:
    """Change of the last price from the reference as a fraction; NaN = unknown."""
    last, reference = rows["last"].astype(float), rows["reference"].astype(float)
    is_known = (
        (rows["last"] != NO_PRICE)
        & (rows["reference"] != NO_PRICE)
        & (rows["reference"] != 0)
    )
    safe = np.where(is_known, np.abs(reference), 1.0)
    return np.where(is_known, (last - reference) / safe, _FLOAT_NAN)


def sparkline(history: MarketHistory | None, number: int) -> np.ndarray:
    """Mid prices of the newest minutes, price units, oldest first; NaN = no price."""
    if history is None:
        return np.zeros(0)
    samples = history.samples(number, SPAN)
    bid, ask = samples["bid"].astype(float), samples["ask"].astype(float)
    mid = (bid + ask) / 2
    is_sided = (samples["bid"] != NO_PRICE) & (samples["ask"] != NO_PRICE)
    last = np.where(
        samples["last"] != NO_PRICE, samples["last"].astype(float), _FLOAT_NAN
    )
    return np.where(is_sided, mid, last)


class WatchColumns:
    """Makes the columns over WATCH_ROW."""

    def __init__(self, desk: Desk, theme: Theme) -> None:
        self._desk = desk
        self._theme = theme

    def columns(self) -> tuple[Column, ...]:
        """All of them; the sparkline's has no text."""
        return (
            Column(
                "Instrument",
                lambda r: self._write(r, lambda x: x.instrument.name),
                lambda r: r["instrument"],
                is_number=False,
                width=11,
            ),
            Column(
                "Last", self._last, lambda r: r["last"], self._last_colour, width=10
            ),
            Column("Change", self._change, changes, self._change_colour, width=9),
            Column(TREND, _no_text, changes, is_number=False, width=14),
            self._price("Bid", "bid"),
            self._price("Ask", "ask"),
            Column("Spread", self._spread, self._spreads, tip="In ticks", width=7),
            self._quantity("Volume", "volume"),
            self._price("High", "high"),
            self._price("Low", "low"),
            self._quantity("Position", "position", signed=True),
            Column("P&L", self._pnl, lambda r: r["pnl"], self._pnl_colour, width=11),
        )

    def _listed(self, record: np.void) -> Listed | None:
        return self._desk.listed(int(record["instrument"]))

    def _write(self, record: np.void, write: Callable[[Listed], str]) -> str:
        listed = self._listed(record)
        return write(listed) if listed is not None else formatting.DASH

    def _price(self, title: str, field: str) -> Column:
        return Column(
            title,
            lambda r: self._write(r, lambda x: x.text.price(int(r[field]))),
            lambda r: r[field],
            lambda r: self._theme.muted if r["stale"] else self._theme.text,
            width=10,
        )

    def _quantity(self, title: str, field: str, *, signed: bool = False) -> Column:
        return Column(
            title,
            lambda r: self._write(
                r, lambda x: x.text.quantity(int(r[field]), signed=signed)
            ),
            lambda r: r[field],
            (lambda r: self._side_colour(int(r[field]))) if signed else None,
            width=10,
        )

    def _last(self, record: np.void) -> str:
        # An arrow beside the colour: which side the last trade took.
        arrow = {1: "▴ ", -1: "▾ "}.get(int(record["aggressor"]), "")
        return self._write(record, lambda x: arrow + x.text.price(int(record["last"])))

    def _last_colour(self, record: np.void) -> str:
        if record["stale"]:
            return self._theme.muted
        return self._side_colour(int(record["aggressor"]))

    def _side_colour(self, sign: int) -> str:
        return self._theme.side(sign) if sign else self._theme.text

    def _change(self, record: np.void) -> str:
        return formatting.percent_change(_change_of(record))

    def _change_colour(self, record: np.void) -> str:
        change = _change_of(record)
        return (
            self._theme.change(round(change, 4))
            if change == change
            else self._theme.text
        )

    def _spreads(self, rows: np.ndarray) -> np.ndarray:
        return np.array([self._ticks(row) for row in rows], float)

    def _ticks(self, record: np.void) -> float:
        listed = self._listed(record)
        if listed is None or NO_PRICE in (record["bid"], record["ask"]):
            return _FLOAT_NAN
        scale = listed.scale
        return scale.index(int(record["ask"])) - scale.index(int(record["bid"]))

    def _spread(self, record: np.void) -> str:
        ticks = self._ticks(record)
        return formatting.count(int(ticks)) if ticks == ticks else formatting.DASH

    def _pnl(self, record: np.void) -> str:
        return self._write(
            record, lambda x: x.text.money(int(record["pnl"]), signed=True)
        )

    def _pnl_colour(self, record: np.void) -> str:
        return self._theme.change(record["pnl"] / MONEY_SCALE)


def _change_of(record: np.void) -> float:
    return float(changes(np.array([record], WATCH_ROW))[0])


def _no_text(_record: np.void) -> str:
    return ""


TREND: Final = "Five minutes"
"""Title of the sparklines' column."""
