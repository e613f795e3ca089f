"""Requests: the form that is read as it stands, and what is refused."""

import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.__main__ import main
from app.data.instrument_master import InstrumentMaster
from app.errors import RequestError
from app.sessions.backtest.cli import with_values
from app.sessions.backtest.request import load_request, parse_request
from tests.bar_catalog import MINUTE, walk, write_bars

GIVEN = (
    '{"mode":"backtest","startDate":"2023-01-01T00:00:00Z",'
    '"endDate":"2023-12-31T23:59:59Z","symbols":["AAPL","GOOGL","MSFT"],'
    '"initialCapital":100000,"strategies":[{"id":"mean_reversion_1",'
    '"name":"Mean Reversion Strategy","enabled":true,"allocation":1.0,'
    '"symbols":["AAPL","GOOGL","MSFT"],'
    '"parameters":{"lookback":20,"entryZScore":2.0,"exitZScore":0.5}}]}'
)


def test_the_form_is_read_as_it_stands(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(GIVEN)

    request = load_request(path)

    assert request.start is not None
    assert request.start.ts == 1_672_531_200_000_000_000
    assert request.end is not None
    assert request.end.ts == 1_704_067_199_000_000_000
    assert request.symbols == ("AAPL", "GOOGL", "MSFT")
    assert request.initial_capital == 100_000
    (strategy,) = request.strategies
    assert strategy.id == "mean_reversion_1"
    assert strategy.allocation == Decimal("1.0")
    assert strategy.parameters == {
        "lookback": 20,
        "entry_z_score": 2.0,
        "exit_z_score": 0.5,
    }
    assert all(isinstance(each, int | float) for each in strategy.parameters.values())


def test_a_file_may_begin_with_a_mark_and_names_a_key_once(tmp_path: Path) -> None:
    path = tmp_path / "request.json"
    path.write_text(GIVEN, encoding="utf-8-sig")
    assert load_request(path).initial_capital == 100_000

    path.write_text(GIVEN.replace("{", '{"symbols": ["SPY"], ', 1))
    with pytest.raises(RequestError, match="'symbols' is given twice"):
        load_request(path)


@pytest.mark.slow
def test_the_form_is_run_as_it_stands(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path / "catalog"))
    path, out = tmp_path / "request.json", tmp_path / "result.json"
    path.write_text(GIVEN)
    names = ("AAPL", "GOOGL", "MSFT")
    master = InstrumentMaster.beside(tmp_path / "catalog")
    for name in names:
        master.add(replace(master.instrument("RSTK"), name=name))
    master.save()
    first = np.datetime64("2023-01-03T21:00:00", "ns").astype(np.int64)
    days = first + 1440 * MINUTE * np.arange(250)
    for seed, name in enumerate(names):
        closes = walk(len(days), seed)
        write_bars(tmp_path, name, closes, stream="bars-1d", ts=days)

    status = main(["backtest", str(path), "--no-store", "--json", str(out)])

    assert status == 0, capsys.readouterr().err
    result = json.loads(out.read_text())
    assert [each["symbol"] for each in result["run"]["data"]] == [*names]
    assert result["run"]["strategies"][0]["parameters"]["entry_z_score"] == 2.0
    assert result["stats"]["fills"] == len(result["fills"]) > 20
    # allocation × equity ÷ symbols, rounded down to the step, at the close before.
    entry = result["fills"][0]
    assert entry["quantity"] * entry["price"] == pytest.approx(100_000 / 3, rel=0.01)


def test_toml_and_snake_case_are_the_same(tmp_path: Path) -> None:
    path = tmp_path / "request.toml"
    path.write_text(
        'start_date = 2023-01-01\nend_date = 2023-12-31\nsymbols = ["A"]\n'
        "initial_capital = 5000.5\n[fees]\ntaker = 0.002\n[models]\n"
        'limit_rule = "touch"\n[[strategies]]\nname = "X"\n'
    )

    request = load_request(path)

    assert request.start is not None
    assert request.start.ts == 1_672_531_200_000_000_000
    assert request.end is not None
    assert request.end.ts == 1_704_067_199_999_999_999
    assert request.initial_capital == Decimal("5000.5")
    assert request.fees is not None
    assert request.fees.taker == Decimal("0.002")
    assert request.models.limit_rule == "touch"
    assert request.strategies[0].id == "strategy_1"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"symbol": ["A"]}, "unknown key 'symbol'; did you mean 'symbols'"),
        ({"mode": "live"}, "mode must be backtest, was 'live'"),
        ({"symbols": []}, "symbols must name at least one"),
        ({"symbols": "AAPL"}, "symbols must be a list of names"),
        ({"symbols": ["A", "A"]}, "names one twice"),
        ({"initialCapital": 0}, "initial_capital must be positive, was 0"),
        ({"initialCapital": "much"}, "initial_capital must be a number"),
        ({"initialCapital": 1e30}, "initial_capital must be 50,000,000,000 at most"),
        ({"startDate": "soon"}, "start_date must be like 2023-01-31 or .*, was 'soon'"),
        (
            {"startDate": "2024-01-02"},
            "start_date must not lie after end_date, were 2024-01-02 and 2023-12-31",
        ),
        ({"interval": "daily"}, "interval must be like 1m, 4h or 1d"),
        ({"fees": {"makr": 1}}, "fees: unknown key 'makr'; did you mean 'maker'"),
        ({"fees": {"taker": -5}}, r"fees.taker must lie in \[-1, 1\], was -5"),
        ({"models": {"order_latency_us": -1}}, r"must lie in \[0, 1e\+12\], was -1.0"),
        ({"models": {"participation": 7}}, r"must lie in \[1e-09, 1\], was 7.0"),
        ({"seed": Decimal("1.5")}, "seed must be an integer, was 1.5"),
        ({"seed": 2**80}, f"seed must fit into 64 bits, was {2**80}"),
        ({"initial_capital": 1}, "given twice"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, Any], words: str) -> None:
    with pytest.raises(RequestError, match=words):
        parse_request({**json.loads(GIVEN), **change})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"allocation": 1.5}, r"allocation must lie in \(0, 1\], was 1.5"),
        ({"symbols": ["TSLA"]}, "names 'TSLA', which is not among"),
        ({"enabled": False}, "no strategy is enabled"),
        ({"enabled": 1}, "enabled must be true or false"),
        ({"nam": "X"}, "unknown key 'nam'"),
        ({"paramters": {}}, "unknown key 'paramters'; did you mean 'parameters'"),
    ],
)
def test_a_strategy_of_a_request_is_checked(change: dict[str, Any], words: str) -> None:
    table = json.loads(GIVEN)
    table["strategies"][0].update(change)

    with pytest.raises(RequestError, match=words):
        parse_request(table)


def test_two_strategies_share_the_capital() -> None:
    table = json.loads(GIVEN)
    table["strategies"] = [
        {"id": "a", "name": "X", "allocation": 0.6},
        {"id": "b", "name": "X", "allocation": 0.6},
    ]

    with pytest.raises(RequestError, match="add up to 1 at most"):
        parse_request(table)


def test_values_are_set_from_the_command_line() -> None:
    request = parse_request(json.loads(GIVEN))

    changed = with_values(request, ["lookback=30", "mean_reversion_1.exit_z_score=1"])

    assert changed.strategies[0].parameters["lookback"] == 30
    assert changed.strategies[0].parameters["exit_z_score"] == 1
    with pytest.raises(RequestError, match="takes NAME=VALUE"):
        with_values(request, ["lookback"])
    with pytest.raises(RequestError, match="no strategy 'other'"):
        with_values(request, ["other.lookback=1"])
