"""What a run leaves behind: its data, the store, the report and its exports."""

import json
import signal
import tempfile
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.__main__ import main
from app.analytics.report import compare, report_of
from app.analytics.report.page import page_of
from app.analytics.run_data import (
    FILL_COLUMNS,
    ORDER_COLUMNS,
    TRADE_COLUMNS,
    RunData,
    Table,
)
from app.data.column_files import read_arrow, read_columns, write_columns
from app.engine.records import QUOTE, REPORT
from app.errors import RunError
from app.folders import stand_in
from app.sessions.backtest.cli import lines
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result, run_data_of
from app.sessions.backtest.run import Backtest
from app.sessions.backtest.runs_cli import write_csv, write_parquet
from app.sessions.backtest.store import CARD, RunStore
from app.sessions.backtest.trades import trades_of
from tests.bar_catalog import MINUTE, UNIT, walk, write_bars, write_quotes
from tests.sessions.test_recorded_past import depth, write as write_depth

pytestmark = pytest.mark.slow


def run_of(folder: Path, **terms: Any) -> RunData:
    catalog = write_bars(folder, "RSTK", walk(900, 3))
    request = parse_request(
        {
            "symbols": ["RSTK"],
            "strategies": [{"id": "one", "name": "Mean Reversion"}],
            **terms,
        }
    )
    return run_data_of(Backtest(request, catalog).run())


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> RunData:
    return run_of(tmp_path_factory.mktemp("run"))


def test_the_columns_are_those_that_are_promised(run: RunData) -> None:
    for table, columns in (
        (run.fills, FILL_COLUMNS),
        (run.orders, ORDER_COLUMNS),
        (run.trades, TRADE_COLUMNS),
    ):
        assert table.names == tuple(columns)
        assert len(table) > 10
        for name, kind in columns.items():
            assert np.issubdtype(table[name].dtype, kind), name


def test_trades_and_orders_share_all_fees(run: RunData) -> None:
    paid = run.fills["fee"].sum()

    assert run.trades["fees"].sum() == pytest.approx(paid)
    assert run.orders["fee"].sum() == pytest.approx(paid)


@pytest.mark.parametrize("rows", [333, 600, 811, 899])
def test_what_trades_made_is_the_change_of_equity(tmp_path: Path, rows: int) -> None:
    fast = {"id": "two", "name": "SMA Cross", "parameters": {"fast": 3, "slow": 9}}
    slow = {"id": "one", "name": "Mean Reversion"}
    shares = [{**each, "allocation": 0.5} for each in (slow, fast)]
    write_bars(tmp_path, "RSTK", walk(900, 3)[:rows])
    catalog = write_bars(tmp_path, "AMZN", walk(900, 4)[:rows])
    request = parse_request({"symbols": ["RSTK", "AMZN"], "strategies": shares})

    run = run_data_of(Backtest(request, catalog).run())

    trades = run.trades
    is_open = trades["closed"] == 0
    assert is_open.any()
    assert trades["pnl"].sum() == pytest.approx(run.equity[-1] - run.start, abs=1e-5)
    assert (trades["unrealised"][~is_open] == 0.0).all()
    assert np.isnan(trades["mark_price"][~is_open]).all()
    assert run.fills["fee"].sum() > 0


def test_an_open_trade_is_marked_at_the_last_mid_of_quotes(tmp_path: Path) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 2000, 5)
    path = tmp_path / "own.py"
    path.write_text(
        "from app.strategies import *\n\n\nclass Own(Strategy):\n"
        "    def __init__(self):\n        self.seen = 0\n\n"
        "    def on_quote(self, ctx, quote):\n        self.seen += 1\n"
        "        if self.seen == 700:\n            ctx.buy(quote.instrument, 7.0)\n"
    )
    request = parse_request(
        {"symbols": ["RSTK"], "strategies": [{"id": "one", "name": str(path)}]}
    )

    run = run_data_of(Backtest(request, catalog).run())

    (trade,) = run.trades.rows()
    last = catalog.open("RSTK").records(1999, 2000).view(QUOTE)[0]
    mid = (int(last["bid_price"]) + int(last["ask_price"])) / 2 / UNIT
    gained = 7.0 * (mid - trade["entry_price"])
    assert (trade["closed"], trade["exit_reason"]) == (0, "open")
    assert trade["mark_price"] == pytest.approx(mid)
    assert trade["unrealised"] == pytest.approx(gained)
    assert trade["pnl"] == pytest.approx(gained - trade["fees"])
    assert run.equity[-1] - run.start == pytest.approx(trade["pnl"])
    assert f"{mid:,.2f}" in page_of(report_of(run))


