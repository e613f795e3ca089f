"""Backtests over made bars: what is filled when, known sums, the same bytes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.errors import RequestError, StrategyError
from app.sessions.backtest.composing import open_data
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from app.strategies.loader import shipped_strategies
from app.strategies.strategy import title_of
from tests.bar_catalog import MINUTE, START, UNIT, walk, write_bars, write_quotes

pytestmark = pytest.mark.slow


def request_of(*symbols: str, name: str = "Mean Reversion", **terms: Any) -> Any:
    parameters = terms.pop("parameters", {})
    strategy = {"id": "one", "name": name, "parameters": parameters}
    return parse_request(
        {"symbols": list(symbols), "strategies": [strategy], "seed": 7, **terms}
    )


def run(catalog: Catalog, request: Any, **options: Any) -> Result:
    return Result(Backtest(request, catalog, **options).run())


def write_strategy(folder: Path, body: str, *, top: str = "") -> str:
    path = folder / "own.py"
    path.write_text(
        "from app.strategies import *\n" + top + "\n\nclass Own(Strategy):\n" + body
    )
    return str(path)


ONCE = """
    def __init__(self):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == 2:
            ctx.market(bar.instrument, 10.0)
        if self.seen == 4:
            ctx.close(bar.instrument)
"""


def test_a_decision_at_the_close_is_filled_at_the_next_open(tmp_path: Path) -> None:
    closes = 100 * UNIT + 100 * np.arange(8)
    catalog = write_bars(tmp_path, "RSTK", closes)
    own = write_strategy(tmp_path, ONCE)

    result = run(catalog, request_of("RSTK", name=own))

    fills = result.fill_rows()
    assert [each["price"] for each in fills] == [100.01, 100.03]
    assert [each["side"] for each in fills] == ["buy", "sell"]
    (trade,) = result.trade_rows()
    fees = sum(each["fee"] for each in fills)
    assert trade["pnl"] == pytest.approx(10 * 0.02 - fees)
    assert result.equity[-1] == pytest.approx(100_000 + trade["pnl"])


def test_equity_is_written_once_for_each_time(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(50, 1))

    result = run(catalog, request_of("RSTK"))

    # The last is what stood when time had passed the last bar.
    assert list(result.ts[:50]) == [START + MINUTE * i for i in range(50)]
    assert len(set(result.ts)) == len(result.ts)


@pytest.mark.parametrize(
    ("name", "least"),
    [
        ("Mean Reversion", 10),
        ("SMA Cross", 10),
        ("Donchian Breakout", 10),
        ("Pairs", 10),
        ("TWAP", 5),
    ],
)
def test_compiled_and_interpreted_give_the_same_bytes(
    tmp_path: Path, name: str, least: int
) -> None:
    write_bars(tmp_path, "RSTK", walk(600, 2))
    catalog = write_bars(tmp_path, "RFUT", walk(600, 3, start=4000 * UNIT))
    request = request_of("RSTK", "RFUT", name=name, initialCapital=10_000_000)

    compiled = run(catalog, request)
    again = run(catalog, request)
    interpreted = run(catalog, request, interpreted=True)

    assert compiled.outcomes.strategies["one"].reason == ""
    assert compiled.outcomes.strategies["one"].failure == ""
    assert len(compiled.fills) > least
    assert compiled.digest() == again.digest() == interpreted.digest()


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Book Imbalance", {"length": 1, "enter_above": 0.4}),
        ("Avellaneda-Stoikov Market Maker", {"intensity": 200.0, "every_ms": 2000}),
    ],
)
def test_compiled_and_interpreted_give_the_same_bytes_over_quotes(
    tmp_path: Path, name: str, parameters: dict[str, float]
) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 3000, 12)
    request = request_of("RSTK", name=name, parameters=parameters)

    compiled = run(catalog, request)
    interpreted = run(catalog, request, interpreted=True)

    assert compiled.outcomes.strategies["one"].reason == ""
    assert compiled.outcomes.strategies["one"].failure == ""
    assert len(compiled.fills) > 10
    assert compiled.digest() == interpreted.digest()


def test_every_strategy_that_ships_is_held_to_the_same_bytes() -> None:
    tried = {
        *("Mean Reversion Strategy", "SMA Cross", "Donchian Breakout", "Pairs"),
        *("TWAP", "Book Imbalance", "Avellaneda-Stoikov Market Maker"),
        # in test_days.py
        *("Opening Range Breakout", "VWAP", "Signal Follower"),
    }

    assert {title_of(each) for each in shipped_strategies()} == tried


def test_the_future_does_not_reach_the_past(tmp_path: Path) -> None:
    closes = walk(400, 4)
    other = closes.copy()
    other[200:] = other[200:][::-1]
    known = run(write_bars(tmp_path, "RSTK", closes), request_of("RSTK"))
    (tmp_path / "b").mkdir()
    shuffled = run(write_bars(tmp_path / "b", "RSTK", other), request_of("RSTK"))
    until = START + 199 * MINUTE

    before = [
        each.fills[each.fills["ts_venue"] <= until].tobytes()
        for each in (known, shuffled)
    ]

    assert before[0] == before[1]
    assert len(before[0]) > 0


@pytest.mark.parametrize(
    ("name", "parameters"),
    [
        ("Book Imbalance", {"length": 1, "enter_above": 0.4}),
        ("Avellaneda-Stoikov Market Maker", {"intensity": 200.0, "every_ms": 2000}),
    ],
)
def test_the_future_of_a_book_does_not_reach_its_past(
    tmp_path: Path, name: str, parameters: dict[str, float]
) -> None:
    request = request_of("RSTK", name=name, parameters=parameters)
    (tmp_path / "b").mkdir()
    known = run(write_quotes(tmp_path, "RSTK", 3000, 12), request)
    turned = run(
        write_quotes(tmp_path / "b", "RSTK", 3000, 12, turned_from=1500), request
    )
    until = START + 1498 * 100_000_000  # the row behind leans towards the first step

    before, other = (
        each.fills[each.fills["ts_venue"] <= until].tobytes()
        for each in (known, turned)
    )

    assert before == other
    assert len(before) > 0
    assert known.digest() != turned.digest()


def test_a_strategy_that_raises_is_stopped_and_says_where(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 5))
    body = ONCE.replace("self.seen == 4", "1 / (self.seen - 3) == 0")
    own = write_strategy(tmp_path, body)
    request = request_of("RSTK", name=own)

    ends = [
        run(catalog, request, interpreted=interpreted).outcomes.strategies["one"]
        for interpreted in (False, True)
    ]

    for each in ends:
        assert "Own.on_bar raised" in each.failure
        assert each.calls == 3
    assert "ZeroDivisionError" in ends[1].failure


def test_an_endless_loop_is_ended(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    body = "    def on_bar(self, ctx, bar):\n        while True:\n            pass\n"
    own = write_strategy(tmp_path, body)

    result = run(catalog, request_of("RSTK", name=own))

    assert "out of budget" in result.outcomes.strategies["one"].failure


def test_an_endless_loop_of_a_function_is_ended(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    top = "\ndef forever(x):\n    while x > 0.0:\n        x += 1.0\n    return x\n"
    body = "    def on_bar(self, ctx, bar):\n        forever(bar.close)\n"
    own = write_strategy(tmp_path, body, top=top)

    end = run(catalog, request_of("RSTK", name=own)).outcomes.strategies["one"]

    assert end.is_compiled
    assert "Own.on_bar raised" in end.failure


def test_a_method_that_calls_itself_is_refused(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    body = (
        "    def on_bar(self, ctx, bar):\n        self.again(bar.close)\n"
        "    def again(self, x):\n        self.once_more(x)\n"
        "    def once_more(self, x):\n        self.again(x)\n"
    )
    own = write_strategy(tmp_path, body)

    with pytest.raises(StrategyError, match="line 7: again calls itself"):
        Backtest(request_of("RSTK", name=own), catalog)


def test_a_price_that_is_no_number_stops_the_strategy_alone(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    body = (
        "    def on_bar(self, ctx, bar):\n"
        "        ctx.limit(bar.instrument, 1.0, float('nan'))\n"
    )
    own = write_strategy(tmp_path, body)

    result = run(catalog, request_of("RSTK", name=own))

    assert "raised" in result.outcomes.strategies["one"].failure
    assert result.outcomes.events == 20
    assert not len(result.fills)


def test_what_numba_cannot_compile_runs_as_python_with_the_line(
    tmp_path: Path,
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    body = ONCE.replace("self.seen += 1", "self.seen += len({**{}}) + 1")
    own = write_strategy(tmp_path, body)

    result = run(catalog, request_of("RSTK", name=own))

    end = result.outcomes.strategies["one"]
    assert not end.is_compiled
    assert "line" in end.reason
    assert len(result.fills) == 2


def test_history_is_the_newest_closes(tmp_path: Path) -> None:
    closes = 100 * UNIT + 100 * np.arange(30)
    catalog = write_bars(tmp_path, "RSTK", closes)
    body = """
    history_length = 5

    def on_bar(self, ctx, bar):
        closes = ctx.history(bar.instrument, 5)
        if len(closes) < 5:
            return
        is_mean = abs(closes.mean() - bar.close + 0.02) < 1e-9
        if is_mean and abs(closes[0] - bar.close + 0.04) < 1e-9:
            ctx.market(bar.instrument, 1.0)
