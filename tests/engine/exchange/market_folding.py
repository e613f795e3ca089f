"""What tests need of the built-in exchange: instruments, commands, a plain book."""

from pathlib import Path

import numpy as np

from app.data.instrument_master import InstrumentMaster
from app.engine.arena import Section
from app.engine.exchange.profiles import PROFILES
from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    SELL,
    Action,
    EventKind,
    OrderType,
    TimeInForce,
)

MASTER = InstrumentMaster.beside(Path("/nonexistent"))
INSTRUMENTS = tuple(MASTER.instrument(name) for name in PROFILES)


def command(action, order_id, **fields):
    """One COMMAND record in an array."""
    record = np.zeros(1, COMMAND)
    record["kind"] = EventKind.COMMAND
    record["action"] = action
    record["client_order_id"] = order_id
    record["order_type"] = OrderType.LIMIT
    record["time_in_force"] = TimeInForce.GTC
    record["price"] = NO_PRICE
    record["protection_ticks"] = -1
    for name, value in fields.items():
        record[name] = value
    return record


def order(order_id, instrument, side, quantity, price=NO_PRICE, **fields):
    """A limit order, or a market order where there is no price."""
    kind = OrderType.MARKET if price == NO_PRICE else OrderType.LIMIT
    return command(
        Action.NEW,
        order_id,
        instrument=instrument,
        side=side,
        quantity=quantity,
        price=price,
        order_type=kind,
        **fields,
    )


def levels(exchange, instrument, side):
    """(price, size, count) of the exchange's own book, from the best."""
    table = exchange.arena.records(Section.MATCH_LEVELS)
    number = 2 * instrument + 2 + (side < 0)
    index = exchange.arena.records(Section.MATCH_BOOKS)[number]["best"]
    rows = []
    while index:
        row = table[index]
        rows.append((int(row["price"]), int(row["size"]), int(row["count"])))
        index = row["worse"]
    return rows


def best(exchange, instrument, side):
    """Best price of a side."""
    return levels(exchange, instrument, side)[0][0]


def mid(exchange, instrument):
    return (best(exchange, instrument, BUY) + best(exchange, instrument, SELL)) / 2


class PlainBook:
    """Order-by-order market data folded the obvious way: a dict of orders."""

    def __init__(self):
        self.orders = {}
        self.last_sequence = 0

    def fold(self, records):
        for row in records:
            self.last_sequence += 1
            assert row["sequence"] == self.last_sequence
            self._fold(row)

    def _fold(self, row):
        kind, key = row["kind"], int(row["reference"])
        instrument, side = int(row["instrument"]), int(row["side"])
        price, size = int(row["price"]), int(row["size"])
        if kind == EventKind.SNAPSHOT_BEGIN:
            kept = {k: v for k, v in self.orders.items() if v[0] != instrument}
            self.orders = kept
        elif kind == EventKind.ORDER_ADD:
            assert key not in self.orders
            assert size > 0
            self.orders[key] = [instrument, side, price, size]
        elif kind in (EventKind.ORDER_CANCEL, EventKind.ORDER_EXECUTE):
            mine = self.orders[key]
            assert mine[:3] == [instrument, side, price]
            assert 0 < size <= mine[3]
            mine[3] -= size
            if mine[3] == 0:
                del self.orders[key]
        elif kind == EventKind.ORDER_MODIFY:
            mine = self.orders[key]
            assert mine[:3] == [instrument, side, price]
            assert 0 < size < mine[3]
            mine[3] = size

    def levels(self, instrument, side):
        rows: dict[int, tuple[int, int]] = {}
        for its, its_side, price, size in self.orders.values():
            if (its, its_side) == (instrument, side):
                total, count = rows.get(price, (0, 0))
                rows[price] = (total + size, count + 1)
        ordered = sorted(rows, reverse=side == BUY)
        return [(price, *rows[price]) for price in ordered]
