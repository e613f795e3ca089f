"""Several strategies, currencies and kinds of data in one run; actions; processes."""

import json
import subprocess
import sys
from dataclasses import replace
from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.corporate_actions import (
    CorporateActions,
    Dividend,
    Split,
    save_actions,
)
from app.data.importing import new_records
from app.data.instrument_master import InstrumentMaster
from app.engine.records import BUY, EventKind, RecordFlag
from app.instrument import Instrument, InstrumentKind
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import (
    MINUTE,
    START,
    UNIT,
    walk,
    write_bars,
    write_ohlc,
    write_quotes,
)

pytestmark = pytest.mark.slow

DAY = 1440 * MINUTE


def run(catalog: Catalog, **terms: Any) -> Result:
    return Result(Backtest(parse_request(terms), catalog, interpreted=True).run())


def own(folder: Path, body: str) -> str:
    path = folder / "own.py"
    path.write_text(f"from app.strategies import *\n\n\nclass Own(Strategy):\n{body}")
    return str(path)


BUYS = """
    quantity: float = 10.0
    after: int = 1

    def __init__(self):
        self.seen = self.each(0)

    def on_bar(self, ctx, bar):
        self.seen[bar.instrument] += 1
        if self.seen[bar.instrument] == self.after:
            ctx.market(bar.instrument, self.quantity)
        ctx.plot("equity", ctx.equity)
        ctx.plot("size", ctx.size(bar.instrument))
"""


def test_strategies_have_their_own_capital_positions_and_accounts(
    tmp_path: Path,
) -> None:
    closes = 100 * UNIT + 1000 * np.arange(20)
    catalog = write_bars(tmp_path, "RSTK", closes)
    name = own(tmp_path, BUYS)

    result = run(
        catalog,
        symbols=["RSTK"],
        initialCapital=10_000,
        fees={},
        strategies=[
            {"id": "a", "name": name, "allocation": 0.75},
            {
                "id": "b",
                "name": name,
                "allocation": 0.25,
                "parameters": {"quantity": -4.0},
            },
            {"id": "off", "name": name, "enabled": False},
        ],
    )

    notes = {k: v["plots"] for k, v in result.data.notes.items()}
    assert set(notes) == {"a", "b"}
    assert [notes[k]["equity"]["values"][0] for k in "ab"] == [7500.0, 2500.0]
    assert [notes[k]["size"]["values"][0] for k in "ab"] == [75.0, 25.0]
    # Filled at 100, ten cents up each minute.
    won = [notes[k]["equity"]["values"][-1] for k in "ab"]
    assert won == pytest.approx([7500 + 10 * 1.9, 2500 - 4 * 1.9])
    assert result.data.equity[-1] == pytest.approx(10_000 + 6 * 1.9)
    trades = [result.data.trades.row(k) for k in range(2)]
    assert {each["strategy"]: each["quantity"] for each in trades} == {"a": 10, "b": 4}


def test_a_pair_among_the_symbols_converts_a_foreign_position(tmp_path: Path) -> None:
    master = InstrumentMaster.beside(tmp_path / "catalog")
    paris = replace(master.instrument("RSTK"), name="PARIS", currency="EUR")
    pair = Instrument(
        name="EURUSD",
        kind=InstrumentKind.FX_SPOT,
        venue="FX",
        currency="USD",
        price_unit=Decimal("0.00001"),
    )
    ts = START + MINUTE * np.arange(10)
    flat = np.full((10, 4), 100 * UNIT)
    rates = np.repeat(np.array([[110_000]] * 5 + [[120_000]] * 5), 4, axis=1)
    write_ohlc(tmp_path, paris, ts, flat, stream="bars-1m")
    catalog = write_ohlc(tmp_path, pair, ts, rates, stream="bars-1m")
    name = own(tmp_path, BUYS)

    result = run(
        catalog,
        symbols=["PARIS", "EURUSD"],
        currency="USD",
        fees={},
        strategies=[{"id": "a", "name": name, "symbols": ["PARIS"]}],
    )

    # 1,000 euros of shares: the gross exposure follows the rate.
    exposure = result.data.gross_exposure
    assert exposure[3] == pytest.approx(1100.0)
    assert exposure[-1] == pytest.approx(1200.0)
    assert result.data.card["rejects"] == {}


