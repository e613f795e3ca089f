"""What comes from the operating system: clocks, naps, wake-ups, thread priority.

Every external symbol that compiled code calls is resolved here, when this module is
imported: a missing one would be a segmentation fault later, not an error. Linux is
supported; what differs between systems stands in this file alone.
"""

import ctypes
import errno
import mmap
import os
import threading
from typing import Any, Final

import llvmlite.binding
from llvmlite import ir

from app.engine.compile import intrinsic
from app.engine.late import cgutils, types
from app.errors import EngineError

_INT32 = ir.IntType(32)
_INT64 = ir.IntType(64)
_CLOCK_REALTIME: Final = 0
_CLOCK_MONOTONIC: Final = 1
_LOWEST_PRIORITY: Final = 19
_SYMBOLS: Final = (
    (None, "clock_gettime"),
    (None, "usleep"),
    (None, "write"),
    (None, "memcpy"),
    ("libgcc_s.so.1", "__divti3"),  # 128-bit division, for bits.scaled
    ("libgcc_s.so.1", "__modti3"),
    ("libgcc_s.so.1", "__udivti3"),  # where LLVM knows that neither is negative
    ("libgcc_s.so.1", "__umodti3"),
)


def _resolve() -> None:
    """Make sure that the process offers every symbol compiled code will call."""
    for library, symbol in _SYMBOLS:
        if llvmlite.binding.address_of_symbol(symbol):
            continue
        try:
            function = getattr(ctypes.CDLL(library), symbol)
        except (OSError, AttributeError) as problem:
            raise EngineError(
                f"this system lacks the C function {symbol!r}: {problem}"
            ) from problem
        address = ctypes.cast(function, ctypes.c_void_p).value
        assert address is not None
        llvmlite.binding.add_symbol(symbol, address)


_resolve()


def _clock(builder: Any, which: int) -> Any:
    """Emit a read of a POSIX clock, as nanoseconds."""
    pair = ir.LiteralStructType([_INT64, _INT64])
    kind = ir.FunctionType(_INT32, [_INT32, pair.as_pointer()])
    function = cgutils.get_or_insert_function(builder.module, kind, "clock_gettime")
    stamp = cgutils.alloca_once(builder, pair)
    builder.call(function, [ir.Constant(_INT32, which), stamp])
    value = builder.load(stamp)
    seconds, nanoseconds = (builder.extract_value(value, i) for i in (0, 1))
    scaled = builder.mul(seconds, ir.Constant(_INT64, 1_000_000_000))
    return builder.add(scaled, nanoseconds)


@intrinsic
def wall_clock_ns(typing_context: Any) -> Any:
    """Nanoseconds since 1970 UTC."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _clock(builder, _CLOCK_REALTIME)

    return types.int64(), codegen


@intrinsic
def monotonic_ns(typing_context: Any) -> Any:
    """Nanoseconds of a clock that never steps."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        return _clock(builder, _CLOCK_MONOTONIC)

    return types.int64(), codegen


@intrinsic
def nap_us(typing_context: Any, microseconds: Any) -> Any:
    """Sleep natively, without the GIL."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_INT32, [_INT32])
        function = cgutils.get_or_insert_function(builder.module, kind, "usleep")
        builder.call(function, [builder.trunc(args[0], _INT32)])
        return context.get_dummy_value()

    return types.void(types.int64), codegen


@intrinsic
def wake(typing_context: Any, descriptor: Any) -> Any:
    """Add one to an eventfd, which wakes the loop that watches it."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        kind = ir.FunctionType(_INT64, [_INT32, _INT64.as_pointer(), _INT64])
        function = cgutils.get_or_insert_function(builder.module, kind, "write")
        one = cgutils.alloca_once_value(builder, ir.Constant(_INT64, 1))
        descriptor = builder.trunc(args[0], _INT32)
        return builder.call(function, [descriptor, one, ir.Constant(_INT64, 8)])

    return types.int64(types.int64), codegen


_LIBC: Final = ctypes.CDLL(None, use_errno=True)  # its calls release the GIL
_PAGE: Final = mmap.PAGESIZE
_MADV_POPULATE_WRITE: Final = 23  # Linux 5.14
_MS_SYNC: Final = 4


def _on_pages(function: Any, address: int, length: int, how: int) -> None:
    """Call madvise or msync for the pages that hold some bytes."""
    start = address - address % _PAGE
    pages = ctypes.c_void_p(start), ctypes.c_size_t(address + length - start)
    if function(*pages, how):
        code = ctypes.get_errno()
        raise OSError(code, os.strerror(code))


def populate(address: int, length: int) -> bool:
    """Make mapped pages present and writable, whatever they hold.

    Returns
    -------
    bool
        False if this system cannot: pages are then faulted in as they are written.

    Raises
    ------
    OSError
        If there is no room behind the mapping: writing would raise SIGBUS.
    """
    try:
        _on_pages(_LIBC.madvise, address, length, _MADV_POPULATE_WRITE)
    except OSError as problem:
        if problem.errno != errno.EINVAL:
            raise
        return False
    return True


def sync_pages(address: int, length: int) -> None:
    """Wait until mapped bytes of a file are on its disk; without the GIL.

    Raises
    ------
    OSError
        If the disk failed.
    """
    _on_pages(_LIBC.msync, address, length, _MS_SYNC)


def lower_priority() -> None:
    """Give the calling thread the lowest priority, so that workers never delay us."""
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _LOWEST_PRIORITY)
