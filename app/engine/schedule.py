"""Schedules: sessions, trade dates and timers, followed as time passes.

SESSIONS holds the rows of all calendars (`app.calendar` makes them), SCHEDULES how far
each is, TIMERS what strategies asked to be woken for, the next one last. The earliest
of all stands in one word, ENGINE.schedule_due: the hot path compares it and no more.
`kernel` lets what is due happen, each at its own time; this module knows what it is.

At equal times sessions go before data, as hours are [open, close); bars, stamped at
their close, go before the session that ends with them; timers come last (SEMANTICS 11).
"""

from collections.abc import Sequence
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from app.engine.arena import CAPACITY, USED, Arena, Section, section, section_words
from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.records import MARKET, EventKind, SessionState
from app.engine.state import engine, instruments
from app.errors import EngineError
from app.session_rows import SESSION_ROW, SessionFlag

NEVER: Final = 2**63 - 1
_HELD: Final = NEVER - 1
"""When a timer is due that waits until its paused strategy goes on."""
MAX_SCHEDULES: Final = 64
MAX_ROWS: Final = 1 << 18
MAX_TIMERS: Final = 4096

SCHEDULE: Final = np.dtype(
    [
        ("next", "<i8"),  # in SESSIONS: the row that comes next
        ("end", "<i8"),  # after its last row
        ("state", "<i8"),  # SessionState now
        ("flags", "<i8"),  # SessionFlag of the row that came last
        ("trade_date", "<i8"),  # now, days since 1970
        ("regular_open", "<i8"),  # of this trade date, ns; 0 = none
        ("regular_close", "<i8"),
        ("governs", "<i8"),  # 1: ENGINE.trade_date is this one's
        # how long before an auction its orders are refused, ns; 0 = not
        ("market_open", "<i8"),
        ("limit_open", "<i8"),
        ("market_close", "<i8"),
        ("limit_close", "<i8"),
        ("told", "<i8"),  # 1: gate and venue have been told where it stands
        ("event", MARKET),  # row 0: the SESSION or TIMER record in hand
    ],
    align=True,
)
"""A calendar's schedule; row 0 is no schedule. Written here."""

TIMER: Final = np.dtype(
    [
        ("ts", "<i8"),  # when, ns
        ("number", "<i8"),  # the strategy's own name for it
        ("strategy", "<i8"),
        ("instrument", "<i8"),  # -1 = none
    ],
    align=True,
)

schedules = section(Section.SCHEDULES, SCHEDULE)
sessions = section(Section.SESSIONS, SESSION_ROW)
timers = section(Section.TIMERS, TIMER)

LAYOUT: Final[dict[Section, tuple[np.dtype[Any], int]]] = {
    Section.SCHEDULES: (SCHEDULE, MAX_SCHEDULES),
    Section.SESSIONS: (SESSION_ROW, MAX_ROWS),
    Section.TIMERS: (TIMER, MAX_TIMERS),
}
"""Sections of a session that follows calendars and has timers."""


class Cutoffs(Protocol):
    """See `app.calendar.Cutoffs`."""

    @property
    def market_open(self) -> int:
        """Market orders at the open, ns before it."""

    @property
    def limit_open(self) -> int:
        """Limits at the open."""

    @property
    def market_close(self) -> int:
        """Market orders at the close, ns before it."""

    @property
    def limit_close(self) -> int:
        """Limits at the close."""


class Table(Protocol):
    """A schedule as `app.calendar.schedule_of` makes it."""

    @property
    def rows(self) -> NDArray[np.void]:
        """SESSION_ROW, in order of time."""

    @property
    def cutoffs(self) -> Cutoffs:
        """Of auction orders."""


def load_schedules(
    arena: Arena, tables: Sequence[Table], numbers: Sequence[int], now: int
) -> None:
    """Give instruments their schedules, at what holds now; once, before the start.

    Parameters
    ----------
    tables : sequence of Table
        The first governs the session's own trade date, and with it daily limits.
    numbers : sequence of int
        For each instrument its schedule, counted from 1; 0 = none, always open.
    now : int
        When the session begins, ns.

    Raises
    ------
    EngineError
        If there is no room, or a schedule begins after `now`.
    """
    records, rows = arena.records(Section.SCHEDULES), arena.records(Section.SESSIONS)
    if len(tables) >= len(records):
        raise EngineError(f"{len(tables)} calendars, there is room for {len(records)}")
    begin = arena.used(Section.SESSIONS)
    for index, table in enumerate(tables, 1):
        end = begin + len(table.rows)
        if end > len(rows):
            raise EngineError(f"schedules: {end} rows, there is room for {len(rows)}")
        passed = int(np.searchsorted(table.rows["ts"], now, side="right"))
        if passed == 0:
            raise EngineError(f"schedule {index} begins after the session, {now} ns")
        rows[begin:end] = table.rows
        record = records[index]
        record["next"], record["end"] = begin + passed, end
        for name in ("market_open", "limit_open", "market_close", "limit_close"):
            record[name] = getattr(table.cutoffs, name)
        record["governs"] = index == 1
        last = rows[begin + passed - 1]
        for name in ("state", "trade_date", "regular_open", "regular_close"):
            record[name] = last[name]
        begin = end
    arena.set_used(Section.SESSIONS, begin)
    arena.set_used(Section.SCHEDULES, len(tables) + 1)
    arena.set_used(Section.TIMERS, 1)
    if tables:
        arena.records(Section.ENGINE)[0]["trade_date"] = records[1]["trade_date"]
    for index, number in enumerate(numbers):
        arena.records(Section.INSTRUMENTS)[index]["calendar"] = number
    arena.records(Section.ENGINE)[0]["schedule_due"] = 0