def test_a_split_and_a_dividend_meet_a_position_between_two_days(
    tmp_path: Path,
) -> None:
    instrument = replace(
        InstrumentMaster.beside(tmp_path / "catalog").instrument("RSTK"),
        time_zone="UTC",
    )
    first = date(2024, 3, 4)
    begins = np.datetime64(first, "ns").astype(np.int64)
    ends = begins + DAY * np.arange(1, 9)
    units = [140 * UNIT] * 4 + [20 * UNIT] * 4
    prices = np.stack([np.array(units)] * 4, axis=1)
    catalog = write_ohlc(tmp_path, instrument, ends, prices)
    split = Split(date(2024, 3, 7), Fraction(7))
    paid = Dividend(date(2024, 3, 9), Decimal("0.5"), Decimal(20))
    save_actions(catalog.root, {"RSTK": CorporateActions((split,), (paid,))})
    name = own(tmp_path, BUYS)

    result = run(
        catalog,
        symbols=["RSTK"],
        fees={},
        strategies=[{"id": "a", "name": name}],
    )

    # Ten shares become seventy on the 8th, and earn half a dollar each on the 10th.
    days = [
        np.datetime64(int(each), "ns").astype("datetime64[D]") for each in result.ts
    ]
    worth = dict(zip(map(str, days), result.data.equity.tolist(), strict=True))
    assert worth["2024-03-08"] == worth["2024-03-09"] == 100_000.0
    assert worth["2024-03-11"] == pytest.approx(100_035.0)
    assert result.data.gross_exposure.max() == pytest.approx(1400.0)


SEES = """
    def on_bar(self, ctx, bar):
        ctx.plot("all", ctx.now)
        ctx.plot("bars", bar.close)

    def on_quote(self, ctx, quote):
        ctx.plot("all", ctx.now)
        ctx.plot("quotes", quote.bid)

    def on_trade(self, ctx, trade):
        ctx.plot("all", ctx.now)
        ctx.plot("trades", trade.price)
        ctx.plot("bid then", ctx.bid(trade.instrument))
"""


def write_trades(folder: Path, name: str, count: int) -> Catalog:
    catalog = Catalog(folder / "catalog")
    instrument = InstrumentMaster.beside(catalog.root).instrument(name)
    trades = new_records(count)
    trades["kind"], trades["flags"] = EventKind.TRADE, RecordFlag.LAST
    times = START + 50_000_000 + 700_000_000 * np.arange(count)
    trades["ts_received"] = trades["ts_venue"] = times
    trades["price"], trades["size"] = 100 * UNIT, 100
    trades["aggressor"] = BUY
    source = folder / f"{name}-trades.csv"
    source.write_text("made by a test: trades")
    with ImportJob(catalog, "test", [source]) as job:
        job.append(Target(instrument, "trades", "trades"), trades)
        job.commit()
    return catalog


def test_quotes_trades_and_bars_are_merged_by_time(tmp_path: Path) -> None:
    write_quotes(tmp_path, "RSTK", 3000, 5)
    write_trades(tmp_path, "RSTK", 400)
    catalog = write_bars(tmp_path, "RFUT", walk(5, 1, start=4000 * UNIT))
    name = own(tmp_path, SEES)

    result = run(
        catalog,
        symbols=["RSTK@quotes", "RSTK@trades", "RFUT@bars-1m"],
        strategies=[{"id": "a", "name": name}],
    )

    plots = result.data.notes["a"]["plots"]
    counts = [len(plots[each]["values"]) for each in ("quotes", "trades", "bars")]
    assert counts == [3000, 400, 5]
    times = plots["all"]["values"]
    assert times == sorted(times)
    assert len(times) == 3405
    # The quote before each trade is known when the trade is.
    known = plots["bid then"]["values"]
    assert known == [plots["quotes"]["values"][7 * k] for k in range(400)]


def test_two_processes_give_the_same_bytes(tmp_path: Path) -> None:
    write_quotes(tmp_path, "RSTK", 1500, 12)
    request = tmp_path / "request.json"
    terms = {
        "symbols": ["RSTK"],
        "strategies": [
            {
                "id": "one",
                "name": "Book Imbalance",
                "parameters": {"length": 1, "enter_above": 0.3},
            }
        ],
        "models": {"latencySpread": 0.3, "queue": "probabilistic"},
        "seed": 5,
    }
    request.write_text(json.dumps(terms))

    for number in range(2):
        subprocess.run(
            [
                *(sys.executable, "-m", "app", "backtest", str(request), "--no-store"),
                *("--catalog", str(tmp_path / "catalog"), "--interpreted"),
                *("--json", str(tmp_path / f"{number}.json")),
            ],
            check=True,
            capture_output=True,
        )

    first, second = ((tmp_path / f"{n}.json").read_bytes() for n in range(2))
    assert first == second
    assert json.loads(first)["fills"]
