"""The compiled matching engine against the plain one, over random commands."""

from hypothesis import given, settings, strategies as st

from app.engine.records import (
    BUY,
    NO_PRICE,
    SELL,
    Action,
    GroupRole,
    OrderOption,
    OrderType,
    SessionState,
    TimeInForce,
)
from tests.engine.matching_driver import (
    LOWEST,
    TICK_ONE,
    Cmd,
    Driver,
)
from tests.engine.reference_auction import PlainMatching
from tests.engine.reference_matching import ACCOUNTS

BANDED = ((LOWEST, 3), (0, 1), (10, 5))
TABLES = (TICK_ONE, BANDED)
PROTECTION = (-1, 2)
EXAMPLES = max(400, settings().max_examples)

ROLES = [*[GroupRole.NONE] * 8, *GroupRole]
KINDS = [*[OrderType.LIMIT] * 6, *[OrderType.MARKET] * 2, *OrderType]
FORCES = [*[TimeInForce.GTC] * 6, *TimeInForce]
OPTIONS = [
    *[0] * 6,
    *(OrderOption.POST_ONLY, OrderOption.REDUCE_ONLY, OrderOption.OUTSIDE_HOURS),
    OrderOption.REDUCE_ONLY | OrderOption.OUTSIDE_HOURS,
]
SESSIONS = [*SessionState][1:]

prices = st.one_of(
    st.integers(-6, 14),
    st.integers(-6, 14),
    st.sampled_from([2**62 - 1, 1 - 2**62, 2**62, 2**61, -(2**61), 64, 4095, NO_PRICE]),
)
quantities = st.one_of(
    st.integers(1, 12), st.integers(1, 12), st.sampled_from([0, -1, 2**42, 2**42 + 1])
)


def orders_of(kinds, forces, options, roles, *, wild=True):
    """New orders; not `wild`: with numbers that most of them survive."""
    return st.builds(
        Cmd,
        action=st.just(Action.NEW),
        id=st.integers(1, 12),
        account=st.integers(0, 3),
        instrument=st.sampled_from([0, 0, 0, 1, 1, 1, 2, -1] if wild else [0, 0, 1]),
        side=st.sampled_from([BUY, SELL]),
        kind=st.sampled_from(kinds),
        quantity=quantities if wild else st.integers(1, 12),
        price=prices if wild else st.integers(-6, 14),
        force=st.sampled_from(forces),
        options=st.sampled_from(options),
        protection=st.sampled_from([-1, 0, 1, 3, 12]),
        display=st.sampled_from([0, 0, 0, 0, 1, 2, 5]),
        stop=st.one_of(st.integers(-6, 14), st.just(NO_PRICE)),
        trail=st.sampled_from([0, 0, 0, 1, 3, -100_000]),
        trigger=st.integers(0, 4),
        group=st.sampled_from([0, 0, 1, 2]) if wild else st.just(0),
        role=st.sampled_from(roles),
        expire=st.integers(0, 40),
        strategy=st.integers(0, 2),
        value=st.just(0),
        time=st.just(0),
    )


PLAIN_FORCES = [TimeInForce.GTC, TimeInForce.GTC, TimeInForce.IOC, TimeInForce.FOK]
LASTING = [TimeInForce.GTC, TimeInForce.GTC, TimeInForce.DAY, TimeInForce.GTD]
STOP_KINDS = [each for each in OrderType if each >= OrderType.STOP]
EXITS = [GroupRole.OCO_EXIT, GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP]


def trailing(command):
    """A stop whose trail fits its type."""
    trails = command.kind >= OrderType.TRAILING_STOP
    return command._replace(
        trail=(command.trail or 2) if trails else 0,
        display=0 if command.kind in (OrderType.STOP, OrderType.TRAILING_STOP) else 2,
    )


def grouped(command):
    """An order in a group, if it has a part there."""
    return command._replace(group=1 + command.id % 3 if command.role else 0, trail=0)


