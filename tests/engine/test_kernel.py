"""The kernel alone: strategies hang in the handler table, the gate is a recorder."""

from typing import Any

import numpy as np
import pytest

from app.engine import strategy
from app.engine.arena import Arena, Section
from app.engine.compile import Entry
from app.engine.control import CONTROL_WORDS
from app.engine.kernel import fold_record
from app.engine.links import Link, new_links
from app.engine.records import COMMAND, MARKET, Action, EventKind
from app.engine.snapshot import SnapshotBuffer
from app.engine.state import fixed_layout
from app.engine.strategy import (
    Handler,
    HandlerStatus,
    Interpreted,
    StrategyState,
    hang,
)
from tests.engine.handlers import (
    always_fails,
    arms_itself,
    buy_the_dip,
    interpreted_dip,
    keep_command,
)

DIP = {Handler.ON_TRADE: buy_the_dip}


class Bench:
    """An arena and links whose gate keeps the commands that reach it."""

    def __init__(self) -> None:
        self.arena = Arena({**fixed_layout(2), **strategy.LAYOUT})
        self.arena.records(Section.ENGINE)[0]["instruments"] = 2
        self.links = new_links()
        self.control = np.zeros(CONTROL_WORDS, np.int64)
        self.links[Link.CONTROL] = self.control.ctypes.data
        self.links[Link.GATE_COMMAND] = keep_command.address
        self._kept = np.zeros(4096, COMMAND)
        self.links[1000] = self._kept.ctypes.data

    @property
    def commands(self) -> np.ndarray:
        """Commands that reached the gate."""
        return self._kept[: self.links[1001]]

    def fold(self, record: np.ndarray) -> int:
        """Fold one record."""
        address = record.ctypes.data
        return fold_record(self.arena.address, self.links.ctypes.data, address)

    def trade(self, price: int, instrument: int = 0, ts: int = 1) -> None:
        """Fold a trade."""
        record = np.zeros(1, MARKET)
        record["kind"], record["price"], record["instrument"] = (
            EventKind.TRADE,
            price,
            instrument,
        )
        record["ts_received"] = ts
        self.fold(record)

    def command(self, action: Action, number: int) -> None:
        """Fold a command about a strategy."""
        record = np.zeros(1, COMMAND)
        record["kind"], record["action"] = EventKind.COMMAND, action
        record["strategy"] = number
        self.fold(record)

    def strategy(self, number: int) -> Any:
        """Record of a strategy."""
        return self.arena.records(Section.STRATEGIES)[number]


@pytest.fixture
def bench() -> Bench:
    return Bench()


def _run_dip(bench: Bench, handler: Entry | Interpreted) -> None:
    number = hang(bench.arena, bench.links, {Handler.ON_TRADE: handler}, [0], 16)
    bench.command(Action.START_STRATEGY, number)
    for i, price in enumerate([100, 99, 101, 98, 98]):
        bench.trade(price, ts=i)


def test_compiled_handler_sends_requests_through_the_gate(bench):
    _run_dip(bench, buy_the_dip)

    orders = bench.commands[1:]
    assert list(orders["action"]) == [Action.NEW, Action.NEW]
    assert list(orders["strategy"]) == [1, 1]
    assert len(set(orders["client_order_id"])) == 2


def test_interpreted_handler_leaves_the_same_bytes_as_the_compiled_one(bench):
    other = Bench()

    _run_dip(bench, buy_the_dip)
    _run_dip(other, Interpreted(interpreted_dip(other.arena)))

    other.strategy(1)["interpreted"] = 0
    assert bench.commands.tobytes() == other.commands.tobytes()
    for section in (Section.ENGINE, Section.STRATEGIES, Section.STRATEGY_STATE):
        ours = bench.arena.records(section)
        assert ours.tobytes() == other.arena.records(section).tobytes()


def test_handler_is_called_only_while_its_strategy_runs(bench):
    number = hang(bench.arena, bench.links, {Handler.ON_TRADE: buy_the_dip}, [0], 16)

    bench.trade(100)
    bench.command(Action.START_STRATEGY, number)
    bench.trade(100)
    bench.command(Action.STOP_STRATEGY, number)
    bench.trade(100)

    assert bench.strategy(number)["calls"] == 1
    assert bench.strategy(number)["state"] == StrategyState.STOPPED


