"""What a chart does about orders: intentions become orders, refusals come back.

Between a chart's hand and `Trading`, as `LadderOrders` is for a ladder.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from app.ui import reasons
from app.ui.asking import Asking, refused
from app.ui.context import Context
from app.ui.items.chart_trading import TradingChart
from app.ui.models.intent import Intent
from app.ui.models.ladder import Surroundings, touch_index
from app.ui.models.ladder_build import build_frame
from app.ui.models.market import Listed
from app.ui.models.messages import Level


class ChartOrders:
    """Acts for one chart.

    Parameters
    ----------
    context : Context
    view : TradingChart
        Its hand is bound to this object.
    say : callable
        Shows a line of warning to the user.
    """

    def __init__(
        self, context: Context, view: TradingChart, say: Callable[[str], None]
    ) -> None:
        self._context = context
        self._view = view
        self._say = say
        self._asking = Asking(context)
        self._news: Any = None
        view.hand.make = self.act
        view.hand.order = context.desk.orders.order
        view.hand.family = context.desk.orders.family
        view.cancelled.connect(context.trading.cancel)

    @property
    def listed(self) -> Listed | None:
        """The instrument; nothing is done without one."""
        return self._view.listed

    def show(self) -> None:
        """Give the chart the book and what is ours."""
        desk, listed, bridge = self._context.desk, self.listed, self._context.bridge
        if listed is None:
            return
        hand = self._view.hand
        hand.unready = bridge.unready()
        hand.is_staging = self._context.safety.is_staging
        hand.is_turning = self._context.turns_limits()
        part = desk.market.instrument(listed.number)
        news = (
            listed,
            desk.orders.version,
            len(desk.fills.rows),
            _seen(desk.market.view, part),
            desk.market.arming,
        )
        if news == self._news and hand.held is None and hand.drag is None:
            return
        self._news = news
        orders = desk.orders.working(listed.number)
        top = touch_index(desk.market, listed)
        around = Surroundings(through_ticks=self._context.settings.through_ticks)
        frame = build_frame(desk.market, listed, orders, top or 0, 1, around)
        fills = desk.fills.rows
        fills = fills[fills["instrument"] == listed.number]
        self._view.show_trading(frame, part, orders, fills)

    def act(self, intent: Intent) -> None:
        """Send what an intent says, or explain why it is blocked."""
        if self.listed is None:
            return
        self._say(self._asking.act(intent) or intent.text)

    def take(self, reports: np.ndarray) -> None:
        """Tell refusals of what was asked for here, and hold what the engine held."""
        for words in self._asking.turning.take(reports):
            self._context.bridge.tell(words, Level.WARNING)
        if self.listed is None:
            return
        here = reports[reports["instrument"] == self.listed.number]
        for report in here[refused(here) & self._asking.sent(here)]:
            words = reasons.outcome_text(
                report, self.listed.text, self._context.desk.currency
            )
            self._say(words)
        hand = self._view.hand
        seen = hand.frame.at if hand.frame else None
        for intent in self._asking.asked(here, self.listed, seen):
            if self._view.isVisible():
                hand.hold([intent], self._context.clock.monotonic_ns())
                self._view.show_floats()

    def place(self, intent: Intent) -> None:
        """Act on what was chosen from a menu."""
        self._view.hand.decide([intent], self._context.clock.monotonic_ns())
        self._view.show_floats()


def _seen(view: np.void | None, part: np.void | None) -> Any:
    """What of the newest view a chart's hand and its lines depend on.

    A safety state or a limit may change while the book stands still: what the hand
    means is then another thing.
    """
    if view is None or part is None:
        return None
    limits = view["limits"].tobytes(), part["limits"].tobytes()
    state = view["safety_state"], view["halted"], part["session"], part["stale"]
    return state, limits, part["book_sequence"], part["position"], part["unrealised"]
