"""State that several rooms of the engine read: the session, instruments, orders, money.

Each record is written by one room, named beside it, and read by the others. What only
one room uses stands in that room's own module. All live in arena sections.
"""

from typing import Any, Final

import numpy as np

from app.engine.arena import Section, section
from app.errors import EngineError

ENGINE: Final = np.dtype(
    [
        ("now", "<i8"),  # clock of the engine: received time of the event in hand, ns
        ("venue_now", "<i8"),  # venue time reached by the simulated venue, ns
        ("event", "<i8"),  # number of the event in hand, from 1
        ("session_id", "<i8"),
        ("safety_state", "<i8"),  # records.SafetyState; written by the gate
        ("state_reason", "<i8"),  # records.Reason of the last change of state
        ("state_since", "<i8"),  # ns
        ("armed_by", "<i8"),  # command sequence that armed
        ("instruments", "<i8"),  # how many there are
        ("next_venue_order_id", "<i8"),
        ("next_engine_order_id", "<i8"),  # client order ids of the engine's own orders
        ("reports", "<i8"),  # emitted so far
        ("rejects", "<i8"),
        ("fills", "<i8"),
        ("market_records", "<i8"),
        ("commands", "<i8"),
        ("trade_date", "<i8"),  # days since 1970 of the current trade date
        (
            "schedule_due",
            "<i8",
        ),  # schedule: next row or timer, ns; 0 = not looked at yet
        ("halted", "<i8"),  # 1: an invariant broke; nothing but cancels passes
        ("halt_code", "<i8"),
        ("bad_records", "<i8"),  # of unknown instruments or impossible times, dropped
        ("unused", "<i8", (11,)),
    ],
    align=True,
)
"""The session: one record, index 0. Written by the kernel; safety_state by the gate."""

INSTRUMENT: Final = np.dtype(
    [
        ("first_band", "<i4"),  # index in TICK_BANDS
        ("bands", "<i4"),  # number of tick bands
        ("kind", "<i4"),  # instrument.Kind
        ("book", "<i4"),  # the book strategies and window read
        ("venue_book", "<i4"),  # the book the simulated venue moves; may be the same
        ("consolidated", "<i4"),  # 1: crossed books and odd prints are normal
        ("full_depth", "<i4"),  # 1: the feed shows every level (SEMANTICS 36)
        ("by_order", "<i4"),  # 1: order-by-order data: the queue is exact
        ("order_step", "<i8"),  # quantity units
        ("order_min", "<i8"),  # quantity units
        ("order_max", "<i8"),  # quantity units; 0 = none
        ("min_value", "<i8"),  # money; 0 = none
        ("price_low", "<i8"),  # lowest order price, price units; NO_PRICE = none
        ("price_high", "<i8"),  # highest order price, price units; NO_PRICE = none
        ("money_numerator", "<i8"),  # price × quantity × numerator ÷ denominator
        ("money_denominator", "<i8"),  # … is money in the instrument's currency
        ("conversion", "<i8"),  # 1e-9 of base currency per unit of ours; 0 = unknown
        ("protection_ticks", "<i8"),  # default of SEMANTICS 17; -1 = no bound
        ("default_trigger", "<i8"),  # records.Trigger
        ("shortable", "<i8"),  # 0: short sales are refused
        ("restricted", "<i8"),  # 1: no new risk
        ("session", "<i8"),  # records.SessionState
        ("cash_product", "<i8"),  # 1: a purchase takes cash; 0: futures, perpetuals
        ("maker_fee", "<i8"),  # venue.fees: per price × quantity unit, in 1/denominator
        ("taker_fee", "<i8"),  # … of a money unit; negative is a rebate
        ("fee_per_unit", "<i8"),  # per quantity unit, in 1/denominator of a money unit
        ("fee_denominator", "<i8"),  # of the three above; 0 = no fees
        ("fee_per_order", "<i8"),  # money, once an order is filled at all
        ("fee_min", "<i8"),  # money per order; 0 = none
        ("fee_max", "<i8"),  # money per order; 0 = none
        ("fee_max_share", "<i8"),  # ppm of what the order traded; 0 = none
        (
            "window_price",
            "<i8",
        ),  # where the shown depth starts; NO_PRICE = at the touch
        ("calendar", "<i8"),  # its schedule in SCHEDULES; 0 = always open
        ("always", "<i8"),  # 1: every order works outside regular hours (24)
        ("trade_date", "<i8"),  # of its calendar, days since 1970
        ("regular_close", "<i8"),  # of this trade date's regular hours, ns; 0 = none
        ("at_open_until", "<i8"),  # cut-off of orders at the open, ns; 0 = none
        ("at_close_until", "<i8"),  # … at the close
        ("last_trading", "<i8"),  # no orders from here on, ns; 0 = never
        ("first_notice", "<i8"),  # ns; 0 = none
        ("initial_margin", "<i8"),  # ppm of a position's value (margin.py)
        ("maintenance_margin", "<i8"),  # ppm
        ("borrow_rate", "<i8"),  # ppm per year of a short's value
        ("located", "<i8"),  # quantity units that may be sold short; -1 = no bound
        ("settle_days", "<i8"),  # business days until cash of a trade is settled
        ("initial_per_unit", "<i8"),  # money per quantity unit, besides the ppm
        ("maintenance_per_unit", "<i8"),
        ("short_maintenance", "<i8"),  # ppm of a short's value
        ("short_floor", "<i8"),  # money per quantity unit of a short; see margin.py
        ("unit_numerator", "<i8"),  # a quantity unit is numerator ÷ denominator
        ("unit_denominator", "<i8"),  # … of a share, contract or coin
        ("rollover", "<i8"),  # ppm per year that longs pay at the date's change (FX)
        ("currency", "<i8"),  # number of its currency in the session; 0 = the base
        ("rate_of", "<i8"),  # currency whose rate its mark is; negative: the inverse
        ("rate_numerator", "<i8"),  # the rate, 1e-9: price × numerator ÷ denominator
        ("rate_denominator", "<i8"),
        ("price_numerator", "<i8"),  # a price unit is numerator ÷ denominator
        ("price_denominator", "<i8"),  # … of the currency
        ("unused", "<i8", (2,)),
    ],
    align=True,
)
"""An instrument's static data. Written by whoever composes, and by commands."""

