"""Arithmetic of handlers, the same compiled and interpreted, bit for bit.

A handler's `**`, `/`, `//`, `%`, its transcendentals and its reductions become calls of
these in both ways of running: libraries differ in the last bit (`x ** 3` in a quarter
of all cases, sums in a third), and Python divides by zero otherwise than numpy does.
Sums go from the first to the last value.
"""

import math
from typing import Any

import numpy as np

from app.engine.compile import checked_kernel


@checked_kernel
def divide(a: Any, b: Any) -> Any:
    """`a / b`; ZeroDivisionError as in Python."""
    return a / b


@checked_kernel
def floor_divide(a: Any, b: Any) -> Any:
    """`a // b`."""
    return a // b


@checked_kernel
def modulo(a: Any, b: Any) -> Any:
    """`a % b`."""
    return a % b


@checked_kernel
def power(a: Any, b: Any) -> Any:
    """`a ** b`, always a float."""
    return math.pow(float(a), float(b))


@checked_kernel
def exp(x: Any) -> float:
    """E to the power of x."""
    return math.exp(x)


@checked_kernel
def log(x: Any) -> float:
    """Natural logarithm."""
    return math.log(x)


@checked_kernel
def log10(x: Any) -> float:
    """Logarithm to base ten."""
    return math.log10(x)


@checked_kernel
def sqrt(x: Any) -> float:
    """Square root."""
    if x < 0:
        raise ValueError("math domain error")
    return math.sqrt(x)


@checked_kernel
def sin(x: Any) -> float:
    """Sine."""
    return math.sin(x)


@checked_kernel
def cos(x: Any) -> float:
    """Cosine."""
    return math.cos(x)


@checked_kernel
def tanh(x: Any) -> float:
    """Hyperbolic tangent."""
    return math.tanh(x)


@checked_kernel
def floor(x: Any) -> int:
    """Largest integer not above x."""
    return math.floor(x)


@checked_kernel
def ceil(x: Any) -> int:
    """Smallest integer not below x."""
    return math.ceil(x)


@checked_kernel
def isnan(x: Any) -> bool:
    """Whether x is not a number."""
    return math.isnan(x)


@checked_kernel
def total(values: Any) -> float:
    """Sum, from the first to the last."""
    result = 0.0
    for i in range(len(values)):
        result += values[i]
    return result


@checked_kernel
def dot(a: Any, b: Any) -> float:
    """Sum of the products of two arrays' elements, from the first to the last."""
    if a.ndim != 1 or b.ndim != 1 or len(a) != len(b):
        raise ValueError("np.dot takes two arrays of one dimension and length")
    result = 0.0
    for i in range(len(a)):
        result += a[i] * b[i]
    return result


@checked_kernel
def mean(values: Any) -> float:
    """Arithmetic mean."""
    return total(values) / len(values)


@checked_kernel
def std(values: Any) -> float:
    """Standard deviation of the population (divided by n)."""
    middle = mean(values)
    result = 0.0
    for i in range(len(values)):
        result += (values[i] - middle) * (values[i] - middle)
    return math.sqrt(result / len(values))


@checked_kernel
def largest(values: Any) -> float:
    """Largest value."""
    result = values[0]
    for i in range(1, len(values)):
        result = max(result, values[i])
    return result


@checked_kernel
def smallest(values: Any) -> float:
    """Smallest value."""
    result = values[0]
    for i in range(1, len(values)):
        result = min(result, values[i])
    return result


@checked_kernel
def whole(value: Any) -> Any:
    """An integer, as it is; a float is a TypeError, which no state of int takes."""
    return value | 0


@checked_kernel
def number(value: Any) -> float:
    """A number as a float."""
    return np.float64(value)
