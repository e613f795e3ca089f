"""Money and open cost: 128-bit sums, rounded half-even once (SEMANTICS 3, 43).

A *cost* is a sum of price × quantity × numerator, exact, in two words of 64 bits; its
unit is 1/denominator of a money unit (INSTRUMENT's `money_numerator` and
`money_denominator`). What becomes money is divided once and rounded half-even; what
does not fit int64 stays at its largest value, so that no absurd order wraps round.
"""

from typing import Any, Final

from llvmlite import ir

import app.engine.native  # noqa: F401  (it resolves the 128-bit division)
from app.engine.compile import inlined, intrinsic, kernel
from app.engine.late import types

_INT64: Final = ir.IntType(64)
_INT128: Final = ir.IntType(128)
MOST: Final = 2**63 - 1
"""Money that does not fit stands at this, with its sign."""
SPLIT_BOUND: Final = 1 << 16
"""Most units on either side of a split, so that its products fit int64."""
CONVERSION_SCALE: Final = 1_000_000_000
"""INSTRUMENT's `conversion` counts 1e-9 of the base currency."""


def _wide(builder: Any, value: Any) -> Any:
    return builder.sext(value, _INT128)


def _joined(builder: Any, high: Any, low: Any) -> Any:
    """Make one 128-bit number of two words."""
    upper = builder.shl(_wide(builder, high), ir.Constant(_INT128, 64))
    return builder.or_(upper, builder.zext(low, _INT128))


def _magnitude(builder: Any, value: Any) -> tuple[Any, Any]:
    """Return whether a number is negative, and its absolute value."""
    negative = builder.icmp_signed("<", value, ir.Constant(value.type, 0))
    return negative, builder.select(negative, builder.neg(value), value)


def _signed(builder: Any, negative: Any, value: Any) -> Any:
    """Give a 128-bit magnitude its sign as int64, at most `MOST`."""
    most = ir.Constant(_INT128, MOST)
    beyond = builder.icmp_unsigned(">", value, most)
    fitted = builder.trunc(builder.select(beyond, most, value), _INT64)
    return builder.select(negative, builder.neg(fitted), fitted)


def _divided(builder: Any, value: Any, divisor: Any) -> tuple[Any, Any]:
    """Quotient and remainder of two 128-bit numbers that are not negative.

    Nearly all fit 64 bits, where the processor divides by itself: a third of the time.
    """
    both = builder.or_(value, divisor)
    fits = builder.icmp_unsigned("<", both, ir.Constant(_INT128, 1 << 64))
    with builder.if_else(fits) as (narrow, wide):
        with narrow:
            parts = [builder.trunc(each, _INT64) for each in (value, divisor)]
            short = [
                builder.zext(each, _INT128)
                for each in (builder.udiv(*parts), builder.urem(*parts))
            ]
            narrow_block = builder.block
        with wide:
            long = [builder.sdiv(value, divisor), builder.srem(value, divisor)]
            wide_block = builder.block
    found = []
    for narrow_part, wide_part in zip(short, long, strict=True):
        part = builder.phi(_INT128)
        part.add_incoming(narrow_part, narrow_block)
        part.add_incoming(wide_part, wide_block)
        found.append(part)
    return found[0], found[1]


def _half_even(builder: Any, value: Any, divisor: Any) -> Any:
    """Divide a 128-bit number by a positive one, half-even, to a saturated int64."""
    negative, magnitude = _magnitude(builder, value)
    one, zero = ir.Constant(_INT128, 1), ir.Constant(_INT128, 0)
    quotient, remainder = _divided(builder, magnitude, divisor)
    twice = builder.shl(remainder, one)
    odd = builder.icmp_unsigned("!=", builder.and_(quotient, one), zero)
    half = builder.and_(builder.icmp_unsigned("==", twice, divisor), odd)
    up = builder.or_(builder.icmp_unsigned(">", twice, divisor), half)
    rounded = builder.select(up, builder.add(quotient, one), quotient)
    return _signed(builder, negative, rounded)


@intrinsic
def _rounded_product(
    typing_context: Any, a: Any, b: Any, numerator: Any, denominator: Any
) -> Any:
    """Divide a·b·numerator by denominator in 128 bits."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, numerator, denominator = (_wide(builder, each) for each in args)
        product = builder.mul(builder.mul(a, b), numerator)
        return _half_even(builder, product, denominator)

    return types.int64(*[types.int64] * 4), codegen


@intrinsic
def _checked_product(typing_context: Any, a: Any, b: Any, numerator: Any) -> Any:
    """Multiply three int64: the product, and 1 if it did not fit int64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        first = builder.smul_with_overflow(args[0], args[1])
        second = builder.smul_with_overflow(builder.extract_value(first, 0), args[2])
        product = builder.extract_value(second, 0)
        flags = [builder.extract_value(each, 1) for each in (first, second)]
        over = builder.zext(builder.or_(*flags), _INT64)
        return context.make_tuple(builder, signature.return_type, [product, over])

    return types.UniTuple(types.int64, 2)(*[types.int64] * 3), codegen


