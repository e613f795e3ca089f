"""Atomic loads and stores of int64 cells, which numba has not.

A store-release makes everything written before it visible to whoever load-acquires the
new value. Plain loads and stores do not: LLVM may keep a shared cell in a register for
ever (tests/engine/test_atomics.py shows the loop that hangs). Only `ring`, `log`,
`history` and the thread's control words may touch what another thread writes.
"""

import platform
from typing import Any

from llvmlite import ir

from app.engine.compile import intrinsic
from app.engine.late import cgutils, types

_INT64 = ir.IntType(64)


def _cell(builder: Any, address: Any) -> Any:
    return builder.inttoptr(address, _INT64.as_pointer())


@intrinsic
def load_acquire(typing_context: Any, address: Any) -> Any:
    """Read the int64 at `address`; later reads happen after it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return builder.load_atomic(_cell(builder, args[0]), "acquire", 8)

    return types.int64(types.int64), codegen


@intrinsic
def store_release(typing_context: Any, address: Any, value: Any) -> Any:
    """Write the int64 at `address`; earlier writes happen before it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.store_atomic(args[1], _cell(builder, args[0]), "release", 8)
        return context.get_dummy_value()

    return types.void(types.int64, types.int64), codegen


@intrinsic
def fence(typing_context: Any) -> Any:
    """Order all loads and stores before it against all after it, for every core."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        builder.fence("seq_cst")
        return context.get_dummy_value()

    return types.void(), codegen


@intrinsic
def pause(typing_context: Any) -> Any:
    """Tell the core that this is a spin loop (x86: pause; elsewhere nothing)."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        # No inline assembler: numba's loader of cached code cannot read it.
        if platform.machine() in ("x86_64", "AMD64"):
            kind = ir.FunctionType(ir.VoidType(), [])
            name = "llvm.x86.sse2.pause"
            hint = cgutils.get_or_insert_function(builder.module, kind, name)
            builder.call(hint, [])
        return context.get_dummy_value()

    return types.void(), codegen
