"""One message of the matching engine; a regression delays every order and every book.

The flow is that of the peers' benchmark: 50 % limit orders that rest, 40 % cancels of a
live order, 10 % market orders, round a moving mid, about 10,000 orders live. It is made
here anew from its definition and replayed as 128-byte COMMANDs in one call; executions,
volume and checksum must be those of the peers' own matcher. Beside the peers' folder
their hand-written matchers are run in between, so that ratios come from one run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.engine.arena import Arena, Section
from app.engine.bits import integer
from app.engine.compile import entry, kernel
from app.engine.exchange.unit import match_batch
from app.engine.matching import match
from app.engine.matching_ids import find_order
from app.engine.matching_state import (
    match_level,
    match_side,
    matching_layout,
    open_matching,
)
from app.engine.memory import view, words
from app.engine.records import BUY, COMMAND, SELL, Action, OrderType, TimeInForce
from app.engine.state import fixed_layout

COUNT: Final = 2_000_000
ROUNDS: Final = 7
SEED: Final = 11
EXPECTED: Final = {
    "executions": 433_321,
    "volume": 12_054_826,
    "turnover": 361_721_209_733,
}
"""Of `COUNT` messages, by the peers' reference matcher."""
_LIVE: Final = 10_000
_POOL: Final = 12_000
_OUTPUT_ROOM: Final = 1_000
_OWNERS: Final = 64
_TAKER: Final = 1000
_PEERS: Final = {
    "reference_ns_per_message": "match_numba_ref.py",
    "pooled_reference_ns_per_message": "match_numba_pool.py",
}
DRAWS, NORMALS, LIVE, COMMANDS, MESSAGES = range(5)
"""Words of the plan that `make_flow` takes."""


@kernel
def _touch(arena: int, side: int, none: int) -> int:
    """Best price of a side."""
    level = match_side(arena, 2 + (side < 0))["best"]
    return int(match_level(arena, level)["price"]) if level else none


@kernel
def _pick(arena: int, live: Any, count: int, share: float) -> int:
    """Place of a live order in the list, which loses the dead ones that are met."""
    while True:
        at = min(int(share * count), count - 1)
        key = live[at]
        if find_order(arena, 1 + key % _OWNERS, key):
            return at
        count -= 1
        live[at] = live[count]
        live[-1] = count
        share = (share * 7.31 + 0.137) % 1.0


@kernel
def _resting_price(arena: int, side: int, mid: float, share: float) -> int:
    distance = 1 + int(-np.log(1 - share) * 12.0)
    if side > 0:
        return min(int(mid) - distance, _touch(arena, SELL, 65535) - 1)
    return max(int(mid) + 1 + distance, _touch(arena, BUY, 0) + 1)


@kernel
def _kind(number: int, resting: int, share: float) -> int:
    """0 limit order, 1 cancel, 2 market order; the live ones stay about `_LIVE`."""
    if number < _LIVE:
        return 0
    if share < 0.5:
        return 0 if resting < _LIVE + 300 else 1
    if share < 0.9:
        return 1 if resting > _LIVE - 300 else 0
    return 2


@entry
def make_flow(arena: int, plan: int, _unused: int) -> int:
    """Write the messages, each matched as it is made, so that cancels find an order."""
    table = words(plan, 5)
    count = integer(table[MESSAGES])
    draws = view(table[DRAWS], 4 * count, np.float64)
    normals = view(table[NORMALS], count, np.float64)
    live = words(table[LIVE], count + 1)
    commands = view(table[COMMANDS], count, COMMAND)
    mid = 30000.0
    for i in range(count):
        mid += normals[i] * 0.15
        mid += (30000.0 - mid) * 1e-5
        command = commands[i]
        side = 1 if draws[4 * i + 1] < 0.5 else -1
        resting = match_side(arena, 2)["orders"] + match_side(arena, 3)["orders"]
        kind = _kind(i, resting, draws[4 * i])
        key = i + 1
        owner = 1 + key % _OWNERS
        action = 1
        if kind == 0:
            command["price"] = _resting_price(arena, side, mid, draws[4 * i + 2])
            command["quantity"] = 1 + int(draws[4 * i + 3] * 100)
            live[live[-1]] = key
            live[-1] += 1
        elif kind == 1:
            action = 2
            at = _pick(arena, live, live[-1], draws[4 * i + 2])
            key = live[at]
            owner = 1 + key % _OWNERS
            live[-1] -= 1
            live[at] = live[live[-1]]
        else:
            owner = _TAKER
            command["order_type"] = OrderType.MARKET
            command["quantity"] = 1 + int(draws[4 * i + 3] * 120)
        command["action"] = action
        command["side"] = side
        command["client_order_id"] = key
        command["account"] = owner
        match(arena, command)
    return count


