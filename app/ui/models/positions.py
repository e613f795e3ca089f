"""Positions as rows: what is held, what it is worth, what it takes to be even."""

from typing import Final

import numpy as np

from app.engine.records import NO_PRICE, RiskLimit
from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.market import Listed

ACCOUNT: Final = -1
"""Holder of a row that is the whole account's."""
SEVERAL: Final = -2
"""Holders of a row that is the whole account's, of more than one."""
_OF_HOLDER: Final = (
    ("position", "<i8"),
    ("average_price", "<f8"),
    ("unrealised", "<i8"),
    ("realised", "<i8"),
    ("fees", "<i8"),
)
_OF_VIEW: Final = (*_OF_HOLDER, ("mark", "<i8"), ("exposure", "<i8"))
POSITION_ROW: Final = np.dtype(
    [
        ("instrument", "<i4"),
        ("strategy", "<i4"),  # whose row; 0 = the hand's, ACCOUNT = the account's
        ("holder", "<i4"),  # who has it: a strategy, 0 = the hand, or SEVERAL
        ("unmanaged", "<i4"),  # 1: a strategy that stopped has a part of it
        *_OF_VIEW,  # as in VIEW_INSTRUMENT
        ("break_even", "<f8"),  # price units; NaN = flat
        ("ticks", "<f8"),  # mark from average, a unit held; NaN = flat
        ("percent", "<f8"),  # unrealised of what was paid; NaN = unknown
    ]
)
"""A position as the blotter shows it."""


def position_rows(desk: Desk, *, by_holder: bool = False) -> np.ndarray:
    """Positions of the instruments that have or had one, in the session's order.

    Parameters
    ----------
    desk : Desk
    by_holder : bool
        Where several have a part, follow the account's row by one for each of them.
    """
    view = desk.market.view
    if view is None:
        return np.zeros(0, POSITION_ROW)
    parts = view["instrument"][: int(view["instruments"])]
    has_any = (parts["position"] != 0) | (parts["realised"] != 0) | (parts["fees"] != 0)
    numbers = np.nonzero(has_any)[0]
    rows = np.zeros(len(numbers), POSITION_ROW)
    rows["instrument"], rows["strategy"] = numbers, ACCOUNT
    for name, _ in _OF_VIEW:
        rows[name] = parts[name][numbers]
    holdings = view["holding"][: int(view["holdings"])]
    _name_holders(rows, holdings)
    if by_holder:
        rows = _with_holders(rows, holdings)
    for name in ("break_even", "ticks", "percent"):
        rows[name] = np.nan
    for row in rows:
        listed = desk.listed(int(row["instrument"]))
        if listed is not None and row["position"]:
            _measure(row, listed)
    return rows


def _name_holders(rows: np.ndarray, holdings: np.ndarray) -> None:
    """Say of the account's rows who holds them."""
    for row in rows:
        own = holdings[holdings["instrument"] == row["instrument"]]
        row["unmanaged"] = own["unmanaged"].any()
        if len(own):
            row["holder"] = own["strategy"][0] if len(own) == 1 else SEVERAL


def _with_holders(rows: np.ndarray, holdings: np.ndarray) -> np.ndarray:
    """The account's rows, each followed by its holders' where they are several."""
    made = []
    for row in rows:
        made.append(row)
        if row["holder"] != SEVERAL:
            continue
        for own in holdings[holdings["instrument"] == row["instrument"]]:
            part = np.zeros((), POSITION_ROW)
            part["strategy"] = part["holder"] = own["strategy"]
            for name in ("instrument", "unmanaged", *(x for x, _ in _OF_HOLDER)):
                part[name] = own[name]
            part["mark"] = row["mark"]
            made.append(part)
    return np.array(made, POSITION_ROW)


def may_act(row: np.void, does: str) -> bool:
    """Whether a POSITION_ROW can be closed or reversed.

    A strategy's part can be closed; which way round it stands is the strategy's matter.
    """
    return bool(row["position"]) and (does == "close" or row["strategy"] <= 0)


def holder_text(record: np.void) -> str:
    """Say who has a POSITION_ROW's position, and whether anybody watches it."""
    holder = int(record["holder"])
    if record["strategy"] == ACCOUNT and holder == SEVERAL:
        words = "several"
    else:
        words = f"strategy {holder}" if holder > 0 else "by hand"
    return f"{words}, unmanaged" if record["unmanaged"] else words


def _measure(row: np.void, listed: Listed) -> None:
    """Fill in what follows from position, average and mark."""
    position, average = int(row["position"]), float(row["average_price"])
    numerator, denominator = listed.instrument.money_ratio
    one = numerator / denominator * position  # money of one price unit
    row["break_even"] = average - (int(row["realised"]) - int(row["fees"])) / one
    if row["mark"] == NO_PRICE:
        return
    moved = (int(row["mark"]) / 2 - average) * (1 if position > 0 else -1)
    row["ticks"] = moved / listed.instrument.step_at(round(average))
    if average:
        row["percent"] = 100 * moved / abs(average)


def totals(desk: Desk) -> str:
    """The account in one line, base currency; "" before there is a view."""
    view, currency = desk.market.view, desk.currency
    if view is None:
        return ""
    net = int(view["realised"]) + int(view["unrealised"]) - int(view["fees"])
    parts = [
        f"{name} {formatting.money(int(view[key]), currency, signed=is_signed)}"
        for name, key, is_signed in (
            ("unrealised", "unrealised", True),
            ("realised", "realised", True),
            ("fees", "fees", False),
        )
    ]
    parts.append(f"net {formatting.money(net, currency, signed=True)}")
    # The column's sum, with all that works: limits judge by it (SEMANTICS 51).
    worst = int(view["used"][RiskLimit.MAX_GROSS_EXPOSURE])
    held = int(view["gross_exposure"])
    if view["exposure_known"]:
        parts.append(f"exposure {formatting.money(worst, currency)}")
        if worst != held:
            parts.append(f"of positions alone {formatting.money(held, currency)}")
    else:
        parts.append("exposure unknown: a conversion rate is missing")
    return f"Total {currency}:  " + " \N{MIDDLE DOT} ".join(parts)
