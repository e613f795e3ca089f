"""Crash reports: kept here, bounded, and told of at the next start."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.crash_reports import KEPT, CrashReports

NOW = 1_780_000_000_000_000_000


def test_a_report_holds_traceback_version_settings_and_log(tmp_path: Path) -> None:
    reports = CrashReports(tmp_path / "crashes", "[ui]\nscale = 2\n")
    logger = logging.getLogger("app.test")
    logger.addHandler(reports.tail)
    logger.warning("a line of the log")
    logger.removeHandler(reports.tail)

    path = reports.write(
        NOW, "ValueError: odd", "Traceback …\nValueError: odd", "Ladder"
    )

    text = path.read_text()
    for words in ("ValueError: odd", "Traceback", "panel     Ladder", "scale = 2"):
        assert words in text
    assert "a line of the log" in text
    assert reports.paths() == [path]


def test_only_the_newest_are_kept(tmp_path: Path) -> None:
    reports = CrashReports(tmp_path)
    for number in range(KEPT + 5):
        reports.write(NOW + number * 10**9, f"failure {number}", "trace")

    assert len(reports.paths()) == KEPT
    assert f"failure {KEPT + 4}" in reports.paths()[0].read_text()


def test_a_run_that_ends_as_it_should_leaves_nothing(tmp_path: Path) -> None:
    reports = CrashReports(tmp_path)
    mark = reports.begin()
    assert reports.unclean_ends() == []  # it lives: this process
    mark.end()

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("end", "words"),
    [("os._exit(3)", ""), ("faulthandler._sigsegv()", "Segmentation fault")],
)
def test_a_run_that_dies_is_told_once_with_its_last_words(
    tmp_path: Path, end: str, words: str
) -> None:
    code = (
        "import faulthandler, os, sys; from pathlib import Path;"
        "from app.crash_reports import CrashReports;"
        f"CrashReports(Path(sys.argv[1])).begin(); {end}"
    )
    subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)],
        env=os.environ,
        check=False,
        cwd=Path(__file__).parents[1],
    )

    reports = CrashReports(tmp_path)
    (found,) = reports.unclean_ends()
    assert words in found.last_words
    assert reports.unclean_ends() == []
