"""Strategies in a paper session on the built-in exchange, its engine running."""

import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from app import config
from app.engine.arena import Section
from app.engine.records import (
    COMMAND,
    NO_PRICE,
    Action,
    EventKind,
    OrderType,
    Reason,
    ReportType,
    SafetyState,
    TimeInForce,
)
from app.engine.strategy import StrategyState
from app.errors import StrategyError
from app.sessions.composition import PaperEngine
from app.sessions.hanging import hang_ready
from app.sessions.live_strategies import FILE, LiveStrategy, LiveTerms
from app.sessions.strategy_reading import fields, read
from tests.waiting import NEVER_S, eventually

pytestmark = [pytest.mark.threads, pytest.mark.slow]

MAKER = "Avellaneda-Stoikov Market Maker"
SYMBOL = "RSTK"


class Desk:
    """A paper session that is armed, and what was reported in it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        environment = {
            "RINGSIDE_PATHS_LOGS": str(folder / "logs"),
            "RINGSIDE_PATHS_DATA": str(folder / "catalog"),
            "RINGSIDE_PATHS_STRATEGIES": str(folder / "own"),
            "RINGSIDE_RISK_FILE": str(folder / "limits.toml"),
            "RINGSIDE_EXCHANGE_MESSAGES_PER_S": "2000",
        }
        self.failures: list[BaseException] = []
        settings = config.load(None, environment).settings
        self.engine = PaperEngine("exchange", settings, self.failures.append)
        self.strategies = self.engine.strategies
        self._reports: list[np.void] = []
        self.engine.start()

    def all_reports(self, number: int) -> list[np.void]:
        self._reports.extend(self.engine.events.drain())
        return [each for each in self._reports if each["strategy"] == number]

    def reports(self, number: int, kind: ReportType) -> list[np.void]:
        return [each for each in self.all_reports(number) if each["report"] == kind]

    def send(self, action: Action, **values: int) -> None:
        command = np.zeros(1, COMMAND)
        command["kind"], command["action"] = EventKind.COMMAND, action
        command["price"] = command["stop_price"] = NO_PRICE
        command["protection_ticks"] = -1
        for name, value in values.items():
            command[name] = value
        assert self.engine.submit(command)

    def arm(self) -> None:
        arena = self.engine.arena
        books = arena.records(Section.BOOKS)
        eventually(lambda: bool((books["last_price"][1:3] != 0).all()))
        self.send(Action.SET_STATE, value=SafetyState.ARMED, instrument=-1)
        session = arena.records(Section.ENGINE)[0]
        eventually(lambda: session["safety_state"] == SafetyState.ARMED)

    def own(self, body: str, name: str = "own") -> str:
        path = self.folder / f"{name}.py"
        path.write_text(
            "from app.strategies import *\n\n\nclass Own(Strategy):\n" + body
        )
        return str(path)

    def run(self, source: str, **terms: Any) -> LiveStrategy:
        made = self.strategies.add(LiveTerms(source, (SYMBOL,), **terms))
        self.strategies.start(made.number)
        return made

    def calls(self, live: LiveStrategy) -> int:
        return read(self.engine.arena, self.engine.thread.control, live).calls

    def is_in(self, live: LiveStrategy, state: StrategyState) -> Callable[[], bool]:
        return lambda: self.strategies.state(live.number) is state


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    one = Desk(tmp_path)
    try:
        one.arm()
        yield one
        assert not one.failures
        assert one.engine.thread.is_running
    finally:
        one.engine.stop()


COUNTS = """
    step: int = 1
    length: int = 4

    def __init__(self):
        self.seen = 0
        self.values = self.each(0.0)
        self.average = SMA(self.length)

    def on_trade(self, ctx, trade):
        self.seen += self.step
        self.values[trade.instrument] = trade.price
        self.average.update(trade.price)
        ctx.plot("average", self.average.value)
        if self.seen == 3:
            ctx.log("three")
