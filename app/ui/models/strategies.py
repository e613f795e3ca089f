"""Strategies of a session: what is known of each now, as rows of a table, in words."""

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from app.engine.strategy import StrategyState
from app.sessions.live_strategies import LiveStrategy
from app.sessions.strategy_reading import Reading
from app.strategies.compiling import Compiling
from app.strategies.strategy import Strategy, handlers_of
from app.ui import formatting
from app.ui.models.desk import Desk
from app.ui.models.table import Column
from app.ui.theme import Theme

STRATEGY_ROW: Final = np.dtype(
    [
        ("number", "<i8"),
        ("state", "<i8"),  # strategy.StrategyState
        ("net", "<i8"),  # P&L after fees, money in the base currency
        ("position", "<i8"),  # of its first instrument, quantity units
        ("unmanaged", "<i8"),  # 1: it holds something and does not run
        ("requests", "<i8"),
        ("calls_per_s", "<f8"),
        ("ns_per_call", "<f8"),
    ]
)
"""What a row is sorted by."""
_MOST: Final = 3
_KEPT: Final = 6
"""Readings that a rate is made of: about a second."""


@dataclass
class Watched:
    """A strategy, and what is known of it now.

    Attributes
    ----------
    live : LiveStrategy
    reading : Reading
    calls_per_s : float
    ns_per_call : float
        NaN while nothing was measured.
    busy : str
        What is being done to it, in words; "" = nothing.
    """

    live: LiveStrategy
    reading: Reading
    calls_per_s: float = 0.0
    ns_per_call: float = float("nan")
    busy: str = ""
    past: deque[tuple[int, Reading]] = field(
        default_factory=lambda: deque(maxlen=_KEPT)
    )

    @property
    def state(self) -> StrategyState:
        """Where it stands."""
        return self.reading.state

    def take(self, now: int, reading: Reading) -> None:
        """Take a newer reading (now: monotonic ns)."""
        self.reading = reading
        self.past.append((now, reading))
        begun, first = self.past[0]
        if now > begun:
            self.calls_per_s = (reading.calls - first.calls) * 1e9 / (now - begun)
        timed = reading.timed - first.timed
        if timed > 0:
            self.ns_per_call = (reading.timed_ns - first.timed_ns) / timed


def carried_text(live: LiveStrategy) -> str:
    """What a reload kept and what it did not, in words."""
    carried = live.carried
    if carried is None:
        return ""
    told = [f"{live.title} was loaded again"]
    if carried.kept:
        told.append(f"kept {', '.join(carried.kept)}")
    if carried.renewed:
        told.append(f"began anew: {', '.join(carried.renewed)}")
    return "; ".join(told)


def state_text(watched: Watched) -> str:
    """A strategy's state in a word or two."""
    if watched.busy:
        return watched.busy
    words = {StrategyState.LOADED: "ready"}
    return words.get(watched.state, formatting.words(watched.state.name))


def strategy_rows(watched: Mapping[int, Watched]) -> np.ndarray:
    """Rows of strategies, the first that was added at the top of the table."""
    rows = np.zeros(len(watched), STRATEGY_ROW)
    for i, number in enumerate(sorted(watched, reverse=True)):
        each = watched[number]
        reading = each.reading
        rows[i] = (
            number,
            reading.state,
            reading.net,
            reading.held[0].quantity if reading.held else 0,
            any(held.is_unmanaged for held in reading.held),
            reading.requests,
            each.calls_per_s,
            each.ns_per_call,
        )
    return rows


