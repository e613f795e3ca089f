"""A session with a scripted market, for tests of the window; it meets `Session`.

A seeded random walk makes three books of unlike steps; orders rest, fill when the walk
reaches them, and are refused by safety state and position limit. Everything is a
function of the seed and of the calls made, so that a test can foretell it.
"""

from dataclasses import replace
from decimal import Decimal
from typing import Any

import numpy as np

from app.engine.history.history import History
from app.engine.records import (
    BUY,
    COMMAND,
    NO_PRICE,
    REPORT,
    SELL,
    Action,
    EventKind,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    RiskLimit,
    SafetyState,
    TimeInForce,
)
from app.engine.views import VIEW
from app.instrument import (
    Instrument,
    InstrumentKind,
    PriceUnits,
    QuantityUnits,
    TickBand,
)
from app.sessions.history import MarketHistory
from app.sessions.session import (
    FIRST_ORDER_ID,
    EngineState,
    Mode,
    RingFill,
    SessionStatus,
)
from tests.ui.scripted_market import WalkRecords

START_NS = 1_780_000_000_000_000_000
FRAME_NS = 16_666_667
LEVELS = 30

FUTURE = Instrument(
    name="RSX",
    kind=InstrumentKind.FUTURE,
    venue="SIM",
    currency="USD",
    price_unit=Decimal("0.25"),
    multiplier=Decimal(50),
    order_max=QuantityUnits(10_000),
)
STOCK = Instrument(
    name="ACME",
    kind=InstrumentKind.STOCK,
    venue="SIM",
    currency="USD",
    price_unit=Decimal("0.0001"),
    tick_table=(TickBand(None, 1), TickBand(PriceUnits(10_000), 100)),
    order_max=QuantityUnits(1_000_000),
)
COIN = Instrument(
    name="COIN-USD",
    kind=InstrumentKind.CRYPTO_SPOT,
    venue="SIM",
    currency="USD",
    price_unit=Decimal("0.1"),
    quantity_unit=Decimal("0.0001"),
    order_max=QuantityUnits(10_000_000),
)
INSTRUMENTS = (FUTURE, STOCK, COIN)
_STARTS = (17_285, 1_843_200, 612_345)
_SIZES = (180, 2_400, 30_000)


class Book:
    """One instrument's walk: a touch, and sizes by distance from it."""

    def __init__(self, number: int, seed: int) -> None:
        self.step = INSTRUMENTS[number].step_at(_STARTS[number])
        self.bid = _STARTS[number] // self.step
        self.spread = 1
        self._random = np.random.default_rng(seed + number)
        self._typical = _SIZES[number]
        shape = 1 + np.minimum(np.arange(LEVELS), 8) / 3
        self.sizes = self._random.gamma(2, self._typical / 2, (2, LEVELS)) * shape
        self.last = self.bid * self.step
        self.last_size = self.last_side = 0
        self.high = self.low = self.last
        self.volume = 0
        self.sequence = 1

    def advance(self) -> None:
        """One step of the walk."""
        random = self._random
        self.sequence += 3
        if random.random() < 0.12:
            move = int(random.choice((-1, 1)))
            self.bid += move
            self.sizes = np.roll(self.sizes, -move, axis=1)
            self.sizes[0] = np.roll(self.sizes[0], 2 * move)
        noise = random.normal(0, self._typical * 0.06, self.sizes.shape)
        self.sizes = np.clip(
            self.sizes + noise, self._typical * 0.05, self._typical * 6
        )
        if random.random() < 0.5:
            self.last_side = int(random.choice((-1, 1)))
            self.last_size = 1 + int(random.gamma(1.2, self._typical / 20))
            self.last = self.price(-self.last_side, 0)
            self.volume += self.last_size
            self.high, self.low = max(self.high, self.last), min(self.low, self.last)

    def price(self, side: int, level: int) -> int:
        """Price of a level, price units."""
        touch = self.bid if side == BUY else self.bid + self.spread
        return (touch - side * level) * self.step

    def size(self, side: int, level: int) -> int:
        """Displayed size of a level, quantity units."""
        return int(self.sizes[0 if side == BUY else 1, level])


