"""A plain history, dictionaries and lists, to hold the compiled one to."""

from typing import Any

from app.engine.history.records import BarKind, TapeFlag
from app.engine.records import BUY, NO_PRICE, SELL, EventKind, RecordFlag

K = EventKind


class ReferenceHistory:
    """One instrument, by level or by order, never malformed, one venue."""

    def __init__(self) -> None:
        self.levels: dict[int, dict[int, int]] = {BUY: {}, SELL: {}}
        self.orders: dict[int, list[int]] = {}
        self.tape: list[tuple[int, ...]] = []
        self.change: dict[tuple[int, int], int] = {}
        self.waiting: dict[tuple[int, int], tuple[int, int]] = {}
        self.fallen: dict[tuple[int, int, int], int] = {}
        self.last: int | None = None
        self.direction = 0
        self.is_whole = False

    def best(self, side: int) -> int:
        prices = self.levels[side]
        if not prices:
            return NO_PRICE
        return max(prices) if side == BUY else min(prices)

    def infer(self, price: int) -> int:
        bid, ask = self.best(BUY), self.best(SELL)
        at_ask = ask != NO_PRICE and price >= ask
        at_bid = bid != NO_PRICE and price <= bid
        if at_ask != at_bid:
            return BUY if at_ask else SELL
        if self.last is None:
            return 0
        if price == self.last:
            return self.direction
        return BUY if price > self.last else SELL

    def take(self, record: Any) -> None:
        kind = int(record["kind"])
        if kind == K.LEVEL:
            self._level(record)
        elif kind == K.TRADE:
            aggressor, flags = int(record["aggressor"]), 0
            if aggressor == 0:
                aggressor = self.infer(int(record["price"]))
                flags = int(TapeFlag.INFERRED) if aggressor else 0
            price, size = int(record["price"]), int(record["size"])
            if size:
                self._trade(record, price, size, aggressor, flags)
                self._wait(record, price, size, aggressor)
        elif kind == K.SNAPSHOT_BEGIN:
            self.levels = {BUY: {}, SELL: {}}
            self.orders = {}
            self.is_whole = False
        elif kind == K.SNAPSHOT_END:
            self.is_whole = True
        else:
            self._order(kind, record)

    def _trade(
        self, record: Any, price: int, size: int, aggressor: int, flags: int
    ) -> None:
        touch = self.best(BUY), self.best(SELL)
        ts = int(record["ts_received"])
        self.tape.append((ts, price, size, *touch, aggressor, flags))
        if self.last is not None and price != self.last:
            self.direction = BUY if price > self.last else SELL
        self.last = price

    def _wait(self, record: Any, price: int, size: int, aggressor: int) -> None:
        if aggressor and self.is_whole:
            key = -aggressor, price
            ts = int(record["ts_venue"])
            part = min(self.fallen.get((*key, ts), 0), size)
            if part:
                self.fallen[*key, ts] -= part
                self._add(*key, part)
            size -= part
            before = self.waiting.get(key, (0, ts))
            kept = before[0] if before[1] == ts else 0
            shown = self.levels[-aggressor].get(price, 0)
            self.waiting[key] = min(kept + size, shown), ts

    def _add(self, side: int, price: int, change: int) -> None:
        key = side, price
        self.change[key] = self.change.get(key, 0) + change

    def _level(self, record: Any) -> None:
        side, price = int(record["side"]), int(record["price"])
        size, ts = int(record["size"]), int(record["ts_venue"])
        change = size - self.levels[side].get(price, 0)
        if self.is_whole and change:
            traded, when = self.waiting.pop((side, price), (0, ts))
            explained = min(max(-change, 0), traded) if when == ts else traded
            if when == ts and traded > explained:
                self.waiting[side, price] = traded - explained, when
            self._add(side, price, change + explained)
            key = side, price, ts
            self.fallen[key] = self.fallen.get(key, 0) + max(0, -change - explained)
        self.levels[side][price] = size
        if size == 0:
            del self.levels[side][price]

    def _order(self, kind: int, record: Any) -> None:
        reference = int(record["reference"])
        size, price = int(record["size"]), int(record["price"])
        if kind == K.ORDER_ADD:
            self.orders[reference] = [int(record["side"]), price, size]
            self._move(int(record["side"]), price, size, self.is_whole)
            return
        side, at, left = self.orders[reference]
        if kind == K.ORDER_MODIFY:
            self._move(side, at, -left, self.is_whole)
            self._move(side, price, size, self.is_whole)
            self.orders[reference] = [side, price, size]
            return
        taken = min(size, left) if size or kind == K.ORDER_EXECUTE else left
        if kind == K.ORDER_EXECUTE:
            traded = at if price == NO_PRICE else price
            self._trade(record, traded, taken, -side, 0)
        self._move(side, at, -taken, self.is_whole and kind == K.ORDER_CANCEL)
        self.orders[reference][2] -= taken
        if self.orders[reference][2] == 0:
            del self.orders[reference]

    def _move(self, side: int, price: int, change: int, counts: bool) -> None:
        if counts:
            self._add(side, price, change)
        size = self.levels[side].get(price, 0) + change
        self.levels[side][price] = size
        if size == 0:
            del self.levels[side][price]


def reference_bars(tape: Any, kind: BarKind, size: int) -> list[tuple[int, ...]]:
    """Bars of a tape: begin, end, OHLC, volume, buys, sells, deltas, trades, first."""
    bars: list[list[int]] = []
    is_open = False
    for index, trade in enumerate(tape):
        if trade["flags"] & TapeFlag.NOT_LAST:
            continue
        ts, price, quantity = (int(trade[x]) for x in ("ts", "price", "size"))
        side = int(trade["aggressor"])
        if is_open and kind == BarKind.TIME and ts >= bars[-1][1]:
            is_open = False
        if not is_open:
            begin = ts - ts % size if kind == BarKind.TIME else ts
            end = begin + size if kind == BarKind.TIME else ts
            bars.append([begin, end, price, price, price, price, *[0] * 6, index])
            is_open = True
        bar = bars[-1]
        if kind != BarKind.TIME:
            bar[1] = ts
        bar[3], bar[4], bar[5] = max(bar[3], price), min(bar[4], price), price
        bar[6] += quantity
        bar[7] += quantity if side > 0 else 0
        bar[8] += quantity if side < 0 else 0
        delta = bar[7] - bar[8]
        bar[9], bar[10] = max(bar[9], delta), min(bar[10], delta)
        bar[11] += 1
        reached = {
            BarKind.TIME: 0,
            BarKind.TICKS: bar[11],
            BarKind.VOLUME: bar[6],
            BarKind.RANGE: bar[3] - bar[4],
        }[kind]
        is_open = kind == BarKind.TIME or reached < size
    return [tuple(bar) for bar in bars]


def reference_profile(tape: Any) -> dict[int, list[int]]:
    """Buys and sells by price; an unknown aggressor counts half to each."""
    found: dict[int, list[int]] = {}
    for trade in tape:
        if trade["flags"] & TapeFlag.NOT_LAST:
            continue
        size, side = int(trade["size"]), int(trade["aggressor"])
        row = found.setdefault(int(trade["price"]), [0, 0])
        half = size // 2
        row[0] += size if side > 0 else 0 if side < 0 else size - half
        row[1] += size if side < 0 else 0 if side > 0 else half
    return {price: row for price, row in found.items() if any(row)}


LAST = int(RecordFlag.LAST)
