"""Trades, bars of a feed, samples and the session's figures, as they come."""

from typing import Any, Final

from app.engine.bits import integer
from app.engine.book_events import sets_last
from app.engine.book_levels import best_price
from app.engine.book_state import books
from app.engine.compile import inlined, kernel, rare
from app.engine.history.flow import note_volume
from app.engine.history.records import BAR_ROW, SAMPLE, TAPE, TapeFlag
from app.engine.history.state import NEVER, SECOND_NS, heads, tracks
from app.engine.memory import view, words
from app.engine.rare import out_of_line
from app.engine.records import BUY, NO_PRICE, SELL, SessionState

_BACK_NS: Final = 60 * SECOND_NS
"""Times that fall back by more are believed: the clock was set, or ran wild before."""


# Sessions.


@kernel
def clear_stats(track: Any, begin: int) -> None:
    """Begin a session: what it traded is 0, the last price becomes its predecessor."""
    stats = track["stats"]
    if stats["last"] != NO_PRICE:
        stats["previous_close"] = stats["last"]
    stats["begin"] = begin
    stats["open"], stats["high"], stats["low"] = NO_PRICE, NO_PRICE, NO_PRICE
    stats["last"] = NO_PRICE
    stats["volume"], stats["buys"], stats["sells"] = 0, 0, 0
    stats["trades"], stats["turnover"] = 0, 0.0
    track["session"] += 1


@rare
def begin_trade_date(track: Any, ts: int) -> None:
    """Begin the trade date that a time belongs to."""
    out_of_line()
    times = words(track["boundaries"], track["boundary_count"])
    index = track["boundary"]
    while index < track["boundary_count"] and times[index] <= ts:
        index += 1
    track["boundary"] = index
    track["next_session"] = times[index] if index < track["boundary_count"] else NEVER
    clear_stats(track, times[index - 1] if index else ts)


@kernel
def note_session(track: Any, before: int, state: int, ts: int) -> None:
    """Begin a session as a market book does: before an open, and after a close."""
    if state != before and (
        state == SessionState.PRE_OPEN or before == SessionState.CLOSED
    ):
        clear_stats(track, ts)


@rare
def note_split(arena: int, track: Any, ts: int) -> None:
    """Go on in new shares: the book has brought its last price to them."""
    out_of_line()
    clear_stats(track, ts)
    last = books(arena)[track["book"]]["last_price"]
    track["stats"]["previous_close"] = last


# Trades.


@inlined
def _count(track: Any, price: int, size: int, aggressor: int, counts: bool) -> None:
    """Bring the session's figures up to a trade."""
    stats = track["stats"]
    stats["volume"] += size
    stats["trades"] += 1
    stats["turnover"] += float(price) * float(size)
    if aggressor > 0:
        stats["buys"] += size
    elif aggressor < 0:
        stats["sells"] += size
    if not counts:
        return
    if stats["open"] == NO_PRICE:
        stats["open"], stats["high"], stats["low"] = price, price, price
    stats["high"] = max(stats["high"], price)
    stats["low"] = min(stats["low"], price)
    stats["last"] = price


@inlined
def note_trade(arena: int, track: Any, record: Any) -> None:
    """Write a trade, which HEAD describes, into tape, figures and flow."""
    head = heads(arena)[0]
    price, size, aggressor = head["price"], head["size"], head["aggressor"]
    conditions = integer(record["conditions"])
    counts = sets_last(books(arena)[track["book"]]["consolidated"], conditions)
    _count(track, price, size, aggressor, counts)
    if counts:
        note_volume(arena, track, price, size, aggressor)
    count = track["trade_count"]
    if count >= track["trade_room"]:
        head["lost"] += 1
        track["after_gap"] = 1
        return
    row = view(track["trades"], track["trade_room"], TAPE)[count]
    flags = integer(TapeFlag.INFERRED) if head["inferred"] else 0
    flags |= 0 if counts else integer(TapeFlag.NOT_LAST)
    flags |= integer(TapeFlag.AFTER_GAP) if track["after_gap"] else 0
    row["ts"], row["price"], row["size"] = record["ts_received"], price, size
    row["bid"], row["ask"] = head["bid"], head["ask"]
    row["aggressor"], row["flags"] = aggressor, flags
    row["conditions"], row["reserved"] = conditions, 0
    track["after_gap"] = 0
    track["trade_count"] = count + 1


# Bars of a feed.


@rare
def note_bar(arena: int, track: Any, bar: Any) -> None:
    """Keep a BAR that the book has taken, and bring the session's figures up to it."""
    out_of_line()
    opened, volume = bar["open"], bar["volume"]
    high, low = opened + bar["high_offset"], opened + bar["low_offset"]
    close = opened + bar["close_offset"]
    turnover = (float(high) + float(low) + float(close)) / 3.0 * float(volume)
    stats = track["stats"]
    if stats["open"] == NO_PRICE:
        stats["open"], stats["high"], stats["low"] = opened, high, low
    stats["high"], stats["low"] = max(stats["high"], high), min(stats["low"], low)
    stats["last"] = close
    stats["volume"] += volume
    stats["trades"] += bar["trades"]
    stats["turnover"] += turnover
    count = track["bar_count"]
    if count >= track["bar_room"]:
        heads(arena)[0]["lost"] += 1
        return
    row = view(track["bars"], track["bar_room"], BAR_ROW)[count]
    # A BAR says when it closed and not how long it was.
    row["begin"], row["end"] = bar["ts_venue"] - 1, bar["ts_venue"]
    row["open"], row["high"], row["low"], row["close"] = opened, high, low, close
    row["volume"], row["buys"], row["sells"] = volume, 0, 0
    row["delta_high"], row["delta_low"] = 0, 0
    row["trades"], row["first_trade"] = bar["trades"], -1
    row["turnover"] = turnover
    track["bar_count"] = count + 1


# Samples.


@kernel
def _sample(arena: int, track: Any, ts: int) -> None:
    count = track["sample_count"]
    if count >= track["sample_room"]:
        heads(arena)[0]["lost"] += 1
        return
    book = track["book"]
    row = view(track["samples"], track["sample_room"], SAMPLE)[count]
    row["ts"] = ts
    row["bid"] = best_price(arena, book, integer(BUY))
    row["ask"] = best_price(arena, book, integer(SELL))
    row["last"] = books(arena)[book]["last_price"]
    track["sample_count"] = count + 1


@kernel
def samples_lack_room(arena: int) -> bool:
    """Whether any instrument's next sample needs disk first."""
    for number in range(heads(arena)[0]["instruments"]):
        track = tracks(arena)[number]
        if track["sample_count"] >= track["sample_room"]:
            return True
    return False


@rare
def sample_all(arena: int, ts: int) -> None:
    """Take every instrument's sample as a second ends, before what comes after it."""
    out_of_line()
    head = heads(arena)[0]
    second = ts - ts % SECOND_NS
    is_first = head["next_second"] == -NEVER
    head["next_second"] = second + SECOND_NS
    if is_first:
        return
    for number in range(head["instruments"]):
        _sample(arena, tracks(arena)[number], second)


@kernel
def is_sample_due(head: Any, ts: int) -> bool:
    """Whether a second ended, or time fell far back."""
    return ts >= head["next_second"] or ts < head["next_second"] - _BACK_NS