class StrategyColumns:
    """Columns over STRATEGY_ROW.

    Parameters
    ----------
    desk : Desk
    theme : Theme
    watched : callable
        Returns the strategies by number.
    """

    def __init__(
        self, desk: Desk, theme: Theme, watched: Callable[[], Mapping[int, Watched]]
    ) -> None:
        self._desk, self._theme, self._watched = desk, theme, watched

    def columns(self) -> tuple[Column, ...]:
        """All of them."""
        return (
            self._text("Strategy", lambda w: w.live.title, width=31),
            Column(
                "State",
                self._of(state_text),
                lambda r: r["state"],
                self._state_colour,
                is_number=False,
                width=12,
                is_live=True,
            ),
            self._text("Instruments", self.instruments, width=13),
            Column(
                "Position",
                self._of(self.position),
                lambda r: r["position"],
                lambda r: self._theme.warning if r["unmanaged"] else self._theme.text,
                width=13,
                tip="What it holds itself; unmanaged while it does not run",
            ),
            Column(
                "P&L",
                lambda r: formatting.money(
                    int(r["net"]), self._desk.currency, signed=True
                ),
                lambda r: r["net"],
                lambda r: self._theme.change(int(r["net"])),
                tip="Realised and unrealised, after fees, in the base currency",
                width=12,
            ),
            Column(
                "Requests",
                lambda r: formatting.count(int(r["requests"])),
                lambda r: r["requests"],
                tip="Orders, replaces and cancels that it asked for",
                width=9,
            ),
            Column(
                "Calls/s",
                lambda r: formatting.rate(float(r["calls_per_s"])),
                lambda r: r["calls_per_s"],
                tip="Calls of its handlers in a second",
                width=9,
            ),
            Column(
                "Per call",
                lambda r: per_call(float(r["ns_per_call"])),
                lambda r: r["ns_per_call"],
                tip="How long a call takes, on the mean of the last second",
                width=9,
            ),
            self._text(
                "Runs as",
                lambda w: (
                    "machine code" if w.live.ready.runnable.is_compiled else "Python"
                ),
                width=13,
            ),
            Column(
                "No.",
                lambda r: str(r["number"]),
                lambda r: r["number"],
                tip="Its number in orders, fills, positions and the log",
                width=4,
            ),
        )

    def _of(self, words: Callable[[Watched], str]) -> Callable[[np.void], str]:
        def text(record: np.void) -> str:
            watched = self._watched().get(int(record["number"]))
            return words(watched) if watched is not None else formatting.DASH

        return text

    def _text(self, title: str, words: Callable[[Watched], str], width: int) -> Column:
        return Column(
            title,
            self._of(words),
            lambda r: r["number"],
            is_number=False,
            width=width,
        )

    def _state_colour(self, record: np.void) -> str:
        theme = self._theme
        colours = {
            StrategyState.RUNNING: theme.gain,
            StrategyState.PAUSED: theme.warning,
            StrategyState.FAILED: theme.error,
        }
        return colours.get(StrategyState(int(record["state"])), theme.muted)

    def instruments(self, watched: Watched) -> str:
        """Names of the instruments that one follows."""
        listed, followed = self._desk.market.listed, watched.live.ready.followed
        names = [
            listed[each].instrument.name for each in followed if each < len(listed)
        ]
        return _few(names)

    def position(self, watched: Watched) -> str:
        """What one holds."""
        listed, held = self._desk.market.listed, watched.reading.held
        if not held:
            return "flat"
        is_one = len(watched.live.ready.followed) == 1
        told = []
        for each in held:
            instrument = listed[each.instrument]
            quantity = instrument.text.quantity(each.quantity, signed=True)
            told.append(
                quantity if is_one else f"{instrument.instrument.name} {quantity}"
            )
        words = _few(told)
        marked = any(each.is_unmanaged for each in held)
        return f"{words}, unmanaged" if marked else words


def _few(words: list[str]) -> str:
    shown = ", ".join(words[:_MOST])
    return f"{shown}, … {len(words)} in all" if len(words) > _MOST else shown


def per_call(ns: float) -> str:
    """How long a call takes, in words."""
    return formatting.DASH if ns != ns else formatting.duration(ns)


INTERVALS: Final = (
    ("1 second", 1_000_000_000),
    ("5 seconds", 5_000_000_000),
    ("15 seconds", 15_000_000_000),
    ("30 seconds", 30_000_000_000),
    ("1 minute", 60_000_000_000),
    ("5 minutes", 300_000_000_000),
    ("15 minutes", 900_000_000_000),
    ("1 hour", 3_600_000_000_000),
)
"""Bars that a strategy may be given, and how long they last, ns."""


def interval_text(ns: int) -> str:
    """How long bars last, in words."""
    return next(
        (text for text, each in INTERVALS if each == ns), f"{ns / 1e9:g} seconds"
    )


def takes_bars(cls: type[Strategy]) -> bool:
    """Whether a strategy handles bars."""
    return bool({"on_bar", "on_bars"} & handlers_of(cls).keys())


def compiling_text(what: Compiling, now_ns: int) -> str:
    """What is being compiled, and for how long."""
    seconds = max(0, now_ns - what.begun_ns) // 1_000_000_000
    return f"compiling {what.title} · {seconds} s"
