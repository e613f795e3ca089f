"""What `ctx` and indicators offer to a strategy, from a strategy's own source."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import MINUTE, UNIT, walk, write_bars, write_quotes

pytestmark = pytest.mark.slow

TICK = 100
"""Price units of a cent."""


def source(folder: Path, body: str) -> str:
    path = folder / "own.py"
    lines = [
        *("import math", "import numpy as np", "from app.strategies import *"),
        *("", "", "class Own(Strategy):", body),
    ]
    path.write_text("\n".join(lines))
    return str(path)


def both_ways(folder: Path, catalog: Catalog, body: str, *symbols: str) -> Any:
    """Run compiled and interpreted: the same bytes, and no failure."""
    terms = {
        "symbols": list(symbols or ("RSTK",)),
        "strategies": [{"id": "one", "name": source(folder, body)}],
        "initialCapital": 1_000_000,
    }
    request = parse_request(terms)
    results = [
        Result(Backtest(request, catalog, interpreted=way).run())
        for way in (False, True)
    ]
    ends = [each.outcomes.strategies["one"] for each in results]
    assert [each.failure for each in ends] == ["", ""]
    assert ends[0].reason == ""
    assert results[0].digest() == results[1].digest()
    return results[0]


def rising(count: int) -> np.ndarray:
    """Closes of 100, 100.10, …."""
    return 100 * UNIT + 10 * TICK * np.arange(count)


MOVING = """
    def __init__(self):
        self.seen = 0
        self.stop = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == 2:
            ctx.market(bar.instrument, 10.0)
            self.stop = ctx.stop(bar.instrument, -10.0, 99.0)
        if self.seen == 5:
            CHANGE
        if self.seen == 8:
            ctx.plot("stop", ctx.stop_price(self.stop))
            ctx.plot("left", ctx.leaves(self.stop))
            ctx.plot("pending", ctx.is_pending(self.stop))
"""


@pytest.mark.parametrize(
    ("change", "left"),
    [
        ("ctx.move(self.stop, 99.75)", -10.0),
        ("ctx.replace(self.stop, 4.0, 99.75)", -4.0),
    ],
)
def test_a_stop_can_be_moved(tmp_path: Path, change: str, left: float) -> None:
    catalog = write_bars(tmp_path, "RSTK", rising(10))

    result = both_ways(tmp_path, catalog, MOVING.replace("CHANGE", change))

    plots = result.data.notes["one"]["plots"]
    assert plots["stop"]["values"] == [99.75]
    assert plots["left"]["values"] == [left]
    assert plots["pending"]["values"] == [0.0]
    assert result.data.card["rejects"] == {}


def test_a_limit_that_is_moved_is_filled_at_its_new_price(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", rising(12))
    body = """
    def __init__(self):
        self.seen = 0
        self.order = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == 2:
            self.order = ctx.limit(bar.instrument, -10.0, 150.0)
        if self.seen == 4:
            ctx.plot("limit", ctx.limit_price(self.order))
            ctx.move(self.order, 100.55)
        if self.seen == 10:
            ctx.plot("filled", ctx.filled(self.order))
"""

    result = both_ways(tmp_path, catalog, body)

    assert result.data.fills["price"].tolist() == [100.55]
    plots = result.data.notes["one"]["plots"]
    assert plots["limit"]["values"] == [150.0]
    assert plots["filled"]["values"] == [-10.0]


BRACKETED = """
    def __init__(self):
        self.entry = 0
        self.is_moved = False

    def on_bar(self, ctx, bar):
        if self.entry == 0:
            self.entry = ENTRY
        elif ctx.position(bar.instrument) != 0.0 and not self.is_moved:
            self.is_moved = True
            ctx.plot("target", ctx.limit_price(self.entry - 2))
            ctx.move(self.entry - 1, ctx.average_price(bar.instrument) - 0.3)
