"""What pictures of the window show: a session that is armed and traded a little.

All of it is done by the ladder's own commands, as a user would; nothing is drawn for
the picture alone.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Final

from PySide6.QtCore import QEventLoop, Qt, QTimer
from PySide6.QtGui import QEnterEvent, QMouseEvent
from PySide6.QtWidgets import QApplication

from app.engine.records import SafetyState
from app.engine.strategy import StrategyState
from app.errors import SessionError
from app.sessions.live_strategies import LiveTerms
from app.sessions.session import EngineState
from app.ui.items.ladder_geometry import Column, Spot
from app.ui.main_window import MainWindow
from app.ui.models.sweep_form import AxisDraft
from app.ui.panels.strategies import StrategiesPanel
from app.ui.panels.sweep import SweepPanel

if TYPE_CHECKING:
    from app.ui.import_dialog import ImportDialog

POLL_MS: Final = 20
_MAKER: Final = "Avellaneda-Stoikov Market Maker"
_DAYS: Final = 780
_REQUEST: Final[dict[str, Any]] = {
    "symbols": ["INITECH"],
    "strategies": [{"name": "SMA Cross", "parameters": {"fast": 10, "slow": 30}}],
}
_READY_MS: Final = 300_000
_STEP_MS: Final = 20_000
_STEPS: Final = tuple(0.01 * ((minute * 7919) % 23 - 11) for minute in range(120))


def play(window: MainWindow, flow_ms: int) -> None:
    """Trade, let data flow, leave orders in the book, let data flow again."""
    trade(window)
    wait(window, lambda: False, flow_ms)
    rest(window)
    wait(window, lambda: False, flow_ms // 4)


def run_strategy(window: MainWindow, flow_ms: int) -> None:
    """Let a market maker run for a while, where the session has room for one."""
    if window.strategies.strategies is None:
        return
    parameters = {"quantity": 50.0, "most_held": 400.0, "intensity": 400.0}
    terms = LiveTerms(_MAKER, ("RSTK",), parameters, Decimal("0.25"))
    window.strategies.add(terms, start=True)
    watched = window.strategies.watched
    running = StrategyState.RUNNING
    need(
        window,
        lambda: any(each.state is running for each in watched.values()),
        _READY_MS,
        "the strategy",
    )
    wait(window, lambda: False, flow_ms)


def show_plots(window: MainWindow) -> None:
    """Turn the strategies panel, if it is there, to what is plotted."""
    host = window.hosts.get("strategies")
    panel = host.panel if host is not None else None
    if isinstance(panel, StrategiesPanel):
        panel.pages.setCurrentWidget(panel.pages.plots)


def trade(window: MainWindow) -> None:
    """Arm, take a position, leave orders on both sides of the book."""
    bridge, desk = window.bridge, window.desk
    need(
        window,
        lambda: bridge.status.engine is EngineState.READY,
        _READY_MS,
        "the engine",
    )
    need(window, lambda: has_market(window), _STEP_MS, "market data")
    window.commands.run("safety.armed")
    need(
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
        wait(window, lambda: False, 5 * POLL_MS)


def rest(window: MainWindow) -> None:
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


def import_files(window: MainWindow, folder: Path) -> "ImportDialog":
    """Import a file of made-up bars, and look at another as a user would."""
    first = _looked(window, folder, "ACME", _bars(41.20, _STEPS))
    first.start.click()
    need(window, first.play.isVisible, _STEP_MS, "an import")
    first.reject()
    return _looked(window, folder, "GLOBEX", _bars(88.85, _STEPS))


def backtest(window: MainWindow, folder: Path) -> None:
    """Import three years of made-up days and run strategies over them, once."""
    runs, library = window.library.runs, window.library
    if runs.current is None:
        moves = Random(11)
        returns = [moves.gauss(0.0006, 0.017) for _ in range(_DAYS)]
        dialog = _looked(window, folder, "INITECH", _days(64.50, returns), stamped="")
        dialog.start.click()
        need(window, dialog.play.isVisible, _STEP_MS, "an import")
        dialog.reject()
        for table in (_other(40, 90), _other(20, 60), _REQUEST):
            runs.show(None)
            library.backtests.start(table)
            need(window, lambda: runs.current is not None, _READY_MS, "a backtest")
    library.sweeps.show_request(_REQUEST)
    show_request(window)
    runs.choose_trade(3)


def sweep(window: MainWindow) -> None:
    """Sweep the request of the backtest, unless it was, and show the map."""
    sweeps = window.library.sweeps
    host = window.hosts.get("sweep")
    panel = host.panel if host is not None else None
    if not isinstance(panel, SweepPanel):
        return
    if sweeps.current is None:
        panel.form.axes = [
            AxisDraft("fast", "2", "16", "2"),
            AxisDraft("slow", "12", "60", "6"),
        ]
        panel.setup.show_form()
        panel.start()
        need(window, lambda: sweeps.current is not None, _READY_MS, "a sweep")
    panel.pages.setCurrentWidget(panel.map_page)


def show_request(window: MainWindow) -> None:
    """Fill the backtest's form with the request that was run."""
    dock = window.panels.ensure("backtest")
    if dock is not None:
        dock.host.restore({"request": _REQUEST})


