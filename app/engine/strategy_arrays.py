"""Arrays of two dimensions in a strategy's memory: a filter's covariance, say.

`reshape` would call a function of numba's library, which is not there once machine code
is loaded.
"""

from typing import Any

import numpy as np

from app.engine.compile import kernel
from app.engine.late import carray
from app.engine.memory import _pointer


@kernel
def float_grid(ctx: Any, at: int, columns: int, rows: int) -> Any:
    """Return rows x columns floats that lie row by row, `at` bytes from its begin."""
    return carray(_pointer(ctx.memory + at), (rows, columns), np.float64)


@kernel
def int_grid(ctx: Any, at: int, columns: int, rows: int) -> Any:
    """Return rows x columns integers that lie row by row, `at` bytes from its begin."""
    return carray(_pointer(ctx.memory + at), (rows, columns), np.int64)
