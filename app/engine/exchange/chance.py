"""Random numbers of the agents: a generator whose state lies in the arena.

SplitMix64 (Steele, Lea and Flood 2014, "Fast splittable pseudorandom number
generators", figure 16). Only + - × ÷ are used to shape its numbers, so that a seed
means the same market on every machine.
"""

from typing import Final

import numpy as np

from app.engine.compile import kernel
from app.engine.exchange.state import exchange

_STEP: Final = np.uint64(0x9E3779B97F4A7C15)
_FIRST: Final = np.uint64(0xBF58476D1CE4E5B9)
_SECOND: Final = np.uint64(0x94D049BB133111EB)
_30: Final = np.uint64(30)
_27: Final = np.uint64(27)
_31: Final = np.uint64(31)
_11: Final = np.uint64(11)


@kernel
def uniform(arena: int) -> float:
    """Draw from [0, 1)."""
    state = exchange(arena)[0]
    state["random"] += _STEP
    mixed = state["random"]
    mixed = (mixed ^ (mixed >> _30)) * _FIRST
    mixed = (mixed ^ (mixed >> _27)) * _SECOND
    mixed ^= mixed >> _31
    return float(np.int64(mixed >> _11)) * 2.0**-53


@kernel
def below(arena: int, count: int) -> int:
    """Draw from 0 … count - 1."""
    return min(int(uniform(arena) * count), count - 1)


@kernel
def bell(arena: int) -> float:
    """Draw with mean 0 and deviation 1, roughly normal: a sum of four uniforms."""
    total = uniform(arena) + uniform(arena) + uniform(arena) + uniform(arena)
    return (total - 2.0) * 1.7320508075688772


@kernel
def heavy(arena: int, longest: float) -> float:
    """Draw from (0, longest) with median about 1 and a tail that falls as 1/x."""
    share = uniform(arena)
    return share / (1.0 - share + 1.0 / longest)


@kernel
def either_side(arena: int, buy_share: float) -> int:
    """Draw +1 with this probability, else -1."""
    return 1 if uniform(arena) < buy_share else -1
