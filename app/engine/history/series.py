"""Bars out of the tape, and profiles of runs of trades.

A series of bars has a place of its own in the tape and goes on from there: the past and
the present are one fold, taken in slices. Trades that do not set the last price count
in no bar and no profile (SEMANTICS 37).
"""

from typing import Any, Final

import numpy as np

from app.engine.atomics import load_acquire
from app.engine.bits import integer
from app.engine.compile import entry, inlined, kernel
from app.engine.history.records import BAR_ROW, PROFILE, TAPE, BarKind, TapeFlag
from app.engine.history.state import SECOND_NS, Need, heads, tracks
from app.engine.history.turns import begin_folding, end_folding
from app.engine.memory import record_address, view, words

_TURN: Final = 1024
_BACK_NS: Final = 60 * SECOND_NS
_NOT_LAST: Final = int(TapeFlag.NOT_LAST)

SERIES: Final = np.dtype(
    [
        ("kind", "<i8"),  # BarKind
        ("size", "<i8"),
        ("source", "<i8"),  # address of the tape, or of the feed's bars
        ("taken", "<i8"),  # rows of it that are folded
        ("bars", "<i8"),  # address of the rows
        ("count", "<i8"),
        ("room", "<i8"),
        ("is_open", "<i8"),  # 1: the last bar takes more trades
        ("version", "<i8"),
        ("instrument", "<i8"),
        ("of_trades", "<i8"),  # 1: made of the tape; 0: of the feed's bars
        ("is_complete", "<i8"),  # 1: it has been at the end of its source
        ("full", "<i8"),  # 1: there is no more disk for it just now
    ]
)
"""Where a series stands."""

BEHIND, PLACES = 0, 1
"""Words of a table of series: 1 while not all of them are at the end of their source;
then their addresses, 0 where there is none."""
MOST_SERIES: Final = 255
TABLE_WORDS: Final = 1 + MOST_SERIES


@kernel
def _belongs(series: Any, row: Any, ts: int) -> bool:
    """Whether a trade of this time belongs into the open bar."""
    if series["is_open"] == 0:
        return False
    if series["kind"] != BarKind.TIME:
        return True
    return ts < row["end"] and row["begin"] - ts <= _BACK_NS


@kernel
def _open_bar(series: Any, row: Any, ts: int, price: int, index: int) -> None:
    begin, end = ts, ts
    if series["kind"] == BarKind.TIME:
        begin = ts - ts % series["size"]
        end = begin + series["size"]
    row["begin"], row["end"] = begin, end
    row["open"], row["high"], row["low"], row["close"] = price, price, price, price
    row["volume"], row["buys"], row["sells"] = 0, 0, 0
    row["delta_high"], row["delta_low"], row["trades"] = 0, 0, 0
    row["first_trade"], row["turnover"] = index, 0.0
    series["is_open"] = 1


@kernel
def _is_full(series: Any, row: Any) -> bool:
    """Whether the last trade ends the bar; time alone ends bars of time."""
    kind, size = series["kind"], series["size"]
    if kind == BarKind.TICKS:
        return row["trades"] >= size
    if kind == BarKind.VOLUME:
        return row["volume"] >= size
    if kind == BarKind.RANGE:
        return row["high"] - row["low"] >= size
    return False


@inlined
def _add_trade(row: Any, trade: Any) -> None:
    price, size, aggressor = trade["price"], trade["size"], trade["aggressor"]
    row["high"], row["low"] = max(row["high"], price), min(row["low"], price)
    row["close"] = price
    row["volume"] += size
    row["trades"] += 1
    row["turnover"] += float(price) * float(size)
    if aggressor > 0:
        row["buys"] += size
    elif aggressor < 0:
        row["sells"] += size
    delta = row["buys"] - row["sells"]
    row["delta_high"] = max(row["delta_high"], delta)
    row["delta_low"] = min(row["delta_low"], delta)


@inlined
def _next_row(series: Any, rows: Any, ts: int, price: int, index: int) -> Any:
    """Row that takes a trade, opened if need be; the caller has seen to its room."""
    last = max(series["count"] - 1, 0)
    if not _belongs(series, rows[last], ts):
        last = series["count"]
        _open_bar(series, rows[last], ts, price, index)
        series["count"] = last + 1
    return rows[last]


@kernel
def _fold_trades(series: Any, limit: int) -> None:
    """Take trades of the tape into bars; stops where there is no room for one."""
    tape = view(series["source"], limit, TAPE)
    rows = view(series["bars"], series["room"], BAR_ROW)
    for i in range(series["taken"], limit):
        if series["count"] >= series["room"]:
            return
        series["taken"] = i + 1
        trade = tape[i]
        if trade["flags"] & _NOT_LAST:
            continue
        row = _next_row(series, rows, trade["ts"], trade["price"], i)
        if series["kind"] != BarKind.TIME:
            row["end"] = trade["ts"]
        _add_trade(row, trade)
        if _is_full(series, row):
            series["is_open"] = 0


@kernel
def _fold_bars(series: Any, limit: int) -> None:
    """Take bars of a feed into longer ones."""
    source = view(series["source"], limit, BAR_ROW)
    rows = view(series["bars"], series["room"], BAR_ROW)
    for i in range(series["taken"], limit):
        if series["count"] >= series["room"]:
            return
        series["taken"] = i + 1
        bar = source[i]
        row = _next_row(series, rows, bar["begin"], bar["open"], integer(-1))
        row["high"] = max(row["high"], bar["high"])
        row["low"] = min(row["low"], bar["low"])
        row["close"] = bar["close"]
        row["volume"] += bar["volume"]
        row["trades"] += bar["trades"]
        row["turnover"] += bar["turnover"]


