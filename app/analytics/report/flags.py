"""What a reader should know before believing a run, with what was found and why."""

import math

import numpy as np

from app.analytics.report.records import Flag, Level, Series
from app.analytics.report.statistics import least_track_record
from app.analytics.run_data import RunData

_FEW_TRADES, _SOME_TRADES = 30, 100
_FEW_YEARS, _SOME_YEARS = 1.0, 3.0
_LUCK, _MUCH_LUCK = 0.05, 0.25
_GAP_DAYS = 7
_UNFILLED = {
    "new": "rest still",
    "cancelled": "cancelled",
    "expired": "expired",
    "rejected": "refused",
}
_HALF = 0.5


def flags_of(
    run: RunData, series: Series, trials: int, deflated: float
) -> tuple[Flag, ...]:
    """Every flag of a run, the worst first."""
    found = [
        *_ends(run),
        *_made_up(run),
        *_no_book(run),
        *no_fills(run),
        _years(run, series),
        _trades(run),
        _record(series),
        _gaps(run, series),
        *([_luck(run), _costs(run)] if len(run.fills) else []),
        _concentration(run),
        _look_ahead(),
        _trials(trials, deflated),
    ]
    order: tuple[Level, ...] = ("bad", "warning", "note", "good")
    return tuple(sorted(found, key=lambda each: order.index(each.level)))


def _graded(value: float, few: float, some: float) -> Level:
    if value < few:
        return "bad"
    return "warning" if value < some else "good"


def _ends(run: RunData) -> list[Flag]:
    found = [
        Flag("failed", f"{each['id']} was stopped", "bad", each["failure"],
             "The run is of a program that did not do what it was meant to.")
        for each in run.card["strategies"] if each["failure"]
    ]  # fmt: skip
    if not run.card["is_whole"]:
        found.append(
            Flag("cancelled", "Not run to the end", "bad",
                 f"{run.card['events']:,} events were folded before it was cancelled",
                 "What is told is of the part that was run.")
        )  # fmt: skip
    return found


def _made_up(run: RunData) -> list[Flag]:
    rows = [each for each in run.card["data"] if each.get("is_made_up")]
    if not rows:
        return []
    names = ", ".join(dict.fromkeys(each["symbol"] for each in rows))
    sources = ", ".join(dict.fromkeys(each["source"] for each in rows))
    return [
        Flag("made_up", "The data are made up", "bad", f"{names}: {sources}",
             "A random walk, of no market's history: what made money on it was lucky.")
    ]  # fmt: skip


def _many(count: int, what: str) -> str:
    return f"{count:,} {what}" + ("" if count == 1 else "s")


def _no_book(run: RunData) -> list[Flag]:
    return [
        Flag("no_book", f"{symbol} never had a whole book", "bad",
             f"{_many(orders, 'order')} met no book",
             "The data tell changes of a book and no snapshot that begins it, so nothing "
             "could fill. Import data that begin with a snapshot, or start at one.")
        for symbol, orders in run.card.get("no_book", {}).items()
    ]  # fmt: skip


def no_fills(run: RunData) -> list[Flag]:
    """What became of the orders of a run in which nothing was filled."""
    if len(run.fills):
        return []
    calls = sum(int(each["calls"]) for each in run.card["strategies"])
    if not len(run.orders):
        return [
            Flag("no_fills", "No order was sent", "bad",
                 f"{_many(calls, 'call')} of handlers asked for none",
                 "What it waits for never came: plot it (ctx.plot). An indicator is NaN, "
                 "which is neither above nor below, until it has seen enough.")
        ]  # fmt: skip
    states, counts = np.unique(run.orders["status"], return_counts=True)
    told = ", ".join(
        f"{count:,} {_UNFILLED.get(str(state), str(state))}"
        for state, count in zip(states, counts, strict=True)
    )
    rules = run.card["rejects"]
    if rules:
        rule = max(rules, key=lambda each: int(rules[each])).replace("_", " ")
        told += f"; most refusals: {rule}"
    return [
        Flag("no_fills", "Nothing was filled", "bad",
             f"{_many(len(run.orders), 'order')}: {told}",
             "Orders that rest where the market never came make no money: compare their "
             "prices in the list of orders with the market's.")
    ]  # fmt: skip


def _years(run: RunData, series: Series) -> Flag:
    years = len(series.days) / run.days_per_year
    return Flag(
        "years", "Enough time", _graded(years, _FEW_YEARS, _SOME_YEARS),
        f"{len(series.days):,} trade dates, {years:.1f} years",
        "A Sharpe ratio of 1 needs about three years before it can be told from luck; "
        "few years hold few kinds of market.",
    )  # fmt: skip