TICK_BAND: Final = np.dtype([("from_price", "<i8"), ("step", "<i8")], align=True)
"""From this price on (price units), prices are multiples of `step`."""

ORDER: Final = np.dtype(
    [
        ("client_order_id", "<i8"),  # key of the order map
        ("venue_order_id", "<i8"),
        ("instrument", "<i4"),
        ("strategy", "<i4"),  # 0 = manual
        ("account", "<i4"),
        ("group", "<i4"),
        ("side", "i1"),  # BUY, SELL
        ("order_type", "u1"),  # records.OrderType
        ("time_in_force", "u1"),  # records.TimeInForce
        ("trigger", "u1"),  # records.Trigger
        ("role", "u1"),  # records.GroupRole
        ("status", "u1"),  # records.OrderStatus
        ("options", "<u2"),  # records.OrderOption
        ("new_options", "<u2"),  # of the gesture behind the pending replace's limit
        ("quantity", "<i8"),  # total
        ("filled", "<i8"),
        ("leaves", "<i8"),  # 0 once ended
        ("price", "<i8"),  # limit; NO_PRICE = none
        ("stop_price", "<i8"),  # NO_PRICE = none
        ("display_quantity", "<i8"),  # 0 = all
        ("trail", "<i8"),
        ("expire_ts", "<i8"),
        # share of the strategy's equity to hold afterwards, ppb; 0 = `quantity` stands
        ("target_share", "<i8"),
        ("new_quantity", "<i8"),  # of the pending replace; 0 = none pending
        ("new_price", "<i8"),  # of the pending replace
        ("new_stop_price", "<i8"),  # of the pending replace
        ("new_trail", "<i8"),  # of the pending replace; 0 = unchanged
        ("decided_ts", "<i8"),  # when the decision was made, ns
        ("accepted_ts", "<i8"),  # when the venue had it, ns
        ("fee", "<i8"),  # money so far
        ("protection_ticks", "<i4"),
        ("chain", "<i4"),  # order map
        ("next", "<i4"),  # in the list of working orders of its instrument
        ("previous", "<i4"),
        ("fee_unbounded", "<i8"),  # money before minimum and maximum; by venue.fees
        ("traded", "<i8"),  # money of its fills so far; by venue.fees
        ("counted", "<i8"),  # quantity units it stands for in the worst case (51)
        ("counted_price", "<i8"),  # |price| it is counted at, price units
        ("pending_replaces", "<i4"),  # replaces on their way
        ("end_reason", "<i2"),  # records.Reason why the gate asked for its cancel
        ("resting_status", "<i2"),  # records.OrderStatus while no request is pending
    ],
    align=True,
)
"""An order of ours, from the gate's acceptance to its end. Written by the gate."""

