"""What the simulated venue remembers: its orders, levels, queues of messages, models.

It keeps its own account of each order, since the gate learns of a fill only when the
report has arrived. VENUE_ORDERS stands beside ORDERS, with the same index. A
VENUE_LEVEL is a price where an order of ours rests or where we took depth; `side` is
the book's.

Invariants: filled + leaves = quantity while working; 0 <= `ahead`, 0 <= `taken`; levels
of a side are linked in strict price order.
"""

from enum import IntEnum
from typing import Any, Final

import numpy as np

from app.engine.arena import Section, section
from app.engine.book_state import SIDE
from app.engine.conditional.state import conditional_layout
from app.engine.records import REPORT
from app.engine.risk_state import ORDER_CAPACITY


class Stage(IntEnum):
    """Where the venue has an order."""

    NONE = 0
    IN_FLIGHT = 1  # sent, not arrived
    RESTING = 2  # in the queue of its price
    ENDED = 3
    WAITING = 4  # for what its condition says, off the book


class Message(IntEnum):
    """What waits in PENDING."""

    SUBMIT = 1
    CANCEL = 2
    REPLACE = 3
    REPORT = 4


VENUE: Final = np.dtype(
    [
        ("arrivals", "<i8"),  # first of the requests on their way (pending.py)
        ("deliveries", "<i8"),  # first of the reports on their way
        ("sequence", "<i8"),  # counts PENDING records: equal times keep their order
        ("at", "<i8"),  # time of what the venue is doing, ns
        ("flags", "<i8"),  # records.RecordFlag that fills carry now
        ("overflows", "<i8"),  # reports that found PENDING full: delivered at once
        ("lag", "<i8"),  # how much older than its reception the last record was, ns
        ("heard", "<i8"),  # received time of the last record, ns
        ("impact", "<i8"),  # money that the fill in hand pays for its impact
        ("reclaimed", "<i8"),  # of the trade in hand, seen by a decrease before it
    ],
    align=True,
)
"""The venue: one record, index 0."""

VENUE_INSTRUMENT: Final = np.dtype(
    [
        ("sides", SIDE, (2,)),  # our levels: bid, ask
        ("last_arrival", "<i8"),  # a later request arrives no earlier, ns
        ("last_delivery", "<i8"),  # a later report is delivered no earlier, ns
        ("draws", "<i8"),  # random numbers drawn: the generator's counter
        ("lost", "<i8"),  # 1: data were lost; our orders rejoin at the back
        ("fills", "<i8"),
        ("beyond_depth", "<i8"),  # quantity filled beyond the depth shown
        ("judged", "<i8"),  # limits that end with a bar; never too low
        ("waiting", "<i8"),  # VENUE_LEVELS: market orders that wait for a bar
        ("bar_ts", "<i8"),  # close of the last bar, ns; 0 = none yet
        ("bar_room", "<i8"),  # quantity that we may still have of the bar in hand
        ("session", "<i8"),  # records.SessionState that holds for the venue
        ("regular_end", "<i8"),  # when regular hours last ended, ns
    ],
    align=True,
)
"""What is the venue's in one instrument; same index as INSTRUMENTS."""

