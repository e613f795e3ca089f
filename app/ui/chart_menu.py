"""Menus of a chart: what it shows, and what can be done at a price."""

from collections.abc import Callable
from functools import partial
from typing import Final

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QInputDialog, QMenu

from app.engine.indicators.series import INDICATORS
from app.engine.records import BUY, SELL
from app.errors import EngineError
from app.ui.chart_orders import ChartOrders
from app.ui.items.chart_trading import TradingChart
from app.ui.models.chart_drawings import KINDS
from app.ui.models.chart_look import MOST_INDICATORS, Drawn
from app.ui.models.intent import Intent
from app.ui.models.judge import Verdict

_SHOWN: Final = (
    ("volume", "Volume"),
    ("delta", "Cumulative delta"),
    ("vwap", "VWAP of the session"),
    ("footprint", "Footprint in wide bars"),
    ("trading", "Own orders, fills, position"),
    ("drawings", "Drawings"),
    ("regimes", "Bands of volatility"),
    ("moves_along", "Move with linked charts"),
)
_PROFILES: Final = (
    ("", "No volume profile"),
    ("session", "Volume profile of the session"),
    ("visible", "Volume profile of the bars in view"),
)


class ChartMenu:
    """Fills menus from a chart's look, anew each time one opens.

    Parameters
    ----------
    view : TradingChart
    orders : ChartOrders
    say : callable
        Shows a line of warning.
    changed : callable
        Told when the look has changed.
    """

    def __init__(
        self,
        view: TradingChart,
        orders: ChartOrders,
        say: Callable[[str], None],
        changed: Callable[[], None],
    ) -> None:
        self._view = view
        self._orders = orders
        self._say = say
        self._changed = changed

    # What is shown.

    def fill_look(self, menu: QMenu) -> None:
        """Offer what can be shown."""
        menu.clear()
        look = self._view.look
        for name, title in _SHOWN:
            action = _checkable(menu, title, is_on=bool(getattr(look, name)))
            action.toggled.connect(partial(self._toggle, name))
        menu.addSeparator()
        for name, title in _PROFILES:
            action = _checkable(menu, title, is_on=look.profile == name)
            action.triggered.connect(partial(self._choose_profile, name))
        menu.addSeparator()
        adding = menu.addMenu("Add indicator")
        for name, what in INDICATORS.items():
            action = adding.addAction(what.title)
            action.triggered.connect(partial(self._ask_indicator, name, None))
        for drawn in look.indicators:
            if INDICATORS[drawn.name].parameters:
                action = menu.addAction(f"Change {drawn.title}…")
                action.triggered.connect(
                    partial(self._ask_indicator, drawn.name, drawn)
                )
            action = menu.addAction(f"Remove {drawn.title}")
            action.triggered.connect(partial(self._remove, drawn))

    def _toggle(self, name: str, is_on: bool) -> None:
        setattr(self._view.look, name, is_on)
        self._changed()

    def _choose_profile(self, name: str, is_on: bool = True) -> None:
        self._view.look.profile = name
        self._changed()

    def _remove(self, drawn: Drawn, is_on: bool = False) -> None:
        kept = [each for each in self._view.look.indicators if each is not drawn]
        self._view.look.indicators = kept
        self._changed()

    def _ask_indicator(
        self, name: str, given: Drawn | None = None, is_on: bool = False
    ) -> None:
        declared = INDICATORS[name].parameters
        if not declared:
            self.add_indicator(name, "")
            return
        names = ", ".join(each.name for each in declared)
        numbers = given.numbers() if given else [each.default for each in declared]
        usual = " ".join(f"{each:g}" for each in numbers)
        words, is_given = QInputDialog.getText(
            self._view, INDICATORS[name].title, f"{names}:", text=usual
        )
        if is_given:
            self.add_indicator(name, words, given)

    def add_indicator(
        self, name: str, words: str, instead: Drawn | None = None
    ) -> None:
        """Add an indicator with its numbers as typed, in order.

        Parameters
        ----------
        instead : Drawn, optional
            Takes the place of this one, with its colour.
        """
        declared = INDICATORS[name].parameters
        try:
            numbers = [float(each) for each in words.replace(",", " ").split()]
            if len(numbers) > len(declared):
                raise EngineError(f"{name} takes {len(declared)} numbers at most")
            given = zip(declared, numbers, strict=False)
            drawn = Drawn(name, {each.name: number for each, number in given})
            drawn.numbers()
        except (ValueError, EngineError) as error:
            self._say(str(error))
            return
        if instead is not None:
            shown = self._view.look.indicators
            changed = [drawn if each is instead else each for each in shown]
            self._view.look.indicators = changed
            self._changed()
            return
        if len(self._view.look.indicators) >= MOST_INDICATORS:
            self._say(f"a chart has at most {MOST_INDICATORS} indicators")
            return
        self._view.look.indicators = [*self._view.look.indicators, drawn]
        self._changed()

    # What can be done at a price.

    def open_at(self, at: QPoint) -> QMenu:
        """Open the menu of a price (at: of the screen)."""
        menu = QMenu(self._view)
        menu.aboutToHide.connect(menu.deleteLater)
        if self._view.look.trading:
            for intent in self._view.hand.intents_at(self._view.menu_price):
                self._offer(menu, intent)
            self._offer_plans(menu)
            menu.addSeparator()
        drawing = menu.addMenu("Draw")
        for kind in KINDS:
            action = drawing.addAction(kind.capitalize())
            action.triggered.connect(partial(self.draw, kind))
        layer = self._view.extras.drawings
        if layer.drawings is not None:
            undo = menu.addAction("Undo drawing", self._undo)
            undo.setEnabled(layer.drawings.can_undo)
        menu.addAction("Fit", self._view.reset_view)
        menu.popup(at)
        return menu

    def _offer(self, menu: QMenu, intent: Intent) -> None:
        action = menu.addAction(intent.text)
        action.setEnabled(intent.verdict is not Verdict.BLOCK)
        action.triggered.connect(lambda: self._orders.place(intent))

    def _offer_plans(self, menu: QMenu) -> None:
        """Offer a bracket to draw here, either way."""
        view = self._view
        if view.hand.frame is None or view.listed is None:
            return
        price, drawing = view.menu_price, menu.addMenu("Draw a bracket")
        drawing.setToolTipsVisible(True)
        for side, word in ((BUY, "Buy"), (SELL, "Sell")):
            action = drawing.addAction(f"{word} from {view.listed.text.price(price)}")
            action.setToolTip("Entry, target and stop as lines; nothing is sent yet")
            action.triggered.connect(partial(self._begin_plan, side, price))

    def _begin_plan(self, side: int, price: int, is_on: bool = False) -> None:
        self._view.begin_plan(side, price)
        self._view.setFocus(Qt.FocusReason.OtherFocusReason)
        self._say("bracket: drag its lines; Send or Enter sends it, Esc drops it")

    def draw(self, kind: str, is_on: bool = False) -> None:
        """Let the next presses draw; a note asks for its words first."""
        layer = self._view.extras.drawings
        layer.escape()
        if kind == "note":
            words, is_given = QInputDialog.getText(self._view, "Note", "Words:")
            if not is_given or not words.strip():
                return
            layer.note = words.strip()[:200]
        layer.tool = kind
        points = KINDS[kind]
        how = "a press" if points == 1 else f"{points} presses"
        self._say(f"{kind}: {how} in the chart; Esc gives up")

    def _undo(self) -> None:
        drawings = self._view.extras.drawings.drawings
        if drawings is not None:
            self._view.extras.drawings.selected = None
            drawings.undo()


def _checkable(menu: QMenu, title: str, *, is_on: bool) -> QAction:
    action = menu.addAction(title)
    action.setCheckable(True)
    action.setChecked(is_on)
    return action