def _trades(run: RunData) -> Flag:
    count = len(run.closed_trades)
    return Flag(
        "trades", "Enough trades", _graded(count, _FEW_TRADES, _SOME_TRADES),
        f"{count:,} closed trades",
        "The error of a mean falls with the root of its number: with 30 trades a win "
        "rate is known to ± 9 points only.",
    )  # fmt: skip


def _record(series: Series) -> Flag:
    needed = least_track_record(series.day_returns)
    have = len(series.day_returns)
    if math.isnan(needed):
        return Flag(
            "track_record", "Long enough to tell from luck", "bad",
            "the Sharpe ratio is not above 0, or not defined",
            "No length of record can show a skill that the sample does not have.",
        )  # fmt: skip
    return Flag(
        "track_record", "Long enough to tell from luck",
        "good" if have >= needed else "warning",
        f"{have:,} daily returns; {math.ceil(needed):,} are needed for a Sharpe ratio "
        "above 0 at 95 %",
        "Minimum track record length, with the skew and tails of these returns "
        "(Bailey and López de Prado 2012).",
    )  # fmt: skip


def _gaps(run: RunData, series: Series) -> Flag:
    lost = sum(int(each["gaps"]) for each in run.card["data"])
    steps = np.diff(series.days)
    long = int(np.count_nonzero(steps > _GAP_DAYS))
    widest = int(steps.max(initial=0))
    told = f"{lost:,} gaps told by the source; {long:,} stretches of more than a week"
    if long:
        at = int(series.days[int(np.argmax(steps))])
        told += f", the longest {widest} days from {np.datetime64(at, 'D')}"
    return Flag(
        "gaps", "Gaps in the data", "warning" if lost or long else "good", told,
        "Nothing is traded in a gap, stops do not trigger in it, and what comes after "
        "is a jump that may not have been one.",
    )  # fmt: skip


def _luck(run: RunData) -> Flag:
    count = len(run.fills)
    lucky = int(run.fills["lucky"].sum())
    share = lucky / count if count else 0.0
    level: Level = "good"
    if share > _LUCK:
        level = "bad" if share > _MUCH_LUCK else "warning"
    return Flag(
        "luck", "Fills that needed luck in the queue", level,
        f"{lucky:,} of {count:,} fills ({100 * share:.1f} %)",
        "A resting order at the touch is filled only if enough ahead of it goes. Where "
        "the market did not trade through the price, the model of the queue decided.",
    )  # fmt: skip


def _concentration(run: RunData) -> Flag:
    pnl = np.sort(run.closed_trades["pnl"])[::-1]
    total, most = float(pnl.sum()), max(1, len(pnl) // 20)
    top = float(pnl[:most].sum())
    if total <= 0 or not len(pnl):
        return Flag(
            "concentration", "Profit of few trades", "note",
            "closed trades made no profit in sum", "There is nothing to spread.",
        )  # fmt: skip
    noun = "trade" if most == 1 else f"{most} trades"
    return Flag(
        "concentration", "Profit of few trades",
        "good" if top / total < _HALF else "warning",
        f"the best {noun} of {len(pnl):,} made {100 * top / total:,.0f} % of the profit",
        "Where a few trades make the result, the next years depend on meeting a few "
        "like them.",
    )  # fmt: skip


def _costs(run: RunData) -> Flag:
    fees = float(run.fills["fee"].sum())
    is_free = len(run.fills) > 0 and fees == 0.0
    return Flag(
        "costs", "Costs are counted", "warning" if is_free else "good",
        "no fill paid a fee" if is_free else f"{fees:,.2f} {run.currency} of fees",
        "A result without fees is one that no account has: set fees in the request or "
        "in the instrument.",
    )  # fmt: skip


def _look_ahead() -> Flag:
    return Flag(
        "look_ahead", "No look into the future", "good",
        "not possible by construction: handlers run after an event is folded, and "
        "their orders meet later events only",
        "Records reach a strategy one by one in the order received; there is no array "
        "of the future that it could read.",
    )  # fmt: skip


def _trials(trials: int, deflated: float) -> Flag:
    if trials <= 1:
        return Flag(
            "trials", "Chosen from several runs", "note",
            "taken as a single trial",
            "If it was chosen as the best of several, give their number: the best of "
            "many looks good by luck.",
        )  # fmt: skip
    level: Level = "good" if deflated >= 0.95 else "warning"
    if math.isnan(deflated) or deflated < _HALF:
        level = "bad"
    return Flag(
        "trials", "Chosen from several runs", level,
        f"the best of {trials:,} trials; the deflated Sharpe ratio is "
        f"{100 * deflated:.1f} %",
        "The probability that the true Sharpe ratio is above 0, given that the best of "
        "so many was taken (Bailey and López de Prado 2014).",
    )  # fmt: skip