STOPPED = """from app.strategies import *


class Own(Strategy):
    def __init__(self):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == 1:
            ctx.buy(bar.instrument, 10.0)
            ctx.{stop}
"""


@pytest.mark.parametrize(
    ("stop", "level"),
    [
        ("stop(bar.instrument, -10.0, 95.0)", 95.0),
        ("trailing_stop(bar.instrument, -10.0, 5.0)", 95.0),
        ("stop_limit(bar.instrument, -10.0, 95.0, 90.0)", 95.0),
    ],
)
def test_a_stop_counts_from_its_trigger(
    tmp_path: Path, stop: str, level: float
) -> None:
    # Fifty bars of quiet, then one that opens three below the stop.
    closes = np.full(60, 100 * UNIT)
    closes[50:] = 92 * UNIT
    catalog = write_bars(tmp_path, "RSTK", closes)
    path = tmp_path / "own.py"
    path.write_text(STOPPED.format(stop=stop))
    request = parse_request(
        {"symbols": ["RSTK"], "strategies": [{"id": "one", "name": str(path)}]}
    )

    run = run_data_of(Backtest(request, catalog).run())

    (row,) = [x for x in run.orders.rows() if x["type"] != "market"]
    (fill,) = [x for x in run.fills.rows() if x["order"] == row["order"]]
    assert row["triggered_ts"] > row["ts"] + 40 * MINUTE
    assert row["time_to_fill_s"] == (row["first_fill_ts"] - row["triggered_ts"]) / 1e9
    assert fill["latency_s"] == row["time_to_fill_s"]
    assert row["arrival_price"] == fill["arrival_price"] == pytest.approx(level, 0.001)
    lost = 10.0 * (fill["arrival_price"] - fill["price"])
    assert fill["slippage"] == pytest.approx(lost)
    assert abs(fill["slippage"]) < 10.0 * 3.1


def test_a_run_of_an_earlier_version_is_read(run: RunData, tmp_path: Path) -> None:
    older = Table({k: v for k, v in run.trades.items() if k != "unrealised"})
    store = RunStore(tmp_path)

    read = store.open(store.save(replace(run, trades=older)))

    assert (read.trades["unrealised"] == 0.0).all()


def test_a_strategy_s_equity_is_the_account_s_where_it_is_alone(run: RunData) -> None:
    # The last values stand behind the last record, where on_stop has acted.
    assert run.strategy_equity["one"] == pytest.approx(run.equity, abs=0.02)


def test_excursions_bound_what_a_trade_made(run: RunData) -> None:
    closed = run.closed_trades
    gross = closed["pnl"] + closed["fees"]

    assert (closed["mae"] <= 1e-9).all()
    assert (closed["mfe"] >= -1e-9).all()
    assert (closed["mae"] <= gross + 1e-6).all()
    assert (closed["mfe"] >= gross - 1e-6).all()


def test_quotes_tell_the_spread_and_latency(tmp_path: Path) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 2000, 12)
    strategy = {
        "name": "Book Imbalance",
        "parameters": {"length": 1, "enter_above": 0.4},
    }
    request = parse_request({"symbols": ["RSTK"], "strategies": [strategy]})

    run = run_data_of(Backtest(request, catalog).run())

    takers = run.fills.take(run.fills["liquidity"] < 0)
    assert len(takers) > 5
    # The touch is two cents wide, so half of it is a cent.
    paid = takers["spread_paid"] / takers["quantity"]
    assert np.median(paid) == pytest.approx(0.01, abs=1e-6)
    assert (takers["latency_s"] > 0).all()


