"""Trades made of fills: flat to flat per instrument and strategy (SEMANTICS 59).

A fill that reverses a position closes one trade and opens the next; its fee is shared
by quantity. Sums are exact integers of price units × quantity units. All of it is
columns: a run may have a million fills.
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
_EXACT: Final = 2.0**62


@dataclass(frozen=True)
class Trades:
    """Trades in the order in which they began, in the engine's units.

    Attributes
    ----------
    instrument, strategy, side : (n,) int64
    opened_ts, closed_ts : (n,) int64
        ns since 1970 UTC; closed 0 while it is open.
    quantity : (n,) int64
        Largest size held, quantity units.
    entry_value, exit_value : (n,) int64 or object
        Sums of price units × quantity units; Python integers where 64 bits are few.
    entry_quantity, exit_quantity : (n,) int64
    fees : (n,) float64
        Money, 1e-8.
    fills : (n,) int64
    entry_order, exit_order : (n,) int64
        Ids of the first and the last order.
    last_fill : (n,) int64
        Row of its last fill.
    is_reversed : (n,) bool
        Whether its last fill opened the next trade.
    """

    instrument: Ints
    strategy: Ints
    side: Ints
    opened_ts: Ints
    closed_ts: Ints
    quantity: Ints
    entry_value: NDArray[Any]
    exit_value: NDArray[Any]
    entry_quantity: Ints
    exit_quantity: Ints
    fees: NDArray[np.float64]
    fills: Ints
    entry_order: Ints
    exit_order: Ints
    last_fill: Ints
    is_reversed: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.side)


def trades_of(fills: NDArray[Any]) -> Trades:
    """Make trades of FILL reports, oldest first."""
    fill, signed, before, share = _parts(fills)
    after = before + signed
    starts = np.flatnonzero(before == 0)
    ends = np.append(starts[1:], len(fill)) - 1
    if not len(starts):
        none: dict[str, Any] = dict.fromkeys(_NAMES, np.empty(0, np.int64))
        none["fees"], none["is_reversed"] = np.empty(0), np.empty(0, bool)
        return Trades(**none)
    side = np.sign(signed[starts])
    sides = np.repeat(side, ends - starts + 1)
    quantity = np.abs(signed)
    is_entry = np.sign(signed) == sides
    value = _values(fills["last_price"][fill], quantity)
    is_open = after[ends] != 0
    last = fill[ends]
    is_reversed = np.zeros(len(starts), bool)
    is_reversed[:-1] = last[:-1] == fill[starts[1:]]
    found = Trades(
        instrument=fills["instrument"][fill[starts]].astype(np.int64),
        strategy=fills["strategy"][fill[starts]].astype(np.int64),
        side=side,
        opened_ts=fills["ts_venue"][fill[starts]],
        closed_ts=np.where(is_open, 0, fills["ts_venue"][last]),
        quantity=np.maximum.reduceat(np.abs(after), starts),
        entry_value=np.add.reduceat(np.where(is_entry, value, 0), starts),
        exit_value=np.add.reduceat(np.where(is_entry, 0, value), starts),
        entry_quantity=np.add.reduceat(np.where(is_entry, quantity, 0), starts),
        exit_quantity=np.add.reduceat(np.where(is_entry, 0, quantity), starts),
        fees=np.add.reduceat(fills["fee"][fill] * share, starts),
        fills=ends - starts + 1,
        entry_order=fills["client_order_id"][fill[starts]],
        exit_order=fills["client_order_id"][last],
        last_fill=last,
        is_reversed=is_reversed,
    )
    # By their first fill; of a reversal's two the one that it closes began before.
    first = fill[starts]
    if (first[1:] >= first[:-1]).all():
        return found  # one strategy with one instrument, as in most runs
    order = np.argsort(first, kind="stable")
    return Trades(**{name: getattr(found, name)[order] for name in _NAMES})


_NAMES: Final = tuple(Trades.__dataclass_fields__)


def _parts(
    fills: NDArray[Any],
) -> tuple[NDArray[np.intp], Ints, Ints, NDArray[np.float64]]:
    """Fills by strategy and instrument, a reversal as two parts.

    Returns
    -------
    (n,) intp, (n,) int64, (n,) int64, (n,) float64
        Row of the fill, signed quantity, position before, share of the fill.
    """
    order = np.lexsort((fills["instrument"], fills["strategy"]))
    # Columns: a copy of whole reports would be a hundred times as much.
    sizes = fills["last_quantity"][order]
    signed = sizes * fills["side"][order]
    is_first = np.ones(len(order), bool)
    for name in ("strategy", "instrument"):
        values = fills[name][order]
        is_first[1:] &= values[1:] == values[:-1]
    is_first[1:] = ~is_first[1:]
    total = np.cumsum(signed)
    base = np.where(is_first, total - signed, 0)
    group = np.cumsum(is_first) - 1
    position = total - base[is_first][group] if len(order) else total
    before = position - signed
    reverses = np.sign(before) * np.sign(position) < 0
    copies = 1 + reverses.astype(np.int64)
    fill = np.repeat(order, copies)
    parts, starts = np.repeat(signed, copies), np.repeat(before, copies)
    second = np.cumsum(copies)[reverses] - 1
    parts[second - 1] = -before[reverses]
    parts[second], starts[second] = position[reverses], 0
    whole = np.maximum(np.repeat(sizes, copies), 1)
    return fill, parts, starts, np.abs(parts) / whole


def _values(price: Ints, quantity: Ints) -> NDArray[Any]:
    """Price × quantity, so that their sums are exact."""
    bound = float(np.abs(price).max(initial=0)) * float(quantity.sum())
    if bound < _EXACT:
        return price * quantity
    exact: NDArray[Any] = price.astype(object) * quantity.astype(object)
    return exact