# What is due.


@kernel
def next_session(arena: int) -> int:
    """Schedule whose next row is the earliest; 0 if none has another."""
    found, earliest = 0, NEVER
    for schedule in range(1, section_words(arena, Section.SCHEDULES)[USED]):
        ts = session_ts(arena, schedule)
        if ts < earliest:
            found, earliest = schedule, ts
    return found


@kernel
def session_ts(arena: int, schedule: int) -> int:
    """When the next row of a schedule comes, ns; `NEVER` after its last."""
    if schedule == 0:
        return NEVER
    record = schedules(arena)[schedule]
    if record["next"] >= record["end"]:
        return NEVER
    return integer(sessions(arena)[record["next"]]["ts"])


@kernel
def timer_ts(arena: int) -> int:
    """When the next timer is due, ns; `NEVER` if none is set."""
    last = section_words(arena, Section.TIMERS)[USED] - 1
    return integer(timers(arena)[last]["ts"]) if last > 0 else NEVER


@kernel
def plan(arena: int) -> None:
    """Write down when the next row or timer is due."""
    rows = session_ts(arena, next_session(arena))
    engine(arena)[0]["schedule_due"] = min(rows, timer_ts(arena))


# Sessions.


@kernel
def enter_session(arena: int, schedule: int) -> None:
    """Go on to the next row of a schedule."""
    record = schedules(arena)[schedule]
    row = sessions(arena)[record["next"]]
    record["next"] += 1
    record["state"] = row["state"]
    record["flags"] = row["flags"]
    record["regular_open"] = row["regular_open"]
    record["regular_close"] = row["regular_close"]
    record["trade_date"] = row["trade_date"]
    if record["governs"]:
        engine(arena)[0]["trade_date"] = row["trade_date"]


@kernel
def ends_in_passing(arena: int, schedule: int) -> bool:
    """Whether a trade date has just ended and the market goes on trading."""
    record = schedules(arena)[schedule]
    ended = integer(record["flags"]) & SessionFlag.DAY_ENDS
    return ended != 0 and record["state"] != SessionState.CLOSED


@kernel
def follow_schedule(arena: int, instrument: int, ts: int) -> None:
    """Write into an instrument what its schedule says from an instant on."""
    target = instruments(arena)[instrument]
    record = schedules(arena)[target["calendar"]]
    opens, closes = record["regular_open"], record["regular_close"]
    target["session"] = record["state"]
    target["trade_date"] = record["trade_date"]
    target["regular_close"] = closes
    before_open = record["market_open"] and ts < opens
    before_close = record["market_close"] and ts < closes
    target["at_open_until"] = opens - record["market_open"] if before_open else 0
    target["at_close_until"] = closes - record["market_close"] if before_close else 0


@kernel
def session_flags(arena: int, instrument: int) -> int:
    """SessionFlag bits of the row that came last for an instrument; 0 = no schedule.

    For who is told by VENUE_SESSION and GATE_SESSION: DAY orders for regular hours end
    with REGULAR_ENDS, those that work outside them with DAY_ENDS; markets that never
    close have both in the row in which the next trade date begins.
    """
    calendar = instruments(arena)[instrument]["calendar"]
    return integer(schedules(arena)[calendar]["flags"]) if calendar else 0


@kernel
def session_of_feed(arena: int, instrument: int, state: int) -> None:
    """Let a feed say an instrument's state; with a schedule, halts alone (26)."""
    record = instruments(arena)[instrument]
    if record["calendar"] == 0 or state == SessionState.HALTED:
        record["session"] = state
    elif record["session"] == SessionState.HALTED:
        record["session"] = schedules(arena)[record["calendar"]]["state"]


@kernel
def cutoff(arena: int, instrument: int, at_close: bool, is_limit: bool) -> int:
    """Until when an auction order is taken for the next auction, ns; 0 = to the end."""
    definition = instruments(arena)[instrument]
    until = definition["at_close_until"] if at_close else definition["at_open_until"]
    if until == 0 or not is_limit:
        return integer(until)
    record = schedules(arena)[definition["calendar"]]
    if at_close:
        return integer(until + record["market_close"] - record["limit_close"])
    return integer(until + record["market_open"] - record["limit_open"])


