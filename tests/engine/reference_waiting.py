"""Orders that wait for a price, a time or one another, written plainly.

What is to follow is a list of (step, order, reason), done one after the other.
"""

from collections import deque
from typing import Any

from app.engine.conditional.state import FILLED_KEPT
from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    GroupRole,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
    SessionState as Session,
    TimeInForce as Force,
    Trigger,
)
from tests.engine.reference_matching import (
    ACCOUNTS,
    AUCTION,
    EXIT_LEGS,
    EXITS,
    LIMITED,
    MOST_PEAKS,
    PEAKS_BOUND,
    PRICE_BOUND,
    Order,
    PlainBook,
)

MILLION = 10**6
SOURCES = (Trigger.LAST, Trigger.TOUCH, Trigger.MID, Trigger.MARK)


def peaks(hidden, display):
    return -(-hidden // display) if display > 0 else 0


class Waiting(PlainBook):
    """The book, and what waits beside it."""

    def __post_init__(self):
        super().__post_init__()
        self.steps: list[Any] = []
        self.slots: list[Order | None] = [None]
        """Orders with a condition, in their slots; a freed one is given out first."""
        self.free: list[int] = []
        self.waits = 0
        self.groups: dict[Any, list[Order]] = {}
        """Members by (account, number), who joined last first."""
        self.entry: dict[Any, Order | None] = {}
        self.open: dict[Any, int] = {}
        """Of a bracket: filled of its entry, not yet of its exits."""
        self.filled_groups: deque[Any] = deque(maxlen=FILLED_KEPT)
        """OCOs of which an entry was filled, by (account, number)."""
        self.seen: dict[Any, int] = {}
        """Last price that stops saw, by instrument, trigger and side."""
        self.reducing: dict[Any, list[Order]] = {}
        self.touched = 0
        """Instrument of the command in hand."""

    # Conditions.

    def attach(self, order):
        if self.free:
            order.slot = self.free.pop()
            self.slots[order.slot] = order
        else:
            order.slot = len(self.slots)
            self.slots.append(order)
        order.sized = order.leaves

    def forget(self, order):
        super().forget(order)
        if not order.slot:
            return
        if order.reduce_only:
            self.reducing[self.owner(order)].remove(order)
        order.hidden, order.wait = 0, ""
        key = (order.account, order.group)
        if order.member:
            if self.entry[key] is order:
                self.entry[key] = None
                self.end_empty_exits(key)
            self.groups[key].remove(order)
            order.member = False
            if not self.groups[key]:
                del self.groups[key], self.entry[key], self.open[key]
        self.slots[order.slot] = None
        self.free.append(order.slot)
        self.steps = [each for each in self.steps if each[1] is not order]
        order.slot = 0

    def let_wait(self, order, wait):
        self.waits += 1
        order.wait, order.waited = wait, self.waits

    def waiting(self, instrument, wait):
        """Orders of an instrument that wait for something, longest first."""
        found = [
            each
            for each in self.slots
            if each and each.instrument == instrument and each.wait == wait
        ]
        return sorted(found, key=lambda each: each.waited)

    def line_up(self, step, order, reason=Reason.NONE):
        if not any(each[:2] == (step, order) for each in self.steps):
            self.steps.append((step, order, reason))

    # Positions.

    @staticmethod
    def owner(order):
        by_strategy = order.strategy if order.account == 0 else 0
        return order.instrument, order.account, by_strategy

    def closable(self, order):
        return max(-order.side * self.position.get(self.owner(order), 0), 0)

    def cut(self, order):
        """Cut a reduce-only order to the position; False if that ended it."""
        room = self.closable(order)
        if order.leaves <= room:
            return True
        if room == 0:
            self.end(order, ReportType.CANCELLED, Reason.NOT_REDUCING)
            return False
        self.set_open(order, room)
        self.note_size(order, room)
        self.tell(order, ReportType.REPLACED, Reason.NOT_REDUCING)
        return True

    def is_to_change(self, order):
        return any(
            step in ("cancel", "resize") and each is order
            for step, each, _ in self.steps
        )

    def move_position(self, owner, change):
        self.position[owner] = self.position.get(owner, 0) + change
        for order in list(self.reducing.get(owner, ())):
            if order.slot and not self.is_to_change(order):
                self.cut(order)

    def after_match(self, *fills):
        for order, quantity in fills:
            if order.account < ACCOUNTS:
                instrument, account, strategy = self.owner(order)
                change = order.side * quantity
                if strategy:
                    self.move_position((instrument, account, strategy), change)
                self.move_position((instrument, account, 0), change)
        while True:
            changes = [each for each in self.steps if each[0] in ("cancel", "resize")]
            if not changes:
                return
            self.steps.remove(changes[0])
            self.perform(*changes[0])

    # Groups.

    @staticmethod
    def key(order):
        return order.account, order.group

    def awaits_entry(self, order):
        if not order.member or order.role not in EXIT_LEGS:
            return False
        return self.entry[order.account, order.group] is not None

    def await_entry(self, order):
        self.let_wait(order, "entry")

    def join_group(self, order):
        key = (order.account, order.group)
        order.member = True
        if key not in self.groups:
            self.groups[key], self.entry[key], self.open[key] = [], None, 0
        self.groups[key].insert(0, order)
        if order.role == GroupRole.BRACKET_ENTRY:
            self.entry[key] = order
        elif order.role in EXIT_LEGS:
            order.sized = self.open[key]
            order.quantity = order.shown = order.sized

    def end_empty_exits(self, key):
        for mate in self.groups[key]:
            if mate.role in EXITS and mate.sized == 0:
                self.line_up("cancel", mate, Reason.GROUP)

    def resize_exits(self, key, without, change):
        for mate in self.groups[key]:
            if mate is without or mate.role not in EXITS:
                continue
            mate.sized = max(mate.sized + change, 0)
            if mate.sized == 0 and self.entry[key] is None:
                self.line_up("cancel", mate, Reason.GROUP)
            elif mate.wait == "entry" and mate.sized:
                self.line_up("activate", mate, Reason.GROUP)
            else:
                self.line_up("resize", mate, Reason.GROUP)

    def after_fill(self, order, quantity):
        if not order.slot:
            return
        order.sized -= quantity
        key = (order.account, order.group)
        if not order.member:
            return
        if order.role == GroupRole.BRACKET_ENTRY:
            self.open[key] += quantity
            self.resize_exits(key, order, quantity)
        elif order.role == GroupRole.OCO_ENTRY:
            if key not in self.filled_groups:
                self.filled_groups.append(key)
            for mate in self.groups[key]:
                if mate is not order and mate.role == GroupRole.OCO_ENTRY:
                    self.line_up("cancel", mate, Reason.GROUP)
        else:
            self.open[key] = max(self.open[key] - quantity, 0)
            self.resize_exits(key, order, -quantity)

    def note_size(self, order, left):
        """What is open of an exit is what is open of all."""
        order.sized = left
        if not order.member or order.role not in EXITS:
            return
        key = (order.account, order.group)
        self.open[key] = left
        for mate in self.groups[key]:
            works = mate.role in EXITS and mate.wait != "entry"
            if works and mate is not order and mate.sized != left:
                mate.sized = left
                self.line_up("resize", mate, Reason.GROUP)

    # Prices.

    def trigger_price(self, instrument, trigger, side):
        if trigger == Trigger.LAST:
            return self.last[instrument]
        if not self.is_matched(instrument):
            return NO_PRICE
        return self.quotes(instrument)[trigger, side]

    def quotes(self, instrument):
        """Touch, mid and mark by (trigger, side) of stops."""
        bid, ask = self.best(instrument, BUY), self.best(instrument, SELL)
        mid = NO_PRICE if NO_PRICE in (bid, ask) else bid + ask
        last = self.last[instrument]
        mark = mid if mid != NO_PRICE else (last if last == NO_PRICE else 2 * last)
        found = {(Trigger.TOUCH, BUY): ask, (Trigger.TOUCH, SELL): bid}
        for trigger, doubled in ((Trigger.MID, mid), (Trigger.MARK, mark)):
            for side in (BUY, SELL):
                half = doubled // 2 if side == BUY else -(-doubled // 2)
                found[trigger, side] = NO_PRICE if doubled == NO_PRICE else half
        return found

    def trailing(self, instrument, side, price, trail):
        distance = trail if trail > 0 else -(-abs(price) * -trail // MILLION)
        return self.towards(instrument, price + side * distance, side)

    def watched(self, instrument, trigger=None, side=None):
        """Stops that wait for their price."""
        found = self.waiting(instrument, "trigger")
        return [
            each
            for each in found
            if trigger is None or (each.trigger, each.side) == (trigger, side)
        ]

    def see(self, instrument, trigger, side, price):
        """Let stops of a trigger and side see a price."""
        key = (instrument, trigger, side)
        before = self.seen.get(key, NO_PRICE)
        self.seen[key] = price
        if price in (NO_PRICE, before):
            return
        stops = self.watched(instrument, trigger, side)
        stops.sort(key=lambda each: (side * each.stop, each.waited))
        for order in stops:
            if side * (price - order.stop) >= 0:
                order.wait = ""
                self.line_up("trigger", order)
        if before != NO_PRICE and side * (price - before) >= 0:
            return
        for order in stops:
            if order.wait and order.trail:
                stop = self.trailing(instrument, side, price, order.trail)
                if side * (stop - order.stop) < 0:
                    order.stop = stop
                    self.let_wait(order, "trigger")
                    self.line_up("moved", order, Reason.TRAILED)

    def see_quotes(self, instrument):
        quotes = self.quotes(instrument)
        for trigger in (Trigger.TOUCH, Trigger.MID, Trigger.MARK):
            for side in (BUY, SELL):
                self.see(instrument, trigger, side, quotes[trigger, side])

    def see_last(self, instrument, price):
        for side in (BUY, SELL):
            self.see(instrument, Trigger.LAST, side, price)

    def see_now(self, instrument):
        """Before a first stop waits, it has seen the prices of now."""
        if self.watched(instrument):
            return
        self.see_last(instrument, self.last[instrument])
        if self.is_matched(instrument):
            self.see_quotes(instrument)

    def see_prices(self, instrument):
        """Let stops see what was done: the first and last trade, then the quotes."""
        traded, self.traded = self.traded, []
        if not self.watched(instrument) or not self.is_matched(instrument):
            return
        if traded:
            self.see_last(instrument, traded[0])
            self.see_last(instrument, traded[-1])
        if self.watched(instrument):
            self.see_quotes(instrument)

    # Steps.

    def settle(self):
        """Stops see what the command did; then all that follows is done."""
        self.see_prices(self.touched)
        while self.steps:
            step = self.steps.pop(0)
            instrument = step[1].instrument
            self.perform(*step)
            self.see_prices(instrument)

    def perform(self, step, order, reason):
        getattr(self, f"step_{step}")(order, reason)

    def step_cancel(self, order, reason):
        if order.wait == "entry" and order.filled:
            self.complete(order, reason)
        else:
            self.end(order, ReportType.CANCELLED, reason)

    def step_expire(self, order, reason):
        self.end(order, ReportType.EXPIRED, reason)

    def step_resize(self, order, reason):
        left = order.sized
        if order.reduce_only and order.wait != "entry":
            left = min(left, self.closable(order))
        if order.wait == "entry" or left == order.leaves:
            return
        if left == 0 and not self.awaits_entry(order):
            self.step_cancel(order, reason)
            return
        self.set_open(order, left)
        if left == 0:
            self.await_entry(order)
        self.tell(order, ReportType.REPLACED, reason)

    def step_activate(self, order, reason):
        left = order.sized
        if order.wait != "entry" or left == 0:
            return
        if order.reduce_only:
            left = min(left, self.closable(order))
        if left == 0:
            self.end(order, ReportType.CANCELLED, Reason.NOT_REDUCING)
            return
        order.wait = ""
        if order.trail and (abs(order.stop) == PRICE_BOUND or order.triggered):
            self.restart_trail(order)
        order.triggered = False
        if order.kind not in LIMITED:
            order.price = NO_PRICE
        self.set_open(order, left)
        self.begin(order, ReportType.REPLACED, reason)
        self.trigger_if_reached(order, by_last=True)

    def restart_trail(self, order):
        price = self.trigger_price(order.instrument, order.trigger, order.side)
        if price != NO_PRICE:
            order.stop = self.trailing(order.instrument, order.side, price, order.trail)
            self.set_offset(order)

    @staticmethod
    def set_offset(order):
        known = order.price != NO_PRICE and abs(order.stop) != PRICE_BOUND
        order.offset = order.price - order.stop if known else NO_PRICE

    def step_release(self, order, _reason):
        order.wait = ""
        self.begin(order, ReportType.REPLACED, Reason.CLOSED)
        self.trigger_if_reached(order, by_last=False)

    def step_moved(self, order, reason):
        if order.price != NO_PRICE and order.offset == NO_PRICE:
            self.set_offset(order)
        elif order.price != NO_PRICE:
            wanted = order.stop + order.offset
            order.price = self.towards(order.instrument, wanted, -order.side)
        self.tell(order, ReportType.REPLACED, reason)

    def step_trigger(self, order, _reason):
        if order.wait or order.triggered:
            return
        if order.price == NO_PRICE:
            order.price = self.bound(
                order.instrument, order.side, order.stop, order.protection
            )
        order.triggered = True
        self.tell(order, ReportType.TRIGGERED, status=OrderStatus.TRIGGERED)
        self.work(order)

    # Beginning.

    def in_auction(self, order):
        session = self.session[order.instrument]
        if order.force == Force.AT_THE_OPEN:
            return session in (Session.PRE_OPEN, Session.OPENING_AUCTION)
        return session == Session.CLOSING_AUCTION

    def find_wait(self, order):
        """Let an order wait if it has to; whether it does."""
        if not order.slot:
            return False
        instrument, is_market = order.instrument, order.kind == OrderType.MARKET
        if order.force in AUCTION:
            if not is_market and self.in_auction(order):
                return False
            at_open = order.force == Force.AT_THE_OPEN
            self.let_wait(order, "opening" if at_open else "closing")
            return True
        bare = is_market and order.price == NO_PRICE
        gathers = bare and not self.is_matched(instrument)
        if gathers or not self.within(self.session[instrument], self.outside(order)):
            self.let_wait(order, "hours")
            return True
        if order.is_waiting_stop:
            self.see_now(instrument)
            self.let_wait(order, "trigger")
            return True
        return False

    def begin(self, order, kind, reason):
        """Tell the owner, then let the order work or wait."""
        waits = self.find_wait(order)
        if not waits and order.price == NO_PRICE:
            order.price = self.market_limit(
                order.instrument, order.side, order.protection
            )
        self.tell(order, kind, reason)
        if order.reduce_only and order.slot and not self.cut(order):
            return
        if not waits:
            self.work(order)

    def work(self, order):
        if not self.is_matched(order.instrument):
            assert abs(order.price) < PRICE_BOUND, "nobody rests without a price"
            self.join(order)
        elif order.price == NO_PRICE:
            self.end(order, ReportType.CANCELLED, Reason.NO_OPPOSITE_SIDE)
        elif order.post_only and self.would_trade(
            order.instrument, order.side, order.price
        ):
            self.end(order, ReportType.CANCELLED, Reason.POST_ONLY_WOULD_CROSS)
        else:
            self.arrive(order)

    def trigger_if_reached(self, order, *, by_last):
        """A stop that begins to wait where its price is triggers at once."""
        if not order.slot or order.wait != "trigger":
            return
        if order.trigger == Trigger.LAST and not by_last:
            return
        if not self.is_matched(order.instrument):
            return
        price = self.trigger_price(order.instrument, order.trigger, order.side)
        if price != NO_PRICE and order.side * (price - order.stop) >= 0:
            order.wait = ""
            self.line_up("trigger", order)

    # Time.

    def pass_time(self, now):
        self.now = now
        for order in self.slots:
            if order and 0 < order.expires <= now:
                self.line_up("expire", order, Reason.EXPIRED)
        self.settle()

    # Icebergs.

    def hidden_peaks(self):
        return sum(peaks(o.hidden, o.display) for o in self.slots if o)

    def too_many_peaks(self, quantity, display):
        """Reason why an iceberg has too many parts; NONE if it has not."""
        if display and peaks(quantity, display) > MOST_PEAKS:
            return Reason.BAD_QUANTITY
        return Reason.NONE

    def no_room_for_peaks(self, quantity, display, freed=0):
        return self.hidden_peaks() + peaks(quantity, display) - freed > PEAKS_BOUND
