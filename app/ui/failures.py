"""The one excepthook: logs every traceback, tells the user once, fences off the panel.

PySide hands exceptions of slots and of overridden methods (`paintEvent`) to
`sys.excepthook`. The traceback says in which panel it happened: the innermost frame
whose `self` is a widget inside a `PanelHost`.
"""

import logging
import sys
import threading
from collections.abc import Callable
from types import TracebackType

from PySide6.QtCore import QObject, Qt, Signal
from PySide6.QtWidgets import QWidget

from app.crash_reports import traceback_text
from app.ui.panel_host import PanelHost

_log = logging.getLogger("app.ui")


class Failures(QObject):
    """Catches what nobody else did.

    Signals
    -------
    told(str)
        A failure in words; each place in the code is told once.

    Attributes
    ----------
    keep : callable or None
        Keeps a report of a failure that is new: its words, traceback and panel.
    """

    told = Signal(str)
    _came = Signal(object, str)

    def __init__(self) -> None:
        super().__init__()
        self.keep: Callable[[str, str, str], None] | None = None
        self._seen: set[tuple[str, str, int]] = set()
        self._came.connect(self._on_came, Qt.ConnectionType.QueuedConnection)

    def install(self) -> None:
        """Become the process's hook, for every thread."""
        sys.excepthook = self.hook
        threading.excepthook = self._thread_hook

    def uninstall(self) -> None:
        """Give the hooks back."""
        sys.excepthook = sys.__excepthook__
        threading.excepthook = threading.__excepthook__

    def hook(
        self,
        kind: type[BaseException],
        error: BaseException,
        trace: TracebackType | None,
    ) -> None:
        """Take an exception that nobody caught."""
        if issubclass(kind, KeyboardInterrupt):
            sys.__excepthook__(kind, error, trace)
            return
        place = _place(kind, trace)
        is_new = place not in self._seen
        self._seen.add(place)
        words, host = f"{kind.__name__}: {error}", _host(trace)
        if is_new:
            _log.error("unexpected", exc_info=(kind, error, trace))
            if self.keep is not None:
                title = host.title if host is not None else ""
                self.keep(words, traceback_text(kind, error, trace), title)
        # Widgets are touched on the main thread only, after the broken call is over.
        self._came.emit(host, words if is_new else "")

    def _thread_hook(self, args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None:
            self.hook(args.exc_type, args.exc_value, args.exc_traceback)

    def _on_came(self, host: PanelHost | None, words: str) -> None:
        if host is not None and host.panel is not None:
            host.fail(words or "it failed again")
        if words:
            self.told.emit(f"something unexpected happened, the log has it: {words}")


def _place(
    kind: type[BaseException], trace: TracebackType | None
) -> tuple[str, str, int]:
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return kind.__name__, "", 0
    return kind.__name__, trace.tb_frame.f_code.co_filename, trace.tb_lineno


def _host(trace: TracebackType | None) -> PanelHost | None:
    found = None
    while trace is not None:
        widget = trace.tb_frame.f_locals.get("self")
        while isinstance(widget, QWidget):
            if isinstance(widget, PanelHost):
                found = widget
                break
            widget = widget.parentWidget()
        trace = trace.tb_next
    return found
