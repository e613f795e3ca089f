"""A line of widgets that gives way: in a narrow panel the less needed ones go."""

from PySide6.QtCore import QEvent, QSize
from PySide6.QtWidgets import QHBoxLayout, QLayout, QPushButton, QWidget

_NARROWEST = 60


class SqueezeBar(QWidget):
    """A row that never keeps its panel from being made narrow.

    Attributes
    ----------
    row : QHBoxLayout
        Takes the widgets.
    optional : list of QWidget
        Hidden while there is no room, the first one first; a button that is down
        stays, since what it does must be seen.
    """

    def __init__(self) -> None:
        super().__init__()
        self.optional: list[QWidget] = []
        self._is_fitting = False
        self.row = QHBoxLayout(self)
        self.row.setContentsMargins(6, 4, 6, 4)
        self.row.setSpacing(4)
        self.row.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)

    def minimumSizeHint(self) -> QSize:
        return QSize(_NARROWEST, self.row.minimumSize().height())

    def resizeEvent(self, event: object) -> None:
        self.fit()

    def event(self, event: QEvent) -> bool:
        done = super().event(event)
        if event.type() == QEvent.Type.LayoutRequest:
            self.fit()
        return done

    def fit(self) -> None:
        """Show what there is room for."""
        if self._is_fitting or not self.isVisible():
            return
        self._is_fitting = True
        for widget in self.optional:
            widget.show()
        for widget in self.optional:
            if self._needed() <= self.width():
                break
            if not (isinstance(widget, QPushButton) and widget.isChecked()):
                widget.hide()
        self._is_fitting = False

    def _needed(self) -> int:
        self.row.invalidate()
        return self.row.sizeHint().width()

    def showEvent(self, event: object) -> None:
        self.fit()
