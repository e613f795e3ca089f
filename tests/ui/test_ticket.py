"""The order ticket: every type is built, judged as the gate would, priced, and sent."""

from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QLabel
from pytestqt.qtbot import QtBot

from app.engine.conditional.capabilities import CAPABILITIES
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    GroupRole,
    OrderOption,
    OrderType,
    Reason,
    RiskLimit,
    SafetyState,
    TimeInForce,
    Trigger,
)
from app.engine.views import VIEW_LEVEL
from app.instrument import Fees, Instrument, InstrumentKind, QuantityUnits
from app.ui import formatting
from app.ui.models import ticket, ticket_reading, ticket_steps
from app.ui.models.estimate import estimate, fee_of, walk
from app.ui.models.pretrade import check
from app.ui.models.requests import numbered
from app.ui.models.situation import Situation, situation
from app.ui.models.ticket import Attach, TicketForm, Unit
from app.ui.panel_host import PanelHost
from app.ui.panels.ticket import TicketPanel
from tests.ui.conftest import Stage

pytestmark = pytest.mark.gui


def levels(*rows: tuple[int, int]) -> np.ndarray:
    made = np.zeros(len(rows), VIEW_LEVEL)
    for row, (price, size) in zip(made, rows, strict=True):
        row["price"], row["size"] = price, size
    return made


@pytest.fixture
def armed(stage: Stage) -> Stage:
    stage.session.capabilities = dict(CAPABILITIES)
    stage.session.state = SafetyState.ARMED
    stage.session.is_frozen = False
    stage.pulse()
    stage.session.is_frozen = True
    return stage


def at_of(stage: Stage, number: int = 0) -> Situation:
    made = situation(stage.desk, number, CAPABILITIES)
    assert made is not None
    return made


def form_of(at: Situation, **values: Any) -> TicketForm:
    form = TicketForm()
    ticket_steps.begin(form, at)
    ticket.settle(form, CAPABILITIES, at.now)
    for name, value in values.items():
        setattr(form, name, value)
    return form


@pytest.fixture
def panel(qtbot: QtBot, armed: Stage) -> TicketPanel:
    made = TicketPanel(armed.context)
    qtbot.addWidget(made)
    made.resize(340, 560)
    made.show()
    armed.pulse()
    return made


