"""Records: everything that crosses a thread, a ring or the log, field by field.

One idea: an event is a fixed-size record with a common 32-byte header. Market data
takes one slot of 64 bytes; commands and reports take two (128 bytes). All numbers are
integers: prices in price units, quantities and sizes in quantity units, times in
nanoseconds since 1970 UTC, money in 1e-8 of a currency (`MONEY_SCALE`).

Records are little-endian and aligned, so the same bytes serve the ring, the log, the
catalog and NumPy. Kernels index fields in brackets: ``record["size"]``.
"""

from enum import IntEnum
from typing import Final

import numpy as np

MONEY_SCALE: Final = 100_000_000
"""Money amounts are int64 counts of 1e-8 of their currency."""

NO_PRICE: Final = -(2**63)
"""Marks an absent price; real prices satisfy |price| < 2**62."""

MARKET_BYTES: Final = 64
"""Bytes of a market record."""
WIDE_BYTES: Final = 128
"""Bytes of a command or a report."""

BUY: Final = 1
SELL: Final = -1


class EventKind(IntEnum):
    """What a record says; the header's `kind`."""

    BAR = 1
    QUOTE = 2
    TRADE = 3
    LEVEL = 4  # a price level's new displayed size; 0 = gone
    ORDER_ADD = 5
    ORDER_MODIFY = 6  # new price and size of a resting order
    ORDER_CANCEL = 7  # `size` withdrawn; 0 = all that is left
    ORDER_EXECUTE = 8  # `size` of a resting order traded; `side` is the resting side
    SNAPSHOT_BEGIN = 9  # the book is emptied; what follows rebuilds it
    SNAPSHOT_END = 10  # the book is whole again
    GAP = 11  # data lost; stale until a snapshot
    SESSION = 12  # `count` holds a SessionState
    TIMER = 13  # time passes; `reference` names the timer, 0 = clock only
    COMMAND = 14
    REPORT = 15
    SIGNAL = 16
    FEED_STATUS = 17  # `count`: FeedStatus; `reference`: expected silence bound, ns
    DIVIDEND = 18  # ex-date: `price` money (1e-8) per whole unit of the instrument
    SPLIT = 19  # ex-date: `size` new units for `reference` old ones
    FUNDING = 20  # `price`: rate in 1e-9 of the position's value, longs pay if > 0


class RecordFlag(IntEnum):
    """Bits of the header's `flags`."""

    SNAPSHOT = 1  # part of a snapshot
    LAST = 2  # last record of one venue event: the book is consistent after it
    INFERRED = 4  # aggressor inferred from the quote (SEMANTICS 31)
    REPLAYED = 8  # read from a recording, not from a live venue
    BEYOND_DEPTH = 16  # a fill beyond the depth the feed shows (SEMANTICS 36)
    SETTLEMENT = 32  # a position closed at its contract's settlement (SEMANTICS 8)


class SessionState(IntEnum):
    """Trading session of an instrument, in a SESSION record's `count`."""

    UNKNOWN = 0
    PRE_OPEN = 1
    OPENING_AUCTION = 2
    OPEN = 3
    CLOSING_AUCTION = 4
    CLOSED = 5
    HALTED = 6
    EXTENDED = 7  # outside regular hours: only orders that may work there do


class FeedStatus(IntEnum):
    """State of a feed, in a FEED_STATUS record's `count`."""

    CONNECTED = 1
    DISCONNECTED = 2
    ENDED = 3


class TradeCondition(IntEnum):
    """Bits of a trade's `conditions` (SEMANTICS 37: these neither fill nor trigger)."""

    AVERAGE_PRICE = 1
    LATE = 2
    EXTENDED_HOURS = 4
    ODD_LOT = 8
    AUCTION = 16
    HIDDEN = 32  # against a hidden order; the displayed book does not change
    CROSS = 64  # an auction cross


_HEADER = [
    ("ts_venue", "<i8"),  # when it happened at the venue, ns since 1970 UTC
    ("ts_received", "<i8"),  # when we had it, ns since 1970 UTC
    ("sequence", "<i8"),  # the source's own sequence number; 0 = none
    ("instrument", "<i4"),  # index in the session's instrument table; -1 = none
    ("kind", "u1"),  # EventKind
    ("source", "u1"),  # number of the producing ring
    ("flags", "<u2"),  # RecordFlag
]