VENUE_ORDER: Final = np.dtype(
    [
        ("client_order_id", "<i8"),
        ("venue_order_id", "<i8"),
        ("stage", "<i8"),  # Stage
        ("instrument", "<i8"),
        ("side", "<i8"),  # BUY, SELL
        ("order_type", "<i8"),  # records.OrderType
        ("time_in_force", "<i8"),  # records.TimeInForce
        ("options", "<i8"),  # records.OrderOption
        ("protection_ticks", "<i8"),
        ("group", "<i8"),
        ("strategy", "<i8"),
        ("price", "<i8"),  # working limit, price units; NO_PRICE = none
        ("stop_price", "<i8"),  # price units; NO_PRICE = none
        ("quantity", "<i8"),  # total
        ("filled", "<i8"),
        ("leaves", "<i8"),  # 0 once ended
        ("fee", "<i8"),  # money charged so far
        ("fee_unbounded", "<i8"),  # money before minimum and maximum
        ("traded", "<i8"),  # money of its fills so far
        # its place
        ("level", "<i8"),  # VENUE_LEVELS; 0 = does not rest
        ("next", "<i8"),  # ours behind it at the level
        ("previous", "<i8"),  # ours in front of it
        ("ahead", "<f8"),  # others' size ahead, quantity units, not rounded
        ("ahead_before", "<f8"),  # … before the last decrease; -1 = joined since
        ("priority", "<i8"),  # the book's sequence when it joined (exact queue)
        # evidence: why was it (not) filled?
        ("sent_ts", "<i8"),  # ns
        ("decided_ts", "<i8"),  # when its terms as they stand were decided, ns
        ("arrived_ts", "<i8"),  # when it met the book, ns
        ("peaks", "<i8"),  # how often an iceberg showed another peak
        ("triggered_ts", "<i8"),  # when its stop was reached, ns; 0 = not yet
        ("ahead_at_arrival", "<i8"),  # displayed size when it joined its queue
        ("traded_ahead", "<f8"),  # traded away ahead of it since
        ("cancelled_ahead", "<f8"),  # cancelled ahead of it since
        ("traded_at_price", "<i8"),  # volume at its price since it joined
        ("beyond_depth", "<i8"),  # part of `filled` beyond the depth shown
        ("report_latency", "<i8"),  # of its last report, ns
        ("condition", "<i8"),  # conditional.CONDITION; 0 = none
        ("impact", "<i8"),  # money booked for it by the impact model (SEMANTICS 36)
        ("met_ts", "<i8"),  # close of the last bar that it met, ns
        ("target_share", "<i8"),  # ORDER's; 0 = its quantity stands
    ],
    align=True,
)
"""An order as the venue has it. `sent_ts` and `arrived_ts` give its order latency."""

VENUE_LEVEL: Final = np.dtype(
    [
        ("price", "<i8"),  # price units
        ("side", "<i8"),  # side of the book: +1 bid, -1 ask
        ("better", "<i8"),
        ("worse", "<i8"),
        ("first", "<i8"),  # VENUE_ORDERS, in the order of their arrival
        ("last", "<i8"),
        ("shown", "<i8"),  # displayed size when last looked at, quantity units
        ("taken", "<i8"),  # of it we took (SEMANTICS 35)
        ("traded", "<i8"),  # traded, its decrease not seen yet (SEMANTICS 33)
        ("traded_ts", "<i8"),  # venue time of the last trade there, ns
        ("cancelled", "<i8"),  # decreases at `cancelled_ts` no trade explains yet
        ("cancelled_ts", "<i8"),  # venue time of the last decrease, ns
        ("before", "<i8"),  # size before those decreases, less explained trades
    ],
    align=True,
)
"""A price that concerns us."""

PENDING: Final = np.dtype(
    [
        ("time", "<i8"),  # when it is due, ns
        ("sequence", "<i8"),  # equal times: the lower first
        ("left", "<i8"),  # heap
        ("right", "<i8"),
        ("message", "<i8"),  # Message
        ("order", "<i8"),  # VENUE_ORDERS
        ("client_order_id", "<i8"),  # the index may have a new owner by then
        ("decided_ts", "<i8"),  # a request's: when it was decided, ns
        ("quantity", "<i8"),  # REPLACE: new total; 0 = unchanged
        ("price", "<i8"),  # REPLACE: new limit; NO_PRICE = unchanged
        ("stop_price", "<i8"),  # REPLACE: new stop; NO_PRICE = unchanged
        ("impact", "<i8"),  # REPORT: money that its fill pays for its impact
        ("trail", "<i8"),  # REPLACE: new distance; 0 = unchanged
        ("options", "<i8"),  # REPLACE: what the gesture meant its limit to do
        ("report", REPORT),  # REPORT: what is delivered
    ],
    align=True,
)
"""A request or report on its way. Record 0 is the report that found no room."""