def test_handler_is_not_called_for_instruments_it_does_not_follow(bench):
    number = hang(bench.arena, bench.links, {Handler.ON_TRADE: buy_the_dip}, [1], 16)
    bench.command(Action.START_STRATEGY, number)

    bench.trade(100, instrument=0)
    bench.trade(100, instrument=1)

    assert bench.strategy(number)["calls"] == 1


def test_failing_handler_stops_its_strategy_through_the_gate(bench):
    number = hang(bench.arena, bench.links, {Handler.ON_TRADE: always_fails}, [0])
    bench.command(Action.START_STRATEGY, number)

    bench.trade(100)
    bench.trade(99)

    record = bench.strategy(number)
    assert record["state"] == StrategyState.FAILED
    assert record["status"] == HandlerStatus.RAISED
    assert record["calls"] == 1
    assert bench.commands[-1]["action"] == Action.STOP_STRATEGY
    assert bench.commands[-1]["strategy"] == number


def test_interpreted_handler_that_raises_keeps_its_traceback(bench, caplog):
    def handler(arena: int, number: int, event: int) -> int:
        raise ValueError("a bug of the user's")

    interpreted = Interpreted(handler)
    number = hang(bench.arena, bench.links, {Handler.ON_TRADE: interpreted}, [0])
    bench.command(Action.START_STRATEGY, number)

    bench.trade(100)

    assert bench.strategy(number)["state"] == StrategyState.FAILED
    assert isinstance(interpreted.error, ValueError)
    assert "a bug of the user's" in caplog.text


def test_strategy_can_ask_for_orders_but_not_change_the_rules(bench):
    number = hang(bench.arena, bench.links, {Handler.ON_TRADE: arms_itself}, [0])
    bench.command(Action.START_STRATEGY, number)
    before = len(bench.commands)

    bench.trade(100)

    (order,) = bench.commands[before:]
    assert order["action"] == Action.NEW
    assert order["strategy"] == number
    assert bench.arena.records(Section.ENGINE)[0]["bad_records"] == 1


def test_kill_stops_every_strategy(bench):
    for _ in range(2):
        number = hang(
            bench.arena, bench.links, {Handler.ON_TRADE: buy_the_dip}, [0], 16
        )
        bench.command(Action.START_STRATEGY, number)

    bench.command(Action.KILL, 0)

    states = bench.arena.records(Section.STRATEGIES)["state"][1:3]
    assert list(states) == [StrategyState.STOPPED] * 2


def test_clock_of_the_engine_never_goes_back(bench):
    bench.trade(100, ts=10)
    bench.trade(100, ts=5)

    assert bench.arena.records(Section.ENGINE)[0]["now"] == 10


def test_record_of_an_unknown_instrument_is_counted_and_dropped(bench):
    bench.trade(100, instrument=7)

    session = bench.arena.records(Section.ENGINE)[0]
    assert session["bad_records"] == 1
    assert session["market_records"] == 0


def test_snapshot_restores_byte_for_byte(bench):
    _run_dip(bench, buy_the_dip)
    before = bench.arena.bytes.copy()
    buffer = SnapshotBuffer(1 << 20)
    buffer.save(bench.arena)

    hang(bench.arena, bench.links, {Handler.ON_TRADE: buy_the_dip}, [0], 512)
    for price in (97, 96, 95):
        bench.trade(price)
    buffer.restore(bench.arena)

    for section in bench.arena.layout:
        used = bench.arena.used(section) * bench.arena.layout[section][0].itemsize
        start = bench.arena.records(section).ctypes.data - bench.arena.address
        after = bench.arena.bytes[start : start + used]
        assert after.tobytes() == before[start : start + used].tobytes(), section


def test_same_records_after_a_restore_give_the_same_bytes(bench):
    _run_dip(bench, buy_the_dip)
    buffer = SnapshotBuffer(1 << 20)
    buffer.save(bench.arena)

    outcomes = []
    for _ in range(2):
        for price in (97, 99, 90):
            bench.trade(price)
        outcomes.append(bench.arena.bytes.tobytes())
        buffer.restore(bench.arena)

    assert outcomes[0] == outcomes[1]
