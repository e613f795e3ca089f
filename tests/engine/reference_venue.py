"""A plain simulated venue in lists and dictionaries, to hold the compiled one against.

Level data of one venue with full depth; every event is whole by itself. Written from
SEMANTICS 10, 11, 15-19, 21-23, 25, 26, 28-35, 40, 41 without regard to speed.
"""

import math
from dataclasses import dataclass, field
from typing import Any

NAN = -(2**63)


@dataclass
class Plain:
    """An order as the plain venue has it."""

    name: int
    side: int
    quantity: int
    price: int
    tif: str = "GTC"
    post_only: bool = False
    is_market: bool = False
    filled: int = 0
    leaves: int = 0
    stage: str = "in flight"
    ahead: float = 0.0
    ahead_before: float | None = None
    is_limit: bool = False  # a stop with a limit of its own
    stop: int | None = None
    trail: int = 0
    trigger: str = "last"
    display: int = 0
    expires: int = 0
    group: int = 0
    role: str = ""  # oco entry, oco exit, entry, target, stop
    waits: str = ""  # trigger or entry
    triggered: bool = False
    hidden: int = 0
    room: int = 0  # what its group has left for it
    doomed: bool = False  # its group's cancel is lined up

    @property
    def is_stop(self) -> bool:
        return self.stop is not None or self.trail != 0

    @property
    def is_exit(self) -> bool:
        return self.role in ("oco exit", "target", "stop")

    @property
    def is_sized(self) -> bool:
        return self.role in ("target", "stop")


@dataclass
class Group:
    """An OCO group or a bracket; who joined last stands first."""

    members: list[Plain] = field(default_factory=list)
    entry: Plain | None = None
    open: int = 0


@dataclass
class Memory:
    """What is remembered of a price where ours rest or where we took depth."""

    shown: int
    taken: int = 0
    traded: int = 0
    traded_ts: int = 0
    cancelled: int = 0
    cancelled_ts: int = 0
    before: int = 0