def fill(side: int, quantity: int, price: int, order: int) -> np.ndarray:
    row = np.zeros(1, REPORT)
    row["side"], row["last_quantity"], row["last_price"] = side, quantity, price
    row["client_order_id"], row["strategy"], row["ts_venue"] = order, 1, order
    row["fee"] = 300
    return row


def test_a_reversal_ends_one_trade_and_begins_the_next() -> None:
    fills = np.concatenate(
        [fill(1, 10, 100, 1), fill(-1, 30, 110, 2), fill(1, 20, 105, 3)]
    )

    made = trades_of(fills)

    assert made.side.tolist() == [1, -1]
    assert made.quantity.tolist() == [10, 20]
    assert (made.exit_value - made.entry_value).tolist() == [100, -100]
    assert made.fees.tolist() == [400.0, 500.0]
    assert made.is_reversed.tolist() == [True, False]
    assert made.closed_ts.tolist() == [2, 3]


def test_sums_beyond_64_bits_are_exact() -> None:
    big = 4_000_000_000
    fills = np.concatenate([fill(1, big, big, i) for i in range(1, 4)])

    assert trades_of(fills).entry_value.tolist() == [3 * big * big]


def test_a_run_comes_back_as_it_was_saved(run: RunData, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")

    first, second = store.save(run), store.save(run)

    back = store.open(first)
    assert second != first
    assert (back.fills, back.orders, back.trades) == (run.fills, run.orders, run.trades)
    assert np.array_equal(back.equity, run.equity)
    assert np.array_equal(back.benchmark_price, run.benchmark_price)
    assert back.card == {**run.card, "run_id": first}
    assert {each.run_id for each in store.list()} == {first, second}
    store.describe(first, name="better", note="why")
    assert store.summary(first).name == store.open(first).card["name"] == "better"
    store.delete(first)
    assert [each.run_id for each in store.list()] == [second]


def test_a_run_of_the_version_before_is_read(run: RunData, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    run_id = store.save(run)
    folder = store.root / run_id
    document = json.loads((folder / CARD).read_text())
    # As version 1 wrote it: Parquet.
    for each in folder.glob("*.arrow"):
        older = each.with_suffix(".parquet")
        write_columns(older, read_arrow(each))
        each.unlink()
        del document["crc32"][each.name]
        document["crc32"][older.name] = zlib.crc32(older.read_bytes())
    document["format"] = 1
    (folder / CARD).write_text(json.dumps(document))

    back = store.open(run_id)

    assert store.summary(run_id).damaged == ""
    assert (back.fills, back.orders, back.trades) == (run.fills, run.orders, run.trades)
    assert np.array_equal(back.equity, run.equity)


def test_a_damaged_run_is_listed_with_the_reason(run: RunData, tmp_path: Path) -> None:
    store = RunStore(tmp_path / "runs")
    cut, torn, gone = (store.save(run) for _ in range(3))
    (store.root / cut / CARD).write_text("{")
    (store.root / gone / "fills.arrow").unlink()
    path = store.root / torn / "trades.arrow"
    content = bytearray(path.read_bytes())
    content[40] ^= 0xFF
    path.write_bytes(content)

    damaged = {each.run_id: each.damaged for each in store.list()}

    assert "damaged" in damaged[cut]
    assert "fills.arrow is missing" in damaged[gone]
    for each in (cut, torn, gone):
        with pytest.raises(RunError):
            store.open(each)
    with pytest.raises(RunError, match="is no run"):
        store.find("nothing")
    with pytest.raises(RunError, match="there is no run"):
        store.open("../x")


def test_what_cannot_be_written_leaves_nothing(
    run: RunData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = RunStore(tmp_path / "runs")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("app.sessions.backtest.store.sync_files", full)

    with pytest.raises(RunError, match="No space left"):
        store.save(run)
    assert list(store.root.iterdir()) == []


def test_a_report_says_everything_and_compares(run: RunData) -> None:
    # As if each bar were a day, so that there are enough.
    run = replace(run, days=np.arange(len(run.ts)) + 19_000)
    report = report_of(run, trials=50)
    again = report_of(run)

    keys = [each.key for part in report.sections for each in part.statistics]
    assert len(keys) == len(set(keys)) > 80
    for part in report.sections:
        assert all(each.definition for each in part.statistics)
    assert report.value("deflated_sharpe") < again.value("deflated_sharpe")
    rows = {row.statistic.key: row for row in compare([report, again])}
    assert rows["deflated_sharpe"].best == 1
    assert rows["sharpe"].best == -1
    assert {flag.key for flag in report.flags} >= {"years", "trades", "gaps", "luck"}
    by_side = report.breakdown("side").table
    assert by_side["pnl"].sum() == pytest.approx(run.closed_trades["pnl"].sum())


def test_a_run_without_trades_has_a_report_too(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", 100 * UNIT + np.zeros(40, np.int64))
    request = parse_request(
        {"symbols": ["RSTK"], "strategies": [{"name": "Mean Reversion"}]}
    )

    run = run_data_of(Backtest(request, catalog).run())

    assert len(run.trades) == 0
    page = page_of(report_of(run))
    assert "nan" not in page.replace("nance", "")
    store = RunStore(tmp_path / "runs")
    assert len(store.open(store.save(run)).fills) == 0


def test_the_page_needs_nothing_else(run: RunData) -> None:
    page = page_of(report_of(run))

    assert "<script" not in page
    assert "src=" not in page
    assert "http" not in page.replace("http://www.w3.org/2000/svg", "")
    assert page.count("<svg") > 10
    assert "prefers-color-scheme" in page


def test_tables_are_exported(run: RunData, tmp_path: Path) -> None:
    write_csv(run, tmp_path / "csv")
    write_parquet(run, tmp_path / "pq")

    lines = (tmp_path / "csv" / "trades.csv").read_text().splitlines()
    assert len(lines) == len(run.trades) + 1
    back = read_columns(tmp_path / "pq" / "fills.parquet")
    assert np.array_equal(back["price"], run.fills["price"])
    assert back["symbol"].tolist() == run.fills["symbol"].tolist()


def test_the_commands_keep_show_and_export(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(300, 3))
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(catalog.root))
    monkeypatch.setenv("RINGSIDE_PATHS_RUNS", str(tmp_path / "runs"))
    request = tmp_path / "request.json"
    request.write_text('{"symbols": ["RSTK"], "strategies": [{"name": "SMA Cross"}]}')

    assert main(["backtest", str(request), "--no-store"]) == 0
    assert not (tmp_path / "runs").exists()
    assert main(["backtest", str(request), "--html", str(tmp_path / "a.html")]) == 0
    assert main(["runs"]) == 0
    assert "SMA Cross on RSTK" in capsys.readouterr().out
    assert main(["runs", "show", "latest"]) == 0
    out = tmp_path / "run.json"
    assert main(["runs", "export", "latest", "--json", str(out)]) == 0
    assert "sharpe" in json.loads(out.read_text())["report"]["statistics"]
    assert main(["runs", "export", "latest", "--pdf", str(tmp_path / "a.pdf")]) == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")
    assert main(["runs", "delete", "latest"]) == 0
    assert main(["runs", "show", "latest"]) == 2

    # A file that cannot be written takes nothing else with it.
    (tmp_path / "a.html").unlink()
    capsys.readouterr()
    nowhere = str(tmp_path / "none" / "a.json")
    asked = ["backtest", str(request), "--json", nowhere]
    assert main([*asked, "--html", str(tmp_path / "a.html")]) == 2
    said = capsys.readouterr().err
    assert said == f"ringside: {nowhere}: No such file or directory\n"
    assert (tmp_path / "a.html").exists()
    assert main(["runs", "show", "latest"]) == 0

    # What stands in for a home that cannot be written is told.
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("RINGSIDE_PATHS_RUNS", str(stand_in() / "data" / "runs"))
    assert main(["backtest", str(request)]) == 0
    assert f"it is in {stand_in() / 'data' / 'runs'}" in capsys.readouterr().out


INTERRUPTED = """import signal

from app.strategies import Strategy


class Interrupted(Strategy):
    def __init__(self):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.seen == 100:
            signal.raise_signal(signal.SIGINT)
"""


@pytest.mark.usefixtures("ctrl_c")
def test_ctrl_c_in_a_strategy_ends_the_run_and_keeps_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(300, 3))
    monkeypatch.setenv("RINGSIDE_PATHS_RUNS", str(tmp_path / "runs"))
    (tmp_path / "own.py").write_text(INTERRUPTED)
    request = tmp_path / "request.json"
    request.write_text('{"symbols": ["RSTK"], "strategies": [{"name": "own.py"}]}')
    where = ["--catalog", str(catalog.root), "--interpreted"]

    assert main(["backtest", str(request), *where]) == 130

    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1] == "nothing of the run is kept"
    assert not (tmp_path / "runs").exists()
    with pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)