@kernel
def _fold(head: int, series: Any, until: int) -> None:
    """Take rows of the source up to one, turn by turn; stops where there is no room."""
    while series["taken"] < until:
        begin_folding(head)
        limit = min(series["taken"] + _TURN, until)
        if series["of_trades"]:
            _fold_trades(series, limit)
        else:
            _fold_bars(series, limit)
        series["version"] += 1
        end_folding(head)
        if series["taken"] < limit:
            break


@kernel
def _bring_up(arena: int, series: Any, most: int) -> int:
    """Take what is new of a source, at most so many rows; how many."""
    track = tracks(arena)[series["instrument"]]
    of_trades = 1 if track["trade_count"] else 0
    if of_trades != series["of_trades"]:
        # A feed of bars began to send trades: from here on they are made of those.
        series["of_trades"], series["taken"] = of_trades, 0
    there = track["trade_count"] if of_trades else track["bar_count"]
    begun = series["taken"]
    if begun < there and (of_trades or series["kind"] == BarKind.TIME):
        series["source"] = track["trades"] if of_trades else track["bars"]
        _fold(record_address(heads(arena)[0]), series, min(there, begun + most))
    if series["taken"] >= there:
        series["is_complete"] = 1
    return int(series["taken"] - begun)


@entry
def series_advance(arena: int, table: int, most: int) -> int:
    """Bring every series of a table up, in all by some `most` rows; a `Need`."""
    places = words(table, TABLE_WORDS)
    left, need = most, integer(Need.NOTHING)
    for i in range(PLACES, TABLE_WORDS):
        place = load_acquire(table + 8 * i)
        if place == 0:
            continue
        series = view(place, 1, SERIES)[0]
        left -= _bring_up(arena, series, max(left, 1))
        if series["count"] >= series["room"] and series["full"] == 0:
            need = integer(Need.SERIES)
    places[BEHIND] = 1 if left <= 0 else 0
    return need


# Profiles.

TRADES, EDGES, RUNS, OUT, STARTS, SCRATCH, SPAN, STOPPED = range(8)
"""Words of a job: addresses of the tape's rows and of the runs' edges, how many runs,
where rows and their beginnings go, an area of `SPAN` pairs of zeros, and the run that
spans more prices than that (-1: none does)."""
_LEAST_PRICE: Final = -(1 << 62)
"""Below it an area does not begin before a run's first price."""
FOOTPRINT_WORDS: Final = 8


@kernel
def _gather(tape: Any, first: int, last: int, area: Any) -> tuple[int, int, int]:
    """Add a run's trades up, price by price, each of them read once.

    Returns
    -------
    tuple of int
        Price of the area's first pair, lowest and highest price of the run; (0, 0, -1)
        of no trades. A highest price below the lowest less one: one lies too far from
        the first, and the area has what came before it.
    """
    span = len(area) // 2
    low, high, begin = integer(0), integer(-1), integer(0)
    is_first = True
    for i in range(first, last):
        trade = tape[i]
        if trade["flags"] & _NOT_LAST:
            continue
        price = trade["price"]
        if is_first:
            low, high, begin, is_first = price, price, price, False
            if price > _LEAST_PRICE:
                begin = price - span // 2
        # Unsigned: prices far apart differ by more than an int64 holds.
        if price < begin or np.uint64(price - begin) >= np.uint64(span):
            for place in range(2 * (low - begin), 2 * (high - begin) + 2):
                area[place] = 0
            return begin, integer(2), integer(0)
        low, high = min(low, price), max(high, price)
        place = 2 * (price - begin)
        size, aggressor = trade["size"], trade["aggressor"]
        if aggressor > 0:
            area[place] += size
        elif aggressor < 0:
            area[place + 1] += size
        else:
            area[place] += size - size // 2
            area[place + 1] += size // 2
    return begin, low, high


@kernel
def _sweep(area: Any, begin: int, low: int, high: int, rows: Any, count: int) -> int:
    """Write what was added up, and leave zeros behind; the rows there are then."""
    for price in range(low, high + 1):
        place = 2 * (price - begin)
        if area[place] or area[place + 1]:
            row = rows[count]
            row["price"], row["buys"] = price, area[place]
            row["sells"] = area[place + 1]
            area[place], area[place + 1] = 0, 0
            count += 1
    return count


@entry
def footprint_runs(job_address: int, _b: int, _c: int) -> int:
    """Profiles of runs of trades, one behind another; how many rows there are."""
    job = words(job_address, FOOTPRINT_WORDS)
    edges, starts = words(job[EDGES], job[RUNS] + 1), words(job[STARTS], job[RUNS] + 1)
    tape = view(job[TRADES], edges[job[RUNS]], TAPE)
    rows = view(job[OUT], edges[job[RUNS]] - edges[0] + 1, PROFILE)
    area = words(job[SCRATCH], 2 * job[SPAN])
    count = starts[job[STOPPED]]
    for run in range(job[STOPPED], job[RUNS]):
        starts[run] = count
        first, last = edges[run], edges[run + 1]
        begin, low, high = _gather(tape, first, last, area)
        if high < low - 1:
            job[STOPPED] = run
            return int(count)
        count = _sweep(area, begin, low, high, rows, count)
    starts[job[RUNS]] = count
    job[STOPPED] = job[RUNS]
    return int(count)
