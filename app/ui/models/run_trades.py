"""The trades of a run as records that a table shows, sorts and filters."""

from collections.abc import Callable
from typing import Any, Final

import numpy as np

from app.analytics.run_data import RunData
from app.clock import utc
from app.ui import formatting
from app.ui.formatting import DASH
from app.ui.models.report_text import held, money, signed_percent
from app.ui.models.table import Column
from app.ui.theme import Theme

_NUMBERS: Final = (
    *("quantity", "entry_price", "exit_price", "pnl", "return", "fees", "hold_s"),
    *("mae_return", "mfe_return", "mark_price"),
)
_TEXTS: Final = ("symbol", "strategy", "exit_reason")
ROW: Final = np.dtype(
    [
        ("row", "<i8"),
        ("side", "i1"),
        ("opened", "<i8"),
        ("closed", "<i8"),
        *((name, "<f8") for name in _NUMBERS),
        *((name, "<i8") for name in _TEXTS),
    ]
)


class RunTrades:
    """The trades of one run.

    Attributes
    ----------
    rows : (n,) ROW
        In the order of the run; texts are places in `texts`.
    """

    def __init__(self) -> None:
        self.rows = np.zeros(0, ROW)
        self.texts: dict[str, Any] = {name: np.empty(0, str) for name in _TEXTS}
        self._decimals: dict[str, int] = {}

    def show(self, data: RunData | None) -> None:
        """Take another run, or none."""
        if data is None:
            self.rows = np.zeros(0, ROW)
            return
        trades = data.trades
        rows = np.zeros(len(trades), ROW)
        rows["row"] = np.arange(len(rows))
        for name in ("side", "opened", "closed", *_NUMBERS):
            rows[name] = trades[name]
        for name in _TEXTS:
            self.texts[name], rows[name] = np.unique(trades[name], return_inverse=True)
        self._decimals = {
            name: int(each.get("price_decimals", 2))
            for name, each in data.card["instruments"].items()
        }
        self.rows = rows

    def text(self, record: np.void, name: str) -> str:
        """A trade's symbol, strategy or reason."""
        return str(self.texts[name][int(record[name])])

    def words(self, record: np.void) -> str:
        """A trade in a line, for a crosshair or a title."""
        side = "long" if record["side"] > 0 else "short"
        return (
            f"#{int(record['row']) + 1} {self.text(record, 'symbol')} {side} "
            f"{_quantity(record)} · {money(float(record['pnl']))} "
            f"({signed_percent(float(record['return']))})"
        )

    def matching(self, text: str) -> Callable[[np.ndarray], np.ndarray] | None:
        """A filter: trades for which every word holds; None for all."""
        wanted = text.lower().split()
        if not wanted:
            return None

        def holds(rows: np.ndarray) -> np.ndarray:
            mask = np.ones(len(rows), bool)
            for word in wanted:
                is_not, word = word.startswith("-"), word.removeprefix("-")
                one = self._holds(rows, word)
                mask &= ~one if is_not and word else one
            return mask

        return holds

    def _holds(self, rows: np.ndarray, word: str) -> np.ndarray:
        sides = {"long": 1, "short": -1}
        if word in sides:
            return np.asarray(rows["side"] == sides[word])
        if word in ("won", "lost"):
            won = rows["pnl"] > 0
            return np.asarray(won if word == "won" else ~won)
        if word == "open":
            return np.asarray(rows["closed"] == 0)
        found = np.zeros(len(rows), bool)
        for name in _TEXTS:
            has = np.array([word in str(x).lower() for x in self.texts[name]], bool)
            if len(has):
                found |= has[rows[name]]
        return found

    def columns(self, theme: Theme) -> tuple[Column, ...]:
        """The table's columns."""

        def number(
            title: str,
            name: str,
            write: Callable[[np.void], str],
            width: int,
            tip: str = "",
            is_coloured: bool = False,
        ) -> Column:
            paint = (lambda r: theme.change(_known(r[name]))) if is_coloured else None
            return Column(
                title, write, lambda rows: rows[name], paint, tip=tip, width=width
            )

        def text(title: str, name: str, width: int, tip: str = "") -> Column:
            return Column(
                title,
                lambda r: self.text(r, name).replace("_", " "),
                lambda rows: rows[name],
                is_number=False,
                tip=tip,
                width=width,
            )

        side = Column(
            "Side",
            lambda r: "long" if r["side"] > 0 else "short",
            lambda rows: rows["side"],
            lambda r: theme.side(int(r["side"])),
            is_number=False,
            width=6,
        )
        return (
            number("#", "row", lambda r: formatting.count(r["row"] + 1), 5),
            text("Symbol", "symbol", 8),
            side,
            number("Quantity", "quantity", _quantity, 9, "Largest held"),
            number("Opened (UTC)", "opened", lambda r: _when(int(r["opened"])), 15),
            number("Closed", "closed", lambda r: _when(int(r["closed"])), 15),
            number("Entry", "entry_price", lambda r: self._price(r, "entry"), 9),
            number(
                "Exit",
                "exit_price",
                lambda r: self._price(r, "exit" if r["closed"] else "mark"),
                9,
                "Of an open trade: what it was marked at in the end",
            ),
            number(
                "P&L",
                "pnl",
                lambda r: money(float(r["pnl"])),
                11,
                "After fees, base currency; of an open trade with what it is worth "
                "at the mark",
                is_coloured=True,
            ),
            number(
                "Return",
                "return",
                lambda r: signed_percent(float(r["return"])),
                9,
                "P&L of the value that was entered",
                is_coloured=True,
            ),
            number("Held", "hold_s", lambda r: held(float(r["hold_s"])), 7),
            number(
                "MAE",
                "mae_return",
                lambda r: signed_percent(float(r["mae_return"])),
                9,
                "Maximum adverse excursion: the worst it stood at",
            ),
            number(
                "MFE",
                "mfe_return",
                lambda r: signed_percent(float(r["mfe_return"])),
                9,
                "Maximum favourable excursion: the best it stood at",
            ),
            number("Fees", "fees", lambda r: money(float(r["fees"])), 8),
            text("Exit by", "exit_reason", 9),
            text("Strategy", "strategy", 12),
        )

    def _price(self, record: np.void, what: str) -> str:
        value = float(record[f"{what}_price"])
        if value != value:
            return DASH
        places = self._decimals.get(self.text(record, "symbol"), 2)
        return f"{value:,.{min(places, 8)}f}"


def _known(value: float) -> float:
    return 0.0 if value != value else float(value)


def _quantity(record: np.void) -> str:
    return f"{float(record['quantity']):,.8g}"


def _when(ns: int) -> str:
    return f"{utc(ns):%Y-%m-%d %H:%M}" if ns else "open"
