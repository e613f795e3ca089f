"""What a request may choose of account, rates, latencies and models of the venue."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.instrument_master import InstrumentMaster
from app.errors import FileFormatError, RequestError
from app.sessions.backtest.request import load_request, parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from app.sessions.backtest.store import RunStore
from tests.bar_catalog import MINUTE, START, UNIT, write_bars, write_ohlc, write_quotes

pytestmark = pytest.mark.slow

OWN = """
from app.strategies import Strategy


class Own(Strategy):
    quantity: float = 10.0

    def __init__(self):
        self.is_sent = False

    def on_bar(self, ctx, bar):
        self.send(ctx, bar.instrument)

    def on_quote(self, ctx, quote):
        self.send(ctx, quote.instrument)

    def send(self, ctx, i):
        if not self.is_sent:
            self.is_sent = True
            ctx.market(i, self.quantity)
"""


def run(folder: Path, catalog: Any, quantity: float = 10.0, **terms: Any) -> Result:
    (folder / "own.py").write_text(OWN)
    own = {"name": str(folder / "own.py"), "parameters": {"quantity": quantity}}
    given = {"symbols": ["RSTK"], "strategies": [own], **terms}
    return Result(Backtest(parse_request(given), catalog, interpreted=True).run())


def flat(count: int) -> np.ndarray:
    return np.full(count, 100 * UNIT)


@pytest.mark.parametrize(
    ("kind", "quantity", "refused"),
    [
        ("unbounded", 3000.0, {}),
        ("margin", 1900.0, {}),
        ("margin", 2100.0, {"insufficient margin": 1}),
        ("cash", 990.0, {}),
        ("cash", 1100.0, {"insufficient margin": 1}),
        ("cash", -10.0, {"short sale": 1}),
    ],
)
def test_the_kind_of_account_says_what_new_risk_asks_for(
    tmp_path: Path, kind: str, quantity: float, refused: dict[str, int]
) -> None:
    catalog = write_bars(tmp_path, "RSTK", flat(5))

    result = run(tmp_path, catalog, quantity, account={"kind": kind})

    told = {
        k.lower().replace("_", " "): v for k, v in result.data.card["rejects"].items()
    }
    assert told == refused
    models = result.data.card["instruments"]["RSTK"]["models"]
    assert models["account"] == kind


def test_a_short_pays_the_requests_rate_for_each_day(tmp_path: Path) -> None:
    days = START + 1440 * MINUTE * np.arange(12)
    instrument = InstrumentMaster.beside(tmp_path / "catalog").instrument("RSTK")
    prices = np.tile(flat(12)[:, None], (1, 4))
    catalog = write_ohlc(tmp_path, instrument, days, prices)

    dear = run(tmp_path, catalog, -100.0, account={"borrow_rate": 0.36})
    free = run(tmp_path, catalog, -100.0, account={"borrowRate": 0})
    unlent = run(tmp_path, catalog, -100.0, account={"shortable": False})

    # 10,000 short at 36 % a year of 360 days: 10 a day.
    paid = free.data.equity[-1] - dear.data.equity[-1]
    assert paid == pytest.approx(100.0, abs=10.01)
    assert paid % 10.0 == pytest.approx(0.0, abs=1e-6)
    assert len(unlent.fills) == 0


def test_money_is_converted_at_the_requests_rate(tmp_path: Path) -> None:
    master = InstrumentMaster.beside(tmp_path / "catalog")
    paris = replace(master.instrument("RSTK"), name="PARIS", currency="EUR")
    prices = np.stack([flat(6) + 10_000 * np.arange(6)] * 4, axis=1)
    ts = START + MINUTE * np.arange(6)
    catalog = write_ohlc(tmp_path, paris, ts, prices, stream="bars-1m")

    terms: dict[str, Any] = {"symbols": ["PARIS"], "currency": "USD"}
    result = run(tmp_path, catalog, 10.0, **terms, rates={"EUR": "1.25"})
    unknown = run(tmp_path, catalog, 10.0, **terms)

    fees = float(result.data.fills["fee"].sum())
    won = float(result.data.equity[-1]) - 100_000 + fees
    # Bought at 101, worth 105 at the end: 40 euros.
    assert won == pytest.approx(50.0)
    assert len(unknown.fills) == 0
    assert sum(unknown.data.card["rejects"].values()) == 1


def test_measured_latencies_are_those_of_orders(tmp_path: Path) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 200, 3)
    rows = ["time,order_us,report_us", "2023-11-14,1500000,250000"]
    (tmp_path / "measured.csv").write_text("\n".join(rows))
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "request.toml").write_text(
        'symbols = ["RSTK"]\n[models]\nlatencies = "measured.csv"\n'
        '[[strategies]]\nname = "own.py"\n'
    )
    request = load_request(tmp_path / "request.toml")

    result = Result(Backtest(request, catalog, interpreted=True).run())

    assert result.data.fills["ts"].tolist() == [START + 1_500_000_000]
    models = result.data.card["instruments"]["RSTK"]["models"]
    assert models["recorded_latencies"] == 1


def test_a_requests_dates_in_toml_are_kept_with_the_run(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", flat(5))
    (tmp_path / "own.py").write_text(OWN)
    (tmp_path / "request.toml").write_text(
        'symbols = ["RSTK"]\nstart_date = 2023-01-01\nend_date = 2023-12-31T10:00:00Z\n'
        '[[strategies]]\nname = "own.py"\n'
    )
    request = load_request(tmp_path / "request.toml")
    result = Result(Backtest(request, catalog, interpreted=True).run())
    store = RunStore(tmp_path / "runs")

    again = store.open(store.save(result.data)).card["request"]

    assert again["start_date"] == "2023-01-01"
    assert again["end_date"] == "2023-12-31T10:00:00+00:00"
    assert parse_request(again).end == request.end


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        (["time,order_us"], "column report_us: must be in the header"),
        (["time,order_us,report_us"], "there must be latencies below"),
        (["time,order_us,report_us", "2023-11-14,-1,2"], "must be microseconds"),
        (
            ["time,order_us,report_us", "2023-11-14,1,2", "2023-11-13,1,2"],
            "row 3, column time: must lie after",
        ),
    ],
)
def test_latencies_that_cannot_be_are_told_with_their_row(
    tmp_path: Path, rows: list[str], told: str
) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 5, 3)
    path = tmp_path / "measured.csv"
    path.write_text("\n".join(rows))

    with pytest.raises(FileFormatError, match=told):
        run(tmp_path, catalog, models={"latencies": str(path)})


def test_every_model_of_the_queue_can_be_chosen_and_is_on_the_card(
    tmp_path: Path,
) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 20, 3)
    chosen = {
        "queue": "probabilistic",
        "frontFunction": "logarithm",
        "through": "whole_order",
        "impact": "square_root",
        "volatility": 0.02,
        "dayVolume": 1e6,
        "impactHalfLifeS": 60,
    }

    result = run(tmp_path, catalog, models=chosen)

    models = result.data.card["instruments"]["RSTK"]["models"]
    assert models["front_function"] == "logarithm"
    assert models["through"] == "whole_order"
    assert models["impact_half_life_s"] == 60.0
    row = result.outcomes.composition.models(0)
    assert row.impact_half_life_ns == 60_000_000_000


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({"account": {"kind": "rich"}}, "must be one of unbounded, margin, cash"),
        ({"account": {"borrow_rate": -1}}, "borrow_rate must not be negative"),
        ({"account": {"kin": "cash"}}, "unknown key 'kin'; did you mean 'kind'"),
        ({"rates": {"EUR": 0}}, "rates.EUR must be positive"),
        ({"models": {"trough": "x"}}, "did you mean 'through'"),
    ],
)
def test_terms_that_cannot_be_are_refused_by_name(
    terms: dict[str, Any], told: str
) -> None:
    with pytest.raises(RequestError, match=told):
        parse_request({"symbols": ["A"], "strategies": [{"name": "x"}], **terms})
