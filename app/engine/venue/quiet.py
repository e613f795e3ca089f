"""Records that the simulated venue has nothing to do about.

Most bars come while nothing of ours works and nothing is on its way. Such a bar is the
book's last price and no more, so it takes a short way: what would find nothing to do is
not asked. `venue_market` takes it, and so does every mode.
"""

from typing import Any

from app.engine.bits import integer
from app.engine.book_events import is_bar, note_record, take_bar
from app.engine.book_state import Stale, books
from app.engine.compile import inlined
from app.engine.conditional.state import condition_markets, conditional
from app.engine.memory import view
from app.engine.records import BAR, MARKET
from app.engine.state import engine, instruments
from app.engine.venue.bars import fills_from_bars
from app.engine.venue.levels import venue_book
from app.engine.venue.state import venue, venue_instruments, venue_levels


@inlined
def has_orders(arena: int, instrument: int) -> bool:
    """Whether an order of ours could meet a bar of an instrument."""
    state = venue_instruments(arena)[instrument]
    waiting = state["waiting"]
    limits = state["sides"][0]["levels"] + state["sides"][1]["levels"]
    if limits or condition_markets(arena)[instrument]["waiting"]:
        return True
    return waiting != 0 and venue_levels(arena)[waiting]["first"] != 0


@inlined
def hear(arena: int, record: Any) -> None:
    """Let the venue's time, and its lag, follow a record."""
    session, state = engine(arena)[0], venue(arena)[0]
    time = min(record["ts_venue"], record["ts_received"])
    session["venue_now"] = max(session["venue_now"], time)
    state["at"] = session["venue_now"]
    state["lag"] = max(0, record["ts_received"] - time)
    state["heard"] = record["ts_received"]


@inlined
def is_settled(arena: int) -> bool:
    """Whether nothing is on its way, or lined up."""
    state = venue(arena)[0]
    on_its_way = state["arrivals"] | state["deliveries"]
    return on_its_way | conditional(arena)["first_step"] == 0


@inlined
def is_idle(arena: int) -> bool:
    """Whether nothing is on its way, lined up, or to end by its time."""
    return is_settled(arena) and conditional(arena)["next_expiry"] == 0


@inlined
def pass_bar(arena: int, address: int) -> bool:
    """Let the BAR at an address pass; False if it may concern us: nothing was done."""
    record, bar = view(address, 1, MARKET)[0], view(address, 1, BAR)[0]
    instrument = integer(record["instrument"])
    if instrument < 0 or instrument >= engine(arena)[0]["instruments"]:
        return False
    if not is_idle(arena) or not fills_from_bars(arena, instrument):
        return False
    definition = instruments(arena)[instrument]
    book = integer(definition["book"])
    row = books(arena)[book]
    whole = row["stale"] == Stale.FRESH and row["sides"][0]["best"] == 0
    if book == 0 or book != venue_book(arena, instrument) or not whole:
        return False
    if not is_bar(bar):
        return False
    if has_orders(arena, instrument):
        return False
    hear(arena, record)
    note_record(row, record)
    take_bar(row, bar)
    venue_instruments(arena)[instrument]["bar_ts"] = venue(arena)[0]["at"]
    return True
