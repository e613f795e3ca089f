"""Every refusal, state and stale book has plain words."""

import numpy as np
import pytest

from app.engine.book_state import Stale
from app.engine.records import (
    NO_PRICE,
    REPORT,
    SELL,
    OrderType,
    Reason,
    ReportType,
    SafetyState,
)
from app.ui import reasons
from app.ui.formatting import InstrumentText
from app.ui.models import telling
from app.ui.models.market import Listed
from app.ui.models.messages import Level
from app.ui.models.tick_scale import TickScale
from tests.ui.scripted_session import FUTURE

TEXT = InstrumentText(FUTURE)


def report(reason: Reason, **values: int) -> np.void:
    made = np.zeros(1, REPORT)
    made["report"] = ReportType.REJECTED
    made["price"] = made["last_price"] = NO_PRICE
    made["reason"] = reason
    for name, value in values.items():
        made[name] = value
    first: np.void = made[0]
    return first


@pytest.mark.parametrize("reason", [r for r in Reason if r is not Reason.NONE])
def test_every_reason_has_words_of_its_own(reason: Reason) -> None:
    words = reasons.reason_text(report(reason), TEXT, "USD")

    assert reason in reasons._WORDS
    assert len(words) > 5
    assert "{" not in words


def test_a_refusal_names_limit_and_order() -> None:
    refused = report(Reason.MAX_POSITION_SIZE, last_quantity=100, fee=105)

    assert reasons.outcome_text(refused, TEXT, "USD") == (
        "refused: max position 100, this order could make it 105"
    )


def test_money_limits_are_in_base_currency() -> None:
    refused = report(Reason.MAX_ORDER_VALUE, last_quantity=5 * 10**10, fee=7 * 10**10)

    words = reasons.reason_text(refused, TEXT, "EUR")

    assert words == "max order value 500.00 EUR, this order is worth 700.00 EUR"


def test_off_tick_names_the_nearest_price() -> None:
    refused = report(Reason.OFF_TICK, price=17_285, last_price=17_286)

    words = reasons.reason_text(refused, TEXT, "USD")

    assert words == "price 4321.25 is off the tick table; the nearest is 4321.50"


def test_an_unknown_reason_is_a_number_not_a_crash() -> None:
    unknown = np.zeros(1, REPORT)
    unknown["reason"] = 9_999

    assert reasons.reason_text(unknown[0], TEXT, "USD") == "reason 9999"
    assert reasons.stale_text(77) == "reason 77"


def test_every_stale_book_has_words() -> None:
    words = [reasons.stale_text(reason) for reason in Stale]

    assert len(set(words)) == len(Stale)
    assert not any(each.startswith("reason") for each in words)


@pytest.mark.parametrize("why", [why for why in Stale if why])
def test_only_a_book_that_was_whole_is_warned_of(why: Stale) -> None:
    stale = report(Reason.NONE, report=ReportType.STALE, quantity=1, filled=why)
    level, text = telling.words(stale, telling.Subject(None, "USD"))

    assert (level is Level.INFO) == (why is Stale.NO_SNAPSHOT)
    assert text.startswith(f"stale book: {reasons.stale_text(why)}")


@pytest.mark.parametrize("why", [Reason.STATE_VIEW, Reason.POST_ONLY_WOULD_CROSS])
def test_what_a_strategy_is_refused_all_day_is_no_warning(why: Reason) -> None:
    levels = []
    for strategy in (0, 3):
        refused = report(why, strategy=strategy, side=SELL)
        levels.append(telling.words(refused, telling.Subject(None, "USD"))[0])

    assert levels == [Level.WARNING, Level.INFO]


def test_a_stale_book_leaves_whose_it_is_to_the_topic() -> None:
    subject = telling.Subject(Listed(0, FUTURE, TEXT, TickScale(FUTURE)), "USD")
    for quantity in (1, 0):
        told = report(
            Reason.NONE, report=ReportType.STALE, quantity=quantity, filled=Stale.GAP
        )
        _, text = telling.words(told, subject)
        assert FUTURE.name not in text, "the log would say it twice"


def test_a_cancelled_exit_without_a_size_is_named() -> None:
    subject = telling.Subject(Listed(0, FUTURE, TEXT, TickScale(FUTURE)), "USD")
    gone = report(
        Reason.GROUP, report=ReportType.CANCELLED, side=SELL, quantity=0,
        order_type=OrderType.STOP, price=NO_PRICE, stop_price=400,
    )  # fmt: skip

    _, text = telling.words(gone, subject)

    assert text.startswith(f"SELL STP {TEXT.price(400)} cancelled")


def test_every_safety_state_has_words() -> None:
    assert len({reasons.state_text(state) for state in SafetyState}) == 4


@pytest.mark.parametrize("reason", [Reason.FIRST_NOTICE, Reason.LAST_TRADING])
def test_rule_8_the_end_of_a_contract_is_warned_of(reason: Reason) -> None:
    near = report(reason, report=ReportType.LOG, quantity=1_710_536_400 * 10**9)
    reports = np.array([near], REPORT)

    assert len(telling.told(reports)) == 1
    listed = Listed(0, FUTURE, TEXT, TickScale(FUTURE))
    level, text = telling.words(near, telling.Subject(listed, "USD"))

    assert level is Level.WARNING
    assert text == "2024-03-15 21:00 UTC: " + reasons.reason_text(near, TEXT, "USD")
