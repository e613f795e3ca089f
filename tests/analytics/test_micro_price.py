"""The fitted micro-price: a chain that is solved by hand, and what its paper claims."""

from typing import Any

import numpy as np
import pytest

from app.analytics.micro_price import fit_micro_price

Books = tuple[Any, Any, Any, Any]
"""Bids, bid sizes, asks, ask sizes."""
SIZES = {"-": (10.0, 90.0), "0": (50.0, 50.0), "+": (90.0, 10.0)}


def books(path: str) -> Books:
    """Books of one tick's spread: signs are imbalances, ``u`` and ``d`` moves."""
    bid, rows = 100.0, []
    for sign in path:
        if sign in "ud":
            bid += 1.0 if sign == "u" else -1.0
            continue
        rows.append((bid, SIZES[sign][0], bid + 1.0, SIZES[sign][1]))
    bids, bid_sizes, asks, ask_sizes = np.array(rows).T
    return bids, bid_sizes, asks, ask_sizes


def queues(count: int) -> Books:
    """Best queues that grow and shrink by one; behind an empty one the spread is two.

    Then a new order comes on either side, one as likely as the other.
    """
    random = np.random.default_rng(7)
    bid, ask, sizes, rows = 100.0, 101.0, [6, 6], []
    changes = random.choice([-1, 1], count, p=[0.55, 0.45]).tolist()
    for side, change in zip(
        random.integers(0, 2, count).tolist(), changes, strict=True
    ):
        if ask - bid > 1.0:
            bid, ask = (bid, ask - 1.0) if side else (bid + 1.0, ask)
            sizes[side] = 6
        elif sizes[side] + change > 0:
            sizes[side] += change
        else:
            bid, ask = (bid, ask + 1.0) if side else (bid - 1.0, ask)
            sizes[side] = 6
        rows.append((bid, sizes[0], ask, sizes[1]))
    bids, bid_sizes, asks, ask_sizes = np.array(rows, float).T
    return bids, bid_sizes, asks, ask_sizes


def states_of(rows: Books, spreads: int, buckets: int) -> Any:
    """States of books, counted here: the odd bucket in the middle is balance."""
    bids, bid_sizes, asks, ask_sizes = rows
    lean = (bid_sizes - ask_sizes) / (bid_sizes + ask_sizes)
    away = np.floor(abs(lean) * buckets / 2 + 0.5).clip(0, buckets // 2)
    row = (asks - bids - 1).clip(0, spreads - 1)
    return (row * buckets + buckets // 2 + np.sign(lean) * away).astype(int)


def test_a_chain_of_three_states_is_worth_what_it_is_by_hand() -> None:
    """From an imbalance 1 of 5 goes up and leans down, 4 of 5 end in balance.

    So G = (1 + (-G)) / 5, which is 1/6; up to the first move alone it is 1/5.
    """
    fitted = fit_micro_price(*books("0+0+0+0+u-0"), 1.0, spreads=1, buckets=3)

    assert fitted.table[0] == pytest.approx([-1 / 6, 0.0, 1 / 6], abs=1e-15)
    assert fitted.first[0] == pytest.approx([-1 / 5, 0.0, 1 / 5], abs=1e-15)
    assert fitted.seen[0].tolist() == [5, 8, 5]


def test_the_sum_is_that_of_the_papers_recursion() -> None:
    rows = queues(4_000)
    fitted = fit_micro_price(*rows, 1.0, spreads=2, buckets=5)

    # Q, T and r counted here, over both ways to look at each pair of books.
    states, mids = states_of(rows, 2, 5), (rows[0] + rows[2]) / 2
    stays, leaves, drift = np.zeros((10, 10)), np.zeros((10, 10)), np.zeros(10)
    for a, b, move in zip(states, states[1:], np.diff(mids), strict=False):
        mirror = [each // 5 * 5 + 4 - each % 5 for each in (a, b)]
        for start, end, sign in ((a, b, 1.0), (*mirror, -1.0)):
            (stays if move == 0 else leaves)[start, end] += 1.0
            drift[start] += sign * move
    seen = (stays + leaves).sum(axis=1)
    before = np.linalg.inv(np.eye(10) - stays / seen[:, None])
    first, onward = before @ (drift / seen), before @ (leaves / seen[:, None])
    total, term = np.zeros(10), first
    for _ in range(500):
        total, term = total + term, onward @ term

    assert fitted.seen.ravel().tolist() == seen.tolist()
    assert fitted.first.ravel() == pytest.approx(first, abs=1e-10)
    assert fitted.table.ravel() == pytest.approx(total, abs=1e-10)
    assert abs(total - first).max() > 0.001


def test_it_is_a_martingale_between_the_quotes_and_alike_on_both_sides() -> None:
    rows = queues(20_000)
    table = fit_micro_price(*rows, 1.0, spreads=2).table

    states, mids = states_of(rows, 2, 9), (rows[0] + rows[2]) / 2
    micro = mids + table.ravel()[states]
    sums, moves = np.zeros(18), np.zeros(18)
    np.add.at(sums, states[:-1], np.diff(micro))
    np.add.at(moves, states[:-1], np.diff(mids))
    # From a state and from its mirror together, for so the chain was counted.
    for each, is_still in ((sums, True), (moves, False)):
        both = each.reshape(2, 9) - each.reshape(2, 9)[:, ::-1]
        assert (abs(both) < 1e-8).all() == is_still
    assert (micro > rows[0]).all()
    assert (micro < rows[2]).all()
    assert (table == -table[:, ::-1]).all()
    assert (np.diff(table[0]) > 0).all()


def test_rows_without_both_sides_end_what_is_observed() -> None:
    bids, bid_sizes, asks, ask_sizes = books("0+0+u-0")
    bids[4:] += 7.0
    asks[4:] += 7.0
    whole = np.array([bids, bid_sizes, asks, ask_sizes])
    holes = np.insert(whole, 4, (0.0, 0.0, 101.0, 5.0), axis=1)

    fitted = fit_micro_price(
        holes[0], holes[1], holes[2], holes[3], 1.0, spreads=2, buckets=3
    )

    assert fitted.seen.sum() == 2 * 4
    assert fitted.table.tolist() == [[0.0] * 3] * 2


def test_what_cannot_be_said_is_refused() -> None:
    with pytest.raises(ValueError, match="buckets odd, 3 or more; were 1 and 4"):
        fit_micro_price(*books("0+0"), 1.0, spreads=1, buckets=4)
    with pytest.raises(ValueError, match="do not say what the states are worth"):
        fit_micro_price(*books("++++"), 1.0, spreads=1, buckets=3)
