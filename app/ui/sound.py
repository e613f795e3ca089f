"""Sounds by what the system has to play a file; never waits, never piles up.

The sounds are made here, a few kilobytes each, in the folder of what can be made again.
"""

import shutil
import sys
import wave
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QObject, QProcess, Signal

_RATE: Final = 44_100
_PLAYERS: Final = ("pw-play", "paplay", "afplay", "aplay")
_APART_NS: Final = 250_000_000
_AT_ONCE: Final = 2
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


def player() -> str:
    """The program that plays a file here; "" where there is none."""
    found = (shutil.which(name) for name in _PLAYERS)
    return next((path for path in found if path is not None), "")


class Sound(QObject):
    """Plays sounds.

    Signals
    -------
    failed(str)
        Why nothing is heard, in words; at most once.

    Parameters
    ----------
    folder : Path
        Where the files are made.
    program : str
        What plays them; "" = nothing, it is silent.
    """

    failed = Signal(str)

    def __init__(self, folder: Path, program: str) -> None:
        super().__init__()
        self.folder = folder
        self.program = program
        self.is_on, self.volume = True, 60
        self.played = 0
        self._has_failed = False
        self._last: dict[str, int] = {}
        self._running: list[QProcess] = []

    @property
    def is_able(self) -> bool:
        """Whether anything here can play."""
        return bool(self.program) or sys.platform == "win32"

    def play(self, name: str, now: int) -> bool:
        """Play a sound unless it was just played; True if it starts (now: ns)."""
        is_wanted = self.is_on and self.volume > 0
        if is_wanted and not self.is_able:
            self._fail(f"there is none of {', '.join(_PLAYERS)} here to play a sound")
            return False
        if not is_wanted or now - self._last.get(name, -_APART_NS) < _APART_NS:
            return False
        if len(self._running) >= _AT_ONCE and name != "kill":
            return False
        self._last[name] = now
        path = self.folder / f"{name}-{self.volume}.wav"
        if not path.exists():
            write(path, shape(name, self.volume))
        self._start(path)
        self.played += 1
        return True

    def _start(self, path: Path) -> None:
        if sys.platform == "win32":
            import winsound

            flags = winsound.SND_FILENAME | winsound.SND_ASYNC | winsound.SND_NODEFAULT
            winsound.PlaySound(str(path), flags)
            return
        process = QProcess(self)
        process.setStandardOutputFile(QProcess.nullDevice())
        self._running.append(process)
        # Methods, no closures: a process that owned us would be deleted twice with us.
        process.finished.connect(self._on_finished)
        process.errorOccurred.connect(self._on_error)
        process.start(self.program, [str(path)])

    def _on_error(self, *_: object) -> None:
        process = self.sender()
        if isinstance(process, QProcess):
            self._end(process)

    def _on_finished(self, code: int, *_: object) -> None:
        process = self.sender()
        if not isinstance(process, QProcess):
            return
        if code and process in self._running:
            said = bytes(process.readAllStandardError().data()).decode(errors="replace")
            last = said.strip().rpartition("\n")[2] or f"it ended with {code}"
            self._fail(f"{Path(self.program).name} cannot play a sound: {last}")
        self._end(process)

    def _fail(self, words: str) -> None:
        if not self._has_failed:
            self._has_failed = True
            self.failed.emit(words)

    def _end(self, process: QProcess) -> None:
        if process in self._running:
            self._running.remove(process)
            process.deleteLater()

    def close(self) -> None:
        """Stop what still plays."""
        for process in list(self._running):
            self._running.remove(process)
            process.kill()
            process.waitForFinished(200)
