"""The depth profile of one instrument: what rests up to each price, on both sides."""

from typing import Any, Final

from PySide6.QtWidgets import QComboBox, QWidget

from app.ui import formatting
from app.ui.context import Context
from app.ui.items.depth_view import DepthView, words_at
from app.ui.items.lines import Line
from app.ui.items.panel_frame import frame_panel
from app.ui.models.depth_profile import LEAST_TICKS, MOST_TICKS, build_depth
from app.ui.models.market import Listed
from app.ui.trouble import TroubleBanner

_FIRST_TICKS: Final = 60


class DepthProfilePanel(QWidget):
    """Follows the focus; some twenty updates a second while it is seen."""

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._ticks = _FIRST_TICKS
        self.view = DepthView(context.theme, context.settings.scale)
        self.trouble = TroubleBanner(context, self.view)
        self.kind = QComboBox()
        self.kind.setAccessibleName("What the profile shows")
        self.kind.addItem("Sum from the touch", True)
        self.kind.addItem("Size by level", False)
        self._balance = Line()
        self._line, self._sums = Line(), ""
        bar = frame_panel(self, self.view, self._line)
        bar.row.addWidget(self.kind)
        bar.row.addWidget(self._balance, 1)
        self._connect()

    def _connect(self) -> None:
        bridge = self._context.bridge
        self.kind.currentIndexChanged.connect(self._on_kind)
        self.view.zoomed.connect(self._on_zoomed)
        self.view.hovered.connect(self._on_hovered)
        bridge.pictures_due.connect(self._on_picture)
        bridge.pulsed.connect(self._on_pulse)
        bridge.session_changed.connect(self._show)
        self._context.focus.changed.connect(self._show)

    def state(self) -> dict[str, Any]:
        """What a workspace keeps of it."""
        return {"summed": self.view.is_summed, "ticks": self._ticks}

    def restore(self, state: dict[str, Any]) -> None:
        """Take what a workspace kept; what it does not know is passed over."""
        self.kind.setCurrentIndex(0 if state.get("summed", True) is not False else 1)
        ticks = state.get("ticks")
        if isinstance(ticks, int) and LEAST_TICKS <= ticks <= MOST_TICKS:
            self._ticks = ticks
        self._show()

    def _listed(self) -> Listed | None:
        return self._context.desk.listed(self._context.focus.number)

    def _on_kind(self, *_: object) -> None:
        self.view.is_summed = bool(self.kind.currentData())
        self.view.update()

    def _on_zoomed(self, factor: float) -> None:
        wanted = self._ticks * factor
        rounded = round(wanted) if factor < 1 else int(wanted) + 1
        self._ticks = min(max(rounded, LEAST_TICKS), MOST_TICKS)
        self._show()

    def _on_picture(self) -> None:
        if self.isVisible():
            self._show()

    def _show(self, *_: object) -> None:
        session, listed = self._context.bridge.session, self._listed()
        history = session.history if session is not None else None
        market = self._context.desk.market
        frame = None
        if listed is not None:
            frame = build_depth(market, listed, history, self._ticks)
        self.view.show_frame(frame)
        price = self.view.pointed_price()
        if price is not None:
            self._on_hovered(price)

    def _on_hovered(self, price: float | None) -> None:
        frame = self.view.frame
        theme = self._context.theme
        if frame is None or price is None:
            self._line.show_text(self._sums, theme.muted)
        else:
            self._line.show_text(words_at(frame, price), theme.text)

    def _on_pulse(self, *_: object) -> None:
        frame = self.view.frame
        if frame is not None:
            text = frame.listed.text
            bid, ask = (
                text.size(round(float(side.sums[-1]))) if len(side.sums) else "0"
                for side in (frame.bids, frame.asks)
            )
            balance = formatting.percent_change(frame.imbalance)
            theme = self._context.theme
            self._balance.show_text(f"imbalance {balance}", theme.muted)
            self._sums = f"bids {bid} · asks {ask}"
            if self.view.pointed_price() is None:
                self._line.show_text(self._sums, theme.muted)

    def showEvent(self, event: object) -> None:
        self._show()
        self._on_pulse()
