"""The command `ringside scenario`: what it prints, writes and returns."""

import json

from app.__main__ import main
from tests.sessions.scenario.test_schema import PLAIN, written


def test_all_passed_is_status_zero(tmp_path, capsys):
    assert main(["scenario", str(written(tmp_path, [PLAIN]))]) == 0
    assert "1 of 1 passed" in capsys.readouterr().out


def test_what_differed_is_printed_and_written(tmp_path, capsys):
    wrong = {**PLAIN, "id": "15-b", "expect": {"position": 1}}
    out = tmp_path / "out.json"
    path = written(tmp_path, [PLAIN, wrong])

    assert main(["scenario", str(path), "--json", str(out)]) == 1

    assert "position: expected 1, found 0" in capsys.readouterr().out
    difference = {"field": "position", "expected": 1, "found": "0"}
    assert json.loads(out.read_text()) == [
        {"id": "15-a", "rule": 15, "passed": True, "differences": []},
        {"id": "15-b", "rule": 15, "passed": False, "differences": [difference]},
    ]


def test_fault_of_the_form_fails_and_the_rest_still_runs(tmp_path, capsys):
    path = written(tmp_path, [{**PLAIN, "venue": "moon"}, PLAIN])

    assert main(["scenario", str(path)]) == 1

    told = capsys.readouterr().out
    assert "venue must be one of" in told
    assert "1 of 2 passed" in told


def test_missing_file_is_status_two(tmp_path, capsys):
    assert main(["scenario", str(tmp_path / "absent.json")]) == 2
    assert "absent.json" in capsys.readouterr().err
