"""Pictures of the window and of each panel, with data flowing, without a screen.

A real session is opened, armed and traded a little by the ladder's own commands, as a
user would; then every panel is rendered at each scale. docs/ and the README show what
this makes.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Final

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QMouseEvent, QPixmap
from PySide6.QtWidgets import QApplication, QWidget

from app.clock import SystemClock
from app.config import Settings
from app.engine.records import SafetyState
from app.errors import SessionError
from app.sessions.session import EngineState, Mode
from app.ui.items.ladder_geometry import Column, Spot
from app.ui.main import application, sessions_of
from app.ui.main_window import MainWindow
from app.ui.opening import Sessions

if TYPE_CHECKING:
    from app.ui.import_dialog import ImportDialog

SCALES: Final = (1, 2)
_READY_MS: Final = 300_000
_STEP_MS: Final = 20_000
_FLOW_MS: Final = 12_000
_POLL_MS: Final = 20


def run(
    directory: Path,
    settings: Settings,
    sessions: Sessions | None = None,
    *,
    scales: tuple[int, ...] = SCALES,
    flow_ms: int = _FLOW_MS,
) -> int:
    """Render ``window.png``, ``ladder.png``, ``ladder@2x.png``, … into a directory.

    Parameters
    ----------
    directory : Path
        Made if it is missing.
    settings : Settings
    sessions : Sessions, optional
        Where the session comes from; the program's own by default.
    scales : tuple of int
        Device pixels per pixel.
    flow_ms : int
        How long data flow before the pictures are taken, ms.

    Returns
    -------
    int
        The exit status.

    Raises
    ------
    SessionError
        If the session does not come to life.
    """
    directory.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as folder:
        if settings.session.feed == "exchange":
            # A catalog of its own: a picture shows nobody's data.
            paths = replace(settings.paths, data=Path(folder) / "catalog")
            settings = replace(settings, paths=paths)
        given = sessions_of(settings) if sessions is None else sessions
        _shoot(directory, settings, given, scales, flow_ms)
    return 0


def _shoot(
    directory: Path,
    settings: Settings,
    sessions: Sessions,
    scales: tuple[int, ...],
    flow_ms: int,
) -> None:
    application()
    window = MainWindow(settings, sessions, SystemClock())
    window.show()
    try:
        window.open(Mode.PAPER, settings.session.feed)
        _trade(window)
        _wait(window, lambda: False, flow_ms)
        _rest(window)
        _wait(window, lambda: False, flow_ms // 4)
        dialog = _import(window, settings.paths.data.parent)
        _hover(window)
        for scale in scales:
            _render_all(window, directory, scale)
            suffix = "" if scale == 1 else f"@{scale}x"
            _render(dialog, directory / f"import{suffix}.png", scale)
        dialog.reject()
    finally:
        window.close()


def _trade(window: MainWindow) -> None:
    """Arm, take a position, leave orders on both sides of the book."""
    bridge, desk = window.bridge, window.desk
    _need(
        window,
        lambda: bridge.status.engine is EngineState.READY,
        _READY_MS,
        "the engine",
    )
    _need(window, lambda: has_market(window), _STEP_MS, "market data")
    window.commands.run("safety.armed")
    _need(
        window,
        lambda: desk.market.safety_state is SafetyState.ARMED,
        _STEP_MS,
        "arming",
    )
    for command in (
        "size_2",
        "buy_market",
        "join_bid",
        "join_ask",
        "size_3",
        "join_bid",
    ):
        window.commands.run(f"ladder.{command}")
        _wait(window, lambda: False, 5 * _POLL_MS)


def _rest(window: MainWindow) -> None:
    """Leave orders away from the touch, as clicks on their rows do."""
    ladder = window.ladder()
    assert ladder is not None
    view, frame = ladder.view, ladder.view.painted
    if frame is None or frame.spread_ticks is None:
        return
    bid, ask = frame.row(frame.best_bid), frame.row(frame.best_ask)
    for row, column in (
        (bid + 2, Column.BID),
        (bid + 5, Column.BID),
        (ask - 3, Column.ASK),
        (ask - 6, Column.ASK),
    ):
        if 0 <= row < view.rows:
            view.gestures.press(frame, Spot(row, column), is_right=False, now=0)


def _import(window: MainWindow, folder: Path) -> "ImportDialog":
    """Import a file of made-up bars, and look at another as a user would."""
    first = _looked(window, folder, "ACME", 41.20)
    first.start.click()
    _need(window, first.play.isVisible, _STEP_MS, "an import")
    first.reject()
    return _looked(window, folder, "GLOBEX", 88.85)


def _looked(
    window: MainWindow, folder: Path, name: str, price: float
) -> "ImportDialog":
    """Open the import dialog on a file and answer what it asks."""
    path = folder / f"{name}.csv"
    path.write_text(_bars(price), "utf-8")
    window.library.ask_import([path])
    dialog = window.import_dialog
    dialog.answer("--time-zone", "America/New_York")
    dialog.answer("--stamped", "open")
    _need(window, dialog.start.isEnabled, _STEP_MS, "the first rows of a file")
    return dialog


def _bars(price: float) -> str:
    """A minute's bars of a morning, as a spreadsheet writes them."""
    lines = ["Date,Time,Open,High,Low,Close,Volume"]
    for minute in range(120):
        step = 0.01 * ((minute * 7919) % 23 - 11)
        low, high = min(price, price + step) - 0.02, max(price, price + step) + 0.03
        clock = f"{9 + (30 + minute) // 60:02d}:{(30 + minute) % 60:02d}"
        numbers = (price, high, low, price + step)
        texts = ",".join(f"{each:.2f}" for each in numbers)
        lines.append(f"01/16/2024,{clock},{texts},{100 + (minute * 37) % 900}")
        price += step
    return "\n".join(lines) + "\n"


