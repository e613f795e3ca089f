"""Cash, margin and interest in words: what is nothing is not told."""

import numpy as np

from app.engine.records import MONEY_SCALE
from app.engine.views import VIEW
from app.ui.models.account import balances, other_figures

EUROS = ("USD", "EUR", "EUR")


def view(**values):
    made = np.zeros(1, VIEW)[0]
    made["exposure_known"] = 1
    for name, value in values.items():
        made[name] = value * MONEY_SCALE
    return made


def test_there_is_nothing_before_the_first_view():
    assert other_figures(None, ("USD",), "USD") == ""


def test_only_what_is_there_is_told():
    told = other_figures(view(cash=1000, settled_cash=1000), ("USD",), "USD")

    assert told.startswith("cash ")
    assert "·" not in told


def test_margin_and_unsettled_cash_are_told():
    made = view(cash=1000, settled_cash=400, initial_margin=250, borrow_fees=3)

    told = other_figures(made, ("USD",), "USD").split(" · ")

    assert [each.split(" ")[0] for each in told] == ["cash", "not", "initial", "borrow"]
    assert "600" in told[1]


def test_rule_48_balances_are_kept_by_currency():
    made = view(cash=1000, settled_cash=1000)
    for row, cash in zip(made["instrument"], (70, -40, 60), strict=False):
        row["cash"], row["conversion"] = cash * MONEY_SCALE, 1_250_000_000

    # 20 euros are 25 of the 1,000 dollars.
    assert balances(made, EUROS, "USD") == [
        ("USD", 975 * MONEY_SCALE),
        ("EUR", 20 * MONEY_SCALE),
    ]
    assert "EUR" in other_figures(made, EUROS, "USD")


def test_rule_48_an_unknown_exposure_is_told():
    made = view(cash=1)
    made["exposure_known"] = 0

    assert "exposure unknown" in other_figures(made, ("EUR",), "USD")
