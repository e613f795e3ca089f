"""The command `ringside record`: a session's market data, written into the catalog.

The window runs it too, as ``ringside record --follow LOG --json``: in a process of its
own, so that it takes neither the window's interpreter nor the engine's time, and
outlives a window that is killed. It ends when its input does.
"""

# ruff: noqa: T201 - a command prints

import argparse
import json
import os
import sys
import threading
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Final

from app.data.catalog import Catalog
from app.data.cli import Shown, compile_first
from app.data.recorder import Recorder, RecorderStatus, end_words, record_log
from app.errors import RecorderError
from app.sessions import open_session
from app.sessions.session import EngineState, Mode, Session

if TYPE_CHECKING:
    from app.data.cli import Subparsers

_LOG_UNIT: Final = "app.engine.log"
_LOOK_S: Final = 0.2


def add_record_parser(subparsers: "Subparsers") -> None:
    """Declare ``ringside record``."""
    parser = subparsers.add_parser(
        "record",
        help="record a session's market data into the catalog",
        description="Without a log: open the feed and record it until Ctrl-C.",
    )
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--from-log",
        metavar="SESSION",
        help="turn a session's log into a recording: its folder, or `last`",
    )
    which.add_argument(
        "--follow", metavar="SESSION", help="record a session that runs elsewhere"
    )
    parser.add_argument(
        "--json", action="store_true", help="tell the status in lines of JSON"
    )
    parser.set_defaults(func=run_record_command)


def run_record_command(parsed: argparse.Namespace) -> int:
    """Record a log, a running session, or a feed."""
    logs: Path = parsed.settings.paths.logs
    catalog = Catalog(parsed.settings.paths.data)
    if parsed.from_log is not None:
        return _from_log(catalog, log_folder(logs, parsed.from_log))
    if parsed.follow is not None:
        return _follow(parsed, catalog, log_folder(logs, parsed.follow))
    return _live(parsed, catalog)


def log_folder(logs: Path, text: str) -> Path:
    """Return the folder of a session's log: by path, by name below `logs`, or `last`.

    Raises
    ------
    RecorderError
        If there is none; the message names some that there are.
    """
    there = sorted(each for each in logs.glob("*") if (each / "session.json").exists())
    if text == "last" and there:
        return there[-1]
    for each in (logs / text, Path(text)):
        if (each / "session.json").exists():
            return each
    known = ", ".join(each.name for each in there[-3:]) or "none at all"
    raise RecorderError(f"no log of a session {text!r} in {logs}; the newest: {known}")


def _from_log(catalog: Catalog, directory: Path) -> int:
    compile_first(_LOG_UNIT)
    shown = Shown(f"recording {directory.name}")
    try:
        recording = record_log(catalog, directory, shown)
    finally:
        shown.end()
    print(f"{directory.name}: {end_words(recording)}")
    for each in recording.instruments:
        print(f"  ringside --feed recording:{each.name}")
    return 0


def _follow(parsed: argparse.Namespace, catalog: Catalog, directory: Path) -> int:
    compile_first(_LOG_UNIT)
    if hasattr(os, "nice"):
        os.nice(19)
    told = _tell_json if parsed.json else _Told()
    recorder = Recorder(catalog, directory, parsed.settings.recorder.commit_s, told)
    threading.Thread(target=_obey, args=(recorder,), daemon=True).start()
    try:
        status = recorder.run()
    except KeyboardInterrupt:
        recorder.stop()
        status = recorder.run()
    if parsed.json:
        # At the end Python would flush into a pipe that nobody reads.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    else:
        print(status.message)
    return 0 if status.state == "ended" else 2


def _obey(recorder: Recorder) -> None:
    """Take orders from the input: a line ``stop``, or its end."""
    for line in sys.stdin:
        if line.strip() == "stop":
            recorder.stop()
    recorder.finish()


def _live(parsed: argparse.Namespace, catalog: Catalog) -> int:
    """Open the feed that the settings name, without a window, and record it."""
    feed = parsed.settings.session.feed
    if feed.startswith("recording:"):
        raise RecorderError(f"{feed} is a recording already: name a live feed")
    session = open_session(Mode.PAPER, feed, parsed.settings)
    session.start()
    try:
        _await_ready(session)
        recorder = Recorder(
            catalog,
            Path(session.status().log_path),
            parsed.settings.recorder.commit_s,
            _tell_json if parsed.json else _Told(),
        )
        try:
            recorder.run()
        except KeyboardInterrupt:
            session.stop()
            recorder.finish()
            recorder.run()
    finally:
        session.stop()
    print(recorder.status().message)
    return 0 if recorder.status().state == "ended" else 2


def _await_ready(session: Session) -> None:
    waiting = threading.Event()
    while (status := session.status()).engine is EngineState.COMPILING:
        waiting.wait(_LOOK_S)
    if status.engine is not EngineState.READY:
        raise RecorderError(f"the session did not start: {status.engine_message}")


def _tell_json(status: RecorderStatus) -> None:
    # Whoever listened may have gone; the recording goes on.
    with suppress(BrokenPipeError, ValueError):
        print(json.dumps(asdict(status)), flush=True)


class _Told:
    """Shows the status in a line that is written over, and what goes wrong."""

    def __init__(self) -> None:
        self._message = ""

    def __call__(self, status: RecorderStatus) -> None:
        if status.message != self._message:
            self._message = status.message
            if status.message and status.state != "ended":
                print(f"\n{status.message}", file=sys.stderr)
        if sys.stderr.isatty():
            words = f"{status.rows:,} records, {status.committed:,} in the catalog"
            print(f"\r{words}", end="", file=sys.stderr, flush=True)
