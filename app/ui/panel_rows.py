"""The panels of the window: a new one is a file in `panels/` and a row here.

A panel's module is imported with the first panel of its kind: a start waits for those
that it shows. `import_next` fetches the others once the window lives.
"""

import importlib
import sys
from dataclasses import dataclass
from typing import Final

from PySide6.QtWidgets import QWidget

from app.ui.context import Context
from app.ui.panel_host import Factory

_PANELS: Final = "app.ui.panels"


def _late(module: str, name: str) -> Factory:
    """Make a panel's factory that imports its module when it is called."""

    def make(context: Context) -> QWidget:
        room = importlib.import_module(f"{_PANELS}.{module}")
        panel: QWidget = getattr(room, name)(context)
        return panel

    make.__module__ = f"{_PANELS}.{module}"
    return make


@dataclass(frozen=True, slots=True)
class PanelRow:
    """A kind of panel.

    Attributes
    ----------
    name : str
        Its first instance has this name, the second ``name-2``, and so on.
    title : str
    factory : Callable
        Makes one from a Context.
    category : str
        The part of *Window > Add panel* it stands in.
    sentence : str
        What it shows, for that menu and the palette.
    is_many : bool
        Several may be open at once.
    is_linked : bool
        It shows one instrument, which its title bar links to a group or fixes.
    size : tuple of int
        Of a window of its own, pixels at scale 1.
    """

    name: str
    title: str
    factory: Factory
    category: str
    sentence: str
    is_many: bool = False
    is_linked: bool = False
    size: tuple[int, int] = (720, 480)