"""


def field(desk: Desk, live: LiveStrategy, name: str) -> str:
    names = [each.name for each in desk.engine.instruments]
    rows = fields(desk.engine.arena, live, names)
    return next(each.value for each in rows if each.name == name)


def whole(desk: Desk, live: LiveStrategy, name: str) -> int:
    return int(field(desk, live, name).replace(",", ""))


def test_a_market_maker_trades_under_its_own_number(desk: Desk) -> None:
    parameters = {"quantity": 10.0, "intensity": 500.0}

    live = desk.run(MAKER, parameters=parameters)

    assert live.ready.runnable.is_compiled
    eventually(lambda: len(desk.reports(live.number, ReportType.FILL)) > 0)
    # Between two events: it is worth something else at the next.
    told, account = desk.engine.thread.change(
        lambda: (
            read(desk.engine.arena, desk.engine.thread.control, live),
            desk.engine.arena.records(Section.ACCOUNTS)[1].copy(),
        )
    ).result(NEVER_S)
    assert told.state is StrategyState.RUNNING
    assert told.calls > 0
    assert told.timed > 0
    assert told.timed_ns > 0
    assert told.equity == account["equity"]
    assert '"added"' in (desk.engine.log.directory / FILE).read_text()


def test_pause_cancels_entries_and_a_resume_goes_on_with_its_state(desk: Desk) -> None:
    live = desk.run(desk.own(COUNTS))
    eventually(lambda: desk.calls(live) > 5)

    desk.strategies.pause(live.number)
    eventually(desk.is_in(live, StrategyState.PAUSED))
    calls, seen = desk.calls(live), field(desk, live, "seen")
    records = desk.engine.arena.records(Section.ENGINE)[0]
    before = int(records["market_records"])
    eventually(lambda: int(records["market_records"]) > before + 200)
    assert (desk.calls(live), field(desk, live, "seen")) == (calls, seen)

    desk.strategies.start(live.number)
    eventually(lambda: desk.calls(live) > calls)
    eventually(lambda: whole(desk, live, "seen") > int(seen))
    live.take_notes()
    assert [each.text for each in live.notes.lines] == ["three"]


def test_what_is_paused_may_send_nothing(desk: Desk) -> None:
    live = desk.run(desk.own(COUNTS))
    desk.strategies.pause(live.number)
    eventually(desk.is_in(live, StrategyState.PAUSED))

    desk.send(
        Action.NEW,
        strategy=live.number,
        side=1,
        quantity=1,
        client_order_id=1 << 41,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
    )

    eventually(lambda: bool(desk.reports(live.number, ReportType.REJECTED)))
    refused = desk.reports(live.number, ReportType.REJECTED)[0]
    assert refused["reason"] == Reason.STRATEGY_STOPPED


def test_reload_keeps_state_where_it_fits_and_says_what_it_did_not_keep(
    desk: Desk,
) -> None:
    live = desk.run(desk.own(COUNTS))
    eventually(lambda: desk.calls(live) > 5)
    with pytest.raises(StrategyError, match="runs: pause or stop it first"):
        desk.strategies.reload(live.number)
    desk.strategies.pause(live.number)
    eventually(desk.is_in(live, StrategyState.PAUSED))
    seen = field(desk, live, "seen")
    changed = COUNTS.replace("SMA(self.length)", "EMA(self.length)")
    changed = changed.replace(
        "self.seen = 0\n", "self.seen = 0\n        self.new = 7\n"
    )
    desk.own(changed)

    carried = desk.strategies.reload(live.number)

    assert carried.kept == ("seen", "values")
    assert carried.renewed == ("new", "average")
    assert (field(desk, live, "seen"), field(desk, live, "new")) == (seen, "7")
    desk.strategies.start(live.number)
    eventually(lambda: whole(desk, live, "seen") > int(seen))


def test_other_parameters_while_paused(desk: Desk) -> None:
    live = desk.run(desk.own(COUNTS))
    eventually(lambda: desk.calls(live) > 5)
    desk.strategies.pause(live.number)
    eventually(desk.is_in(live, StrategyState.PAUSED))
    seen = whole(desk, live, "seen")

    same = desk.strategies.reload(live.number, {"step": 1000, "length": 4})
    other = desk.strategies.reload(live.number, {"step": 1000, "length": 9})

    assert same.kept == ("seen", "values", "average")
    assert other.renewed == ("average",)
    desk.strategies.start(live.number)
    eventually(lambda: whole(desk, live, "seen") >= seen + 1000)


HOLDS = """
    def __init__(self):
        self.sent = False

    def on_trade(self, ctx, trade):
        if not self.sent:
            self.sent = True
            ctx.market(trade.instrument, 1.0)
"""


def test_stop_keeps_the_position_unmanaged_or_closes_it(desk: Desk) -> None:
    live = desk.run(desk.own(HOLDS))
    held = lambda: read(desk.engine.arena, desk.engine.thread.control, live).held  # noqa: E731
    eventually(lambda: len(held()) == 1)

    desk.strategies.stop(live.number)
    eventually(desk.is_in(live, StrategyState.STOPPED))
    assert held()[0].is_unmanaged
    with pytest.raises(StrategyError, match="flatten it first"):
        desk.strategies.remove(live.number)

    desk.strategies.stop(live.number, flatten=True)
    eventually(lambda: not held())
    desk.strategies.remove(live.number)
    assert live.number not in desk.strategies.loaded


RAISES = """
    def __init__(self):
        self.seen = 0

    def on_trade(self, ctx, trade):
        self.seen += 1
        if self.seen == 3:
            ctx.plot("x", 1.0 / (self.seen - 3))
