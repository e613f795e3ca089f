"""Strategies that know the day: its open, its close, its volume, and signals in it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.engine.records import BAR
from app.errors import FileFormatError
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import MINUTE, UNIT, walk, write_bars

pytestmark = pytest.mark.slow

OPEN = "2023-11-{day}T14:30:00"
WHOLE_DAY, HALF_DAY = 390, 210
"""Minutes of a session of the exchange; the Friday after Thanksgiving ends at 13:00."""


def day_of_bars(day: int, minutes: int) -> np.ndarray:
    begin = np.datetime64(OPEN.format(day=day), "ns").astype(np.int64)
    return begin + MINUTE * np.arange(1, minutes + 1)


def two_days(folder: Path, seed: int) -> Catalog:
    ts = np.concatenate([day_of_bars(22, WHOLE_DAY), day_of_bars(24, HALF_DAY)])
    return write_bars(folder, "AMZN", walk(len(ts), seed), ts=ts)


def run(catalog: Catalog, name: str, *, interpreted: bool = False, **more: Any) -> Any:
    strategy = {"id": "one", "name": name, "parameters": more.pop("parameters", {})}
    request = parse_request(
        {"symbols": ["AMZN"], "strategies": [strategy], "initialCapital": 1e6, **more}
    )
    result = Result(Backtest(request, catalog, interpreted=interpreted).run())
    ended = result.outcomes.strategies["one"]
    assert (ended.failure, ended.reason != "") == ("", interpreted)
    return result


def both_ways(catalog: Catalog, name: str, **more: Any) -> Any:
    """Run compiled and interpreted: the same bytes."""
    compiled = run(catalog, name, **more)
    interpreted = run(catalog, name, interpreted=True, **more)
    assert compiled.digest() == interpreted.digest()
    return compiled


def minutes_into(ts: np.ndarray, day: int) -> np.ndarray:
    begin = np.datetime64(OPEN.format(day=day), "ns").astype(np.int64)
    return (ts - begin) / MINUTE


def test_the_opening_range_is_left_once_a_day_and_flat_before_the_close(
    tmp_path: Path,
) -> None:
    result = both_ways(
        two_days(tmp_path, 8),
        "Opening Range Breakout",
        parameters={"minutes": 30, "flat_minutes": 10, "share": 0.1},
    )
    trades = result.data.trades

    days = trades["opened"] // (1440 * MINUTE)
    assert len(trades) == len(set(days.tolist())) == 2
    for day, minutes, trade in ((22, WHOLE_DAY, 0), (24, HALF_DAY, 1)):
        opened = minutes_into(trades["opened"][trade], day)
        closed = minutes_into(trades["closed"][trade], day)
        assert 30 < opened < closed <= minutes - 10 + 1, day


def test_the_opening_range_enters_at_its_end_and_risks_its_width(
    tmp_path: Path,
) -> None:
    catalog = two_days(tmp_path, 8)
    result = run(
        catalog,
        "Opening Range Breakout",
        parameters={"minutes": 30, "share": 0.1},
    )
    (recording,) = result.outcomes.composition.data.recordings
    bars = recording.records(0, 30).view(BAR)
    high = (bars["open"] + bars["high_offset"]).max() / UNIT
    low = (bars["open"] + bars["low_offset"]).min() / UNIT

    orders = result.data.orders
    # A bracket on each side: target, stop and entry, resting from the range's end on.
    up, down = (
        [orders.row(index) for index in rows] for rows in ((0, 1, 2), (3, 4, 5))
    )
    for bracket, side, entry, other in ((up, 1, high, low), (down, -1, low, high)):
        kinds = [(each["type"], each["side"]) for each in bracket]
        assert kinds == [("limit", -side), ("stop", -side), ("stop", side)]
        target, stop, enters = bracket
        assert (enters["stop_price"], stop["stop_price"]) == (entry, other)
        reach = side * (target["price"] - entry)
        assert reach == pytest.approx(2 * (high - low), abs=0.011)
    trade = result.data.trades.row(0)
    filled, gone = (up, down) if trade["side"] > 0 else (down, up)
    assert filled[2]["filled"] == trade["quantity"]
    assert {each["status"] for each in gone} == {"cancelled"}
    assert {each["reason"] for each in gone} == {"group"}


def test_vwap_execution_keeps_step_with_the_volume(tmp_path: Path) -> None:
    catalog = two_days(tmp_path, 3)
    parameters = {"quantity": -2000.0, "participation": 1e-5, "every_s": 300.0}

    result = both_ways(catalog, "VWAP", parameters=parameters)
    fills = result.data.fills

    assert fills["quantity"].sum() == 2000.0
    assert (fills["side"] == -1).all()
    # A bar trades a million: ten of each are due, five minutes at a time.
    assert fills["quantity"].tolist() == [10.0, *[50.0] * 39, 40.0]
    assert set(result.data.notes["one"]["plots"]) == {"VWAP", "our price"}


def write_signals(folder: Path, *rows: str) -> str:
    path = folder / "signals.csv"
    path.write_text("\n".join(["time,symbol,value", *rows]) + "\n")
    return str(path)


def test_signals_are_followed_from_when_they_were_known(tmp_path: Path) -> None:
    catalog = two_days(tmp_path, 5)
    file = write_signals(
        tmp_path,
        "2023-11-22T15:00:00Z,AMZN,0.5",
        "2023-11-22T16:00:30Z,AMZN,-1",
        "2023-11-22T11:30:00-05:00,AMZN,0.01",
    )

    result = both_ways(
        catalog, "Signal Follower", signals=[file], parameters={"least": 0.1}
    )
    fills = result.data.fills

    assert fills["side"].tolist() == [1, -1, 1]
    assert minutes_into(fills["ts"], 22).tolist() == [31, 92, 121]
    assert result.data.trades["closed"].all()
    price = fills["price"][0]
    assert fills["quantity"][0] == pytest.approx(500_000 / price, rel=0.01)


@pytest.mark.parametrize(
    ("row", "told"),
    [
        ("yesterday,AMZN,1", "row 2, column time: must be ISO 8601, was 'yesterday'"),
        ("2023-11-22,OTHER,1", "column symbol: must be one of AMZN, was 'OTHER'"),
        ("2023-11-22,AMZN,nan", "column value: must be a finite number, was 'nan'"),
        ("2023-11-22,AMZN,much", "column value: must be a number, was 'much'"),
    ],
)
def test_a_signal_that_cannot_be_is_told_with_its_row(
    tmp_path: Path, row: str, told: str
) -> None:
    catalog = two_days(tmp_path, 5)
    with pytest.raises(FileFormatError, match=told):
        run(catalog, "Signal Follower", signals=[write_signals(tmp_path, row)])