ASKING = """from app.strategies import *


class Asks(Strategy):
    def __init__(self):
        self.seen = 0

    def on_trade(self, ctx, trade):
        self.seen += 1
        if self.seen <= 3:
            ctx.buy(trade.instrument, 1.0)
"""


@pytest.mark.parametrize("begins_whole", [False, True])
def test_a_book_that_was_never_whole_is_told(
    tmp_path: Path, *, begins_whole: bool
) -> None:
    records = depth(400)
    catalog = write_depth(tmp_path, records if begins_whole else records[2:])
    path = tmp_path / "asks.py"
    path.write_text(ASKING)
    request = parse_request(
        {"symbols": ["RSTK"], "strategies": [{"id": "one", "name": str(path)}]}
    )

    run = run_data_of(Backtest(request, catalog).run())

    told = [each.found for each in report_of(run).flags if each.key == "no_book"]
    if begins_whole:
        assert len(run.fills)
        assert run.card["no_book"] == {}
        assert told == []
    else:
        assert len(run.fills) == 0
        assert run.card["no_book"] == {"RSTK": 3}
        assert told == ["3 orders met no book"]


IDLE = """from app.strategies import *


class Idle(Strategy):
    price: float = 0.0

    def __init__(self):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        if self.price > 0.0 and self.seen <= 3:
            ctx.limit(bar.instrument, 1.0, self.price)
"""


