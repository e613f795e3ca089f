"""Starts the window: Qt, asyncio on its loop, one window, one session."""

import asyncio
import gc
import logging
import signal
import sys
from collections.abc import Callable
from typing import Final

from PySide6.QtCore import QTimer
from PySide6.QtGui import QIcon
from PySide6.QtWidgets import QApplication
from qasync import QEventLoop  # after PySide6: it takes the binding that is there

from app.clock import SystemClock
from app.config import Settings
from app.crash_reports import CrashReports
from app.data.catalog import Catalog
from app.errors import RingsideError
from app.folders import user_folder
from app.sessions import open_session
from app.sessions.session import Mode
from app.settings import written
from app.settings_file import SettingsFile
from app.ui.arrangements import BACKTEST
from app.ui.main_window import MainWindow
from app.ui.opening import Sessions
from app.ui.resources import icon_path

_log = logging.getLogger("app.ui")
_SIGNALS_MS: Final = 200


def application() -> QApplication:
    """Return the process's QApplication; make it if there is none."""
    known = QApplication.instance()
    if isinstance(known, QApplication):
        return known
    QApplication.setApplicationName("Ringside")
    QApplication.setDesktopFileName("ringside")
    app = QApplication(sys.argv[:1])
    app.setWindowIcon(QIcon(str(icon_path("ringside"))))
    return app


def sessions_of(
    settings: Settings, now: Callable[[], Settings] | None = None
) -> Sessions:
    """What this version can open.

    Parameters
    ----------
    settings : Settings
    now : callable, optional
        The settings at the time a session is opened, where they may change.
    """
    newest: Callable[[], Settings] = now if now is not None else lambda: settings
    return Sessions(
        open=lambda mode, feed: open_session(mode, feed, newest()),
        feeds=lambda: feed_names(settings),
        built=frozenset({Mode.PAPER}),
    )


def feed_names(settings: Settings) -> list[str]:
    """Feeds that can be opened: the built-in exchange, and each recording."""
    try:
        recordings = Catalog(settings.paths.data).names()
    except (RingsideError, OSError):
        # A damaged catalog must not keep the window from the built-in exchange.
        _log.exception("the catalog cannot be listed")
        recordings = []
    return ["exchange", *(f"recording:{name}" for name in recordings)]


def run(settings: Settings, feed: str, file: SettingsFile | None = None) -> int:
    """Show the window and run until it is closed.

    Parameters
    ----------
    settings : Settings
    feed : str
        The feed to open first: ``exchange`` or ``recording:NAME``.
    file : SettingsFile, optional
        Where settings are changed.

    Returns
    -------
    int
        The exit status.
    """
    app = application()
    loop = QEventLoop(app)
    asyncio.set_event_loop(loop)
    folder = user_folder("user_config")
    sessions = sessions_of(settings, lambda: window.amenities.settings)
    window = MainWindow(settings, sessions, SystemClock(), folder, file)
    window.failures.install()
    reports = CrashReports(
        user_folder("user_state") / "crashes", written(Settings, settings)
    )
    window.amenities.watch(reports)
    _close_on_interrupt(window.close)
    window.fit_screen()
    window.show()
    # Keys reach it at once, also where no window manager hands out the focus.
    window.activateWindow()
    window.amenities.greet()
    # After the first paint, so that the window is there while the engine is not.
    QTimer.singleShot(0, lambda: window.open(Mode.PAPER, feed))
    if Mode(settings.session.mode) is Mode.BACKTEST:
        window.workspaces.switch(BACKTEST)
    app.lastWindowClosed.connect(loop.stop)
    gc.freeze()  # what is there now stays: no pass over everything looks at it
    try:
        with loop:
            loop.run_forever()
    finally:
        window.close()
        window.failures.uninstall()
        window.amenities.unwatch()
    return 0


def _close_on_interrupt(close: Callable[[], object]) -> None:
    """Close the window on Ctrl-C and on SIGTERM.

    Python looks at signals between bytecodes, and Qt's loop runs none while idle; a
    slow timer gives it the occasion.
    """
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: close())
    timer = QTimer(QApplication.instance())
    timer.timeout.connect(lambda: None)
    timer.start(_SIGNALS_MS)
