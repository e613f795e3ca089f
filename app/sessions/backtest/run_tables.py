"""The fills, orders and trades of a run as columns, made of the engine's reports."""

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.analytics.run_data import Table
from app.engine.records import (
    MONEY_SCALE,
    OrderStatus,
    OrderType,
    RecordFlag,
    ReportType,
    TimeInForce,
)
from app.sessions.backtest.price_tracks import PriceTrack, extremes
from app.sessions.backtest.run_orders import Orders
from app.sessions.backtest.run_units import Floats, Ints, Units, reasons_of, words_of
from app.sessions.backtest.trades import Trades, trades_of

_WORKING: Final = (
    *(OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED),
    *(OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE),
    *(OrderStatus.TRIGGERED, OrderStatus.INACTIVE, OrderStatus.HELD),
)


def order_table(orders: Orders, fills: Table, units: Units) -> Table:
    """Orders as they stood at the end, in the order in which they were made."""
    first, last = orders.first, orders.last
    number = first["instrument"]
    quantity = units.quantities(number, last["quantity"])
    filled = units.quantities(number, last["filled"])
    rows = orders.rows_of(fills["order"])
    known, size = rows >= 0, len(orders)
    done, worth, fee = (
        np.bincount(rows[known], weights=each[known], minlength=size)
        for each in (
            fills["quantity"],
            fills["quantity"] * fills["price"],
            fills["fee"],
        )
    )
    decided = first["ts_received"]
    last_fill = orders.times(ReportType.FILL, "ts_venue", newest=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        average = np.where(done > 0, worth / done, np.nan)
        ratio = np.where(quantity > 0, filled / quantity, np.nan)
    table = Table(
        {
            "order": orders.ids,
            "ts": decided,
            "symbol": units.names(number),
            "strategy": units.owners(first["strategy"]),
            "side": first["side"].copy(),
            "type": words_of(OrderType, first["order_type"]),
            "time_in_force": words_of(TimeInForce, first["time_in_force"]),
            "quantity": quantity,
            "filled": filled,
            "fill_ratio": ratio,
            "price": units.prices(number, last["price"]),
            "stop_price": units.prices(number, last["stop_price"]),
            "average_price": average,
            "arrival_price": orders.arrival_price(units),
            "status": words_of(OrderStatus, last["status"]),
            "reason": reasons_of(last["reason"]),
            "accepted_ts": orders.times(ReportType.NEW, "ts_venue"),
            "acknowledged_ts": orders.times(ReportType.NEW, "ts_received"),
            "triggered_ts": orders.triggered_ts,
            "first_fill_ts": orders.times(ReportType.FILL, "ts_venue"),
            "ended_ts": np.where(np.isin(last["status"], _WORKING), 0, _ended(last)),
            "time_to_fill_s": np.where(
                last_fill > 0, (last_fill - orders.since()) / 1e9, np.nan
            ),
            "fee": fee,
            "replaces": orders.replaces(),
        }
    )
    return table.take(np.argsort(orders.place, kind="stable"))


def _ended(last: NDArray[Any]) -> Ints:
    venue: Ints = last["ts_venue"]
    return np.where(venue > 0, venue, last["ts_received"])


def fill_table(fills: NDArray[Any], orders: Orders, units: Units) -> Table:
    """Fills, oldest first."""
    number, side = fills["instrument"], fills["side"].astype(np.float64)
    price = units.prices(number, fills["last_price"])
    quantity = units.quantities(number, fills["last_quantity"])
    rows = orders.rows_of(fills["client_order_id"])
    decided, since = fills["ts_venue"].copy(), fills["ts_venue"]
    arrival = units.price_at(number, decided)
    if len(orders):
        known = rows >= 0
        decided = np.where(known, orders.first["ts_received"][rows], decided)
        since = np.where(known, orders.since()[rows], since)
        arrival = np.where(known, orders.arrival_price(units)[rows], arrival)
    mid = units.price_at(number, fills["ts_venue"], mid=True, before=True)
    worth = quantity * units.money_of(number)
    return Table(
        {
            "ts": fills["ts_venue"].copy(),
            "known_ts": fills["ts_received"].copy(),
            "symbol": units.names(number),
            "strategy": units.owners(fills["strategy"]),
            "side": fills["side"].copy(),
            "quantity": quantity,
            "price": price,
            "fee": units.fees(fills),
            "value": np.abs(price) * worth,
            "liquidity": fills["liquidity"].copy(),
            "order": fills["client_order_id"].copy(),
            "order_type": words_of(OrderType, fills["order_type"]),
            "decided_ts": decided,
            "latency_s": np.where(rows >= 0, (fills["ts_venue"] - since) / 1e9, np.nan),
            "arrival_price": arrival,
            "mid_price": mid,
            "slippage": side * (price - arrival) * worth,
            "spread_paid": side * (price - mid) * worth,
            "lucky": _lucky(fills, price, units).astype(np.int8),
        }
    )


def _lucky(fills: NDArray[Any], price: Floats, units: Units) -> NDArray[np.bool_]:
    """Whether a resting order was filled where the market did not go through it.

    Such a fill rests on an estimate of the queue, unless the data show each order.
    """
    found = np.zeros(len(fills), bool)
    for place, track in enumerate(units.tracks):
        here = np.flatnonzero((fills["instrument"] == place) & (fills["liquidity"] > 0))
        if units.exact_queue[place] or not len(here):
            continue
        row = np.searchsorted(track.ts, fills["ts_venue"][here], side="right") - 1
        row = np.maximum(row, 0)
        buys, at = fills["side"][here] > 0, price[here]
        low, high = track.low, track.high
        if track.bid is not None and track.ask is not None:
            low, high = track.ask, track.bid
            through = np.where(buys, low[row] <= at, high[row] >= at)
        else:
            through = np.where(buys, low[row] < at, high[row] > at)
        found[here] = ~through
    return found


def trade_table(fills: NDArray[Any], units: Units) -> Table:
    """Trades in the order in which they began."""
    made = trades_of(fills)
    number = made.instrument
    money = units.money_of(number)
    entry = _mean(made.entry_value, made.entry_quantity, units, number)
    leave = _mean(made.exit_value, made.exit_quantity, units, number)
    quantity = units.quantities(number, made.quantity)
    unrealised = unrealised_of(made, units)
    pnl = pnl_of(made, units) + unrealised
    is_open = made.closed_ts == 0
    mark = units.quoted(number, np.where(is_open, units.marks[number], np.nan))
    entered = units.quantities(number, made.entry_quantity) * np.abs(entry) * money
    mae, mfe = _excursions(made, units, entry, leave)
    end = np.where(made.closed_ts > 0, made.closed_ts, _end_of(units))
    with np.errstate(divide="ignore", invalid="ignore"):
        gained = np.where(entered > 0, pnl / entered, np.nan)
        mae_part = np.where(entry != 0, mae / np.abs(entry), np.nan)
        mfe_part = np.where(entry != 0, mfe / np.abs(entry), np.nan)
    return Table(
        {
            "trade": np.arange(1, len(made) + 1),
            "symbol": units.names(number),
            "strategy": units.owners(made.strategy),
            "side": made.side.astype(np.int8),
            "quantity": quantity,
            "opened": made.opened_ts,
            "closed": made.closed_ts,
            "entry_price": entry,
            "exit_price": leave,
            "mark_price": mark,
            "pnl": pnl,
            "unrealised": unrealised,
            "fees": made.fees / MONEY_SCALE * units.rates[number],
            "return": gained,
            "hold_s": np.maximum(end - made.opened_ts, 0) / 1e9,
            "mae": mae * quantity * money,
            "mfe": mfe * quantity * money,
            "mae_return": mae_part,
            "mfe_return": mfe_part,
            "fills": made.fills,
            "entry_order": made.entry_order,
            "exit_order": np.where(made.exit_quantity > 0, made.exit_order, 0),
            "exit_reason": _exit_reasons(made, fills),
        }
    )


def _end_of(units: Units) -> int:
    return max((int(each.ts[-1]) for each in units.tracks if len(each.ts)), default=0)


def _mean(value: NDArray[Any], quantity: Ints, units: Units, number: Ints) -> Floats:
    """Mean price, currency; NaN of nothing."""
    by = np.where(quantity > 0, quantity, 1)
    mean = units.quoted(number, (value / by).astype(np.float64))
    return np.where(quantity > 0, mean, np.nan)


def pnl_of(made: Trades, units: Units) -> Floats:
    """Profit of what was closed, after fees, base currency."""
    ratios = [each.money_ratio for each in units.instruments]
    ratio = np.array([float(n) / float(d) for n, d in ratios])[made.instrument]
    is_closed = made.entry_quantity == made.exit_quantity
    part = made.exit_quantity / np.maximum(made.entry_quantity, 1)
    whole = (made.exit_value - made.entry_value).astype(np.float64)
    some = made.exit_value - made.entry_value * part
    gained = made.side * np.where(is_closed, whole, some.astype(np.float64)) * ratio
    rates = units.rates[made.instrument]
    found: Floats = (gained - made.fees) / MONEY_SCALE * rates
    return found


def unrealised_of(made: Trades, units: Units) -> Floats:
    """Profit of what is still held, at the mark of the end, base currency.

    It is valued as the account is: without a mark it is worth its cost. So all that
    trades made is the change of equity, where nothing but trading moved it.
    """
    ratios = [each.money_ratio for each in units.instruments]
    ratio = np.array([float(n) / float(d) for n, d in ratios])[made.instrument]
    held = made.entry_quantity - made.exit_quantity
    part = held / np.maximum(made.entry_quantity, 1)
    cost = made.entry_value.astype(np.float64) * part
    gained = made.side * (units.marks[made.instrument] * held - cost) * ratio
    known = (held > 0) & ~np.isnan(gained)
    rates = units.rates[made.instrument]
    found: Floats = np.where(known, gained, 0.0) / MONEY_SCALE * rates
    return found


def _excursions(
    made: Trades, units: Units, entry: Floats, leave: Floats
) -> tuple[Floats, Floats]:
    """How far the price went against and for each trade, currency, ≤ 0 and ≥ 0."""
    worst, best = np.zeros(len(made)), np.zeros(len(made))
    for place, track in enumerate(units.tracks):
        for strategy in np.unique(made.strategy[made.instrument == place]):
            here = (made.instrument == place) & (made.strategy == strategy)
            closed = made.closed_ts[here]
            until = np.where(closed > 0, closed, np.iinfo(np.int64).max)
            low, high = extremes(
                track, made.opened_ts[here], until, entry[here], leave[here]
            )
            is_long = made.side[here] > 0
            down, up = low - entry[here], high - entry[here]
            worst[here] = np.where(is_long, down, -up)
            best[here] = np.where(is_long, up, -down)
    return np.minimum(worst, 0.0), np.maximum(best, 0.0)


def _exit_reasons(made: Trades, fills: NDArray[Any]) -> NDArray[np.str_]:
    """What ended each trade, by its last order."""
    if not len(made):
        return np.empty(0, "U8")
    last = fills[made.last_fill]
    words = words_of(OrderType, last["order_type"])
    is_target = (last["group"] != 0) & (last["order_type"] == OrderType.LIMIT)
    is_settled = (last["flags"] & np.uint16(RecordFlag.SETTLEMENT)) != 0
    found: NDArray[np.str_] = np.select(
        [made.closed_ts == 0, is_settled, made.is_reversed, is_target],
        ["open", "settlement", "reversal", "target"],
        words,
    )
    return found


def strategy_equities(
    ts: Ints, fills: NDArray[Any], capital: dict[int, float], units: Units
) -> dict[int, Floats]:
    """What each strategy's share of the capital was worth, of its fills and the marks.

    Dividends, financing and settlements other than fills stay out of it.

    Parameters
    ----------
    ts : (n,) int64
    capital : dict of strategy to base currency

    Returns
    -------
    dict of strategy to (n,) float64
    """
    found = {}
    for number, amount in capital.items():
        worth = np.full(len(ts), amount)
        own = fills[fills["strategy"] == number]
        for place, track in enumerate(units.tracks):
            mine = own[own["instrument"] == place]
            if len(mine):
                worth += _made(ts, mine, place, track, units)
        found[number] = worth
    return found


def _made(
    ts: Ints, fills: NDArray[Any], place: int, track: PriceTrack, units: Units
) -> Floats:
    """Profit of fills in one instrument at each time, after fees."""
    number = fills["instrument"]
    signed = units.quantities(number, fills["last_quantity"]) * fills["side"]
    price = units.prices(number, fills["last_price"])
    money = float(units.money_of(np.array([place]))[0])
    order = np.argsort(fills["ts_received"], kind="stable")
    # How many fills there are up to each time: looked up for each fill, counted on.
    first = np.searchsorted(ts, fills["ts_received"])
    rows = np.cumsum(np.bincount(first, minlength=len(ts) + 1)[: len(ts)])
    held, spent, paid = (
        np.concatenate([[0.0], np.cumsum(each[order])])[rows]
        for each in (signed, signed * price, units.fees(fills))
    )
    # Before the first record nothing is held.
    mark = np.nan_to_num(track.at(ts))
    found: Floats = (held * mark - spent) * money - paid
    return found
