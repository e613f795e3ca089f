"""The simulated venue against the plain one, over random markets and orders."""

from typing import Any

import pytest
from hypothesis import given, strategies as st

from app.engine.arena import LIVE, Section
from app.engine.records import (
    NO_PRICE,
    GroupRole,
    OrderType,
    ReportType,
    SessionState,
    TimeInForce,
    Trigger,
)
from app.engine.venue.state import Stage
from tests.engine.reference_venue import Plain, PlainVenue
from tests.engine.venue.bench import POST_ONLY, Bench

WHAT = {
    ReportType.NEW: "new",
    ReportType.FILL: "fill",
    ReportType.CANCELLED: "cancelled",
    ReportType.REPLACED: "replaced",
    ReportType.REJECTED: "rejected",
    ReportType.CANCEL_REJECTED: "cancel rejected",
    ReportType.REPLACE_REJECTED: "replace rejected",
    ReportType.TRIGGERED: "triggered",
    ReportType.EXPIRED: "expired",
}
TRIGGERS = {"last": Trigger.LAST, "touch": Trigger.TOUCH}
ROLES = {
    "": GroupRole.NONE,
    "oco entry": GroupRole.OCO_ENTRY,
    "oco exit": GroupRole.OCO_EXIT,
    "entry": GroupRole.BRACKET_ENTRY,
    "target": GroupRole.BRACKET_TARGET,
    "stop": GroupRole.BRACKET_STOP,
}
NAMES = {1: "buy", -1: "sell", 0: None}

sides = st.sampled_from([1, -1])
prices = st.integers(96, 104)
sizes = st.integers(1, 9)
passed = st.sampled_from([0, 0, 1, 2, 7])


def placed(side: int) -> Any:
    """Mostly uncrossed levels: bids up to 100, asks from 100."""
    usual = st.integers(96, 100) if side > 0 else st.integers(100, 104)
    return st.one_of(usual, usual, usual, prices)


levels = sides.flatmap(
    lambda side: st.tuples(
        st.just("level"), passed, st.just(side), placed(side), st.integers(0, 12)
    )
)
trades = st.tuples(
    st.just("trade"), passed, prices, st.integers(1, 14), st.sampled_from([1, -1, 0])
)
submits = st.tuples(
    st.just("submit"),
    passed,
    sides,
    sizes,
    st.one_of(prices, prices, prices, st.none()),
    st.sampled_from(["GTC", "GTC", "GTC", "IOC", "FOK"]),
    st.sampled_from([False, False, True]),
)
cancels = st.tuples(st.just("cancel"), passed, st.integers(0, 30))
replaces = st.tuples(
    st.just("replace"),
    passed,
    st.integers(0, 30),
    st.integers(0, 12),
    st.one_of(st.none(), prices),
)
books = st.tuples(
    st.just("snapshot"),
    passed,
    st.dictionaries(st.integers(96, 99), sizes),
    st.dictionaries(st.integers(101, 104), sizes),
)
steps = st.lists(
    st.one_of(
        levels, levels, levels, trades, trades, submits, submits, cancels, replaces,
        st.tuples(st.just("gap"), passed), books, st.tuples(st.just("clock"), passed),
    ),
    max_size=60,
)  # fmt: skip


waits = st.tuples(
    st.just("wait"),
    passed,
    sides,
    sizes,
    st.one_of(prices, st.none()),
    st.fixed_dictionaries(
        {},
        optional={
            "stop": prices,
            "trail": st.integers(1, 4),
            "touch": st.booleans(),
            "display": st.integers(1, 4),
            "expires": st.integers(1, 40),
            "oco": st.tuples(st.integers(1, 5), st.sampled_from([1, 2])),
        },
    ),
)
brackets = st.tuples(
    st.just("bracket"), passed, sides, sizes, prices, st.integers(1, 4),
    st.integers(1, 4), st.booleans(),
)  # fmt: skip
halts = st.tuples(st.just("halt"), passed, st.booleans())
waiting_steps = st.lists(
    st.one_of(
        levels, levels, levels, trades, trades, trades, submits, waits, waits, waits,
        brackets, cancels, replaces, halts, st.tuples(st.just("gap"), passed), books,
        st.tuples(st.just("clock"), passed),
    ),
    max_size=60,
)  # fmt: skip


