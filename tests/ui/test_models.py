"""Stores of records, orders, P&L, latency: plain asserts against obvious references."""

import numpy as np
import pytest
from hypothesis import given, strategies as st

from app.engine.money import CONVERSION_SCALE
from app.engine.records import NO_PRICE, REPORT, OrderStatus, ReportType
from app.engine.views import HISTOGRAM_BUCKETS, VIEW
from app.ui.models.latency import LatencyWindow
from app.ui.models.orders import OwnOrders, average_fill
from app.ui.models.pnl import PnlHistory, drawdown
from app.ui.models.recentre import FLASH_NS, STILL_NS, Recentre, Step
from app.ui.models.records import RecordStore


@given(st.lists(st.integers(0, 40), max_size=30), st.integers(2, 50))
def test_record_store_keeps_the_newest(batches: list[int], limit: int) -> None:
    store = RecordStore(np.dtype("<i8"), limit)
    every: list[int] = []
    for size in batches:
        new = np.arange(len(every), len(every) + size)
        store.append(new)
        every += new.tolist()

        kept = store.rows.tolist()
        assert kept == every[len(every) - len(kept) :]
        assert len(kept) <= limit
        assert len(kept) >= min(len(every), limit // 2, 1)


def order_report(order: int, kind: ReportType, **values: int) -> np.ndarray:
    report = np.zeros(1, REPORT)
    report["report"] = kind
    report["client_order_id"] = order
    report["quantity"] = 10
    report["price"] = report["stop_price"] = report["last_price"] = NO_PRICE
    report["ts_received"] = 1
    for name, value in values.items():
        report[name] = value
    return report


def test_the_newest_report_of_a_frame_wins() -> None:
    orders = OwnOrders()

    orders.apply(
        np.concatenate(
            [
                order_report(
                    5, ReportType.PENDING_NEW, status=OrderStatus.PENDING_NEW, leaves=10
                ),
                order_report(
                    5, ReportType.NEW, status=OrderStatus.NEW, leaves=10, ts_received=2
                ),
                order_report(
                    5, ReportType.FILL, status=OrderStatus.PARTIALLY_FILLED, filled=4,
                    leaves=6, last_price=100, last_quantity=4, fee=3, ts_received=3,
                ),
                order_report(
                    5, ReportType.FILL, status=OrderStatus.PARTIALLY_FILLED, filled=6,
                    leaves=4, last_price=103, last_quantity=2, fee=2, ts_received=4,
                ),
            ]
        )
    )  # fmt: skip

    (order,) = orders.working()
    assert (order["filled"], order["leaves"], order["fee"]) == (6, 4, 5)
    assert average_fill(orders.rows)[0] == pytest.approx((400 + 206) / 6)
    assert (order["sent_ts"], order["updated_ts"]) == (1, 4)


def test_ended_orders_are_dropped_before_working_ones() -> None:
    orders = OwnOrders(limit=100)
    orders.apply(order_report(1, ReportType.NEW, status=OrderStatus.NEW, leaves=10))
    for number in range(2, 300):
        orders.apply(
            order_report(number, ReportType.REJECTED, status=OrderStatus.REJECTED)
        )

    assert len(orders.rows) <= 101
    assert [int(each["client_order_id"]) for each in orders.working()] == [1]
    assert orders.order(1) is not None
    assert orders.order(2) is None
    assert orders.order(299) is not None
    assert len(orders.rows) + orders.dropped == 299


def test_held_gestures_and_unknown_cancels_are_no_orders() -> None:
    orders = OwnOrders()

    orders.apply(order_report(1, ReportType.HELD, status=OrderStatus.HELD))
    orders.apply(order_report(2, ReportType.CANCEL_REJECTED, quantity=0))

    assert len(orders.rows) == 0


def view_at(seconds: float, realised: int) -> np.void:
    view = np.zeros((), VIEW)
    view["now"] = round(seconds * 1e9)
    view["instruments"] = 2
    view["realised"] = realised * 10**8
    view["instrument"][0]["realised"] = realised * 10**8
    view["instrument"]["conversion"] = CONVERSION_SCALE
    made: np.void = view.reshape(1)[0]
    return made


def test_pnl_history_is_bounded_and_ends_with_the_newest() -> None:
    history = PnlHistory(2, capacity=64)

    for i in range(10_000):
        history.take(view_at(1 + i * 0.05, i))

    assert len(history.times) <= 64
    assert history.values(0)[-1] == 9_999
    assert history.times[-1] == pytest.approx(1 + 9_999 * 0.05)
    assert (np.diff(history.times) > 0).all()
    assert history.times[0] == 1
    assert (history.values(1) == history.values(0)).all()
    assert not history.values(2).any()


def test_pnl_history_keeps_its_spacing_even() -> None:
    history = PnlHistory(0, capacity=64)

    for i in range(5_000):
        history.take(view_at(1 + i * 0.1, i))

    gaps = np.diff(history.times)[:-1]
    assert gaps.max() <= 2 * gaps.min() + 1e-6


def test_pnl_is_told_in_the_base_currency_and_by_strategy() -> None:
    history, view = PnlHistory(3), view_at(1, 100).copy()
    view["instrument"]["conversion"][:3] = [CONVERSION_SCALE // 2, 0, 0]
    view["instrument"]["fees"][:3] = [0, 7 * 10**8, 0]
    view["strategy"]["unrealised"][2] = -5 * 10**8
    history.take(view)

    assert history.values(1)[-1] == 50
    assert np.isnan(history.values(2)[-1])  # no rate
    assert history.values(3)[-1] == 0  # no rate, but nothing to convert either
    assert history.strategies(view) == [2]
    assert history.values(history.strategy_column(2))[-1] == -5


def test_drawdown_is_from_the_highest_before_and_from_zero_at_first() -> None:
    got = drawdown(np.array([-3.0, 2.0, 5.0, np.nan, 1.0, 6.0, 4.0]))

    assert got[[0, 1, 2, 4, 5, 6]].tolist() == [-3, 0, 0, -4, 0, -2]
    assert len(drawdown(np.zeros(0))) == 0


def test_latency_window_forgets_the_past() -> None:
    window = LatencyWindow()
    histogram = np.zeros(HISTOGRAM_BUCKETS, np.int64)
    histogram[40] = 1_000
    window.take(histogram)
    assert window.quantile(0.5) == pytest.approx(2**20.5)

    for _ in range(60):
        histogram[20] += 10
        window.take(histogram)

    assert window.quantile(0.99) == pytest.approx(2**10.5)


ROWS = 40


@pytest.mark.parametrize(
    ("row", "hovered", "busy", "step"),
    [
        (20, False, False, Step.STAY),
        (20, True, True, Step.STAY),
        (-1, False, False, Step.MOVE),
        (39, False, False, Step.MOVE),
        (-1, False, True, Step.WAIT),
        (-1, True, False, Step.WAIT),
    ],
)
def test_rows_move_only_under_no_hand(
    row: int, hovered: bool, busy: bool, step: Step
) -> None:
    recentre = Recentre()
    recentre.gesture(0)

    assert recentre.step(1, row, ROWS, is_hovered=hovered, is_busy=busy) is step


def test_after_three_still_seconds_it_flashes_then_moves() -> None:
    recentre = Recentre()
    recentre.gesture(0)
    times = (STILL_NS - 1, STILL_NS + 1, STILL_NS + FLASH_NS + 1)

    steps = [recentre.step(t, -5, ROWS, is_hovered=True, is_busy=False) for t in times]

    assert steps == [Step.WAIT, Step.FLASH, Step.MOVE]


def test_who_scrolled_away_is_left_alone_until_the_market_is_back() -> None:
    recentre = Recentre()
    recentre.manual = True

    away = recentre.step(10**12, -50, ROWS, is_hovered=False, is_busy=False)
    back = recentre.step(10**12, 20, ROWS, is_hovered=False, is_busy=False)

    assert (away, back) == (Step.WAIT, Step.STAY)
    assert not recentre.manual
