"""Fills from bars against the plain ones, over random bars and orders."""

from typing import Any

from hypothesis import example, given, strategies as st

from app.engine.records import NO_PRICE, OrderType, ReportType, TimeInForce
from tests.engine.venue.bench import POST_ONLY, Bench
from tests.engine.venue.reference_bars import PlainBar, PlainBars, PlainOrder

SIDES = {1: "buy", -1: "sell"}
FORCES = ("GTC", "GTC", "GTC", "IOC", "FOK", "AT_THE_OPEN", "AT_THE_CLOSE")

prices = st.integers(95, 105)
submits = st.tuples(
    st.just("submit"),
    st.sampled_from([1, -1]),
    st.integers(1, 9),
    st.one_of(prices, prices, st.none()),
    st.sampled_from(FORCES),
    st.sampled_from([False, False, True]),
)
stops = st.tuples(st.just("stop"), st.sampled_from([1, -1]), st.integers(1, 9), prices)
cancels = st.tuples(st.just("cancel"), st.integers(0, 30))
replaces = st.tuples(
    st.just("replace"),
    st.integers(0, 30),
    st.integers(0, 12),
    st.one_of(st.none(), prices),
)
bars = st.tuples(
    st.just("bar"),
    st.lists(prices, min_size=4, max_size=4),
    st.integers(0, 200),
)
steps = st.lists(
    st.one_of(submits, submits, stops, bars, bars, cancels, replaces), max_size=40
)


class Pair:
    """The compiled venue and the plain one, driven alike."""

    def __init__(self, touch: bool) -> None:
        rule = "touch" if touch else "through"
        self.fast = Bench(fills="bars", limit_rule=rule, slippage=int(touch))
        self.plain = PlainBars(touch, slippage=int(touch))
        self.t, self.sent = 1, 0
        self.volumes: list[tuple[int, int]] = []

    def step(self, what: str, *rest: Any) -> None:
        self.t += 1
        getattr(self, f"_{what}")(*rest)
        self.fast.clock(self.t)
        self._check()

    def _submit(
        self, side: int, quantity: int, price: int | None, tif: str, post_only: bool
    ) -> None:
        self.sent += 1
        post_only = post_only and price is not None and tif == "GTC"
        self.fast.submit(
            self.t,
            SIDES[side],
            quantity,
            NO_PRICE if price is None else price,
            tif=TimeInForce[tif],
            options=POST_ONLY if post_only else 0,
        )
        order = PlainOrder(self.sent, side, quantity, price, tif, post_only)
        self.plain.submit(self.t, order)

    def _stop(self, side: int, quantity: int, price: int) -> None:
        self.sent += 1
        kind = OrderType.STOP
        self.fast.submit(self.t, SIDES[side], quantity, kind=kind, stop_price=price)
        order = PlainOrder(self.sent, side, quantity, None, stop=price)
        self.plain.submit(self.t, order)

    def _cancel(self, which: int) -> None:
        if self.sent:
            self.fast.cancel(self.t, 1 + which % self.sent)
            self.plain.cancel(self.t, 1 + which % self.sent)

    def _replace(self, which: int, quantity: int, price: int | None) -> None:
        if not self.sent:
            return
        name = 1 + which % self.sent
        if self.plain.orders[name].stop is not None:
            return  # what a waiting stop is replaced by is another room's
        if self.plain.orders[name].price is None:
            price = None  # the gate lets no market order have a limit
        limit = NO_PRICE if price is None else price
        self.fast.replace(self.t, name, quantity, limit)
        self.plain.replace(self.t, name, quantity, price)

    def _bar(self, four: list[int], volume: int) -> None:
        opened, close = four[0], four[3]
        text = f"{opened} {max(four)} {min(four)} {close}"
        self.fast.bar(self.t, text, volume)
        self.plain.bar(self.t, PlainBar(opened, max(four), min(four), close, volume))
        self.volumes.append((self.t, volume))

    def _check(self) -> None:
        assert self.fast.fills() == self.plain.fills
        for name, plain in self.plain.orders.items():
            fast = self.fast.order(name)
            assert (fast["filled"], fast["leaves"]) == (plain.filled, plain.leaves)
            assert plain.ended or fast["filled"] + fast["leaves"] == plain.quantity


def run(stream: list[Any], touch: bool) -> Pair:
    pair = Pair(touch)
    for step in stream:
        pair.step(*step)
    return pair


@given(steps, st.booleans())
def test_the_venue_equals_the_reference(stream: list[Any], touch: bool) -> None:
    run(stream, touch)


UNREACHED = [
    ("submit", 1, 1, 95, "GTC", False),
    ("bar", [95] * 4, 0),
    ("submit", 1, 1, 95, "IOC", False),
    ("bar", [96] * 4, 10),
]
"""An IOC brings the limits beside it before the bar, which reaches none of them."""
BESIDE_OURS = [
    ("submit", 1, 1, 95, "GTC", True),
    ("submit", -1, 1, 95, "AT_THE_CLOSE", False),
    ("replace", 0, 2, 96),
]
"""Post-only does not meet an order of ours where bars fill."""


@example(UNREACHED)
@example(BESIDE_OURS)
@given(steps)
def test_rule_39_never_more_than_a_tenth_of_a_bar(stream: list[Any]) -> None:
    pair = run(stream, touch=False)

    fills = pair.fast.reports[pair.fast.reports["report"] == ReportType.FILL]
    for t, volume in pair.volumes:
        taken = fills["last_quantity"][fills["ts_venue"] == t].sum()
        assert taken <= volume // 10


@given(steps)
def test_rule_38_no_fill_knows_the_future(stream: list[Any]) -> None:
    """What is filled by a bar was there before it, and after it nothing changes."""
    pair = run(stream, touch=False)

    for each in pair.fast.reports[pair.fast.reports["report"] == ReportType.FILL]:
        order = pair.fast.order(int(each["client_order_id"]) - 1000)
        assert order["sent_ts"] < each["ts_venue"]
    early = run(stream[: len(stream) // 2], touch=False)
    known = early.fast.fills()
    assert pair.fast.fills()[: len(known)] == known
