"""The trades of a run and their sums; see `run_sums.py`.

A trade goes from flat to flat per instrument and strategy (SEMANTICS 59), as in
`sessions/backtest/trades.py`.
"""

from typing import Any, Final

import numpy as np

from app.engine.bits import integer
from app.engine.compile import kernel
from app.engine.memory import view, words
from app.engine.pairwise import pairwise
from app.engine.records import MONEY_SCALE, REPORT, ReportType
from app.engine.run_sums_job import Sums, SumsOut
from app.engine.state import instruments

_EXACT: Final = 2.0**62


@kernel
def _by_owner(job: Any, fills: Any, counts: Any) -> None:
    """List the fills' rows by strategy and instrument, oldest first.

    `counts` holds one word for each strategy and instrument, and one more.
    """
    reports = view(job[Sums.REPORTS], job[Sums.REPORTS_COUNT], REPORT)
    number = job[Sums.INSTRUMENTS]
    for i in range(number * job[Sums.STRATEGIES] + 1):
        counts[i] = 0
    for i in range(len(reports)):
        row = reports[i]
        if row["report"] == ReportType.FILL:
            counts[row["strategy"] * number + row["instrument"] + 1] += 1
    for i in range(number * job[Sums.STRATEGIES]):
        counts[i + 1] += counts[i]
    # Each count is now the place of its first row, and moves on to that of the next.
    for i in range(len(reports)):
        row = reports[i]
        if row["report"] == ReportType.FILL:
            owner = row["strategy"] * number + row["instrument"]
            fills[counts[owner]] = i
            counts[owner] += 1


@kernel
def is_exact(job: Any) -> bool:
    """Whether sums of price × quantity fit into 64 bits, as `trades._values` asks."""
    reports = view(job[Sums.REPORTS], job[Sums.REPORTS_COUNT], REPORT)
    greatest, total = 0.0, 0.0
    for i in range(len(reports)):
        if reports[i]["report"] == ReportType.FILL:
            greatest = max(greatest, abs(np.float64(reports[i]["last_price"])))
            total += np.float64(reports[i]["last_quantity"])
    return greatest * total < _EXACT


@kernel
def _sum_fees(job: Any, arena: int, fees: Any, stack: int) -> float:
    """Fees of all fills, base currency."""
    reports = view(job[Sums.REPORTS], job[Sums.REPORTS_COUNT], REPORT)
    table, found = instruments(arena), 0
    for i in range(len(reports)):
        row = reports[i]
        if row["report"] == ReportType.FILL:
            rate = table[row["instrument"]]["conversion"] * 1e-9
            fees[found] = row["fee"] / MONEY_SCALE * rate
            found += 1
    return pairwise(fees, 0, found, stack)


@kernel
def _close(job: Any, arena: int, last: int, gained: int, paid: float) -> float:
    """Profit of a trade that ended, after fees, base currency."""
    reports = view(job[Sums.REPORTS], job[Sums.REPORTS_COUNT], REPORT)
    ratios = view(job[Sums.RATIOS], job[Sums.INSTRUMENTS], np.float64)
    instrument = integer(reports[last]["instrument"])
    rate = instruments(arena)[instrument]["conversion"] * 1e-9
    return (np.float64(gained) * ratios[instrument] - paid) / MONEY_SCALE * rate


@kernel
def _make_trades(job: Any, arena: int, columns: Any, stack: int) -> int:
    """Make the trades of the fills; return how many have closed.

    A fill that turns a position round is two parts: one closes, one opens.
    `columns` are rows of `fills`, `closed`, `first`, `hold` and, as floats, `fees`,
    `pnl`.
    """
    reports = view(job[Sums.REPORTS], job[Sums.REPORTS_COUNT], REPORT)
    fills, closes, firsts, holds, fees, pnl = columns
    trades, closed, held, first, parts, gained, owner = 0, 0, 0, 0, 0, 0, -1
    for i in range(job[Sums.FILLS]):
        row = reports[fills[i]]
        size, price = integer(row["last_quantity"]), integer(row["last_price"])
        number = row["strategy"] * job[Sums.INSTRUMENTS] + row["instrument"]
        if number != owner:
            owner, held = number, 0
        after = held + size * integer(row["side"])
        turns = (held > 0 and after < 0) or (held < 0 and after > 0)
        for part in range(2 if turns else 1):
            quantity = after - held
            if turns:
                quantity = after if part else -held
            if held == 0:
                trades += 1
                first, parts, gained = fills[i], 0, 0
            held += quantity
            fees[parts] = row["fee"] * (abs(quantity) / max(size, 1))
            parts += 1
            # What is bought is spent, what is sold is earned, whichever comes first.
            gained -= price * quantity
            if held == 0 and row["ts_venue"] > 0:
                # numpy's `reduceat` begins with the first and adds the others to it.
                paid = fees[0] + pairwise(fees, 1, parts - 1, stack)
                pnl[closed] = _close(job, arena, fills[i], gained, paid)
                closes[closed], firsts[closed] = row["ts_venue"], first
                holds[closed] = row["ts_venue"] - reports[first]["ts_venue"]
                closed += 1
    job[Sums.TRADES] = trades
    return closed


