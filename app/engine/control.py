"""The control block: words that the live loop and its owner read and write."""

from enum import IntEnum
from typing import Final


class Control(IntEnum):
    """Words of the loop's control block. The first are written from outside."""

    STOP = 0  # 1: return
    BREAK = 1  # 1: return so that Python can change the structure
    FEED_CLOCK = 2  # 1: only feeds move time (recordings); 0: the wall clock does
    NAP_US = 3
    SPIN_NS = 4  # how long to spin before the first nap
    VIEW_INTERVAL_NS = 5
    # written by the loop
    HEARTBEAT = 8  # monotonic ns of the last pass
    EVENTS_LOST = 9  # reports that found the window's ring full
    MARKET_LOST = 10  # market records that found the view thread's ring full
    VIEWS_SKIPPED = 11
    UNLOGGED = 12  # decisions of one event that outgrew the log's room
    LOGGED = 13
    LAST_VIEW = 14  # monotonic ns
    NAPS = 15
    STALLS = 31  # passes that took no event because the log had no room
    TIMER_RECORD = 16  # eight words: the loop's own TIMER
    TIME_HANDLERS = 24  # 1: measure strategies' handlers; written from outside
    HANDLER_MEMORY = 25  # address of two words by strategy: where its memory is kept
    # before each call, and how many bytes of it; 0 = nowhere; written from outside
    REQUEST_RECORD = 32  # sixteen words: a strategy's request on its way
    HISTOGRAM = 64  # market data: received → folded and logged
    COMMAND_HISTOGRAM = 128  # gesture → folded and logged
    HANDLER_TIMES = 192  # two words by strategy: calls that were timed, their ns


CONTROL_WORDS: Final = 256


class Outcome(IntEnum):
    """Why `run_live` returned."""

    STOPPED = 0
    BROKEN_OFF = 1
    HALTED = 2