def _other(fast: int, slow: int) -> dict[str, Any]:
    strategy = {"name": "SMA Cross", "parameters": {"fast": fast, "slow": slow}}
    return {**_REQUEST, "strategies": [strategy]}


def _looked(
    window: MainWindow,
    folder: Path,
    name: str,
    text: str,
    stamped: str = "open",
) -> "ImportDialog":
    """Open the import dialog on a file and answer what it asks."""
    path = folder / f"{name}.csv"
    path.write_text(text, "utf-8")
    window.library.ask_import([path])
    dialog = window.import_dialog
    dialog.answer("--time-zone", "America/New_York")
    if stamped:
        dialog.answer("--stamped", stamped)
    need(window, dialog.start.isEnabled, _STEP_MS, "the first rows of a file")
    return dialog


def _bars(price: float, steps: Sequence[float]) -> str:
    """A minute's bars from the open on, as a spreadsheet writes them."""
    lines = ["Date,Time,Open,High,Low,Close,Volume"]
    for minute, step in enumerate(steps):
        low, high = min(price, price + step) - 0.02, max(price, price + step) + 0.03
        clock = f"{9 + (30 + minute) // 60:02d}:{(30 + minute) % 60:02d}"
        numbers = (price, high, low, price + step)
        texts = ",".join(f"{each:.2f}" for each in numbers)
        lines.append(f"01/16/2024,{clock},{texts},{100 + (minute * 37) % 900}")
        price += step
    return "\n".join(lines) + "\n"


def _days(price: float, returns: Sequence[float]) -> str:
    """Bars of working days, as a spreadsheet writes them."""
    lines, day = ["Date,Open,High,Low,Close,Volume"], date(2021, 1, 4)
    for step in returns:
        close = price * (1 + step)
        low, high = min(price, close) * 0.994, max(price, close) * 1.006
        texts = ",".join(f"{each:.2f}" for each in (price, high, low, close))
        lines.append(f"{day.isoformat()},{texts},{1_000_000 + 50_000 * (day.day % 9)}")
        price, day = close, day + timedelta(3 if day.weekday() == 4 else 1)
    return "\n".join(lines) + "\n"


def has_market(window: MainWindow) -> bool:
    """Tell whether the ladder shows a market with both sides."""
    ladder = window.ladder()
    frame = ladder.view.painted if ladder is not None else None
    return frame is not None and len(frame.bids) > 0 and len(frame.asks) > 0


def hover(window: MainWindow) -> None:
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


def need(
    window: MainWindow, holds: Callable[[], bool], within_ms: int, what: str
) -> None:
    """Wait for a condition.

    Raises
    ------
    SessionError
        If it does not come in time.
    """
    if not wait(window, holds, within_ms):
        status = window.bridge.status
        raise SessionError(
            f"no pictures: {what} did not come within {within_ms // 1000} s; engine "
            f"{status.engine.value} {status.engine_message}, feed {status.feed_state} "
            f"{status.feed_message}".rstrip()
        )


def wait(window: MainWindow, holds: Callable[[], bool], within_ms: int) -> bool:
    """Let the window live until a condition holds; False if it does not in time."""
    loop = QEventLoop()
    poll, end = QTimer(), QTimer()
    poll.setInterval(POLL_MS)
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


def leave(_: MainWindow) -> None:
    """Leave a panel as it is."""


READY: Final[Mapping[str, Callable[[MainWindow], None]]] = {
    "strategies": show_plots,
    "sweep": sweep,
}
"""What is done in a panel, once it can be seen, before its picture is taken."""
