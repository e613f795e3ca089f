"""Times in force, options and groups of orders, from a strategy's own source.

Both ways of running are held to the same bytes by `both_ways`.
"""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app.data.catalog import Catalog
from app.errors import StrategyError
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.result import Result
from app.sessions.backtest.run import Backtest
from tests.bar_catalog import UNIT, write_bars, write_quotes
from tests.sessions.backtest.test_context import TICK, both_ways, rising, source

pytestmark = pytest.mark.slow


def told(result: Any) -> list[tuple[str, str]]:
    """Status and reason of each order, as they were sent."""
    return [(each["status"], each["reason"]) for each in result.order_rows()]


def failure(folder: Path, catalog: Catalog, body: str) -> str:
    """What is told of a strategy that cannot run, or fails."""
    terms = {
        "symbols": ["RSTK"],
        "strategies": [{"id": "one", "name": source(folder, body)}],
        "initialCapital": 1_000_000,
    }
    try:
        done = Result(Backtest(parse_request(terms), catalog, interpreted=True).run())
    except StrategyError as error:
        return str(error)
    return done.outcomes.strategies["one"].failure


IMMEDIATE = """
    def __init__(self):
        self.seen = 0

    def on_quote(self, ctx, quote):
        self.seen += 1
        i = quote.instrument
        if self.seen == 3:
            ctx.plot("displayed", quote.ask_size)
            ctx.limit(i, quote.ask_size + 50.0, quote.ask, TERMS)
"""


@pytest.mark.parametrize(
    ("terms", "ending", "share"),
    [
        ("IOC", ("cancelled", "ioc_remainder"), 1.0),
        ("tif=IOC", ("cancelled", "ioc_remainder"), 1.0),
        ("tif=FOK", ("cancelled", "fok_not_fillable"), 0.0),
    ],
)
def test_rule_18_ioc_takes_what_is_displayed_and_fok_all_or_nothing(
    tmp_path: Path, terms: str, ending: tuple[str, str], share: float
) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 6, seed=1)

    result = both_ways(tmp_path, catalog, IMMEDIATE.replace("TERMS", terms))

    (displayed,) = result.data.notes["one"]["plots"]["displayed"]["values"]
    assert told(result) == [ending]
    assert result.data.fills["quantity"].sum() == share * displayed


def test_rule_19_post_only_is_refused_where_it_would_cross(tmp_path: Path) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 6, seed=1)
    body = IMMEDIATE.replace("TERMS", "post_only=True")

    assert told(both_ways(tmp_path, catalog, body)) == [
        ("rejected", "post_only_would_cross")
    ]


DAYS = """
    def __init__(self):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        i = bar.instrument
        if self.seen == 30:
            ORDERS
"""


def two_days(folder: Path) -> Any:
    """A Wednesday and a half day of AMZN, bars of a minute that only rise."""
    opens = [np.datetime64(f"2023-11-{d}T14:30", "ns").astype(int) for d in (22, 24)]
    minute = 60_000_000_000
    ts = np.concatenate(
        [opens[0] + minute * np.arange(1, 391), opens[1] + minute * np.arange(1, 211)]
    )
    return write_bars(folder, "AMZN", rising(len(ts)), ts=ts), ts


def test_rule_24_a_day_order_ends_with_the_hours_and_rule_25_gtd_at_its_time(
    tmp_path: Path,
) -> None:
    catalog, _ = two_days(tmp_path)
    orders = """
            ctx.limit(i, 1.0, 50.0, tif=DAY)
            ctx.limit(i, 1.0, 51.0)
            ctx.stop(i, -1.0, 52.0, until=bar.ts + 600_000_000_000)
    """

    result = both_ways(tmp_path, catalog, DAYS.replace("ORDERS", orders), "AMZN")

    assert [each["status"] for each in result.order_rows()] == [
        *("expired", "held", "expired")
    ]


def test_rule_25_an_order_at_the_close_fills_at_the_days_close(tmp_path: Path) -> None:
    catalog, ts = two_days(tmp_path)
    orders = "ctx.market(i, 2.0, AT_THE_CLOSE)"

    result = both_ways(tmp_path, catalog, DAYS.replace("ORDERS", orders), "AMZN")

    fills = result.data.fills
    assert fills["quantity"].tolist() == [2.0]
    assert fills["price"].tolist() == pytest.approx([100 + 0.1 * 389])
    assert fills["ts"].tolist() == [ts[389]]


def test_rule_25_an_order_at_the_open_waits_for_the_next_days_open(
    tmp_path: Path,
) -> None:
    catalog, ts = two_days(tmp_path)
    # Sent half an hour into the day, whose open is over.
    orders = "ctx.limit(i, 3.0, 500.0, tif=AT_THE_OPEN)"

    result = both_ways(tmp_path, catalog, DAYS.replace("ORDERS", orders), "AMZN")

    fills = result.data.fills
    assert fills["ts"].tolist() == [ts[390]]
    # A bar opens at the close before it.
    assert fills["price"].tolist() == pytest.approx([100 + 0.1 * 389])


