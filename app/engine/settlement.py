"""Settlement: when the cash of a sale is ours (SEMANTICS 47).

US stocks settle one business day after the trade (SEC rule 15c6-1, since 28 May 2024).
A purchase takes its cash at once; the proceeds of a sale wait in UNSETTLED, by the day
on which they are due. An instrument with a calendar counts its trade dates; without one
Monday to Friday count. (Two bank holidays a year are trade dates and no settlement
dates in the US, Columbus Day and Veterans Day: there cash is a day early here.)
"""

from typing import Final

from app.engine.bits import integer
from app.engine.compile import inlined, kernel
from app.engine.schedule import schedules, sessions
from app.engine.state import SETTLE_SLOTS, engine, instruments, unsettled

_THURSDAY: Final = 3
"""Weekday of 1970-01-01, counted from Monday."""
_SATURDAY: Final = 5


@inlined
def date_of(arena: int, instrument: int) -> int:
    """Trade date of an instrument, days since 1970: its own, or the session's."""
    own = instruments(arena)[instrument]["trade_date"]
    return own or engine(arena)[0]["trade_date"]


@kernel
def is_business_day(date: int) -> bool:
    """Tell whether banks settle on a day (days since 1970)."""
    return (date + _THURSDAY) % 7 < _SATURDAY


@kernel
def business_day_after(date: int, days: int) -> int:
    """Day so many business days after another; days since 1970."""
    while days > 0:
        date += 1
        days -= is_business_day(date)
    return date


@kernel
def due_date(arena: int, instrument: int, date: int, days: int) -> int:
    """Day on which cash of a trade date is settled; days since 1970."""
    calendar = integer(instruments(arena)[instrument]["calendar"])
    if calendar:
        record = schedules(arena)[calendar]
        for row in range(record["next"], record["end"]):
            if days == 0:
                break
            after = sessions(arena)[row]["trade_date"]
            if after > date:
                date = after
                days -= 1
    return business_day_after(date, days)


@kernel
def defer(arena: int, instrument: int, amount: int) -> None:
    """Queue the proceeds of a sale, money, until they are due."""
    row = unsettled(arena)[instrument]
    days = integer(instruments(arena)[instrument]["settle_days"])
    due = due_date(arena, instrument, date_of(arena, instrument), days)
    free, slot = integer(0), integer(-1)
    for each in range(SETTLE_SLOTS):
        if row["amount"][each] == 0:
            free = each
        elif row["due"][each] == due:
            slot = each
    # There are more slots than days to wait, so that one is free.
    slot = free if slot < 0 else slot
    row["due"][slot] = due
    row["amount"][slot] += amount


@kernel
def take_due(arena: int, instrument: int, date: int) -> int:
    """Take what is due by a day out of the queue, money."""
    row = unsettled(arena)[instrument]
    total = integer(0)
    for each in range(SETTLE_SLOTS):
        if row["due"][each] <= date:
            total += row["amount"][each]
            row["amount"][each] = 0
    return total