FILLED_IN: tuple[tuple[dict[str, Any], dict[str, int]], ...] = (
    ({"order_type": OrderType.MARKET}, {"price": NO_PRICE, "stop_price": NO_PRICE}),
    ({"price": "4320.25"}, {"price": 17281}),
    (
        {"order_type": OrderType.MARKET, "protection": "4"},
        {"protection_ticks": 4},
    ),
    ({"order_type": OrderType.STOP, "stop": "4400"}, {"stop_price": 17600}),
    (
        {"order_type": OrderType.STOP_LIMIT, "stop": "4400", "price": "4401"},
        {"stop_price": 17600, "price": 17604},
    ),
    ({"order_type": OrderType.TRAILING_STOP, "trail": "8"}, {"trail": 8}),
    (
        {
            "order_type": OrderType.TRAILING_STOP,
            "trail": "1.5",
            "trail_unit": Unit.PERCENT,
            "trigger": Trigger.MID,
        },
        {"trail": -15_000, "trigger": Trigger.MID},
    ),
    ({"display": "1", "quantity": "9"}, {"display_quantity": 1, "quantity": 9}),
    ({"post_only": True}, {"options": OrderOption.POST_ONLY}),
    (
        {"time_in_force": TimeInForce.GTD, "expire": 10**19 // 2},
        {"expire_ts": 10**19 // 2},
    ),
)


@pytest.mark.parametrize(("values", "wanted"), FILLED_IN)
def test_a_form_becomes_the_command_it_says(
    armed: Stage, values: dict[str, Any], wanted: dict[str, int]
) -> None:
    at = at_of(armed)
    draft = ticket_reading.read(form_of(at, **values), at)

    assert draft.faults == ()
    order = draft.order
    assert order is not None
    assert order["action"] == Action.NEW
    for name, value in wanted.items():
        assert int(order[name]) == value, name


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_trailing_stop_limit_begins_where_it_will_follow(
    armed: Stage, side: int
) -> None:
    at = at_of(armed)
    kind = OrderType.TRAILING_STOP_LIMIT
    form = form_of(at, side=side, order_type=kind, trail="10", offset="2")

    order = ticket_reading.read(form, at).order

    assert order is not None
    assert order["stop_price"] == at.last + side * 10
    assert order["price"] == order["stop_price"] + side * 2


@pytest.mark.parametrize("side", [BUY, SELL])
def test_a_bracket_sends_its_exits_before_its_entry(armed: Stage, side: int) -> None:
    at = at_of(armed)
    form = form_of(
        at, side=side, price="4300", attach=Attach.BRACKET, target="8", loss="4"
    )

    draft = ticket_reading.read(form, at)
    sent = numbered(draft.commands, [11, 12, 13], 5)

    roles = [GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP, GroupRole.BRACKET_ENTRY]
    assert sent["role"].tolist() == roles
    assert sent["side"].tolist() == [-side, -side, side]
    assert len(set(sent["group"].tolist())) == 1
    assert sent["group"][0] > 0
    assert sent["price"][0] == 17_200 + side * 8
    assert sent["stop_price"][1] == 17_200 - side * 4
    assert sent["options"][:2].tolist() == [OrderOption.REDUCE_ONLY] * 2


def test_exits_on_the_wrong_side_of_the_entry_are_told(armed: Stage) -> None:
    at = at_of(armed)
    form = form_of(
        at,
        price="4300",
        attach=Attach.BRACKET,
        target="4290",
        loss="4310",
        exit_unit=Unit.PRICE,
    )

    faults = {fault.field: fault.text for fault in ticket_reading.read(form, at).faults}

    assert faults == {
        "target": "the target must lie above the entry",
        "loss": "the stop must lie below the entry",
    }


def test_an_oco_pair_of_exits_stays_on_one_side(armed: Stage) -> None:
    armed.session.position[0] = 5
    armed.session.is_frozen = False
    armed.frame()
    at = at_of(armed)
    form = form_of(
        at,
        side=SELL,
        quantity="5",
        price="4400",
        reduce_only=True,
        attach=Attach.OCO,
        other_price="4200",
    )

    draft = ticket_reading.read(form, at)

    assert draft.commands["role"].tolist() == [GroupRole.OCO_EXIT] * 2
    assert draft.commands["side"].tolist() == [SELL, SELL]
    assert draft.commands["stop_price"][1] == 16_800


def test_no_more_is_offered_than_the_venue_holds(armed: Stage) -> None:
    offered = {OrderType.LIMIT: (TimeInForce.DAY,)}
    form = TicketForm(order_type=OrderType.STOP, time_in_force=TimeInForce.GTC)

    ticket.settle(form, offered, 0)

    assert ticket.types(offered) == (OrderType.LIMIT,)
    assert (form.order_type, form.time_in_force) == (OrderType.LIMIT, TimeInForce.DAY)


def test_fields_appear_only_where_they_mean_something(armed: Stage) -> None:
    instrument = at_of(armed).listed.instrument
    limit = ticket.shown(TicketForm(), instrument)
    stop = ticket.shown(TicketForm(order_type=OrderType.TRAILING_STOP), instrument)
    fok = ticket.shown(TicketForm(time_in_force=TimeInForce.FOK), instrument)

    assert {"price", "display", "post_only"} <= limit
    assert not limit & {"stop", "trail", "trigger", "expire", "protection"}
    assert {"trail", "trigger", "protection"} <= stop
    assert not stop & {"price", "stop", "offset", "display", "post_only"}
    assert not fok & {"display", "post_only"}


# The check while one types.


def refusal(stage: Stage, **values: Any) -> tuple[Reason, str] | None:
    at = at_of(stage)
    draft = ticket_reading.read(form_of(at, **values), at)
    assert draft.order is not None, draft.faults
    found = check(draft.order, at)
    return None if found is None else (found.reason, found.text)


def test_before_a_market_is_known_the_form_has_its_usual_fields(
    qtbot: QtBot, stage: Stage
) -> None:
    stage.bridge.detach()
    panel = TicketPanel(stage.context)
    qtbot.addWidget(panel)
    panel.show()

    rows = panel.view._rows
    seen = {name for name, row in rows.items() if panel.view._layout.isRowVisible(row)}
    assert {"price", "display"} <= seen
    assert seen.isdisjoint({"stop", "trail", "offset", "trigger", "expire", "exits"})
    assert not panel.isEnabled()


def test_the_check_speaks_as_the_refusal_would(armed: Stage) -> None:
    assert refusal(armed) is None
    limits = armed.session.limits
    assert refusal(armed, quantity="51") == (
        Reason.MAX_ORDER_SIZE,
        "max order size 50, this order is 51",
    )
    armed.session.position[0] = 98
    armed.session.is_frozen = False
    armed.frame()
    assert refusal(armed, quantity="3") == (
        Reason.MAX_POSITION_SIZE,
        "max position 100, this order could make it 101",
    )
    limits[RiskLimit.MAX_POSITION_SIZE] = 0
    limits[RiskLimit.MAX_ORDER_VALUE] = 1_000 * 10**8
    armed.frame()
    found = refusal(armed, quantity="1")
    assert found is not None
    assert found[0] == Reason.MAX_ORDER_VALUE


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (SafetyState.VIEW, Reason.STATE_VIEW),
        (SafetyState.REDUCE, Reason.STATE_REDUCE),
        (SafetyState.KILLED, Reason.STATE_KILLED),
    ],
)
def test_safety_states_stop_entries_and_let_exits_pass(
    armed: Stage, state: SafetyState, reason: Reason
) -> None:
    armed.session.position[0] = 5
    armed.session.state = state
    armed.session.is_frozen = False
    armed.frame()

    entry = refusal(armed)
    exit_ = refusal(
        armed,
        side=SELL,
        reduce_only=True,
        quantity="5",
        price=at_of(armed).listed.text.price(at_of(armed).touch(SELL)),
    )

    assert entry is not None
    assert entry[0] == reason
    assert exit_ is None