class Pair:
    """The compiled venue and the plain one, driven alike."""

    def __init__(self, latency: tuple[int, int], queue: tuple[str, float] | None):
        models: dict[str, Any] = {}
        if queue is not None:
            models = {"queue": "probabilistic", "front_function": queue[0]}
            models["front_exponent"] = queue[1]
        self.fast = Bench(
            order_latency_ns=latency[0],
            report_latency_ns=latency[1],
            protection_ticks=2,
            **models,
        )
        share, exponent = queue or (None, 1.0)
        self.plain = PlainVenue(*latency, share, exponent, protection=2)
        self.t = 1
        self.sent = 0
        self.in_order = True

    def step(self, what: str, passed: int, *rest: Any) -> None:
        self.t += passed
        getattr(self, f"_{what}")(*rest)
        self.check()

    def _level(self, side: int, price: int, size: int) -> None:
        self.fast.level(self.t, NAMES[side] or "", price, size)
        self.plain.level(self.t, side, price, size)

    def _trade(self, price: int, size: int, aggressor: int) -> None:
        self.fast.trade(self.t, price, size, NAMES[aggressor])
        self.plain.trade(self.t, price, size, aggressor)

    def _submit(
        self, side: int, quantity: int, price: int | None, tif: str, post_only: bool
    ) -> None:
        self.sent += 1
        limit = NO_PRICE if price is None else price
        self.fast.submit(
            self.t,
            NAMES[side] or "",
            quantity,
            limit,
            tif=TimeInForce[tif],
            options=POST_ONLY if post_only else 0,
        )
        order = Plain(self.sent, side, quantity, limit, tif, post_only, price is None)
        self.plain.submit(self.t, order)

    def _wait(
        self, side: int, quantity: int, price: int | None, terms: dict[str, Any]
    ) -> None:
        """An order that waits, as far as its terms go together."""
        trail = 0 if "stop" in terms else terms.get("trail", 0)
        touch = terms.get("touch", False)
        if trail and self.plain.last is None:
            trail = 0
        if touch and trail and self.plain.touch(-side) is None:
            touch = False
        stop = terms.get("stop")
        is_stop = stop is not None or trail != 0
        display = min(terms.get("display", 0), quantity) if price is not None else 0
        expires = self.t + terms["expires"] if "expires" in terms else 0
        group, purpose = terms.get("oco", (0, 0))
        role = ("", "oco entry", "oco exit")[purpose]
        if trail:
            price = None
        order = Plain(0, side, quantity, NO_PRICE if price is None else price)
        order.is_limit = price is not None
        order.is_market = not is_stop and not order.is_limit
        order.stop, order.trail, order.display = stop, trail, display
        order.trigger = "touch" if touch else "last"
        order.expires, order.group, order.role = expires, group, role
        self._send(order)

    def _bracket(
        self, side: int, quantity: int, price: int, up: int, down: int, limit: bool
    ) -> None:
        """The exits, then their entry."""
        group = 100 + self.sent
        target = Plain(0, -side, quantity, price + side * up, group=group)
        target.role, target.is_limit = "target", True
        stop = Plain(0, -side, quantity, NO_PRICE, group=group, role="stop")
        stop.stop = price - side * down
        if limit:
            stop.price, stop.is_limit = stop.stop - side, True
        entry = Plain(0, side, quantity, price, group=group, role="entry")
        entry.is_limit = True
        for each in (target, stop, entry):
            self._send(each)

    def _send(self, order: Plain) -> None:
        """Send one order to both."""
        self.sent += 1
        order.name = self.sent
        stops = {True: OrderType.STOP_LIMIT, False: OrderType.STOP}
        limits = {True: OrderType.LIMIT, False: OrderType.MARKET}
        kind = (stops if order.is_stop else limits)[order.is_limit]
        if order.trail:
            kind = OrderType.TRAILING_STOP
        self.fast.submit(
            self.t,
            NAMES[order.side] or "",
            order.quantity,
            order.price,
            kind=kind,
            tif=TimeInForce.GTD if order.expires else TimeInForce.GTC,
            expire_ts=order.expires,
            stop_price=NO_PRICE if order.stop is None else order.stop,
            trail=order.trail,
            trigger=TRIGGERS[order.trigger],
            display_quantity=order.display,
            group=order.group,
            role=ROLES[order.role],
        )
        self.plain.submit(self.t, order)

    def _halt(self, halted: bool) -> None:
        state = SessionState.HALTED if halted else SessionState.OPEN
        self.fast.enter(self.t, state)
        self.plain.halt(self.t, halted)

    def _cancel(self, which: int) -> None:
        if self.sent:
            self.fast.cancel(self.t, 1 + which % self.sent)
            self.plain.cancel(self.t, 1 + which % self.sent)

    def _replace(self, which: int, quantity: int, price: int | None) -> None:
        if self.sent:
            name = 1 + which % self.sent
            limit = NO_PRICE if price is None else price
            self.fast.replace(self.t, name, quantity, limit)
            self.plain.replace(self.t, name, quantity, price)

    def _gap(self) -> None:
        self.fast.gap(self.t)
        self.plain.gap(self.t)

    def _snapshot(self, bids: dict[int, int], asks: dict[int, int]) -> None:
        texts = [" ".join(f"{p}x{s}" for p, s in side.items()) for side in (bids, asks)]
        self.fast.book(self.t, *texts)
        self.plain.snapshot(self.t, {1: dict(bids), -1: dict(asks)})

    def _clock(self) -> None:
        self.fast.clock(self.t)
        self.plain.clock(self.t)

    def check(self) -> None:
        """All that can be seen, and the invariants."""
        for name, plain in self.plain.orders.items():
            fast = self.fast.order(name)
            assert fast["filled"] == plain.filled
            assert fast["leaves"] == plain.leaves
            assert (fast["level"] != 0) == (plain.stage == "resting")
            if plain.stage == "resting":
                assert fast["ahead"] == plain.ahead
                assert fast["filled"] + fast["leaves"] == fast["quantity"]
                assert (
                    0
                    <= fast["ahead"]
                    <= self.plain.book[plain.side].get(plain.price, 0)
                    or self.plain.memory[plain.side, plain.price].traded
                )
        used = self.fast.arena.used(Section.VENUE_LEVELS)
        rows = self.fast.arena.records(Section.VENUE_LEVELS)[1:used]
        assert (rows["taken"] >= 0).all()
        taken = {key: row.taken for key, row in self.plain.memory.items() if row.taken}
        for (side, price), amount in taken.items():
            shown = self.plain.book[side].get(price, 0)
            left = self.fast.available(NAMES[side] or "", price)
            assert left == shown - amount
        assert amounts(rows) >= sum(taken.values())

    def finish(self) -> None:
        """Let everything arrive and compare the reports one by one."""
        for t in (self.t + 100, self.t + 200):
            self.fast.clock(t)
            self.plain.clock(t)
        found, wanted = self.seen(), self.plain.reports
        if self.in_order:
            assert found == sorted(wanted, key=lambda each: each[1])
        # Orders of one group may be dealt with in either order; each has its own.
        for name in self.plain.orders:
            mine = [each for each in found if each[2] == name]
            assert mine == [each for each in wanted if each[2] == name]

    def seen(self) -> list[tuple[Any, ...]]:
        rows = []
        for each in self.fast.reports:
            kind = ReportType(int(each["report"]))
            is_fill = kind == ReportType.FILL
            rows.append(
                (
                    int(each["ts_venue"]),
                    int(each["ts_received"]),
                    int(each["client_order_id"]) - 1000,
                    WHAT[kind],
                    int(each["filled"]),
                    int(each["leaves"]),
                    int(each["last_price"]) if is_fill else 0,
                    int(each["last_quantity"]) if is_fill else 0,
                )
            )
        return rows


