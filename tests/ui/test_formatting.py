"""Text of numbers: exact, signed with a real minus, and back again for files."""

import math
from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine.group_numbers import LINKED, MEMBERS
from app.engine.records import NO_PRICE, OrderType, RiskLimit, TimeInForce
from app.engine.views import HISTOGRAM_BUCKETS
from app.sessions.session import FIRST_ORDER_ID
from app.ui import formatting
from app.ui.formatting import InstrumentText
from app.ui.models.orders import OWN_ORDER
from tests.ui.scripted_session import COIN, FUTURE, STOCK


def test_numbers_of_orders_and_groups_are_short() -> None:
    numbers = (0, FIRST_ORDER_ID + 12, 12)
    assert [formatting.order_number(each) for each in numbers] == ["", "12", "e12"]
    groups = (0, 7, LINKED, LINKED + MEMBERS + 2)
    assert [formatting.group_number(each) for each in groups] == ["", "7", "1.1", "2.3"]


def test_an_order_of_an_auction_is_named_by_it() -> None:
    orders = np.zeros(4, OWN_ORDER)
    close, opening = TimeInForce.AT_THE_CLOSE, TimeInForce.AT_THE_OPEN
    orders["order_type"][:3] = OrderType.MARKET, OrderType.LIMIT, OrderType.LIMIT
    orders["time_in_force"][:3] = close, opening, TimeInForce.IOC
    kinds = [formatting.order_kind(each) for each in orders]
    assert kinds == ["MOC", "LOO", "LMT", ""]


@given(st.integers(-(10**15), 10**15))
def test_money_is_rounded_half_even_to_cents(amount: int) -> None:
    text = formatting.plain(formatting.money(amount, "USD"))
    cents = round(amount / 10**6) if abs(amount) < 2**52 else None
    assert cents is None or round(float(text) * 100) == cents


@pytest.mark.parametrize(
    ("amount", "currency", "signed", "text"),
    [
        (123_456_789_000, "USD", False, "1,234.57"),
        (-50_000_000, "USD", True, "−0.50"),
        (50_000_000, "USD", True, "+0.50"),
        (0, "USD", True, "0.00"),
        (500_000, "USD", False, "0.00"),
        (1_500_000, "USD", False, "0.02"),
        (123_456_789, "BTC", False, "1.23456789"),
        (1_250_000_000, "JPY", False, "12"),
    ],
)
def test_money(amount: int, currency: str, signed: bool, text: str) -> None:
    assert formatting.money(amount, currency, signed=signed) == text


def test_prices_have_the_decimals_of_their_tick() -> None:
    stock, future, coin = (InstrumentText(x) for x in (STOCK, FUTURE, COIN))

    assert future.price(17_285) == "4321.25"
    assert stock.price(1_843_200) == "184.32"
    assert stock.price(1_843_250) == "184.3250", "a midpoint is shown in full"
    assert stock.price(9_999) == "0.9999"
    assert coin.price(612_345) == "61234.5"
    assert future.price(-4) == "−1.00"
    assert future.price(NO_PRICE) == "–"


def test_quantities_and_sizes() -> None:
    future, coin = InstrumentText(FUTURE), InstrumentText(COIN)

    assert future.quantity(1_234) == "1,234"
    assert future.quantity(-3, signed=True) == "−3"
    assert coin.quantity(12_500) == "1.25"
    assert coin.quantity(20_000) == "2"
    assert future.size(12_345_678) == "12.3M"
    assert future.size(99_999) == "99,999"


def test_average_price() -> None:
    future = InstrumentText(FUTURE)

    assert future.average(17_285.5) == "4321.375"
    assert future.average(math.nan) == "–"


@pytest.mark.parametrize(
    ("ns", "text"),
    [
        (0, "0 ns"),
        (850, "850 ns"),
        (12_345, "12.3 µs"),
        (3_400_000, "3.4 ms"),
        (999_600, "1 ms"),
        (2_100_000_000, "2.1 s"),
        (185_000_000_000, "3 min 5 s"),
        (7_500_000_000_000, "2 h 5 min"),
        (math.nan, "–"),
    ],
)
def test_duration(ns: float, text: str) -> None:
    assert formatting.duration(ns) == text


@pytest.mark.parametrize(
    ("shown", "plain"),
    [
        ("−1,234.50", "-1234.50"),
        ("+3", "3"),
        ("–", ""),
        ("BUY", "BUY"),
        ("max position, 5", "max position, 5"),
    ],
)
def test_plain_text_for_files(shown: str, plain: str) -> None:
    assert formatting.plain(shown) == plain


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (999, "999"),
        (1_000, "1k"),
        (12_345, "12.3k"),
        (999_999, "1M"),
        (-2.5, "−2.5"),
    ],
)
def test_short_number(value: float, text: str) -> None:
    assert formatting.short_number(value) == text


def test_every_limit_has_a_name_and_a_kind() -> None:
    assert len({formatting.limit_name(limit) for limit in RiskLimit}) == len(RiskLimit)
    kinds = {formatting.limit_kind(limit) for limit in RiskLimit}
    assert kinds == {"quantity", "money", "parts", "count", "time", "flag"}


def test_latency_quantile_is_the_upper_edge_of_its_bucket() -> None:
    histogram = np.zeros(HISTOGRAM_BUCKETS, np.int64)
    histogram[20] = 99
    histogram[40] = 1

    assert formatting.latency_quantile(histogram, 0.5) == pytest.approx(2**10.5)
    assert formatting.latency_quantile(histogram, 1.0) == pytest.approx(2**20.5)
    assert math.isnan(formatting.latency_quantile(histogram * 0, 0.5))


@pytest.fixture
def zone() -> Iterator[None]:
    yield
    formatting.use_zone("local")


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("UTC", "20:26:40 UTC"),
        ("America/New_York", "16:26:40 EDT"),
        ("Asia/Kolkata", "01:56:40 IST"),
        ("exchange", "15:26:40 CDT"),
    ],
)
def test_times_are_written_in_the_zone_in_use(name: str, told: str) -> None:
    instant = 1_780_000_000_000_000_000
    formatting.use_zone(name, "America/Chicago")

    written = f"{formatting.clock_time(instant)} {formatting.zone_name(instant)}"
    assert written == told


@pytest.mark.usefixtures("zone")
def test_times_follow_summer_time_to_the_second() -> None:
    formatting.use_zone("Europe/Berlin")
    turn = 1_774_746_000_000_000_000  # 2026-03-29 01:00 UTC

    assert formatting.clock_time(turn - 1, fine=True) == "01:59:59.999"
    assert formatting.clock_time(turn) == "03:00:00"


@pytest.mark.usefixtures("zone")
@pytest.mark.parametrize("ns", [1, 2**62, 2**63 - 1])
def test_no_instant_is_too_far_for_a_clock(ns: int) -> None:
    for name in ("local", "UTC", "Pacific/Apia"):
        formatting.use_zone(name)
        assert len(formatting.clock_time(ns)) == 8
        assert formatting.zone_name(ns)


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["70.00 %", "−5.00 %", "0.00 %"], ["70 %", "−5 %", "0 %"]),
        (["0.50", "1.00"], ["0.5", "1.0"]),
        (["1,250.25", "1,250.50"], ["1,250.25", "1,250.50"]),
        (["100", "2.50"], ["100", "2.50"]),
        (["10k", "20k"], ["10k", "20k"]),
        ([], []),
    ],
)
def test_ticks_of_an_axis_say_no_more_than_they_must(
    texts: list[str], told: list[str]
) -> None:
    assert formatting.axis_texts(texts) == told
