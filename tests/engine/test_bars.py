"""Bars made of trades, and when handlers of bars run (SEMANTICS 11, 12, 37)."""

from itertools import groupby
from typing import Any

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine import bars, book_state, strategy
from app.engine.arena import Arena, Section, record_at
from app.engine.bars import BarKind, build_bars, open_bars
from app.engine.book import book_market
from app.engine.compile import Entry
from app.engine.control import CONTROL_WORDS
from app.engine.kernel import fold_record
from app.engine.links import Link, new_links
from app.engine.records import (
    BAR,
    COMMAND,
    MARKET,
    Action,
    EventKind,
    RecordFlag,
    TradeCondition,
)
from app.engine.state import fixed_layout
from app.engine.strategy import Handler, Interpreted, hang
from app.errors import EngineError


class Watch:
    """A session of two instruments and a strategy that writes down what it is told."""

    def __init__(self, consolidated: bool = False) -> None:
        self.arena = Arena(
            {
                **fixed_layout(2),
                **strategy.LAYOUT,
                **book_state.layout(2),
                **bars.layout(2),
            }
        )
        self.session = self.arena.records(Section.ENGINE)[0]
        self.session["instruments"] = 2
        for number in range(2):
            book = book_state.open_book(self.arena, number, consolidated=consolidated)
            self.arena.records(Section.INSTRUMENTS)[number]["book"] = book
        open_bars(self.arena)
        self.links = new_links()
        self.control = np.zeros(CONTROL_WORDS, np.int64)
        self.links[Link.CONTROL] = self.control.ctypes.data
        self.links[Link.VENUE_MARKET] = book_market.address
        self.told: list[tuple[Any, ...]] = []
        self.handlers: dict[Handler, Entry | Interpreted] = {
            Handler.ON_BAR: Interpreted(self._on_bar),
            Handler.ON_BARS: Interpreted(self._on_bars),
            Handler.ON_TRADE: Interpreted(self._on_trade),
            Handler.ON_TIMER: Interpreted(self._on_timer),
        }
        hang(self.arena, self.links, self.handlers, [0, 1])
        start = np.zeros(1, COMMAND)
        start["kind"], start["strategy"] = EventKind.COMMAND, 1
        start["action"] = Action.START_STRATEGY
        self.fold(start)

    def lasts(self) -> tuple[int, int]:
        """Last prices of both instruments."""
        rows = self.arena.records(Section.BOOKS)
        return int(rows[1]["last_price"]), int(rows[2]["last_price"])

    def _on_bar(self, _arena: int, _number: int, event: int) -> int:
        bar = record_at(event, BAR)
        opened = int(bar["open"])
        self.told.append(
            (
                "bar",
                int(self.session["now"]),
                int(bar["instrument"]),
                int(bar["ts_venue"]),
                opened,
                opened + int(bar["high_offset"]),
                opened + int(bar["low_offset"]),
                opened + int(bar["close_offset"]),
                int(bar["volume"]),
                int(bar["trades"]),
            )
        )
        return 0

    def _on_bars(self, _arena: int, _number: int, event: int) -> int:
        bar = record_at(event, BAR)
        self.told.append(("bars", int(bar["ts_venue"]), int(bar["instrument"])))
        return 0

    def _on_trade(self, _arena: int, _number: int, _event: int) -> int:
        self.told.append(("trade", int(self.session["now"])))
        return 0

    def _on_timer(self, _arena: int, _number: int, _event: int) -> int:
        self.told.append(("timer", int(self.session["now"])))
        return 0

    def fold(self, record: Any) -> None:
        fold_record(self.arena.address, self.links.ctypes.data, int(record.ctypes.data))

    def trade(
        self, t: int, price: int, size: int = 1, number: int = 0, conditions: int = 0
    ) -> None:
        record = np.zeros(1, MARKET)
        record["ts_venue"] = record["ts_received"] = t
        record["kind"], record["instrument"] = EventKind.TRADE, number
        record["price"], record["size"] = price, size
        record["conditions"], record["flags"] = conditions, RecordFlag.LAST
        self.fold(record)

    def bar(self, t: int, price: int, number: int = 0) -> None:
        record = np.zeros(1, BAR)
        record["ts_venue"] = record["ts_received"] = t
        record["kind"], record["instrument"] = EventKind.BAR, number
        record["open"], record["volume"] = price, 10
        self.fold(record)

    def clock(self, t: int, timer: int = 0) -> None:
        record = np.zeros(1, MARKET)
        record["reference"] = timer
        record["ts_venue"] = record["ts_received"] = t
        record["kind"], record["instrument"] = EventKind.TIMER, -1
        self.fold(record)

    def bars(self, number: int = 0) -> list[tuple[int, ...]]:
        """Close, open, high, low, close, volume, trades of each bar."""
        return [
            each[3:] for each in self.told if each[0] == "bar" and each[2] == number
        ]

    def names(self) -> list[str]:
        return [each[0] for each in self.told]