@kernel
def _is_before(closes: Any, firsts: Any, a: int, b: int) -> bool:
    """Whether a trade closed before another, or began before it if at one time."""
    if closes[a] != closes[b]:
        return closes[a] < closes[b]
    return firsts[a] < firsts[b]


@kernel
def _sort(closes: Any, firsts: Any, order: Any, other: Any, count: int) -> None:
    """Put the trades' numbers in `order` by when they closed: a merge sort."""
    is_sorted = True
    for i in range(count):
        order[i] = i
        if i and not _is_before(closes, firsts, i - 1, i):
            is_sorted = False
    width = 1 if not is_sorted else count
    while width < count:
        for begin in range(0, count, 2 * width):
            middle = min(begin + width, count)
            end = min(begin + 2 * width, count)
            a, b = begin, middle
            for i in range(begin, end):
                takes_right = a == middle
                if a < middle and b < end:
                    takes_right = _is_before(closes, firsts, order[b], order[a])
                if takes_right:
                    other[i] = order[b]
                    b += 1
                else:
                    other[i] = order[a]
                    a += 1
        for i in range(count):
            order[i] = other[i]
        width *= 2


@kernel
def _sum_closed(
    job: Any, out: Any, order: Any, pnl: Any, holds: Any, room: Any, stack: int
) -> None:
    """Sum up closed trades in their order."""
    count = job[Sums.CLOSED]
    wins, losses, win_run, loss_run, win_most, loss_most = 0, 0, 0, 0, 0, 0
    best, worst = -np.inf, np.inf
    for i in range(count):
        value = pnl[order[i]]
        best, worst = max(best, value), min(worst, value)
        win_run = win_run + 1 if value > 0 else 0
        loss_run = loss_run + 1 if value < 0 else 0
        win_most, loss_most = max(win_most, win_run), max(loss_most, loss_run)
        room[i] = value
    out[SumsOut.BEST], out[SumsOut.WORST] = best, worst
    out[SumsOut.PNL] = pairwise(room, 0, count, stack)
    for i in range(count):
        if pnl[order[i]] > 0:
            room[wins] = pnl[order[i]]
            wins += 1
    out[SumsOut.GAINED] = pairwise(room, 0, wins, stack)
    for i in range(count):
        if pnl[order[i]] < 0:
            room[losses] = pnl[order[i]]
            losses += 1
    out[SumsOut.LOST] = pairwise(room, 0, losses, stack)
    for i in range(count):
        room[i] = np.float64(holds[order[i]])
    out[SumsOut.HOLD] = pairwise(room, 0, count, stack)
    job[Sums.WINNERS], job[Sums.LOSERS] = wins, losses
    job[Sums.WIN_STREAK], job[Sums.LOSS_STREAK] = win_most, loss_most


@kernel
def sum_trades(job: Any, out: Any, arena: int, at: int) -> None:
    """Make trades of the fills, and sum them up; scratch from `at` on."""
    stack, rows = job[Sums.SCRATCH], 2 * job[Sums.FILLS] + 1
    owners = job[Sums.INSTRUMENTS] * job[Sums.STRATEGIES] + 1
    counts, at, step = words(at, owners), at + 8 * owners, 8 * rows
    fills, closes = words(at, rows), words(at + step, rows)
    firsts, holds = words(at + 2 * step, rows), words(at + 3 * step, rows)
    order, other = words(at + 4 * step, rows), words(at + 5 * step, rows)
    fees = view(at + 6 * step, rows, np.float64)
    pnl = view(at + 7 * step, rows, np.float64)
    room = view(at + 8 * step, rows, np.float64)
    out[SumsOut.FEES] = _sum_fees(job, arena, fees, stack)
    _by_owner(job, fills, counts)
    columns = fills, closes, firsts, holds, fees, pnl
    job[Sums.CLOSED] = _make_trades(job, arena, columns, stack)
    _sort(closes, firsts, order, other, job[Sums.CLOSED])
    _sum_closed(job, out, order, pnl, holds, room, stack)
