"""Commands and sessions of the plain matching rules; `PlainMatching` is all of them."""

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    EventKind,
    GroupRole,
    OrderOption,
    OrderType,
    Reason,
    RecordFlag,
    ReportType,
    SessionState as Session,
    TimeInForce as Force,
    TradeCondition,
    Trigger,
)
from app.session_rows import SessionFlag
from tests.engine.reference_matching import (
    ACCOUNTS,
    AUCTION,
    CONTINUOUS,
    EXIT_LEGS,
    IMMEDIATE,
    LASTING,
    LIMITED,
    PRICE_BOUND,
    QUANTITY_BOUND,
    REGULAR,
    STOPS,
    TRAILS,
    Order,
)
from tests.engine.reference_waiting import MILLION, Waiting, peaks

CROSS = int(TradeCondition.CROSS | TradeCondition.AUCTION)
GATHERING = (
    *(Session.HALTED, Session.PRE_OPEN),
    *(Session.OPENING_AUCTION, Session.CLOSING_AUCTION),
)


class PlainMatching(Waiting):
    """One matching engine."""

    # Commands.

    # New orders.

    def offers(self, command):
        """Whether such an order is known at all."""
        kind, force = command.kind, command.force
        limited = kind in LIMITED
        if kind not in (OrderType.MARKET, OrderType.LIMIT, *STOPS):
            return False
        if force not in (*LASTING, *IMMEDIATE, *AUCTION):
            return False
        if kind in STOPS and force not in LASTING:
            return False
        if command.side not in (BUY, SELL):
            return False
        post_only = command.options & OrderOption.POST_ONLY
        if post_only and not (kind == OrderType.LIMIT and force in LASTING):
            return False
        if command.display and not (limited and force in LASTING):
            return False
        if bool(command.trail) != (kind in TRAILS):
            return False
        reduces = command.options & OrderOption.REDUCE_ONLY
        if reduces and not 0 <= command.account < ACCOUNTS:
            return False
        if command.role in EXIT_LEGS and force not in LASTING:
            return False
        return bool(command.role) == bool(command.group)

    def bad_numbers(self, command):
        if command.quantity <= 0 or command.display < 0:
            return Reason.BAD_QUANTITY
        if command.quantity > QUANTITY_BOUND:
            return Reason.QUANTITY_TOO_LARGE
        reason = self.too_many_peaks(command.quantity, command.display)
        if reason:
            return reason
        if command.kind in LIMITED and abs(command.price) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        needs_stop = command.kind in STOPS and command.kind not in TRAILS
        has_stop = command.kind in STOPS and command.stop != NO_PRICE
        if (needs_stop or has_stop) and abs(command.stop) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        if not -MILLION < command.trail < PRICE_BOUND:
            return Reason.BAD_PRICE
        if command.force == Force.GTD and command.expire <= self.now:
            return Reason.EXPIRED
        return Reason.NONE

    def too_late(self, command):
        session = self.session[command.instrument]
        if command.force in AUCTION:
            return Reason.NONE
        if not self.within(session, self.outside(command)):
            return Reason.CLOSED if command.force in IMMEDIATE else Reason.NONE
        at_once = command.kind == OrderType.MARKET or command.force in IMMEDIATE
        return Reason.HALTED if session not in CONTINUOUS and at_once else Reason.NONE

    def first_stop(self, command, trigger):
        if command.stop != NO_PRICE or not command.trail:
            return command.stop
        price = self.trigger_price(command.instrument, trigger, command.side)
        if price == NO_PRICE or command.role in EXIT_LEGS:
            return command.side * PRICE_BOUND
        return self.trailing(command.instrument, command.side, price, command.trail)

    def stop_refusal(self, command):
        trigger = command.trigger or Trigger.LAST
        stop = self.first_stop(command, trigger)
        if command.role in EXIT_LEGS or stop == command.side * PRICE_BOUND:
            return Reason.NONE
        if abs(stop) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        price = self.trigger_price(command.instrument, trigger, command.side)
        if price != NO_PRICE and command.side * (price - stop) >= 0:
            return Reason.STOP_THROUGH_MARKET
        return Reason.NONE

    def reducible(self, command):
        return self.closable(command) if self.is_reducing(command) else 0

    @staticmethod
    def is_reducing(command):
        return bool(command.options & OrderOption.REDUCE_ONLY)

    @staticmethod
    def was_to_rest(command):
        bits = OrderOption.RESTING_INTENT | OrderOption.CONFIRMED
        return command.options & bits == OrderOption.RESTING_INTENT

    def book_refusal(self, command, limit):
        instrument, side = command.instrument, command.side
        if command.force in AUCTION or command.role in EXIT_LEGS:
            return Reason.NONE
        works = self.within(self.session[instrument], self.outside(command))
        if not works or not self.is_matched(instrument):
            return Reason.NONE
        if limit == NO_PRICE:
            return Reason.NO_OPPOSITE_SIDE
        post_only = command.options & OrderOption.POST_ONLY
        meant = self.was_to_rest(command)
        if (post_only or meant) and self.would_trade(instrument, side, limit):
            return Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        if command.force == Force.FOK:
            wanted = command.quantity
            if self.is_reducing(command):
                wanted = min(wanted, self.reducible(command))
            if not self.fillable(instrument, side, limit, command.account, wanted):
                return Reason.FOK_NOT_FILLABLE
        return Reason.NONE

    def limit_of(self, command):
        if command.kind != OrderType.MARKET:
            return command.price
        return self.market_limit(command.instrument, command.side, command.protection)

    def refusal(self, command):
        if not 0 <= command.instrument < len(self.tables):
            return Reason.UNKNOWN_INSTRUMENT
        if not self.offers(command):
            return Reason.UNSUPPORTED
        reason = self.bad_numbers(command)
        if reason:
            return reason
        if (command.account, command.id) in self.orders:
            return Reason.DUPLICATE_ORDER_ID
        if len(self.orders) >= self.max_orders:
            return Reason.POOL_FULL
        if self.no_room_for_peaks(command.quantity, command.display):
            return Reason.POOL_FULL
        reason = self.too_late(command)
        if reason:
            return reason
        reduces = self.is_reducing(command) and command.role not in EXIT_LEGS
        if reduces and self.reducible(command) == 0:
            return Reason.NOT_REDUCING
        if command.kind in STOPS:
            return self.stop_refusal(command)
        return self.book_refusal(command, self.limit_of(command))

    def new(self, command):
        if 0 <= command.instrument < len(self.tables):
            self.touched = command.instrument
        reason = self.refusal(command)
        if reason:
            self.refuse(command, ReportType.REJECTED, reason)
            key = (command.account, command.group)
            is_entry = command.role == GroupRole.BRACKET_ENTRY
            known = 0 <= command.instrument < len(self.tables)
            if is_entry and known and key in self.groups and not self.entry[key]:
                self.end_empty_exits(key)
            return reason
        self.venue_id += 1
        order = Order(
            command.account,
            command.id,
            self.venue_id,
            command.instrument,
            command.side,
            command.kind,
            command.force,
            command.options,
            command.price if command.kind in LIMITED else NO_PRICE,
            command.quantity,
            command.quantity,
            strategy=command.strategy,
            protection=command.protection,
        )
        self.orders[order.account, order.client_id] = order
        self.add_condition(order, command)
        if order.role == GroupRole.OCO_ENTRY and self.key(order) in self.filled_groups:
            self.end(order, ReportType.CANCELLED, Reason.GROUP)
            return Reason.NONE
        if order.role in EXIT_LEGS and order.leaves == 0:
            self.await_entry(order)
            self.tell(order, ReportType.NEW)
        else:
            self.begin(order, ReportType.NEW, Reason.NONE)
        return Reason.NONE

    def add_condition(self, order, command):
        """What the order has beyond price and quantity, if anything."""
        iceberg = 0 < command.display < command.quantity
        timed = (Force.DAY, Force.GTD, *AUCTION)
        held = not self.within(self.session[order.instrument], self.outside(order))
        if not (
            held
            or order.kind in STOPS
            or order.force in timed
            or iceberg
            or command.role
            or order.reduce_only
        ):
            return
        self.attach(order)
        order.display = command.display if iceberg else 0
        order.expires = command.expire if order.force == Force.GTD else 0
        order.group, order.role = command.group, command.role
        if order.kind in STOPS:
            order.trigger = command.trigger or Trigger.LAST
            order.stop = self.first_stop(command, order.trigger)
            order.trail = command.trail
            self.set_offset(order)
        if order.reduce_only:
            self.reducing.setdefault(self.owner(order), []).append(order)
        if command.role:
            self.join_group(order)

    # Cancels and replaces.

    def find(self, command):
        order = self.orders.get((command.account, command.id))
        if order:
            self.touched = order.instrument
        return order

    def cancel(self, command):
        order = self.find(command)
        if order is None:
            return self.refuse(
                command, ReportType.CANCEL_REJECTED, Reason.UNKNOWN_ORDER
            )
        self.end(order, ReportType.CANCELLED, Reason.USER)
        return Reason.NONE

    def new_limit(self, order, command, kind):
        if command.price != NO_PRICE:
            return command.price
        if kind == OrderType.MARKET and order.kind != OrderType.MARKET:
            return self.market_limit(order.instrument, order.side, command.protection)
        return order.price

    def limit_refusal(self, order, command, kind, limit):
        matched = self.is_matched(order.instrument)
        if kind != order.kind:
            known = kind in (OrderType.LIMIT, OrderType.MARKET)
            if not known or not order.on_book:
                return Reason.UNSUPPORTED
            if kind == OrderType.MARKET and not matched:
                return Reason.UNSUPPORTED
            if limit == NO_PRICE:
                return Reason.NO_OPPOSITE_SIDE
        bare = not order.on_book and kind not in LIMITED
        if bare and command.price != NO_PRICE:
            return Reason.UNSUPPORTED
        if not bare and abs(limit) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        meant = self.was_to_rest(command)
        meets = order.on_book and matched and (order.post_only or meant)
        if meets and self.would_trade(order.instrument, order.side, limit):
            return Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        return Reason.NONE

    def quantity_refusal(self, order, quantity):
        if quantity < 0:
            return Reason.BAD_QUANTITY
        if quantity > QUANTITY_BOUND:
            return Reason.QUANTITY_TOO_LARGE
        if not order.display:
            return Reason.NONE
        left = quantity - order.filled
        reason = self.too_many_peaks(left, order.display)
        if reason:
            return reason
        freed = peaks(order.hidden, order.display)
        if self.no_room_for_peaks(left, order.display, freed):
            return Reason.POOL_FULL
        return Reason.NONE

    def stop_refusal_of(self, order, stop):
        if abs(stop) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        price = self.trigger_price(order.instrument, order.trigger, order.side)
        through = price != NO_PRICE and order.side * (price - stop) >= 0
        if order.wait == "trigger" and through:
            return Reason.STOP_THROUGH_MARKET
        return Reason.NONE

    def new_trail(self, order, command):
        if not order.is_waiting_stop or not order.trail:
            return 0
        return command.trail if command.trail != order.trail else 0

    def new_stop(self, order, command):
        if not order.is_waiting_stop or command.stop == order.stop:
            return NO_PRICE
        trail = self.new_trail(order, command)
        if command.stop != NO_PRICE or not trail:
            return command.stop
        price = self.trigger_price(order.instrument, order.trigger, order.side)
        if price == NO_PRICE:
            return NO_PRICE
        return self.trailing(order.instrument, order.side, price, trail)

    def replace(self, command):
        order = self.find(command)
        if order is None:
            return self.refuse(
                command, ReportType.REPLACE_REJECTED, Reason.UNKNOWN_ORDER
            )
        kind = command.kind or order.kind
        limit = self.new_limit(order, command, kind)
        stop, asked = self.new_stop(order, command), command.quantity
        reason = self.replace_refusal(order, command, kind, limit, stop)
        if reason:
            self.tell(order, ReportType.REPLACE_REJECTED, reason)
            return reason
        order.trail = self.new_trail(order, command) or order.trail
        keeps = limit == order.price and kind == order.kind
        order.kind = kind
        if order.wait == "entry":
            asked = 0
        quantity = asked or order.quantity
        if asked and quantity <= order.filled:
            self.complete(order)
        elif order.on_book:
            self.change_on_book(order, quantity, limit, keeps)
        else:
            self.change_waiting(order, quantity, limit, stop)
        return Reason.NONE

    def replace_refusal(self, order, command, kind, limit, stop):
        regular = self.session[order.instrument] in (Session.UNKNOWN, Session.OPEN)
        if not order.slot and regular:
            return self.plain_refusal(order, command, kind, limit)
        reason = self.limit_refusal(order, command, kind, limit)
        if not reason and command.quantity not in (0, order.quantity):
            reason = self.quantity_refusal(order, command.quantity)
        if not reason and stop != NO_PRICE:
            reason = self.stop_refusal_of(order, stop)
        if not reason and not -MILLION < command.trail < PRICE_BOUND:
            reason = Reason.BAD_PRICE
        return reason

    def plain_refusal(self, order, command, kind, limit):
        if kind not in (OrderType.LIMIT, OrderType.MARKET):
            return Reason.UNSUPPORTED
        reason = self.quantity_refusal(order, command.quantity)
        if reason:
            return reason
        if limit == NO_PRICE:
            return Reason.NO_OPPOSITE_SIDE
        if abs(limit) >= PRICE_BOUND:
            return Reason.BAD_PRICE
        meant = self.was_to_rest(command)
        rests = order.post_only or meant
        if rests and self.would_trade(order.instrument, order.side, limit):
            return Reason.MEANING_CHANGED if meant else Reason.POST_ONLY_WOULD_CROSS
        return Reason.NONE

    def resize(self, order, quantity):
        left = quantity - order.filled
        self.set_open(order, left)
        if order.slot:
            self.note_size(order, left)

    def change_on_book(self, order, quantity, limit, keeps):
        if keeps and quantity <= order.quantity:
            self.resize(order, quantity)
            self.tell(order, ReportType.REPLACED)
            return
        self.take_off(order)
        self.resize(order, quantity)
        order.price = limit
        self.tell(order, ReportType.REPLACED)
        if order.reduce_only and order.slot and not self.cut(order):
            return
        self.work(order)

    def change_waiting(self, order, quantity, limit, stop):
        moved = limit != order.price or quantity > order.quantity
        order.price = limit
        if stop != NO_PRICE:
            watched = order.wait == "trigger"
            order.stop = stop
            if watched:
                order.wait = ""
                self.see_now(order.instrument)
                self.let_wait(order, "trigger")
        if order.wait in ("hours", "opening", "closing") and moved:
            self.let_wait(order, order.wait)
        if order.trail:
            self.set_offset(order)
        if order.wait != "entry":
            self.resize(order, quantity)
        self.tell(order, ReportType.REPLACED)
        if order.reduce_only and order.slot:
            self.cut(order)

    # Sessions and auctions.

    def set_session(self, command):
        if not 0 <= command.value <= max(Session):
            return Reason.UNSUPPORTED
        if command.instrument >= len(self.tables):
            return Reason.UNSUPPORTED
        each = range(len(self.tables))
        for instrument in each if command.instrument < 0 else [command.instrument]:
            self.change_session(instrument, command.value)
        return Reason.NONE

    def change_session(self, instrument, after):
        before = self.session[instrument]
        if before == after:
            return
        self.session[instrument] = after
        self.hold_auctions(instrument, before, after)
        self.publish_plain(instrument, EventKind.SESSION, NO_PRICE, 0, count=after)
        working = (Session.OPEN, Session.HALTED, Session.CLOSING_AUCTION)
        ends = before in working and after in (Session.CLOSED, Session.EXTENDED)
        begins = before not in working and after == Session.OPEN
        flags = SessionFlag.REGULAR_ENDS if ends else 0
        self.market[-1][4] = SessionFlag.REGULAR_BEGINS if begins else flags
        if after in (Session.EXTENDED, Session.CLOSED):
            self.send_home(instrument, after)
        self.end_hours(instrument, before, after)
        self.see_auction(instrument)
        self.touched = instrument
        self.settle()

    def hold_auctions(self, instrument, before, after):
        opens = after == Session.OPEN
        wait = ""
        if opens and before not in (Session.HALTED, Session.CLOSING_AUCTION):
            wait = "opening"
        elif after in (Session.CLOSED, Session.EXTENDED) and before in REGULAR:
            wait = "closing"
        if wait:
            self.join_auction(instrument, wait)
        if wait or (before in GATHERING and after not in GATHERING):
            self.uncross(instrument, wait)
            self.end_missed(instrument, wait)
        if after in (Session.PRE_OPEN, Session.OPENING_AUCTION):
            self.join_auction(instrument, "opening")
        if after == Session.CLOSING_AUCTION:
            self.join_auction(instrument, "closing")

    def join_auction(self, instrument, wait):
        for order in self.waiting(instrument, wait):
            if order.kind == OrderType.LIMIT:
                order.wait = ""
                self.join(order)

    def end_missed(self, instrument, wait):
        missed = self.waiting(instrument, wait) if wait else []
        for side in (BUY, SELL):
            missed += [o for o in self.queue(instrument, side) if o.force in AUCTION]
        for order in missed:
            self.end(order, ReportType.CANCELLED, Reason.AUCTION_MISSED)

    def end_hours(self, instrument, before, after):
        if before == Session.UNKNOWN and after != Session.CLOSED:
            before = Session.PRE_OPEN
        off = (Session.EXTENDED, Session.CLOSED)
        for order in self.slots:
            if not order or order.instrument != instrument or order.force != Force.DAY:
                continue
            over = before not in off and after in off
            if self.outside(order):
                over = after == Session.CLOSED and before != Session.CLOSED
            if over:
                self.line_up("expire", order, Reason.EXPIRED)
        for order in self.waiting(instrument, "hours"):
            if self.within(after, self.outside(order)):
                self.line_up("release", order)

    def send_home(self, instrument, session):
        leaving = [*self.queue(instrument, BUY), *self.queue(instrument, SELL)]
        stops = self.watched(instrument)
        stops.sort(key=lambda o: (o.trigger, -o.side, o.side * o.stop, o.waited))
        for order in [*leaving, *stops]:
            if self.within(session, self.outside(order)):
                continue
            if order.force == Force.DAY:
                self.end(order, ReportType.EXPIRED, Reason.EXPIRED)
                continue
            self.take_off(order)
            if not order.slot:
                self.attach(order)
            self.let_wait(order, "hours")
            self.tell(order, ReportType.REPLACED, Reason.CLOSED)

    def see_auction(self, instrument):
        self.traded.clear()
        for trigger in (Trigger.TOUCH, Trigger.MID, Trigger.MARK):
            for side in (BUY, SELL):
                self.see(instrument, trigger, side, NO_PRICE)
        if self.is_matched(instrument):
            self.see_last(instrument, self.last[instrument])
            self.see_quotes(instrument)

    def callers(self, instrument, side, wait):
        """Orders of a side in an auction, first to trade first."""
        bare = [
            each
            for each in (self.waiting(instrument, wait) if wait else [])
            if each.side == side and each.price == NO_PRICE
        ]
        return [*bare, *self.queue(instrument, side)]

    def auction_price(self, instrument, wait):
        """(price, volume): largest volume, least imbalance, nearest last, lower."""
        buys = self.callers(instrument, BUY, wait)
        sells = self.callers(instrument, SELL, wait)
        prices = {o.price for o in [*buys, *sells] if o.price != NO_PRICE}
        last = self.last[instrument]
        near = {self.away(instrument, p, 1, side) for p in prices for side in (1, -1)}
        low, high = (min(prices), max(prices)) if prices else (0, 0)
        candidates = prices | {p for p in near if low < p < high}
        candidates |= (
            set()
            if last == NO_PRICE or self.is_beside(instrument, prices, last)
            else {last}
        )
        found = []
        for price in candidates:
            bought = sum(
                o.leaves for o in buys if o.price == NO_PRICE or o.price >= price
            )
            sold = sum(
                o.leaves for o in sells if o.price == NO_PRICE or o.price <= price
            )
            distance = 0 if last == NO_PRICE else abs(price - last)
            volume = min(bought, sold)
            found.append((-volume, abs(bought - sold), distance, price))
        volume, _, _, price = min(found, default=(0, 0, 0, 0))
        return price, -volume

    def is_beside(self, instrument, prices, last):
        """Whether a last price off the tick table is within a step of an order."""
        return any(
            p != last
            and self.away(instrument, p, 1, -1) < last < self.away(instrument, p, 1, 1)
            for p in prices
        )

    def uncross(self, instrument, wait):
        while True:
            price, volume = self.auction_price(instrument, wait)
            if volume == 0:
                return
            self.uncross_at(instrument, wait, price)

    def uncross_at(self, instrument, wait, price):
        told = self.publish_plain(instrument, EventKind.TRADE, price, 0, CROSS)
        total = 0
        while True:
            heads = []
            for side in (BUY, SELL):
                queue = self.callers(instrument, side, wait)
                first = queue[0] if queue else None
                if first and first.price != NO_PRICE:
                    first = first if side * (first.price - price) >= 0 else None
                heads.append(first)
            if None in heads:
                break
            total += self.cross(heads, price)
        told[3] = total
        if total:
            self.executions += 1
            self.volume += total
            self.last[instrument] = price

    def cross(self, heads, price):
        older, newer = sorted(heads, key=lambda each: each.venue_id)
        if older.account == newer.account:
            self.end(newer, ReportType.CANCELLED, Reason.SELF_MATCH)
            return 0
        quantity = min(older.shown, newer.shown)
        for order in (older, newer):
            order.shown -= quantity
            if order.on_book:
                self.publish(order, EventKind.ORDER_CANCEL, quantity)
            self.tell(order, ReportType.FILL, last=(price, quantity))
            self.after_fill(order, quantity)
        for order in (older, newer):
            if order.on_book:
                self.settle_head(order)
            elif order.leaves == 0:
                order.wait = ""
                self.forget(order)
        self.after_match((older, quantity), (newer, quantity))
        return quantity

    def act(self, command):
        """Act on one command; return its reason."""
        actions = {
            Action.NEW: self.new,
            Action.CANCEL: self.cancel,
            Action.REPLACE: self.replace,
            Action.SET_SESSION: self.set_session,
        }
        self.pass_time(command.time)
        before = len(self.market)
        self.traded.clear()
        reason = actions[command.action](command)
        self.settle()
        if len(self.market) > before:
            self.market[-1][-1] = RecordFlag.LAST
        return reason