@dataclass
class PlainVenue:
    """Reports are (venue time, received, order, what, filled, leaves, price, size)."""

    order_latency: int = 0
    report_latency: int = 0
    share: str | None = None  # None: pessimistic; power or fixed
    exponent: float = 1.0
    protection: int | None = None
    book: dict[int, dict[int, int]] = field(default_factory=lambda: {1: {}, -1: {}})
    memory: dict[tuple[int, int], Memory] = field(default_factory=dict)
    orders: dict[int, Plain] = field(default_factory=dict)
    queue: list[Plain] = field(default_factory=list)  # resting, in order of joining
    requests: list[tuple[int, int, Any]] = field(default_factory=list)
    reports: list[tuple[int, ...]] = field(default_factory=list)
    sent: int = 0
    lost: bool = True
    was_lost: bool = False
    crossed: bool = False
    at: int = 0
    last: int | None = None
    direction: int = 0
    halted: bool = False
    groups: dict[int, Group] = field(default_factory=dict)
    filled_groups: set[int] = field(default_factory=set)
    steps: list[tuple[str, Plain]] = field(default_factory=list)
    watching: list[Plain] = field(default_factory=list)  # stops, in order of waiting

    # Time.

    def _arrive(self, before: int) -> None:
        self.requests.sort(key=lambda each: each[:2])
        while self.requests and self.requests[0][0] < before:
            time, _, action = self.requests.pop(0)
            self._expire(time)
            self.at = max(self.at, time)
            action()
            self._perform()
        self._expire(before)

    def _expire(self, before: int) -> None:
        lasting = [each for each in self.orders.values() if each.expires]
        for order in sorted(lasting, key=lambda each: each.expires):
            works = order.stage in ("resting", "waiting")
            if works and order.expires < before:
                self.at = max(self.at, order.expires)
                self._end(order, "expired")
                self._perform()

    def _ask(self, t: int, action: Any) -> None:
        self.sent += 1
        self.requests.append((t + self.order_latency, self.sent, action))

    def clock(self, t: int) -> None:
        self._arrive(t + 1)
        self.at = max(self.at, t)

    def due(self, t: int) -> list[tuple[int, ...]]:
        """Reports that have come by `t`."""
        return [each for each in self.reports if each[1] <= t]

    def _tell(self, order: Plain, what: str, price: int = 0, size: int = 0) -> None:
        row = (self.at, self.at + self.report_latency, order.name, what)
        leaves = order.leaves
        self.reports.append((*row, order.filled, leaves, price, size))  # type: ignore[arg-type]

    # Requests.

    def submit(self, t: int, order: Plain) -> None:
        order.leaves = order.quantity
        self.orders[order.name] = order
        self._ask(t, lambda: self._submitted(order))

    def cancel(self, t: int, name: int) -> None:
        self._ask(t, lambda: self._cancelled(self.orders[name]))

    def replace(self, t: int, name: int, quantity: int, price: int | None) -> None:
        self._ask(t, lambda: self._replaced(self.orders[name], quantity, price))

    def halt(self, t: int, halted: bool) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        self.halted = halted
        self._judge()
        self._perform()
        self._look(None)
        self._perform()

    def _submitted(self, order: Plain) -> None:
        if order.group:
            self._join(order)
        if self._is_refused(order):
            return self._end(order, "rejected")
        if order.role == "oco entry" and order.group in self.filled_groups:
            return self._end(order, "cancelled")
        if order.trail:
            known = self._trigger_price(order)
            assert known is not None, "no trailing stop before the first price"
            order.stop = known + order.side * order.trail
        if order.is_sized and order.leaves == 0:
            order.stage, order.waits = "waiting", "entry"
        elif order.is_stop:
            self._watch(order)
        elif order.is_market:
            self._protect(order, self._best(-order.side))
        self._tell(order, "new")
        if order.stage != "waiting":
            self._work(order)
        return None

    def _is_refused(self, order: Plain) -> bool:
        if order.is_stop:
            return order.stop is not None and not order.is_sized and self._passed(order)
        if self.halted and (order.is_market or order.tif != "GTC"):
            return True
        if order.is_market:
            return self._best(-order.side) is None
        crosses = order.post_only and self._crosses(order, order.price)
        return crosses and not order.is_sized

    def _protect(self, order: Plain, price: int | None) -> None:
        order.price = NAN
        if price is not None and self.protection is not None:
            order.price = price + order.side * self.protection

    def _work(self, order: Plain) -> None:
        if order.tif == "FOK":
            most = sum(size for _, size, _ in self._within(order))
            if self._blocked() or most < order.leaves:
                return self._end(order, "cancelled")
        return self._match(order)

    # Stops.

    def _trigger_price(self, order: Plain) -> int | None:
        return self.last if order.trigger == "last" else self._best(-order.side)

    def _passed(self, order: Plain) -> bool:
        price = self._trigger_price(order)
        assert order.stop is not None
        return price is not None and order.side * (price - order.stop) >= 0

    def _watch(self, order: Plain) -> None:
        order.stage, order.waits = "waiting", "trigger"
        self.watching.append(order)
        if self._passed(order):
            self._reach(order)

    def _reach(self, order: Plain) -> None:
        self.watching.remove(order)
        order.waits = ""
        self.steps.append(("trigger", order))

    def _look(self, printed: int | None) -> None:
        """Let stops see a print, then the touch."""
        if self._blocked():
            return
        for trigger in ("last", "touch"):
            for side in (1, -1):
                price = printed if trigger == "last" else self._best(-side)
                if price is not None:
                    self._look_side(trigger, side, price)

    def _look_side(self, trigger: str, side: int, price: int) -> None:
        mine = [
            each
            for each in self.watching
            if each.trigger == trigger and each.side == side
        ]
        mine.sort(key=lambda each: side * (each.stop or 0))
        for order in mine:
            if self._passed(order):
                self._reach(order)
        for order in mine:
            stop = price + side * order.trail
            follows = order.trail != 0 and order in self.watching
            if follows and side * ((order.stop or 0) - stop) > 0:
                order.stop = stop
                self.watching.remove(order)
                self.watching.append(order)
                self.steps.append(("moved", order))

    # Groups.

    def _join(self, order: Plain) -> None:
        group = self.groups.setdefault(order.group, Group())
        group.members.insert(0, order)
        order.room = order.leaves
        if order.role == "entry":
            group.entry = order
        elif order.is_sized:
            order.room = order.leaves = order.quantity = group.open

    def _exits(self, order: Plain) -> list[Plain]:
        members = self.groups[order.group].members
        return [each for each in members if each.is_exit and each is not order]

    def _note_fill(self, order: Plain, quantity: int) -> None:
        if not order.group:
            return
        order.room -= quantity
        group = self.groups[order.group]
        if order.role == "oco entry":
            self.filled_groups.add(order.group)
            for each in group.members:
                if each is not order and not each.doomed:
                    each.doomed = True
                    self.steps.append(("dismiss", each))
            return
        change = quantity if order.role == "entry" else -quantity
        group.open = max(group.open + change, 0)
        for each in self._exits(order):
            each.room = max(each.room + change, 0)
            if each.room == 0 and group.entry is None:
                each.doomed = True
                self.steps.append(("dismiss", each))
            else:
                self.steps.append(("resize", each))

    def _leave_group(self, order: Plain) -> None:
        group = self.groups.get(order.group)
        if group is None or order not in group.members:
            return
        if group.entry is order:
            group.entry = None
            for each in group.members:
                if each.is_exit and each.room == 0:
                    each.doomed = True
                    self.steps.append(("dismiss", each))
        group.members.remove(order)
        if not group.members:
            del self.groups[order.group]

    # What follows.

    def _perform(self) -> None:
        while self.steps:
            what, order = self.steps.pop(0)
            if order.stage != "ended":
                getattr(self, f"_do_{what}")(order)

    def _do_trigger(self, order: Plain) -> None:
        order.triggered, order.stage = True, "in flight"
        if not order.is_limit:
            self._protect(order, order.stop)
        self._tell(order, "triggered")
        self._work(order)

    def _do_moved(self, order: Plain) -> None:
        self._tell(order, "replaced")

    def _do_dismiss(self, order: Plain) -> None:
        if order.waits == "entry" and order.filled:
            self._leave_group(order)
            order.stage, order.quantity = "ended", order.filled
            return self._tell(order, "replaced")
        return self._end(order, "cancelled")

    def _do_resize(self, order: Plain) -> None:
        before, order.leaves = order.leaves, order.room
        if before == order.leaves:
            return None
        order.quantity = order.filled + order.leaves
        if order.leaves == 0:
            self._sleep(order)
        elif order.waits == "entry":
            return self._do_activate(order)
        elif order.stage == "resting" and order.leaves > before:
            self._leave(order)
            self._tell(order, "replaced")
            return self._match(order)
        self._keep_peak(order)
        return self._tell(order, "replaced")

    def _do_activate(self, order: Plain) -> None:
        order.waits, order.stage, order.triggered = "", "in flight", False
        if order.is_stop:
            if order.role == "stop" and not order.is_limit:
                order.price = NAN
            self._watch(order)
        self._tell(order, "replaced")
        return None if order.is_stop else self._match(order)

    def _sleep(self, order: Plain) -> None:
        self._leave(order)
        if order in self.watching:
            self.watching.remove(order)
        order.stage, order.waits, order.leaves = "waiting", "entry", 0

    def _keep_peak(self, order: Plain) -> None:
        order.hidden = max(min(order.hidden, order.leaves - order.display), 0)

    def _allowed(self, order: Plain, quantity: int) -> int:
        if order.doomed:
            return 0
        return min(quantity, order.room) if order.is_exit else quantity

    def _cancelled(self, order: Plain) -> None:
        if order.stage in ("resting", "waiting"):
            self._end(order, "cancelled")
        else:
            self._tell(order, "cancel rejected")

    def _replaced(self, order: Plain, quantity: int, price: int | None) -> None:
        if order.stage not in ("resting", "waiting"):
            return self._tell(order, "replace rejected")
        sleeps, waits = order.waits == "entry", order.stage == "waiting"
        quantity = order.quantity if sleeps else quantity or order.quantity
        price = order.price if price is None else price
        moved = price != order.price
        crosses = order.post_only and not waits and self._crosses(order, price)
        if moved and crosses:
            return self._tell(order, "replace rejected")
        keeps = not moved and quantity <= order.quantity
        if quantity <= order.filled and not sleeps:
            order.price = price
            self._finish(order)
            order.quantity = order.filled
            return self._tell(order, "replaced")
        if not keeps and not waits:
            self._leave(order)
        order.price, order.quantity = price, quantity
        order.leaves = quantity - order.filled
        if waits and order.waits == "trigger":
            self.watching.remove(order)
            self.watching.append(order)
        self._keep_peak(order)
        if order.group and not sleeps:
            self._note_resize(order)
        self._tell(order, "replaced")
        return None if keeps or waits else self._match(order)

    def _note_resize(self, order: Plain) -> None:
        order.room = order.leaves
        if not order.is_exit:
            return
        self.groups[order.group].open = order.leaves
        for each in self._exits(order):
            if each.waits != "entry" and each.room != order.leaves:
                each.room = order.leaves
                self.steps.append(("resize", each))

    def _finish(self, order: Plain) -> None:
        self._leave(order)
        if order in self.watching:
            self.watching.remove(order)
        order.stage, order.leaves = "ended", 0
        self._leave_group(order)

    def _end(self, order: Plain, what: str) -> None:
        self._finish(order)
        self._tell(order, what)

    # The book.

    def _best(self, side: int) -> int | None:
        prices = self.book[side]
        return None if not prices else max(prices) if side > 0 else min(prices)

    def _blocked(self) -> bool:
        return self.lost or self.crossed or self.halted

    def touch(self, side: int) -> int | None:
        """Best price of a side."""
        return self._best(side)

    def _available(self, side: int, price: int) -> int:
        taken = self.memory[side, price].taken if (side, price) in self.memory else 0
        return max(self.book[side].get(price, 0) - taken, 0)

    def _own_best(self, side: int) -> Plain | None:
        own = [each for each in self.queue if each.side == side]
        return max(own, key=lambda each: side * each.price, default=None)

    def _crosses(self, order: Plain, price: int) -> bool:
        own, touch = self._own_best(-order.side), self._best(-order.side)
        prices = [touch, None if own is None else own.price]
        return any(
            each is not None and order.side * (price - each) >= 0 for each in prices
        )

    def _within(self, order: Plain) -> list[tuple[int, int, bool]]:
        """Price, size to be had and whether the book goes on, until ours come."""
        side = order.side
        own, rows = self._own_best(-side), []
        for price in sorted(self.book[-side], key=lambda each: side * each):
            if order.price != NAN and order.side * (order.price - price) < 0:
                break
            if own is not None and order.side * (own.price - price) < 0:
                break
            size = self._available(-order.side, price)
            if own is not None and own.price == price:
                size = min(size, math.floor(own.ahead))
                rows.append((price, size, False))
                break
            rows.append((price, size, True))
        return rows

    def _match(self, order: Plain) -> None:
        own = False
        if not self._blocked():
            for price, size, _ in self._within(order):
                quantity = self._allowed(order, min(size, order.leaves))
                if quantity:
                    self._take(-order.side, price, quantity)
                    self._fill(order, price, quantity)
            resting = self._own_best(-order.side)
            own = resting is not None and (
                order.price == NAN or order.side * (order.price - resting.price) >= 0
            )
        if order.leaves == 0:
            return
        if own or order.tif == "IOC" or order.price == NAN:
            self._end(order, "cancelled")
            return
        order.stage, order.ahead_before = "resting", None
        self._remember(order.side, order.price)
        order.ahead = self.book[order.side].get(order.price, 0)
        order.hidden = max(order.leaves - order.display, 0) if order.display else 0
        self.queue.append(order)

    def _remember(self, side: int, price: int) -> Memory:
        shown = self.book[side].get(price, 0)
        return self.memory.setdefault((side, price), Memory(shown))

    def _take(self, side: int, price: int, quantity: int) -> None:
        self._remember(side, price).taken += quantity

    def _forget(self) -> None:
        for (side, price), row in list(self.memory.items()):
            if row.taken == 0 and not self._resting(side, price):
                del self.memory[side, price]

    def _resting(self, side: int, price: int) -> list[Plain]:
        return [each for each in self.queue if (each.side, each.price) == (side, price)]

    def _leave(self, order: Plain) -> None:
        if order in self.queue:
            self.queue.remove(order)
            self._forget()

    def _fill(self, order: Plain, price: int, quantity: int) -> None:
        order.filled += quantity
        order.leaves -= quantity
        self._note_fill(order, quantity)
        if order.leaves == 0:
            group = self.groups.get(order.group)
            if order in self.queue:
                self.queue.remove(order)
            if order.is_sized and group is not None and group.entry is not None:
                order.stage, order.waits = "waiting", "entry"
            else:
                order.stage = "ended"
                self._leave_group(order)
        elif order.hidden and order.hidden >= order.leaves and order in self.queue:
            order.hidden = max(order.leaves - order.display, 0)
            self.queue.remove(order)
            self.queue.append(order)
            order.ahead = self.book[order.side].get(order.price, 0)
            order.ahead_before = None
        self._tell(order, "fill", price, quantity)

    # The market.

    def trade(self, t: int, price: int, size: int, aggressor: int) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        aggressor = aggressor or self._inferred(price)
        blocked = self._blocked()
        if aggressor and not blocked:
            self._traded(t, -aggressor, price, size)
        if self.last is not None and price != self.last:
            self.direction = 1 if price > self.last else -1
        self.last = price
        self._judge()
        self._perform()
        self._look(price)
        self._perform()

    def _inferred(self, price: int) -> int:
        bid, ask = self._best(1), self._best(-1)
        at_ask, at_bid = (
            ask is not None and price >= ask,
            bid is not None and price <= bid,
        )
        if at_ask != at_bid:
            return 1 if at_ask else -1
        if self.last is None:
            return 0
        return self.direction if price == self.last else 1 if price > self.last else -1

    def _traded(self, t: int, side: int, price: int, size: int) -> None:
        row = self.memory.get((side, price))
        part = self._reclaimed(row, t, side, price, size)
        given = 0
        mine = [each for each in self.queue if each.side == side]
        todo = sorted(mine, key=lambda each: -side * each.price)
        while todo:
            order = todo.pop(0)
            if side * (order.price - price) < 0:
                break
            reached: float = size
            most = order.leaves
            if order.price == price:
                reached = size - order.ahead
                order.ahead = max(order.ahead - size, 0.0)
                most -= order.hidden
            else:
                order.ahead, order.ahead_before = 0.0, None
            quantity = min(max(math.floor(reached) - given, 0), most)
            quantity = self._allowed(order, quantity)
            if quantity:
                given += quantity
                hidden = order.hidden
                self._fill(order, order.price, quantity)
                if hidden != order.hidden and order.price == price:
                    # The next peak stands behind all others: it is met again.
                    order.ahead += part
                    behind = [each for each in todo if each.price == price]
                    todo.insert(len(behind), order)
        if row is not None:
            row.traded += size - part
            row.traded_ts = t
            self._settle(row, side, price, part)
        self._forget()

    def _reclaimed(
        self, row: Memory | None, t: int, side: int, price: int, size: int
    ) -> int:
        if row is None or row.cancelled_ts != t:
            return 0
        part = min(row.cancelled, size)
        row.cancelled -= part
        for order in self._resting(side, price):
            if part and order.ahead_before is not None:
                order.ahead = order.ahead_before
        return part

    def _settle(self, row: Memory, side: int, price: int, part: int) -> None:
        if part == 0:
            return self._final(side, price)
        row.before -= part
        for order in self._resting(side, price):
            order.ahead_before = order.ahead
        return self._cancels(side, price)

    def _final(self, side: int, price: int) -> None:
        row = self.memory[side, price]
        row.cancelled = row.before = 0
        for order in self._resting(side, price):
            order.ahead_before = None

    def _cancels(self, side: int, price: int) -> None:
        row = self.memory[side, price]
        for order in self._resting(side, price):
            if order.ahead_before is None:
                order.ahead_before = order.ahead
            front, cancels = order.ahead_before, row.cancelled
            if self.share is not None:
                back = max(row.before - front, 0.0)
                part = self._front(front, back)
                front -= part * cancels
                front -= max((1.0 - part) * cancels - back, 0.0)
            order.ahead = max(min(front, max(row.before - cancels, 0)), 0.0)

    def _front(self, front: float, back: float) -> float:
        if self.share == "fixed":
            return self.exponent
        ahead, behind = front**self.exponent, back**self.exponent
        return ahead / (ahead + behind) if ahead + behind > 0 else 0.0

    def level(self, t: int, side: int, price: int, size: int) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        self.book[side].pop(price, None)
        if size:
            self.book[side][price] = size
        self._follow(t, side, price)
        self._judge()
        self._perform()
        self._look(None)
        self._perform()

    def _follow(self, t: int, side: int, price: int) -> None:
        row = self.memory.get((side, price))
        if row is None:
            return
        size = self.book[side].get(price, 0)
        decrease, row.shown = row.shown - size, size
        if decrease == 0:
            return
        if row.cancelled_ts != t:
            self._final(side, price)
            row.cancelled_ts = t
        explained = min(max(decrease, 0), row.traded)
        row.traded = row.traded - explained if row.traded_ts == t else 0
        if decrease < 0:
            self._final(side, price)
            return
        row.taken = max(row.taken - decrease, 0) if size else 0
        if row.cancelled == 0:
            row.before = size + decrease
        row.before -= explained
        row.cancelled += decrease - explained
        self._cancels(side, price)
        self._forget()

    def gap(self, t: int) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        self.lost = self.was_lost = True
        self.crossed = False

    def snapshot(self, t: int, book: dict[int, dict[int, int]]) -> None:
        self._arrive(t)
        self.at = max(self.at, t)
        self.book = book
        for (side, price), row in list(self.memory.items()):
            if self.was_lost:
                size = book[side].get(price, 0)
                row.shown, row.traded, row.cancelled = size, 0, 0
                row.taken = min(row.taken, size)
                for order in self._resting(side, price):
                    order.ahead, order.ahead_before = size, None
            else:
                self._follow(t, side, price)
        self._forget()
        self.lost = self.was_lost = self.crossed = False
        self._judge()
        self._perform()
        self._look(None)
        self._perform()

    def _judge(self) -> None:
        bid, ask = self._best(1), self._best(-1)
        if not self.lost:
            both = bid is not None and ask is not None and not self.halted
            self.crossed = both and bid > ask  # type: ignore[operator]
        if not self._blocked():
            self._meet_quotes()

    def _meet_quotes(self) -> None:
        for side in (1, -1):
            mine = [each for each in self.queue if each.side == side]
            for order in sorted(mine, key=lambda each: -side * each.price):
                for price in sorted(self.book[-side], key=lambda each: side * each):
                    size = self._available(-side, price)
                    quantity = self._allowed(order, min(size, order.leaves))
                    if side * (order.price - price) >= 0 and quantity:
                        self._take(-side, price, quantity)
                        self._fill(order, order.price, quantity)
        self._forget()
