"""Heatmap columns, against what a plain dict of levels says."""

from typing import Any

import numpy as np
import pytest

from app.engine.book import BookReplay
from app.engine.history.heat_picture import (
    HeatColours,
    HeatPainter,
    HeatRequest,
    code_of,
    quantile_codes,
    size_of,
)
from app.engine.history.heat_state import COUNTS, STALE
from app.engine.history.heat_tiles import HeatTiles
from app.engine.history.records import TAPE
from app.engine.records import MARKET, NO_PRICE, EventKind, RecordFlag
from app.errors import EngineError

STEP = 100_000_000
START = 1_780_000_000_000_000_000
GROUND, OUTSIDE, GAP, GAP_LINE = 0xFF101010, 0xFF202020, 0xFF303030, 0xFF404040
BID, ASK, BUY, SELL, RIM = 0xFF0000FF, 0xFFFF8800, 0xFF00FFFF, 0xFFFF00FF, 0xFF000000


def colours() -> HeatColours:
    # Bids are 0xff00_00nn + 1, asks 0xff00_nn00: a pixel tells side and step.
    steps = np.arange(256, dtype=np.uint32)
    palette = np.concatenate([0xFF010000 + steps, 0xFF020000 + steps])
    return HeatColours(
        palette.astype(np.uint32),
        GROUND, OUTSIDE, GAP, GAP_LINE, BID, ASK, BUY, SELL, RIM,
    )  # fmt: skip


class Market:
    """A book, its columns, and the plain truth about both."""

    def __init__(self, levels: int = 128) -> None:
        self.replay = BookReplay("depth")
        self.tiles = HeatTiles(levels=levels, most_columns=1 << 16)
        self.tape = np.zeros(100_000, TAPE)
        self.trades = 0
        self.now = START
        self.truth: list[dict[int, tuple[int, int]]] = []
        self.levels: dict[int, tuple[int, int]] = {}
        self._send([(EventKind.SNAPSHOT_BEGIN, 0, 0, 0)])
        self._send([(EventKind.SNAPSHOT_END, 0, 0, 0)])

    def _send(self, rows: list[tuple[int, int, int, int]]) -> None:
        records = np.zeros(len(rows), MARKET)
        for record, (kind, side, price, size) in zip(records, rows, strict=True):
            record["kind"], record["side"] = kind, side
            record["price"], record["size"] = price, size
            record["flags"] = RecordFlag.LAST
        records["ts_venue"] = records["ts_received"] = self.now
        self.replay.apply(records, 1)

    def level(self, side: int, price: int, size: int) -> None:
        self._send([(EventKind.LEVEL, side, price, size)])
        self.levels.pop(price, None)
        if size:
            self.levels[price] = side, size

    def gap(self) -> None:
        self._send([(EventKind.GAP, 0, 0, 0)])

    def trade(self, price: int, size: int, aggressor: int) -> None:
        row = self.tape[self.trades]
        row["price"], row["size"], row["aggressor"] = price, size, aggressor
        self.trades += 1

    def column(self) -> bool:
        arena = self.replay.arena.address
        tape = self.tape.ctypes.data
        is_new = self.tiles.append(arena, 1, self.now, tape, self.trades)
        if is_new:
            self.truth.append(dict(self.levels))
        self.now += STEP
        return is_new


@pytest.fixture
def market() -> Market:
    return Market()


def walk(market: Market, columns: int, seed: int = 5, mid: int = 10_000) -> None:
    random = np.random.default_rng(seed)
    for _ in range(columns):
        for _ in range(6):
            side = int(random.choice((-1, 1)))
            price = mid - side * int(random.integers(1, 30))
            market.level(side, price, int(random.integers(0, 5_000)))
        market.column()


def picture(market: Market, **values: Any) -> Any:
    given: dict[str, Any] = {
        "width": 40,
        "height": 80,
        "begin": START,
        "end": market.now,
        "ns_per_px": float(STEP),
        "top": 10_040.5,
        "units_per_px": 1.0,
        "tick": 1.0,
        "low": code_of(1),
        "high": code_of(5_000),
        "line_px": 0,
    }
    given.update(values)
    return HeatPainter().paint(market.tiles, HeatRequest(**given), colours())


