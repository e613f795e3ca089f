"""The matching rules written plainly: lists of orders, looked through whenever asked.

`PlainMatching` takes the same COMMANDs as the engine and gives the same reports and
market records, as tuples. It is slow, and meant to be read. Orders that wait, groups
and times stand in `reference_waiting`, auctions in `reference_auction`.
"""

from bisect import insort
from dataclasses import dataclass, field
from typing import Any

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    EventKind,
    GroupRole,
    OrderOption,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    SessionState as Session,
    TimeInForce as Force,
)

PRICE_BOUND = 2**62
QUANTITY_BOUND = 2**42
PEAKS_BOUND = 2**16
MOST_PEAKS = 2**12
ACCOUNTS = 2
"""Positions are kept of accounts below this."""
LASTING = (Force.GTC, Force.DAY, Force.GTD)
IMMEDIATE = (Force.IOC, Force.FOK)
AUCTION = (Force.AT_THE_OPEN, Force.AT_THE_CLOSE)
STOPS = (
    *(OrderType.STOP, OrderType.STOP_LIMIT),
    *(OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT),
)
TRAILS = (OrderType.TRAILING_STOP, OrderType.TRAILING_STOP_LIMIT)
LIMITED = (OrderType.LIMIT, OrderType.STOP_LIMIT, OrderType.TRAILING_STOP_LIMIT)
EXIT_LEGS = (GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP)
EXITS = (GroupRole.OCO_EXIT, *EXIT_LEGS)
CONTINUOUS = (Session.UNKNOWN, Session.OPEN, Session.EXTENDED)
REGULAR = (Session.UNKNOWN, Session.OPEN, Session.HALTED, Session.CLOSING_AUCTION)


@dataclass(eq=False)
class Order:
    account: int
    client_id: int
    venue_id: int
    instrument: int
    side: int
    kind: int
    force: int
    options: int
    price: int
    """Limit; NO_PRICE while a market order or a stop has none."""
    quantity: int
    shown: int
    """Open and displayed, or all that is open while it is not on the book."""
    strategy: int = 0
    hidden: int = 0
    arrived: int = 0
    on_book: bool = False
    # What only an order with a condition has; `slot` is its place among conditions.
    slot: int = 0
    wait: str = ""
    waited: int = 0
    stop: int = NO_PRICE
    trail: int = 0
    offset: int = NO_PRICE
    trigger: int = 0
    triggered: bool = False
    display: int = 0
    expires: int = 0
    protection: int = -1
    group: int = 0
    role: int = 0
    member: bool = False
    """Whether it is in a group still."""
    sized: int = 0
    """What is open of it as its group counts it."""

    @property
    def leaves(self):
        return self.shown + self.hidden

    @property
    def filled(self):
        return self.quantity - self.leaves

    @property
    def post_only(self):
        return bool(self.options & OrderOption.POST_ONLY)

    @property
    def reduce_only(self):
        return bool(self.options & OrderOption.REDUCE_ONLY)

    @property
    def is_waiting_stop(self):
        return self.kind in STOPS and not self.triggered

    @property
    def rank(self):
        """Order in its queue: best price, then longest on the book."""
        return -self.side * self.price, self.arrived