# Rule 12: what a bar is.


def test_rule_12_a_bar_is_open_close_and_stamped_at_its_close() -> None:
    watch = Watch()
    build_bars(watch.arena, 0, 10)

    watch.trade(1, 100, 2)
    watch.trade(9, 103, 1)
    watch.trade(10, 101, 4)
    watch.trade(15, 99, 1)
    watch.clock(20)

    assert watch.bars() == [
        (10, 100, 103, 100, 103, 3, 2),
        (20, 101, 101, 99, 99, 5, 2),
    ]


def test_rule_12_no_bar_without_trades() -> None:
    watch = Watch()
    build_bars(watch.arena, 0, 10)

    watch.trade(1, 100)
    watch.clock(34)
    watch.trade(35, 103)
    watch.clock(60)

    assert [each[0] for each in watch.bars()] == [10, 40]


def test_rule_12_a_bar_ends_when_time_passes_its_close_whoever_tells() -> None:
    watch = Watch()
    build_bars(watch.arena, 0, 10)
    watch.trade(1, 100)

    watch.trade(14, 50, number=1)

    # Its handler ran with the clock at the close, before the record that came later.
    assert watch.told[1][:4] == ("bar", 10, 0, 10)
    assert watch.names() == ["trade", "bar", "bars", "trade"]


def test_rule_12_an_offset_moves_the_beginnings() -> None:
    watch = Watch()
    build_bars(watch.arena, 0, 10, offset=4)

    watch.trade(3, 100)
    watch.trade(4, 101)
    watch.clock(30)

    assert [each[0] for each in watch.bars()] == [4, 14]


def test_several_builders_of_an_instrument() -> None:
    watch = Watch()
    build_bars(watch.arena, 0, 10)
    build_bars(watch.arena, 0, 3, BarKind.TRADES)
    build_bars(watch.arena, 0, 5, BarKind.VOLUME)
    build_bars(watch.arena, 0, 4, BarKind.RANGE)

    for t, price, size in ((1, 100, 2), (2, 104, 1), (3, 101, 3), (4, 101, 1)):
        watch.trade(t, price, size)
    watch.clock(10)

    assert sorted(watch.bars()) == [
        (2, 100, 104, 100, 104, 3, 2),  # range: 4 apart
        (3, 100, 104, 100, 101, 6, 3),  # three trades
        (3, 100, 104, 100, 101, 6, 3),  # 6 >= 5
        (10, 100, 104, 100, 101, 7, 4),
    ]


def test_rule_37_prints_that_do_not_set_the_last_price_enter_no_bar() -> None:
    late = int(TradeCondition.LATE)
    for consolidated, high in ((True, 100), (False, 900)):
        watch = Watch(consolidated)
        build_bars(watch.arena, 0, 10)

        watch.trade(1, 100)
        watch.trade(2, 900, conditions=late)
        watch.clock(10)

        assert watch.bars()[0][2] == high


