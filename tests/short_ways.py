"""Backtests over bars that a test drew, on the short way and on the whole one."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import strategies as st

from app.data.catalog import Catalog
from app.engine.arena import Section
from app.engine.links import Link
from app.engine.records import BAR, MARKET, EventKind, RecordFlag
from app.engine.ring import Ring
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.run import Backtest
from tests.arena_bytes import arena_bytes
from tests.bar_catalog import write_bars

Row = tuple[int, ...]

NEVER = 2**62
"""An expiry that never comes; with it no bar finds the venue idle."""
_SOURCE = """from app.strategies import AT_THE_CLOSE, DAY, IOC, Strategy


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
_LISTENING = """

class Watching(Drawing):
    def __init__(self):
        self.state = 0
        self.seen = 0.0

    def look(self, ctx, event):
        i = event.instrument
        found = ctx.position(i) + ctx.position(0) * 3.0 + ctx.working(0) * 5.0
        found += ctx.working(i) * 7.0 + ctx.price(i) + ctx.price(0) + ctx.equity
        found += event.filled + event.leaves * 11.0 + event.status + ctx.cash
        self.seen = self.seen * 0.75 + found + ctx.is_working(event.order) * 13.0

    def on_fill(self, ctx, fill):
        self.look(ctx, fill)


class Listening(Watching):
    def on_order(self, ctx, event):
        self.look(ctx, event)
        what = self.draw(30)
        if what == 0:
            ctx.market(event.instrument, 2.0)
        elif what == 1:
            ctx.cancel(event.order)
        elif what == 2:
            ctx.close(0)
"""
_TOGETHER = """

class Together(Drawing):
    def on_bars(self, ctx, update):
        what = self.draw(6)
        if what < 2:
            ctx.target(1, float(self.draw(self.most)) - 30.0)
            ctx.target(0, float(self.draw(self.most)) - 30.0)
        elif what == 2:
            ctx.close(0)
            ctx.close(1)
"""
_RESTING = """

class Resting(Drawing):
    def __init__(self):
        self.state = 0
        self.bars = 0
        self.last = 0

    def on_start(self, ctx):
        self.state = self.seed

    def near(self):
        # Ticks of which bars reach a few further than their closes.
        return 0.01 * (1 + self.draw(14))

    def ask_one(self, ctx, i, price):
        what = self.draw(14)
        size = float(1 + self.draw(self.most))
        above, below = price + self.near(), price - self.near()
        until = 0
        if self.draw(4) == 0:
            until = ctx.now + 60_000_000_000 * (1 + self.draw(9)) - self.draw(2)
        if what == 0:
            self.last = ctx.limit(i, size, below, tif=DAY)
        elif what == 1:
            self.last = ctx.limit(i, -size, above, until=until)
        elif what == 2:
            self.last = ctx.limit(i, size, below, post_only=True, until=until)
        elif what == 3:
            self.last = ctx.stop(i, size, above, until=until)
        elif what == 4:
            self.last = ctx.stop(i, -size, below, tif=DAY)
        elif what == 5:
            self.last = ctx.stop_limit(i, size, above, above + self.near())
        elif what == 6:
            ctx.bracket(i, size, above, below)
        elif what == 7:
            ctx.bracket(i, -size, below, above)
        elif what == 8:
            ctx.oco(
                ctx.stop_bracket(i, size, above, above + 0.2, below),
                ctx.stop_bracket(i, -size, below, below - 0.2, above),
            )
        elif what == 9:
            ctx.oco(ctx.limit(i, size, below), ctx.limit(i, -size, above))
        elif what == 10:
            ctx.limit_bracket(i, size, below, above, below - 0.1, until=until)
        elif what == 11 and self.draw(3) == 0:
            ctx.trailing_stop(i, -size, self.near() + 0.25)
        elif what == 12:
            ctx.limit(i, -size, above + 0.05, reduce_only=True)
        elif what == 13 and self.draw(2) == 0:
            ctx.limit(i, size, below, tif=IOC)

    def on_bar(self, ctx, bar):
        i = bar.instrument
        self.bars += 1
        what = self.draw(40)
        if what < 6:
            self.ask_one(ctx, i, bar.close)
        elif what == 6:
            ctx.cancel_all(i)
        elif what == 7:
            ctx.market(i, float(1 + self.draw(self.most)))
        elif what == 8:
            ctx.close(i)
        elif what == 9 and ctx.is_working(self.last):
            ctx.move(self.last, bar.close - 0.03)
        elif what == 10:
            ctx.set_timer(1, ctx.now + 60_000_000_000 * (1 + self.draw(9)))
        elif what == 11:
            ctx.market(0, 3.0 - 6.0 * self.draw(2))

    def on_timer(self, ctx, timer):
        ctx.cancel_all(0)


class Exiting(Resting):
    def on_fill(self, ctx, fill):
        what = self.draw(6)
        if what == 0:
            ctx.limit(fill.instrument, -2.0, ctx.price(fill.instrument) + 0.1)
        elif what == 1:
            ctx.exits(
                fill.instrument,
                ctx.price(fill.instrument) + 0.15,
                ctx.price(fill.instrument) - 0.15,
            )


class Far(Strategy):
    seed: int = 1

    def __init__(self):
        self.bars = 0

    def on_bar(self, ctx, bar):
        self.bars += 1
        i = bar.instrument
        if self.bars == 1:
            ctx.limit(i, 5.0, bar.close - 30.0)
            ctx.limit(i, -5.0, bar.close + 50.0, until=ctx.now + 3600_000_000_000_000)
            ctx.stop(i, 5.0, bar.close + 60.0)
            ctx.bracket(i, 5.0, bar.close + 40.0, bar.close - 40.0)


class Withdrawing(Far):
    def on_bar(self, ctx, bar):
        self.bars += 1
        if self.bars == 1:
            ctx.limit(bar.instrument, 5.0, bar.close - 30.0, tif=AT_THE_CLOSE)
        elif self.bars == 5:
            ctx.cancel_all(bar.instrument)
        elif self.bars == 9:
            ctx.market(bar.instrument, 5.0)
"""
_STEADY = """

class Steady(Strategy):
    seed: int = 1

    def on_bar(self, ctx, bar):
        ctx.target(bar.instrument, 5.0 - ctx.position(bar.instrument))


class Counting(Steady):
    def __init__(self):
        self.fills = 0
        self.reports = 0

    def on_fill(self, ctx, fill):
        self.fills += 1

    def on_order(self, ctx, event):
        self.reports += 1
"""
BARS = st.lists(
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
LIMITS = st.sampled_from(
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
FEES = st.sampled_from(
    [
        None,
        {"taker": "0.0005"},
        {"taker": "0.00033"},
        {"per_unit": "0.0035", "minimum": "0.35", "maximum": "1"},
        {"per_order": "1"},
    ]
)


def drawing_catalog(folder: Path, symbols: Sequence[str]) -> Catalog:
    """A catalog with bars of these symbols, and the strategies that draw beside it."""
    (folder / "drawing.py").write_text(
        _SOURCE + _HEARD + _LISTENING + _TOGETHER + _STEADY + _RESTING
    )
    for symbol in symbols:
        write_bars(folder, symbol, np.full(200, 1_000_000))
    return Catalog(folder / "catalog")


def drawn_bars(drawn: Sequence[Sequence[Row]], first_ts: int) -> Any:
    """BAR records of what Hypothesis drew for each instrument, in their order."""
    parts = [_drawn(rows, number, first_ts) for number, rows in enumerate(drawn)]
    bars = np.concatenate(parts)
    return bars[np.argsort(bars["ts_received"], kind="stable")]


def _drawn(rows: Sequence[Row], instrument: int, first_ts: int) -> Any:
    bars = np.zeros(len(rows), BAR)
    bars["instrument"] = instrument
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


@contextmanager
def on_the_whole_way(backtest: Backtest) -> Iterator[None]:
    """Let each bar of a backtest go to the venue and to the gate."""
    ring, links = Ring(MARKET, 2), backtest.composition.links
    waiting = backtest.composition.arena.records(Section.CONDITIONAL)
    # Who looks at each record keeps it out of the loop of bars.
    links[Link.MARKET_OUT], waiting[0]["next_expiry"] = ring.address, NEVER
    yield
    links[Link.MARKET_OUT] = 0
    if waiting[0]["next_expiry"] == NEVER:
        waiting[0]["next_expiry"] = 0


def folded(
    catalog: Catalog, request: Any, drawn: Sequence[Sequence[Row]], *, short: bool
) -> tuple[Any, dict[str, bytes]]:
    """Reports and arena after the bars, on the short way or on the whole one."""
    backtest = Backtest(request, catalog)
    data, arena = backtest.composition.data, backtest.composition.arena
    with nullcontext() if short else on_the_whole_way(backtest):
        backtest._begin()
        bars = drawn_bars(drawn, data.first_ts)
        backtest._fold(bars.view(data.read().dtype))
        backtest._end()
    return backtest._outcomes(len(bars), 0.0).reports.copy(), arena_bytes(arena)


def assert_same(catalog: Catalog, request: Any, drawn: Sequence[Sequence[Row]]) -> Any:
    """The reports, once both ways were found to leave the same bytes."""
    short, ours = folded(catalog, request, drawn, short=True)
    whole, theirs = folded(catalog, request, drawn, short=False)
    assert short.tobytes() == whole.tobytes()
    assert [name for name in ours if ours[name] != theirs[name]] == []
    return short


def drawing_request(
    catalog: Catalog, classes: list[str], seed: int, symbols: list[str], **terms: Any
) -> Any:
    """A backtest of strategies that draw what they ask for; a term of None is left."""
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
    return parse_request({"symbols": symbols, "strategies": each, **terms})
