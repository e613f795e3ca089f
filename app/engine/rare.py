"""Keeping what is rare out of line.

LLVM takes a function that has one caller into it, however large it is: the rare would
lie in the middle of a hot loop, slow it, and cost minutes of compiling.
"""

from typing import Any

from app.engine.compile import intrinsic
from app.engine.late import types


@intrinsic
def out_of_line(typing_context: Any) -> Any:
    """Keep the kernel that calls this a function of its own, seldom called.

    Put it first in the body; it compiles to nothing.
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        for attribute in ("noinline", "cold"):
            builder.function.attributes.add(attribute)
        return context.get_dummy_value()

    return types.void(), codegen