class ScriptedSession:
    """A session for tests.

    Attributes
    ----------
    sent : list of COMMAND records
        Everything that was submitted, oldest first.
    is_frozen : bool
        The books stand still.
    """

    def __init__(
        self, seed: int = 7, mode: Mode = Mode.PAPER, feed: str = "scripted"
    ) -> None:
        self.mode = mode
        self.feed_name = feed
        self.base_currency = "USD"
        both = (TimeInForce.DAY, TimeInForce.GTC)
        self.history: MarketHistory | None = History(INSTRUMENTS)
        self._walk = WalkRecords()
        self.capabilities: dict[OrderType, tuple[TimeInForce, ...]] = {
            OrderType.MARKET: both,
            OrderType.LIMIT: both,
            OrderType.STOP: both,
        }
        self.instruments: tuple[Instrument, ...] = INSTRUMENTS
        self.exact_queues: frozenset[int] = frozenset()
        self.sent: list[np.void] = []
        self.is_frozen = False
        self.is_full = False
        self.holds = False
        self.stale = 0
        self.given = SessionStatus(
            EngineState.READY, feed_state="connected", feed_since=START_NS
        )
        self.now = START_NS
        self.state = SafetyState.VIEW
        self.reason = Reason.NONE
        self.limits = np.zeros(32, np.int64)
        self.limits[RiskLimit.MAX_POSITION_SIZE] = 100
        self.limits[RiskLimit.MAX_ORDER_SIZE] = 50
        self.limits[RiskLimit.MAX_DAILY_LOSS] = 5_000 * 10**8
        self.limits[RiskLimit.MAX_GROSS_EXPOSURE] = 50_000_000 * 10**8
        self.limits[RiskLimit.COLLAR] = 20_000
        self.limits[RiskLimit.STALE_GUARD] = 1
        self.books = [Book(i, seed) for i in range(len(INSTRUMENTS))]
        self.orders: dict[int, dict[str, Any]] = {}
        self.position = [0] * len(INSTRUMENTS)
        self.cost = [0.0] * len(INSTRUMENTS)
        self.realised = [0] * len(INSTRUMENTS)
        self.fees = [0] * len(INSTRUMENTS)
        self.held_by: dict[tuple[int, int], tuple[int, int]] = {}
        """(strategy, instrument) to its position and whether it is unmanaged."""
        self.rejects = np.zeros(100, np.int64)
        self.starts = self.stops = 0
        self._out: list[np.void] = []
        self._next_id = FIRST_ORDER_ID
        self._records = 0

    # The Protocol.

    @property
    def strategies(self) -> None:
        """Nothing trades by itself here."""
        return None

    def start(self) -> None:
        self.starts += 1

    def stop(self) -> None:
        self.stops += 1

    def next_order_id(self) -> int:
        self._next_id += 1
        return self._next_id

    def status(self) -> SessionStatus:
        return self.given

    def rings(self) -> tuple[RingFill, ...]:
        return (RingFill("engine → window, reports", len(self._out), 1024, 0),)

    def set_speed(self, speed: float) -> None:
        if self.given.speed is not None:
            self.given = replace(self.given, speed=speed)

    def set_paused(self, paused: bool) -> None:
        self.is_frozen = paused
        state = "paused" if paused else "connected"
        self.given = replace(self.given, feed_state=state)

    def submit(self, command: Any) -> bool:
        if self.is_full:
            return False
        for record in np.atleast_1d(np.asarray(command, COMMAND)):
            self.sent.append(record.copy())
            self._act(record)
        return True

    def reports(self) -> np.ndarray:
        out, self._out = self._out, []
        return np.array(out, REPORT) if out else np.zeros(0, REPORT)

    def view(self) -> np.void:
        if not self.is_frozen:
            self.advance()
        return self._view()

    # The market.

    def advance(self) -> None:
        """Move every book and fill what the walk reaches."""
        self.now += FRAME_NS
        self._records += 9
        for number, book in enumerate(self.books):
            book.advance()
            for order in list(self.orders.values()):
                if order["instrument"] == number:
                    self._meet(order, book)
        if isinstance(self.history, History):
            self.history.fold(self._walk.take(self.now, self.books))

    def _meet(self, order: dict[str, Any], book: Book) -> None:
        side, price = order["side"], order["price"]
        if price == NO_PRICE:
            if book.last_side and side * (book.last - order["stop_price"]) >= 0:
                self._fill(order, order["leaves"], book.price(-side, 0), -1)
            return
        opposite = book.price(-side, 0)
        if side * (price - opposite) >= 0:
            self._fill(order, order["leaves"], price, 1)
        elif book.last == price and order["ahead"] > 0:
            order["ahead"] = max(0, order["ahead"] - book.last_size)

    # Commands.

    def _act(self, command: np.void) -> None:
        {
            Action.NEW: self._new,
            Action.CANCEL: self._cancel,
            Action.REPLACE: self._replace,
            Action.CANCEL_ALL: self._cancel_all,
            Action.SET_STATE: self._set_state,
            Action.SET_LIMIT: self._set_limit,
            Action.KILL: self._kill,
            Action.FLATTEN: self._flatten,
            Action.FIRE_DRILL: lambda _: None,
        }[Action(int(command["action"]))](command)

    def _new(self, command: np.void) -> None:
        number, side = int(command["instrument"]), int(command["side"])
        quantity = int(command["quantity"])
        order = {
            "client_order_id": int(command["client_order_id"]),
            "instrument": number,
            "side": side,
            "quantity": quantity,
            "filled": 0,
            "leaves": quantity,
            "price": int(command["price"]),
            "stop_price": int(command["stop_price"]),
            "group": int(command["group"]),
            "order_type": int(command["order_type"]),
            "options": int(command["options"]),
            "status": OrderStatus.PENDING_NEW,
            "ahead": 0,
        }
        passes = OrderOption.CONFIRMED | OrderOption.REDUCE_ONLY
        if self.holds and not order["options"] & passes:
            self._report(order, ReportType.HELD, reason=Reason.MEANING_CHANGED)
            return
        reason, limit, stands = self._refuses(order)
        if reason:
            self.rejects[reason] += 1
            order.update(status=OrderStatus.REJECTED, leaves=0)
            self._report(
                order,
                ReportType.REJECTED,
                reason=reason,
                last_quantity=limit,
                fee=stands,
            )
            return
        self._report(order, ReportType.PENDING_NEW)
        self._rest_or_take(order)

    def _refuses(self, order: dict[str, Any]) -> tuple[int, int, int]:
        number, signed = order["instrument"], order["side"] * order["quantity"]
        position = self.position[number]
        is_exit = bool(order["options"] & OrderOption.REDUCE_ONLY)
        if is_exit and position * signed < 0:
            return 0, 0, 0
        states = {
            SafetyState.VIEW: Reason.STATE_VIEW,
            SafetyState.REDUCE: Reason.STATE_REDUCE,
            SafetyState.KILLED: Reason.STATE_KILLED,
        }
        if self.state in states:
            return states[self.state], 0, 0
        limit = int(self.limits[RiskLimit.MAX_POSITION_SIZE])
        if limit and abs(position + signed) > limit and number == 0:
            return Reason.MAX_POSITION_SIZE, limit, abs(position + signed)
        return 0, 0, 0

    def _rest_or_take(self, order: dict[str, Any]) -> None:
        book, side = self.books[order["instrument"]], order["side"]
        if order["stop_price"] != NO_PRICE:
            order["status"] = OrderStatus.INACTIVE
            self.orders[order["client_order_id"]] = order
            self._report(order, ReportType.NEW)
            return
        best = book.price(-side, 0)
        is_market = order["order_type"] == OrderType.MARKET
        if is_market or side * (order["price"] - best) >= 0:
            self._fill(order, order["leaves"], best, -1)
            return
        order["status"] = OrderStatus.NEW
        order["ahead"] = self._displayed(order)
        self.orders[order["client_order_id"]] = order
        self._report(order, ReportType.NEW)

    def _displayed(self, order: dict[str, Any]) -> int:
        book, side = self.books[order["instrument"]], order["side"]
        level = side * (book.price(side, 0) - order["price"]) // book.step
        return book.size(side, level) if 0 <= level < LEVELS else 0

    def _fill(
        self, order: dict[str, Any], quantity: int, price: int, role: int
    ) -> None:
        number, side = order["instrument"], order["side"]
        order["filled"] += quantity
        order["leaves"] -= quantity
        order["status"] = (
            OrderStatus.PARTIALLY_FILLED if order["leaves"] else OrderStatus.FILLED
        )
        if not order["leaves"]:
            self.orders.pop(order["client_order_id"], None)
        self._book_fill(number, side * quantity, price)
        fee = 125_000_000 * quantity if number == 0 else 1_000_000
        self.fees[number] += fee
        self._report(
            order,
            ReportType.FILL,
            last_price=price,
            last_quantity=quantity,
            fee=fee,
            liquidity=role,
        )

    def _book_fill(self, number: int, signed: int, price: int) -> None:
        position, cost = self.position[number], self.cost[number]
        if position * signed < 0:
            closed = min(abs(signed), abs(position)) * (1 if position > 0 else -1)
            gain = INSTRUMENTS[number].money(price, closed)
            self.realised[number] += gain - round(
                INSTRUMENTS[number].money(1, 1) * cost / position * closed
            )
            cost -= cost / position * closed
            position -= closed
            signed += closed
        self.position[number] = position + signed
        self.cost[number] = cost + signed * price

    def _cancel(self, command: np.void) -> None:
        order = self.orders.pop(int(command["client_order_id"]), None)
        if order is not None:
            order.update(status=OrderStatus.CANCELLED, leaves=0)
            self._report(order, ReportType.CANCELLED, reason=Reason.USER)

    def _cancel_all(self, command: np.void) -> None:
        for order in list(self.orders.values()):
            if command["instrument"] in (-1, order["instrument"]):
                self.orders.pop(order["client_order_id"])
                order.update(status=OrderStatus.CANCELLED, leaves=0)
                self._report(order, ReportType.CANCELLED, reason=Reason.USER)

    def _replace(self, command: np.void) -> None:
        order = self.orders.get(int(command["client_order_id"]))
        if order is None:
            return
        for name in ("price", "stop_price"):
            if command[name] != NO_PRICE:
                order[name] = int(command[name])
        if command["quantity"]:
            order["quantity"] = int(command["quantity"])
            order["leaves"] = order["quantity"] - order["filled"]
        order["ahead"] = self._displayed(order)
        self._report(order, ReportType.REPLACED)

    def _set_state(self, command: np.void) -> None:
        self._change_state(SafetyState(int(command["value"])), Reason.NONE)

    def _change_state(self, state: SafetyState, reason: Reason) -> None:
        before, self.state, self.reason = self.state, state, reason
        report = self._blank(ReportType.STATE)
        report["quantity"], report["filled"], report["reason"] = state, before, reason
        self._out.append(report[0])

    def _set_limit(self, command: np.void) -> None:
        self.limits[command["group"]] = command["value"]
        report = self._blank(ReportType.LIMIT)
        report["group"], report["quantity"] = command["group"], command["value"]
        self._out.append(report[0])

    def _kill(self, command: np.void) -> None:
        self._change_state(SafetyState.KILLED, Reason.KILLED)
        self._cancel_all(_everything())
        report = self._blank(ReportType.KILL)
        report["quantity"] = command["value"]
        self._out.append(report[0])
        if command["value"]:
            self._flatten(_everything())

    def _flatten(self, command: np.void) -> None:
        for number, position in enumerate(self.position):
            if position and command["instrument"] in (-1, number):
                side = SELL if position > 0 else BUY
                order = {
                    "client_order_id": self.next_order_id(),
                    "instrument": number,
                    "side": side,
                    "quantity": abs(position),
                    "filled": 0,
                    "leaves": abs(position),
                    "price": self.books[number].price(-side, 0),
                    "order_type": OrderType.LIMIT,
                    "options": OrderOption.REDUCE_ONLY,
                    "status": OrderStatus.PENDING_NEW,
                    "ahead": 0,
                    "stop_price": NO_PRICE,
                    "group": 0,
                }
                self._report(order, ReportType.PENDING_NEW)
                self._fill(order, abs(position), order["price"], -1)

    # Records out.

    def _blank(self, kind: ReportType) -> np.ndarray:
        report = np.zeros(1, REPORT)
        report["kind"] = EventKind.REPORT
        report["report"] = kind
        report["ts_venue"] = report["ts_received"] = self.now
        report["instrument"] = -1
        report["price"] = report["stop_price"] = report["last_price"] = NO_PRICE
        return report

    def _report(self, order: dict[str, Any], kind: ReportType, **values: Any) -> None:
        report = self._blank(kind)
        for name in (
            "client_order_id", "instrument", "side", "quantity", "filled", "leaves",
            "price", "stop_price", "group", "order_type", "options", "status",
        ):  # fmt: skip
            report[name] = order[name]
        for name, value in values.items():
            report[name] = value
        self._out.append(report[0])

    def _view(self) -> np.void:
        view = np.zeros((), VIEW)
        view["now"] = view["wall"] = self.now
        view["event"] = view["market_records"] = view["log_records"] = self._records
        view["log_durable"] = max(0, self._records - 12)
        view["safety_state"] = self.state
        view["state_reason"] = self.reason
        view["state_since"] = START_NS
        view["exposure_known"] = 1
        view["instruments"] = len(self.books)
        view["histogram"][20:26] = self._records * np.array([2, 9, 14, 6, 2, 1])
        view["limits"] = self.limits
        view["reject_counts"] = self.rejects
        view["used"][RiskLimit.MAX_POSITION_SIZE] = abs(self.position[0])
        for number in range(len(self.books)):
            self._view_instrument(view["instrument"][number], number)
        parts = view["instrument"][: len(self.books)]
        for name in ("realised", "unrealised", "fees"):
            view[name] = parts[name].sum()
        view["equity"] = (
            100_000 * 10**8 + view["realised"] + view["unrealised"] - view["fees"]
        )
        view["used"][RiskLimit.MAX_GROSS_EXPOSURE] = parts["exposure"].sum()
        self._view_holdings(view)
        working = list(self.orders.values())
        view["orders"] = len(working)
        for i, order in enumerate(working):
            row = view["working"][i]
            row["client_order_id"] = order["client_order_id"]
            row["queue_ahead"] = order["ahead"]
            row["queue_total"] = self._displayed(order)
        made: np.void = view.reshape(1)[0]
        return made

    def _view_holdings(self, view: Any) -> None:
        own = dict(self.held_by)
        for number in range(len(self.books)):
            others = sum(own[key][0] for key in own if key[1] == number)
            if self.position[number] - others or self.fees[number]:
                own[0, number] = self.position[number] - others, 0
        view["holdings"] = len(own)
        for i, ((strategy, number), (position, unmanaged)) in enumerate(own.items()):
            row = view["holding"][i]
            row["strategy"], row["instrument"] = strategy, number
            row["position"], row["unmanaged"] = position, unmanaged
            row["average_price"] = view["instrument"][number]["average_price"]

    def _view_instrument(self, part: Any, number: int) -> None:
        book, position = self.books[number], self.position[number]
        part["book_sequence"] = book.sequence
        part["ts_received"] = part["last_ts"] = self.now
        part["stale"] = self.stale
        part["stale_since"] = START_NS if self.stale else 0
        part["session"] = 3
        part["last_price"], part["last_size"] = book.last, book.last_size
        part["last_aggressor"] = book.last_side
        part["high"], part["low"], part["volume"] = book.high, book.low, book.volume
        part["bid_levels"] = part["ask_levels"] = LEVELS
        for name, side in (("bids", BUY), ("asks", SELL)):
            for level in range(LEVELS):
                part[name][level]["price"] = book.price(side, level)
                part[name][level]["size"] = book.size(side, level)
        mid = book.price(BUY, 0) + book.price(SELL, 0)
        part["mark"] = mid
        part["position"] = position
        part["average_price"] = self.cost[number] / position if position else np.nan
        part["realised"], part["fees"] = self.realised[number], self.fees[number]
        one = INSTRUMENTS[number].money(1, 1)
        if position:
            part["unrealised"] = round(one * (position * mid / 2 - self.cost[number]))
        part["exposure"] = abs(round(one * position * mid / 2))


def _everything() -> np.void:
    command = np.zeros(1, COMMAND)
    command["instrument"] = -1
    made: np.void = command[0]
    return made