MARKET: Final = np.dtype(
    [
        *_HEADER,
        ("price", "<i8"),  # price units
        ("size", "<i8"),  # quantity units (see EventKind for its meaning)
        ("reference", "<i8"),  # venue order id, missing count, timer id ...
        ("count", "<i4"),  # orders at the level; or a state code
        ("side", "i1"),  # +1 bid, -1 ask: the side of the book
        ("aggressor", "i1"),  # +1 buyer, -1 seller, 0 unknown
        ("conditions", "<u2"),  # TradeCondition
    ],
    align=True,
)
"""A level, trade, order event, session or timer: 64 bytes."""

QUOTE: Final = np.dtype(
    [
        *_HEADER,
        ("bid_price", "<i8"),  # price units; NO_PRICE = no bid
        ("bid_size", "<i8"),  # quantity units
        ("ask_price", "<i8"),  # price units; NO_PRICE = no ask
        ("ask_size", "<i8"),  # quantity units
    ],
    align=True,
)
"""Best bid and ask: 64 bytes, laid over MARKET."""

BAR: Final = np.dtype(
    [
        *_HEADER,  # ts_venue is the bar's close (SEMANTICS 12)
        ("open", "<i8"),  # price units
        ("volume", "<i8"),  # quantity units
        ("high_offset", "<i4"),  # high - open, price units
        ("low_offset", "<i4"),  # low - open, price units
        ("close_offset", "<i4"),  # close - open, price units
        ("trades", "<i4"),  # number of trades; 0 = unknown
    ],
    align=True,
)
"""One bar: 64 bytes, laid over MARKET."""


class Action(IntEnum):
    """What a command asks for."""

    NEW = 1
    CANCEL = 2
    REPLACE = (
        3  # `quantity` is the new total, 0 = unchanged; price NO_PRICE = unchanged
    )
    CANCEL_ALL = 4  # of `instrument` (-1: all); `side` 0 = both
    SET_STATE = 5  # SafetyState in `value`
    SET_LIMIT = 6  # RiskLimit in `group` becomes `value`, for `instrument` or -1
    KILL = 7  # `value` 1: also flatten
    FLATTEN = 8  # close the position of `instrument` (-1: all)
    SET_WINDOW = 9  # depth window of `instrument` starts at `price`; NO_PRICE = touch
    STOP_STRATEGY = 10
    START_STRATEGY = 11
    BOOK_PNL = 12  # `value` money to realised P&L of `instrument`
    SET_MARK = 13  # previous settlement of `instrument` becomes `price`
    SET_RESTRICTED = 14  # `value` 1: no orders in `instrument`
    SET_SHORTABLE = 15  # `value` 0: no short sales in `instrument`
    SET_CONVERSION = 16  # `value`: 1e-9 of base currency for one unit of `instrument`'s
    SET_SESSION = 17  # SessionState of `instrument` (-1: all) becomes `value`
    SET_BORROW = 18  # `instrument`: `quantity` located, `value` ppm per year
    FIRE_DRILL = 19  # built-in exchange: fire drill `value`, see exchange.drill_table


class OrderType(IntEnum):
    """How an order's price is set [FIX 40]."""

    MARKET = 1
    LIMIT = 2
    STOP = 3
    STOP_LIMIT = 4
    TRAILING_STOP = 5
    TRAILING_STOP_LIMIT = 6


class TimeInForce(IntEnum):
    """How long an order may live [FIX 59]."""

    DAY = 0
    GTC = 1
    AT_THE_OPEN = 2
    IOC = 3
    FOK = 4
    GTD = 6
    AT_THE_CLOSE = 7


class Trigger(IntEnum):
    """The price that triggers a stop (SEMANTICS 21)."""

    DEFAULT = 0
    LAST = 1
    TOUCH = 2
    MID = 3
    MARK = 4


class GroupRole(IntEnum):
    """An order's part in its group (SEMANTICS 28, 29)."""

    NONE = 0
    OCO_ENTRY = 1
    OCO_EXIT = 2
    BRACKET_ENTRY = 3
    BRACKET_TARGET = 4
    BRACKET_STOP = 5


class OrderOption(IntEnum):
    """Bits of a command's, an order's and a report's `options`."""

    POST_ONLY = 1
    REDUCE_ONLY = 2
    OUTSIDE_HOURS = 4
    CONFIRMED = 8  # the user confirmed a click whose meaning had changed
    GESTURE = 16  # `book_sequence` is that of the frame the user saw
    WHOLE_ORDER_FILL = 32  # model choice of SEMANTICS 30
    RESTING_INTENT = 64  # the gesture meant the order to rest


