"""Widening, bit scans and 128-bit products, which numba has not."""

from typing import Any

import numpy as np
from llvmlite import ir

import app.engine.native  # noqa: F401  (it resolves the 128-bit division)
from app.engine.compile import intrinsic, kernel
from app.engine.late import types

_INT64 = ir.IntType(64)
_INT128 = ir.IntType(128)


@kernel
def integer(value: Any) -> int:
    """Widen a narrow integer of a record, or an enumeration's member, to int64."""
    return np.int64(value)  # type: ignore[return-value]


@intrinsic
def lowest_bit(typing_context: Any, word: Any) -> Any:
    """Index of the lowest set bit of a uint64 that is not zero."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.cttz(args[0], ir.Constant(ir.IntType(1), 1))

    return types.int64(types.uint64), codegen


@intrinsic
def highest_bit(typing_context: Any, word: Any) -> Any:
    """Index of the highest set bit of a uint64 that is not zero."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        zeros = builder.ctlz(args[0], ir.Constant(ir.IntType(1), 1))
        return builder.sub(ir.Constant(_INT64, 63), zeros)

    return types.int64(types.uint64), codegen


@intrinsic
def folded_product(typing_context: Any, a: Any, b: Any) -> Any:
    """Multiply two uint64; the product's upper word xor its lower word."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        wide = [builder.zext(each, _INT128) for each in args]
        product = builder.mul(*wide)
        upper = builder.lshr(product, ir.Constant(_INT128, 64))
        return builder.trunc(builder.xor(upper, product), _INT64)

    return types.uint64(types.uint64, types.uint64), codegen


@intrinsic
def _scaled(
    typing_context: Any, a: Any, b: Any, numerator: Any, denominator: Any
) -> Any:
    """Compute floor quotient and whether to round up, of a*b*numerator/denominator."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        a, b, numerator, denominator = (builder.sext(each, _INT128) for each in args)
        product = builder.mul(builder.mul(a, b), numerator)
        quotient = builder.sdiv(product, denominator)
        remainder = builder.srem(product, denominator)
        zero = ir.Constant(_INT128, 0)
        one = ir.Constant(_INT128, 1)
        negative = builder.icmp_signed("<", remainder, zero)
        magnitude = builder.select(negative, builder.neg(remainder), remainder)
        twice = builder.shl(magnitude, one)
        above = builder.icmp_signed(">", twice, denominator)
        half = builder.icmp_signed("==", twice, denominator)
        odd = builder.icmp_signed("!=", builder.and_(quotient, one), zero)
        away = builder.or_(above, builder.and_(half, odd))
        sign = builder.icmp_signed("<", product, zero)
        step = builder.select(sign, builder.neg(one), one)
        rounded = builder.select(away, builder.add(quotient, step), quotient)
        return builder.trunc(rounded, _INT64)

    return types.int64(*[types.int64] * 4), codegen


@kernel
def scaled(a: int, b: int, numerator: int, denominator: int) -> int:
    """Compute a * b * numerator / denominator in 128 bits, rounded half-even.

    `denominator` is positive. The product must fit 127 bits and the result 63; the
    caller's bounds see to that (`Instrument` refuses |price * quantity| > 2**62).
    """
    return int(_scaled(a, b, numerator, denominator))