any_order = orders_of(KINDS, FORCES, OPTIONS, ROLES)
plain_order = orders_of(
    [OrderType.LIMIT, OrderType.LIMIT, OrderType.MARKET],
    PLAIN_FORCES,
    [0, 0, OrderOption.POST_ONLY, OrderOption.OUTSIDE_HOURS],
    [GroupRole.NONE],
    wild=False,
).map(lambda each: each._replace(display=0, trail=0))
stop_order = orders_of(
    STOP_KINDS, LASTING, [0, 0, *OPTIONS[-3:]], ROLES, wild=False
).map(lambda each: grouped(each)._replace(trail=trailing(each).trail, display=0))
iceberg = orders_of([OrderType.LIMIT], LASTING, OPTIONS, ROLES, wild=False).map(grouped)
exit_order = orders_of(
    [OrderType.LIMIT, OrderType.STOP], LASTING, [0], EXITS, wild=False
).map(lambda each: grouped(each)._replace(account=0, display=0, instrument=0))
entry_order = orders_of(
    [OrderType.LIMIT],
    LASTING,
    [0],
    [GroupRole.BRACKET_ENTRY, GroupRole.OCO_ENTRY],
    wild=False,
).map(lambda each: grouped(each)._replace(account=0, display=0, instrument=0))
auction_order = orders_of(
    [OrderType.LIMIT, OrderType.MARKET],
    [TimeInForce.AT_THE_OPEN, TimeInForce.AT_THE_CLOSE],
    [0],
    [GroupRole.NONE],
    wild=False,
).map(lambda each: each._replace(display=0, trail=0))
new_commands = st.one_of(
    *(any_order, plain_order, plain_order, plain_order, stop_order),
    *(iceberg, exit_order, entry_order, auction_order),
)
NOTHING = dict.fromkeys(
    ("trigger", "group", "role", "expire", "strategy", "time"), st.just(0)
)
changes = st.builds(
    Cmd,
    **NOTHING,
    value=st.just(0),
    action=st.sampled_from([Action.CANCEL, Action.REPLACE, Action.REPLACE]),
    id=st.integers(1, 12),
    account=st.integers(0, 3),
    instrument=st.integers(0, 1),
    kind=st.sampled_from([0, 0, 0, 0, OrderType.LIMIT, OrderType.MARKET, 3, 6]),
    quantity=st.one_of(st.just(0), quantities),
    price=st.one_of(st.just(NO_PRICE), st.just(NO_PRICE), prices),
    stop=st.one_of(st.just(NO_PRICE), st.just(NO_PRICE), prices),
    trail=st.sampled_from([0, 0, 0, 2, -(10**6)]),
    protection=st.sampled_from([-1, 0, 2]),
    side=st.just(BUY),
    force=st.just(TimeInForce.GTC),
    options=st.just(0),
    display=st.just(0),
)
sessions = st.builds(
    lambda instrument, value: Cmd(
        Action.SET_SESSION, 0, instrument=instrument, value=value
    ),
    st.sampled_from([0, 0, 1, -1]),
    st.sampled_from([*SESSIONS, *[SessionState.OPEN] * 4]),
)


def timed(sequence):
    """Commands one after another in time."""
    return [each._replace(time=1 + at) for at, each in enumerate(sequence)]


commands = st.lists(
    st.one_of(new_commands, new_commands, new_commands, changes, changes, sessions),
    max_size=60,
).map(timed)


def assert_same_book(driver, plain):
    for instrument in range(len(plain.tables)):
        for side in (BUY, SELL):
            queue = [
                (o.account, o.client_id, o.shown, o.price)
                for o in plain.queue(instrument, side)
            ]
            assert driver.queue(instrument, side) == queue
            assert driver.levels(instrument, side) == plain.levels(instrument, side)
    assert driver.state["executions"] == plain.executions
    assert driver.state["volume"] == plain.volume
    for owner, quantity in plain.position.items():
        assert driver.position(*owner) == quantity


def assert_same_outputs(reports, market, plain):
    assert reports == plain.reports
    assert market == [tuple(row) for row in plain.market]
    plain.reports.clear()
    plain.market.clear()


def follow(sequence, pool, always=(0, 1)):
    """Give both the same commands, and compare after each."""
    driver = Driver(TABLES, PROTECTION, orders=pool, accounts=ACCOUNTS, always=always)
    plain = PlainMatching(TABLES, PROTECTION, max_orders=pool, always=always)
    for command in sequence:
        reason = plain.act(command)
        assert driver.act(command) == reason
        assert_same_outputs(driver.reports, driver.market, plain)
        assert_same_book(driver, plain)
        driver.check()


@settings(max_examples=EXAMPLES)
@given(commands, st.integers(2, 30))
def test_random_commands_give_the_reports_and_market_data_of_the_plain_rules(
    sequence, pool
):
    follow(sequence, pool)
