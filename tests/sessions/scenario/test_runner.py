"""Running scenarios: what is expected is found, what is wrong is told by field."""

from pathlib import Path

import pytest

from app.sessions.scenario.runner import run
from app.sessions.scenario.schema import Fault, Scenario

UNIT = {"kind": "future", "currency": "USD", "price_unit": "1", "multiplier": "1"}
EVENTS = (
    {"t": 0, "type": "submit", "id": "A", "side": "buy", "kind": "limit", "qty": 5}
    | {"price": 100, "strategy": "S1"},
    {"t": 2, "type": "submit", "id": "M", "side": "sell", "kind": "market", "qty": 2}
    | {"account": "other"},
    {"t": 4, "type": "replace", "id": "A", "qty": 4},
    {"t": 6, "type": "submit", "id": "B", "side": "buy", "kind": "limit", "qty": 0}
    | {"price": 100},
)
RIGHT = {
    "fills": [{"maker": "A", "taker": "M", "price": 100, "qty": 2, "t": 2}],
    "fills_total": {"A": {"100": 2}},
    "orders": {
        "A": {"status": ["working", "filled"], "qty": 4, "filled": 2, "leaves": 2},
        "B": "rejected",
        "M": {"status": "filled", "filled": 2},
    },
    "book": {"bids": [[100, 2]], "asks": []},
    "position": 2,
    "realised": "0",
    "cash_change": "-200.2",
    "cost": 200,
    "avg": "100.0",
    "fees": {"A": "0.2"},
    "last": 100,
    "mark": 100,
    "stale": False,
    "state": "ARMED",
    "strategies": {"S1": {"position": 2, "state": "running", "unmanaged": False}},
    "unmanaged": [],
    "replaces": {"A": "accepted"},
    "cancels": {"A": []},
    "beyond_depth": 0,
    "no_working_orders": False,
    "ladder": [98, 99, 100],
}
WRONG = [
    ("fills", [{"maker": "M", "taker": "A", "price": 100, "qty": 2}]),
    ("fills", []),
    ("fills", [{"order": "A", "price": 100, "qty": 1}]),
    ("fills_total", {"A": {"100": 3}}),
    ("orders", {"A": {"status": "filled"}}),
    ("orders", {"A": {"leaves": 3}}),
    ("orders", {"A": {"colour": "red"}}),
    ("orders", {"C": {"status": "working"}}),
    ("orders", {"B": {"reason": "off_tick"}}),
    ("book", {"bids": [[100, 3]], "asks": []}),
    ("book", {"bids": [[100, 2]], "asks": [[101, 1]]}),
    ("position", 3),
    ("realised", "0.00000001"),
    ("cash_change", "-200"),
    ("cost", 201),
    ("avg", "100.0000001"),
    ("fees", {"A": "0.1"}),
    ("fees", "0.3"),
    ("last", None),
    ("mark", "100.5"),
    ("stale", True),
    ("state", "VIEW"),
    ("strategies", {"S1": {"position": 1}}),
    ("strategies", {"S2": {"position": 0}}),
    ("unmanaged", ["S1"]),
    ("replaces", {"A": "rejected"}),
    ("cancels", {"A": "accepted"}),
    ("beyond_depth", 1),
    ("no_working_orders", True),
    ("ladder", [98, 100]),
    ("bars", [{"open": 1}]),
    ("colour", "red"),
]


def made(expect, events=EVENTS, venue="matching", **more) -> Scenario:
    return Scenario(
        file=Path("rules.json"),
        id="15-a",
        rule=15,
        title="",
        venue=venue,
        instruments={"X": UNIT},
        models=more.pop("models", {"fees": {"per_unit": "0.1"}}),
        start=more.pop("start", {}),
        events=tuple(events),
        expect=expect,
        **more,
    )


def test_scenario_that_is_as_expected_passes():
    assert run(made(RIGHT)).differences == []


@pytest.mark.parametrize(("key", "value"), WRONG)
def test_each_wrong_expectation_is_told(key, value):
    differences = run(made({key: value})).differences

    assert differences
    assert all(each.field.startswith(key) for each in differences)


def test_checkpoint_sees_what_was_then():
    expect = {"at": {"1": {"position": 0}, "3": {"orders": {"A": {"leaves": 4}}}}}

    differences = run(made(expect)).differences

    assert [each.field for each in differences] == ["at 3: orders.A.leaves"]
    assert differences[0].found == 3


def test_latency_delays_arrival_and_report_at_the_matching_venue():
    models = {"latency": {"order": 1, "report": 3}}
    pending = {"orders": {"A": {"status": "pending_new", "leaves": 5}}}
    expect = {
        "at": {"3": pending, "4": {"orders": {"A": "pending_replace"}}},
        "fills": [{"maker": "A", "taker": "M", "price": 100, "qty": 2, "t": 2}],
    }

    assert run(made(expect, models=models)).differences == []


def test_an_order_of_another_program_rests_and_is_none_of_the_gates():
    book = {"t": 0, "type": "book", "bids": [[9, 5]], "asks": [[12, 5]]}
    foreign = {"t": 1, "type": "foreign_order", "side": "buy", "qty": 1, "price": 10}
    events = [book, {**foreign, "id": "F"}, {"t": 2, "type": "kill"}]
    expect = {"orders": {"F": "working"}, "no_working_orders": True, "position": 0}

    assert run(made(expect, events=events, venue="simulated-level")).differences == []


def test_impossible_start_is_told():
    outcome = run(made({}, start={"colour": "red"}))

    assert outcome.differences[0].field == "start"


def test_fault_of_the_form_fails():
    fault = Fault(Path("rules.json"), "15-a", 15, "venue", "must be given", None)

    outcome = run(fault)

    assert not outcome.passed
    assert outcome.rule == 15


def test_start_position_counts_in_every_sum():
    start = {"position": 3, "avg": "101.5"}

    expect = {"position": 3, "cost": "304.5", "avg": "101.5", "exposure": "304.5"}
    assert run(made(expect, events=(), start=start)).differences == []


@pytest.mark.parametrize(
    ("expect", "models"),
    [
        ({"position": {"Y": 1}}, {}),
        ({"realised": "much"}, {}),
        ({"fills_total": 3}, {}),
        ({}, {"risk": {"rate": {"messages": 1}}}),
        ({}, {"risk": {"maxOrderSize": "big"}}),
        ({}, {"fees": {"maker": "3/7"}}),
    ],
)
def test_values_that_mean_nothing_fail_the_scenario_alone(expect, models):
    assert run(made(expect, models=models)).differences