def has_market(window: MainWindow) -> bool:
    """Tell whether the ladder shows a market with both sides."""
    ladder = window.ladder()
    frame = ladder.view.painted if ladder is not None else None
    return frame is not None and len(frame.bids) > 0 and len(frame.asks) > 0


def _hover(window: MainWindow) -> None:
    """Rest the pointer on a bid, so that the line says what a click would do."""
    ladder = window.ladder()
    assert ladder is not None
    view, frame = ladder.view, ladder.view.painted
    if frame is None or not len(frame.bids):
        return
    row = min(view.rows - 1, max(0, frame.row(frame.best_bid) + 2))
    point = view.cell_centre(row, Column.BID)
    QApplication.sendEvent(view, QEnterEvent(point, point, view.mapToGlobal(point)))
    move = QMouseEvent(
        QMouseEvent.Type.MouseMove,
        point,
        view.mapToGlobal(point),
        Qt.MouseButton.NoButton,
        Qt.MouseButton.NoButton,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(view, move)


def _need(
    window: MainWindow, holds: Callable[[], bool], within_ms: int, what: str
) -> None:
    if not _wait(window, holds, within_ms):
        status = window.bridge.status
        raise SessionError(
            f"no pictures: {what} did not come within {within_ms // 1000} s; engine "
            f"{status.engine.value} {status.engine_message}, feed {status.feed_state} "
            f"{status.feed_message}".rstrip()
        )


def _wait(window: MainWindow, holds: Callable[[], bool], within_ms: int) -> bool:
    """Let the window live until a condition holds; False if it does not in time."""
    loop = QEventLoop()
    poll, end = QTimer(), QTimer()
    poll.setInterval(_POLL_MS)
    end.setSingleShot(True)
    failed = EngineState.FAILED
    poll.timeout.connect(
        lambda: (
            loop.exit(0) if holds() or window.bridge.status.engine is failed else None
        )
    )
    end.timeout.connect(lambda: loop.exit(1))
    poll.start()
    end.start(within_ms)
    loop.exec()
    poll.stop()
    return holds()


def _render_all(window: MainWindow, directory: Path, scale: int) -> None:
    suffix = "" if scale == 1 else f"@{scale}x"
    _render(window, directory / f"window{suffix}.png", scale)
    for name, dock in window.docks.items():
        dock.raise_()
        QApplication.processEvents()
        _wait(window, lambda: False, 10 * _POLL_MS)
        _render(window.hosts[name], directory / f"{name}{suffix}.png", scale)
    for name in ("orders", "positions"):
        window.docks[name].raise_()


def _render(widget: QWidget, path: Path, scale: int) -> None:
    picture = QPixmap(widget.size() * scale)
    picture.setDevicePixelRatio(scale)
    picture.fill(widget.palette().window().color())
    widget.render(picture)
    if not picture.save(str(path)):
        raise SessionError(f"{path} cannot be written")