def new_engine(outputs: int = 0) -> Arena:
    """Make an empty matching engine of one instrument."""
    layout = fixed_layout(1) | matching_layout(1, _POOL, _OUTPUT_ROOM)
    arena = Arena(layout)
    open_matching(arena, 1, outputs)
    rules = arena.records(Section.INSTRUMENTS)[0]
    rules["bands"], rules["protection_ticks"] = 1, -1
    arena.records(Section.TICK_BANDS)[0] = (-(2**63), 1)
    return arena


def flow(count: int = COUNT, seed: int = SEED) -> Any:
    """Make the messages as COMMANDs."""
    random = np.random.default_rng(seed)
    draws, normals = random.random((count, 4)), random.standard_normal(count)
    commands = np.zeros(count, COMMAND)
    commands["order_type"] = OrderType.LIMIT
    commands["time_in_force"] = TimeInForce.GTC
    commands["protection_ticks"] = -1
    live = np.zeros(count + 1, np.int64)
    arrays = (draws, normals, live, commands)
    plan = np.array([each.ctypes.data for each in arrays] + [count], np.int64)
    arena = new_engine()
    make_flow(arena.address, plan.ctypes.data)
    assert set(np.unique(commands["action"])) == {Action.NEW, Action.CANCEL}
    return commands


def replay(commands: Any, outputs: int = 0) -> tuple[float, dict[str, int]]:
    """Replay the messages; nanoseconds per message, and what the engine counted."""
    arena = new_engine(outputs)
    address, count, done = commands.ctypes.data, len(commands), 0
    start = time.perf_counter_ns()
    while done < count:
        rest = address + COMMAND.itemsize * done
        done += match_batch(arena.address, rest, count - done)
    elapsed = time.perf_counter_ns() - start
    counted = arena.records(Section.MATCHING)[0]
    return elapsed / count, {name: int(counted[name]) for name in EXPECTED}


def run(settings: dict[str, Any] | None = None) -> dict[str, Any]:
    """Replay several rounds, without and with all outputs written."""
    commands = flow()
    quiet: list[float] = []
    loud: list[float] = []
    peers: dict[str, list[float]] = {name: [] for name in _PEERS}
    for number in range(ROUNDS):
        for rounds, outputs in ((quiet, 0), (loud, 3)):
            elapsed, counted = replay(commands, outputs)
            assert counted == EXPECTED, counted
            rounds.append(elapsed)
        if number % 2 == 0:
            _run_peers(peers)
    figures: dict[str, Any] = {"messages": COUNT, "rounds": ROUNDS, "seed": SEED}
    figures |= EXPECTED
    figures["ns_per_message"] = min(quiet)
    figures["median_ns_per_message"] = float(np.median(quiet))
    figures["with_outputs_ns_per_message"] = min(loud)
    for name, found in peers.items():
        if found:
            figures[name] = float(np.median(found))
            ratio = float(np.median(quiet) / np.median(found))
            figures[name.replace("_ns_per_message", "_ratio")] = ratio
    return figures


def _peers_folder() -> Path | None:
    """Where the others' benchmarks are, if they are here."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "peers"
    folder = Path(os.environ.get("RINGSIDE_PEERS", beside))
    return folder if (folder / "match_data.py").exists() else None


def _run_peers(figures: dict[str, list[float]]) -> None:
    """Run the peers' matchers on the same flow; add their times per message."""
    folder = _peers_folder()
    if folder is None:
        return
    home = Path(tempfile.gettempdir()) / "peers"
    environment = {"PEERS_HOME": str(home), "PYTHONDONTWRITEBYTECODE": "1"}
    for name, script in _PEERS.items():
        done = subprocess.run(
            [sys.executable, script, "--n", str(COUNT)],
            cwd=folder,
            env=environment | dict(os.environ),
            capture_output=True,
            text=True,
            check=True,
        )
        told = json.loads(done.stdout.splitlines()[-1])
        assert told["matches_reference"]
        assert told["executions"] == EXPECTED["executions"]
        figures[name].append(float(told["ns_per_msg"]))


if __name__ == "__main__":
    print(json.dumps(run(), indent=2))
