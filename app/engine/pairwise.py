"""Adding floats in numpy's order, so that a kernel's sum is numpy's to the last bit.

Higham (1993), "The Accuracy of Floating Point Summation", section 3: adding by halves
loses O(log n) bits where one after another loses O(n). The order is that of
`numpy.add.reduce` over contiguous float64.
"""

from typing import Any, Final

import numpy as np

from app.engine.compile import kernel
from app.engine.memory import view, words

_BLOCK: Final = 128
"""Floats that numpy adds up before it halves what it is given."""
_DEPTH: Final = 64
STACK_WORDS: Final = 4 * _DEPTH
"""Words of scratch that `pairwise` takes."""


@kernel
def _block_sum(values: Any, first: int, count: int) -> float:
    """Add up to 128 floats as numpy does: in eight lanes, the rest behind them."""
    if count < 8:
        total = -0.0
        for i in range(first, first + count):
            total += values[i]
        return total
    a, b, c, d = values[first], values[first + 1], values[first + 2], values[first + 3]
    e, f = values[first + 4], values[first + 5]
    g, h = values[first + 6], values[first + 7]
    whole = count - count % 8
    for i in range(first + 8, first + whole, 8):
        a += values[i]
        b += values[i + 1]
        c += values[i + 2]
        d += values[i + 3]
        e += values[i + 4]
        f += values[i + 5]
        g += values[i + 6]
        h += values[i + 7]
    total = ((a + b) + (c + d)) + ((e + f) + (g + h))
    for i in range(first + whole, first + count):
        total += values[i]
    return total


@kernel
def pairwise(values: Any, first: int, count: int, stack: int) -> float:
    """Add `count` floats from `first` on by halves.

    A half is a multiple of eight. The sum of a left half waits for that of the right
    one on a stack, in the `STACK_WORDS` words at `stack`.
    """
    if count <= _BLOCK:
        return _block_sum(values, first, count)
    at, size = words(stack, _DEPTH), words(stack + 8 * _DEPTH, _DEPTH)
    is_right = words(stack + 16 * _DEPTH, _DEPTH)
    left = view(stack + 24 * _DEPTH, _DEPTH, np.float64)
    at[0], size[0], is_right[0] = first, count, 0
    depth, total = 0, 0.0
    while True:
        # Down along the left, ...
        while size[depth] > _BLOCK:
            half = size[depth] // 2
            half -= half % 8
            at[depth + 1], size[depth + 1], is_right[depth + 1] = at[depth], half, 0
            depth += 1
        total = _block_sum(values, at[depth], size[depth])
        # ... up past what is done, and into the next right half.
        while depth > 0 and is_right[depth]:
            depth -= 1
            total = left[depth] + total
        if depth == 0:
            return total
        depth -= 1
        left[depth] = total
        half = size[depth] // 2
        half -= half % 8
        depth += 1
        at[depth], size[depth] = at[depth - 1] + half, size[depth - 1] - half
        is_right[depth] = 1
