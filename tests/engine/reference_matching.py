"""The matching rules written plainly: lists of orders, sorted whenever asked.

`PlainMatching` takes the same COMMANDs as the engine and gives the same reports and
market records, as tuples. It is slow, and meant to be read.
"""

from dataclasses import dataclass, field
from typing import Any

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    EventKind,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    TimeInForce,
)

PRICE_BOUND = 2**62
QUANTITY_BOUND = 2**44


@dataclass
class Order:
    account: int
    client_id: int
    venue_id: int
    instrument: int
    side: int
    kind: int
    force: int
    post_only: bool
    price: int  # limit; None until known
    quantity: int
    leaves: int
    arrived: int

    @property
    def filled(self):
        return self.quantity - self.leaves

    @property
    def status(self):
        if self.leaves == 0:
            return OrderStatus.FILLED
        return OrderStatus.PARTIALLY_FILLED if self.filled else OrderStatus.NEW


@dataclass
class PlainMatching:
    """One matching engine; `tables` holds (from_price, step) bands per instrument."""

    tables: tuple[Any, ...]
    protection: tuple[int, ...]  # default ticks per instrument; -1 = unbounded
    max_orders: int = 10**9
    orders: list[Any] = field(default_factory=list)
    reports: list[Any] = field(default_factory=list)
    market: list[Any] = field(default_factory=list)
    venue_id: int = 0
    arrivals: int = 0
    executions: int = 0
    volume: int = 0

    # Reading the book.

    def queue(self, instrument, side):
        """Orders of one side, first to trade first."""
        mine = [o for o in self.orders if (o.instrument, o.side) == (instrument, side)]
        return sorted(mine, key=lambda o: (-side * o.price, o.arrived))

    def levels(self, instrument, side):
        """(price, size, count) from the best."""
        result: list[tuple[int, int, int]] = []
        for order in self.queue(instrument, side):
            if result and result[-1][0] == order.price:
                price, size, count = result[-1]
                result[-1] = (price, size + order.leaves, count + 1)
            else:
                result.append((order.price, order.leaves, 1))
        return result

    def find(self, command):
        for order in self.orders:
            if order.account == command.account and order.client_id == command.id:
                return order
        return None

    # Telling.

    def tell(self, order, kind, reason=Reason.NONE, last=None, maker=0, ended=False):
        price = order.price if abs(order.price) < PRICE_BOUND else NO_PRICE
        last_price, last_quantity = last or (NO_PRICE, 0)
        status = OrderStatus.CANCELLED if ended else order.status
        leaves = 0 if ended else order.leaves
        self.reports.append(
            (
                *(order.account, order.client_id, order.venue_id, order.instrument),
                *(kind, status, reason, order.side, order.kind),
                *(order.quantity, order.filled, leaves, price),
                *(last_price, last_quantity, maker),
            )
        )

    def refuse(self, command, kind, reason):
        rejected = kind == ReportType.REJECTED
        status = OrderStatus.REJECTED if rejected else OrderStatus.NONE
        self.reports.append(
            (
                *(command.account, command.id, 0, command.instrument),
                *(kind, status, reason, command.side, command.kind),
                *(command.quantity, 0, 0, command.price),
                *(NO_PRICE, 0, 0),
            )
        )
        return reason

    def publish(self, order, kind, size, aggressor=0):
        self.market.append(
            [
                *(order.instrument, kind, order.price, size),
                *(order.venue_id, order.side, aggressor, 0),
            ]
        )

    # Rules.

    def away(self, instrument, price, steps, side):
        """`steps` valid prices further, one by one."""
        for _ in range(steps):
            further = price + side
            while abs(further) < PRICE_BOUND and not self.is_valid(instrument, further):
                further += side
            if abs(further) >= PRICE_BOUND:
                return price
            price = further
        return price

    def is_valid(self, instrument, price):
        step = [s for low, s in self.tables[instrument] if low <= price][-1]
        return price % step == 0

    def limit_of(self, command, instrument, side):
        if command.kind == OrderType.LIMIT:
            return command.price
        other = self.queue(instrument, -side)
        if not other:
            return None
        ticks = command.protection
        if ticks < 0:
            ticks = self.protection[instrument]
        if ticks < 0:
            return side * PRICE_BOUND
        return self.away(instrument, other[0].price, ticks, side)

    def crossing(self, instrument, side, limit):
        """Orders that a limit reaches, first to trade first."""
        others = self.queue(instrument, -side)
        return [o for o in others if side * (limit - o.price) >= 0]

    def fillable(self, command, limit):
        size = 0
        for order in self.crossing(command.instrument, command.side, limit):
            if order.account == command.account or size >= command.quantity:
                break
            size += order.leaves
        return size >= command.quantity

    def malformed(self, command):
        rests = command.force in (TimeInForce.DAY, TimeInForce.GTC)
        immediate = command.force in (TimeInForce.IOC, TimeInForce.FOK)
        post_only = bool(command.options & OrderOption.POST_ONLY)
        is_market = command.kind == OrderType.MARKET
        if not 0 <= command.instrument < len(self.tables):
            return Reason.UNKNOWN_INSTRUMENT
        if command.kind not in (OrderType.LIMIT, OrderType.MARKET):
            return Reason.UNSUPPORTED
        if not (rests or immediate) or command.display:
            return Reason.UNSUPPORTED
        if post_only and (immediate or is_market):
            return Reason.UNSUPPORTED
        if command.side not in (BUY, SELL):
            return Reason.UNSUPPORTED
        if command.quantity <= 0:
            return Reason.BAD_QUANTITY
        if command.quantity > QUANTITY_BOUND:
            return Reason.QUANTITY_TOO_LARGE
        if not is_market and abs(command.price) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        return Reason.NONE

    def refusal(self, command, limit):
        post_only = bool(command.options & OrderOption.POST_ONLY)
        if self.find(command):
            return Reason.DUPLICATE_ORDER_ID
        if len(self.orders) >= self.max_orders:
            return Reason.POOL_FULL
        if limit is None:
            return Reason.NO_OPPOSITE_SIDE
        if post_only and self.crossing(command.instrument, command.side, limit):
            return Reason.POST_ONLY_WOULD_CROSS
        if command.force == TimeInForce.FOK and not self.fillable(command, limit):
            return Reason.FOK_NOT_FILLABLE
        return Reason.NONE

    # Commands.

    def act(self, command):
        """Act on one command; return its reason."""
        actions = {
            Action.NEW: self.new,
            Action.CANCEL: self.cancel,
            Action.REPLACE: self.replace,
        }
        before = len(self.market)
        reason = actions[command.action](command)
        if len(self.market) > before:
            self.market[-1][-1] = RecordFlag.LAST
        return reason

    def new(self, command):
        reason, limit = self.malformed(command), 0
        if not reason:
            limit = self.limit_of(command, command.instrument, command.side)
            reason = self.refusal(command, limit)
        if reason:
            return self.refuse(command, ReportType.REJECTED, reason)
        self.venue_id += 1
        order = Order(
            command.account,
            command.id,
            self.venue_id,
            command.instrument,
            command.side,
            command.kind,
            command.force,
            bool(command.options & OrderOption.POST_ONLY),
            limit,
            command.quantity,
            command.quantity,
            0,
        )
        self.tell(order, ReportType.NEW)
        self.arrive(order)
        return Reason.NONE

    def arrive(self, order):
        met_own = False
        for maker in self.crossing(order.instrument, order.side, order.price):
            if order.leaves == 0:
                break
            if maker.account == order.account:
                met_own = True
                break
            self.execute(order, maker)
        if order.leaves == 0:
            return
        if met_own:
            self.tell(order, ReportType.CANCELLED, Reason.SELF_MATCH, ended=True)
        elif order.force == TimeInForce.IOC:
            self.tell(order, ReportType.CANCELLED, Reason.IOC_REMAINDER, ended=True)
        elif abs(order.price) >= PRICE_BOUND:
            self.tell(order, ReportType.CANCELLED, Reason.NO_OPPOSITE_SIDE, ended=True)
        else:
            self.arrivals += 1
            order.arrived = self.arrivals
            self.orders.append(order)
            self.publish(order, EventKind.ORDER_ADD, order.leaves)

    def execute(self, order, maker):
        quantity = min(order.leaves, maker.leaves)
        order.leaves -= quantity
        maker.leaves -= quantity
        self.executions += 1
        self.volume += quantity
        self.publish(maker, EventKind.ORDER_EXECUTE, quantity, order.side)
        last = (maker.price, quantity)
        self.tell(maker, ReportType.FILL, last=last, maker=1)
        self.tell(order, ReportType.FILL, last=last, maker=-1)
        if maker.leaves == 0:
            self.orders.remove(maker)

    def cancel(self, command):
        order = self.find(command)
        if order is None:
            return self.refuse(
                command, ReportType.CANCEL_REJECTED, Reason.UNKNOWN_ORDER
            )
        self.publish(order, EventKind.ORDER_CANCEL, order.leaves)
        self.tell(order, ReportType.CANCELLED, Reason.USER, ended=True)
        self.orders.remove(order)
        return Reason.NONE

    def replace(self, command):
        order = self.find(command)
        if order is None:
            return self.refuse(
                command, ReportType.REPLACE_REJECTED, Reason.UNKNOWN_ORDER
            )
        kind = command.kind or order.kind
        quantity = command.quantity or order.quantity
        becomes_market = kind == OrderType.MARKET and order.kind != OrderType.MARKET
        limit = command.price
        if limit == NO_PRICE:
            limit = order.price
            if becomes_market:
                limit = self.limit_of(command, order.instrument, order.side)
        reason = self.replace_refusal(order, limit, quantity)
        if reason:
            self.tell(order, ReportType.REPLACE_REJECTED, reason)
            return reason
        keeps = limit == order.price and kind == order.kind
        order.kind = kind
        if quantity <= order.filled:
            self.publish(order, EventKind.ORDER_CANCEL, order.leaves)
            self.orders.remove(order)
            order.quantity, order.leaves = order.filled, 0
            self.tell(order, ReportType.REPLACED)
        elif keeps and quantity <= order.quantity:
            changed = quantity < order.quantity
            order.quantity, order.leaves = quantity, quantity - order.filled
            if changed:
                self.publish(order, EventKind.ORDER_MODIFY, order.leaves)
            self.tell(order, ReportType.REPLACED)
        else:
            self.publish(order, EventKind.ORDER_CANCEL, order.leaves)
            self.orders.remove(order)
            order.quantity, order.leaves = quantity, quantity - order.filled
            order.price = limit
            self.tell(order, ReportType.REPLACED)
            self.arrive(order)
        return Reason.NONE

    def replace_refusal(self, order, limit, quantity):
        if quantity < 0:
            return Reason.BAD_QUANTITY
        if quantity > QUANTITY_BOUND:
            return Reason.QUANTITY_TOO_LARGE
        if limit is None:
            return Reason.NO_OPPOSITE_SIDE
        if abs(limit) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        if order.post_only and self.crossing(order.instrument, order.side, limit):
            return Reason.POST_ONLY_WOULD_CROSS
        return Reason.NONE