def test_a_column_tells_every_level_as_it_rested(market: Market) -> None:
    walk(market, 50)
    for index, truth in enumerate(market.truth):
        prices, sizes, sides = market.tiles.levels(index)
        told = {
            int(p): (int(s), int(n))
            for p, n, s in zip(prices, sizes, sides, strict=True)
        }
        assert told == truth


def test_a_column_keeps_the_best_levels_when_there_are_more() -> None:
    market = Market(levels=3)
    for away in range(1, 10):
        market.level(1, 100 - away, away)
        market.level(-1, 100 + away, away)
    market.column()
    prices, _, sides = market.tiles.levels(0)
    assert prices[sides > 0].tolist() == [99, 98, 97]
    assert prices[sides < 0].tolist() == [101, 102, 103]


def test_nothing_new_makes_no_column(market: Market) -> None:
    market.level(1, 100, 5)
    assert market.column()
    assert not market.column()
    market.trade(100, 1, -1)
    assert market.column()
    assert market.tiles.count == 2
    assert market.tiles.times.tolist() == [START, START + 2 * STEP]


def test_a_column_stands_until_the_next(market: Market) -> None:
    market.level(1, 100, 5)
    market.column()
    market.now += 9 * STEP
    market.level(1, 100, 7)
    market.column()
    find = market.tiles.find
    assert find(START - 1) == -1
    assert find(START) == find(START + 9 * STEP) == 0
    assert find(START + 10 * STEP) == 1


def test_coarser_columns_hold_the_largest_size_at_each_price(market: Market) -> None:
    walk(market, 260)
    for grain in range(1, 4):
        assert market.tiles.control[COUNTS + grain] == 260 // 4**grain
    # One pixel for all: what it shows at a price is the largest ever there.
    seen = picture(market, width=1, ns_per_px=260.0 * STEP)
    for row in range(80):
        price = 10_040 - row
        sizes = [
            (size, side < 0)
            for truth in market.truth
            for at, (side, size) in truth.items()
            if at == price
        ]
        assert int(seen.pixels[row, 0]) == expected(sizes), price


def expected(sizes: list[tuple[int, bool]]) -> int:
    if not sizes:
        return GROUND
    code = max((code_of(size) & ~1) | is_ask for size, is_ask in sizes)
    low, high = code_of(1), code_of(5_000)
    scale = (255 << 24) // (high - low)
    step = max(0, min(255, ((code - low) * scale) >> 24))
    return (0xFF020000 if code & 1 else 0xFF010000) + step


@pytest.mark.parametrize("columns_per_px", [1, 3, 7, 20])
def test_each_pixel_shows_the_largest_size_of_its_stretch(
    market: Market, columns_per_px: int
) -> None:
    walk(market, 160)
    width = 160 // columns_per_px
    seen = picture(market, width=width, ns_per_px=float(columns_per_px * STEP))
    exact = columns_per_px < 16
    for x in range(width):
        first, last = x * columns_per_px, (x + 1) * columns_per_px
        for row in range(80):
            price = 10_040 - row
            sizes = [
                (size, side < 0)
                for truth in market.truth[first:last]
                for at, (side, size) in truth.items()
                if at == price
            ]
            shown = int(seen.pixels[row, x])
            if exact:
                assert shown == expected(sizes), (x, price)
            elif sizes:
                assert shown not in (GROUND, OUTSIDE)


def test_a_level_fills_its_row_where_a_tick_is_tall(market: Market) -> None:
    market.level(1, 10_000, 100)
    market.column()
    seen = picture(market, width=1, units_per_px=0.25, top=10_005.0, height=40)
    rows = np.nonzero(seen.pixels[:, 0] != GROUND)[0].tolist()
    assert rows == list(range(18, 22))  # 10,000 ± half a tick


def test_several_ticks_in_a_pixel_show_the_largest(market: Market) -> None:
    for price, size in ((10_000, 3), (9_999, 4_000), (9_998, 9)):
        market.level(1, price, size)
    market.column()
    seen = picture(market, width=1, units_per_px=10.0, top=10_004.0, height=4)
    assert int(seen.pixels[0, 0]) == expected([(4_000, False)])


