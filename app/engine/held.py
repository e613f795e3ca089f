"""Calling an entry without giving up the GIL: where it takes less than that would.

An `Entry` called from Python releases the GIL. With several threads whoever releases it
may wait for another's stretch of Python before it goes on, which is dear for a call of
some microseconds.
"""

import ctypes
from collections.abc import Callable
from functools import lru_cache
from typing import Any, Final

from app.engine.compile import Entry

_PROTOTYPE: Final = ctypes.PYFUNCTYPE(
    ctypes.c_int64, ctypes.c_int64, ctypes.c_int64, ctypes.c_int64
)
_KEPT: Final = 64


@lru_cache(maxsize=_KEPT)
def held(entry: Entry) -> Callable[[int, int, int], Any]:
    """The entry as a function that keeps the GIL."""
    return _PROTOTYPE(entry.address)