POSITION: Final = np.dtype(
    [
        ("quantity", "<i8"),  # signed, quantity units
        ("cost_high", "<i8"),  # open cost, 128 bits (money.py): high word
        ("cost_low", "<u8"),  # … low word
        ("realised", "<i8"),  # money, instrument's currency, without fees
        ("fees", "<i8"),  # money
        ("cash", "<i8"),  # money: signed value of all fills, negative when bought
        ("initial_margin", "<i8"),  # account's row: money, base, worst case
        ("maintenance_margin", "<i8"),  # … of what is held
        ("unsettled", "<i8"),  # account's row: proceeds not settled yet, money
        ("unrealised", "<i8"),  # money at the last mark
        ("mark", "<i8"),  # price units; NO_PRICE = none
        ("mark_doubled", "<i8"),  # twice the mark: a mid may lie on a half unit
        ("working_buy", "<i8"),  # quantity units, worst case (SEMANTICS 51)
        ("working_sell", "<i8"),
        ("working_buy_value", "<i8"),  # price × quantity units at the worse price
        ("working_sell_value", "<i8"),
        ("unmanaged", "<i8"),  # 1: its strategy stopped (SEMANTICS 54)
        ("exposure", "<i8"),  # money, base currency, worst case with working orders
        ("value", "<i8"),  # quantity at the mark, money
        ("holders", "<i8"),  # account's row: bit s: strategy s holds a position
    ],
    align=True,
)
"""A position: see `accounts.position_row`; strategy 0's rows are manual, the account's
sums stand in a last block. Written by the gate."""

ACCOUNT: Final = np.dtype(
    [
        ("cash", "<i8"),  # money, base currency
        ("start_equity", "<i8"),
        ("realised", "<i8"),
        ("unrealised", "<i8"),
        ("fees", "<i8"),
        ("equity", "<i8"),
        ("peak_equity", "<i8"),
        ("day_start_equity", "<i8"),
        ("gross_exposure", "<i8"),
        ("net_exposure", "<i8"),
        ("exposure_known", "<i8"),  # 0: a conversion rate is missing
        ("day_pnl", "<i8"),
        ("unknown", "<i8"),  # positions without a conversion rate
        ("settled_cash", "<i8"),  # cash that is settled (SEMANTICS 47)
        ("initial_margin", "<i8"),  # asked for by what is held and works
        ("maintenance_margin", "<i8"),  # asked for by what is held
        ("borrow_fees", "<i8"),  # accrued so far; part of `fees`
        ("funding", "<i8"),  # booked so far; part of `realised`
        ("unused", "<i8", (4,)),
    ],
    align=True,
)
"""Money in the base currency: row 0 the whole account, row s strategy s."""

SETTLE_SLOTS: Final = 8
"""Days of settlement that may be outstanding at once, and one more than the longest."""

UNSETTLED: Final = np.dtype(
    [
        ("date", "<i8"),  # trade date that was reached, days since 1970; 0 = none
        ("due", "<i8", (SETTLE_SLOTS,)),  # days since 1970
        ("amount", "<i8", (SETTLE_SLOTS,)),  # money, instrument's currency; 0 = free
    ],
    align=True,
)
"""Proceeds that are not settled yet, by instrument. Written by settlement."""

MAX_STRATEGIES: Final = 32
MAX_INSTRUMENTS: Final = 256

engine = section(Section.ENGINE, ENGINE)
instruments = section(Section.INSTRUMENTS, INSTRUMENT)
tick_bands = section(Section.TICK_BANDS, TICK_BAND)
orders = section(Section.ORDERS, ORDER)
positions = section(Section.POSITIONS, POSITION)
accounts = section(Section.ACCOUNTS, ACCOUNT)
unsettled = section(Section.UNSETTLED, UNSETTLED)


def fixed_layout(instrument_count: int) -> dict[Section, tuple[np.dtype[Any], int]]:
    """Sections of this module for a session with so many instruments.

    Raises
    ------
    EngineError
        If there are more than `MAX_INSTRUMENTS`.
    """
    if not 0 < instrument_count <= MAX_INSTRUMENTS:
        raise EngineError(
            f"instruments of a session: 1 to {MAX_INSTRUMENTS}, was {instrument_count}"
        )
    return {
        Section.ENGINE: (ENGINE, 1),
        Section.INSTRUMENTS: (INSTRUMENT, instrument_count),
        Section.TICK_BANDS: (TICK_BAND, 16 * instrument_count),
        Section.POSITIONS: (POSITION, (MAX_STRATEGIES + 1) * instrument_count),
        Section.ACCOUNTS: (ACCOUNT, MAX_STRATEGIES),
        Section.UNSETTLED: (UNSETTLED, instrument_count),
    }