def test_an_off_tick_price_names_the_nearest(armed: Stage) -> None:
    at = at_of(armed, 1)
    form = form_of(at, price="184.3251")

    draft = ticket_reading.read(form, at)

    assert draft.order is not None
    found = check(draft.order, at)
    assert found is not None
    assert found.text == "price 184.3251 is off the tick table; the nearest is 184.33"
    assert at.listed.text.price(found.nearest) == "184.33"


@pytest.mark.parametrize("text", ["4321.3", "x", "", "1e40", "−−3", "9" * 60])
def test_any_text_in_the_price_is_answered_in_words(armed: Stage, text: str) -> None:
    at = at_of(armed)

    draft = ticket_reading.read(form_of(at, price=text), at)

    assert draft.order is None
    assert draft.faults[0].field == "price"
    assert draft.faults[0].text


def test_a_stop_that_is_through_is_foreseen_and_can_be_sent(armed: Stage) -> None:
    at = at_of(armed)
    form = form_of(at, order_type=OrderType.STOP, stop="4000")

    order = ticket_reading.read(form, at).order
    assert order is not None
    found = check(order, at)

    assert found is not None
    assert found.reason == Reason.STOP_THROUGH_MARKET
    assert not found.is_certain


# The cost.


def test_the_displayed_book_is_walked() -> None:
    asks = levels((100, 3), (101, 4), (103, 10))

    assert walk(asks, BUY, 5, NO_PRICE) == walk(asks, BUY, 5, 101)
    taken = walk(asks, BUY, 5, NO_PRICE)
    assert (taken.quantity, taken.value, taken.worst) == (5, 3 * 100 + 2 * 101, 101)
    assert walk(asks, BUY, 9, 101).quantity == 7
    assert walk(asks, BUY, 100, NO_PRICE).quantity == 17
    assert walk(levels(), BUY, 100, NO_PRICE).quantity == 0


def test_fees_are_of_one_order_and_within_its_bounds() -> None:
    stock = Instrument(
        name="X",
        kind=InstrumentKind.STOCK,
        venue="V",
        currency="USD",
        price_unit=Decimal("0.01"),
        order_max=QuantityUnits(10**6),
        fees=Fees(
            per_unit=Decimal("0.0035"),
            minimum=Decimal("0.35"),
            maximum_share=Decimal("0.01"),
        ),
    )

    assert fee_of(stock, (10, 10 * 15_000), (0, 0)) == 35_000_000
    assert fee_of(stock, (1_000, 1_000 * 15_000), (0, 0)) == 350_000_000
    # Two cents' worth: one per cent of it is the most.
    assert fee_of(stock, (2, 2 * 1), (0, 0)) == 20_000
    assert fee_of(stock, (0, 0), (0, 0)) == 0


