"""Machine code on disk: kept once it is compiled, loaded without the compiler.

A file holds one entry: a checksum, the name of its C function, a zero byte, the object
code as LLVM wrote it. It is loaded by LLVM's own linker, so the compiler (numba) need
not be there. What the code calls of numba's runtime, all of it on the path of an error,
stands in for itself here: an entry that raises says so on the standard error stream and
returns 0.
"""

import os
import tempfile
import zlib
from functools import cache
from pathlib import Path
from typing import Any, Final

import llvmlite.binding as llvm

_CHECKSUM_BYTES: Final = 4
_RUNTIME: Final = """
declare i32 @PyGILState_Ensure()
declare void @PyGILState_Release(i32)
declare void @PyErr_SetString(ptr, ptr)
declare void @free(ptr)
@PyExc_RuntimeError = external global ptr
@words = private constant [35 x i8] c"compiled code raised an exception.\\00"

define void @numba_gil_ensure(ptr %state) {
  %held = call i32 @PyGILState_Ensure()
  store i32 %held, ptr %state
  ret void
}
define void @numba_gil_release(ptr %state) {
  %held = load i32, ptr %state
  call void @PyGILState_Release(i32 %held)
  ret void
}
define ptr @numba_unpickle(ptr %bytes, i32 %length, ptr %digest) {
  %kind = load ptr, ptr @PyExc_RuntimeError
  call void @PyErr_SetString(ptr %kind, ptr @words)
  ret ptr null
}
define ptr @numba_runtime_build_excinfo_struct(ptr %builder, ptr %arguments) {
  %kind = load ptr, ptr @PyExc_RuntimeError
  call void @PyErr_SetString(ptr %kind, ptr @words)
  ret ptr null
}
define i32 @numba_do_raise(ptr %raised) {
  ret i32 0
}
define void @NRT_Free(ptr %memory) {
  call void @free(ptr %memory)
  ret void
}
define void @NRT_MemInfo_call_dtor(ptr %memory) {
  ret void
}
"""


@cache
def _target() -> Any:
    """What code is made for: this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple()


def _engine(source: str = "") -> Any:
    """Make a linker and loader for one piece of code."""
    # One each: an engine takes its machine along when it goes.
    machine = _target().create_target_machine(codemodel="jitdefault", jit=True)
    module = llvm.parse_assembly(source)
    module.triple = machine.triple
    module.data_layout = str(machine.target_data)
    return llvm.create_mcjit_compiler(module, machine)


@cache
def _runtime() -> Any:
    """Offer what compiled code calls of numba's runtime, unless numba is there."""
    engine = _engine(_RUNTIME)
    engine.finalize_object()
    for line in _RUNTIME.splitlines():
        if line.startswith("define"):
            name = line.partition("@")[2].partition("(")[0]
            if not llvm.address_of_symbol(name):
                llvm.add_symbol(name, engine.get_function_address(name))
    return engine


class DamagedError(ValueError):
    """A file of machine code is not as it was written: cut off, or changed."""


def packed(symbol: str, code: bytes) -> bytes:
    """Content of an entry's file: checksum, symbol, a zero byte, object code."""
    content = symbol.encode() + b"\0" + code
    return zlib.crc32(content).to_bytes(_CHECKSUM_BYTES, "little") + content


def save(path: Path, symbol: str, code: bytes) -> None:
    """Write an entry's file, whole or not at all."""
    with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
        file.write(packed(symbol, code))
    os.replace(file.name, path)


def load(content: bytes) -> tuple[int, Any]:
    """Load an entry from the content of its file.

    Returns
    -------
    (int, object)
        Address of the function; what keeps it loaded.

    Raises
    ------
    DamagedError
        If the checksum is another. LLVM would crash the process.
    """
    symbol, _, code = content[_CHECKSUM_BYTES:].partition(b"\0")
    if content != packed(symbol.decode(errors="replace"), code):
        raise DamagedError
    keeper = (_runtime(), engine := _engine())
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine.get_function_address(symbol.decode()), keeper
