"""The panels of the window: a new one is a file in `panels/` and a row here."""

from dataclasses import dataclass
from typing import Final

from app.ui.panel_host import Factory
from app.ui.panels.alerts import AlertsPanel
from app.ui.panels.chart import ChartPanel
from app.ui.panels.data import DataPanel
from app.ui.panels.depth_profile import DepthProfilePanel
from app.ui.panels.fills import FillsPanel
from app.ui.panels.heatmap import HeatmapPanel
from app.ui.panels.instruments import InstrumentsPanel
from app.ui.panels.ladder import LadderPanel
from app.ui.panels.messages import MessagesPanel
from app.ui.panels.monitor import MonitorPanel
from app.ui.panels.orders import OrdersPanel
from app.ui.panels.pnl import PnlPanel
from app.ui.panels.positions import PositionsPanel
from app.ui.panels.risk import RiskPanel
from app.ui.panels.tape import TapePanel
from app.ui.panels.ticket import TicketPanel
from app.ui.panels.watchlist import WatchlistPanel


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
        LadderPanel,
        "Trading",
        "Book, own orders and queue of one instrument; a click trades",
        is_many=True,
        is_linked=True,
    ),
    PanelRow(
        "ticket",
        "Order ticket",
        TicketPanel,
        "Trading",
        "Every order type, judged and priced while it is typed",
        is_many=True,
        is_linked=True,
        size=(360, 560),
    ),
    PanelRow(
        "chart",
        "Chart",
        ChartPanel,
        "Market",
        "Bars, volume, delta, footprint and own orders of one instrument",
        is_many=True,
        is_linked=True,
    ),
    PanelRow(
        "pnl",
        "P&L",
        PnlPanel,
        "Account",
        "Account figures and the course of profit and loss",
    ),
    PanelRow(
        "risk",
        "Risk",
        RiskPanel,
        "Account",
        "What each limit stands at, refusals, the kill switch",
    ),
    PanelRow("orders", "Orders", OrdersPanel, "Account", "Working and past orders"),
    PanelRow("fills", "Fills", FillsPanel, "Account", "Every fill of this session"),
    PanelRow(
        "positions",
        "Positions",
        PositionsPanel,
        "Account",
        "What is held, at which price and profit",
    ),
    PanelRow(
        "watchlist",
        "Watchlist",
        WatchlistPanel,
        "Market",
        "Every instrument of the session: last, change, volume, course",
    ),
    PanelRow(
        "tape",
        "Time & sales",
        TapePanel,
        "Market",
        "Each trade of one instrument as it comes, with a filter by size",
        is_many=True,
        is_linked=True,
    ),
    PanelRow(
        "heatmap",
        "Heatmap",
        HeatmapPanel,
        "Market",
        "What rested at each price over time, trades and own orders on it",
        is_many=True,
        is_linked=True,
        size=(900, 560),
    ),
    PanelRow(
        "depth",
        "Depth profile",
        DepthProfilePanel,
        "Market",
        "What rests up to each price, and what taking it would cost",
        is_many=True,
        is_linked=True,
        size=(620, 380),
    ),
    PanelRow(
        "alerts",
        "Alerts",
        AlertsPanel,
        "Market",
        "Prices, averages, P&L, risk and events that you want to be told of",
        size=(460, 480),
    ),
    PanelRow(
        "monitor",
        "System",
        MonitorPanel,
        "System",
        "Rates, latencies, frame times, memory, rings and threads",
    ),
    PanelRow("messages", "Log", MessagesPanel, "System", "Everything you were told"),
    PanelRow("data", "Data", DataPanel, "Data", "The recordings of the catalog"),
    PanelRow(
        "instruments",
        "Instruments",
        InstrumentsPanel,
        "Data",
        "Show and edit the instruments",
    ),
)
BY_NAME: Final = {row.name: row for row in PANELS}
CATEGORIES: Final = tuple(dict.fromkeys(row.category for row in PANELS))


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