def test_a_market_order_pays_spread_and_slippage(armed: Stage) -> None:
    at = at_of(armed)
    asks = at.levels(SELL)
    quantity = int(asks["size"][0]) + 1
    form = form_of(at, order_type=OrderType.MARKET, quantity=str(quantity))
    order = ticket_reading.read(form, at).order
    assert order is not None

    cost = estimate(order, at)

    one = at.listed.instrument.money(1, 1)
    assert cost.slippage == one
    assert cost.spread == one * quantity // 2
    assert cost.position == quantity
    assert (cost.resting, cost.ahead) == (0, -1)


def test_a_resting_order_knows_its_queue(armed: Stage) -> None:
    at = at_of(armed)
    order = ticket_reading.read(form_of(at), at).order
    assert order is not None

    cost = estimate(order, at)

    assert cost.resting == 1
    assert cost.ahead == at.levels(BUY)["size"][0]
    assert cost.taken.quantity == 0


def test_an_auction_is_waited_for(armed: Stage) -> None:
    at = at_of(armed)
    form = form_of(at, order_type=OrderType.MARKET)
    form.time_in_force = TimeInForce.AT_THE_CLOSE
    order = ticket_reading.read(form, at).order
    assert order is not None

    cost = estimate(order, at)

    assert cost.is_at_auction
    assert not cost.is_at_stop
    assert (cost.taken.quantity, cost.resting, cost.average) == (0, 0, at.last)


# The panel.


def test_the_button_says_what_enter_sends(
    qtbot: QtBot, armed: Stage, panel: TicketPanel
) -> None:
    field = panel.view.fields["price"]
    field.setFocus()
    field.selectAll()
    qtbot.keyClicks(field, "4300")
    assert panel.send.text() == "BUY 1 RSX LMT 4300.00 DAY"
    before = len(armed.session.sent)

    qtbot.keyClick(field, Qt.Key.Key_Return)

    assert len(armed.session.sent) == before + 1
    sent = armed.session.sent[-1]
    assert (sent["action"], sent["price"], sent["quantity"]) == (Action.NEW, 17_200, 1)


def test_arrows_step_by_the_tick_table_and_the_order_step(
    qtbot: QtBot, panel: TicketPanel
) -> None:
    price, quantity = panel.view.fields["price"], panel.view.fields["quantity"]
    panel.view.put("price", "4300")

    qtbot.keyClick(price, Qt.Key.Key_Up)
    qtbot.keyClick(price, Qt.Key.Key_Up)
    qtbot.keyClick(quantity, Qt.Key.Key_PageUp)
    qtbot.keyClick(quantity, Qt.Key.Key_Down)

    assert price.text() == "4300.50"
    assert quantity.text() == "10"


def test_a_price_picked_in_the_book_is_taken(armed: Stage, panel: TicketPanel) -> None:
    armed.context.focus.pick(17_190)

    assert panel.view.fields["price"].text() == "4297.50"


def test_what_would_be_refused_is_not_sent(
    qtbot: QtBot, armed: Stage, panel: TicketPanel
) -> None:
    panel.view.put("quantity", "51")
    before = len(armed.session.sent)

    qtbot.keyClick(panel, Qt.Key.Key_Return)

    assert panel.says.text == "blocked: max order size 50, this order is 51"
    assert not panel.send.isEnabled()
    assert len(armed.session.sent) == before


def test_a_held_order_is_sent_once_more_when_confirmed(
    qtbot: QtBot, armed: Stage, panel: TicketPanel
) -> None:
    armed.session.holds = True
    qtbot.keyClick(panel, Qt.Key.Key_Return)
    armed.pulse()
    assert panel.send.text().startswith("Confirm: ")
    armed.clock.advance(0.5)  # the second press of two in a row confirms nothing

    qtbot.keyClick(panel, Qt.Key.Key_Return)

    assert int(armed.session.sent[-1]["options"]) & OrderOption.CONFIRMED
    armed.pulse()
    assert not panel.send.text().startswith("Confirm")