"""


@pytest.mark.parametrize(
    ("entry", "closes", "entered"),
    [
        ("ctx.limit_bracket(bar.instrument, 10.0, 99.5, 101.0, 98.0)", (-1, 1), 99.5),
        ("ctx.stop_bracket(bar.instrument, 10.0, 100.5, 101.5, 99.0)", (1, -1), 100.5),
    ],
)
def test_a_bracket_enters_at_a_price_and_its_stop_can_follow(
    tmp_path: Path, entry: str, closes: tuple[int, int], entered: float
) -> None:
    there, back = closes
    steps = np.concatenate([there * np.ones(8), back * np.ones(6), -np.ones(12)])
    prices = 100 * UNIT + 10 * TICK * np.cumsum(steps).astype(np.int64)
    catalog = write_bars(tmp_path, "RSTK", prices)

    result = both_ways(tmp_path, catalog, BRACKETED.replace("ENTRY", entry))

    (trade,) = result.trade_rows()
    assert trade["entry_price"] == pytest.approx(entered)
    assert trade["exit_price"] == pytest.approx(entered - 0.3)
    status = [each["status"] for each in result.order_rows()]
    assert status == ["cancelled", "filled", "filled"]
    assert len(result.data.notes["one"]["plots"]["target"]["values"]) == 1


def test_what_happens_to_an_order_is_told(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", rising(8))
    body = """
    def __init__(self):
        self.order = 0

    def on_bar(self, ctx, bar):
        if self.order == 0:
            self.order = ctx.limit(bar.instrument, 10.0, 50.0)
        elif ctx.is_working(self.order) and not ctx.is_pending(self.order):
            ctx.plot("working", ctx.working(bar.instrument))
            ctx.cancel(self.order)
            ctx.market(bar.instrument, 3.0)

    def on_order(self, ctx, event):
        ctx.plot("report", event.report)
        ctx.plot("status", event.status)

    def on_fill(self, ctx, fill):
        ctx.plot("position", ctx.position(fill.instrument))
        ctx.plot("cash", ctx.cash)
        ctx.plot("paid", fill.price * fill.quantity)
"""

    notes = both_ways(tmp_path, catalog, body).data.notes["one"]["plots"]

    assert notes["working"]["values"] == [10.0]
    assert notes["position"]["values"] == [3.0]
    # New and accepted, twice; the cancel asked for and done.
    assert len(notes["report"]["values"]) >= 4
    paid = notes["paid"]["values"][0]
    assert notes["cash"]["values"][0] == pytest.approx(1_000_000 - paid, abs=1.0)


DAYS = """
    def on_session(self, ctx, session):
        if session.instrument != ctx.instrument("AMZN"):
            return
        if session.opens:
            ctx.plot("opens", session.ts / 1e9)
        if session.closes:
            ctx.plot("closes", session.ts / 1e9)
        ctx.before_close(2, session.instrument, 15)
        ctx.before_open(1, session.instrument, 5)

    def on_timer(self, ctx, timer):
        if timer.number == 2:
            ctx.plot("before close", timer.ts / 1e9)
        else:
            ctx.plot("before open", timer.ts / 1e9)

    def on_bars(self, ctx, update):
        ctx.plot("together", update.ts / 1e9)

    def on_stop(self, ctx):
        ctx.log("stopped")
"""


def seconds(*times: str) -> list[float]:
    return [float(np.datetime64(each, "s").astype(int)) for each in times]


def test_the_day_is_known_minutes_before_its_open_and_close_half_days_too(
    tmp_path: Path,
) -> None:
    opens = [np.datetime64(f"2023-11-{d}T14:30", "ns").astype(int) for d in (22, 24)]
    ts = np.concatenate(
        [opens[0] + MINUTE * np.arange(1, 391), opens[1] + MINUTE * np.arange(1, 211)]
    )
    write_bars(tmp_path, "AMZN", walk(len(ts), 1), ts=ts)
    catalog = write_bars(tmp_path, "RSTK", walk(len(ts), 2), ts=ts)

    result = both_ways(tmp_path, catalog, DAYS, "AMZN", "RSTK")

    notes = result.data.notes["one"]
    plots = {name: each["values"] for name, each in notes["plots"].items()}
    half_day = seconds("2023-11-24T14:30", "2023-11-24T18:00")
    assert set(half_day) <= {*plots["opens"], *plots["closes"]}
    assert seconds("2023-11-22T21:00")[0] in plots["closes"]
    closes = seconds("2023-11-22T20:45", "2023-11-24T17:45")
    assert sorted(set(plots["before close"])) == closes
    assert seconds("2023-11-24T14:25")[0] in plots["before open"]
    # Two instruments, and one call for each close time.
    assert plots["together"] == (ts / 1e9).tolist()
    assert [each["text"] for each in notes["log"]] == ["stopped"]


KALMAN = """
    # The level and slope of a local linear trend (Harvey 1989, section 2.3).
    def __init__(self):
        self.x = np.zeros(2)
        self.p = np.array([1e6, 0.0, 0.0, 1e6])
        self.count = 0

    def on_bar(self, ctx, bar):
        if self.count == 0:
            self.x[0] = bar.close
        self.count += 1
        x0, x1 = self.x[0] + self.x[1], self.x[1]
        p00 = self.p[0] + self.p[1] + self.p[2] + self.p[3] + 0.01
        p01 = self.p[1] + self.p[3]
        p11 = self.p[3] + 0.001
        gain0, gain1 = p00 / (p00 + 0.25), p01 / (p00 + 0.25)
        wrong = bar.close - x0
        self.x[0] = x0 + gain0 * wrong
        self.x[1] = x1 + gain1 * wrong
        self.p[0] = (1.0 - gain0) * p00
        self.p[1] = self.p[2] = (1.0 - gain0) * p01
        self.p[3] = p11 - gain1 * p01
        ctx.plot("level", self.x[0])
        ctx.plot("slope", self.x[1])
