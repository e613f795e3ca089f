"""A dock's title bar: its name, what it is linked with, its instrument, its buttons.

Behind tabs, which say the name already, only the link is left, and for a panel without
one nothing at all.
"""

from typing import Final

from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QHBoxLayout, QLabel, QMenu, QToolButton, QWidget

from app.ui.items.link_chip import LinkChip, group_icon
from app.ui.links import GROUPS, OWN, Link
from app.ui.models.desk import Desk
from app.ui.theme import Theme, text_font

_IN_MENU: Final = 24
"""So many instruments are listed in a menu; where there are more, they are searched."""


class TitleButton(QToolButton):
    """Floats, docks or closes; its sign is painted, so that no font need have it."""

    def __init__(self, sign: str, words: str) -> None:
        super().__init__()
        self._sign = sign
        self._side = 18
        self.colour = ""
        self.setToolTip(words)
        self.setAccessibleName(words)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def dress(self, theme: Theme, scale: float) -> None:
        """Take a theme."""
        self._side = round(18 * scale)
        self.colour = theme.muted
        self.updateGeometry()

    def sizeHint(self) -> QSize:
        return QSize(self._side, self._side)

    def minimumSizeHint(self) -> QSize:
        return self.sizeHint()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(QColor(self.colour or "gray"), 1.3))
        reach = self._side * 0.2
        centre = QPointF(self.width() / 2, self.height() / 2)
        box = QRectF(centre.x() - reach, centre.y() - reach, 2 * reach, 2 * reach)
        if self._sign == "close":
            painter.drawLine(box.topLeft(), box.bottomRight())
            painter.drawLine(box.topRight(), box.bottomLeft())
        else:
            painter.drawRect(box)
            painter.drawLine(
                QPointF(box.left(), box.top() + 2), QPointF(box.right(), box.top() + 2)
            )
        painter.end()


class DockTitle(QWidget):
    """The title bar of one panel.

    Signals
    -------
    float_wanted(), close_wanted()
    search_wanted()
        There are too many instruments for a menu.
    """

    float_wanted = Signal()
    close_wanted = Signal()
    search_wanted = Signal()

    def __init__(self, title: str, desk: Desk, link: Link | None) -> None:
        super().__init__()
        self._desk, self._link = desk, link
        self._theme: Theme | None = None
        self.scale = 1.0
        self._is_tabbed = False
        self.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        self.setProperty("role", "dock-title")
        self.title = QLabel(title)
        self.title.setTextFormat(Qt.TextFormat.PlainText)
        self.chip = LinkChip()
        self.chip.setMenu(QMenu(self.chip))
        self.instrument = QToolButton()
        self.instrument.setPopupMode(QToolButton.ToolButtonPopupMode.InstantPopup)
        self.instrument.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.instrument.setMenu(QMenu(self.instrument))
        self.detach = TitleButton("float", "Float or dock")
        self.dismiss = TitleButton("close", "Close")
        self._lay_out()
        self._connect()

    def dress(self, theme: Theme, scale: float) -> None:
        """Take a theme."""
        self._theme, self.scale = theme, scale
        self.instrument.setFont(text_font(scale, bold=True))
        for button in (self.chip, self.detach, self.dismiss):
            button.dress(theme, scale)
        self._fit()

    def sizeHint(self) -> QSize:
        # A dock begins its panel below what is hinted at, whatever the height is.
        return QSize(super().sizeHint().width(), self.maximumHeight())

    def minimumSizeHint(self) -> QSize:
        return QSize(super().minimumSizeHint().width(), self.maximumHeight())

    def show_tabbed(self, is_tabbed: bool) -> None:
        """Leave the name to the tab, or say it."""
        if is_tabbed != self._is_tabbed:
            self._is_tabbed = is_tabbed
            self._fit()

    def _fit(self) -> None:
        self.title.setVisible(not self._is_tabbed)
        is_empty = self._is_tabbed and self._link is None
        for part in (self.detach, self.dismiss):
            part.setVisible(not is_empty)
        self.setFixedHeight(0 if is_empty else round(24 * self.scale))
        self.updateGeometry()

    def _lay_out(self) -> None:
        row = QHBoxLayout(self)
        row.setContentsMargins(8, 0, 4, 1)
        row.setSpacing(4)
        row.addWidget(self.title)
        row.addWidget(self.chip)
        row.addWidget(self.instrument)
        row.addStretch(1)
        row.addWidget(self.detach)
        row.addWidget(self.dismiss)
        for part in (self.chip, self.instrument):
            part.setVisible(self._link is not None)

    def _connect(self) -> None:
        self.detach.clicked.connect(self.float_wanted)
        self.dismiss.clicked.connect(self.close_wanted)
        self.chip.menu().aboutToShow.connect(self._fill_groups)
        self.instrument.menu().aboutToShow.connect(self._fill_instruments)
        if self._link is not None:
            self._link.changed.connect(self._show_link)
            self._show_link()

    def _show_link(self) -> None:
        assert self._link is not None
        self.chip.show_group(self._link.group)
        name = self._link.instrument
        self.instrument.setText(name or "no instrument")
        self.instrument.setAccessibleName(f"Instrument: {name}")
        where = f" in group {self._link.group}" if self._link.group else ""
        self.instrument.setToolTip(f"Choose the instrument shown{where}")

    def _fill_groups(self) -> None:
        menu, link, theme = self.chip.menu(), self._link, self._theme
        menu.clear()
        if link is None or theme is None:
            return
        for group in (*GROUPS, OWN):
            words = f"Group &{group}" if group else "&Own instrument"
            action = menu.addAction(group_icon(group, theme, self.scale), words)
            action.setCheckable(True)
            action.setChecked(group == link.group)
            action.triggered.connect(lambda _=False, group=group: link.join(group))

    def _fill_instruments(self) -> None:
        menu, link = self.instrument.menu(), self._link
        menu.clear()
        if link is None:
            return
        listed = self._desk.market.listed
        for each in listed[:_IN_MENU]:
            action = menu.addAction(each.instrument.name)
            action.setCheckable(True)
            action.setChecked(each.number == link.focus.number)
            action.triggered.connect(lambda _=False, n=each.number: link.choose(n))
        if len(listed) > _IN_MENU:
            menu.addAction(
                f"Search {len(listed)} instruments…", self.search_wanted.emit
            )
        elif not listed:
            menu.addAction("The session has no instrument yet").setEnabled(False)
