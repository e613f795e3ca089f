"""A chart of a million bars: a regression here makes panning and live charts stutter.

A million one-trade bars of a seeded walk are folded; the chart then pans and zooms at
several widths of a bar, and follows new trades, alone and as one of four. What is timed
is the work of the window's thread (its processor time, so that other processes do not
count): reading, joining, painting. Set-up and compiling stand outside. Every figure is
given in million additions of Python, too, which carries over to other machines.
"""

import os
import time
from decimal import Decimal
from typing import Any, Final

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np
from PySide6.QtWidgets import QApplication

from app.clock import SystemClock
from app.engine.history.history import History
from app.engine.history.records import BarKind
from app.engine.records import MARKET, EventKind, RecordFlag
from app.instrument import Instrument, InstrumentKind
from app.sessions.history import BarSpec
from app.ui import theme as themes
from app.ui.formatting import InstrumentText
from app.ui.items.chart_trading import TradingChart
from app.ui.main import application
from app.ui.models.market import Listed
from app.ui.models.tick_scale import TickScale
from benchmarks.pace import million_additions_ms

BARS: Final = 1_000_000
FRAMES: Final = 200
SPACING: Final = 500_000
WIDTHS: Final = (80.0, 7.0, 1.0, 0.05, 0.0009)
_SIZE: Final = (900, 560)


def trades(count: int, begin: int, seed: int) -> Any:
    """A seeded walk of trades, two thousand a second."""
    random = np.random.default_rng(seed)
    made = np.zeros(count, MARKET)
    made["kind"] = EventKind.TRADE
    made["price"] = 20_000 + np.cumsum(random.choice([-1, 0, 0, 1], count))
    made["size"] = 1 + random.gamma(1.2, 9, count).astype(np.int64)
    made["aggressor"] = random.choice([-1, 1], count)
    made["flags"] = RecordFlag.LAST
    made["ts_received"] = made["ts_venue"] = begin + SPACING * np.arange(count)
    return made


def chart(history: History, instrument: Instrument) -> TradingChart:
    """A chart of one-trade bars, all of them joined."""
    view = TradingChart(themes.DARK, 1.0, SystemClock())
    text, scale = InstrumentText(instrument), TickScale(instrument)
    view.listed = Listed(0, instrument, text, scale)
    view.extras.history = history
    view.bars.follow(history.bars(0, BarSpec(BarKind.TICKS, 1)))
    view.look.interval = "1t"
    view.resize(*_SIZE)
    view.show()
    while True:
        history.fold(np.zeros(0, MARKET))
        is_new = view.bars.update()
        if not history.is_behind and not is_new:
            break
    view.refresh(1)
    view.rebuild()
    return view


def timed(step: Any, frames: int = FRAMES) -> str:
    """Median, 99th percentile and worst of a step with its painting."""
    took = []
    reference = min(million_additions_ms() for _ in range(3))
    for number in range(frames):
        begin = time.thread_time_ns()
        step(number)
        QApplication.processEvents()
        took.append((time.thread_time_ns() - begin) / 1e6)
    median, tail, worst = np.quantile(took, (0.5, 0.99, 1.0))
    share = f"{median / reference:.3f} of a million additions"
    return f"median {median:6.2f}  p99 {tail:6.2f}  worst {worst:6.2f} ms  {share}"


def follow(view: TradingChart, history: History, trades_a_bar: int) -> None:
    """Follow bars of some trades at their end, all of them joined."""
    view.bars.follow(history.bars(0, BarSpec(BarKind.TICKS, trades_a_bar)))
    view.look.interval = f"{trades_a_bar}t"
    while history.is_behind or view.bars.update():
        history.fold(np.zeros(0, MARKET))
    view.reset_view()
    view.refresh(1)
    QApplication.processEvents()


def live(history: History, views: list[TradingChart], begin: int, each: int) -> str:
    """Figures of charts that follow new trades, with the fold of those."""
    made = trades(FRAMES * each, begin, seed=6)
    made["price"] += int(history.stats(0)["last"]) - int(made["price"][0])
    new: list[int] = []

    def step(_: int) -> None:
        for view in views:
            view.refresh(2 + len(new))
        new.append(len(new))
        history.fold(made[each * len(new) : each * (len(new) + 1)])

    return timed(step)


def main() -> None:
    """Print the figures."""
    app = application()
    themes.apply(app, themes.DARK, 1.0)
    instrument = Instrument(
        name="WALK",
        kind=InstrumentKind.FUTURE,
        venue="BENCH",
        currency="USD",
        price_unit=Decimal("0.25"),
    )
    history = History([instrument])
    begin = 1_780_000_000_000_000_000
    history.fold(trades(BARS, begin, seed=5))
    began = time.perf_counter()
    view = chart(history, instrument)
    print(f"{BARS:,} bars joined in {time.perf_counter() - began:.2f} s; {_SIZE} px")
    for width in WIDTHS:
        view.span.bar_px = width
        view.span.to_begin()
        view.span.pan(-width * BARS / 2)
        view.rebuild()
        QApplication.processEvents()
        pan = timed(lambda number: view.pan(9 if number % 40 < 20 else -9))
        print(f"pan,  bar {width:8.4f} px: {pan}")
    zoom = timed(lambda number: view.zoom(1.1 if number % 80 < 40 else 1 / 1.1, 300.0))
    print(f"zoom, from a million bars: {zoom}")
    end = begin + SPACING * BARS
    follow(view, history, 1_000)
    still = timed(lambda _: view.refresh(2))
    print(f"a frame without news:      {still}")
    print(f"live bar, with its fold:   {live(history, [view], end, 3)}")
    four = [view, *(chart(history, instrument) for _ in range(3))]
    for each in four:
        follow(each, history, 1_000)
    end += SPACING * 3 * FRAMES
    print(f"four live, with the fold:  {live(history, four, end, 30)}")


if __name__ == "__main__":
    main()