def test_a_key_that_is_held_down_sends_once(armed: Stage, panel: TicketPanel) -> None:
    before = len(armed.session.sent)
    for repeats in (False, True, True):
        event = QKeyEvent(
            QKeyEvent.Type.KeyPress,
            Qt.Key.Key_Return,
            Qt.KeyboardModifier.NoModifier,
            "\r",
            repeats,
        )
        panel.keyPressEvent(event)

    assert len(armed.session.sent) == before + 1


@pytest.mark.parametrize("height", [150, 175, 260, 560])
def test_at_any_height_the_button_is_in_sight_and_the_fields_have_the_room(
    armed: Stage, panel: TicketPanel, height: int
) -> None:
    panel.resize(280, height)
    panel.show()
    armed.frame(2)
    bottom = panel.send.geometry().bottom()
    assert panel.send.isVisible()
    assert bottom < panel.height()
    view = panel.view
    price = view.fields["price"]
    y = price.mapTo(panel, price.rect().bottomLeft()).y()
    if height >= 175:
        assert y < panel.says.geometry().top()
    panel.resize(280, 560)
    armed.frame(2)
    assert panel._market.isVisible()


def test_words_beside_the_fields_are_whole(panel: TicketPanel) -> None:
    labels = [each for each in panel.view.findChildren(QLabel) if each.isVisible()]
    assert "&Type" in [each.text() for each in labels]
    for label in labels:
        # A letter that is underlined is drawn apart from those beside it.
        letters = label.text().replace("&", "")
        needed = sum(label.fontMetrics().horizontalAdvance(each) for each in letters)
        assert label.width() >= needed, label.text()


def test_another_look_does_not_make_another_order(qtbot: QtBot, armed: Stage) -> None:
    host = PanelHost("Ticket", TicketPanel)
    qtbot.addWidget(host)
    host.give(armed.context)
    host.show()
    host.settle()
    host.show_panel(True)
    assert isinstance(host.panel, TicketPanel)
    host.panel.view.put("quantity", "7")
    host.panel.view.put("price", "1.25")

    host.strip()
    host.give(armed.context)

    assert isinstance(host.panel, TicketPanel)
    form = host.panel.view.form
    assert (form.quantity, form.price) == ("7", "1.25")
    assert host.panel.view.fields["quantity"].text() == "7"


def test_choices_come_back_with_the_workspace(
    qtbot: QtBot, armed: Stage, panel: TicketPanel
) -> None:
    panel.view.form.order_type = OrderType.STOP
    panel.view.form.outside_hours = True
    kept = panel.state()
    other = TicketPanel(armed.context)
    qtbot.addWidget(other)

    other.restore(kept)
    other.restore({"order_type": "x", "trigger": [], "post_only": 3, "bogus": None})

    assert other.view.form.order_type is OrderType.STOP
    assert other.view.form.outside_hours


def test_a_ticket_without_a_session_is_quiet(armed: Stage, panel: TicketPanel) -> None:
    armed.bridge.detach()
    armed.frame()
    panel._on_send()
    panel._on_quick("mid")

    assert not panel.isEnabled()
    armed.bridge.attach(armed.session)
    armed.bridge.pause()
    armed.pulse()
    judged = panel.desk.judgement
    assert judged is not None
    assert not judged.is_incomplete


@pytest.mark.parametrize("zone", ["UTC", "America/New_York", "Asia/Kolkata"])
def test_an_end_is_typed_in_the_zone_of_the_times_shown(
    panel: TicketPanel, zone: str
) -> None:
    formatting.use_zone(zone)
    try:
        form, field = panel.view.form, panel.view.expire
        form.time_in_force = TimeInForce.GTD
        form.expire = 1_790_000_000 * 10**9
        panel._on_edited()
        told = field.dateTime().toString("HH:mm:ss")
        assert told == formatting.clock_time(form.expire)

        field.setDateTime(field.dateTime().addSecs(60))

        assert form.expire == 1_790_000_060 * 10**9
    finally:
        formatting.use_zone("local")