def test_rule_20_a_reduce_only_order_is_refused_where_it_reduces_nothing(
    tmp_path: Path,
) -> None:
    catalog = write_bars(tmp_path, "RSTK", rising(40))
    orders = "ctx.limit(i, -1.0, 101.0, reduce_only=True)"

    result = both_ways(tmp_path, catalog, DAYS.replace("ORDERS", orders))

    assert told(result) == [("rejected", "not_reducing")]


@pytest.mark.parametrize(
    ("call", "said"),
    [
        ("ctx.limit(i, 1.0, 50.0, tiff=IOC)", "unexpected keyword argument 'tiff'"),
        ("ctx.limit(i, 1.0)", "missing a required argument: 'price'"),
        (
            "ctx.limit(i, 1.0, 50.0, tif=5)",
            "ctx.limit(0, 1.0, 50.0, tif=5): tif must be one of DAY, GTC, AT_THE",
        ),
        ("ctx.limit(i, 1.0, 50.0, tif=IOC, until=7)", "until goes with no other tif"),
        ("ctx.oco(1, 2)", "ctx.oco(1, 2): takes orders that the same call"),
        (
            "ctx.limit(i, 1.0, 1e300 * 1e300 - 1e300 * 1e300)",
            "ctx.limit(0, 1.0, nan): price must be a finite number, was nan",
        ),
        (
            "ctx.buy(i + 7, 1.0)",
            "ctx.buy(7, 1.0): instrument must be a number of this session's, was 7",
        ),
        ("ctx.buy(i, 1e300)", "quantity is more than the instrument's units can count"),
        ("ctx.trailing_stop(i, -1.0, -2.0)", "distance must be positive, was -2.0"),
        ("ctx.target_share(i, 101.0)", "share must lie in [-100, 100], was 101.0"),
    ],
)
def test_terms_that_are_none_are_told(tmp_path: Path, call: str, said: str) -> None:
    catalog = write_bars(tmp_path, "RSTK", rising(40))

    assert said in failure(tmp_path, catalog, DAYS.replace("ORDERS", call))


# Groups.


def path_of(*steps: int) -> np.ndarray:
    """Closes from 100 on: ten steps of 0.10 up or down for each number."""
    moves = np.repeat(np.array(steps), 10)
    return 100 * UNIT + 10 * TICK * np.cumsum(moves).astype(np.int64)


GROUPED = """
    def __init__(self):
        self.seen = 0

    def on_bar(self, ctx, bar):
        self.seen += 1
        i = bar.instrument
        if self.seen == 1:
            ORDERS
"""


def test_rule_29_the_first_fill_of_three_entries_cancels_the_others(
    tmp_path: Path,
) -> None:
    catalog = write_bars(tmp_path, "RSTK", path_of(1, 1, -1, -1, -1, -1))
    orders = """
            ctx.oco(
                ctx.stop(i, 10.0, 101.0), ctx.limit(i, 10.0, 99.5),
                ctx.stop_limit(i, -10.0, 99.0, 98.9),
            )
    """

    result = both_ways(tmp_path, catalog, GROUPED.replace("ORDERS", orders))

    assert told(result) == [
        *(("filled", ""), ("cancelled", "group"), ("cancelled", "group"))
    ]


def test_rule_29_reduce_only_members_of_an_oco_take_off_one_another(
    tmp_path: Path,
) -> None:
    catalog = write_bars(tmp_path, "RSTK", path_of(1, 1, -1, -1, -1, -1))
    orders = """
            ctx.market(i, 10.0)
        if self.seen == 5:
            ctx.oco(
                ctx.limit(i, -10.0, 101.0, reduce_only=True),
                ctx.limit(i, -10.0, 103.0, reduce_only=True),
                ctx.stop(i, -10.0, 99.0, reduce_only=True),
            )
    """

    result = both_ways(tmp_path, catalog, GROUPED.replace("ORDERS", orders))

    (trade,) = result.trade_rows()
    assert trade["exit_price"] == pytest.approx(101.0)
    assert [each["status"] for each in result.order_rows()] == [
        *("filled", "filled", "cancelled", "cancelled")
    ]


TWO_BRACKETS = """
            ctx.oco(
                ctx.stop_bracket(i, 10.0, 101.0, 101.5, 100.0),
                ctx.stop_bracket(i, -10.0, 99.0, 98.5, 100.0),
            )
"""


@pytest.mark.parametrize(
    ("steps", "entered", "left"),
    [((1, 1, -1, -1, -1, -1, -1), 101.0, 101.5), ((-1, -1, 1, 1, 1, 1), 99.0, 98.5)],
)
def test_rules_28_and_29_of_two_brackets_the_first_filled_cancels_the_other(
    tmp_path: Path, steps: tuple[int, ...], entered: float, left: float
) -> None:
    catalog = write_bars(tmp_path, "RSTK", path_of(*steps))

    result = both_ways(tmp_path, catalog, GROUPED.replace("ORDERS", TWO_BRACKETS))

    (trade,) = result.trade_rows()
    assert trade["entry_price"] == pytest.approx(entered)
    assert trade["exit_price"] == pytest.approx(left)
    # Target, stop, entry of each: two fills, and nothing is left working.
    ends = [each["status"] for each in result.order_rows()]
    assert sorted(ends) == ["cancelled"] * 4 + ["filled"] * 2


