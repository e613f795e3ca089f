"""The peers' workloads in a catalog of ours, and the same strategies in our form."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.data.catalog import Catalog
from app.data.catalog_writer import ImportJob, Target
from app.data.instrument_master import InstrumentMaster
from app.engine.records import BAR, MARKET, NO_PRICE, EventKind, RecordFlag
from app.instrument import Fees, PriceUnits, TickBand

CENT: Final = Decimal("0.01")
TICK: Final = Decimal("0.1")

REVERSION: Final = """from app.strategies import Strategy, ZScore


class Reversion(Strategy):
    lookback: int = 20
    enter: float = 2.0
    leave: float = 0.5
    quantity: float = 100.0

    def __init__(self):
        self.scores = self.each(ZScore, self.lookback)

    def on_bar(self, ctx, bar):
        score = self.scores[bar.instrument].update(bar.close)
        held = ctx.position(bar.instrument)
        if held == 0.0:
            if score < -self.enter:
                ctx.market(bar.instrument, self.quantity)
            elif score > self.enter:
                ctx.market(bar.instrument, -self.quantity)
        elif abs(score) < self.leave:
            ctx.close(bar.instrument)
"""
"""The workload's strategy with the indicator that ships."""

SUMS: Final = """import math

import numpy as np

from app.strategies import Strategy


class Sums(Strategy):
    lookback: int = 20
    enter: float = 2.0
    leave: float = 0.5
    quantity: float = 100.0

    def __init__(self):
        self.seen = self.each(0)
        self.total = self.each(0.0)
        self.squares = self.each(0.0)
        self.past = np.zeros(8 * self.lookback)

    def on_bar(self, ctx, bar):
        i = bar.instrument
        seen = self.seen[i]
        place = i * self.lookback + seen % self.lookback
        value = bar.close - 100.0
        self.total[i] += value
        self.squares[i] += value * value
        if seen >= self.lookback:
            old = self.past[place]
            self.total[i] -= old
            self.squares[i] -= old * old
        self.past[place] = value
        self.seen[i] = seen + 1
        if seen < self.lookback - 1:
            return
        mean = self.total[i] / self.lookback
        variance = self.squares[i] / self.lookback - mean * mean
        if variance <= 1e-12:
            return
        score = (value - mean) / math.sqrt(variance)
        held = ctx.position(i)
        if held == 0.0:
            if score < -self.enter:
                ctx.market(i, self.quantity)
            elif score > self.enter:
                ctx.market(i, -self.quantity)
        elif abs(score) < self.leave:
            ctx.close(i)
"""
"""The same with sums kept by the strategy itself, in the reference's very order: some
scores are exactly 2 or a half, and the noise of such sums decides about them."""

MAKER: Final = """import math

from app.strategies import Strategy


class Maker(Strategy):
    every_ms: int = 100
    most_held: float = 20.0
    tick: float = 0.1

    def __init__(self):
        self.due = 0

    def on_book(self, ctx, update):
        if self.due == 0:
            step = self.every_ms * 1_000_000
            self.due = (update.ts // step + 1) * step
            ctx.set_timer(1, self.due)

    def on_timer(self, ctx, timer):
        self.due += self.every_ms * 1_000_000
        ctx.set_timer(1, self.due)
        bid, ask = ctx.bid(0) - self.tick, ctx.ask(0) + self.tick
        if ctx.position(0) >= self.most_held:
            bid = math.nan
        if ctx.position(0) <= -self.most_held:
            ask = math.nan
        ctx.quote(0, bid, ask, 1.0)
"""


def write_bars(folder: Path, data: dict[str, Any]) -> tuple[Catalog, list[str]]:
    """Write the workload's bars, one instrument a column; the catalog and names."""
    catalog = Catalog(folder / "catalog")
    count = data["close"].shape[1]
    names = [f"BARS{number}" for number in range(count)]
    master = InstrumentMaster.beside(catalog.root)
    shipped = master.instrument("RSTK")
    for name in names:
        master.add(
            replace(
                shipped,
                name=name,
                price_unit=CENT,
                tick_table=(TickBand(None, 1),),
                max_price=PriceUnits(10_000_000),
                fees=Fees(),
            )
        )
    master.save()
    source = folder / "bars.csv"
    source.write_text("made by the peers' workload")
    with ImportJob(catalog, "benchmark", [source]) as job:
        for column, name in enumerate(names):
            bars = np.zeros(len(data["ts"]), BAR)
            cents = {
                each: np.rint(data[each][:, column] * 100).astype(np.int64)
                for each in ("open", "high", "low", "close")
            }
            bars["kind"], bars["flags"] = EventKind.BAR, RecordFlag.LAST
            bars["ts_received"] = bars["ts_venue"] = data["ts"]
            bars["open"], bars["volume"] = cents["open"], data["volume"][:, column]
            for each in ("high", "low", "close"):
                bars[f"{each}_offset"] = cents[each] - cents["open"]
            target = Target(master.instrument(name), "bars-1m", "bars", by_year=True)
            job.append(target, bars.view(MARKET))
        job.commit()
    return catalog, names


def write_ticks(folder: Path, data: dict[str, Any]) -> tuple[Catalog, str]:
    """Write the workload's level updates and trades; the catalog and the name."""
    catalog = Catalog(folder / "catalog")
    master = InstrumentMaster.beside(catalog.root)
    name = "TICKS"
    master.add(
        replace(
            master.instrument("RSTK"),
            name=name,
            price_unit=TICK,
            tick_table=(TickBand(None, 1),),
            max_price=PriceUnits(10_000_000),
            fees=Fees(),
        )
    )
    master.save()
    source = folder / "ticks.csv"
    source.write_text("made by the peers' workload")
    is_trade = data["kind"] == 1
    records = np.zeros(len(is_trade), MARKET)
    records["kind"] = np.where(is_trade, EventKind.TRADE, EventKind.LEVEL)
    records["flags"] = RecordFlag.LAST
    records["ts_venue"], records["ts_received"] = data["exch_ts"], data["local_ts"]
    records["price"], records["size"] = data["px"], data["qty"]
    # In a trade the side is the aggressor's.
    records["aggressor"] = np.where(is_trade, data["side"], 0)
    records["side"] = np.where(is_trade, 0, data["side"])
    # The book begins empty and whole, at the first record's time.
    opening = np.repeat(records[:1], 2)
    opening["kind"] = EventKind.SNAPSHOT_BEGIN, EventKind.SNAPSHOT_END
    opening["price"], opening["size"], opening["side"] = NO_PRICE, 0, 0
    records = np.concatenate([opening, records])
    with ImportJob(catalog, "benchmark", [source]) as job:
        job.append(Target(master.instrument(name), "depth", "depth"), records)
        job.commit()
    return catalog, name
