"""One judge: the same proposal is ruled the same on every surface, in every state.

A table of proposals is made by hand on ladder, chart, ticket and blotters, in each
safety state and with a stale book. What becomes of each (sent, held, staged, blocked),
its words and the commands that leave must be those of the table, whoever was asked:
cancels apart, which nothing blocks, it is SEMANTICS 52 to 54 row by row.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QWidget
from pytestqt.qtbot import QtBot

from app.engine.conditional.capabilities import CAPABILITIES
from app.engine.records import (
    BUY,
    SELL,
    Action,
    OrderOption,
    OrderType,
    RiskLimit,
    SafetyState,
)
from app.ui.items.ladder_geometry import Column
from app.ui.items.step_field import StepField
from app.ui.models import requests
from app.ui.models.deciding import Deciding, Held
from app.ui.models.exits import Plan
from app.ui.models.judge import NO_EXIT
from app.ui.models.ticket import Attach
from app.ui.panels.chart import ChartPanel
from app.ui.panels.ladder import LadderPanel
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.panels.ticket import TicketPanel
from app.ui.safety import Way
from app.ui.ticket_desk import TOO_SOON
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui
LEFT = Qt.MouseButton.LeftButton
NONE = Qt.KeyboardModifier.NoModifier
SHIFT = Qt.KeyboardModifier.ShiftModifier
CONTROL = Qt.KeyboardModifier.ControlModifier
ALT = Qt.KeyboardModifier.AltModifier
ID: Final = 900
"""Client order id of the order that a replace is about."""
SENT, HELD, STAGED, BLOCKED = "sent", "held", "staged", "blocked"
_OWN: Final = ("client_order_id", "group", "ts_received")
"""Fields of a command that differ from one gesture to the next by right."""


@dataclass(frozen=True)
class Row:
    """A proposal, and what becomes of it while the desk is ARMED.

    Attributes
    ----------
    kind : str
        limit, market, stop, exit stop, bracket, reverse; of an order: move, size.
    side : int
    ticks : int
        Price: ticks beyond the opposite touch, in the order's direction; of a stop,
        beyond the last.
    quantity : int
        Of a change of size: what is added.
    surfaces : str
        Those that can make it.
    ruling, words : str
        While ARMED.
    position : int
        Held before.
    is_exit : bool
        Passes in every state (SEMANTICS 52).
    shrinks : bool
        Becomes an exit in REDUCE, where nothing else may pass.
    offers_stops : bool
        Whether the venue takes stops.
    limits : tuple
        Risk limits that hold for this row alone: (which, value).
    """

    kind: str
    side: int
    ticks: int
    quantity: int
    surfaces: str
    ruling: str = SENT
    words: str = ""
    position: int = 0
    is_exit: bool = False
    shrinks: bool = False
    offers_stops: bool = True
    limits: tuple[tuple[RiskLimit, int], ...] = ()


ROWS: Final = {
    "a passive limit": Row("limit", BUY, -4, 1, "ladder ticket chart"),
    "a marketable limit": Row("limit", BUY, 1, 1, "ladder ticket"),
    "a limit far through the market": Row(
        "limit", BUY, 7, 1, "ladder ticket", HELD, "7 ticks through the market"
    ),
    "a market order": Row("market", BUY, 0, 1, "ladder ticket"),
    "a stop beyond the market": Row("stop", BUY, 6, 1, "ladder ticket chart"),
    "a stop that would trigger at once": Row(
        "stop", BUY, -3, 1, "ladder ticket", HELD, "it would trigger at once"
    ),
    "above the size limit": Row(
        "limit", BUY, -4, 51, "ladder ticket chart", BLOCKED,
        "max order size 50, this order is 51",
    ),
    "above the position limit": Row(
        "limit", BUY, -4, 3, "ladder ticket chart", BLOCKED,
        "max position 100, this order could make it 101", position=98,
    ),
    "above the exposure limit, which the window only foresees": Row(
        "limit", BUY, -4, 3, "ladder ticket chart",
        limits=((RiskLimit.MAX_SYMBOL_EXPOSURE, 10**8),),
    ),
    "without a size": Row(
        "limit", BUY, -4, 0, "ladder chart", BLOCKED, "choose a size first"
    ),
    "an order that shrinks the position": Row(
        "limit", SELL, -4, 2, "ladder ticket chart", position=5, shrinks=True
    ),
    "an order that turns the position": Row(
        "limit", SELL, -4, 7, "ladder ticket chart", position=5
    ),
    "an exit stop": Row(
        "exit stop", SELL, 6, 5, "ladder ticket chart", position=5, is_exit=True
    ),
    "a bracket": Row("bracket", BUY, -4, 2, "ladder ticket chart"),
    "a bracket whose entry shrinks the position": Row(
        "bracket", SELL, -4, 2, "ladder ticket chart", position=5
    ),
    "a bracket where stops are not offered": Row(
        "bracket", BUY, -4, 2, "ladder ticket chart", BLOCKED,
        "the venue does not offer this order type", offers_stops=False,
    ),
    "a stop that is not offered": Row(
        "stop", BUY, 6, 1, "ladder chart", BLOCKED,
        "the venue does not offer this order type", offers_stops=False,
    ),
    "turning the position round": Row(
        "reverse", SELL, 0, 8, "ladder ticket positions", position=4
    ),
    "another price": Row("move", BUY, -6, 0, "ladder chart orders"),
    "another price that trades": Row(
        "move", BUY, 2, 0, "ladder chart orders", HELD, "it would trade at once"
    ),
    "a larger size": Row("size", BUY, -4, 1, "ladder orders"),
    "a smaller size": Row("size", BUY, -4, -1, "ladder orders", is_exit=True),
    "another price of an exit": Row(
        "move", SELL, -6, 0, "ladder chart orders", position=5, is_exit=True
    ),
    "another price of an exit that trades": Row(
        "move", SELL, 2, 0, "ladder chart orders", HELD, "it would trade at once",
        position=5, is_exit=True,
    ),
    "a smaller size of an exit": Row(
        "size", SELL, -4, -1, "ladder orders", position=5, is_exit=True
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Desk:
    """How the desk stands, and why it lets no entry pass; "" = it does."""

    state: SafetyState
    way: Way = Way.DIRECT
    shut: str = ""
    stale: int = 0


_VIEW: Final = "the desk is in VIEW; press ARMED to trade"
DESKS: Final = {
    "VIEW": Desk(SafetyState.VIEW, shut=_VIEW),
    "ARMED": Desk(SafetyState.ARMED),
    "REDUCE": Desk(SafetyState.REDUCE, shut="the desk is in REDUCE; only exits pass"),
    "KILLED": Desk(
        SafetyState.KILLED, shut="the desk is KILLED; only cancels and exits pass"
    ),
    "HOLD, key up": Desk(
        SafetyState.VIEW, Way.HOLD, "the desk is in VIEW; hold the key left of 1"
    ),
    "HOLD, key down": Desk(SafetyState.ARMED, Way.HOLD),
    "STAGE": Desk(SafetyState.ARMED, Way.STAGE),
    "stale book": Desk(SafetyState.ARMED, shut="stale book", stale=1),
}


def wanted(row: Row, desk: Desk) -> tuple[str, str]:
    """What the rules say becomes of a proposal: the ruling and its words."""
    is_reduce = desk.state is SafetyState.REDUCE
    passes = row.is_exit or (row.shrinks and is_reduce)
    if desk.shut and not passes:
        is_exit_like = row.kind == "bracket" and row.position and is_reduce
        return BLOCKED, desk.shut + (NO_EXIT if is_exit_like else "")
    is_smaller = row.kind == "size" and row.quantity < 0
    if desk.way is Way.STAGE and row.ruling != BLOCKED and not is_smaller:
        return STAGED, row.words
    return row.ruling, row.words


class Surfaces:
    """All panels that make orders, side by side, and the hand on them."""

    def __init__(self, qtbot: QtBot, stage: Stage) -> None:
        self.qtbot, self.stage = qtbot, stage
        context = stage.context
        self.ladder = LadderPanel(context)
        self.ticket = TicketPanel(context)
        self.chart = ChartPanel(context)
        self.orders = OrdersPanel(context)
        self.positions = PositionsPanel(context)
        self.panels: tuple[QWidget, ...] = (
            self.ladder, self.ticket, self.chart, self.orders, self.positions,
        )  # fmt: skip
        for panel in self.panels:
            qtbot.addWidget(panel)
            panel.resize(700, 700)
            panel.show()
        self.chart.interval.setCurrentText("1s")
        self.chart._on_interval()
        for _ in range(200):
            stage.session.advance()
        stage.session.is_frozen = True
        stage.pulse()
        self.chart.show_news()
        scale, middle = self.chart.view.price_scale, stage.session.books[0].bid
        scale.low, scale.high, scale.is_manual = middle - 15.0, middle + 15.0, True
        self.chart.view.rebuild()

    def stand(self, row: Row, desk: Desk) -> None:
        """Bring everything to where the gesture is made; nothing is in any hand."""
        stage, session = self.stage, self.stage.session
        self.ladder.view._notes.clear()
        for hand in self.hands():
            hand.held = None
        session.orders.clear()
        stage.desk.orders.clear()
        session.capabilities = {
            kind: times
            for kind, times in CAPABILITIES.items()
            if row.offers_stops or kind is not OrderType.STOP
        }
        session.position[0] = row.position
        session.cost[0] = row.position * float(session.books[0].bid)
        session.limits[RiskLimit.MAX_SYMBOL_EXPOSURE] = 0
        for limit, value in row.limits:
            session.limits[limit] = value
        session.stale = 0
        session.state = SafetyState.ARMED
        if row.kind in ("move", "size"):
            options = OrderOption.REDUCE_ONLY if row.position else 0
            made = requests.new_order(
                0,
                instrument=0,
                client_order_id=ID,
                side=row.side,
                quantity=5,
                price=self.price(row.side, -4),
                options=int(options),
            )
            session.submit(made)
        session.state, session.stale = desk.state, desk.stale
        safety = stage.context.safety
        safety.direct()
        if desk.way is not Way.DIRECT:
            safety.choose(desk.way)
            safety._press(desk.way is Way.HOLD and desk.state is SafetyState.ARMED)
        self.chart.size_field.setText(str(row.quantity or ""))
        self.ladder.pads.sizes_chosen.emit((row.quantity, row.quantity))
        self.ladder.view.gestures.step = 1
        stage.pulse()
        stage.clock.advance(1.0)
        stage.frame()
        self.chart.show_news()
        QApplication.processEvents()

    def hands(self) -> list[Deciding]:
        return [
            self.ladder.view.gestures,
            self.ticket.desk.hand,
            self.chart.view.hand,
            self.orders._hand,
            self.positions._hand,
        ]

    def price(self, side: int, ticks: int) -> int:
        return self.stage.session.books[0].price(-side, 0) + side * ticks

    def price_of(self, row: Row) -> int:
        if row.kind in ("stop", "exit stop"):
            return self.stage.session.books[0].last + row.side * row.ticks
        return self.price(row.side, row.ticks)

    # Each makes the proposal, and returns what is held and what was told.

    def by_ladder(self, row: Row) -> tuple[Held | None, str]:
        panel, view, price = self.ladder, self.ladder.view, self.price_of(row)
        frame = view.painted
        assert frame is not None
        column = Column.BID if row.side == BUY else Column.ASK
        own = Column.OWN_BUYS if row.side == BUY else Column.OWN_SELLS

        def place(at: int, where: Column) -> QPoint:
            return view.cell_centre(frame.row(at), where).toPoint()

        keys = {"limit": NONE, "stop": SHIFT, "exit stop": CONTROL, "bracket": ALT}
        if row.kind in keys:
            self.qtbot.mouseClick(view, LEFT, keys[row.kind], place(price, column))
        elif row.kind == "market":
            panel.run("ladder.buy_market")
        elif row.kind == "reverse":
            panel.run("ladder.reverse")
        else:
            start = place(self.price(row.side, -4), own)
            if row.kind == "move":
                self.qtbot.mousePress(view, LEFT, pos=start)
                self.qtbot.mouseMove(view, pos=place(price, own))
                self.stage.frame()
                self.qtbot.mouseRelease(view, LEFT, pos=place(price, own))
            else:
                point, turn = QPointF(start), QPoint(0, 120 * row.quantity)
                event = QWheelEvent(
                    point, view.mapToGlobal(point), QPoint(), turn,
                    Qt.MouseButton.NoButton, SHIFT | CONTROL,
                    Qt.ScrollPhase.NoScrollPhase, False,
                )  # fmt: skip
                QApplication.sendEvent(view, event)
                self.stage.frame(30)  # notches are collected
        # The line goes on to what is under the pointer; the row keeps the words.
        in_rows = [note.text for note in view._notes.values()]
        return view.gestures.held, " ".join([panel._hover.text, *in_rows])

    def by_chart(self, row: Row) -> tuple[Held | None, str]:
        view, price = self.chart.view, self.price_of(row)
        if row.kind == "move":
            chip = view.chip_of(ID)
            assert chip is not None
            start = chip.box.center().toPoint() - QPoint(14, 0)
            end = QPoint(start.x(), round(float(view.price_scale.y(price))))
            QTest.mousePress(view, LEFT, pos=start)
            QTest.mouseMove(view, end)
            QTest.mouseRelease(view, LEFT, pos=end)
        elif row.kind == "bracket":
            ticks = self.ladder.view.gestures.exit_ticks
            view.hand.plan = Plan(row.side, price, ticks)
            QTest.keyClick(view, Qt.Key.Key_Return)
            view.hand.plan = None
        else:
            kind = OrderType.LIMIT if row.kind == "limit" else OrderType.STOP
            found = [
                each
                for each in view.hand.intents_at(price)
                if each.side == row.side and each.command["order_type"] == kind
            ]
            # The stop that closes the position is offered after the plain one.
            intent = found[-1 if row.kind == "exit stop" else 0]
            self.chart.orders.place(intent)
        return view.hand.held, self.chart.said.text

    def by_ticket(self, row: Row) -> tuple[Held | None, str]:
        panel, view = self.ticket, self.ticket.view
        text = self.stage.desk.listed(0).text.price(self.price_of(row))  # type: ignore[union-attr]  # the session has it
        kinds = {
            "stop": OrderType.STOP, "exit stop": OrderType.STOP,
            "market": OrderType.MARKET, "reverse": OrderType.MARKET,
        }  # fmt: skip
        view._set("side", row.side)
        view._set("order_type", kinds.get(row.kind, OrderType.LIMIT))
        view._set("reduce_only", row.kind == "exit stop")
        is_bracket = row.kind == "bracket"
        view._set("attach", Attach.BRACKET if is_bracket else Attach.NOTHING)
        view.put("target", "8" if is_bracket else "")
        view.put("loss", "8" if is_bracket else "")
        view.put("quantity", str(row.quantity))
        view.put("stop" if "stop" in row.kind else "price", text)
        self.qtbot.keyClick(panel, Qt.Key.Key_Return)
        return panel.desk.hand.held, panel.says.text

    def by_orders(self, row: Row) -> tuple[Held | None, str]:
        panel, what = self.orders, "Price" if row.kind == "move" else "Quantity"
        index = panel.table.index(0, panel._column(what))
        panel.view.table.setCurrentIndex(index)
        panel.view.table.edit(index)
        field = panel.view.table.findChildren(StepField)[-1]
        text = self.stage.desk.listed(0).text.price(self.price_of(row))  # type: ignore[union-attr]  # the session has it
        field.setText(text if row.kind == "move" else str(5 + row.quantity))
        self.qtbot.keyClick(field, Qt.Key.Key_Return)
        told = field.toolTip()
        self.qtbot.keyClick(field, Qt.Key.Key_Escape)
        return panel._hand.held, told

    def by_positions(self, row: Row) -> tuple[Held | None, str]:
        self.positions.view.table.selectRow(0)
        self.positions._on_reverse()
        newest = self.stage.desk.messages.newest
        return self.positions._hand.held, newest.text if newest else ""

    def ask(self, surface: str, row: Row) -> tuple[str, str, list[dict[str, int]]]:
        """Make a proposal and confirm it where that is asked for.

        Returns
        -------
        tuple
            The ruling and its words, and what was sent in the end.
        """
        makers: dict[str, Callable[[Row], tuple[Held | None, str]]] = {
            "ladder": self.by_ladder,
            "chart": self.by_chart,
            "ticket": self.by_ticket,
            "orders": self.by_orders,
            "positions": self.by_positions,
        }
        session, make = self.stage.session, makers[surface]
        before = len(session.sent)
        held, told = make(row)
        ruling, why = SENT if len(session.sent) > before else BLOCKED, told
        if held is not None:
            assert len(session.sent) == before
            ruling = STAGED if held.is_staged else HELD
            why = held.intents[0].why
        for _ in range(2):  # what was staged may be held once it is judged anew
            if held is not None:
                self.stage.clock.advance(0.5)
                held = self.confirm(surface, lambda: make(row)[0])
        assert held is None
        sent = [plain(each) for each in session.sent[before:]]
        return ruling, why, sent

    def confirm(self, surface: str, again: Callable[[], Held | None]) -> Held | None:
        """Confirm what is held: by Enter, in a blotter by asking for the same again."""
        views = {
            "ladder": (self.ladder.view, self.ladder.view.gestures),
            "chart": (self.chart.view, self.chart.view.hand),
            "ticket": (self.ticket, self.ticket.desk.hand),
        }
        if surface not in views:
            return again()
        view, hand = views[surface]
        self.qtbot.keyClick(view, Qt.Key.Key_Return)
        return hand.held


def plain(command: np.void) -> dict[str, int]:
    """A command without what differs from one gesture to the next by right."""
    names = command.dtype.names
    assert names is not None
    is_new = command["action"] == Action.NEW
    left = _OWN if is_new else _OWN[1:]
    return {name: int(command[name]) for name in names if name not in left}


@pytest.fixture
def surfaces(qtbot: QtBot, stage: Stage) -> Surfaces:
    return Surfaces(qtbot, stage)


@pytest.mark.parametrize("state", DESKS)
def test_every_surface_rules_as_the_table_says(surfaces: Surfaces, state: str) -> None:
    desk = DESKS[state]
    wrong: list[tuple[object, ...]] = []
    for name, row in ROWS.items():
        ruling, words = wanted(row, desk)
        first: list[dict[str, int]] | None = None
        for surface in row.surfaces.split():
            surfaces.stand(row, desk)
            found, told, sent = surfaces.ask(surface, row)
            if found != ruling or words not in told:
                wrong.append((name, surface, (found, told), (ruling, words)))
            first = sent if first is None else first
            if sent != first:
                wrong.append((name, surface, differences(first, sent)))
    assert not wrong, "\n".join(map(str, wrong))


def differences(first: list[dict[str, int]], second: list[dict[str, int]]) -> object:
    """Fields in which two lists of commands differ."""
    if len(first) != len(second):
        return len(first), len(second)
    return [
        {name: (a[name], b[name]) for name in a if a[name] != b[name]}
        for a, b in zip(first, second, strict=True)
    ]


def test_a_second_press_that_comes_too_soon_says_so(surfaces: Surfaces) -> None:
    row = ROWS["a limit far through the market"]
    surfaces.stand(row, DESKS["ARMED"])
    assert surfaces.by_ticket(row)[0] is not None
    panel, sent = surfaces.ticket, surfaces.stage.session.sent
    before = len(sent)

    surfaces.qtbot.keyClick(panel, Qt.Key.Key_Return)
    assert TOO_SOON in panel.says.text
    assert len(sent) == before
    surfaces.stage.clock.advance(0.5)
    surfaces.qtbot.keyClick(panel, Qt.Key.Key_Return)

    assert len(sent) == before + 1
    assert int(sent[-1]["options"]) & OrderOption.CONFIRMED
    assert TOO_SOON not in panel.says.text