def test_before_the_data_and_after_now_nothing_is_claimed(market: Market) -> None:
    market.level(1, 10_000, 5)
    market.column()
    seen = picture(market, begin=START - 5 * STEP, width=10)
    assert (seen.pixels[:, :5] == OUTSIDE).all()
    assert (seen.pixels[:, 6:] == OUTSIDE).all()
    assert int(seen.pixels[40, 5]) == expected([(5, False)])


def test_a_gap_is_shown_as_a_gap(market: Market) -> None:
    market.level(1, 10_000, 5)
    market.column()
    market.gap()
    market.column()
    assert int(market.tiles.column(1)["flags"]) & STALE
    seen = picture(market, width=2)
    assert set(np.unique(seen.pixels[:, 1]).tolist()) == {GAP, GAP_LINE}


def test_the_touch_is_drawn_where_it_is(market: Market) -> None:
    market.level(1, 10_000, 5)
    market.level(-1, 10_003, 5)
    market.column()
    seen = picture(market, width=2, end=START + 2 * STEP, line_px=1)
    assert seen.touch == (10_000, 10_003)
    assert int(seen.pixels[40, 1]) == BID
    assert int(seen.pixels[37, 1]) == ASK


def test_trades_are_discs_at_their_average_price(market: Market) -> None:
    market.level(1, 10_000, 5)
    market.trade(10_010, 30, 1)
    market.trade(10_020, 10, 1)
    market.trade(10_000, 7, -1)
    market.column()
    column = market.tiles.column(0)
    assert (int(column["buys"]), int(column["sells"])) == (40, 7)
    seen = picture(
        market, width=10, end=START + 9 * STEP, bubble_volume=40.0, bubble_radius=5.0,
        bubble_px=10, begin=START,
    )  # fmt: skip
    assert seen.largest == 40
    assert (seen.pixels[26:30] != GROUND).any()  # 10,012.5


def test_a_disc_sums_trades_over_any_zoom(market: Market) -> None:
    for size in range(1, 101):
        market.trade(10_000, size, 1)
        market.column()
    seen = picture(
        market, width=4, ns_per_px=50.0 * STEP, bubble_px=4, bubble_volume=1e9
    )
    total = sum(range(1, 101))
    assert 0 < seen.largest <= total


def test_absurd_sizes_and_prices_are_survived(market: Market) -> None:
    market.level(1, -(2**61), 2**53)
    market.level(1, -5, 1)
    market.level(-1, 2**61, 1)
    market.column()
    prices, sizes, _ = market.tiles.levels(0)
    assert prices.tolist() == [-5]
    assert sizes.tolist() == [1]
    for top in (-1e18, 0.0, 1e18):
        picture(market, top=top, units_per_px=1e12, line_px=3, bubble_volume=1.0)


def test_an_empty_book_is_no_error(market: Market) -> None:
    market.column()
    column = market.tiles.column(0)
    assert column["bid"] == column["ask"] == NO_PRICE
    seen = picture(market, line_px=2)
    assert (seen.pixels[:, 0] == GROUND).all()


def test_a_picture_without_columns_is_all_outside() -> None:
    market = Market()
    assert (picture(market).pixels == OUTSIDE).all()


@pytest.mark.parametrize(
    "values", [{"width": 0}, {"height": 20_000}, {"ns_per_px": 0.0}]
)
def test_a_picture_that_cannot_be_is_refused(
    market: Market, values: dict[str, Any]
) -> None:
    with pytest.raises(EngineError):
        picture(market, **values)


def test_contrast_comes_from_what_is_seen(market: Market) -> None:
    for price in range(9_900, 10_000):
        market.level(1, price, 100)
    market.level(1, 9_999, 100_000)
    market.column()
    found = quantile_codes(picture(market, width=1).histogram, 0.05, 0.9)
    assert found is not None
    assert 90 < size_of(found[0]) <= 100 <= size_of(found[1]) < 200
    assert quantile_codes(np.zeros(4, np.int32), 0.1, 0.9) is None


def test_when_there_is_no_more_room_columns_are_counted_as_lost() -> None:
    market = Market()
    tiles = HeatTiles(most_columns=4)
    for size in range(1, 8):
        market.level(1, 100, size)
        tiles.append(market.replay.arena.address, 1, START + size)
    assert tiles.count == 4
