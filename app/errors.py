"""Failures outside the program's own rules, as one tree of exceptions.

A business outcome (a reject, no liquidity, an unknown order) is no exception but a
reason code in a report. An exception is raised where the failure is known and caught
where someone can act; the `ringside` command prints what is left as one line.

::

    RingsideError                 something a user is told in a line
    ├── ConfigError               a setting is unknown, or its value breaks its rule
    │   └── LimitsError           a file of risk limits breaks a rule
    ├── InstrumentError           an instrument is unknown, refused or out of bounds
    ├── CalendarError             a trading calendar is unknown or has no such days
    ├── FileFormatError           a file being imported breaks its format: row, column
    ├── CatalogError              stored market data is missing, truncated or damaged
    ├── RunError                  a backtest's run cannot be kept, found or read
    ├── RecorderError             a session cannot be recorded
    ├── FeedError                 a feed cannot be opened, or ended by a fault
    ├── SessionError              a session or a mode cannot be entered
    │   └── NotBuiltError         asked for something that this version does not have
    └── EngineError               the engine cannot start or cannot go on
        ├── CompileError          a unit of the engine does not compile
        ├── InvariantError        what must always hold does not: the engine halts
        └── LogError              the engine's log cannot be written, read or verified
"""

from pathlib import Path


class RingsideError(Exception):
    """Something a user is told in a line: the thing, the rule and the value."""


class ConfigError(RingsideError):
    """A setting is unknown, or its value breaks its rule."""


class LimitsError(ConfigError):
    """A file of risk limits breaks a rule."""


class InstrumentError(RingsideError):
    """An instrument is unknown, of a kind that is refused, or out of bounds."""


class CalendarError(RingsideError):
    """A trading calendar is unknown, or does not reach a date."""


class FileFormatError(RingsideError):
    """A file being imported breaks its format.

    Parameters
    ----------
    path : Path
        The file.
    rule : str
        What must hold, and what was found: "size must be positive, was -3".
    row : int, optional
        Line or record, counted from 1; None where the whole file is meant.
    column : str, optional
        The column's name.
    """

    def __init__(
        self,
        path: Path,
        rule: str,
        *,
        row: int | None = None,
        column: str | None = None,
    ) -> None:
        self.path = path
        self.rule = rule
        self.row = row
        self.column = column
        place = "" if row is None else f", row {row}"
        place += "" if column is None else f", column {column}"
        super().__init__(f"{path}{place}: {rule}")


class CatalogError(RingsideError):
    """Stored market data is missing, truncated or damaged."""


class RecorderError(RingsideError):
    """A session cannot be recorded."""


class FeedError(RingsideError):
    """A feed cannot be opened, or was ended by a fault."""


class LayoutError(RingsideError):
    """The window's workspaces or keys cannot be written down."""


class SessionError(RingsideError):
    """A session or a mode cannot be entered."""


class NotBuiltError(SessionError):
    """Asked for something that this version does not have."""


class RequestError(RingsideError):
    """A backtest's request cannot be read, or breaks a rule."""


class RunError(RingsideError):
    """A backtest's run cannot be kept, found or read."""


class StrategyError(RingsideError):
    """A strategy, its parameters or its source break a rule."""


class EngineError(RingsideError):
    """The engine cannot start, or cannot go on."""


class CompileError(EngineError):
    """A unit of the engine does not compile."""


class InvariantError(EngineError):
    """What must always hold does not: the engine halts."""


class LogError(EngineError):
    """The engine's log cannot be written, read or verified."""
