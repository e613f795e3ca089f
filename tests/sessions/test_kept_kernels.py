"""The kernels that handlers are made of: kept by one process, read by the next."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from app.engine.compile import IN_BUILD_SERVER

_SCRIPT = """
import json, sys
from pathlib import Path
from numba.core import dispatcher
from app.engine import strategy_math
from app.engine.compile import Entry, compile_all
from app.strategies import kept_kernels

kept_kernels.install(Path(sys.argv[1]))
compiled, plain = [], dispatcher._FunctionCompiler.compile

def listed(self, *given):
    compiled.append(self.py_func.__name__)
    return plain(self, *given)

def probe(a: int, b: int, c: int) -> int:
    root = strategy_math.sqrt(c)
    return strategy_math.floor(strategy_math.power(a, b) / root)

dispatcher._FunctionCompiler.compile = listed
made = Path(sys.argv[2])
made.mkdir()
handler = Entry(probe, made)
compile_all([handler])
print(json.dumps([compiled, handler(7, 5, 3)]))
"""


def _compiled(kernels: Path, made: Path) -> Any:
    done = subprocess.run(
        [sys.executable, "-c", _SCRIPT, str(kernels), str(made)],
        env={"PATH": "", IN_BUILD_SERVER: "1", "PYTHONPATH": ":".join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_second_process_reads_kernels_and_none_that_is_not_whole(
    tmp_path: Path,
) -> None:
    kernels, answer = tmp_path / "kernels", int(7**5 / 3**0.5)
    compiled, value = _compiled(kernels, tmp_path / "first")
    assert {"probe", "power", "sqrt", "floor"} <= set(compiled)
    assert value == answer

    compiled, value = _compiled(kernels, tmp_path / "second")
    assert compiled == ["probe"]
    assert value == answer

    for file in kernels.iterdir():
        file.write_bytes(file.read_bytes()[:-1])
    compiled, value = _compiled(kernels, tmp_path / "third")
    assert {"probe", "power", "sqrt", "floor"} <= set(compiled)
    assert value == answer
    assert _compiled(kernels, tmp_path / "fourth") == [["probe"], answer]
