"""Market orders that the next bar fills whole take a short way: to the same bytes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings, strategies as st

from app.data.catalog import Catalog
from app.engine.arena import Section
from app.engine.records import BAR, EventKind, RecordFlag, ReportType
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.run import Backtest
from tests.arena_bytes import arena_bytes
from tests.bar_catalog import write_bars

pytestmark = pytest.mark.slow

_NEVER = 2**62
"""An expiry that never comes; with it no bar finds the venue idle."""
_SOURCE = """from app.strategies import Strategy


class Drawing(Strategy):
    seed: int = 1
    most: int = 60

    def __init__(self):
        self.state = 0

    def draw(self, sides):
        self.state = (self.state * 1103515245 + 12345 + self.seed) % 2147483648
        return (self.state // 65536) % sides

    def on_bar(self, ctx, bar):
        i = bar.instrument
        what = self.draw(12)
        size = float(1 + self.draw(self.most))
        if what < 3:
            ctx.market(i, size)
        elif what < 6:
            ctx.market(i, -size)
        elif what < 8:
            ctx.close(i)
        elif what == 8:
            ctx.target(i, size - 30.0)
        elif what == 9 and self.draw(4) == 0:
            ctx.limit(i, size, bar.close - 0.1)
        elif what == 10 and self.draw(4) == 0:
            ctx.market(i, size)
            ctx.market(i, -size - 1.0)
        elif what == 11 and self.draw(3) == 0:
            ctx.cancel_all(i)
"""
_HEARD = """

class Hearing(Drawing):
    def on_fill(self, ctx, fill):
        if self.draw(3) == 0:
            ctx.market(fill.instrument, 3.0)
"""
_BARS = st.lists(
    st.tuples(
        st.integers(-50, 50),  # close less open
        st.sampled_from([1, 1, 1, 1, 1, 2, 0]),  # minutes since the bar before
        st.sampled_from([0, 0, 0, 0, 700, -700]),  # of the open, from the close before
        st.sampled_from([1_000_000, 1_000_000, 1_000_000, 300, 0]),  # its volume
        st.sampled_from([0, 0, 0, 0, 0, 30]),  # seconds that it came late
    ),
    min_size=60,
    max_size=160,
)
_LIMITS = st.sampled_from(
    [
        None,
        None,
        None,
        {"max_order_size": 40},
        {"max_position_size": 50},
        {"max_gross_exposure": 5000},
        {"max_drawdown": 20},
        {"collar": "0.01"},
    ]
)
_FEES = st.sampled_from(
    [
        None,
        {"taker": "0.0005"},
        {"taker": "0.00033"},
        {"per_unit": "0.0035", "minimum": "0.35", "maximum": "1"},
        {"per_order": "1"},
    ]
)


@pytest.fixture(scope="module")
def catalog(tmp_path_factory: pytest.TempPathFactory) -> Catalog:
    folder = tmp_path_factory.mktemp("bars")
    (folder / "drawing.py").write_text(_SOURCE + _HEARD)
    for symbol in ("RFUT", "RBTC"):
        write_bars(folder, symbol, np.full(200, 1_000_000))
    return write_bars(folder, "RSTK", np.full(200, 1_000_000))


def _bars(rows: Sequence[tuple[int, ...]], first_ts: int) -> Any:
    """BAR records of what Hypothesis drew."""
    bars = np.zeros(len(rows), BAR)
    price, ts = 1_000_000, first_ts
    for bar, (change, minutes, gap, volume, late) in zip(bars, rows, strict=True):
        opened = max(price + gap, 20_000)
        ts += minutes * 60_000_000_000
        bar["kind"], bar["flags"] = EventKind.BAR, RecordFlag.LAST
        bar["ts_venue"], bar["ts_received"] = ts, ts + late * 1_000_000_000
        bar["open"], bar["volume"] = opened, volume
        bar["close_offset"] = 100 * change
        bar["high_offset"] = max(0, 100 * change) + 500
        bar["low_offset"] = min(0, 100 * change) - 500
        price = opened + 100 * change
    return bars


def _folded(
    catalog: Catalog, request: Any, rows: Sequence[tuple[int, ...]], *, short: bool
) -> tuple[Any, dict[str, bytes]]:
    """Reports and arena after the bars, on the short way or on the whole one."""
    backtest = Backtest(request, catalog)
    data, arena = backtest.composition.data, backtest.composition.arena
    waiting = arena.records(Section.CONDITIONAL)
    waiting[0]["next_expiry"] = 0 if short else _NEVER
    backtest._begin()
    backtest._fold(_bars(rows, data.first_ts).view(data.read().dtype))
    backtest._end()
    waiting[0]["next_expiry"] = 0
    return backtest._outcomes(len(rows), 0.0).reports.copy(), arena_bytes(arena)


def _request(
    catalog: Catalog,
    classes: list[str],
    seed: int,
    symbol: str = "RSTK",
    **terms: Any,
) -> Any:
    file = catalog.root.parent / "drawing.py"
    each = [
        {
            "id": f"{name} {number}",
            "name": f"{file}:{name}",
            "allocation": 0.4,
            "parameters": {"seed": seed + number},
        }
        for number, name in enumerate(classes)
    ]
    terms = {name: value for name, value in terms.items() if value is not None}
    return parse_request({"symbols": [symbol], "strategies": each, **terms})


@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    rows=_BARS,
    seed=st.integers(1, 1000),
    symbol=st.sampled_from(["RSTK", "RSTK", "RFUT", "RBTC"]),
    classes=st.sampled_from([["Drawing"]] * 4 + [["Hearing"], ["Drawing", "Drawing"]]),
    limits=_LIMITS,
    fees=_FEES,
    kind=st.sampled_from(["unbounded", "unbounded", "margin", "cash"]),
    participation=st.sampled_from([0.1, 0.1, None, 0.0001]),
)
def test_random_orders_leave_the_same_bytes(
    catalog: Catalog,
    rows: Sequence[tuple[int, ...]],
    seed: int,
    symbol: str,
    classes: list[str],
    limits: Any,
    fees: Any,
    kind: str,
    participation: float | None,
) -> None:
    request = _request(
        catalog,
        classes,
        seed,
        symbol,
        limits=limits,
        fees=fees,
        account={"kind": kind},
        models={"participation": participation},
    )

    short, ours = _folded(catalog, request, rows, short=True)
    whole, theirs = _folded(catalog, request, rows, short=False)

    assert short.tobytes() == whole.tobytes()
    assert [name for name in ours if ours[name] != theirs[name]] == []


def test_orders_of_a_quiet_run_never_come_to_the_queues(catalog: Catalog) -> None:
    """Else the test above would compare the whole way with itself."""
    request = _request(catalog, ["Drawing"], 5)
    backtest = Backtest(request, catalog)
    rows = [(i % 7 - 3, 1, 0, 1_000_000, 0) for i in range(9)]
    data, arena = backtest.composition.data, backtest.composition.arena
    backtest._begin()
    backtest._fold(_bars(rows, data.first_ts).view(data.read().dtype))

    reports = backtest._outcomes(len(rows), 0.0).reports

    assert (reports["report"] == ReportType.FILL).sum() > 1
    assert arena.used(Section.PENDING) == 1


def test_a_page_of_reports_that_is_full_is_turned(
    catalog: Catalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("app.sessions.backtest.run._REPORTS", 8192 + 40)
    request = _request(catalog, ["Drawing"], 7)
    rows = [(i % 9 - 4, 1, 0, 1_000_000, 0) for i in range(150)]

    short, ours = _folded(catalog, request, rows, short=True)
    whole, theirs = _folded(catalog, request, rows, short=False)

    assert len(short) > 100
    assert short.tobytes() == whole.tobytes()
    assert [name for name in ours if ours[name] != theirs[name]] == []
