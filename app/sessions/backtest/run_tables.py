"""The fills, orders and trades of a run as columns, made of the engine's reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.analytics.run_data import Table
from app.engine.arena import Section
from app.engine.records import (
    MONEY_SCALE,
    NO_PRICE,
    OrderStatus,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    TimeInForce,
)
from app.engine.state import MAX_STRATEGIES
from app.instrument import Instrument
from app.sessions.backtest.composing import Composition
from app.sessions.backtest.price_tracks import PriceTrack, extremes
from app.sessions.backtest.trades import Trades, trades_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
_TOLD: Final = (
    *(ReportType.FILL, ReportType.CANCELLED, ReportType.REJECTED, ReportType.EXPIRED),
    *(ReportType.PENDING_NEW, ReportType.NEW, ReportType.REPLACED),
    ReportType.TRIGGERED,
)
"""Reports that say how an order stands."""
_WORKING: Final = (
    *(OrderStatus.PENDING_NEW, OrderStatus.NEW, OrderStatus.PARTIALLY_FILLED),
    *(OrderStatus.PENDING_CANCEL, OrderStatus.PENDING_REPLACE),
    *(OrderStatus.TRIGGERED, OrderStatus.INACTIVE, OrderStatus.HELD),
)


@dataclass(frozen=True)
class Units:
    """What a run's reports count in.

    Attributes
    ----------
    instruments : sequence of Instrument
    rates : (k,) float64
        Base currency for one unit of each instrument's.
    ids : dict of number to id
        Of strategies.
    tracks : sequence of PriceTrack
    exact_queue : (k,) bool
        Whether the place in the queue is known and no estimate.
    marks : (k,) float64
        At which positions were valued at the end, price units; NaN where there is none.
    """

    instruments: Sequence[Instrument]
    rates: Floats
    ids: dict[int, str]
    tracks: Sequence[PriceTrack]
    exact_queue: NDArray[np.bool_]
    marks: Floats

    def names(self, number: NDArray[Any]) -> NDArray[np.str_]:
        """Symbols by instrument."""
        found: NDArray[np.str_] = np.array([each.name for each in self.instruments])[
            number
        ]
        return found

    def owners(self, number: NDArray[Any]) -> NDArray[np.str_]:
        """Strategies' ids; "" is none."""
        size = max([int(number.max(initial=0)), *self.ids]) + 1
        names = np.array([self.ids.get(each, "") for each in range(size)])
        found: NDArray[np.str_] = names[number]
        return found

    def prices(self, number: NDArray[Any], units: NDArray[Any]) -> Floats:
        """Price units to currency; NO_PRICE is NaN."""
        known = units != NO_PRICE
        step = np.array([float(each.price_unit) for each in self.instruments])
        whole = _whole([each.price_unit for each in self.instruments])
        found = _scaled(np.where(known, units, 0), number, step, whole)
        found[~known] = np.nan
        return found

    def quoted(self, number: NDArray[Any], units: Floats) -> Floats:
        """Price units that may be halves, as mids are, to currency."""
        step = np.array([float(each.price_unit) for each in self.instruments])
        whole = _whole([each.price_unit for each in self.instruments])
        return _scaled(units, number, step, whole)

    def quantities(self, number: NDArray[Any], units: NDArray[Any]) -> Floats:
        """Quantity units to shares, contracts or coins."""
        step = np.array([float(each.quantity_unit) for each in self.instruments])
        whole = _whole([each.quantity_unit for each in self.instruments])
        return _scaled(units, number, step, whole)

    def money_of(self, number: NDArray[Any]) -> Floats:
        """Base currency for a price of 1 times a quantity of 1."""
        multipliers = [float(each.multiplier) for each in self.instruments]
        found: Floats = (np.array(multipliers) * self.rates)[number]
        return found

    def fees(self, fills: NDArray[Any]) -> Floats:
        """Fees of FILL reports, base currency."""
        found: Floats = fills["fee"] / MONEY_SCALE * self.rates[fills["instrument"]]
        return found

    def price_at(
        self, number: NDArray[Any], ts: Ints, *, mid: bool = False, before: bool = False
    ) -> Floats:
        """What the market stood at; with `mid` NaN where there are no quotes."""
        found = np.full(len(ts), np.nan)
        for place, track in enumerate(self.tracks):
            here = number == place
            if here.any() and (track.is_quoted or not mid):
                found[here] = track.at(ts[here], before=before)
        return found


def rates_of(composition: Composition) -> Floats:
    """Each instrument's currency to the base currency, as a run left it."""
    rows = composition.arena.records(Section.INSTRUMENTS)
    count = len(composition.instruments)
    return np.array([float(rows[i]["conversion"]) * 1e-9 for i in range(count)])


def marks_of(composition: Composition) -> Floats:
    """At what a run left positions in each instrument valued, price units or NaN."""
    arena = composition.arena
    # Behind those of the strategies stand the account's (engine/accounts.py).
    first = MAX_STRATEGIES * int(arena.records(Section.ENGINE)[0]["instruments"])
    rows = arena.records(Section.POSITIONS)
    marks = [
        rows[first + i]["mark_doubled"] for i in range(len(composition.instruments))
    ]
    return np.array([np.nan if x == NO_PRICE else int(x) / 2 for x in marks])


