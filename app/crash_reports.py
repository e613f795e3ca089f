"""What is kept of a failure, on this machine and nowhere else.

A report is a text file in the state folder of the user: traceback, versions, settings
and last lines of the log. A run leaves a mark while it lives, into which the system's
own last words go (a segmentation fault); a mark whose process is gone tells the next
start that the program did not end as it should.
"""

import faulthandler
import logging
import os
import platform
import traceback
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import IO, Final

import numpy as np
import psutil

from app import __version__

KEPT: Final = 20
_LINES: Final = 200
_SUFFIX: Final = ".txt"
_MARK: Final = "running-"
_HEADING: Final = "Ringside crash report"


class LogTail(logging.Handler):
    """Keeps the last lines of the program's log."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: deque[str] = deque(maxlen=_LINES)
        self.setFormatter(
            logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s")
        )

    def emit(self, record: logging.LogRecord) -> None:
        """Take a line."""
        self.lines.append(self.format(record))


@dataclass(frozen=True, slots=True)
class UncleanEnd:
    """A run that ended without saying so: about when, and what the system said."""

    ts: float
    last_words: str


class CrashReports:
    """The reports in a folder, the newest `KEPT` of them.

    Parameters
    ----------
    folder : Path
        Made when the first report is written.
    settings : str
        The settings that hold, as text, for the reports.
    """

    def __init__(self, folder: Path, settings: str = "") -> None:
        self.folder = folder
        self._settings = settings
        self.tail = LogTail()

    def paths(self) -> list[Path]:
        """The reports, newest first."""
        if not self.folder.is_dir():
            return []
        return sorted(self.folder.glob(f"*{_SUFFIX}"), reverse=True)

    def write(self, now: int, what: str, text: str, panel: str = "") -> Path:
        """Keep a report.

        Parameters
        ----------
        now : int
            Wall clock, ns since 1970 UTC.
        what : str
            The failure in a line.
        text : str
            Traceback.
        panel : str
            Title of the panel it happened in; "" = none.

        Raises
        ------
        OSError
            If it cannot be written.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        when = datetime.fromtimestamp(now / 1e9, UTC)
        stem = f"{when:%Y-%m-%dT%H.%M.%S.%f}"
        path = self.folder / f"{stem}{_SUFFIX}"
        facts = [
            _HEADING,
            f"when      {when:%Y-%m-%d %H:%M:%S} UTC",
            f"what      {what}",
            f"panel     {panel or 'none'}",
            f"version   {__version__}",
            f"python    {platform.python_version()}, numpy {np.__version__}",
            f"platform  {platform.platform()}",
        ]
        parts = ["\n".join(facts), text.rstrip(), "Log", "\n".join(self.tail.lines)]
        parts += ["Settings", self._settings.rstrip()]
        path.write_text("\n\n".join(parts) + "\n", encoding="utf-8")
        for old in self.paths()[KEPT:]:
            old.unlink(missing_ok=True)
        return path

    def begin(self) -> "RunMark":
        """Leave a mark of this run; `RunMark.end` takes it away."""
        return RunMark(self.folder)

    def unclean_ends(self) -> list[UncleanEnd]:
        """Runs that ended without saying so since the last start; told once."""
        found = []
        for path in sorted(self.folder.glob(f"{_MARK}*")):
            if _lives(path):
                continue
            with suppress(OSError):
                words = path.read_text("utf-8", "replace")
                found.append(UncleanEnd(path.stat().st_mtime, words.strip()))
                path.unlink()
        return found


class RunMark:
    """The mark of a run that lives; the system writes its last words into it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        began = psutil.Process().create_time()
        self._path = folder / f"{_MARK}{os.getpid()}-{round(began)}"
        self._file: IO[str] = self._path.open("w", encoding="utf-8")
        faulthandler.enable(self._file)

    def touch(self) -> None:
        """Say that the run still lives: an end is told to within this call's pace."""
        with suppress(OSError):
            os.utime(self._path)

    def end(self) -> None:
        """Say that the run ended as it should."""
        faulthandler.disable()
        self._file.close()
        self._path.unlink(missing_ok=True)


def traceback_text(
    kind: type[BaseException], error: BaseException, trace: TracebackType | None
) -> str:
    """Write a traceback."""
    return "".join(traceback.format_exception(kind, error, trace))


def _lives(mark: Path) -> bool:
    """Tell whether the process of a mark is still the one that made it."""
    pid, _, began = mark.name.removeprefix(_MARK).partition("-")
    try:
        return abs(psutil.Process(int(pid)).create_time() - float(began)) < 2
    except (psutil.Error, ValueError, OverflowError):
        return False