PANELS: Final = (
    PanelRow(
        "ladder",
        "Ladder",
        _late("ladder", "LadderPanel"),
        "Trading",
        "Book, own orders and queue of one instrument; a click trades",
        is_many=True,
        is_linked=True,
    ),
    PanelRow(
        "ticket",
        "Ticket",
        _late("ticket", "TicketPanel"),
        "Trading",
        "Order ticket: every order type, judged and priced while it is typed",
        is_many=True,
        is_linked=True,
        size=(360, 560),
    ),
    PanelRow(
        "chart",
        "Chart",
        _late("chart", "ChartPanel"),
        "Market",
        "Bars, volume, delta, footprint and own orders of one instrument",
        is_many=True,
        is_linked=True,
    ),
    PanelRow(
        "pnl",
        "P&L",
        _late("pnl", "PnlPanel"),
        "Account",
        "Account figures and the course of profit and loss",
    ),
    PanelRow(
        "risk",
        "Risk",
        _late("risk", "RiskPanel"),
        "Account",
        "What each limit stands at, refusals, the kill switch",
    ),
    PanelRow(
        "orders",
        "Orders",
        _late("orders", "OrdersPanel"),
        "Account",
        "Working and past orders",
    ),
    PanelRow(
        "fills",
        "Fills",
        _late("fills", "FillsPanel"),
        "Account",
        "Every fill of this session",
    ),
    PanelRow(
        "positions",
        "Positions",
        _late("positions", "PositionsPanel"),
        "Account",
        "What is held, at which price and profit",
    ),
    PanelRow(
        "strategies",
        "Strategies",
        _late("strategies", "StrategiesPanel"),
        "Trading",
        "What trades by itself: start, pause, stop, parameters, state, log, plots",
        size=(860, 620),
    ),
    PanelRow(
        "watchlist",
        "Watchlist",
        _late("watchlist", "WatchlistPanel"),
        "Market",
        "Every instrument of the session: last, change, volume, course",
    ),
    PanelRow(
        "tape",
        "Tape",
        _late("tape", "TapePanel"),
        "Market",
        "Time and sales: each trade of one instrument, with a filter by size",
        is_many=True,
        is_linked=True,
    ),
    PanelRow(
        "heatmap",
        "Heatmap",
        _late("heatmap", "HeatmapPanel"),
        "Market",
        "What rested at each price over time, trades and own orders on it",
        is_many=True,
        is_linked=True,
        size=(900, 560),
    ),
    PanelRow(
        "depth",
        "Depth",
        _late("depth_profile", "DepthProfilePanel"),
        "Market",
        "What rests up to each price, and what taking it would cost",
        is_many=True,
        is_linked=True,
        size=(620, 380),
    ),
    PanelRow(
        "alerts",
        "Alerts",
        _late("alerts", "AlertsPanel"),
        "Market",
        "Prices, averages, P&L, risk and events that you want to be told of",
        size=(460, 480),
    ),
    PanelRow(
        "monitor",
        "System",
        _late("monitor", "MonitorPanel"),
        "System",
        "Rates, latencies, frame times, memory, rings and threads",
    ),
    PanelRow(
        "audit",
        "Audit",
        _late("audit", "AuditPanel"),
        "System",
        "Every command and report of the session: when, who, what and why",
    ),
    PanelRow(
        "messages",
        "Log",
        _late("messages", "MessagesPanel"),
        "System",
        "Everything you were told",
    ),
    PanelRow(
        "data",
        "Data",
        _late("data", "DataPanel"),
        "Data",
        "The recordings of the catalog",
    ),
    PanelRow(
        "instruments",
        "Instruments",
        _late("instruments", "InstrumentsPanel"),
        "Data",
        "Show and edit the instruments",
    ),
    PanelRow(
        "backtest",
        "Backtest",
        _late("backtest", "BacktestPanel"),
        "Backtest",
        "A strategy over recorded data: the request as a form, and what runs",
        size=(760, 620),
    ),
    PanelRow(
        "runs",
        "Runs",
        _late("runs", "RunsPanel"),
        "Backtest",
        "Backtests that were run: open, compare, delete, export",
        size=(900, 420),
    ),
    PanelRow(
        "sweep",
        "Sweep",
        _late("sweep", "SweepPanel"),
        "Backtest",
        "A request over many parameters: a map that fills, the best and its worth",
        size=(760, 720),
    ),
    PanelRow(
        "summary",
        "Run summary",
        _late("run_summary", "RunSummaryPanel"),
        "Backtest",
        "Key figures, flags and statistics of the open run",
        size=(860, 640),
    ),
    PanelRow(
        "equity",
        "Run equity",
        _late("run_equity", "RunEquityPanel"),
        "Backtest",
        "Equity with its benchmark, under water, exposure",
        size=(900, 480),
    ),
    PanelRow(
        "returns",
        "Run returns",
        _late("run_returns", "RunReturnsPanel"),
        "Backtest",
        "By month and year, rolling, their spread, the worst falls",
        size=(860, 720),
    ),
    PanelRow(
        "trades",
        "Run trades",
        _late("run_trades", "RunTradesPanel"),
        "Backtest",
        "Every trade of the open run, how far it went, when",
        size=(1100, 420),
    ),
    PanelRow(
        "execution",
        "Run execution",
        _late("run_execution", "RunExecutionPanel"),
        "Backtest",
        "Costs, slippage, fills and refusals of the open run",
        size=(860, 560),
    ),
    PanelRow(
        "price",
        "Price & trades",
        _late("run_price", "RunPricePanel"),
        "Backtest",
        "The run's market with its trades from entry to exit",
        size=(900, 520),
    ),
)
BY_NAME: Final = {row.name: row for row in PANELS}
CATEGORIES: Final = tuple(dict.fromkeys(row.category for row in PANELS))


def import_next() -> bool:
    """Import the module of a panel that was not shown yet; False if there is none."""
    for row in PANELS:
        if row.factory.__module__ not in sys.modules:
            importlib.import_module(row.factory.__module__)
            return True
    return False


def instance_name(row: PanelRow, number: int) -> str:
    """Name of a panel's n-th instance (1 = the first)."""
    return row.name if number == 1 else f"{row.name}-{number}"


def instance_title(row: PanelRow, number: int) -> str:
    """Title of a panel's n-th instance."""
    return row.title if number == 1 else f"{row.title} {number}"


def parse_instance(name: str) -> tuple[PanelRow, int] | None:
    """Return the row and number of an instance's name, or None if there is no such."""
    kind, _, tail = name.partition("-")
    row = BY_NAME.get(kind)
    if row is None:
        return None
    if not tail:
        return row, 1
    is_number = tail.isascii() and tail.isdigit() and 2 <= int(tail[:4]) < 1000
    return (row, int(tail)) if is_number and row.is_many and len(tail) < 4 else None
