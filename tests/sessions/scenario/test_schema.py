"""Reading scenario files: what is right is kept, what is wrong is named."""

import json
from pathlib import Path

import pytest

from app.errors import FileFormatError
from app.sessions.scenario.schema import Fault, Scenario, read

INSTRUMENT = {"kind": "future", "currency": "USD", "price_unit": "1"}
SUBMIT = {
    "t": 0,
    "type": "submit",
    "id": "A",
    "side": "buy",
    "kind": "limit",
    "qty": 1,
    "price": 100,
}
PLAIN = {
    "id": "15-a",
    "rule": 15,
    "venue": "matching",
    "instrument": INSTRUMENT,
    "events": [SUBMIT],
    "expect": {"position": 0},
}


def written(tmp_path: Path, content) -> Path:
    path = tmp_path / "rules.json"
    text = content if isinstance(content, str) else json.dumps(content)
    path.write_text(text)
    return path


def fault_of(tmp_path, **changes) -> Fault:
    (found,) = read(written(tmp_path, [{**PLAIN, **changes}]))
    assert isinstance(found, Fault)
    return found


def test_scenario_is_read_with_defaults(tmp_path):
    (scenario,) = read(written(tmp_path, [PLAIN]))

    assert isinstance(scenario, Scenario)
    assert scenario.models == {}
    assert list(scenario.instruments) == ["X"]
    assert not scenario.has_dates


def test_rule_is_taken_from_the_id_where_it_is_absent(tmp_path):
    content = {key: value for key, value in PLAIN.items() if key != "rule"}

    (scenario,) = read(written(tmp_path, [content]))

    assert scenario.rule == "15"


@pytest.mark.parametrize("text", ["{", "3", '"text"', "\xff"])
def test_file_that_is_no_list_of_scenarios_is_refused(tmp_path, text):
    with pytest.raises(FileFormatError, match=r"rules\.json"):
        read(written(tmp_path, text))


def test_fault_names_file_scenario_key_rule_and_value(tmp_path):
    fault = fault_of(tmp_path, venue="moon")

    assert str(fault) == (
        f"{tmp_path / 'rules.json'}: 15-a: venue must be one of matching, "
        'simulated-level, simulated-l3, simulated-bars, was "moon"'
    )


@pytest.mark.parametrize(
    ("change", "key"),
    [
        ({"qty": "1"}, "event 1: qty"),
        ({"side": "up"}, "event 1: side"),
        ({"type": "dance"}, "event 1: type"),
        ({"colour": "red"}, "event 1: colour"),
        ({"t": "tomorrow"}, "event 1: t"),
        ({"tif": "SOMETIME"}, "event 1: tif"),
        ({"trail": {"feet": 3}}, "event 1: trail"),
    ],
)
def test_broken_event_is_named_by_its_place_and_key(tmp_path, change, key):
    assert fault_of(tmp_path, events=[{**SUBMIT, **change}]).key == key


def test_missing_key_of_an_event_is_named(tmp_path):
    event = {key: value for key, value in SUBMIT.items() if key != "qty"}

    fault = fault_of(tmp_path, events=[event])

    assert (fault.key, fault.broken) == ("event 1: qty", "must be given in submit")


def test_events_out_of_order_are_a_fault(tmp_path):
    events = [{"t": 5, "type": "clock"}, {"t": 4, "type": "clock"}]

    assert fault_of(tmp_path, events=events).key == "event 2: t"


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": "red"},
        {"models": {"depth": "shallow"}},
        {"models": {"wind": 3}},
        {"instrument": {"kind": "future"}},
        {"expect": []},
    ],
)
def test_broken_scenario_is_a_fault(tmp_path, changes):
    assert fault_of(tmp_path, **changes).scenario == "15-a"


def test_one_fault_does_not_hide_the_others(tmp_path):
    found = read(written(tmp_path, [{**PLAIN, "venue": "moon"}, PLAIN, 7]))

    assert [type(each) for each in found] == [Fault, Scenario, Fault]
    assert isinstance(found[2], Fault)
    assert found[2].scenario == "scenario 3"


def test_other_words_for_a_key_are_its_first_name(tmp_path):
    trade = {"t": 0, "type": "trade", "price": 1, "qty": 2, "aggressor": None}

    (scenario,) = read(written(tmp_path, [{**PLAIN, "events": [trade]}]))

    assert isinstance(scenario, Scenario)
    assert scenario.events[0]["size"] == 2
