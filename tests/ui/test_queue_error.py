"""The queue estimate's own past error: what was ahead of fills, and what traded."""

import numpy as np
import pytest

from app.engine.history.history import History
from app.engine.records import BUY, OrderStatus, OrderType, ReportType
from app.engine.views import VIEW
from app.ui.models.market import Market
from app.ui.models.orders import OwnOrders
from app.ui.models.queue_error import LEAST, QueueErrors, error_words
from tests.ui.scripted_session import FUTURE
from tests.ui.test_ladder_waiting import SECOND, tape
from tests.ui.test_models import order_report

PRICE = 500


def report(order: int, kind: ReportType, **values: int) -> np.ndarray:
    return order_report(
        order, kind, side=BUY, order_type=OrderType.LIMIT, **{"price": PRICE} | values
    )


def seen(market: Market, order: int, ahead: int, second: int) -> None:
    view = np.zeros(1, VIEW)
    view["now"], view["orders"] = second * SECOND, 1
    view["working"][0, 0] = order, ahead, ahead
    market.view = view[0]


def filled_after(traded: int, ahead: int, *, last: int = 1) -> np.ndarray:
    """Errors of one order: joined behind `ahead`, filled after `traded` and a trade."""
    market, orders, errors = Market(), OwnOrders(), QueueErrors()
    history = History((FUTURE,))
    orders.apply(report(7, ReportType.NEW, status=OrderStatus.NEW, leaves=10))
    seen(market, 7, ahead, 100)
    errors.watch(market, orders)
    seen(market, 7, 0, 105)
    errors.watch(market, orders)
    fill = report(
        7, ReportType.FILL, status=OrderStatus.PARTIALLY_FILLED, filled=4, leaves=6,
        last_price=PRICE, last_quantity=4, ts_received=110 * SECOND,
    )  # fmt: skip

    errors.take(fill)
    errors.settle(history)
    assert not len(errors.errors(0)), "the trades are not in the history yet"
    history.fold(
        tape(
            (99, PRICE, 5_000, -1),  # before it joined
            (104, PRICE, traded, -1),
            (104, PRICE, 800, 1),  # by the other aggressor
            (110, PRICE, last, -1),  # the trade that went on to us
        )
    )
    errors.settle(history)
    return errors.errors(0)


@pytest.mark.parametrize(("traded", "error"), [(100, 0.0), (60, -0.4), (150, 0.5)])
def test_the_error_is_what_traded_against_what_was_ahead(
    traded: int, error: float
) -> None:
    assert filled_after(traded, 100) == pytest.approx([error])


def test_the_trade_that_fills_us_counts_only_for_what_was_ahead() -> None:
    assert filled_after(100, 100, last=900) == pytest.approx([0.0])


def test_another_price_is_another_place() -> None:
    market, orders, errors = Market(), OwnOrders(), QueueErrors()
    orders.apply(report(7, ReportType.NEW, status=OrderStatus.NEW, leaves=10))
    seen(market, 7, 100, 100)
    errors.watch(market, orders)
    orders.apply(
        report(
            7, ReportType.REPLACED, status=OrderStatus.NEW, leaves=10, price=PRICE + 1
        )
    )
    seen(market, 7, 30, 101)

    errors.watch(market, orders)

    assert errors._places[7].ahead == 30
    assert errors._places[7].since == 101 * SECOND


def test_too_few_fills_are_said_to_be_too_few() -> None:
    few, enough = np.zeros(LEAST - 1), np.linspace(-0.5, 0.0, LEAST + 1)

    assert "not known (9 fills, 10 needed)" in error_words(few)
    words = error_words(enough)
    assert "−25 %" in words
    assert "half of 11 fills −38 % to −12 %" in words
