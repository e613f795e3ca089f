"""What every panel is given: models to read, a bridge to speak through, a theme."""

from dataclasses import dataclass

from app.clock import Clock
from app.config import Ui
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.focus import Focus
from app.ui.library import Library
from app.ui.models.desk import Desk
from app.ui.safety import Safety
from app.ui.strategy_watch import StrategyWatch
from app.ui.theme import Theme
from app.ui.trading import Trading


@dataclass(frozen=True, slots=True)
class Context:
    """Handed to panels by the main window.

    Attributes
    ----------
    desk : Desk
        Read only, for panels.
    bridge : Bridge
        Signals of what changed.
    trading : Trading
        Orders, cancels, limits, the kill switch.
    commands : Commands
    theme : Theme
    settings : Ui
        Section ``[ui]``: scale, rows of a ladder, …
    clock : Clock
    library : Library
        The catalog, its jobs, and what was changed in it.
    focus : Focus
        The instrument that this panel shows.
    safety : Safety
        How gestures become orders: directly, while a key is held, or staged.
    strategies : StrategyWatch
        The strategies of the session.
    """

    desk: Desk
    bridge: Bridge
    commands: Commands
    trading: Trading
    theme: Theme
    settings: Ui
    clock: Clock
    library: Library
    focus: Focus
    safety: Safety
    strategies: StrategyWatch

    def now(self) -> int:
        """Wall clock, ns since 1970 UTC, for stamping gestures."""
        return self.clock.wall_ns()