@kernel
def next_with(arena: int, instrument: int, flags: int, after: int) -> int:
    """First instant after `after` (ns) at which one of `flags` holds; 0 = none known.

    `REGULAR_ENDS | STOPS` is the next close, of holidays too.
    """
    calendar = instruments(arena)[instrument]["calendar"]
    if calendar == 0:
        return 0
    record = schedules(arena)[calendar]
    for index in range(record["next"], record["end"]):
        row = sessions(arena)[index]
        if row["ts"] > after and integer(row["flags"]) & flags:
            return integer(row["ts"])
    return 0


@inlined
def _event(arena: int, kind: int, instrument: int, ts: int) -> Any:
    """Begin the record in hand."""
    record = schedules(arena)[0]["event"]
    record["ts_venue"], record["ts_received"] = ts, ts
    record["instrument"], record["kind"] = instrument, kind
    return record


@kernel
def session_event(arena: int, instrument: int, ts: int) -> Any:
    """SESSION record for handlers: `count` state, `reference` SessionFlag bits.

    `size` is the trade date, days since 1970.
    """
    record = _event(arena, EventKind.SESSION, instrument, ts)
    record["count"] = instruments(arena)[instrument]["session"]
    record["reference"] = session_flags(arena, instrument)
    record["size"] = instruments(arena)[instrument]["trade_date"]
    return record


# Timers.


@kernel
def set_timer(arena: int, strategy: int, number: int, ts: int, instrument: int) -> int:
    """Wake a strategy's on_timer once, at an instant that is not past.

    Parameters
    ----------
    number : int
        The strategy's own name for it: `reference` of the TIMER record.
    instrument : int
        What it is about: `instrument` of the record; -1 = nothing.

    Returns
    -------
    int
        When it will be, ns; 0 if there is no room.
    """
    entry = section_words(arena, Section.TIMERS)
    last = entry[USED]
    if last == 0 or last >= entry[CAPACITY]:
        return 0
    session, every = engine(arena)[0], timers(arena)
    ts = max(ts, session["now"])
    while last > 1 and every[last - 1]["ts"] <= ts:
        every[last] = every[last - 1]
        last -= 1
    record = every[last]
    record["ts"], record["number"] = ts, number
    record["strategy"], record["instrument"] = strategy, instrument
    entry[USED] += 1
    session["schedule_due"] = min(session["schedule_due"], ts)
    return integer(ts)


@kernel
def cancel_timer(arena: int, strategy: int, number: int) -> int:
    """Forget a strategy's timers of this number; return how many there were."""
    entry, every = section_words(arena, Section.TIMERS), timers(arena)
    kept = 1
    for index in range(1, entry[USED]):
        record = every[index]
        if record["strategy"] != strategy or record["number"] != number:
            every[kept] = record
            kept += 1
    gone = entry[USED] - kept
    if gone > 0:
        entry[USED] = kept
    return max(0, gone)


@kernel
def hold_timer(arena: int) -> None:
    """Put off the timer that is due first: its strategy is paused."""
    entry = section_words(arena, Section.TIMERS)
    entry[USED] -= 1
    timer = timers(arena)[entry[USED]]
    strategy, number = integer(timer["strategy"]), integer(timer["number"])
    set_timer(arena, strategy, number, _HELD, integer(timer["instrument"]))


@kernel
def release_timers(arena: int, strategy: int) -> None:
    """Let timers that were put off be due now, in the order in which they fell due."""
    entry, every = section_words(arena, Section.TIMERS), timers(arena)
    for index in range(entry[USED] - 1, 0, -1):
        timer = every[index]
        if timer["ts"] != _HELD or timer["strategy"] != strategy:
            continue
        number, instrument = integer(timer["number"]), integer(timer["instrument"])
        for later in range(index + 1, entry[USED]):
            every[later - 1] = every[later]
        entry[USED] -= 1
        now = integer(engine(arena)[0]["now"])
        set_timer(arena, strategy, number, now, instrument)


@kernel
def set_timer_before(
    arena: int, strategy: int, number: int, instrument: int, terms: tuple[int, int]
) -> int:
    """Wake a strategy some time before the next open or close that is still to come.

    Parameters
    ----------
    terms : (int, int)
        How long before, ns, and the SessionFlag bits that are waited for.

    Returns
    -------
    int
        When it will be, ns; 0 if no such instant is known, or there is no room.
    """
    before, flags = terms
    ts = next_with(arena, instrument, flags, engine(arena)[0]["now"] + before)
    if ts == 0:
        return 0
    return set_timer(arena, strategy, number, ts - before, instrument)


@kernel
def due_strategy(arena: int) -> int:
    """Strategy whose timer is due first; there is one."""
    last = section_words(arena, Section.TIMERS)[USED] - 1
    return integer(timers(arena)[last]["strategy"])


@kernel
def take_timer(arena: int) -> Any:
    """TIMER record of the timer that is due first, which is forgotten.

    `reference` is its number, `count` its strategy.
    """
    entry = section_words(arena, Section.TIMERS)
    entry[USED] -= 1
    timer = timers(arena)[entry[USED]]
    record = _event(
        arena, EventKind.TIMER, integer(timer["instrument"]), integer(timer["ts"])
    )
    record["reference"] = timer["number"]
    record["count"] = timer["strategy"]
    record["size"] = 0
    return record
