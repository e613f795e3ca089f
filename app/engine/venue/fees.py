"""Fees: by value (maker, taker), per unit, per order, with a minimum and a maximum.

A fill's exact fee is |price| x quantity x rate + quantity x fee per unit, rounded once,
half-even, to the money unit. An order's fee is the sum of its fills' plus the fee per
order, held between the minimum and the maximum, which apply per order and not per fill
(SEMANTICS 45): each fill is charged what the order's fee grew by. Where the minimum
exceeds the maximum, the maximum holds; of two maximums, money and a share of what the
order has traded, the smaller. Rebates are negative.

Examples: Interactive Brokers' fixed plan for US stocks is per unit 0.005, minimum 1, at
most 1 per cent of the value; Binance's spot plan is maker and taker 0.001 of the value.
"""

import math
from fractions import Fraction
from typing import Any, Final

from app.engine.arena import Arena, Section
from app.engine.bits import integer, scaled
from app.engine.compile import kernel
from app.engine.money import money_of
from app.engine.records import MONEY_SCALE
from app.engine.state import instruments, orders
from app.errors import InstrumentError
from app.instrument import Instrument

_MOST: Final = 2**62
_PPM: Final = 1_000_000
MAKER: Final = 1
TAKER: Final = -1


def write_fees(arena: Arena, number: int, instrument: Instrument) -> None:
    """Write an instrument's fees into its INSTRUMENT record.

    Raises
    ------
    InstrumentError
        If a rate times the largest price is beyond int64.
    """
    fees, (numerator, denominator) = instrument.fees, instrument.money_ratio
    value = Fraction(numerator, denominator)
    rates = {
        "maker_fee": Fraction(fees.maker) * value,
        "taker_fee": Fraction(fees.taker) * value,
        "fee_per_unit": Fraction(fees.per_unit * instrument.quantity_unit)
        * MONEY_SCALE,
    }
    common = math.lcm(*(each.denominator for each in rates.values()))
    counts = {name: int(each * common) for name, each in rates.items()}
    largest = max(abs(counts["maker_fee"]), abs(counts["taker_fee"]))
    most = largest * instrument.price_bound + abs(counts["fee_per_unit"])
    if max(most, common) > _MOST:
        raise InstrumentError(
            f"fees of {instrument.name!r} have more digits than can be counted: "
            f"{fees.maker}, {fees.taker}, {fees.per_unit}"
        )
    record = arena.records(Section.INSTRUMENTS)[number]
    for name, count in counts.items():
        record[name] = count
    record["fee_denominator"] = common
    maximum = 0 if fees.maximum is None else fees.maximum
    record["fee_per_order"] = round(Fraction(fees.per_order) * MONEY_SCALE)
    record["fee_min"] = round(Fraction(fees.minimum) * MONEY_SCALE)
    record["fee_max"] = round(Fraction(maximum) * MONEY_SCALE)
    share = fees.maximum_share
    record["fee_max_share"] = 0 if share is None else round(Fraction(share) * _PPM)


@kernel
def exact_fee(arena: int, instrument: int, price: int, quantity: int, role: int) -> int:
    """Fee of one fill before the order's bounds, money; `role` is MAKER or TAKER."""
    record = instruments(arena)[instrument]
    if record["fee_denominator"] == 0:
        return 0
    rate = record["maker_fee"] if role == MAKER else record["taker_fee"]
    per_unit = abs(price) * rate + record["fee_per_unit"]
    return scaled(quantity, per_unit, 1, record["fee_denominator"])


@kernel
def bounded_fee(arena: int, instrument: int, fee: int, traded: int) -> int:
    """Fee of an order that traded so much money, within its bounds, money."""
    record = instruments(arena)[instrument]
    if record["fee_min"]:
        fee = max(fee, record["fee_min"])
    if record["fee_max"]:
        fee = min(fee, record["fee_max"])
    if record["fee_max_share"]:
        fee = min(fee, money_of(traded, record["fee_max_share"], 1, _PPM))
    return fee


@kernel
def charge(
    arena: int, instrument: int, account: Any, fill: tuple[int, int, int]
) -> int:
    """Fee of a fill, money: what the order's bounded fee grows by.

    Parameters
    ----------
    account : record with `fee` (charged so far), `fee_unbounded` and `traded`, int64
        Those two move on; its `fee` is left to the caller.
    fill : price, quantity, role
    """
    (price, quantity, role), record = fill, instruments(arena)[instrument]
    account["traded"] += money_of(
        abs(price), quantity, record["money_numerator"], record["money_denominator"]
    )
    account["fee_unbounded"] += exact_fee(arena, instrument, price, quantity, role)
    fee, traded = account["fee_unbounded"], account["traded"]
    return bounded_fee(arena, instrument, fee, traded) - account["fee"]


@kernel
def fill_fee(arena: int, index: int, report: Any) -> int:
    """Fee of an external venue's FILL, money, before the gate has applied it.

    Parameters
    ----------
    index : int
        The ORDER; its `filled` and `fee` are those before this fill.
    report : REPORT
        Its price, quantity and liquidity; unknown liquidity pays as a taker.
    """
    order = orders(arena)[index]
    instrument = integer(order["instrument"])
    if order["filled"] == 0:
        order["fee_unbounded"] = instruments(arena)[instrument]["fee_per_order"]
        order["traded"] = 0
    role = MAKER if report["liquidity"] == MAKER else TAKER
    fill = report["last_price"], report["last_quantity"], role
    return charge(arena, instrument, order, fill)
