"""Commands to the engine, built in one place: what the user asks for, as records."""

from typing import Any

import numpy as np

from app.engine.records import (
    COMMAND,
    NO_PRICE,
    Action,
    EventKind,
    GroupRole,
    OrderOption,
    OrderType,
    SafetyState,
    TimeInForce,
)


def command(action: Action, now: int, **values: Any) -> np.ndarray:
    """Make one COMMAND record.

    Parameters
    ----------
    action : Action
    now : int
        When the gesture was made, ns since 1970 UTC.
    values : dict
        Fields of COMMAND.
    """
    record = np.zeros(1, COMMAND)
    record["kind"] = EventKind.COMMAND
    record["ts_received"] = now
    record["instrument"] = -1
    record["action"] = action
    record["price"] = NO_PRICE
    record["stop_price"] = NO_PRICE
    record["protection_ticks"] = -1
    for name, value in values.items():
        record[name] = value
    return record


def fire_drill(now: int, drill: int, instrument: int) -> np.ndarray:
    """Make a FIRE_DRILL of the built-in exchange (`exchange.drill_table.Drill`)."""
    return command(Action.FIRE_DRILL, now, value=drill, instrument=instrument)


def new_order(  # noqa: PLR0913 - an order has that many parts
    now: int,
    *,
    instrument: int,
    client_order_id: int,
    side: int,
    quantity: int,
    price: int = NO_PRICE,
    stop: int = NO_PRICE,
    sequence: int = 0,
    options: int = 0,
) -> np.ndarray:
    """Make a DAY order: limit, stop, stop-limit, or market where there is no price.

    Parameters
    ----------
    now : int
        When the gesture was made, ns since 1970 UTC.
    instrument, client_order_id, side, quantity : int
        Quantity in quantity units.
    price, stop : int
        Limit and stop price, price units; NO_PRICE = none.
    sequence : int
        Sequence of the painted book.
    options : int
        OrderOption bits beside GESTURE.
    """
    return command(
        Action.NEW,
        now,
        instrument=instrument,
        client_order_id=client_order_id,
        side=side,
        quantity=quantity,
        price=price,
        stop_price=stop,
        order_type=_TYPES[price != NO_PRICE, stop != NO_PRICE],
        time_in_force=TimeInForce.DAY,
        book_sequence=sequence,
        options=options | OrderOption.GESTURE,
    )


_TYPES = {
    (False, False): OrderType.MARKET,
    (True, False): OrderType.LIMIT,
    (False, True): OrderType.STOP,
    (True, True): OrderType.STOP_LIMIT,
}
"""By whether there is a limit and whether there is a stop price."""


def like(order: np.void) -> np.ndarray:
    """Make the NEW of which a working order could have come, to be judged."""
    made = command(Action.NEW, 0, protection_ticks=-1)
    for name in _SHARED:
        made[name] = order[name]
    made["display_quantity"] = order["display"]
    return made


_SHARED = (
    "client_order_id", "instrument", "strategy", "side", "quantity", "price",
    "stop_price", "order_type", "time_in_force", "options", "group", "trail",
    "expire_ts",
)  # fmt: skip


def numbered(commands: np.ndarray, ids: list[int], now: int) -> np.ndarray:
    """Return commands with client order ids, a group where they are one, and a time."""
    made = commands.copy()
    made["client_order_id"] = ids
    made["ts_received"] = now
    if len(made) > 1:
        # A group's number is of 32 bits; ids ascend, so that none comes back soon.
        made["group"] = ids[0] % (2**31 - 1) + 1
    return made


def bracket(entry: np.ndarray, target: int, stop: int) -> np.ndarray:
    """Make an entry's bracket: target, stop, entry, in the order they are sent.

    Parameters
    ----------
    entry : (1,) COMMAND
        From `new_order`.
    target, stop : int
        Their prices, price units. Both follow the entry's fills (SEMANTICS 28),
        whatever quantity they say; a venue refuses one of 0.
    """
    legs = np.concatenate([entry, entry, entry])
    legs["role"] = (
        GroupRole.BRACKET_TARGET, GroupRole.BRACKET_STOP, GroupRole.BRACKET_ENTRY,
    )  # fmt: skip
    exits = legs[:2]
    exits["side"] = -entry["side"]
    exits["options"] = OrderOption.REDUCE_ONLY
    exits["book_sequence"] = 0
    exits["price"] = (target, NO_PRICE)
    exits["stop_price"] = (NO_PRICE, stop)
    exits["order_type"] = (OrderType.LIMIT, OrderType.STOP)
    return legs


def cancel(now: int, order: np.void) -> np.ndarray:
    """Cancel one order."""
    return command(
        Action.CANCEL,
        now,
        instrument=order["instrument"],
        client_order_id=order["client_order_id"],
        side=order["side"],
    )


def cancel_all(now: int, instrument: int = -1, side: int = 0) -> np.ndarray:
    """Cancel every order of an instrument (-1: all) and side (0: both)."""
    return command(Action.CANCEL_ALL, now, instrument=instrument, side=side)


def replace(
    now: int,
    order: np.void,
    *,
    price: int = NO_PRICE,
    stop: int = NO_PRICE,
    quantity: int = 0,
    sequence: int = 0,
) -> np.ndarray:
    """Change prices or total of an order; NO_PRICE and 0 leave them as they are."""
    return command(
        Action.REPLACE,
        now,
        instrument=order["instrument"],
        client_order_id=order["client_order_id"],
        side=order["side"],
        order_type=order["order_type"],
        time_in_force=order["time_in_force"],
        quantity=quantity,
        price=price,
        stop_price=stop,
        book_sequence=sequence,
        options=OrderOption.GESTURE,
    )


def set_state(now: int, state: SafetyState) -> np.ndarray:
    """Change the safety state."""
    return command(Action.SET_STATE, now, value=state)


def set_limit(now: int, limit: int, value: int, instrument: int = -1) -> np.ndarray:
    """Change a risk limit, for one instrument or for the account (-1)."""
    return command(
        Action.SET_LIMIT, now, group=limit, value=value, instrument=instrument
    )


def kill(now: int, *, flatten: bool = False) -> np.ndarray:
    """Stop all new risk; with `flatten` close what is held, too."""
    return command(Action.KILL, now, value=int(flatten))


def flatten(now: int, instrument: int = -1, strategy: int = 0) -> np.ndarray:
    """Close the position of an instrument (-1: all), or a strategy's part of it."""
    return command(Action.FLATTEN, now, instrument=instrument, strategy=strategy)