"""


def test_a_kalman_filter_lives_in_arrays(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", rising(200))

    notes = both_ways(tmp_path, catalog, KALMAN).data.notes["one"]["plots"]

    assert notes["level"]["values"][-1] == pytest.approx(100 + 0.1 * 199, abs=1e-3)
    assert notes["slope"]["values"][-1] == pytest.approx(0.1, abs=1e-3)


COVARIANCE = """
    # The filter above with its covariance as a matrix: P = F P F' + Q, then
    # P = (I - K H) P with H = (1, 0).
    def __init__(self):
        self.x = np.zeros(2)
        self.f = np.array([[1.0, 1.0], [0.0, 1.0]])
        self.q = np.array([[0.01, 0.0], [0.0, 0.001]])
        self.p = np.zeros((2, 2))
        self.moved = np.zeros((2, 2))
        self.seen = np.zeros((1, 3), np.int64)

    def on_start(self, ctx):
        self.p[0, 0] = self.p[1, 1] = 1e6

    def predict(self):
        for i in range(2):
            for j in range(2):
                total = self.q[i, j]
                for k in range(2):
                    for m in range(2):
                        total += self.f[i, k] * self.p[k, m] * self.f[j, m]
                self.moved[i, j] = total
        for i in range(2):
            for j in range(2):
                self.p[i, j] = self.moved[i, j]

    def on_bar(self, ctx, bar):
        if self.seen[0, 2] == 0:
            self.x[0] = bar.close
        self.seen[0, 2] += 1
        self.x[0] += self.x[1]
        self.predict()
        wrong = bar.close - self.x[0]
        spread = self.p[0, 0] + 0.25
        for i in range(2):
            self.x[i] += self.p[i, 0] / spread * wrong
            for j in range(2):
                self.moved[i, j] = self.p[i, 0] * self.p[0, j] / spread
        for i in range(2):
            for j in range(2):
                self.p[i, j] -= self.moved[i, j]
        ctx.plot("level", self.x[0])
        ctx.plot("slope", self.x[1])
        ctx.plot("variance", self.p[0, 0])
        ctx.plot("lopsided", abs(self.p[0, 1] - self.p[1, 0]))
"""


def test_a_kalman_filter_keeps_its_covariance_as_a_matrix(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(300, 5))

    notes = both_ways(tmp_path, catalog, COVARIANCE).data.notes["one"]["plots"]
    plain = both_ways(tmp_path, catalog, KALMAN).data.notes["one"]["plots"]

    for name in ("level", "slope"):
        assert notes[name]["values"] == pytest.approx(plain[name]["values"], rel=1e-6)
    assert max(notes["lopsided"]["values"][10:]) < 1e-9
    # It settles where the Riccati equation says: the fixed point of its own steps.
    steady = np.diag([1e6, 1e6])
    moves, noise = np.array([[1.0, 1.0], [0.0, 1.0]]), np.diag([0.01, 0.001])
    for _ in range(2_000):
        steady = moves @ steady @ moves.T + noise
        steady -= np.outer(steady[:, 0], steady[0]) / (steady[0, 0] + 0.25)
    assert notes["variance"]["values"][-1] == pytest.approx(steady[0, 0], rel=1e-6)


LEVEL = """
    # A local level (Durbin & Koopman 2012, section 2.2): x' = x + q, y = x + r.
    def __init__(self):
        self.p = np.full((1, 1), 1e9)
        self.x = np.zeros((1, 1))

    def on_bar(self, ctx, bar):
        self.p[0, 0] += 1.0
        gain = self.p[0, 0] / (self.p[0, 0] + 1.0)
        self.x[0, 0] += gain * (bar.close - self.x[0, 0])
        self.p[0, 0] *= 1.0 - gain
        ctx.plot("gain", gain)
