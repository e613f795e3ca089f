"""The account's figures, as captions with values."""

from collections.abc import Sequence
from fractions import Fraction
from typing import Final

import numpy as np

from app.engine.money import CONVERSION_SCALE
from app.ui import formatting
from app.ui.theme import Theme

CAPTIONS: Final = ("Total P&L", "Realised", "Unrealised", "Fees", "Drawdown", "Equity")
_OTHERS: Final = (
    ("initial margin", "initial_margin"),
    ("maintenance margin", "maintenance_margin"),
    ("borrow", "borrow_fees"),
    ("funding", "funding"),
)
"""Figures that are told only where there is something to tell."""


def figures(view: np.void | None, currency: str, theme: Theme) -> list[tuple[str, str]]:
    """Values of `CAPTIONS` with their colours, in the base currency."""
    if view is None:
        return [(formatting.DASH, theme.muted)] * len(CAPTIONS)
    realised, unrealised = int(view["realised"]), int(view["unrealised"])
    total = realised + unrealised - int(view["fees"])

    def change(amount: int) -> tuple[str, str]:
        return formatting.money(amount, currency, signed=True), theme.change(amount)

    def plain(amount: int) -> tuple[str, str]:
        return formatting.money(amount, currency), theme.text

    return [
        change(total),
        change(realised),
        change(unrealised),
        plain(int(view["fees"])),
        plain(int(view["drawdown"])),
        plain(int(view["equity"])),
    ]


def balances(
    view: np.void, currencies: Sequence[str], base: str
) -> list[tuple[str, int]]:
    """Cash by currency, money: the base's first; foreign ones as they stand.

    Parameters
    ----------
    currencies : sequence of str
        Of the session's instruments, in their order.
    """
    foreign: dict[str, int] = {}
    converted = 0
    for row, currency in zip(view["instrument"], currencies, strict=False):
        if currency != base:
            cash, rate = int(row["cash"]), int(row["conversion"])
            foreign[currency] = foreign.get(currency, 0) + cash
            converted += round(Fraction(cash * rate, CONVERSION_SCALE))
    return [(base, int(view["cash"]) - converted), *foreign.items()]


def other_figures(view: np.void | None, currencies: Sequence[str], base: str) -> str:
    """Cash, what of it is not settled, margin and interest; only what is not zero."""
    if view is None:
        return ""

    def amount(money: int) -> str:
        return formatting.money(money, base)

    told = [f"cash {amount(int(view['cash']))}"]
    if set(currencies) - {base}:
        told += [
            f"{currency} {formatting.money(money, currency)}"
            for currency, money in balances(view, currencies, base)
        ]
    waiting = int(view["cash"]) - int(view["settled_cash"])
    if waiting:
        told.append(f"not settled {amount(waiting)}")
    told += [f"{name} {amount(int(view[key]))}" for name, key in _OTHERS if view[key]]
    if not view["exposure_known"]:
        told.append("exposure unknown: a conversion rate is missing")
    return " \N{MIDDLE DOT} ".join(told)