VENUE_MODEL: Final = np.dtype(
    [
        ("latency", "<i8"),  # latency.LatencyModel
        ("order_latency", "<i8"),  # constant or median, ns
        ("report_latency", "<i8"),  # constant or median, ns
        ("spread", "<f8"),  # log-normal: standard deviation of the logarithm
        ("seed", "<i8"),
        ("first_latency", "<i8"),  # recorded: first of its rows in VENUE_LATENCIES
        ("latencies", "<i8"),  # recorded: how many
        ("queue", "<i8"),  # queue.QueueModel
        ("share", "<i8"),  # queue.FrontShare
        ("exponent", "<f8"),  # of the power function, or the fixed share
        ("whole_order", "<i8"),  # 1: a trade through fills the whole order
        ("fills_from", "<i8"),  # bars.FillSource: book or bars
        ("participation", "<i8"),  # ppm of a bar's volume we may have (39); -1 = all
        ("slippage", "<i8"),  # price units added to a stop that a bar triggers (38)
        ("touch_fills", "<i8"),  # 1: a bar that touches a limit fills it (38)
        ("bar_interval", "<i8"),  # ns that a bar lasts; 0 = unknown
        ("sized_at_fill", "<i8"),  # 1: a share of equity is sized by the fill's price
        ("impact", "<i8"),  # impact.ImpactModel
        ("temporary_impact", "<f8"),  # coefficients of the impact model
        ("permanent_impact", "<f8"),
        ("volatility", "<f8"),  # of a day, as a share of the price
        ("day_volume", "<f8"),  # quantity units of a day
        ("impact_decay", "<f8"),  # ns until half of the temporary part is gone
    ],
    align=True,
)
"""Models of one instrument; same index as INSTRUMENTS. Written by VenueModels."""

LATENCY: Final = np.dtype(
    [
        ("ts", "<i8"),  # when a request was sent, ns
        ("order_latency", "<i8"),  # ns
        ("report_latency", "<i8"),  # ns
    ],
    align=True,
)
"""One recorded round trip."""

IMPACT: Final = np.dtype(
    [
        ("volume", "<f8"),  # signed volume of ours that still weighs, quantity units
        ("total", "<f8"),  # … that weighs for good
        ("ts", "<i8"),  # venue time up to which `volume` has decayed, ns
        ("paid", "<i8"),  # money booked so far
    ],
    align=True,
)
"""Our own impact in one instrument; same index as INSTRUMENTS."""

venue = section(Section.VENUE, VENUE)
venue_instruments = section(Section.VENUE_INSTRUMENTS, VENUE_INSTRUMENT)
venue_orders = section(Section.VENUE_ORDERS, VENUE_ORDER)
venue_levels = section(Section.VENUE_LEVELS, VENUE_LEVEL)
pending = section(Section.PENDING, PENDING)
models = section(Section.VENUE_MODELS, VENUE_MODEL)
latencies = section(Section.VENUE_LATENCIES, LATENCY)
impacts = section(Section.IMPACTS, IMPACT)

LEVEL_CAPACITY: Final = 1 << 16
PENDING_CAPACITY: Final = 1 << 16
LATENCY_CAPACITY: Final = 1 << 20


def layout(instrument_count: int) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Sections of a session whose venue is simulated; reserved, not taken."""
    return {
        Section.VENUE: (VENUE, 1),
        Section.VENUE_INSTRUMENTS: (VENUE_INSTRUMENT, instrument_count),
        Section.VENUE_ORDERS: (VENUE_ORDER, ORDER_CAPACITY + 1),
        Section.VENUE_LEVELS: (VENUE_LEVEL, LEVEL_CAPACITY),
        Section.PENDING: (PENDING, PENDING_CAPACITY),
        Section.VENUE_MODELS: (VENUE_MODEL, instrument_count),
        Section.VENUE_LATENCIES: (LATENCY, LATENCY_CAPACITY),
        Section.IMPACTS: (IMPACT, instrument_count),
        **conditional_layout(instrument_count, ORDER_CAPACITY),
    }
