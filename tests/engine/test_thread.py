"""The engine's thread: real rings, real threads."""

from collections.abc import Iterator
from functools import partial
from typing import Any

import numpy as np
import pytest

from app.engine import strategy
from app.engine.arena import Arena, Section
from app.engine.control import Control
from app.engine.journal import EngineLog
from app.engine.links import Link, new_links
from app.engine.records import COMMAND, MARKET, Action, EventKind
from app.engine.ring import Ring
from app.engine.state import fixed_layout
from app.engine.strategy import Handler, Interpreted, StrategyState, hang
from app.engine.thread import EngineThread
from app.errors import EngineError
from tests.waiting import NEVER_S, eventually

pytestmark = pytest.mark.threads


class Driven:
    """An engine without gate or venue, fed by one ring."""

    def __init__(self, **options: Any) -> None:
        self.arena = Arena({**fixed_layout(1), **strategy.LAYOUT})
        self.session = self.arena.records(Section.ENGINE)
        self.session["instruments"] = 1
        self.links = new_links()
        self.ring = Ring(MARKET, 1024)
        self.commands = Ring(COMMAND, 16)
        self.links[Link.INPUTS] = self.commands.address
        self.links[Link.INPUTS + 1] = self.ring.address
        self.links[Link.INPUT_COUNT] = 2
        self.thread = EngineThread(self.arena, self.links, **options)

    def push(self, count: int) -> None:
        """Push trades, waiting for room."""
        records = np.zeros(count, MARKET)
        records["kind"] = EventKind.TRADE
        while len(records):
            accepted = self.ring.push(records)
            records = records[accepted:]

    @property
    def folded(self) -> int:
        """Market records folded so far."""
        return int(self.session["market_records"][0])


@pytest.fixture
def driven() -> Iterator[Driven]:
    engine = Driven()
    yield engine
    engine.thread.stop()


def _has_folded(driven: Driven, count: int) -> bool:
    return driven.folded == count


def test_folds_what_is_in_its_rings(driven):
    driven.thread.start()

    driven.push(10_000)

    eventually(lambda: driven.folded == 10_000)


def test_restarts_where_it_stopped(driven):
    for round_number in (1, 2, 3):
        driven.thread.start()
        driven.push(100)
        eventually(partial(_has_folded, driven, 100 * round_number))
        driven.thread.stop()

    assert not driven.thread.is_running


def test_stopping_twice_is_harmless_and_starting_twice_is_an_error(driven):
    driven.thread.start()

    with pytest.raises(EngineError, match="runs already"):
        driven.thread.start()
    driven.thread.stop()
    driven.thread.stop()


def test_a_change_runs_between_events_on_the_engines_thread(driven):
    driven.thread.start()
    driven.push(500)

    number = driven.thread.change(
        lambda: hang(
            driven.arena,
            driven.links,
            {Handler.ON_TRADE: Interpreted(lambda *_: 0)},
            [0],
        )
    ).result(NEVER_S)

    assert number == 1
    driven.push(500)
    eventually(lambda: driven.folded == 1000)


def test_a_change_that_raises_tells_whoever_asked_and_the_engine_goes_on(driven):
    driven.thread.start()

    future = driven.thread.change(lambda: 1 // 0)

    with pytest.raises(ZeroDivisionError):
        future.result(NEVER_S)
    driven.push(5)
    eventually(lambda: driven.folded == 5)


def test_a_change_on_a_stopped_engine_runs_at_once(driven):
    assert driven.thread.change(lambda: 42).result(0) == 42


def test_interpreted_strategy_runs_on_the_engines_thread(driven):
    seen: list[int] = []

    def note(arena: int, number: int, event: int) -> None:
        seen.append(number)

    interpreted = Interpreted(note)
    number = hang(driven.arena, driven.links, {Handler.ON_TRADE: interpreted}, [0])
    start = np.zeros(1, COMMAND)
    start["kind"], start["action"] = EventKind.COMMAND, Action.START_STRATEGY
    start["strategy"] = number
    driven.thread.start()

    driven.commands.push(start)
    states = driven.arena.records(Section.STRATEGIES)["state"]
    eventually(lambda: states[number] == StrategyState.RUNNING)
    driven.push(50)

    eventually(lambda: seen == [number] * 50)


def test_time_passes_without_data(driven):
    driven.thread.start()

    eventually(lambda: driven.session["event"][0] >= 3)

    assert driven.session["now"][0] > 1_600_000_000_000_000_000


def test_feed_clock_stands_without_data():
    driven = Driven(feed_clock=True)
    driven.thread.start()

    driven.push(3)

    eventually(lambda: driven.folded == 3)
    driven.thread.stop()
    assert driven.session["now"][0] == 0
    assert driven.session["event"][0] == 3


def test_idle_engine_naps_and_busy_engine_counts_latencies(driven):
    driven.thread.start()
    eventually(lambda: driven.thread.control[Control.NAPS] > 10)

    driven.push(1000)

    # A record is folded first, then counted.
    histogram = driven.thread.control[Control.HISTOGRAM : Control.HISTOGRAM + 64]
    eventually(lambda: driven.folded == 1000 and histogram.sum() >= 1000)


def test_engine_takes_no_event_that_the_log_has_no_room_for(driven, tmp_path):
    """A full disk: nothing is lost, and it goes on once there is room."""
    log = EngineLog(tmp_path / "log", segment_bytes=2 << 20)
    driven.links[Link.LOG] = log.address
    driven.thread.start()

    def has_stalled() -> bool:
        records = np.zeros(512, MARKET)
        records["kind"] = EventKind.TRADE
        pushed.append(driven.ring.push(records))
        return bool(driven.thread.control[Control.STALLS] > 0)

    # No keeper runs, so no segment follows the first.
    pushed: list[int] = []
    eventually(has_stalled)
    stalled_at = driven.folded
    has_stalled()
    assert driven.ring.fill > 0

    log.turn()

    eventually(lambda: driven.ring.fill == 0)
    driven.thread.stop()
    assert driven.folded == sum(pushed) > stalled_at
    assert log.refused == 0
    assert log.frames == driven.session["event"][0]
    log.close()
