"""Addresses: the only place where kernels turn an int64 into memory or a call.

Everything a kernel works on is reached from one int64, the address of an arena, a ring
or a record. `view` lays a typed array over an address; `call` calls an entry.
"""

from typing import Any

import numpy as np
from llvmlite import ir

from app.engine.compile import intrinsic, kernel
from app.engine.late import carray, cgutils, types

_INT64 = ir.IntType(64)


@intrinsic
def _pointer(typing_context: Any, address: Any) -> Any:
    """Turn an address into a void pointer."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.inttoptr(args[0], context.get_value_type(types.voidptr))

    return types.voidptr(types.int64), codegen


@kernel
def view(address: int, length: int, dtype: Any) -> Any:
    """Lay a one-dimensional array of `length` records of `dtype` over an address."""
    return carray(_pointer(address), (length,), dtype)


@kernel
def words(address: int, length: int) -> Any:
    """Lay an int64 array over an address."""
    return carray(_pointer(address), (length,), np.int64)


@intrinsic
def call(typing_context: Any, address: Any, first: Any, second: Any, third: Any) -> Any:
    """Call the entry at `address`."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_INT64, [_INT64] * 3)
        function = builder.inttoptr(args[0], kind.as_pointer())
        return builder.call(function, args[1:])

    return types.int64(*[types.int64] * 4), codegen


@intrinsic
def copy_bytes(typing_context: Any, target: Any, source: Any, length: Any) -> Any:
    """Copy `length` bytes between addresses that do not overlap."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        target, source = (builder.inttoptr(each, byte) for each in args[:2])
        cgutils.raw_memcpy(builder, target, source, args[2], 1)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64, types.int64), codegen


@intrinsic
def clear_bytes(typing_context: Any, target: Any, length: Any) -> Any:
    """Set `length` bytes to zero."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        cgutils.memset(builder, builder.inttoptr(args[0], byte), args[1], 0)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def address_of(typing_context: Any, array: Any, index: Any) -> Any:
    """Address of element `index` of a one-dimensional array."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        from numba.np import arrayobj

        kind = signature.args[0]
        made = arrayobj.make_array(kind)(context, builder, args[0])
        pointer = cgutils.get_item_pointer(
            context, builder, kind, made, [args[1]], wraparound=False
        )
        return builder.ptrtoint(pointer, _INT64)

    return types.int64(array, types.int64), codegen


@intrinsic
def record_address(typing_context: Any, record: Any) -> Any:
    """Address of a record."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.ptrtoint(args[0], _INT64)

    return types.int64(record), codegen
