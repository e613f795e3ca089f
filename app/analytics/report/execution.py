"""What trading cost and how orders were filled."""

import numpy as np

from app.analytics.performance import NAN
from app.analytics.report.records import Section, Statistic
from app.analytics.run_data import Floats, RunData


def costs_section(run: RunData) -> Section:
    """Fees, slippage and the spread, in money and of what was traded."""
    fills, years = run.fills, max(len(np.unique(run.days)), 1) / run.days_per_year
    traded, fees = float(fills["value"].sum()), float(fills["fee"].sum())
    slippage = _sum(fills["slippage"])
    quoted = np.isfinite(fills["spread_paid"])
    spread = _sum(fills["spread_paid"])
    gross = float(run.equity[-1]) - run.start + fees if len(run.ts) else NAN
    mean = float(run.equity.mean()) if len(run.ts) else NAN
    rows = (
        Statistic("fees", "Fees", fees, "money", "What fills paid to venue and broker; rebates count against it.", better=-1),
        Statistic("fees_bps", "Fees of what was traded", _share(fees, traded), "bps", "Fees ÷ value traded.", better=-1),
        Statistic("fees_of_profit", "Fees of the gross profit", _share(fees, gross) if gross > 0 else NAN, "percent", "Fees ÷ profit before fees; not defined without a profit.", better=-1),
        Statistic("traded", "Value traded", traded, "money", "Sum of |price × quantity × multiplier| of all fills."),
        Statistic("turnover", "Turnover a year", _share(traded, mean) / years / 2, "ratio", "Value traded ÷ 2 ÷ mean equity, of a year: how often the capital was turned round."),
        Statistic("slippage", "Slippage", slippage, "money", "Sum over fills of side × (price − arrival price) × quantity: what was lost between decision (of a stop: trigger) and fill. The arrival price is the mid, else the last price, when the order was decided, and of a stop its stop price when it was triggered; below 0 is won.", "Perold (1988)", better=-1),
        Statistic("slippage_bps", "Slippage of what was traded", _share(slippage, traded), "bps", "Slippage ÷ value traded.", "Perold (1988)", better=-1),
        Statistic("spread_paid", "Spread paid", spread if quoted.any() else NAN, "money", "Sum over fills of side × (price − mid just before the fill) × quantity; below 0 is earned. Not defined over data without quotes.", "Huang and Stoll (1996), effective half-spread", better=-1),
        Statistic("spread_paid_bps", "Spread paid of what was traded", _share(spread, float(fills["value"][quoted].sum())) if quoted.any() else NAN, "bps", "Spread paid ÷ value traded where there was a mid.", better=-1),
    )  # fmt: skip
    return Section("costs", "Costs", rows)


def execution_section(run: RunData) -> Section:
    """How orders were filled, and how long it took."""
    fills, orders = run.fills, run.orders
    rejects = sum(run.card["rejects"].values())
    told = fills["liquidity"] != 0
    sent = int(run.card["orders_sent"])
    asked, filled = orders["quantity"], orders["filled"]
    wait = orders["time_to_fill_s"]
    wait = wait[np.isfinite(wait)]
    # Over bars nothing happens between two of them, so latencies say nothing.
    is_timed = any(each["basis"] != "bars" for each in run.card["data"])
    accepted = (orders["accepted_ts"] > 0) & is_timed
    out = (orders["accepted_ts"] - orders["ts"])[accepted] / 1e9
    known = (orders["acknowledged_ts"] > 0) & is_timed
    back = (orders["acknowledged_ts"] - orders["ts"])[known] / 1e9
    cancelled = orders["status"] == "cancelled"
    rows = (
        Statistic("orders", "Orders sent", sent, "count", "Orders that passed the gate and were sent to the venue."),
        Statistic("fills", "Fills", len(fills), "count", "Parts in which orders were filled."),
        Statistic("fill_ratio", "Fill ratio", _share(float(filled.sum()), float(asked.sum())), "percent", "Quantity filled ÷ quantity asked for, over all orders.", better=1),
        Statistic("filled_orders", "Orders filled", _share(float((filled > 0).sum()), float(sent)), "percent", "Share of the orders sent that were filled at all."),
        Statistic("order_to_trade", "Order-to-trade ratio", _share(float(sent + orders["replaces"].sum() + cancelled.sum()), float(len(fills))), "ratio", "Orders, replaces and cancels ÷ fills; venues bound it.", "ESMA, RTS 9 (2016)", better=-1),
        Statistic("cancelled", "Orders cancelled", int(cancelled.sum()), "count", "Orders that ended by a cancel."),
        Statistic("rejects", "Orders refused", rejects, "count", "Orders that the gate's rules or the venue refused; the list by rule is below.", better=-1),
        Statistic("maker_share", "Maker share", _share(float((fills["liquidity"] > 0).sum()), float(told.sum())), "percent", "Share of fills of orders that rested in the book."),
        Statistic("time_to_fill_s", "Time to fill, median", _quantile(wait, 0.5), "seconds", "From the decision to the last fill of an order, of a stop from its trigger; half took less."),
        Statistic("time_to_fill_95_s", "Time to fill, 95 %", _quantile(wait, 0.95), "seconds", "95 % of filled orders took less."),
        Statistic("order_latency_s", "Order latency, median", _quantile(out, 0.5), "seconds", "From the decision until the venue had the order, as the latency model made it; not defined over bars."),
        Statistic("order_latency_99_s", "Order latency, 99 %", _quantile(out, 0.99), "seconds", "99 % of orders were faster."),
        Statistic("round_trip_s", "Acknowledged, median", _quantile(back, 0.5), "seconds", "From the decision until the venue's acknowledgement was known."),
        Statistic("round_trip_99_s", "Acknowledged, 99 %", _quantile(back, 0.99), "seconds", "99 % were known sooner."),
        Statistic("lucky_share", "Fills that needed luck", _share(float(fills["lucky"].sum()), float(len(fills))), "percent", "Share of fills of resting orders where the market did not go through their price, so that the fill rests on the model of the queue.", better=-1),
    )  # fmt: skip
    return Section("execution", "Execution", rows)


def _sum(values: Floats) -> float:
    return float(np.nansum(values))


def _share(part: float, whole: float) -> float:
    return part / whole if whole else NAN


def _quantile(values: Floats, level: float) -> float:
    return float(np.quantile(values, level)) if len(values) else NAN
