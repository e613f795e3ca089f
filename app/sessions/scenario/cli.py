"""The command `ringside scenario`."""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.engine.build import build
from app.sessions.scenario.schema import read

if TYPE_CHECKING:
    from app.sessions.scenario.runner import Outcome

    # argparse gives the type of its sub-commands no public name.
    Subparsers = argparse._SubParsersAction[argparse.ArgumentParser]  # noqa: SLF001

_UNITS = (
    "app.engine.ring",
    "app.engine.gate",
    "app.engine.book",
    "app.engine.kernel",
    "app.engine.venue.simulated",
    "app.engine.venue.external",
    "app.engine.exchange.unit",
)


def add_scenario_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside scenario``."""
    parser = subparsers.add_parser(
        "scenario",
        help="run scenarios: tables of events and of what must be observed",
        description="Run scenarios through the engine; exit status 0 if all passed.",
    )
    parser.add_argument("files", type=Path, nargs="+", metavar="FILE")
    parser.add_argument("--json", type=Path, metavar="OUT", help="write what was found")
    parser.set_defaults(func=run_scenario_command)


def run_scenario_command(parsed: argparse.Namespace) -> int:
    """Run the scenarios of all files."""
    scenarios = [each for path in parsed.files for each in read(path)]
    build(units=_UNITS)
    # The runner loads the engine's units: not before they are compiled.
    from app.sessions.scenario.runner import run

    outcomes = [run(each) for each in scenarios]
    for outcome in outcomes:
        print("\n".join(outcome_lines(outcome)))
    passed = sum(outcome.passed for outcome in outcomes)
    print(f"{passed} of {len(outcomes)} passed")
    if parsed.json is not None:
        parsed.json.write_text(json.dumps(as_table(outcomes), indent=1) + "\n")
    return 0 if passed == len(outcomes) else 1


def outcome_lines(outcome: "Outcome") -> list[str]:
    """Say what became of a scenario: a line, and one for each difference."""
    word = "passed" if outcome.passed else "FAILED"
    title = f"  {outcome.title}" if outcome.title else ""
    lines = [f"{word}  {outcome.id}{title}"]
    for field, expected, found in outcome.differences:
        lines.append(
            f"        {field}: expected {_told(expected)}, found {_told(found)}"
        )
    return lines


def _told(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def as_table(outcomes: Sequence["Outcome"]) -> list[dict[str, Any]]:
    """Outcomes as JSON: id, rule, passed, differences."""
    return [
        {
            "id": each.id,
            "rule": each.rule,
            "passed": each.passed,
            "differences": [
                {
                    "field": field,
                    "expected": _plain(expected),
                    "found": _plain(found),
                }
                for field, expected, found in each.differences
            ],
        }
        for each in outcomes
    ]


def _plain(value: Any) -> Any:
    """Make a value that JSON can hold."""
    return json.loads(json.dumps(value, default=str))
