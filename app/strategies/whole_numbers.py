"""Arithmetic of handlers that keeps to 64 bits: an integer beyond them is an error.

A handler's `+ - *`, `<<`, unary minus, `int` and `round` become calls of these where
they may meet integers. Python's own integers have no end and numba's wrap around
without a word; here both raise OverflowError, with the same result for all that fits.
Floats and arrays pass as they are. An operand beyond them (a constant of the file that
is 2**63 or more, which numba takes for unsigned) is an error as well.

The functions are what a strategy that runs as Python calls; `offer` tells numba what to
compile for them, in the process that compiles.
"""

import math
from functools import cache
from typing import Any, Final

import numpy as np

NAMES: Final = ("add", "subtract", "multiply", "negate", "shift", "integer", "rounded")
BEYOND: Final = "an integer left 64 bits"
_NONE: Final = "no integer can hold NaN or infinity"
_LEAST, _MOST = -(2**63), 2**63 - 1
_EDGE: Final = 2.0**63
_FAR: Final = 2.0**62
_BITS: Final = 63


def _plain(value: Any) -> Any:
    """An integer as Python's own, within 64 bits; anything else as it is."""
    if isinstance(value, np.integer | np.bool_):
        value = int(value)
    return _kept(value)


def _kept(value: Any) -> Any:
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        raise OverflowError(f"{BEYOND}: {value}")
    return value


def add(a: Any, b: Any) -> Any:
    """`a + b`."""
    return _kept(_plain(a) + _plain(b))


def subtract(a: Any, b: Any) -> Any:
    """`a - b`."""
    return _kept(_plain(a) - _plain(b))


def multiply(a: Any, b: Any) -> Any:
    """`a * b`."""
    return _kept(_plain(a) * _plain(b))


def negate(x: Any) -> Any:
    """`-x`."""
    return _kept(-_plain(x))


def shift(a: Any, b: Any) -> Any:
    """`a << b`."""
    a, b = _plain(a), _plain(b)
    if b > _BITS and a:
        raise OverflowError(f"{BEYOND}: {a} << {b}")
    return _kept(a << b)


def integer(x: Any) -> int:
    """`int(x)`."""
    return int(_whole(x))


def rounded(x: Any) -> int:
    """`round(x)`: halves go to the even one."""
    result: int = round(_whole(x))
    return result


def _whole(x: Any) -> Any:
    x = _plain(x)
    if isinstance(x, float) and not math.isfinite(x):
        raise ValueError(_NONE)
    if not -_EDGE <= x < _EDGE:
        raise OverflowError(f"{BEYOND}: {x}")
    return x


@cache
def offer() -> None:
    """Tell numba what to compile for these."""
    from numba.core import types
    from numba.extending import overload

    def are_whole(*kinds: Any) -> bool:
        return all(isinstance(each, types.Integer | types.Boolean) for each in kinds)

    def is_wide(*kinds: Any) -> bool:
        return any(
            not getattr(each, "signed", True) and getattr(each, "bitwidth", 0) > _BITS
            for each in kinds
        )

    # Their arguments have the names and annotations of what is compiled for them.
    def put(function: Any, checked: Any, otherwise: Any) -> None:
        guarded = _guarded(function)

        def choose(a: Any, b: Any) -> Any:
            if are_whole(a, b):
                return guarded if is_wide(a, b) else checked
            return otherwise

        overload(function)(choose)

    def put_single(function: Any, checked: Any, otherwise: Any) -> None:
        guarded = _guarded_single(function)

        def choose(x: Any) -> Any:
            if are_whole(x):
                return guarded if is_wide(x) else checked
            return otherwise

        overload(function)(choose)

    put(add, _add, _plain_add)
    put(subtract, _subtract, _plain_subtract)
    put(multiply, _multiply, _plain_multiply)
    put(shift, _shift, _plain_shift)
    put_single(negate, _negate, _plain_negate)
    put_single(integer, _same, _integer)
    put_single(rounded, _same, _rounded)


# What is compiled. Words of errors are constants there.


def _guarded(function: Any) -> Any:
    """Take operands that may be unsigned."""

    def guarded(a: Any, b: Any) -> Any:
        # Not compared with 2**63: numba compares signed and unsigned as floats.
        x, y = np.int64(a), np.int64(b)
        if (a > 0 and x < 0) or (b > 0 and y < 0):
            raise OverflowError(BEYOND)
        return function(x, y)

    return guarded


def _guarded_single(function: Any) -> Any:
    def guarded(x: Any) -> Any:
        value = np.int64(x)
        if x > 0 and value < 0:
            raise OverflowError(BEYOND)
        return function(value)

    return guarded


def _plain_add(a: Any, b: Any) -> Any:
    return a + b


def _plain_subtract(a: Any, b: Any) -> Any:
    return a - b


def _plain_multiply(a: Any, b: Any) -> Any:
    return a * b


def _plain_shift(a: Any, b: Any) -> Any:
    return a << b


def _plain_negate(x: Any) -> Any:
    return -x


def _same(x: Any) -> Any:
    return np.int64(x)


def _add(a: Any, b: Any) -> Any:
    x, y = np.int64(a), np.int64(b)
    result = x + y
    if (x ^ result) & (y ^ result) < 0:
        raise OverflowError(BEYOND)
    return result


def _subtract(a: Any, b: Any) -> Any:
    x, y = np.int64(a), np.int64(b)
    result = x - y
    if (x ^ y) & (x ^ result) < 0:
        raise OverflowError(BEYOND)
    return result


def _multiply(a: Any, b: Any) -> Any:
    x, y = np.int64(a), np.int64(b)
    result = x * y
    # What wrapped is 2**64 off or more, the product of floats less than 2**12 where it
    # did not.
    if abs(float(x) * float(y) - float(result)) > _FAR:
        raise OverflowError(BEYOND)
    return result


def _shift(a: Any, b: Any) -> Any:
    x, y = np.int64(a), np.int64(b)
    if y < 0:
        raise ValueError("negative shift count")
    if x == 0:
        return x
    if y > _BITS:
        raise OverflowError(BEYOND)
    result = x << y
    if result >> y != x:
        raise OverflowError(BEYOND)
    return result


def _negate(x: Any) -> Any:
    value = np.int64(x)
    if value == _LEAST:
        raise OverflowError(BEYOND)
    return -value


def _integer(x: Any) -> Any:
    if not np.isfinite(x):
        raise ValueError(_NONE)
    if x < -_EDGE or x >= _EDGE:
        raise OverflowError(BEYOND)
    return np.int64(x)


def _rounded(x: Any) -> Any:
    if not np.isfinite(x):
        raise ValueError(_NONE)
    if x < -_EDGE or x >= _EDGE:
        raise OverflowError(BEYOND)
    return np.int64(np.rint(x))