"""
LOOPS = "    def on_trade(self, ctx, trade):\n        while True:\n            pass\n"
NO_NUMBER = (
    "    def on_trade(self, ctx, trade):\n"
    "        ctx.limit(trade.instrument, 1.0, float('nan'))\n"
)


def test_what_runs_as_python_is_tried_before_the_engine_takes_it(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it calls is compiled at its first call: the engine would stand still."""
    threads: list[str] = []

    def hangs(*terms: Any) -> int:
        threads.append(threading.current_thread().name)
        return hang_ready(*terms)

    monkeypatch.setattr("app.sessions.live_strategies.hang_ready", hangs)
    live = desk.run(desk.own(COUNTS), interpreted=True)
    eventually(lambda: desk.calls(live) > 5)

    assert threads == [threading.main_thread().name, "ringside-engine"]


@pytest.mark.parametrize("interpreted", [False, True])
@pytest.mark.parametrize(
    ("body", "why"),
    [
        (RAISES, r"raised at event .*ZeroDivisionError.*line 12"),
        (LOOPS, r"ran out of budget .*a loop ran too long"),
        (NO_NUMBER, r"raised .*price must be a finite number, was nan.*line 6"),
    ],
)
def test_a_strategy_that_fails_is_stopped_and_the_others_live_on(
    desk: Desk, body: str, why: str, interpreted: bool
) -> None:
    sound = desk.run(desk.own(COUNTS, "sound"))

    live = desk.run(desk.own(body, "faulty"), interpreted=interpreted)

    eventually(desk.is_in(live, StrategyState.FAILED))
    failure = desk.strategies.explain(live.number)
    assert re.search(why, failure.message), failure.message
    assert failure.source
    assert "faulty.py" in failure.trace
    stopped = desk.reports(live.number, ReportType.STRATEGY)[-1]
    assert stopped["reason"] == Reason.STRATEGY_RAISED
    calls = desk.calls(sound)
    eventually(lambda: desk.calls(sound) > calls)
    assert desk.strategies.state(sound.number) is StrategyState.RUNNING


FLOODS = """
    def on_book(self, ctx, update):
        for i in range(200):
            ctx.limit(update.instrument, 1.0, ctx.bid(update.instrument) - 1.0)
"""


def test_a_flood_of_orders_is_limited_then_stopped_and_the_hand_still_trades(
    desk: Desk,
) -> None:
    desk.send(Action.SET_LIMIT, group=9, value=50, instrument=-1)
    desk.send(Action.SET_LIMIT, group=11, value=0, instrument=-1)

    live = desk.run(desk.own(FLOODS))

    eventually(desk.is_in(live, StrategyState.FAILED))
    refused = desk.reports(live.number, ReportType.REJECTED)
    assert {int(each["reason"]) for each in refused} >= {Reason.MESSAGE_RATE}
    accepted = desk.reports(live.number, ReportType.PENDING_NEW)
    assert 0 < len(accepted) <= 16
    desk.send(
        Action.NEW,
        side=1,
        quantity=100,
        client_order_id=1 << 41,
        order_type=OrderType.MARKET,
        time_in_force=TimeInForce.GTC,
    )
    eventually(lambda: bool(desk.reports(0, ReportType.FILL)))
    assert "far more orders" in desk.strategies.explain(live.number).message


BARS = """
    def __init__(self):
        self.bars = 0
        self.last = 0

    def on_bar(self, ctx, bar):
        self.bars += 1
        self.last = bar.ts
        ctx.plot("close", bar.close)
"""


def test_bars_are_built_for_each_and_a_later_one_is_warmed_up(desk: Desk) -> None:
    source = desk.own(BARS)
    short = desk.run(source, bar_ns=200_000_000)
    other = desk.run(source, bar_ns=300_000_000)
    assert short.warmed.startswith(("no past bars", "warmed up"))
    count = lambda live: whole(desk, live, "bars")  # noqa: E731
    eventually(lambda: count(short) > 5 and count(other) > 3)

    assert whole(desk, short, "last") % 200_000_000 == 0
    assert whole(desk, other, "last") % 300_000_000 == 0

    late = desk.run(source, bar_ns=200_000_000)

    assert "warmed up with" in late.warmed
    assert count(late) >= 4
    late.take_notes()
    assert late.notes.curves["close"].points >= 4


def test_what_cannot_be_added_says_why(desk: Desk) -> None:
    add = desk.strategies.add

    with pytest.raises(StrategyError, match="is not in the session"):
        add(LiveTerms(MAKER, ("NONE",)))
    with pytest.raises(StrategyError, match="must lie in"):
        add(LiveTerms(MAKER, (SYMBOL,), {"quantity": -1.0}))
    with pytest.raises(StrategyError, match="there is no strategy 'Nothing'"):
        add(LiveTerms("Nothing"))
    with pytest.raises(StrategyError, match=r"own\.py:5: SyntaxError"):
        add(LiveTerms(desk.own("    def on_bar(\n")))
    assert not desk.strategies.loaded