@intrinsic
def cost_plus(typing_context: Any, high: Any, low: Any, a: Any, b: Any, c: Any) -> Any:
    """Add a·b·c to the cost (high, low); returns its two words."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        cost = _joined(builder, args[0], args[1])
        a, b, c = (_wide(builder, each) for each in args[2:])
        total = builder.add(cost, builder.mul(builder.mul(a, b), c))
        upper = builder.lshr(total, ir.Constant(_INT128, 64))
        parts = [builder.trunc(each, _INT64) for each in (upper, total)]
        return context.make_tuple(builder, signature.return_type, parts)

    kinds = [types.int64, types.uint64, types.int64, types.int64, types.int64]
    return types.UniTuple(types.int64, 2)(*kinds), codegen


@intrinsic
def cost_money(
    typing_context: Any, high: Any, low: Any, part: Any, whole: Any, denominator: Any
) -> Any:
    """Money of part/whole of a cost: cost · part / (whole · denominator), half-even.

    0 < part <= whole. Exact: cost = whole·a + b, so that no product passes 128 bits.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        negative, cost = _magnitude(builder, _joined(builder, args[0], args[1]))
        part, whole, divisor = (_wide(builder, each) for each in args[2:])
        one, zero = ir.Constant(_INT128, 1), ir.Constant(_INT128, 0)
        share = builder.mul(builder.srem(cost, whole), part)
        floor = builder.mul(builder.sdiv(cost, whole), part)
        floor = builder.add(floor, builder.sdiv(share, whole))
        rest = builder.srem(share, whole)
        quotient = builder.sdiv(floor, divisor)
        # What is left is (left + rest / whole) / divisor of a money unit.
        left = builder.srem(floor, divisor)
        twice = builder.mul(builder.sub(builder.shl(left, one), divisor), whole)
        twice = builder.add(twice, builder.shl(rest, one))
        odd = builder.icmp_unsigned("!=", builder.and_(quotient, one), zero)
        half = builder.and_(builder.icmp_signed("==", twice, zero), odd)
        up = builder.or_(builder.icmp_signed(">", twice, zero), half)
        rounded = builder.select(up, builder.add(quotient, one), quotient)
        return _signed(builder, negative, rounded)

    kinds = [types.int64, types.uint64, types.int64, types.int64, types.int64]
    return types.int64(*kinds), codegen


@intrinsic
def _gain(
    typing_context: Any,
    high: Any,
    low: Any,
    doubled: Any,
    quantity: Any,
    numerator: Any,
    denominator: Any,
) -> Any:
    """Money of quantity at half of `doubled`, less the cost, half-even."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        one = ir.Constant(_INT128, 1)
        cost = builder.shl(_joined(builder, args[0], args[1]), one)
        doubled, quantity, numerator, divisor = (_wide(builder, a) for a in args[2:])
        worth = builder.mul(builder.mul(doubled, quantity), numerator)
        difference = builder.sub(worth, cost)
        return _half_even(builder, difference, builder.shl(divisor, one))

    kinds = [types.int64, types.uint64, *[types.int64] * 4]
    return types.int64(*kinds), codegen


@intrinsic
def _cost_float(typing_context: Any, high: Any, low: Any) -> Any:
    """Turn a cost into the nearest float64."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        negative, cost = _magnitude(builder, _joined(builder, args[0], args[1]))
        double = ir.DoubleType()
        upper = builder.trunc(builder.lshr(cost, ir.Constant(_INT128, 64)), _INT64)
        high_part = builder.uitofp(upper, double)
        low_part = builder.uitofp(builder.trunc(cost, _INT64), double)
        scale = ir.Constant(double, 2.0**64)
        value = builder.fadd(builder.fmul(high_part, scale), low_part)
        return builder.select(negative, builder.fneg(value), value)

    return types.float64(types.int64, types.uint64), codegen


@inlined
def money_of(price: int, quantity: int, numerator: int, denominator: int) -> int:
    """Money of price × quantity, half-even, at most `MOST` either way.

    price × quantity × numerator must fit 127 bits: `instruments` refuses what does not.
    """
    product, over = _checked_product(price, quantity, numerator)
    if not over and (denominator == 1 or product == 0):
        return product
    return _rounded_product(price, quantity, numerator, denominator)


@kernel
def gain(
    high: int, low: Any, doubled: int, quantity: int, ratio: tuple[int, int]
) -> int:
    """Unrealised P&L: quantity at the mark `doubled` / 2, less the cost (high, low)."""
    return _gain(high, low, doubled, quantity, ratio[0], ratio[1])


@kernel
def worth(doubled: int, quantity: int, ratio: tuple[int, int]) -> int:
    """Money of a quantity at the mark `doubled` / 2."""
    return money_of(doubled, quantity, ratio[0], 2 * ratio[1])


@kernel
def cost_price(high: int, low: Any, quantity: int, numerator: int) -> float:
    """Average price of a cost over its quantity, price units; NaN when flat."""
    if quantity == 0:
        return float("nan")
    return _cost_float(high, low) / numerator / quantity


@inlined
def converted(money: int, conversion: int) -> int:
    """Money in the base currency, half-even; 0 where the rate is unknown (0)."""
    if conversion == CONVERSION_SCALE:
        return money
    return _rounded_product(money, conversion, 1, CONVERSION_SCALE)


@inlined
def plus(a: int, b: int) -> int:
    """Add without wrapping round: at most `MOST` either way."""
    if b > 0 and a > MOST - b:
        return MOST
    if b < 0 and a < -MOST - b:
        return -MOST
    return a + b


@kernel
def is_split(new: int, old: int) -> bool:
    """Tell whether `new` units for `old` ones can be a split."""
    return 0 < new <= SPLIT_BOUND and 0 < old <= SPLIT_BOUND