@dataclass
class PlainBook:
    """Orders, what they tell, and how they trade when they arrive."""

    tables: tuple[Any, ...]
    """(from_price, step) bands per instrument."""
    protection: tuple[int, ...]
    """Default ticks per instrument; -1 = unbounded."""
    max_orders: int = 10**9
    always: tuple[int, ...] = ()
    """Per instrument: whether all orders work outside regular hours."""
    orders: dict[Any, Order] = field(default_factory=dict)
    """Working orders by account and client id."""
    reports: list[Any] = field(default_factory=list)
    market: list[Any] = field(default_factory=list)
    venue_id: int = 0
    arrivals: int = 0
    executions: int = 0
    volume: int = 0
    now: int = 0

    def __post_init__(self):
        count = range(len(self.tables))
        self.books: dict[Any, list[Order]] = {
            (i, side): [] for i in count for side in (BUY, SELL)
        }
        self.session = [int(Session.UNKNOWN) for _ in count]
        self.last = [NO_PRICE for _ in count]
        self.position: dict[Any, int] = {}
        self.traded: list[int] = []
        """Prices of the trades of the command, or step, in hand."""
        if not self.always:
            self.always = tuple(0 for _ in count)

    # Reading the book.

    def queue(self, instrument, side):
        """Orders of one side, first to trade first."""
        return self.books[instrument, side]

    def best(self, instrument, side):
        queue = self.books[instrument, side]
        return queue[0].price if queue else NO_PRICE

    def levels(self, instrument, side):
        """(price, size, count) from the best; what is displayed."""
        result: list[tuple[int, int, int]] = []
        for order in self.queue(instrument, side):
            if result and result[-1][0] == order.price:
                price, size, count = result[-1]
                result[-1] = (price, size + order.shown, count + 1)
            else:
                result.append((order.price, order.shown, 1))
        return result

    def outside(self, order):
        """Whether an order, or a command, works outside regular hours."""
        flagged = order.options & OrderOption.OUTSIDE_HOURS
        return bool(flagged or self.always[order.instrument])

    @staticmethod
    def within(session, outside):
        if session == Session.CLOSED:
            return False
        return outside or session != Session.EXTENDED

    def is_matched(self, instrument):
        return self.session[instrument] in CONTINUOUS

    # Telling.

    def awaits_entry(self, order):
        """Whether an exit with nothing open may grow: see `Waiting`."""
        raise NotImplementedError

    def status(self, order):
        if order.wait in ("entry", "hours"):
            return OrderStatus.HELD
        if order.is_waiting_stop:
            return OrderStatus.INACTIVE
        if order.leaves == 0:
            waits = order.slot and self.awaits_entry(order)
            return OrderStatus.HELD if waits else OrderStatus.FILLED
        return OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.NEW

    def tell(
        self, order, kind, reason=Reason.NONE, last=None, maker=0, status=None, at=None
    ):
        limit = order.price if at is None else at
        price = limit if abs(limit) < PRICE_BOUND else NO_PRICE
        stop = order.stop if abs(order.stop) != PRICE_BOUND else NO_PRICE
        last_price, last_quantity = last or (NO_PRICE, 0)
        ended = status in (OrderStatus.CANCELLED, OrderStatus.EXPIRED)
        self.reports.append(
            (
                *(order.account, order.client_id, order.venue_id, order.instrument),
                *(kind, self.status(order) if status is None else status, reason),
                *(order.side, order.kind, order.quantity, order.filled),
                *(0 if ended else order.leaves, price, last_price, last_quantity),
                *(maker, stop, order.group),
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
                *(NO_PRICE, 0, 0, NO_PRICE, command.group),
            )
        )
        return reason

    def publish(self, order, kind, size, aggressor=0):
        self.market.append(
            [
                *(order.instrument, kind, order.price, size),
                *(order.venue_id, order.side, aggressor, 0, 0, 0),
            ]
        )

    def publish_plain(self, instrument, kind, price, size, conditions=0, count=0):
        """A record that is about no order."""
        self.market.append(
            [instrument, kind, price, size, 0, 0, 0, conditions, count, 0]
        )
        return self.market[-1]

    # Prices.

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

    def towards(self, instrument, price, side):
        """The price itself if it is valid, else the next one that is."""
        while not self.is_valid(instrument, price):
            price += side
        return price

    def is_valid(self, instrument, price):
        step = [s for low, s in self.tables[instrument] if low <= price][-1]
        return price % step == 0

    def bound(self, instrument, side, start, ticks):
        """Worst price of a market order, so many ticks from where it starts."""
        if ticks < 0:
            ticks = self.protection[instrument]
        if ticks < 0:
            return side * PRICE_BOUND
        return self.away(instrument, start, ticks, side)

    def market_limit(self, instrument, side, ticks):
        """Limit of a market order from the touch; NO_PRICE without opposite side."""
        touch = self.best(instrument, -side)
        if touch == NO_PRICE:
            return NO_PRICE
        return self.bound(instrument, side, touch, ticks)

    def crossing(self, instrument, side, limit):
        """Orders that a limit reaches, first to trade first."""
        found = []
        for other in self.queue(instrument, -side):
            if side * (limit - other.price) < 0:
                break
            found.append(other)
        return found

    def would_trade(self, instrument, side, limit):
        touch = self.best(instrument, -side)
        return touch != NO_PRICE and side * (limit - touch) >= 0

    def fillable(self, instrument, side, limit, account, wanted):
        """Whether so much can trade at once: see `matching_rules.fillable`."""
        size = 0
        met: list[Order] = []
        path = self.crossing(instrument, side, limit)
        for price in dict.fromkeys(each.price for each in path):
            hidden = 0
            for order in [each for each in path if each.price == price]:
                if size >= wanted:
                    return True
                if order.account == account:
                    return False
                bound = order.member or (order.slot and order.reduce_only)
                if not bound:
                    size += order.shown
                    hidden += order.hidden
                elif all(each.account != order.account for each in met):
                    size += order.shown
                met.append(order)
            size += hidden
        return size >= wanted

    # The book.

    def join(self, order):
        """To the back of its queue; an iceberg shows its first part."""
        self.arrivals += 1
        order.arrived = self.arrivals
        order.on_book = True
        if 0 < order.display < order.shown:
            order.hidden = order.shown - order.display
            order.shown = order.display
        insort(self.books[order.instrument, order.side], order, key=lambda o: o.rank)
        self.publish(order, EventKind.ORDER_ADD, order.shown)

    def take_off(self, order, told=True):
        """Off the book, if it is there; all of it is one size again."""
        if not order.on_book:
            return
        if told:
            self.publish(order, EventKind.ORDER_CANCEL, order.shown)
        self.books[order.instrument, order.side].remove(order)
        order.on_book = False
        order.shown += order.hidden
        order.hidden = 0

    def forget(self, order):
        """An order, off the book, has ended: see `Waiting`."""
        del self.orders[order.account, order.client_id]

    def settle_head(self, order):
        """The filled head of a queue goes on, is refilled, waits or ends."""
        if order.shown:
            return
        self.take_off(order, told=False)
        if order.leaves:
            self.join(order)
        elif order.slot and self.awaits_entry(order):
            self.await_entry(order)
        else:
            self.forget(order)

    def await_entry(self, order):
        raise NotImplementedError

    def after_fill(self, order, quantity):
        """What a fill means to groups: see `Waiting`."""

    def after_match(self, *fills):
        """What fills mean to positions: see `Waiting`."""

    def execute(self, order, maker):
        quantity = min(order.shown, maker.shown)
        order.shown -= quantity
        maker.shown -= quantity
        self.executions += 1
        self.volume += quantity
        self.last[order.instrument] = maker.price
        self.traded.append(maker.price)
        self.publish(maker, EventKind.ORDER_EXECUTE, quantity, order.side)
        last = (maker.price, quantity)
        self.tell(maker, ReportType.FILL, last=last, maker=1)
        self.tell(order, ReportType.FILL, last=last, maker=-1)
        self.after_fill(maker, quantity)
        self.after_fill(order, quantity)
        self.settle_head(maker)
        self.after_match((maker, quantity), (order, quantity))

    def arrive(self, order):
        """Trade as far as the limit reaches, then rest or end."""
        met_own = False
        while order.shown and self.would_trade(
            order.instrument, order.side, order.price
        ):
            maker = self.queue(order.instrument, -order.side)[0]
            if maker.account == order.account:
                met_own = True
                break
            self.execute(order, maker)
        reason = None
        if order.leaves == 0:
            if order.slot and self.awaits_entry(order):
                self.await_entry(order)
            else:
                self.forget(order)
            return
        if met_own:
            reason = Reason.SELF_MATCH
        elif order.force == Force.IOC:
            reason = Reason.IOC_REMAINDER
        elif abs(order.price) >= PRICE_BOUND:
            reason = Reason.NO_OPPOSITE_SIDE
        if reason is None:
            assert order.force != Force.FOK, "a FOK fills whole or not at all"
            self.join(order)
            return
        assert order.force != Force.FOK, "a FOK fills whole or not at all"
        self.tell(order, ReportType.CANCELLED, reason, status=OrderStatus.CANCELLED)
        self.forget(order)

    def end(self, order, kind, reason):
        """Cancel or expire a working order."""
        self.take_off(order)
        expired = kind == ReportType.EXPIRED
        status = OrderStatus.EXPIRED if expired else OrderStatus.CANCELLED
        self.tell(order, kind, reason, status=status)
        self.forget(order)

    def complete(self, order, reason=Reason.NONE):
        """End an order as FILLED, its total being what it has filled."""
        self.take_off(order)
        order.quantity -= order.shown
        order.shown = 0
        self.tell(order, ReportType.REPLACED, reason, status=OrderStatus.FILLED)
        self.forget(order)

    def set_open(self, order, left):
        """Less goes from what is hidden first; more joins the back."""
        less = order.leaves - left
        if less < 0:
            on_book = order.on_book
            self.take_off(order)
            order.quantity += left - order.shown
            order.shown = left
            if on_book:
                self.join(order)
            return
        if left == 0:
            self.take_off(order)
        order.quantity -= less
        from_hidden = min(less, order.hidden)
        order.hidden -= from_hidden
        order.shown -= less - from_hidden
        if order.on_book and less > from_hidden:
            self.publish(order, EventKind.ORDER_MODIFY, order.shown)
