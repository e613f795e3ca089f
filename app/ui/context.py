"""What every panel is given: models to read, a bridge to speak through, a theme."""

from dataclasses import dataclass, replace

from app.clock import Clock
from app.config import Ui
from app.engine.records import OrderType, TimeInForce
from app.ui.bridge import Bridge
from app.ui.commands import Commands
from app.ui.focus import Focus
from app.ui.library import Library
from app.ui.models.desk import Desk
from app.ui.models.situation import Situation, situation
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

    def situation(self, number: int) -> Situation | None:
        """Return an instrument as it stands now, to judge by; None without it."""
        made = situation(self.desk, number)
        ticks = self.settings.through_ticks
        return None if made is None else replace(made, through_ticks=ticks)

    def turns_limits(self) -> bool:
        """Whether a limit dragged across the market becomes a stop."""
        offers = self.desk.market.offers()
        is_offered = TimeInForce.DAY in offers.get(OrderType.STOP, ())
        return self.settings.drag_to_stop and (is_offered or not offers)

    def now(self) -> int:
        """Wall clock, ns since 1970 UTC, for stamping gestures."""
        return self.clock.wall_ns()