COMMAND: Final = np.dtype(
    [
        *_HEADER,  # ts_received: when the gesture or decision was made
        ("action", "u1"),  # Action
        ("side", "i1"),  # BUY, SELL
        ("order_type", "u1"),  # OrderType
        ("time_in_force", "u1"),  # TimeInForce
        ("trigger", "u1"),  # Trigger
        ("role", "u1"),  # GroupRole
        ("options", "<u2"),  # OrderOption
        ("client_order_id", "<i8"),  # ours; unique in a session, > 0
        ("quantity", "<i8"),  # quantity units; REPLACE: the new total
        ("price", "<i8"),  # limit, price units; NO_PRICE = none
        ("stop_price", "<i8"),  # price units; NO_PRICE = none
        ("display_quantity", "<i8"),  # iceberg peak, quantity units; 0 = all
        ("trail", "<i8"),  # > 0: price units; < 0: parts per million of the price
        ("expire_ts", "<i8"),  # GTD: ns since 1970 UTC
        ("book_sequence", "<i8"),  # sequence of the painted book (GESTURE)
        ("value", "<i8"),  # what a SET_… action sets; NEW: ORDER's target_share
        ("group", "<i4"),  # group number; 0 = none; SET_LIMIT: RiskLimit
        ("strategy", "<i4"),  # strategy number; 0 = manual
        ("account", "<i4"),  # account number; 0 = ours
        ("protection_ticks", "<i4"),  # steps from the touch; -1 = instrument's default
    ],
    align=True,
)
"""A request to the engine: 128 bytes."""


class ReportType(IntEnum):
    """What an execution report tells [FIX 150], and what the engine says of itself."""

    PENDING_NEW = 1  # accepted by the gate, on its way to the venue
    NEW = 2  # accepted by the venue
    FILL = 3
    CANCELLED = 4
    REPLACED = 5
    REJECTED = 6
    CANCEL_REJECTED = 7
    REPLACE_REJECTED = 8
    EXPIRED = 9
    TRIGGERED = 10
    PENDING_CANCEL = 11
    PENDING_REPLACE = 12
    HELD = 13  # a gesture whose meaning changed waits for a confirm
    STATE = 20  # safety state changed: now `quantity`, before `filled`
    LIMIT = 21  # RiskLimit `group` became `quantity`
    STRATEGY = 22  # `quantity`: StrategyState; `reason` why
    STALE = 23  # the instrument became stale (`quantity` 1) or fresh (0)
    KILL = 24  # progress: `leaves` orders still to be cancelled
    LOG = 25  # a line of a strategy (`strategy` > 0), or a warning: `reason`
    DRILL = 26  # fire drill `group` began (`quantity` 1), ended (0) or was refused


class OrderStatus(IntEnum):
    """Where an order stands [FIX 39]."""

    NONE = 0
    PENDING_NEW = 1
    NEW = 2
    PARTIALLY_FILLED = 3
    FILLED = 4
    CANCELLED = 5
    REJECTED = 6
    EXPIRED = 7
    PENDING_CANCEL = 8
    PENDING_REPLACE = 9
    TRIGGERED = 10
    INACTIVE = 11  # a stop that has not triggered
    HELD = 12  # waits for its hours


class Reason(IntEnum):
    """Why an order was refused or ended."""

    NONE = 0
    # the command itself
    UNKNOWN_INSTRUMENT = 1
    UNKNOWN_ORDER = 2
    DUPLICATE_ORDER_ID = 3
    UNSUPPORTED = 4  # the venue does not offer this type or option
    BAD_QUANTITY = 5  # not positive, or off the order step
    QUANTITY_TOO_SMALL = 6
    QUANTITY_TOO_LARGE = 7
    VALUE_TOO_SMALL = 8
    OFF_TICK = 9  # `last_price` of the report: the nearest valid price
    BAD_PRICE = 10  # absent where needed, or outside the instrument's bands
    POOL_FULL = 11
    ORDER_ENDED = 12
    # the venue
    NO_OPPOSITE_SIDE = 20
    POST_ONLY_WOULD_CROSS = 21
    FOK_NOT_FILLABLE = 22
    IOC_REMAINDER = 23
    SELF_MATCH = 24
    STOP_THROUGH_MARKET = 25
    NOT_REDUCING = 26
    HALTED = 27
    CLOSED = 28
    EXPIRED = 29
    USER = 30  # cancelled as a user asked
    MARKET_CLOSED_CUTOFF = 31
    NOT_CONNECTED = 32
    GROUP = 33  # changed or cancelled by its group
    AUCTION_MISSED = 34  # an auction order that the auction did not fill
    TRAILED = 35  # a trailing stop followed its price
    NOT_TRADING = 36  # the contract's last trading day is over
    VENUE_BUSY = 37  # the venue takes no orders just now
    SIZED = 38  # sized again by the price at which it is filled
    STRATEGY = 39  # cancelled as its strategy asked
    # the risk gate
    MAX_ORDER_SIZE = 40
    MAX_ORDER_VALUE = 41
    MAX_POSITION_SIZE = 42
    MAX_SYMBOL_EXPOSURE = 43
    MAX_GROSS_EXPOSURE = 44
    MAX_DAILY_LOSS = 45
    MAX_DRAWDOWN = 46
    PRICE_COLLAR = 47  # `last_price`: the collar's price
    MESSAGE_RATE = 48
    DUPLICATE = 49
    RESTRICTED = 50
    SHORT_SALE = 51
    STALE_BOOK = 52
    SESSION_HOURS = 53
    STATE_VIEW = 54
    STATE_REDUCE = 55
    STATE_KILLED = 56
    NO_CONVERSION_RATE = 57
    NO_PRICE_REFERENCE = 58
    STRATEGY_STOPPED = 59
    INSUFFICIENT_MARGIN = 60  # initial margin, or cash in a cash account
    NO_LOCATE = 61  # more sold short than was located
    # a gesture
    MEANING_CHANGED = 70
    # how positions and orders were ended by the engine
    KILLED = 80
    LOSS_LIMIT = 81
    STRATEGY_RAISED = 82
    CORPORATE_ACTION = 83
    SETTLED = 84  # closed by the contract's settlement
    # warnings, in a LOG
    FIRST_NOTICE = 85  # `quantity`: when delivery may first be announced, ns
    LAST_TRADING = 86  # `quantity`: when the contract's trading ends, ns


