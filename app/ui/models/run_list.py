"""The runs of the store as records that a table shows, and runs beside one another."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

import numpy as np

from app.sessions.backtest.store import RunSummary
from app.ui.models.report_text import money, percent, ratio, signed_percent
from app.ui.models.table import Column
from app.ui.theme import Theme

_NUMBERS: Final = ("total_return", "sharpe", "max_drawdown", "final_equity")
_OPEN: Final = "\N{BLACK RIGHT-POINTING SMALL TRIANGLE} "
COURSE: Final = "Curve"
"""Title of the column that is a line."""
ROW: Final = np.dtype(
    [("at", "<i8"), ("trades", "<i8"), *((name, "<f8") for name in _NUMBERS)]
)


class RunList:
    """What the store holds, as it was when last listed.

    Attributes
    ----------
    open_id : str
        The run whose report is shown; "" = none is.
    """

    def __init__(self) -> None:
        self.runs: list[RunSummary] = []
        self.rows = np.zeros(0, ROW)
        self.open_id = ""

    def show(self, runs: Sequence[RunSummary]) -> None:
        """Take another listing, newest first; a table shows the last on top."""
        self.runs = list(runs)[::-1]
        self.rows = np.zeros(len(self.runs), ROW)
        for i, each in enumerate(self.runs):
            row = self.rows[i]
            row["at"], row["trades"] = i, each.trades
            for name in _NUMBERS:
                value = getattr(each, name)
                row[name] = np.nan if value is None else value

    def run(self, record: np.void) -> RunSummary:
        """The run that a record stands for."""
        return self.runs[int(record["at"])]

    def _is_open(self, record: np.void) -> bool:
        return self.run(record).run_id == self.open_id

    def matching(self, text: str) -> Callable[[np.ndarray], np.ndarray] | None:
        """A filter: runs whose words contain every word of the text; None for all."""
        wanted = text.lower().split()
        if not wanted:
            return None

        def holds(record: np.void) -> bool:
            each = self.run(record)
            heap = " ".join(
                (
                    *(each.run_id, each.name, each.note, each.parameters),
                    *(*each.symbols, *each.strategies),
                )
            ).lower()
            return all(word in heap for word in wanted)

        return lambda rows: np.array([holds(each) for each in rows], np.bool_)

    def columns(self, theme: Theme) -> tuple[Column, ...]:
        """The table's columns."""

        def text(title: str, write: Callable[[RunSummary], str], width: int) -> Column:
            return Column(
                title,
                lambda r: write(self.run(r)),
                lambda rows: np.array([write(self.run(each)) for each in rows], str),
                is_number=False,
                width=width,
            )

        def number(
            title: str,
            name: str,
            write: Callable[[float], str],
            width: int,
            *,
            is_coloured: bool = False,
        ) -> Column:
            def colour(record: np.void) -> str:
                value = float(record[name])
                return theme.change(value if value == value else 0.0)

            return Column(
                title,
                lambda r: write(float(r[name])),
                lambda rows: rows[name],
                colour if is_coloured else None,
                width=width,
            )

        state = Column(
            "",
            lambda r: state_of(self.run(r)),
            lambda rows: np.array([state_of(self.run(each)) for each in rows], str),
            lambda _: theme.warning,
            is_number=False,
            width=4,
        )

        def named(record: np.void) -> str:
            each = self.run(record)
            return f"{_OPEN if self._is_open(record) else ''}{each.name or each.run_id}"

        return (
            replace(
                text("Run", lambda x: x.name or x.run_id, 21),
                text=named,
                colour=lambda r: theme.accent if self._is_open(r) else "",
                tip=f"{_OPEN.strip()} marks the run whose report is shown",
            ),
            text("Parameters", lambda x: x.parameters, 15),
            Column(
                COURSE,
                lambda _: "",
                lambda rows: rows["total_return"],
                is_number=False,
                tip="Equity over time; sorts by return",
                width=12,
            ),
            number("Return", "total_return", signed_percent, 10, is_coloured=True),
            number("Sharpe", "sharpe", ratio, 7),
            number("Drawdown", "max_drawdown", lambda v: percent(-v), 10),
            number("Trades", "trades", lambda v: f"{v:,.0f}", 7),
            number("Equity", "final_equity", money, 10),
            text("From", lambda x: _dates(x)[0], 10),
            text("To", lambda x: _dates(x)[-1], 10),
            text("Run at (UTC)", lambda x: x.created[:16].replace("T", " "), 15),
            text("Note", lambda x: x.note, 10),
            state,
        )


def _dates(run: RunSummary) -> tuple[str, ...]:
    return run.days or (run.start[:10], run.end[:10])


def state_of(run: RunSummary) -> str:
    """What is wrong with a run, in a word."""
    if run.damaged:
        return "damaged"
    if run.failures:
        return "stopped"
    return "" if run.is_whole else "cancelled"


def as_run(card: Mapping[str, Any]) -> dict[str, Any]:
    """A run's request with the parameters that it left to their defaults."""
    request, ran = card["request"], card["strategies"]
    asked = [each for each in request["strategies"] if each.get("enabled", True)]
    if len(asked) != len(ran):
        return dict(request)
    whole = [
        {**each, "parameters": had["parameters"]}
        for each, had in zip(asked, ran, strict=True)
    ]
    return {**request, "strategies": whole}


def differing(tables: Sequence[dict[str, Any]]) -> list[tuple[str, list[str]]]:
    """Where some requests differ: a key with dots, and what each says of it."""
    flat = [_flat(each, "") for each in tables]
    keys = list(dict.fromkeys(key for each in flat for key in each))
    rows = [(key, [each.get(key, "–") for each in flat]) for key in keys]
    return [(key, values) for key, values in rows if len(set(values)) > 1]


def _flat(value: Any, place: str) -> dict[str, str]:
    if isinstance(value, dict):
        parts = [(str(name), each) for name, each in value.items()]
    elif isinstance(value, list | tuple) and any(isinstance(x, dict) for x in value):
        parts = [(str(i + 1), each) for i, each in enumerate(value)]
    else:
        told = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
        return {place: told}
    made: dict[str, str] = {}
    for name, each in parts:
        made |= _flat(each, f"{place}.{name}" if place else name)
    return made
