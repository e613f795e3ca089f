"""Views: what the window reads of the engine, conflated.

The engine writes the newest VIEW into a ring of fixed slots, at most once per frame;
the reader takes the newest and skips the rest. A full ring means that the engine skips
one.
"""

from typing import Final

import numpy as np

DEPTH: Final = 50
"""Levels per side in a view."""
VIEW_INSTRUMENTS: Final = 20
VIEW_ORDERS: Final = 128
VIEW_HOLDINGS: Final = 128
HISTOGRAM_BUCKETS: Final = 64
"""Latency buckets: bucket b counts [2**(b/2), 2**((b+1)/2)) ns."""

VIEW_LEVEL: Final = np.dtype(
    [
        ("price", "<i8"),  # price units
        ("size", "<i8"),  # displayed, quantity units
        ("count", "<i8"),  # orders; 0 = unknown
    ]
)

VIEW_INSTRUMENT: Final = np.dtype(
    [
        ("book_sequence", "<i8"),  # counts every change of this book
        ("ts_venue", "<i8"),  # of the last record, ns
        ("ts_received", "<i8"),  # of the last record, ns
        ("stale", "<i8"),  # book.Stale reason; 0 = fresh
        ("stale_since", "<i8"),  # ns
        ("session", "<i8"),  # records.SessionState
        ("last_price", "<i8"),  # NO_PRICE = none yet
        ("last_size", "<i8"),
        ("last_aggressor", "<i8"),
        ("last_ts", "<i8"),
        ("high", "<i8"),  # of the session, price units; NO_PRICE = none
        ("low", "<i8"),
        ("volume", "<i8"),  # traded in the session, quantity units
        ("bid_levels", "<i8"),  # filled rows of `bids`
        ("ask_levels", "<i8"),
        ("position", "<i8"),  # the account's, quantity units
        ("average_price", "<f8"),  # price units; NaN = flat
        ("mark", "<i8"),  # price units, doubled (a mid may lie between); NO_PRICE
        ("realised", "<i8"),  # money, instrument's currency
        ("unrealised", "<i8"),
        ("fees", "<i8"),
        ("working_buy", "<i8"),  # worst case, quantity units
        ("working_sell", "<i8"),
        ("exposure", "<i8"),  # money, base currency, with working orders
        ("cash", "<i8"),  # money of its fills less fees, instrument's currency
        ("conversion", "<i8"),  # 1e-9 of the base currency for one of its; 0 = unknown
        ("limits", "<i8", (32,)),  # that hold for it, by RiskLimit
        ("used", "<i8", (32,)),  # what each of them stands at
        ("bids", VIEW_LEVEL, (DEPTH,)),  # best first
        ("asks", VIEW_LEVEL, (DEPTH,)),
    ]
)

VIEW_ORDER: Final = np.dtype(
    [
        ("client_order_id", "<i8"),
        ("queue_ahead", "<i8"),  # quantity units; -1 = unknown
        ("queue_total", "<i8"),  # displayed at the level; -1 = unknown
    ]
)

VIEW_STRATEGY: Final = np.dtype(
    [
        ("state", "<i8"),  # strategy.StrategyState
        ("realised", "<i8"),  # money, base currency
        ("unrealised", "<i8"),
        ("fees", "<i8"),
    ]
)

VIEW_HOLDING: Final = np.dtype(
    [
        ("instrument", "<i8"),
        ("strategy", "<i8"),  # 0 = by hand
        ("unmanaged", "<i8"),  # 1: its strategy stopped (SEMANTICS 54)
        ("position", "<i8"),  # quantity units
        ("average_price", "<f8"),  # price units; NaN = flat
        ("realised", "<i8"),  # money, instrument's currency
        ("unrealised", "<i8"),
        ("fees", "<i8"),
    ]
)
"""What one strategy, or the hand, has of an instrument's position."""

VIEW: Final = np.dtype(
    [
        ("event", "<i8"),  # number of the last event folded
        ("now", "<i8"),  # engine's clock, ns
        ("wall", "<i8"),  # wall clock when the view was made, ns
        ("safety_state", "<i8"),
        ("state_reason", "<i8"),
        ("state_since", "<i8"),
        ("halted", "<i8"),
        ("market_records", "<i8"),  # counters since the start
        ("commands", "<i8"),
        ("reports", "<i8"),
        ("rejects", "<i8"),
        ("fills", "<i8"),
        ("events_lost", "<i8"),  # reports that found the window's ring full
        ("market_lost", "<i8"),
        ("views_skipped", "<i8"),
        ("log_records", "<i8"),
        ("log_durable", "<i8"),  # records known to be on disk
        ("instruments", "<i8"),
        ("orders", "<i8"),  # filled rows of `working`
        ("holdings", "<i8"),  # filled rows of `holding`
        ("equity", "<i8"),  # money, base currency
        ("realised", "<i8"),
        ("unrealised", "<i8"),
        ("fees", "<i8"),
        ("day_pnl", "<i8"),
        ("drawdown", "<i8"),
        ("gross_exposure", "<i8"),
        ("net_exposure", "<i8"),
        ("exposure_known", "<i8"),
        ("cash", "<i8"),
        ("settled_cash", "<i8"),
        ("initial_margin", "<i8"),  # asked for by what is held and works
        ("maintenance_margin", "<i8"),  # asked for by what is held
        ("borrow_fees", "<i8"),
        ("funding", "<i8"),
        ("histogram", "<i8", (HISTOGRAM_BUCKETS,)),  # ring → log latency of events
        ("command_histogram", "<i8", (HISTOGRAM_BUCKETS,)),  # gesture → log
        ("limits", "<i8", (32,)),  # account-wide limits, by RiskLimit
        ("used", "<i8", (32,)),  # what each of them stands at
        ("reject_counts", "<i8", (100,)),  # by Reason
        ("working", VIEW_ORDER, (VIEW_ORDERS,)),
        ("instrument", VIEW_INSTRUMENT, (VIEW_INSTRUMENTS,)),
        ("strategy", VIEW_STRATEGY, (32,)),
        ("holding", VIEW_HOLDING, (VIEW_HOLDINGS,)),
    ]
)
"""All that one frame of the window needs, in one slot."""