def amounts(rows: Any) -> int:
    return int(rows["taken"].sum())


def run(
    stream: list[Any], latency: tuple[int, int], queue: Any, *, in_order: bool = True
) -> Pair:
    pair = Pair(latency, queue)
    pair.in_order = in_order
    pair.step("snapshot", 0, {99: 5, 98: 3}, {101: 4, 102: 6})
    for step in stream:
        pair.step(*step)
    pair.finish()
    return pair


latencies = st.sampled_from([(0, 0), (1, 0), (3, 2), (0, 5)])
queues = st.sampled_from([None, ("fixed", 0.5), ("power", 1.0), ("power", 2.0)])


@given(steps, latencies, queues)
def test_the_venue_equals_the_reference(
    stream: list[Any], latency: tuple[int, int], queue: Any
) -> None:
    run(stream, latency, queue)


@given(waiting_steps, st.sampled_from([(0, 0), (3, 2)]), queues)
def test_orders_that_wait_equal_the_reference(
    stream: list[Any], latency: tuple[int, int], queue: Any
) -> None:
    pair = run(stream, latency, queue, in_order=False)

    for name, plain in pair.plain.orders.items():
        fast = pair.fast.order(name)
        assert (fast["stage"] == Stage.WAITING) == (plain.stage == "waiting")
        assert (fast["condition"] != 0) or plain.stage != "waiting"
    waits = [each for each in pair.plain.orders.values() if each.stage == "waiting"]
    assert len(waits) <= live(pair.fast, Section.CONDITIONS)


def live(fast: Bench, section: Section) -> int:
    return int(fast.arena.header[16 + 8 * section + LIVE])


@given(steps, latencies, queues)
def test_never_more_is_filled_than_was_displayed_or_traded(
    stream: list[Any], latency: tuple[int, int], queue: Any
) -> None:
    pair = run(stream, latency, queue)

    traded = sum(step[3] for step in stream if step[0] == "trade")
    shown = sum(step[4] for step in stream if step[0] == "level") + 18
    shown += sum(
        sum(step[2].values()) + sum(step[3].values())
        for step in stream
        if step[0] == "snapshot"
    )
    assert sum(size for _, _, size in pair.fast.fills()) <= traded + shown


@pytest.mark.parametrize("spread", [0.0, 0.7])
@given(stream=steps)
def test_same_input_gives_the_same_bytes(stream: list[Any], spread: float) -> None:
    states = []
    for _ in range(2):
        pair = Pair((3, 2), ("power", 2.0))
        model = pair.fast.arena.records(Section.VENUE_MODELS)[0]
        model["latency"], model["spread"] = int(spread > 0), spread
        for what, passed, *rest in stream:
            pair.t += passed
            getattr(pair, f"_{what}")(*rest)
        arena = pair.fast.arena
        states.append(
            [
                arena.records(section)[: arena.used(section)].tobytes()
                for section in arena.layout
            ]
        )
    assert states[0] == states[1]