def test_rule_29_a_plain_order_and_a_bracket_can_be_one_oco(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", path_of(-1, -1, 1, 1, 1, 1))
    orders = """
            ctx.oco(
                ctx.stop_bracket(i, 10.0, 101.0, 101.5, 100.0),
                ctx.limit(i, 7.0, 99.0),
            )
    """

    result = both_ways(tmp_path, catalog, GROUPED.replace("ORDERS", orders))

    assert result.data.fills["quantity"].tolist() == [7.0]
    assert [each["status"] for each in result.order_rows()] == [
        *("cancelled", "cancelled", "cancelled", "filled")
    ]


def test_rule_29_an_entry_that_arrives_after_the_first_fill_is_cancelled(
    tmp_path: Path,
) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 20, seed=1)
    orders = """
    def __init__(self):
        self.seen = 0

    def on_quote(self, ctx, quote):
        self.seen += 1
        i = quote.instrument
        if self.seen == 3:
            ctx.oco(
                ctx.limit(i, 5.0, quote.ask, tif=IOC),
                ctx.limit(i, 5.0, quote.bid - 1.0),
            )
    """

    result = both_ways(tmp_path, catalog, orders)

    assert told(result) == [("filled", ""), ("cancelled", "group")]


# Terms of a bracket's entry.


def bracket_terms(folder: Path, entry: str) -> tuple[Any, int]:
    """Two days with one bracket; the orders and when they were sent."""
    catalog, ts = two_days(folder)
    return both_ways(folder, catalog, DAYS.replace("ORDERS", entry), "AMZN"), ts[29]


def test_rule_28_a_brackets_entry_that_ends_with_the_day_takes_its_exits(
    tmp_path: Path,
) -> None:
    entry = "ctx.limit_bracket(i, 1.0, 50.0, 60.0, 40.0, tif=DAY)"

    result, _ = bracket_terms(tmp_path, entry)

    assert told(result)[2][0] == "expired"
    assert [each[0] for each in told(result)[:2]] == ["cancelled"] * 2


def test_rule_25_a_brackets_entry_ends_at_its_time(tmp_path: Path) -> None:
    entry = """
            ctx.stop_bracket(i, 1.0, 130.0, 140.0, 90.0, until=bar.ts + 600_000_000_000)
    """

    result, sent = bracket_terms(tmp_path, entry)

    assert told(result)[2][0] == "expired"
    assert result.data.orders["ended_ts"][2] == sent + 600_000_000_000


def test_rule_28_exits_of_an_entry_at_the_close_begin_with_its_fill(
    tmp_path: Path,
) -> None:
    # The close is 138.9; the next day opens there and rises.
    entry = "ctx.bracket(i, 2.0, 141.0, 120.0, tif=AT_THE_CLOSE)"

    result, _ = bracket_terms(tmp_path, entry)

    (trade,) = result.trade_rows()
    assert trade["entry_price"] == pytest.approx(100 + 0.1 * 389)
    assert trade["exit_price"] == pytest.approx(141.0)
    assert [each[0] for each in told(result)] == ["filled", "cancelled", "filled"]


@pytest.mark.parametrize(
    ("terms", "ending"),
    [
        ("post_only=True", "post_only_would_cross"),
        ("tif=FOK", "fok_not_fillable"),
    ],
)
def test_a_brackets_limit_entry_has_the_terms_of_a_limit(
    tmp_path: Path, terms: str, ending: str
) -> None:
    catalog = write_quotes(tmp_path, "RSTK", 6, seed=1)
    size, call = "quote.ask_size + 50.0", "ctx.limit(i, SIZE, quote.ask, TERMS)"
    bracket = "ctx.limit_bracket(i, SIZE, quote.ask, 900.0, 1.0, TERMS)"
    body = IMMEDIATE.replace(call.replace("SIZE", size), bracket)
    assert "limit_bracket" in body

    result = both_ways(
        tmp_path, catalog, body.replace("SIZE", size).replace("TERMS", terms)
    )

    assert [each[0] for each in told(result)[:2]] == ["cancelled"] * 2
    assert told(result)[2][1] == ending
    assert len(result.data.fills) == 0


def test_a_brackets_terms_that_do_not_go_together_are_told(tmp_path: Path) -> None:
    catalog = write_bars(tmp_path, "RSTK", rising(40))
    calls = {
        "ctx.bracket(i, 1.0, 150.0, 50.0, tif=5)": "tif must be one of",
        "ctx.bracket(i, 1.0, 150.0, 50.0, until=7)": "unexpected keyword",
        "ctx.stop_bracket(i, 1.0, 110.0, 150.0, 50.0, post_only=True)": "unexpected",
    }
    for call, said in calls.items():
        assert said in failure(tmp_path, catalog, DAYS.replace("ORDERS", call))
