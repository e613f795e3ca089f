"""The place of our orders in the queue of their price (SEMANTICS 33, 34).

At arrival all that is displayed is ahead. Then:

- pessimistic: only trades advance the queue, and never is more ahead than is displayed;
- probabilistic: a decrease that no trade explains is cancels, split between front and
  back by f(front) / (f(front) + f(back)), with f(x) = x**n or f(x) = log(1 + x), or by
  a fixed share;
- exact: with order-by-order data the orders ahead are known, and each is followed.

Sources: hftbacktest (nkaz001), "Probability queue models", `PowerProbQueueFunc` and
`LogProbQueueFunc`; E. Rigtorp (2013), "Estimating order queue position", whose p(n) =
f(n) / (f(n) + f(max(Q - n, 0))) this is. The queue is kept unrounded; fills round down.

A trade and the decrease that reports it count once. Trade first: `traded` of the level
waits for the decrease, until the next change of the level at a later venue time.
Decrease first: the places before it are kept, and a trade at the same venue time takes
its part of the decrease back (`reclaim`).
"""

import math
from enum import IntEnum

from app.engine.compile import kernel
from app.engine.venue.state import models, venue_levels, venue_orders


class QueueModel(IntEnum):
    """How cancels move a queue."""

    PESSIMISTIC = 0
    PROBABILISTIC = 1
    EXACT = 2


class FrontShare(IntEnum):
    """The function f of the probabilistic model."""

    POWER = 0  # f(x) = x ** exponent
    LOGARITHM = 1  # f(x) = log(1 + x)
    FIXED = 2  # the share itself is `exponent`


@kernel
def front_share(share: int, exponent: float, front: float, back: float) -> float:
    """Part of a level's cancels that was ahead of us, 0 to 1."""
    if share == FrontShare.FIXED:
        return exponent
    if share == FrontShare.LOGARITHM:
        ahead, behind = math.log1p(front), math.log1p(back)
    else:
        ahead, behind = front**exponent, back**exponent
    return ahead / (ahead + behind) if ahead + behind > 0.0 else 0.0


@kernel
def after_cancels(
    arena: int, instrument: int, front: float, size: int, cancels: int
) -> float:
    """Size ahead once `cancels` of `size` (trades already off it) were withdrawn."""
    model = models(arena)[instrument]
    left = max(size - cancels, 0)
    if model["queue"] == QueueModel.PROBABILISTIC:
        back = max(size - front, 0.0)
        part = front_share(model["share"], model["exponent"], front, back)
        front -= part * cancels
        # What was not in front was behind; more than there was behind was in front.
        front -= max((1.0 - part) * cancels - back, 0.0)
    return max(min(front, left), 0.0)


@kernel
def apply_cancels(arena: int, instrument: int, level: int, size: int) -> None:
    """Let the unexplained decrease of a level act on all our orders there.

    Parameters
    ----------
    size : int
        Displayed before the decrease, less the trades that explain some of it.
    """
    row, every = venue_levels(arena)[level], venue_orders(arena)
    index = row["first"]
    while index:
        order = every[index]
        if order["ahead_before"] < 0.0:
            order["ahead_before"] = order["ahead"]
        start = order["ahead_before"]
        ahead = after_cancels(arena, instrument, start, size, row["cancelled"])
        order["cancelled_ahead"] += order["ahead"] - ahead
        order["ahead"] = ahead
        index = order["next"]


@kernel
def forget_cancels(arena: int, level: int) -> None:
    """Let the last decrease be final: no trade will take it back."""
    row, every = venue_levels(arena)[level], venue_orders(arena)
    row["cancelled"], row["before"] = 0, 0
    index = row["first"]
    while index:
        every[index]["ahead_before"] = -1.0
        index = every[index]["next"]


@kernel
def level_changed(arena: int, instrument: int, level: int, size: int, ts: int) -> None:
    """Follow the displayed size of a level of ours; `ts` is the venue time, ns."""
    row = venue_levels(arena)[level]
    decrease = row["shown"] - size
    row["shown"] = size
    if decrease == 0:
        return
    if row["cancelled_ts"] != ts:
        forget_cancels(arena, level)
        row["cancelled_ts"] = ts
    explained = min(max(decrease, 0), row["traded"])
    # Trades of an earlier instant are all in this change: an increase hides them.
    row["traded"] = row["traded"] - explained if row["traded_ts"] == ts else 0
    if decrease < 0:
        forget_cancels(arena, level)
        return
    row["taken"] = max(row["taken"] - decrease, 0) if size else 0
    if row["cancelled"] == 0:
        row["before"] = size + decrease
    row["before"] -= explained
    row["cancelled"] += decrease - explained
    if models(arena)[instrument]["queue"] != QueueModel.EXACT:
        apply_cancels(arena, instrument, level, row["before"])


@kernel
def reclaim(arena: int, instrument: int, level: int, size: int, ts: int) -> int:
    """Take back the part of a decrease at this venue time that a trade now explains.

    Returns
    -------
    int
        That part: the decrease has been seen, so the trade waits for no other.
    """
    row = venue_levels(arena)[level]
    part = min(row["cancelled"], size)
    exact = models(arena)[instrument]["queue"] == QueueModel.EXACT
    if part == 0 or exact or row["cancelled_ts"] != ts:
        return 0
    row["cancelled"] -= part
    every, index = venue_orders(arena), row["first"]
    while index:
        order = every[index]
        if order["ahead_before"] >= 0.0:
            # The trade will take its part off again, from the place before both.
            order["cancelled_ahead"] -= order["ahead_before"] - order["ahead"]
            order["ahead"] = order["ahead_before"]
        index = order["next"]
    return part


@kernel
def settle(arena: int, instrument: int, level: int, part: int) -> None:
    """After a trade took `part` of a decrease back: what is left of it is cancels."""
    if part == 0:
        forget_cancels(arena, level)
        return
    row, every = venue_levels(arena)[level], venue_orders(arena)
    row["before"] -= part
    index = row["first"]
    while index:
        every[index]["ahead_before"] = every[index]["ahead"]
        index = every[index]["next"]
    if models(arena)[instrument]["queue"] != QueueModel.EXACT:
        apply_cancels(arena, instrument, level, row["before"])
