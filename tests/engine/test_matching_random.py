"""The compiled matching engine against the plain one, over random commands."""

from hypothesis import given, settings, strategies as st

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    OrderOption,
    OrderType,
    TimeInForce,
)
from tests.engine.matching_driver import (
    LOWEST,
    TICK_ONE,
    Cmd,
    Driver,
)
from tests.engine.reference_matching import PlainMatching

BANDED = ((LOWEST, 3), (0, 1), (10, 5))
TABLES = (TICK_ONE, BANDED)
PROTECTION = (-1, 2)
EXAMPLES = max(400, settings().max_examples)

prices = st.one_of(
    st.integers(-6, 14),
    st.sampled_from([2**62 - 1, 1 - 2**62, 2**62, 2**61, -(2**61), 64, 4095, NO_PRICE]),
)
quantities = st.one_of(st.integers(1, 12), st.sampled_from([0, -1, 2**44, 2**44 + 1]))
new_commands = st.builds(
    Cmd,
    action=st.just(Action.NEW),
    id=st.integers(1, 12),
    account=st.integers(0, 3),
    instrument=st.sampled_from([0, 0, 0, 1, 1, 1, 2, -1]),
    side=st.sampled_from([BUY, SELL]),
    kind=st.sampled_from([OrderType.LIMIT] * 5 + [OrderType.MARKET, OrderType.STOP]),
    quantity=quantities,
    price=prices,
    force=st.sampled_from(
        [TimeInForce.GTC, TimeInForce.DAY, TimeInForce.IOC, TimeInForce.FOK]
    ),
    options=st.sampled_from([0, 0, 0, OrderOption.POST_ONLY, OrderOption.REDUCE_ONLY]),
    protection=st.sampled_from([-1, 0, 1, 3, 12]),
    display=st.sampled_from([0, 0, 0, 0, 0, 1]),
)
changes = st.builds(
    Cmd,
    action=st.sampled_from([Action.CANCEL, Action.REPLACE, Action.REPLACE]),
    id=st.integers(1, 12),
    account=st.integers(0, 3),
    instrument=st.integers(0, 1),
    kind=st.sampled_from([0, 0, 0, OrderType.LIMIT, OrderType.MARKET]),
    quantity=quantities,
    price=st.one_of(st.just(NO_PRICE), prices),
    protection=st.sampled_from([-1, 0, 2]),
    side=st.just(BUY),
    force=st.just(TimeInForce.GTC),
    options=st.just(0),
    display=st.just(0),
)
commands = st.lists(st.one_of(new_commands, new_commands, changes), max_size=60)


def assert_same_book(driver, plain):
    for instrument in range(len(plain.tables)):
        for side in (BUY, SELL):
            queue = [
                (o.account, o.client_id, o.leaves, o.price)
                for o in plain.queue(instrument, side)
            ]
            assert driver.queue(instrument, side) == queue
            assert driver.levels(instrument, side) == plain.levels(instrument, side)
    assert driver.state["executions"] == plain.executions
    assert driver.state["volume"] == plain.volume


def assert_same_outputs(reports, market, plain):
    assert reports == plain.reports
    assert market == [tuple(row) for row in plain.market]
    plain.reports.clear()
    plain.market.clear()


@settings(max_examples=EXAMPLES)
@given(commands, st.integers(2, 30))
def test_random_commands_give_the_reports_and_market_data_of_the_plain_rules(
    sequence, pool
):
    driver = Driver(TABLES, PROTECTION, orders=pool)
    plain = PlainMatching(TABLES, PROTECTION, max_orders=pool)

    for command in sequence:
        reason = driver.act(command)

        assert reason == plain.act(command)
        assert_same_outputs(driver.reports, driver.market, plain)
        assert_same_book(driver, plain)
        driver.check()
