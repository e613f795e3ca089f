"""One start of the window, in a process of its own: prints when the ladder lives.

Prints a JSON line: seconds from the start of the process to the first frame that shows
both sides of a book, the same in million additions of Python (which carries over to
other machines), the processor time of it, and the resident memory some seconds later.
"""

import json
import os
import statistics
import sys
import time
from pathlib import Path
from typing import Final

from app.__main__ import prepare_qt

_LATER_MS: Final = 4_000
_ROUNDS: Final = 5


def resident_mb() -> tuple[float, float]:
    """Resident memory without and with file-backed pages, MB."""
    values = {}
    for line in Path("/proc/self/status").read_text(encoding="utf-8").splitlines():
        name, _, value = line.partition(":")
        if name.startswith("Rss") or name == "VmRSS":
            values[name] = int(value.split()[0]) / 1024
    own = values["RssAnon"] + values.get("RssShmem", 0.0)
    return own, values["VmRSS"]


def age_s() -> float:
    """Seconds since this process was started."""
    ticks = int(Path("/proc/self/stat").read_text().rpartition(")")[2].split()[19])
    uptime = float(Path("/proc/uptime").read_text().split()[0])
    return uptime - ticks / os.sysconf("SC_CLK_TCK")


def reference_s() -> float:
    """A million additions in Python: how fast this machine is just now."""
    begun, total = time.perf_counter(), 0
    for i in range(1_000_000):
        total += i
    return time.perf_counter() - begun


def main(folder: str) -> None:
    """Open the window on the built-in exchange and measure."""
    os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
    prepare_qt()
    from PySide6.QtCore import QTimer

    from app import config
    from app.clock import SystemClock
    from app.sessions.session import Mode
    from app.ui.main import application, sessions_of
    from app.ui.main_window import MainWindow

    environment = {
        "RINGSIDE_PATHS_LOGS": f"{folder}/logs",
        "RINGSIDE_PATHS_DATA": f"{folder}/catalog",
    }
    settings = config.load(None, environment).settings
    app = application()
    kept = Path(folder, "config")
    window = MainWindow(settings, sessions_of(settings), SystemClock(), kept)
    window.show()
    figures: dict[str, float] = {}
    timer = QTimer()

    def finish() -> None:
        figures["resident_mb"], figures["resident_with_files_mb"] = resident_mb()
        window.close()
        app.quit()

    def look() -> None:
        ladder = window.ladder()
        frame = None if ladder is None else ladder.view.painted
        if frame is not None and len(frame.bids) and len(frame.asks):
            timer.stop()
            window.grab()
            figures["live_s"] = age_s()
            figures["live_processor_s"] = time.process_time()
            QTimer.singleShot(_LATER_MS, finish)

    timer.timeout.connect(look)
    QTimer.singleShot(0, lambda: window.open(Mode.PAPER, "exchange"))
    QTimer.singleShot(0, lambda: figures.setdefault("window_s", age_s()))
    timer.start(5)
    app.exec()
    reference = statistics.median(reference_s() for _ in range(_ROUNDS))
    figures["million_additions_s"] = reference
    figures["live_of_reference"] = figures["live_s"] / reference
    print(json.dumps(figures))


if __name__ == "__main__":
    main(sys.argv[1])
