"""Kinds of data in whole backtests: order by order, mixed, and more than memory."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.importing import new_records
from app.data.instrument_master import InstrumentMaster
from app.engine.records import BUY, SELL, EventKind, RecordFlag
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import START, UNIT, walk, write_bars, write_quotes
from tests.sessions.backtest.test_context import source
from tests.sessions.backtest.test_several import write_trades

pytestmark = pytest.mark.slow

K = EventKind
SECOND = 1_000_000_000
Event = tuple[int, EventKind, dict[str, Any]]
"""Seconds since `START`, what happened, and the record's fields."""


def write_book(
    folder: Path, name: str, stream: str, events: Iterable[Event], **target: Any
) -> Catalog:
    """Write events of a book: each second is one event of the venue."""
    catalog, rows = Catalog(folder / "catalog"), list(events)
    records = new_records(len(rows))
    for row, (second, kind, given) in zip(records, rows, strict=True):
        row["kind"] = kind
        row["ts_venue"] = row["ts_received"] = START + second * SECOND
        for field, value in given.items():
            row[field] = value
    ends = np.append(np.diff(records["ts_venue"]) > 0, True)
    records["flags"] |= np.where(ends, RecordFlag.LAST, 0).astype(np.uint16)
    instrument = InstrumentMaster.beside(catalog.root).instrument(name)
    origin = folder / f"{name}-{stream}.csv"
    origin.write_text(f"made by a test: {name} {stream}")
    with ImportJob(catalog, "test", [origin]) as job:
        job.append(Target(instrument, stream, stream, **target), records)
        job.commit()
    return catalog


def order(reference: int, side: int, price: int, size: int) -> dict[str, int]:
    return {"reference": reference, "side": side, "price": price, "size": size}


QUEUE: list[Event] = [
    (0, K.SNAPSHOT_BEGIN, {}),
    (0, K.ORDER_ADD, order(1, BUY, 100 * UNIT, 10)),
    (0, K.ORDER_ADD, order(2, BUY, 100 * UNIT, 20)),
    (0, K.ORDER_ADD, order(3, SELL, 100 * UNIT + 200, 50)),
    (0, K.SNAPSHOT_END, {}),
    # The strategy joins at 100.00, behind thirty; forty come behind it.
    (1, K.ORDER_ADD, order(5, BUY, 99 * UNIT, 5)),
    (3, K.ORDER_ADD, order(4, BUY, 100 * UNIT, 40)),
    (4, K.ORDER_CANCEL, order(1, BUY, 100 * UNIT, 10)),
    (5, K.ORDER_EXECUTE, order(2, BUY, 100 * UNIT, 20)),
    # Nobody is before it: these would have met it.
    (6, K.ORDER_EXECUTE, order(4, BUY, 100 * UNIT, 3)),
    (7, K.ORDER_EXECUTE, order(4, BUY, 100 * UNIT, 4)),
    (8, K.ORDER_ADD, order(6, BUY, 99 * UNIT, 5)),
]
JOINS = """
    def __init__(self):
        self.seen = 0

    def on_book(self, ctx, update):
        self.seen += 1
        if self.seen == 2:
            ctx.limit(update.instrument, 5.0, 100.0)
"""


@pytest.mark.parametrize(
    ("queue", "filled"), [("exact", [3.0, 2.0]), ("pessimistic", [])]
)
def test_rule_34_the_queue_is_exact_where_every_order_is_known(
    tmp_path: Path, queue: str, filled: list[float]
) -> None:
    catalog = write_book(tmp_path, "RSTK", "orders", QUEUE)
    terms = {
        "symbols": ["RSTK@orders"],
        "strategies": [{"id": "one", "name": source(tmp_path, JOINS)}],
        "models": {"queue": queue},
    }

    compiled, interpreted = (
        Result(Backtest(parse_request(terms), catalog, interpreted=way).run())
        for way in (False, True)
    )

    assert compiled.digest() == interpreted.digest()
    assert compiled.data.fills["quantity"].tolist() == filled
    assert set(compiled.data.fills["price"].tolist()) <= {100.0}
    # What is known is no luck.
    assert not compiled.data.fills["lucky"].any()


SEES = """
    def __init__(self):
        self.last = 0

    def note(self, ctx, ts):
        if ts < self.last:
            ctx.plot("backwards", ts)
        self.last = ts

    def on_bar(self, ctx, bar):
        self.note(ctx, bar.ts)
        ctx.plot("bars", bar.close)

    def on_quote(self, ctx, quote):
        self.note(ctx, quote.ts)
        ctx.plot("quotes", quote.bid)

    def on_trade(self, ctx, trade):
        self.note(ctx, trade.ts)
        ctx.plot("trades", trade.price)

    def on_book(self, ctx, update):
        if update.instrument == ctx.instrument("RFUT"):
            self.note(ctx, update.ts)
            ctx.plot("depth", ctx.bid_size(update.instrument))
"""


def test_bars_quotes_trades_and_depth_are_merged_by_time(tmp_path: Path) -> None:
    write_quotes(tmp_path, "RSTK", 600, 5)
    write_trades(tmp_path, "RSTK", 80)
    write_bars(tmp_path, "AMZN", walk(2, 1))
    levels: list[Event] = [
        (0, K.SNAPSHOT_BEGIN, {}),
        (0, K.LEVEL, order(0, BUY, 4000 * UNIT, 5)),
        (0, K.LEVEL, order(0, SELL, 4001 * UNIT, 5)),
        (0, K.SNAPSHOT_END, {}),
        *((1 + k, K.LEVEL, order(0, BUY, 4000 * UNIT, 6 + k)) for k in range(50)),
    ]
    catalog = write_book(tmp_path, "RFUT", "depth", levels)
    symbols = ["RSTK@quotes", "RSTK@trades", "RFUT@depth", "AMZN@bars-1m"]
    terms = {
        "symbols": symbols,
        "strategies": [{"id": "one", "name": source(tmp_path, SEES)}],
    }

    results = [
        Result(Backtest(parse_request(terms), catalog, interpreted=way).run())
        for way in (False, True)
    ]

    assert results[0].digest() == results[1].digest()
    plots = results[0].data.notes["one"]["plots"]
    assert "backwards" not in plots
    counts = {name: len(each["values"]) for name, each in plots.items()}
    assert counts == {"quotes": 600, "trades": 80, "depth": 51, "bars": 2}
    assert plots["depth"]["values"] == [float(5 + k) for k in range(51)]


LIMITED = """
import re, resource, sys
from pathlib import Path

from app.data.catalog import Catalog
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.run import Backtest

catalog = Catalog(Path(sys.argv[1]))
terms = {
    "symbols": ["RSTK"],
    "strategies": [{"id": "one", "name": "Book Imbalance"}],
}
backtest = Backtest(parse_request(terms), catalog)
status = Path("/proc/self/status").read_text()
taken = int(re.search(r"VmData:\\s+(\\d+)", status)[1]) << 10
room = taken + int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_DATA, (room, room))
print(backtest.run().events)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc, bounds its own data")
def test_days_longer_than_memory_are_read_as_they_come(tmp_path: Path) -> None:
    count = 1_500_000
    catalog = write_quotes(tmp_path, "RSTK", count, 3)
    size = sum(
        each.stat().st_size for each in catalog.root.rglob("*") if each.is_file()
    )
    allowed = size // 2

    done = subprocess.run(
        [sys.executable, "-c", LIMITED, str(catalog.root), str(allowed)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr[-2000:]
    assert int(done.stdout) == count
