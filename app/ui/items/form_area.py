"""A form in a panel: it scrolls up and down alone, and ends with a whole row."""

from itertools import pairwise

from PySide6.QtCore import QEvent, QObject, QPoint, QSize, Qt
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

_MOST_REST = 0.34
"""Share of the height that may be left empty for a whole row."""


class FormArea(QScrollArea):
    """Shows a form as wide as the panel; a row that is cut at its foot is not shown.

    Parameters
    ----------
    form : QWidget
        A widget in it with an attribute ``row_px`` is cut between its painted rows.
    name : str
        What a screen reader calls it.
    keeps_width : bool
        It is never narrower than the form can be; else the form gives way by itself.
    """

    def __init__(
        self, form: QWidget, name: str = "", *, keeps_width: bool = False
    ) -> None:
        super().__init__()
        self._rest, self._keeps_width = 0, keeps_width
        self.setAccessibleName(name)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setWidgetResizable(True)
        self.setWidget(form)
        form.installEventFilter(self)
        self.verticalScrollBar().valueChanged.connect(lambda _: self.fit())

    def minimumSizeHint(self) -> QSize:
        hint, form = super().minimumSizeHint(), self.widget()
        if self._keeps_width and form is not None:
            bar = self.verticalScrollBar().sizeHint().width()
            hint.setWidth(form.minimumSizeHint().width() + bar)
        return hint

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        kinds = QEvent.Type
        if event.type() in (kinds.Resize, kinds.LayoutRequest, kinds.Show):
            self.fit()
        return super().eventFilter(watched, event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def fit(self) -> None:
        """End where a row ends."""
        form = self.widget()
        if form is None:  # Qt asks while it makes or unmakes the area
            return
        top, room = self.verticalScrollBar().value(), self.height()
        end = whole_rows(form, top + room)
        rest = top + room - end
        rest = rest if rest <= room * _MOST_REST else 0
        if rest != self._rest:
            self._rest = rest
            self.setViewportMargins(0, 0, 0, rest)


def whole_rows(form: QWidget, end: int) -> int:
    """Height, at most `end`, that cuts none of a form's rows.

    Parameters
    ----------
    form : QWidget
    end : int
        Pixels from the form's top.
    """
    spans = [span for leaf in _leaves(form) for span in _rows(leaf, form)]
    while True:
        cut = [top for top, bottom in spans if top < end < bottom]
        if not cut:
            return end
        end = min(cut)


def _leaves(widget: QWidget) -> list[QWidget]:
    """Visible widgets that lay out no others."""
    if widget.layout() is None:
        return [widget]
    option = Qt.FindChildOption.FindDirectChildrenOnly
    inner = widget.findChildren(QWidget, options=option)
    return [leaf for each in inner if not each.isHidden() for leaf in _leaves(each)]


def _rows(leaf: QWidget, form: QWidget) -> list[tuple[int, int]]:
    """Tops and bottoms of the rows of a widget."""
    top, height = leaf.mapTo(form, QPoint()).y(), leaf.height()
    row = getattr(leaf, "row_px", 0) or height
    edges = [top + round(i * row) for i in range(round(height / max(1, row)) + 1)]
    return list(pairwise(edges))
