"""Arrays of two dimensions in a strategy's memory: a filter's covariance, say."""

from typing import Any

import numpy as np

from app.engine.compile import kernel
from app.engine.memory import view


@kernel
def float_grid(ctx: Any, at: int, columns: int, rows: int) -> Any:
    """Return rows x columns floats that lie row by row, `at` bytes from its begin."""
    return view(ctx.memory + at, rows * columns, np.float64).reshape((rows, columns))


@kernel
def int_grid(ctx: Any, at: int, columns: int, rows: int) -> Any:
    """Return rows x columns integers that lie row by row, `at` bytes from its begin."""
    return view(ctx.memory + at, rows * columns, np.int64).reshape((rows, columns))
