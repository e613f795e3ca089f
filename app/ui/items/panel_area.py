"""A panel's place: where there is less room than the panel needs, it scrolls.

So no panel keeps the window from fitting a small screen, and one that is turned to
among its tabs does not push its neighbours away.
"""

from typing import Final

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

_LEAST: Final = (34, 9)
"""What any panel can be made as small as: letters of mean width, lines of text."""


class PanelArea(QScrollArea):
    """Holds one panel; takes no key and no focus of its own.

    A panel with an attribute ``is_whole`` that is true is never cut: what it trades by
    must be seen at once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._told = QSize()
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setWidgetResizable(True)

    def put(self, panel: QWidget) -> None:
        """Show a panel; there is none in it now."""
        self.setWidget(panel)
        self._tell()

    def take(self) -> None:
        """Take the panel out; it is not seen then."""
        self.takeWidget()

    def minimumSizeHint(self) -> QSize:
        panel = self.widget()
        if panel is None:
            return QSize(0, 0)
        needed = panel.minimumSizeHint().expandedTo(panel.minimumSize())
        if getattr(panel, "is_whole", False):
            return needed
        metrics = self.fontMetrics()
        letters, lines = _LEAST
        return needed.boundedTo(
            QSize(letters * metrics.averageCharWidth(), lines * metrics.height())
        )

    def sizeHint(self) -> QSize:
        panel = self.widget()
        return QSize(0, 0) if panel is None else panel.sizeHint()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self._tell()
        return done

    def keyPressEvent(self, event: QKeyEvent) -> None:
        # The arrows that no part of the panel wanted are the window's.
        event.ignore()

    def _tell(self) -> None:
        """Ask for another layout, if the panel can be made smaller or larger now."""
        hint = self.minimumSizeHint()
        if hint != self._told:
            self._told = hint
            self.updateGeometry()
