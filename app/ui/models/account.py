"""The account's figures, as captions with values."""

from typing import Final

import numpy as np

from app.ui import formatting
from app.ui.theme import Theme

CAPTIONS: Final = ("Total P&L", "Realised", "Unrealised", "Fees", "Drawdown", "Equity")


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
