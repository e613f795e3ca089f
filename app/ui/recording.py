"""Recording the session that is shown: a process that reads behind its log.

The recorder (`ringside record --follow`) has a process of its own. It ends when its
input does, after it has read the log to its end: so neither another session nor a
window that is closed, or killed, costs a record.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer, Signal

from app.config import Settings
from app.data.recorder import RecorderStatus
from app.sessions.session import EngineState
from app.ui import formatting
from app.ui.bridge import Bridge
from app.ui.library import Library
from app.ui.models.messages import Level

_LOOK_MS: Final = 400
_STARTING: Final = RecorderStatus("recording")


class _Process:
    """One recorder."""

    def __init__(self, log: Path, settings: Settings) -> None:
        self.log = log
        self.status = _STARTING
        self._rest = b""
        self._process = subprocess.Popen(
            [sys.executable, "-m", "app", "record", "--follow", str(log), "--json"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, **_variables(settings)},
            # Ctrl-C in the terminal is meant for the window.
            start_new_session=True,
        )
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)

    def finish(self, *, at_once: bool = False) -> None:
        """Let it read the log to its end, or `at_once`: to where it is now."""
        stdin = self._process.stdin
        assert stdin is not None
        with suppress(BrokenPipeError, ValueError):
            if at_once:
                stdin.write(b"stop\n")
            stdin.close()

    def look(self) -> bool:
        """Read what it tells; False once it has ended."""
        assert self._process.stdout is not None
        # Asked first: what it said last is there to be read after it has ended.
        is_alive = self._process.poll() is None
        *lines, self._rest = (self._rest + (self._process.stdout.read() or b"")).split(
            b"\n"
        )
        for line in lines:
            with suppress(ValueError, TypeError):
                told: Mapping[str, Any] = json.loads(line)
                self.status = RecorderStatus(**told)
        if not is_alive and self.status.state != "ended":
            assert self._process.stderr is not None
            words = (self._process.stderr.read() or b"").decode("utf-8", "replace")
            last = words.strip().splitlines()[-1:] or ["it ended by itself"]
            message = self.status.message or last[0].removeprefix("ringside: ")
            self.status = RecorderStatus(
                "failed", self.status.rows, self.status.committed, message
            )
        return is_alive

    def wait(self, seconds: float) -> None:
        """Wait for its end, for tests."""
        self._process.wait(seconds)

    def close(self) -> None:
        """Let go of it; it goes on by itself."""
        self.finish()
        for stream in (self._process.stdout, self._process.stderr):
            assert stream is not None
            stream.close()


def _variables(settings: Settings) -> dict[str, str]:
    return {
        "RINGSIDE_PATHS_DATA": str(settings.paths.data),
        "RINGSIDE_PATHS_LOGS": str(settings.paths.logs),
        "RINGSIDE_RECORDER_COMMIT_S": str(settings.recorder.commit_s),
    }


class Recording(QObject):
    """Starts and ends recorders; tells how the one of this session stands.

    Signals
    -------
    changed()
        `status` is another.
    """

    changed = Signal()

    def __init__(self, settings: Settings, bridge: Bridge, library: Library) -> None:
        super().__init__()
        self._settings = settings
        self._bridge = bridge
        self._library = library
        self._current: _Process | None = None
        self._ending: list[_Process] = []
        self._is_asked = settings.recorder.always
        self.status: RecorderStatus | None = None
        self._timer = QTimer(self, interval=_LOOK_MS)
        self._timer.timeout.connect(self._look)
        bridge.session_changed.connect(self._on_session)
        bridge.status_changed.connect(self._on_status)

    @property
    def is_on(self) -> bool:
        """Whether this session is being recorded."""
        return self._current is not None

    def toggle(self) -> None:
        """Start to record this session, or stop."""
        if self._current is not None:
            self._end_current(at_once=True)
            return
        problem = self.problem()
        if problem:
            self._bridge.tell(problem, Level.WARNING, "recorder")
        else:
            self._start()

    def problem(self) -> str:
        """Why this session cannot be recorded; "" where it can."""
        session, status = self._bridge.session, self._bridge.status
        if session is None or status.engine is not EngineState.READY:
            return "nothing to record: no session is running"
        if session.feed_name.startswith("recording:"):
            return "this session plays a recording: it is in the catalog already"
        if not status.log_path:
            return "nothing to record: this session has no log"
        return ""

    def _start(self) -> None:
        log = Path(self._bridge.status.log_path)
        try:
            self._current = _Process(log, self._settings)
        except OSError as error:
            self._bridge.tell(f"not recorded: {error}", Level.ERROR, "recorder")
            return
        self._bridge.tell(f"recording {log.name} from its beginning", topic="recorder")
        self._show(_STARTING)
        self._timer.start()

    def _end_current(self, *, at_once: bool = False) -> None:
        current, self._current = self._current, None
        if current is not None:
            current.finish(at_once=at_once)
            self._ending.append(current)
            self._show(None)

    def _on_session(self) -> None:
        self._end_current()
        self._is_asked = self._settings.recorder.always

    def _on_status(self) -> None:
        """Begin by itself, where every session is recorded."""
        if self._is_asked and self._current is None and not self.problem():
            self._is_asked = False
            self._start()

    def _look(self) -> None:
        current = self._current
        if current is not None:
            was = current.status
            is_alive = current.look()
            if current.status.message and current.status.message != was.message:
                is_bad = current.status.state != "recording"
                level = Level.ERROR if is_bad else Level.INFO
                self._bridge.tell(current.status.message, level, "recorder")
            if not is_alive:
                self._current = None
                current.close()
                self._library.changed.emit()
            self._show(current.status if is_alive else None)
        for each in list(self._ending):
            if not each.look():
                self._ending.remove(each)
                each.close()
                is_well = each.status.state == "ended"
                level = Level.INFO if is_well else Level.ERROR
                self._bridge.tell(each.status.message, level, "recorder")
                self._library.changed.emit()
        if self._current is None and not self._ending:
            self._timer.stop()

    def _show(self, status: RecorderStatus | None) -> None:
        if status != self.status:
            self.status = status
            self.changed.emit()

    def close(self) -> None:
        """End with the window; recorders read their logs to the end by themselves."""
        self._timer.stop()
        self._end_current()
        for each in self._ending:
            each.close()
        self._ending.clear()


def words_of(status: RecorderStatus | None) -> str:
    """What a button says of the recorder."""
    if status is None:
        return "Record"
    if status.state == "waiting":
        return "● no room"
    return f"● {formatting.short_number(status.rows)}"
