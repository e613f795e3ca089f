"""Arrays that a handler makes anew, of a size that its source says.

They lie in the frame of the function that makes them: nothing is taken and nothing
given back, and they are gone when it returns. So only names that never leave it become
these; `array_forms` sees to that.

As Python they are numpy's own; `offer` tells numba what to compile for them.
"""

from functools import cache
from typing import Any, Final

import numpy as np

from app.engine.compile import checked_kernel

NAMES: Final = ("fresh_floats", "fresh_ints", "filled_row", "filled_grid")
"""What rewritten source calls."""


def fresh_floats(rows: int, columns: int) -> Any:
    """Return zeros: so many, or rows x columns where there are columns."""
    return np.zeros((rows, columns) if columns else rows)


def fresh_ints(rows: int, columns: int) -> Any:
    """Return zeros of int64: so many, or rows x columns where there are columns."""
    return np.zeros((rows, columns) if columns else rows, np.int64)


@checked_kernel
def filled_row(values: Any, value: Any) -> Any:
    """Give every element of an array a value."""
    for i in range(len(values)):
        values[i] = value
    return values


@checked_kernel
def filled_grid(values: Any, value: Any) -> Any:
    """Give every element of an array of two dimensions a value."""
    for i in range(values.shape[0]):
        for j in range(values.shape[1]):
            values[i, j] = value
    return values


@cache
def offer() -> None:
    """Tell numba what to compile for these."""
    from numba.core import types

    _offer(fresh_floats, types.float64)
    _offer(fresh_ints, types.int64)


def _offer(function: Any, element: Any) -> None:
    from llvmlite import ir
    from numba.core import cgutils, types
    from numba.extending import lower_builtin, type_callable
    from numba.np.arrayobj import make_array, populate_array

    @type_callable(function)  # type: ignore[untyped-decorator]
    def type_fresh(_context: Any) -> Any:
        def typer(rows: Any, columns: Any) -> Any:
            if isinstance(rows, types.IntegerLiteral) and isinstance(
                columns, types.IntegerLiteral
            ):
                return types.Array(element, 2 if columns.literal_value else 1, "C")
            return None

        return typer

    @lower_builtin(function, types.IntegerLiteral, types.IntegerLiteral)  # type: ignore[untyped-decorator]
    def lower_fresh(context: Any, builder: Any, signature: Any, _args: Any) -> Any:
        rows, columns = (each.literal_value for each in signature.args)
        shape = (rows, columns) if columns else (rows,)
        strides = (8 * columns, 8) if columns else (8,)
        kind, word = context.get_value_type(element), ir.IntType(64)
        room = cgutils.alloca_once(builder, ir.ArrayType(kind, rows * max(columns, 1)))
        cgutils.memset(builder, room, word(8 * rows * max(columns, 1)), 0)
        made = make_array(signature.return_type)(context, builder)
        populate_array(
            made,
            data=builder.bitcast(room, kind.as_pointer()),
            shape=[word(each) for each in shape],
            strides=[word(each) for each in strides],
            itemsize=word(8),
            meminfo=None,
        )
        return made._getvalue()  # noqa: SLF001