class SafetyState(IntEnum):
    """What may pass (SEMANTICS 52-54). VIEW at start."""

    VIEW = 0
    ARMED = 1
    REDUCE = 2
    KILLED = 3


class RiskLimit(IntEnum):
    """The limits of SEMANTICS 50; 0 switches a limit off unless said otherwise."""

    MAX_ORDER_SIZE = 1  # quantity units, per instrument
    MAX_ORDER_VALUE = 2  # money, base currency
    MAX_POSITION_SIZE = 3  # quantity units, per instrument
    MAX_SYMBOL_EXPOSURE = 4  # money, base currency
    MAX_GROSS_EXPOSURE = 5  # money, base currency
    MAX_DAILY_LOSS = 6  # money, base currency, positive
    MAX_DRAWDOWN = 7  # money, base currency, from the equity's peak
    COLLAR = 8  # parts per million through mid or last
    MESSAGE_RATE = 9  # messages per `RATE_WINDOW`
    RATE_WINDOW = 10  # ns
    DUPLICATE_ALLOWED = 11  # equal orders within `DUPLICATE_WINDOW`
    DUPLICATE_WINDOW = 12  # ns; 0 = off
    STALE_GUARD = 13  # 1 = refuse new risk on a stale book
    STALE_AFTER = 14  # ns of feed silence after which a book is stale; 0 = never
    SESSION_HOURS = 15  # 1 = refuse new risk outside the session
    CASH_ACCOUNT = 16  # 1 = no borrowing: purchases need settled cash, no shorts
    MARGIN = 17  # 1 = initial margin is asked for before new risk


REPORT: Final = np.dtype(
    [
        *_HEADER,  # ts_venue: when the venue did it; ts_received: when we knew
        ("report", "u1"),  # ReportType
        ("status", "u1"),  # OrderStatus after this report
        ("side", "i1"),  # BUY, SELL
        ("order_type", "u1"),  # OrderType
        ("reason", "<u2"),  # Reason
        ("options", "<u2"),  # OrderOption
        ("client_order_id", "<i8"),
        ("venue_order_id", "<i8"),
        ("quantity", "<i8"),  # total, quantity units
        ("filled", "<i8"),  # so far, quantity units
        ("leaves", "<i8"),  # still open, quantity units; 0 once ended
        ("price", "<i8"),  # working limit, price units; NO_PRICE = market
        ("stop_price", "<i8"),  # price units; NO_PRICE = none
        ("last_price", "<i8"),  # FILL: price; rejects: nearest valid or bounding price
        ("last_quantity", "<i8"),  # FILL: quantity; limits: the limit's value
        ("fee", "<i8"),  # money of this fill; > 0 is paid
        ("group", "<i4"),
        ("strategy", "<i2"),
        ("time_in_force", "u1"),  # TimeInForce
        ("liquidity", "i1"),  # FILL: +1 maker, -1 taker, 0 unknown
    ],
    align=True,
)
"""What happened to an order, or to the engine: 128 bytes."""

assert {MARKET.itemsize, QUOTE.itemsize, BAR.itemsize} == {MARKET_BYTES}
assert {COMMAND.itemsize, REPORT.itemsize} == {WIDE_BYTES}
