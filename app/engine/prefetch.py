"""Prefetching: asking the memory for a line before it is needed.

Where the next messages are known, as in a batch, what they will touch can be fetched
while the present one is worked on. It changes no result.
"""

from typing import Any

from llvmlite import ir

from app.engine.compile import intrinsic
from app.engine.late import cgutils, types

_INT32 = ir.IntType(32)
_READ, _KEEP, _DATA = 0, 3, 1


@intrinsic
def prefetch(typing_context: Any, address: Any) -> Any:
    """Begin to load the cache line at `address`; any address is harmless."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        byte = ir.IntType(8).as_pointer()
        kind = ir.FunctionType(ir.VoidType(), [byte, _INT32, _INT32, _INT32])
        function = cgutils.get_or_insert_function(
            builder.module, kind, "llvm.prefetch.p0i8"
        )
        hints = [ir.Constant(_INT32, each) for each in (_READ, _KEEP, _DATA)]
        builder.call(function, [builder.inttoptr(args[0], byte), *hints])
        return context.get_dummy_value()

    return types.void(types.int64), codegen
