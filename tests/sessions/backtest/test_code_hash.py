"""The hash of a strategy's code, by which two runs are told to be of the same code."""

from pathlib import Path

from app.sessions.backtest.run_card import code_hash
from app.strategies.loader import load_file

SOURCE = """
from app.strategies import Strategy

def step(price):
    return price * {factor}

class Own(Strategy):
    def on_bar(self, ctx, bar):
        ctx.target(bar.instrument, step(bar.close))
"""


def hash_of(path: Path, factor: float) -> str:
    path.write_text(SOURCE.format(factor=factor), encoding="utf-8")
    return code_hash(load_file(path, again=True))


def test_a_function_beside_the_class_is_part_of_its_code(tmp_path: Path) -> None:
    path = tmp_path / "own.py"

    first, other, again = (hash_of(path, factor) for factor in (1.0, 2.0, 1.0))

    assert first != other
    assert again == first