@pytest.mark.parametrize(
    ("price", "title", "words"),
    [
        (0.0, "No order was sent", "300 calls of handlers asked for none"),
        (0.01, "Nothing was filled", "3 orders: 3 rest still"),
        (
            500.0,
            "Nothing was filled",
            "3 orders: 3 refused; most refusals: price collar",
        ),
    ],
)
def test_a_run_without_fills_says_what_became_of_its_orders(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    price: float,
    title: str,
    words: str,
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(300, 8))
    path = tmp_path / "idle.py"
    path.write_text(IDLE)
    one = {"id": "one", "name": str(path), "parameters": {"price": price}}
    limits = {"collar": 3}
    request = parse_request(
        {"symbols": ["RSTK"], "strategies": [one], "limits": limits}
    )

    result = Result(Backtest(request, catalog).run())
    report = report_of(result.data)

    flags = {each.key: each for each in report.flags}
    assert (flags["no_fills"].title, flags["no_fills"].found) == (title, words)
    assert f"{title}: {words}" in lines(result)
    assert not {"costs", "luck"} & set(flags), "there was nothing to judge"
    monkeypatch.setenv("RINGSIDE_PATHS_RUNS", str(tmp_path / "runs"))
    RunStore(tmp_path / "runs").save(result.data)
    assert main(["runs", "show", "latest"]) == 0
    for told in (lines(result), capsys.readouterr().out.splitlines()):
        refused = [each.split() for each in told if "price collar" in each]
        assert (["price", "collar", "3"] in refused) == (price > 100.0)
