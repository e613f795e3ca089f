"""Records of books that concern no order stay in a loop of their own: same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.engine.arena import HEADER_BYTES, Arena, Section
from app.engine.links import Link
from app.engine.records import (
    MARKET,
    QUOTE,
    EventKind,
    ReportType,
    TradeCondition,
)
from app.engine.ring import Ring
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.run import Backtest
from tests.sessions.test_recorded_past import depth, write

pytestmark = pytest.mark.slow

CONDITIONS = (TradeCondition.HIDDEN, TradeCondition.AUCTION, TradeCondition.ODD_LOT)

ASKING = """from app.strategies import Strategy


class Asking(Strategy):
    def __init__(self):
        self.seen = 0
        self.bars = 0

    def on_bar(self, ctx, bar):
        self.bars += 1

    def on_trade(self, ctx, trade):
        self.seen += 1
        i = trade.instrument
        if self.seen % 5 == 0 and ctx.bid(i) < ctx.ask(i):
            if ctx.position(i) > 0.0:
                ctx.market(i, -30.0)
            else:
                ctx.market(i, 30.0)

    def on_quote(self, ctx, quote):
        self.seen += 3

    def on_book(self, ctx, update):
        self.seen += 1
        i, turn = update.instrument, self.seen % 12
        bid, ask = ctx.bid(i), ctx.ask(i)
        if bid < ask:
            if turn == 0:
                ctx.cancel_all(i)
                ctx.limit(i, 20.0, bid)
                ctx.limit(i, -20.0, ask)
            elif turn == 4:
                ctx.limit(i, 10.0, bid - 0.05)
                ctx.limit(i, -15.0, ask + 0.07)
                ctx.limit(i, 25.0, bid + 0.01)
            elif turn == 8 and self.seen % 7 == 0:
                ctx.stop(i, -5.0, bid - 0.04)
            elif turn == 10:
                ctx.set_timer(1, ctx.now + 400_000_000)
"""

QUEUEING = """from app.strategies import Strategy


class Queueing(Strategy):
    def __init__(self):
        self.seen = 0

    def on_book(self, ctx, update):
        self.seen += 1
        i = update.instrument
        if self.seen % 23 == 0:
            ctx.quote(i, ctx.bid(i), ctx.ask(i) + 0.01, 20.0)
        elif self.seen % 31 == 0:
            ctx.limit(i, 10.0, ctx.bid(i) - 0.02)
            ctx.limit(i, -15.0, ctx.ask(i))
        elif self.seen % 97 == 0:
            ctx.market(i, 12.0)
        elif self.seen % 211 == 0:
            ctx.cancel_all(i)
