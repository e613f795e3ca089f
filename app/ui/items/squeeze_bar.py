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
        """Show what there is room for; asks for a new layout only where that changes.

        Hiding and showing to measure would ask for one each time, which comes back
        here: a window that lays itself out for ever.
        """
        if self._is_fitting or not self.isVisible():
            return
        self._is_fitting = True
        spare = self.width() - self._needed()
        for widget in self.optional:
            is_down = isinstance(widget, QPushButton) and widget.isChecked()
            is_shown = spare >= 0 or is_down
            if not is_shown:
                spare += _wanted(widget) + self.row.spacing()
            if widget.isHidden() == is_shown:
                widget.setVisible(is_shown)
        self._is_fitting = False

    def _needed(self) -> int:
        """Width of the whole row, were every optional widget shown, pixels."""
        hidden = (each for each in self.optional if each.isHidden())
        gap = self.row.spacing()
        return self.row.sizeHint().width() + sum(_wanted(each) + gap for each in hidden)

    def showEvent(self, event: object) -> None:
        self.fit()


def _wanted(widget: QWidget) -> int:
    """Width that a layout would give a widget, also while it is hidden."""
    hint = max(widget.sizeHint().width(), widget.minimumSizeHint().width())
    return max(widget.minimumWidth(), min(hint, widget.maximumWidth()))