"""


def test_a_local_level_settles_at_the_golden_section(tmp_path: Path) -> None:
    # The steady state of Durbin & Koopman (2012), section 2.11, in units of the noise's
    # variance: x = (q + sqrt(q^2 + 4 q)) / 2, here at q = 1, and the gain x / (x + 1).
    catalog = write_bars(tmp_path, "RSTK", walk(60, 5))

    notes = both_ways(tmp_path, catalog, LEVEL).data.notes["one"]["plots"]

    golden = (1 + math.sqrt(5)) / 2
    assert notes["gain"]["values"][-1] == pytest.approx(1 / golden, rel=1e-12)


def test_indicators_of_bars_begin_anew_when_told(tmp_path: Path) -> None:
    closes = walk(30, 3)
    catalog = write_bars(tmp_path, "RSTK", closes)
    body = """
    def __init__(self):
        self.channel = self.each(Donchian, 5)
        self.day = VWAP()
        self.count = 0

    def on_bar(self, ctx, bar):
        i = bar.instrument
        self.channel[i].update(bar.high, bar.low)
        self.count += 1
        if self.count == 11:
            self.day.reset()
        ctx.plot("vwap", self.day.update(bar.close, bar.volume))
        if self.channel[i].is_ready:
            ctx.plot("upper", self.channel[i].upper)
            ctx.plot("lower", self.channel[i].lower)
            ctx.plot("middle", self.channel[i].middle)
"""

    result = both_ways(tmp_path, catalog, body)

    plots = result.data.notes["one"]["plots"]
    opens = np.concatenate([closes[:1], closes[:-1]])
    highs = (np.maximum(closes, opens) + TICK) / UNIT
    lows = (np.minimum(closes, opens) - TICK) / UNIT
    windows = [slice(i - 4, i + 1) for i in range(4, 30)]
    upper = [float(highs[each].max()) for each in windows]
    lower = [float(lows[each].min()) for each in windows]
    assert plots["upper"]["values"] == pytest.approx(upper)
    assert plots["lower"]["values"] == pytest.approx(lower)
    middle = [(a + b) / 2 for a, b in zip(upper, lower, strict=True)]
    assert plots["middle"]["values"] == pytest.approx(middle)
    vwap = plots["vwap"]["values"]
    assert vwap[9] == pytest.approx(closes[:10].mean() / UNIT)
    assert vwap[29] == pytest.approx(closes[10:].mean() / UNIT)


def test_the_book_leans_as_its_figures_say(tmp_path: Path) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 50, 4)
    body = """
    def __init__(self):
        self.table = np.array([[9.0, 9.0, 9.0], [-0.75, 0.0, 0.5]])

    def on_quote(self, ctx, quote):
        ctx.plot("fitted", fitted_microprice(self.table, 0.01, quote.bid,
                                             quote.bid_size, quote.ask,
                                             quote.ask_size))
        ctx.plot("lean", imbalance(quote.bid_size, quote.ask_size))
        ctx.plot("micro", microprice(quote.bid, quote.bid_size, quote.ask,
                                     quote.ask_size))
        i = quote.instrument
        ctx.plot("own", (ctx.bid_size(i) - ctx.ask_size(i))
                 / (ctx.bid_size(i) + ctx.ask_size(i)))
"""

    plots = both_ways(tmp_path, catalog, body).data.notes["one"]["plots"]

    lean = np.array(plots["lean"]["values"])
    assert lean.tolist() == plots["own"]["values"]
    assert len(lean) == 50
    assert (abs(lean) < 1).all()
    # The spread is two ticks: the microprice lies a tick times the lean from the mid.
    micro = np.array(plots["micro"]["values"])
    mids = micro - 0.01 * lean
    assert np.round(mids * 100) / 100 == pytest.approx(mids, abs=1e-9)
    assert not math.isnan(micro.sum())
    # A third of the way to all on one side, it is the next of three buckets.
    added = np.select([lean <= -1 / 3, lean >= 1 / 3], [-0.75, 0.5])
    assert set(added) == {-0.75, 0.0, 0.5}
    fitted = np.array(plots["fitted"]["values"])
    assert fitted == pytest.approx(mids + 0.01 * added, abs=1e-9)