"""


def _bytes_of(arena: Arena) -> dict[str, bytes]:
    """All that is in use, by section, and the header."""
    found = {"header": arena.bytes[:HEADER_BYTES].tobytes()}
    for section in arena.layout:
        rows = arena.records(section)[: max(1, arena.used(section))]
        found[section.name] = rows.tobytes()
    return found


def _stream(count: int, seed: int, *, odd: bool) -> Any:
    """A book that wanders, now and then crossed; `odd`: with what no feed says."""
    random = np.random.default_rng(seed)
    records = depth(count, seed=seed)
    wander = 100 * np.cumsum(
        random.integers(-1, 2, count + 2) * (random.random(count + 2) < 0.2)
    )
    records["price"] += wander
    # Both of one time, and times that came out of order.
    records["ts_venue"] -= random.integers(0, 60_000_000, count + 2)
    records["aggressor"] = random.integers(-1, 2, count + 2)
    records["flags"][random.random(count + 2) < 0.1] = 0
    # What the touch has left is cleared, or the book would stay crossed for good.
    for i in range(40, count, 40):
        records["kind"][i : i + 2] = EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END
    if odd:
        _make_odd(records, random)
    return records


def _make_odd(records: Any, random: Any) -> None:
    draws = random.random(len(records))
    draws[:3] = 1.0
    records["price"][draws < 0.002] = -(2**63)
    records["size"][(draws > 0.002) & (draws < 0.004)] = -5
    records["instrument"][(draws > 0.004) & (draws < 0.006)] = 7
    records["kind"][(draws > 0.006) & (draws < 0.008)] = EventKind.GAP
    records["kind"][(draws > 0.008) & (draws < 0.010)] = EventKind.TIMER
    records["ts_received"][(draws > 0.010) & (draws < 0.011)] = 2**62
    records["side"][(draws > 0.011) & (draws < 0.013)] = 0
    for i in np.flatnonzero((draws > 0.013) & (draws < 0.06)):
        price = int(records["price"][i]) + 100
        quote = records[i : i + 1].view(QUOTE)
        quote["kind"] = EventKind.QUOTE
        quote["bid_price"], quote["ask_price"] = price - 100, price + 200
        quote["bid_size"], quote["ask_size"] = 300, 0 if i % 5 == 0 else 200


def _traded(count: int, seed: int) -> Any:
    """A book that is never crossed; half of its trades are told before the decrease,
    at the same venue time, half after it."""
    random = np.random.default_rng(seed)
    records = depth(count, seed=seed)
    shown: dict[int, dict[int, int]] = {1: {}, -1: {}}
    i = 2
    while i < count:
        side = int(random.choice((1, -1)))
        book, other = shown[side], shown[-side]
        touch = max(book, key=lambda price: side * price, default=0)
        records["side"][i : i + 2] = side
        if len(book) > 3 and random.random() < 0.3:
            size = int(random.integers(1, min(book[touch], 60) + 1))
            book[touch] -= size
            trade, level = (i, i + 1) if random.random() < 0.5 else (i + 1, i)
            records["kind"][trade], records["aggressor"][trade] = EventKind.TRADE, -side
            records["price"][i : i + 2], records["size"][trade] = touch, size
            records["kind"][level] = EventKind.LEVEL
            records["size"][level] = book[touch]
            records["ts_venue"][i : i + 2] = records["ts_venue"][i]
            if random.random() < 0.1:
                records["conditions"][trade] = random.choice(CONDITIONS)
            price, i = touch, i + 2
        else:
            price = 1_000_000 - side * 100 * int(random.integers(-2, 6))
            nearest = max(other, key=lambda price: -side * price, default=0)
            if other and side * (nearest - price) <= 0:
                price = nearest - 100 * side
            book[price] = int(random.integers(0, 5)) * 40
            records["kind"][i], records["aggressor"][i] = EventKind.LEVEL, 0
            records["price"][i], records["size"][i] = price, book[price]
            i += 1
        if book[price] == 0:
            del book[price]
    return records


def _folded(catalog: Any, records: Any, request: Any, *, quiet: bool) -> Any:
    backtest = Backtest(request, catalog)
    ring = Ring(MARKET, 4)
    if not quiet:
        # Somebody who wants every record: each goes the whole way.
        backtest.composition.links[Link.MARKET_OUT] = ring.address
    outcomes = backtest.run(blocks=[records[:1500].copy(), records[1500:].copy()])
    return outcomes, _bytes_of(outcomes.composition.arena)


def _assert_same(folder: Path, records: Any, terms: dict[str, Any]) -> Any:
    catalog = write(folder, depth(50))
    request = parse_request({"symbols": ["RSTK@depth"], **terms})
    quiet, ours = _folded(catalog, records, request, quiet=True)
    whole, theirs = _folded(catalog, records, request, quiet=False)
    assert [each.failure for each in quiet.strategies.values() if each.failure] == []
    assert quiet.reports.tobytes() == whole.reports.tobytes()
    assert quiet.worths.tobytes() == whole.worths.tobytes()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    return quiet


@pytest.fixture
def asking(tmp_path: Path) -> str:
    path = tmp_path / "asking.py"
    path.write_text(ASKING)
    return str(path)


@pytest.mark.parametrize("odd", [False, True])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_orders_of_every_sort_leave_the_same_bytes(
    tmp_path: Path, asking: str, seed: int, *, odd: bool
) -> None:
    terms = {"strategies": [{"id": "one", "name": asking}]}

    outcomes = _assert_same(tmp_path, _stream(4000, seed, odd=odd), terms)

    told = set(outcomes.reports["report"])
    assert {ReportType.FILL, ReportType.CANCELLED} <= told


@pytest.mark.parametrize("queue", ["pessimistic", "probabilistic", "exact"])
def test_queues_move_alike(tmp_path: Path, queue: str) -> None:
    path = tmp_path / "queueing.py"
    path.write_text(QUEUEING)
    terms = {
        "strategies": [{"id": "one", "name": str(path)}],
        "models": {"queue": queue, "order_latency_us": 0, "report_latency_us": 90_000},
    }

    outcomes = _assert_same(tmp_path, _traded(4000, 7), terms)

    orders = outcomes.composition.arena.records(Section.VENUE_ORDERS)
    assert np.count_nonzero(orders["traded_ahead"]) > 20
    assert np.any(orders["cancelled_ahead"]) == (queue != "exact")
    assert np.count_nonzero(outcomes.reports["report"] == ReportType.FILL) > 50


@pytest.mark.parametrize("latency", [0, 90_000])
@pytest.mark.parametrize("name", ["Avellaneda-Stoikov Market Maker", "Book Imbalance"])
def test_shipped_strategies_leave_the_same_bytes(
    tmp_path: Path, name: str, latency: int
) -> None:
    terms = {
        "strategies": [{"id": "one", "name": name}],
        "models": {"order_latency_us": latency, "report_latency_us": latency},
    }

    _assert_same(tmp_path, _stream(4000, 5, odd=False), terms)


def test_two_strategies_and_a_loss_limit_that_breaks(
    tmp_path: Path, asking: str
) -> None:
    each = [
        {"id": "one", "name": asking, "allocation": 0.4},
        {"id": "two", "name": "Avellaneda-Stoikov Market Maker", "allocation": 0.4},
    ]
    terms = {"strategies": each, "limits": {"max_drawdown": 3}}

    outcomes = _assert_same(tmp_path, _stream(4000, 6, odd=False), terms)

    assert ReportType.STATE in outcomes.reports["report"][2:]


def test_quotes_alone_are_marks_and_calls(tmp_path: Path, asking: str) -> None:
    records = depth(3000, seed=9)
    quotes = records[2:].view(QUOTE)
    middle = 1_000_000 + 100 * np.cumsum(np.random.default_rng(4).integers(-1, 2, 3000))
    quotes["kind"] = EventKind.QUOTE
    quotes["bid_price"], quotes["ask_price"] = middle - 100, middle + 100
    quotes["bid_size"], quotes["ask_size"] = 200, 300
    terms = {"strategies": [{"id": "one", "name": asking}]}

    outcomes = _assert_same(tmp_path, records, terms)

    calls = outcomes.composition.arena.records(Section.STRATEGIES)["calls"][1]
    assert calls > len(quotes)
