"""Sounds by what the system has to play a file; never waits, never piles up.

The sounds are made here, a few kilobytes each, in the folder of what can be made again.
"""

import shutil
import sys
import wave
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QProcess, Signal

_RATE: Final = 44_100
_PLAYERS: Final = ("pw-play", "paplay", "afplay", "aplay")
_OPTIONS: Final[Mapping[str, tuple[str, ...]]] = {"paplay": ("--latency-msec=50",)}
"""By itself it asks for two seconds: the first sound is cut, others are lost."""
_APART_NS: Final = 250_000_000
_AT_ONCE: Final = 2
_LONGEST_NS: Final = 5_000_000_000
"""Of a player; its sound takes a second."""
SOUNDS: Final[Mapping[str, tuple[tuple[float, float], ...]]] = {
    "fill": ((880.0, 0.07), (1318.5, 0.12)),
    "reject": ((220.0, 0.12), (0.0, 0.04), (220.0, 0.16)),
    "alert": ((1046.5, 0.1), (0.0, 0.05), (1046.5, 0.1), (0.0, 0.05), (1568.0, 0.2)),
    "kill": ((523.3, 0.16), (392.0, 0.16), (261.6, 0.36)),
}
"""Tones of each sound: Hz (0 = silence) and seconds."""


def shape(name: str, volume: int) -> np.ndarray:
    """Samples of a sound, int16, at 44.1 kHz (volume: 0 to 100)."""
    parts = []
    for pitch, seconds in SOUNDS[name]:
        at = np.arange(round(seconds * _RATE)) / _RATE
        edge = np.minimum(1, np.minimum(at, seconds - at) / 0.008)  # no clicks
        tone = np.sin(2 * np.pi * pitch * at) + 0.25 * np.sin(4 * np.pi * pitch * at)
        parts.append(tone * edge * 0.7)
    whole = np.concatenate(parts) * (volume / 100)
    return np.asarray(np.clip(whole, -1, 1) * 32_767, np.int16)


def write(path: Path, samples: np.ndarray) -> None:
    """Write samples as a WAV file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    with wave.open(str(beside), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(_RATE)
        file.writeframes(samples.astype("<i2").tobytes())
    beside.replace(path)


def players() -> tuple[str, ...]:
    """The programs here that play a file, the likeliest first."""
    found = (shutil.which(name) for name in _PLAYERS)
    return tuple(path for path in found if path is not None)


@dataclass(slots=True)
class _Playing:
    """A player at work: since when (monotonic ns), and which are left to try."""

    path: Path
    began: int
    others: list[str]


class Sound(QObject):
    """Plays sounds.

    A player that cannot (no server of its kind runs) gives way to the next, which is
    asked first from then on.

    Signals
    -------
    failed(str)
        Why nothing is heard, in words; at most once until something is.

    Parameters
    ----------
    folder : Path
        Where the files are made.
    programs : tuple of str
        What can play them; none = it is silent.
    """

    failed = Signal(str)

    def __init__(self, folder: Path, programs: tuple[str, ...]) -> None:
        super().__init__()
        self.folder = folder
        self.programs = programs
        self.is_on, self.volume = True, 60
        self.played = 0
        self._trouble, self._is_told = "", False
        self._last: dict[str, int] = {}
        self._running: dict[QProcess, _Playing] = {}

    @property
    def is_able(self) -> bool:
        """Whether anything here can play."""
        return bool(self.programs) or sys.platform == "win32"

    @property
    def silence(self) -> str:
        """Why nothing is heard, in words; "" = it is."""
        if not self.is_on:
            return "sounds are off in the settings"
        if not self.volume:
            return "the volume is 0 in the settings"
        return self.obstacle

    @property
    def is_hushed(self) -> bool:
        """Whether nothing shall be heard."""
        return not self.is_on or not self.volume

    @property
    def obstacle(self) -> str:
        """Why nothing would be heard whatever the settings say; "" = it would be."""
        if not self.is_able:
            return f"none of {', '.join(_PLAYERS)} is here to play one"
        return self._trouble

    def play(self, name: str, now: int) -> bool:
        """Play a sound unless it was just played; True if it starts (now: ns)."""
        is_wanted = not self.is_hushed
        if is_wanted and not self.is_able:
            self._tell(self.silence)
            return False
        if not is_wanted or now - self._last.get(name, -_APART_NS) < _APART_NS:
            return False
        self._end_stuck(now)
        if len(self._running) >= _AT_ONCE and name != "kill":
            return False
        self._last[name] = now
        path = self.folder / f"{name}-{self.volume}.wav"
        if not path.exists():
            write(path, shape(name, self.volume))
        self._start(_Playing(path, now, list(self.programs)))
        self.played += 1
        return True

    def _start(self, playing: _Playing) -> None:
        if sys.platform == "win32":
            import winsound

            flags = winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT
            winsound.PlaySound(str(playing.path), flags)
            return
        process = QProcess(self)
        process.setStandardOutputFile(QProcess.nullDevice())
        self._running[process] = playing
        # Methods, no closures: a process that owned us would be deleted twice with us.
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        program = playing.others.pop(0)
        options = _OPTIONS.get(Path(program).name, ())
        process.start(program, [*options, str(playing.path)])

    def _on_error(self, error: QProcess.ProcessError) -> None:
        process = self.sender()
        is_left = error != QProcess.ProcessError.FailedToStart  # else it finishes, too
        if isinstance(process, QProcess) and not is_left:
            self._on_failure(process, process.errorString())

    def _on_finished(self, code: int, *_: object) -> None:
        process = self.sender()
        if not isinstance(process, QProcess) or process not in self._running:
            return
        if code or process.exitStatus() == QProcess.ExitStatus.CrashExit:
            said = bytes(process.readAllStandardError().data()).decode(errors="replace")
            last = said.strip().rpartition("\n")[2] or f"it ended with {code}"
            self._on_failure(process, last)
            return
        self._trouble, self._is_told = "", False
        self.programs = _first(process.program(), self.programs)
        self._end(process)

    def _on_failure(self, process: QProcess, words: str) -> None:
        """Ask the next player, else say that none can."""
        playing = self._running.get(process)
        if playing is None:
            return
        self._end(process)
        if playing.others:
            self._start(playing)
        else:
            self._trouble = f"{Path(process.program()).name} cannot play one: {words}"
            self._tell(self._trouble)

    def _end_stuck(self, now: int) -> None:
        """End players that do not come to an end: they would silence all to come."""
        for process, playing in list(self._running.items()):
            if now - playing.began > _LONGEST_NS:
                self._on_failure(process, "it does not come to an end")

    def _tell(self, words: str) -> None:
        if not self._is_told:
            self._is_told = True
            self.failed.emit(words)

    def _end(self, process: QProcess) -> None:
        del self._running[process]
        if process.state() != QProcess.ProcessState.NotRunning:
            process.kill()
            process.waitForFinished(200)
        process.deleteLater()

    def close(self) -> None:
        """Stop what still plays."""
        for process in list(self._running):
            self._end(process)


def _first(one: str, programs: tuple[str, ...]) -> tuple[str, ...]:
    """Programs with one of them first."""
    if one not in programs:
        return programs
    return (one, *(each for each in programs if each != one))