def _whole(units: Sequence[Any]) -> Floats:
    """1 ÷ unit where that is a whole number, else 0: dividing by it is exact."""
    inverse = [1 / each for each in units]
    return np.array([float(x) if x == x.to_integral_value() else 0.0 for x in inverse])


def _scaled(
    units: NDArray[Any], number: NDArray[Any], step: Floats, whole: Floats
) -> Floats:
    inverse = whole[number]
    by = np.where(inverse > 0, inverse, 1.0)
    found: Floats = np.where(inverse > 0, units / by, units * step[number])
    return found


def _words(kind: type[IntEnum], values: NDArray[Any]) -> NDArray[np.str_]:
    """Names of an enumeration's values, in lower case; 0 that has no name is ""."""
    names = {int(each): each.name.lower() for each in kind}
    size = max(int(values.max(initial=0)), *names) + 1
    found: NDArray[np.str_] = np.array([names.get(i, "") for i in range(size)])[values]
    return found


def reasons_of(values: NDArray[Any]) -> NDArray[np.str_]:
    """Why orders were refused or ended; "" is no reason."""
    found: NDArray[np.str_] = np.where(values == 0, "", _words(Reason, values))
    return found


class Orders:
    """Orders as reports tell of them, by their ids.

    Attributes
    ----------
    ids : (n,) int64
        Ascending.
    first, last : (n,) REPORT
        The first and last report that says how each stands.
    place : (n,) int64
        Row of the first report.
    """

    def __init__(self, reports: NDArray[Any]) -> None:
        told = np.isin(reports["report"], _TOLD) & (reports["client_order_id"] != 0)
        rows = np.flatnonzero(told)
        ids = reports["client_order_id"][rows]
        order = np.argsort(ids, kind="stable")
        rows, ids = rows[order], ids[order]
        starts = np.flatnonzero(np.append(True, ids[1:] != ids[:-1])[: len(ids)])
        self._rows, self._starts = rows, starts
        self.reports = reports
        self.ids: Ints = ids[starts]
        self.place: Ints = rows[starts]
        self.first = reports[rows[starts]]
        ends = np.append(starts[1:], len(rows)) - 1 if len(starts) else starts
        self.last = reports[rows[ends]]

    def __len__(self) -> int:
        return len(self.ids)

    def rows_of(self, ids: Ints) -> Ints:
        """Place of orders among `ids`; -1 where there is none."""
        if not len(self.ids):
            return np.full(len(ids), -1)
        place = np.minimum(np.searchsorted(self.ids, ids), len(self.ids) - 1)
        return np.where(self.ids[place] == ids, place, -1)

    def times(self, kind: ReportType, name: str, *, newest: bool = False) -> Ints:
        """Time at which each order was first, or last, reported so; 0 is never."""
        found = np.zeros(len(self), np.int64)
        told = self._of(kind)
        told = told if newest else told[::-1]
        found[self.rows_of(told["client_order_id"])] = told[name]
        return found

    @cached_property
    def triggered_ts(self) -> Ints:
        """When each stop was triggered; 0 is never, or it is no stop."""
        return self.times(ReportType.TRIGGERED, "ts_venue")

    @cached_property
    def trigger_price(self) -> Ints:
        """Stop price at which each was triggered, price units."""
        return self.times(ReportType.TRIGGERED, "stop_price")

    def since(self) -> Ints:
        """From when on each could be filled: its trigger, else its decision."""
        decided = self.first["ts_received"]
        return np.where(self.triggered_ts > 0, self.triggered_ts, decided)

    def arrival_price(self, units: Units) -> Floats:
        """What each is measured against: a stop's own price, else the market's.

        The market's is the mid, else the last price, when it was decided.
        """
        number = self.first["instrument"]
        market = units.price_at(number, self.first["ts_received"])
        stop = units.prices(number, self.trigger_price)
        found: Floats = np.where(self.triggered_ts > 0, stop, market)
        return found

    def count(self, kind: ReportType) -> Ints:
        """How often each order was reported so."""
        rows = self.rows_of(self._of(kind)["client_order_id"])
        return np.bincount(rows, minlength=len(self)).astype(np.int64)

    def _of(self, kind: ReportType) -> NDArray[Any]:
        told = self.reports[self._rows]
        found: NDArray[Any] = told[told["report"] == kind]
        return found


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
            "type": _words(OrderType, first["order_type"]),
            "time_in_force": _words(TimeInForce, first["time_in_force"]),
            "quantity": quantity,
            "filled": filled,
            "fill_ratio": ratio,
            "price": units.prices(number, last["price"]),
            "stop_price": units.prices(number, last["stop_price"]),
            "average_price": average,
            "arrival_price": orders.arrival_price(units),
            "status": _words(OrderStatus, last["status"]),
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
            "replaces": orders.count(ReportType.REPLACED),
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
            "order_type": _words(OrderType, fills["order_type"]),
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
    steps = np.array([float(each.price_unit) for each in units.instruments])
    by = np.where(quantity > 0, quantity, 1)
    mean = (value / by).astype(np.float64) * steps[number]
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
    words = _words(OrderType, last["order_type"])
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
    rows = np.searchsorted(fills["ts_received"][order], ts, side="right")
    held, spent, paid = (
        np.concatenate([[0.0], np.cumsum(each[order])])[rows]
        for each in (signed, signed * price, units.fees(fills))
    )
    # Before the first record nothing is held.
    mark = np.nan_to_num(track.at(ts))
    found: Floats = (held * mark - spent) * money - paid
    return found
