"""Every scenario of tests/scenarios, run through the engine.

What this version does not do is listed in `NOT_BUILT`; a listed scenario that passes
fails here, so that the list can only shrink.
"""

from pathlib import Path

import pytest

from app.sessions.scenario.cli import outcome_lines
from app.sessions.scenario.runner import run
from app.sessions.scenario.schema import Scenario, read
from tests.sessions.scenario.not_built import NOT_BUILT

FOLDER = Path(__file__).parents[2] / "scenarios"
FILES = sorted(FOLDER.glob("rule_*.json"))
SCENARIOS = [scenario for path in FILES for scenario in read(path)]


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda each: each.id)
def test_scenario(scenario):
    outcome = run(scenario)

    reason = NOT_BUILT.get(scenario.id)
    if reason is None:
        assert outcome.passed, "\n".join(outcome_lines(outcome))
    elif outcome.passed:
        pytest.fail(f"{scenario.id} passes: take it out of NOT_BUILT")
    else:
        pytest.skip(f"not built: {reason}")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_file_holds_three_scenarios_or_more_of_its_rule(path):
    found = read(path)

    assert len(found) >= 3
    rule = int(path.stem.removeprefix("rule_"))
    assert {each.rule for each in found} == {rule}
    assert all(isinstance(each, Scenario) and each.why for each in found)


def test_ids_are_unique_and_known_to_the_table():
    ids = [each.id for each in SCENARIOS if isinstance(each, Scenario)]

    assert len(set(ids)) == len(ids)
    assert NOT_BUILT.keys() <= set(ids)
