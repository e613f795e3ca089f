"""From an event in the ring to the order in the log; from a click to the log.

A native producer stamps each record when it pushes it; the engine counts the time until
the record, the order that a strategy makes of it and the venue's answers are folded and
logged. *Spinning* has the engine spin on a core of its own; *napping* is the setting
that ships. A regression here is what a trader feels.
"""

import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.data.instrument_master import InstrumentMaster
from app.engine import book_state, gate, strategy
from app.engine.arena import Arena, Section
from app.engine.control import Control
from app.engine.instruments import load_instruments
from app.engine.journal import EngineLog
from app.engine.kernel import emit
from app.engine.links import Link, link_entries, new_links
from app.engine.records import (
    COMMAND,
    MARKET,
    NO_PRICE,
    REPORT,
    Action,
    EventKind,
    RecordFlag,
    SafetyState,
)
from app.engine.ring import Ring
from app.engine.state import fixed_layout
from app.engine.strategy import Handler, hang
from app.engine.thread import EngineThread
from app.engine.venue import simulated
from app.engine.venue.fees import write_fees
from app.engine.venue.models import VenueModels
from app.engine.views import HISTOGRAM_BUCKETS
from benchmarks.producers import order_on_trade, push_steadily

_RECORDS: Final = 200_000
_RATE: Final = 50_000
_CLICKS: Final = 500
_PRICE: Final = 1_500_000


class Bench:
    """An engine with gate, simulated venue, log and one compiled strategy."""

    def __init__(self, folder: Path, **options: Any) -> None:
        instrument = InstrumentMaster.beside(folder).instrument("RSTK")
        layout = {
            **fixed_layout(1),
            **book_state.layout(1),
            **gate.layout(1),
            **strategy.LAYOUT,
            **simulated.layout(1),
        }
        self.arena = Arena(layout)
        load_instruments(self.arena, [instrument])
        record = self.arena.records(Section.INSTRUMENTS)[0]
        record["book"] = record["venue_book"] = book_state.open_book(self.arena, 0)
        record["window_price"] = NO_PRICE
        write_fees(self.arena, 0, instrument)
        VenueModels().write(self.arena, 0)
        gate.open_session(self.arena, 10**14)
        self.log = EngineLog(folder / "log")
        self.market, self.commands = Ring(MARKET, 4096), Ring(COMMAND, 256)
        self.events = Ring(REPORT, 1 << 21)
        self.links = self._links()
        hang(self.arena, self.links, {Handler.ON_TRADE: order_on_trade}, [0])
        self.thread = EngineThread(self.arena, self.links, **options)

    def _links(self) -> Any:
        links = new_links()
        link_entries(links, gate.LINKS)
        link_entries(links, simulated.LINKS)
        links[Link.EMIT] = emit.address
        links[Link.LOG] = self.log.address
        links[Link.EVENTS_OUT] = self.events.address
        links[Link.INPUTS] = self.commands.address
        links[Link.INPUTS + 1] = self.market.address
        links[Link.INPUT_COUNT] = 2
        return links

    def command(self, action: Action, **fields: int) -> None:
        """Send a command as the window does."""
        command = np.zeros(1, COMMAND)
        command["kind"], command["action"] = EventKind.COMMAND, action
        command["instrument"] = -1
        command["price"] = command["stop_price"] = NO_PRICE
        for name, value in fields.items():
            command[name] = value
        command["ts_venue"] = time.time_ns()
        self.commands.push(command)

    def wait_for(self, events: int) -> None:
        """Wait until so many events are folded."""
        session = self.arena.records(Section.ENGINE)
        while session["market_records"][0] + session["commands"][0] < events:
            time.sleep(0.001)


def _records() -> np.ndarray:
    """A book, then levels and trades about it: every tenth record a trade."""
    records = np.zeros(1000, MARKET)
    records["kind"], records["flags"] = EventKind.LEVEL, RecordFlag.LAST
    steps = np.arange(1000) % 20 - 10
    records["side"] = np.where(steps < 0, 1, -1)
    records["price"] = _PRICE + 100 * np.where(steps < 0, steps, steps + 1)
    records["size"] = 100 + np.arange(1000) % 7
    records["kind"][9::10] = EventKind.TRADE
    records["price"][9::10], records["size"][9::10] = _PRICE, 1
    return records


def quantile(histogram: np.ndarray, share: float) -> float:
    """Upper bound of a share of latencies, µs: buckets are half octaves."""
    counts = np.cumsum(histogram[:HISTOGRAM_BUCKETS])
    if counts[-1] == 0:
        return float("nan")
    bucket = int(np.searchsorted(counts, share * counts[-1]))
    top, half = divmod(bucket + 1, 2)
    return 2.0**top * (1.5 if half else 1.0) / 1e3


def _event_to_log(folder: Path, spin_ns: int) -> dict[str, float]:
    bench = Bench(folder, spin_ns=spin_ns)
    with bench.log:
        bench.thread.start()
        bench.command(Action.SET_STATE, value=SafetyState.ARMED)
        bench.command(Action.START_STRATEGY, strategy=1)
        bench.wait_for(2)
        records = _records()
        plan = np.array([_RECORDS, len(records), 10**9 // _RATE], np.int64)
        addresses = records.ctypes.data, plan.ctypes.data
        producer = threading.Thread(
            target=push_steadily, args=(bench.market.address, *addresses)
        )
        producer.start()
        producer.join()
        bench.wait_for(_RECORDS + 2)
        bench.thread.stop()
    histogram = bench.thread.control[Control.HISTOGRAM :]
    return {
        f"p{name}_us": quantile(histogram, share)
        for name, share in (("50", 0.5), ("99", 0.99), ("999", 0.999))
    } | {"orders": float(bench.arena.records(Section.STRATEGIES)[1]["requests"])}


def _click_to_log(folder: Path) -> dict[str, float]:
    bench = Bench(folder)
    with bench.log:
        bench.thread.start()
        for _ in range(_CLICKS):
            bench.command(Action.SET_WINDOW, instrument=0)
            time.sleep(0.002)
        bench.wait_for(_CLICKS)
        bench.thread.stop()
    histogram = bench.thread.control[Control.COMMAND_HISTOGRAM :]
    return {
        "p50_us": quantile(histogram, 0.5),
        "p99_us": quantile(histogram, 0.99),
    }


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Measure both ways of waiting, and clicks."""
    figures: dict[str, Any] = {"records": _RECORDS, "records_per_s": _RATE}
    with tempfile.TemporaryDirectory() as folder:
        for name, spin_ns in (("spinning", 10**12), ("napping", 100_000)):
            measured = _event_to_log(Path(folder, name), spin_ns)
            figures |= {f"event_{name}_{key}": value for key, value in measured.items()}
        clicked = _click_to_log(Path(folder, "clicks"))
        figures |= {f"click_to_log_{key}": value for key, value in clicked.items()}
    figures["clicks"] = _CLICKS
    return figures
