"""Indicators over bars: what a chart draws, made by the kernels that strategies call.

`INDICATORS` is the table of all that can be drawn; `indicator_series` runs one of them.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Literal

import numpy as np

from app.engine.compile import entry, kernel
from app.engine.history.records import BAR_ROW
from app.engine.indicators.averages import (
    HEADER,
    MACD_SIZE,
    average_open,
    ema_step,
    macd_open,
    macd_step,
    sma_step,
)
from app.engine.indicators.deviation import bollinger_step, z_score_step
from app.engine.indicators.extremes import donchian_step, extreme_open
from app.engine.indicators.market import vwap_open, vwap_step
from app.engine.indicators.strength import (
    ATR_SIZE,
    RSI_SIZE,
    atr_open,
    atr_step,
    rsi_open,
    rsi_step,
)
from app.engine.memory import view, words
from app.errors import EngineError

MOST_LENGTH: Final = 5_000


class Kind(IntEnum):
    """Which indicator."""

    SMA = 1
    EMA = 2
    BOLLINGER = 3
    DONCHIAN = 4
    VWAP = 5
    RSI = 6
    ATR = 7
    MACD = 8
    Z_SCORE = 9


@dataclass(frozen=True, slots=True)
class Parameter:
    """A number that an indicator takes."""

    name: str
    default: float
    least: float
    most: float
    is_whole: bool = True


@dataclass(frozen=True, slots=True)
class Indicator:
    """What can be drawn.

    Attributes
    ----------
    pane : str
        "price": over the bars, in price units; "own": on a scale of its own.
    lines : tuple of str
        What the columns are.
    levels : tuple of float
        Where an own pane draws lines across.
    """

    kind: Kind
    title: str
    pane: Literal["price", "own"]
    parameters: tuple[Parameter, ...]
    lines: tuple[str, ...]
    levels: tuple[float, ...] = ()


def _length(default: int, name: str = "length", least: int = 1) -> Parameter:
    return Parameter(name, default, least, MOST_LENGTH)


INDICATORS: Final[Mapping[str, Indicator]] = {
    "sma": Indicator(Kind.SMA, "Simple average", "price", (_length(20),), ("SMA",)),
    "ema": Indicator(
        Kind.EMA, "Exponential average", "price", (_length(20),), ("EMA",)
    ),
    "bollinger": Indicator(
        Kind.BOLLINGER,
        "Bollinger bands",
        "price",
        (_length(20, least=2), Parameter("width", 2.0, 0.1, 10.0, is_whole=False)),
        ("middle", "upper", "lower"),
    ),
    "donchian": Indicator(
        Kind.DONCHIAN,
        "Donchian channel",
        "price",
        (_length(20),),
        ("upper", "lower", "middle"),
    ),
    "vwap": Indicator(Kind.VWAP, "VWAP", "price", (), ("VWAP",)),
    "rsi": Indicator(
        Kind.RSI, "RSI", "own", (_length(14),), ("RSI",), levels=(30.0, 70.0)
    ),
    "atr": Indicator(Kind.ATR, "Average true range", "own", (_length(14),), ("ATR",)),
    "macd": Indicator(
        Kind.MACD,
        "MACD",
        "own",
        (_length(12, "fast"), _length(26, "slow"), _length(9, "signal")),
        ("MACD", "signal", "histogram"),
        levels=(0.0,),
    ),
    "z_score": Indicator(
        Kind.Z_SCORE,
        "z-score",
        "own",
        (_length(20, least=2),),
        ("z",),
        levels=(-2.0, 0.0, 2.0),
    ),
}

_KIND, _BARS, _COUNT, _OUT, _STATE, _STATE_WORDS, _RESETS, _RESET_COUNT = range(8)
_GOES_ON: Final = 8
_JOB_WORDS: Final = 9


@kernel
def _open(kind: int, state: Any, given: Any) -> None:
    length = int(given[0])
    if kind == Kind.DONCHIAN:
        half = len(state) // 2
        extreme_open(state[:half], length)
        extreme_open(state[half:], length)
    elif kind == Kind.VWAP:
        vwap_open(state)
    elif kind == Kind.RSI:
        rsi_open(state, length)
    elif kind == Kind.ATR:
        atr_open(state, length)
    elif kind == Kind.MACD:
        macd_open(state, length, int(given[1]), int(given[2]))
    else:
        average_open(state, length)


@kernel
def _run_averages(kind: int, rows: Any, out: Any, state: Any) -> None:
    for i in range(len(rows)):
        close = float(rows[i]["close"])
        if kind == Kind.SMA:
            out[i] = sma_step(state, close)
        elif kind == Kind.EMA:
            out[i] = ema_step(state, close)
        else:
            out[i] = z_score_step(state, close)


@kernel
def _run_bollinger(rows: Any, out: Any, state: Any, given: Any) -> None:
    for i in range(len(rows)):
        bands = bollinger_step(state, float(rows[i]["close"]), given[1])
        out[3 * i], out[3 * i + 1], out[3 * i + 2] = bands


@kernel
def _run_donchian(rows: Any, out: Any, state: Any) -> None:
    half = len(state) // 2
    highs, lows = state[:half], state[half:]
    for i in range(len(rows)):
        row = rows[i]
        bands = donchian_step(highs, lows, float(row["high"]), float(row["low"]))
        out[3 * i], out[3 * i + 1], out[3 * i + 2] = bands


@kernel
def _run_vwap(rows: Any, out: Any, state: Any, resets: Any) -> None:
    following = 0
    for i in range(len(rows)):
        if following < len(resets) and i >= resets[following]:
            vwap_open(state)
            while following < len(resets) and i >= resets[following]:
                following += 1
        out[i] = vwap_step(state, rows[i]["turnover"], float(rows[i]["volume"]))


@kernel
def _run_wilder(kind: int, rows: Any, out: Any, state: Any) -> None:
    for i in range(len(rows)):
        row = rows[i]
        close = float(row["close"])
        if kind == Kind.RSI:
            out[i] = rsi_step(state, close)
        else:
            out[i] = atr_step(state, float(row["high"]), float(row["low"]), close)


@kernel
def _run_macd(rows: Any, out: Any, state: Any) -> None:
    for i in range(len(rows)):
        lines = macd_step(state, float(rows[i]["close"]))
        out[3 * i], out[3 * i + 1], out[3 * i + 2] = lines


@entry
def indicator_entry(job: int, parameters: int, columns: int) -> int:
    """Run one indicator over bars.

    `job` is the address of nine int64: kind, address and count of bars, address of the
    (count * columns,) float64 result, address and length of the state, address and
    count of the bars that begin a session, whether the state goes on (1) or is opened.
    `parameters`: address of three float64.
    """
    task = words(job, _JOB_WORDS)
    count, kind = task[_COUNT], task[_KIND]
    rows = view(task[_BARS], count, BAR_ROW)
    out = view(task[_OUT], count * columns, np.float64)
    state = view(task[_STATE], task[_STATE_WORDS], np.float64)
    given = view(parameters, 3, np.float64)
    if task[_GOES_ON] == 0:
        _open(kind, state, given)
    if kind in (Kind.SMA, Kind.EMA, Kind.Z_SCORE):
        _run_averages(kind, rows, out, state)
    elif kind == Kind.BOLLINGER:
        _run_bollinger(rows, out, state, given)
    elif kind == Kind.DONCHIAN:
        _run_donchian(rows, out, state)
    elif kind == Kind.VWAP:
        _run_vwap(rows, out, state, words(task[_RESETS], task[_RESET_COUNT]))
    elif kind in (Kind.RSI, Kind.ATR):
        _run_wilder(kind, rows, out, state)
    else:
        _run_macd(rows, out, state)
    return int(count)


def _state_words(kind: Kind, length: int) -> int:
    if kind == Kind.DONCHIAN:
        return 2 * (HEADER + 2 * length)
    fixed = {Kind.MACD: MACD_SIZE, Kind.RSI: RSI_SIZE, Kind.ATR: ATR_SIZE}
    return fixed.get(kind, HEADER + length)


def checked(name: str, parameters: Mapping[str, float]) -> tuple[float, ...]:
    """Return an indicator's parameters in order, with defaults for what is not given.

    Raises
    ------
    EngineError
        If the indicator or a parameter is unknown, or a value breaks its bounds.
    """
    if name not in INDICATORS:
        known = ", ".join(INDICATORS)
        raise EngineError(f"indicator {name!r} is unknown; there are {known}")
    declared = INDICATORS[name].parameters
    extra = set(parameters) - {each.name for each in declared}
    if extra:
        raise EngineError(f"{name} has no parameter {min(extra)!r}")
    values = []
    for each in declared:
        value = float(parameters.get(each.name, each.default))
        is_off = not math.isfinite(value) or (each.is_whole and value != int(value))
        if is_off or not each.least <= value <= each.most:
            kind = "a whole number" if each.is_whole else "a number"
            raise EngineError(
                f"{name}: {each.name} is {kind} from {each.least:g} to "
                f"{each.most:g}, was {value:g}"
            )
        values.append(value)
    return tuple(values)


class IndicatorRun:
    """An indicator that goes on bar by bar, as a strategy's does.

    Closed bars move it (`take`); an open bar only shows what it would be (`peek`).

    Parameters
    ----------
    name : str
        A key of `INDICATORS`.
    parameters : mapping
        By name; defaults hold for the rest.

    Raises
    ------
    EngineError
        As `checked`.
    """

    def __init__(self, name: str, parameters: Mapping[str, float]) -> None:
        values = checked(name, parameters)
        what = INDICATORS[name]
        self._kind, self._columns = what.kind, len(what.lines)
        length = int(values[0]) if values else 1
        self._state = np.zeros(_state_words(what.kind, length))
        self._given = np.zeros(3)
        self._given[: len(values)] = values
        self._is_open = False

    def take(self, bars: Any, sessions: Any = ()) -> Any:
        """Go on over closed bars; see `indicator_series`."""
        out = self._run(self._state, bars, sessions)
        self._is_open = True
        return out

    def peek(self, bars: Any, sessions: Any = ()) -> Any:
        """What it would be over bars that may still change; it stays where it is."""
        return self._run(self._state.copy(), bars, sessions)

    def _run(self, state: Any, bars: Any, sessions: Any) -> Any:
        rows = np.ascontiguousarray(bars, BAR_ROW)
        resets = np.ascontiguousarray(sessions, np.int64)
        out = np.empty((len(rows), self._columns))
        pointers = [rows.ctypes.data, len(rows), out.ctypes.data]
        pointers += [state.ctypes.data, len(state), resets.ctypes.data, len(resets)]
        job = np.array([self._kind, *pointers, int(self._is_open)], np.int64)
        indicator_entry(job.ctypes.data, self._given.ctypes.data, self._columns)
        return out


def indicator_series(
    name: str,
    parameters: Mapping[str, float],
    bars: Any,
    sessions: Any = (),
) -> Any:
    """Run an indicator over bars.

    Parameters
    ----------
    name : str
        A key of `INDICATORS`.
    parameters : mapping
        By name; defaults hold for the rest.
    bars : (n,) BAR_ROW
        Oldest first.
    sessions : (m,) int
        Indices of bars that begin a session, ascending: VWAP begins anew there.

    Returns
    -------
    (n, k) float64
        A column for each of `Indicator.lines`; NaN until enough bars were seen.

    Raises
    ------
    EngineError
        As `checked`.
    """
    return IndicatorRun(name, parameters).take(bars, sessions)