def test_a_bar_that_no_record_can_hold_is_refused_and_counted() -> None:
    watch = Watch()
    row = build_bars(watch.arena, 0, 10)

    watch.trade(1, 100)
    watch.trade(2, 100 + 2**31)
    watch.clock(10)

    assert watch.bars() == []
    assert watch.arena.records(Section.BARS)[row]["refused"] == 1


@pytest.mark.parametrize(("number", "size"), [(0, 0), (2, 10), (-1, 10)])
def test_what_cannot_be_built_is_refused(number: int, size: int) -> None:
    with pytest.raises(EngineError):
        build_bars(Watch().arena, number, size)


# Rule 11: bars that close together.


def test_rule_11_bars_that_close_together_are_all_applied_before_any_handler() -> None:
    watch = Watch()
    seen: list[tuple[int, int]] = []
    on_bar = watch.handlers[Handler.ON_BAR]
    assert isinstance(on_bar, Interpreted)
    on_bar.function = lambda *_: seen.append(watch.lasts())
    for number in (0, 1):
        build_bars(watch.arena, number, 10)
        watch.trade(1, 100 + number, number=number)

    watch.trade(12, 105)

    assert seen == [(100, 101), (100, 101)]


def test_rule_11_handlers_of_fed_bars_wait_until_time_has_passed() -> None:
    watch = Watch()

    watch.bar(10, 100)
    watch.bar(10, 200, number=1)
    assert watch.told == []

    watch.bar(20, 101)
    assert [each[:3] for each in watch.told] == [
        ("bar", 10, 0),
        ("bar", 10, 1),
        ("bars", 10, 1),
    ]


def test_rule_11_data_come_before_timers() -> None:
    watch = Watch()

    watch.bar(10, 100)
    watch.clock(10, timer=1)

    assert watch.names() == ["bar", "bars", "timer"]


def test_rule_11_built_and_fed_bars_of_one_time_are_told_together() -> None:
    watch = Watch()
    build_bars(watch.arena, 0, 10)
    watch.trade(1, 100)

    watch.bar(10, 200, number=1)
    watch.clock(11, timer=1)

    assert watch.names() == ["trade", "bar", "bar", "bars", "timer"]
    assert watch.told[3] == ("bars", 10, 1)


# The reference.


def plain_bars(trades: list[tuple[int, int, int]], size: int) -> list[tuple[int, ...]]:
    """Bars of (time, price, size), oldest first."""
    found: list[tuple[int, ...]] = []
    for which, group in groupby(trades, key=lambda each: each[0] // size):
        rows = list(group)
        prices = [price for _, price, _ in rows]
        volume = sum(each[2] for each in rows)
        first, last = prices[0], prices[-1]
        close = (which + 1) * size
        bar = (close, first, max(prices), min(prices), last, volume, len(rows))
        found.append(bar)
    return found


steps = st.lists(
    st.tuples(
        st.integers(0, 25), st.integers(-50, 50), st.integers(1, 9), st.booleans()
    ),
    max_size=40,
)


@given(steps, st.integers(1, 30))
def test_rule_12_bars_equal_the_reference(
    stream: list[tuple[int, int, int, bool]], size: int
) -> None:
    watch = Watch()
    build_bars(watch.arena, 0, size)
    t, trades = 1, []

    for passed, price, amount, is_clock in stream:
        t += passed
        if is_clock:
            watch.clock(t)
        else:
            watch.trade(t, price, amount)
            trades.append((t, price, amount))
    watch.clock(t + size)

    assert watch.bars() == plain_bars(trades, size)
    times = [each[1] for each in watch.told if each[0] in ("bar", "trade", "timer")]
    assert times == sorted(times)
    assert all(each[1] == each[3] for each in watch.told if each[0] == "bar")
