"""A strategy with a slip is told which, where and what was meant; nothing hangs."""

import math
from pathlib import Path
from typing import Any

import pytest

from app.errors import StrategyError
from app.sessions.backtest.request import parse_request
from app.sessions.backtest.run import Backtest
from app.strategies import slips
from app.strategies.loader import load_file
from app.strategies.running import prepare
from tests.bar_catalog import walk, write_bars

HEAD = "import math\nfrom app.strategies import *\n\n\nclass Own(Strategy):\n"


def written(folder: Path, body: str) -> Path:
    path = folder / "own.py"
    path.write_text(HEAD + body)
    return path


def refused(folder: Path, body: str) -> str:
    with pytest.raises(StrategyError) as caught:
        prepare(load_file(written(folder, body)), interpreted=True)
    return str(caught.value)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (
            "    def on_bar(self, bar):\n        pass\n",
            "own.py: line 6: Own.on_bar takes (self, ctx, bar), was (self, bar)",
        ),
        (
            "    def on_bar(self, context, bar):\n        pass\n",
            "takes (self, ctx, bar), was (self, context, bar)",
        ),
        (
            "    def on_bar(self, ctx, bar):\n        ctx.plot('x', bar.closing)\n",
            "line 7: bar has no 'closing', it has instrument, ts, open, high, low, "
            "close, volume, trades; did you mean 'close'?",
        ),
        (
            "    def on_bar(self, ctx, bar):\n        x = ctx.postion(0)\n",
            "line 7: ctx has no 'postion'; did you mean 'position'?",
        ),
        (
            "    def on_bar(self, ctx, bar):\n        ctx.plot('x', close)\n",
            "line 7: name 'close' is not defined; did you mean 'bar.close'?",
        ),
        (
            "    def on_bar(self, ctx, bar):\n        ctx.buy('AAPL', 1)\n",
            "line 7: ctx.buy takes numbers, not 'AAPL'; an instrument's is "
            "ctx.instrument('AAPL')",
        ),
        (
            "    def on_bar(self, ctx, bar):\n        x = ctx.history(0, 5)\n",
            "line 7: ctx.history needs history_length",
        ),
        (
            "    def each(self, x):\n        return x\n\n"
            "    def on_bar(self, ctx, bar):\n        pass\n",
            "line 6: Own.each replaces a method of Strategy",
        ),
        (
            "    def __init__(self):\n        self.closes = []\n\n"
            "    def on_bar(self, ctx, bar):\n        pass\n",
            "line 7: Own: self.closes is a list; state is numbers",
        ),
        (
            "    def __init__(self):\n        self.n = 1 / 0\n\n"
            "    def on_bar(self, ctx, bar):\n        pass\n",
            "line 7: Own: __init__ raised ZeroDivisionError",
        ),
        (
            "    def __init__(self):\n        raise SystemExit(3)\n\n"
            "    def on_bar(self, ctx, bar):\n        pass\n",
            "line 7: Own: __init__ ends the program",
        ),
        (
            "    def on_tick(self, ctx, tick):\n        pass\n",
            "it has no strategy: Own: there is no event for on_tick",
        ),
    ],
)
def test_a_slip_is_told_with_its_line(tmp_path: Path, body: str, words: str) -> None:
    assert words in refused(tmp_path, body)


def test_what_is_sound_is_not_taken_for_a_slip(tmp_path: Path) -> None:
    body = """
    history_length = 5

    def on_bar(self, ctx, bar):
        import math as m
        values = [each * 2.0 for each in (1.0, 2.0)]
        def twice(x): return x + bar.close
        try:
            total = sum(values) + m.sqrt(twice(1.0)) + math.pi
        except ValueError as error:
            raise error
        self.helped(ctx, total)

    def helped(self, ctx, total):
        for i in range(3):
            ctx.plot("x", total + i + len(ctx.history(0, 2)))
"""

    assert prepare(load_file(written(tmp_path, body)), interpreted=True).handlers


def test_a_file_that_never_ends_is_given_up(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text("while True:\n    try:\n        pass\n    except Exception: pass\n")

    with pytest.raises(StrategyError, match="its lines did not end within"):
        load_file(path)


def test_a_file_that_ends_the_program_ends_nothing(tmp_path: Path) -> None:
    path = tmp_path / "own.py"
    path.write_text("import sys\n\nsys.exit(3)\n")

    with pytest.raises(StrategyError, match=r"own\.py:3: SystemExit: 3"):
        load_file(path)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('raise ValueError(f"at {self.n}")', "ValueError: at 5 (line 12)"),
        ('assert self.n < 5, f"at {self.n}"', "AssertionError: at 5 (line 12)"),
    ],
)
def test_what_fails_after_counting_is_found_again(
    tmp_path: Path, line: str, told: str
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    body = f"""
    def __init__(self):
        self.n = 0

    def on_bar(self, ctx, bar):
        self.n += 1
        if self.n == 5: {line}
"""
    own = written(tmp_path, body)

    end = Backtest(request(str(own)), catalog).run().strategies["one"]

    assert end.is_compiled, end.reason
    assert end.failure.endswith(told)


@pytest.mark.parametrize("interpreted", [False, True])
@pytest.mark.parametrize("place", ["the last bar", "on_stop"])
def test_what_fails_at_the_end_is_told(
    tmp_path: Path, place: str, *, interpreted: bool
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(20, 6))
    body = """
    def __init__(self):
        self.n = 0

    def on_bar(self, ctx, bar):
        self.n += 1
        if self.n == LAST: raise ValueError(f"at {self.n}")

    def on_stop(self, ctx):
        raise ValueError(f"stopped at {self.n}")
"""
    own = written(tmp_path, body.replace("LAST", "20" if place != "on_stop" else "0"))

    run = Backtest(request(str(own)), catalog, interpreted=interpreted)
    end = run.run().strategies["one"]

    assert end.is_compiled is not interpreted
    told = "stopped at 20 (line 15)" if place == "on_stop" else "at 20 (line 12)"
    assert end.failure.endswith(f"ValueError: {told}")


@pytest.mark.slow
def test_a_strategy_that_prints_runs_as_python_and_says_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    catalog = write_bars(tmp_path, "RSTK", walk(5, 6))
    own = written(
        tmp_path, "    def on_bar(self, ctx, bar):\n        print(bar.instrument)\n"
    )

    end = Backtest(request(str(own)), catalog).run().strategies["one"]

    assert end.reason.startswith("line 7: print is not compiled")
    assert capsys.readouterr().out == "0\n" * 5


def test_a_traceback_shows_the_file_alone() -> None:
    with pytest.raises(ValueError, match="math") as caught:
        math.sqrt(-1)

    assert slips.frames_in(caught.value, "own.py") == []
    assert slips.trace_of(caught.value, "own.py").startswith("ValueError: ")
    assert "math.sqrt(-1)" in slips.trace_of(caught.value, __file__)


def request(name: str) -> Any:
    strategy = {"id": "one", "name": name}
    return parse_request({"symbols": ["RSTK"], "strategies": [strategy]})