"""
    own = write_strategy(tmp_path, body)

    for interpreted in (False, True):
        result = run(catalog, request_of("RSTK", name=own), interpreted=interpreted)
        assert result.outcomes.strategies["one"].failure == ""
        assert len(result.fills) > 0


NOTING = """
    def __init__(self):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        ctx.plot("close", bar.close)
        if self.seen % 2 == 0:
            ctx.plot("even {}", self.seen)
        if self.seen == 3:
            ctx.log("third {}")
            ctx.log(f"close {bar.close:.2f} it was")
            ctx.log("seen", self.seen)
"""


def test_what_is_logged_and_plotted_is_in_the_result_both_ways(tmp_path: Path) -> None:
    closes = 100 * UNIT + 100 * np.arange(6)
    catalog = write_bars(tmp_path, "RSTK", closes)
    own = write_strategy(tmp_path, NOTING)

    compiled = run(catalog, request_of("RSTK", name=own)).as_table()["notes"]["one"]
    python = run(catalog, request_of("RSTK", name=own), interpreted=True)

    texts = [each["text"] for each in compiled["log"]]
    assert texts == ["third {}", "close 100.02 it was", "seen 3"]
    assert compiled["plots"]["close"]["values"] == [100 + i / 100 for i in range(6)]
    assert compiled["plots"]["even {}"]["values"] == [2.0, 4.0, 6.0]
    assert compiled["lost"] == 0
    assert python.as_table()["notes"]["one"] == compiled


def test_notes_cost_turns_of_the_budget(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(3, 6))
    body = (
        "    def on_bar(self, ctx, bar):\n"
        "        while True:\n            ctx.plot('x', 1.0)\n"
    )
    own = write_strategy(tmp_path, body)

    end = run(catalog, request_of("RSTK", name=own)).outcomes.strategies["one"]

    assert "out of budget" in end.failure
    assert end.notes.curves["x"].points + end.notes_lost == 2_500_000


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("ctx.plot(bar.close)", "line 6: ctx.plot takes a name in quotes and a value"),
        ("ctx.log(f'{bar.open} {bar.close}')", "line 6: ctx.log takes a text"),
        ("ctx.log('a', 1.0, 2.0)", "line 6: ctx.log takes a text"),
    ],
)
def test_a_note_that_has_no_form_is_refused(
    tmp_path: Path, line: str, why: str
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(3, 6))
    own = write_strategy(tmp_path, f"    def on_bar(self, ctx, bar):\n        {line}\n")

    with pytest.raises(StrategyError, match=why):
        Backtest(request_of("RSTK", name=own), catalog)


def test_a_compiled_strategy_that_fails_says_the_line_and_its_source(
    tmp_path: Path,
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    body = (
        "    def on_bar(self, ctx, bar):\n"
        "        x = 0.0\n"
        "        ctx.plot('y', 1.0 / x)\n"
    )
    own = write_strategy(tmp_path, body)

    end = run(catalog, request_of("RSTK", name=own)).outcomes.strategies["one"]

    assert end.is_compiled
    assert end.fault is not None
    assert (end.fault.line, end.fault.source) == (7, "ctx.plot('y', 1.0 / x)")
    assert "ZeroDivisionError" in end.fault.message
    assert 'own.py", line 7, in on_bar' in end.fault.trace


def test_a_bracket_ends_at_its_target(tmp_path: Path) -> None:
    closes = 100 * UNIT + 1000 * np.arange(30)
    catalog = write_bars(tmp_path, "RSTK", closes)
    body = """
    def __init__(self):
        self.sent = False

    def on_bar(self, ctx, bar):
        if not self.sent:
            self.sent = True
            ctx.bracket(bar.instrument, 10.0, bar.close + 1.0, bar.close - 1.0)
"""
    own = write_strategy(tmp_path, body)

    result = run(catalog, request_of("RSTK", name=own))

    (trade,) = result.trade_rows()
    assert trade["exit_price"] == pytest.approx(101.0)
    status = {each["type"]: each["status"] for each in result.order_rows()}
    assert status == {"market": "filled", "limit": "filled", "stop": "cancelled"}


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 8))
    write_bars(tmp_path, "RFUT", walk(20, 8), stream="bars-5m")

    with pytest.raises(RequestError, match="RSTK has 1m; RFUT has 5m"):
        open_data(request_of("RSTK", "RFUT"), catalog)
    with pytest.raises(RequestError, match="RSTK@bars-1m has no records between"):
        open_data(request_of("RSTK", startDate="2030-01-01"), catalog)
    with pytest.raises(StrategyError, match="did you mean 'Mean Reversion Strategy'"):
        Backtest(request_of("RSTK", name="Mean Reversal"), catalog)


def test_a_run_that_is_cancelled_says_so(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20_000, 9))
    backtest = Backtest(request_of("RSTK"), catalog)

    outcomes = backtest.run(progress=lambda share: backtest.cancel())

    assert not outcomes.is_whole
    assert 0 < outcomes.events < 20_000
