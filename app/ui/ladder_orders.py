"""What a ladder does: intentions become orders, commands act, refusals come back.

Between a ladder's view, which reads the hand, and `Trading`, which sends. It holds no
state but the instrument it is about.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Final

import numpy as np

from app.engine.records import BUY, NO_PRICE, SELL
from app.ui import reasons
from app.ui.asking import Asking, refused
from app.ui.context import Context
from app.ui.items.ladder_view import LadderView
from app.ui.items.size_pads import SizePads
from app.ui.models import nudging
from app.ui.models.hand import Hand
from app.ui.models.intent import Intent, order_intent, waiting_text
from app.ui.models.judge import SENT, Verdict
from app.ui.models.ladder import touch_index
from app.ui.models.market import Listed
from app.ui.models.messages import Level
from app.ui.models.orders import priced_at
from app.ui.models.protective import reverse_intent
from app.ui.models.situation import Situation

PADS_WITH_KEYS: Final = 4
_LEAVES: Final = (
    "ladder.cancel", "ladder.cancel_buys", "ladder.cancel_sells", "ladder.close",
    "ladder.reverse",
)  # fmt: skip
"""Commands that drop what waits for a confirm."""
_NO_ORDER: Final = "you have no working order here"


class LadderOrders:
    """Acts for one ladder.

    Parameters
    ----------
    context : Context
    view : LadderView
        Its gestures are bound to this object.
    pads : SizePads
    say : callable
        Shows a line of warning to the user.

    Attributes
    ----------
    listed : Listed or None
        The instrument; nothing is done without one.
    """

    def __init__(
        self,
        context: Context,
        view: LadderView,
        pads: SizePads,
        say: Callable[[str], None],
    ) -> None:
        self.listed: Listed | None = None
        self._context = context
        self._desk = context.desk
        self._view = view
        self._pads = pads
        self._say = say
        self._asking = Asking(context)  # what others sent, others ask about
        self._unanswered = nudging.Unanswered()
        self._runs = self._commands()
        view.gestures.make = self.act
        view.gestures.cancel = context.trading.cancel
        view.gestures.order = context.desk.orders.order
        view.gestures.pick = context.focus.pick
        view.gestures.family = context.desk.orders.family

    def run(self, command_id: str) -> None:
        """Do a command of the group "ladder"."""
        if self.listed is not None:
            if command_id in _LEAVES:
                self._view.gestures.held = None  # who leaves wants no entry after that
            self._runs[command_id]()

    def act(self, intent: Intent) -> None:
        """Send what an intent says, or explain why it is blocked."""
        if self.listed is None:
            return
        why_not = self._asking.act(intent)
        if why_not:
            self._explain(intent.at, why_not)

    def take(self, reports: np.ndarray) -> None:
        """Show refusals in their rows, and hold what the engine held."""
        for words in self._asking.turning.take(reports):
            self._context.bridge.tell(words, Level.WARNING)
        if self.listed is None:
            return
        here = reports[reports["instrument"] == self.listed.number]
        # A strategy's are in the log: they would cover the rows that it quotes at.
        for report in here[refused(here) & (here["strategy"] == 0)]:
            words = reasons.outcome_text(report, self.listed.text, self._desk.currency)
            self._explain(int(report["price"]), words)
        frame = self._view.painted
        asked = self._asking.asked(here, self.listed, frame.at if frame else None)
        if asked:
            self._view.gestures.hold(asked, self._context.clock.monotonic_ns())
            self._say(waiting_text(asked[0], is_staged=False))

    def _commands(self) -> Mapping[str, Callable[[], None]]:
        runs: dict[str, Callable[[], None]] = {
            "ladder.recentre": self._recentre,
            "ladder.join_bid": partial(self._at_touch, BUY, BUY),
            "ladder.join_ask": partial(self._at_touch, SELL, SELL),
            "ladder.lift": partial(self._at_touch, BUY, SELL),
            "ladder.hit": partial(self._at_touch, SELL, BUY),
            "ladder.buy_market": partial(self._order, BUY, NO_PRICE),
            "ladder.sell_market": partial(self._order, SELL, NO_PRICE),
            "ladder.cancel": self._cancel_entries,
            "ladder.cancel_stops": self._cancel_stops,
            "ladder.cancel_nearest": self._cancel_nearest,
            "ladder.cancel_last": self._cancel_last,
            "ladder.cancel_buys": partial(self._cancel_side, BUY),
            "ladder.cancel_sells": partial(self._cancel_side, SELL),
            "ladder.move_up": partial(self._move, 1),
            "ladder.move_down": partial(self._move, -1),
            "ladder.move_to_touch": partial(self._move, 0),
            "ladder.close": self._close,
            "ladder.reverse": self._reverse,
            "ladder.next_stop": partial(self._latch, Hand.STOP),
            "ladder.next_exit_stop": partial(self._latch, Hand.EXIT_STOP),
            "ladder.next_bracket": partial(self._latch, Hand.BRACKET),
        }
        for pad in range(PADS_WITH_KEYS):
            runs[f"ladder.size_{pad + 1}"] = partial(self._pads.choose, pad)
        return runs

    def _recentre(self) -> None:
        assert self.listed is not None
        touch = touch_index(self._desk.market, self.listed)
        if touch is not None:
            self._view.centre_on(touch)

    def _cancel_entries(self) -> None:
        assert self.listed is not None
        self._context.trading.cancel_entries(self.listed.number)

    def _cancel_stops(self) -> None:
        assert self.listed is not None
        self._context.trading.cancel_stops(self.listed.number)

    def _own(self) -> np.ndarray:
        """Working orders of the instrument that are no strategy's."""
        assert self.listed is not None
        return nudging.by_hand(self._desk.orders.working(self.listed.number))

    def _cancel_nearest(self) -> None:
        frame = self._view.painted
        found = 0 if frame is None else nudging.nearest(self._own(), frame.at)
        self._cancel_one(found)

    def _cancel_last(self) -> None:
        self._cancel_one(nudging.newest(self._own()))

    def _cancel_one(self, order: int) -> None:
        if order:
            self._context.trading.cancel((order,))
        else:
            self._say(_NO_ORDER)

    def _cancel_side(self, side: int) -> None:
        orders = self._own()
        ids = orders["client_order_id"][orders["side"] == side]
        self._context.trading.cancel(ids.tolist())

    def _move(self, ticks: int) -> None:
        """Move the order that is pointed at, else the nearest; 0 = to its touch."""
        frame, gestures = self._view.painted, self._view.gestures
        if frame is None or not self._view.isVisible():
            self._say("no order: the ladder is hidden")
            return
        number = self._view.own_chosen() or nudging.nearest(self._own(), frame.at)
        order = self._desk.orders.order(number) if number else None
        if order is None:
            self._say(_NO_ORDER)
            return
        make = partial(nudging.nudge_intent, ticks=ticks)
        meaning = make if ticks else nudging.join_intent
        now = self._context.clock.monotonic_ns()
        unready = gestures.unready or self._unanswered.why(order, now)
        intent = meaning(frame.at, order, unready=unready)
        if intent.at == priced_at(order) and intent.verdict is not Verdict.BLOCK:
            self._say("it is at the touch already")
            return
        gestures.instead([intent], now)
        if intent.verdict in SENT:
            self._unanswered.note(order, now)
            self._say(intent.text)

    def _reverse(self) -> None:
        """One market order for twice the position, the other way."""
        frame = self._view.painted
        if frame is None or not frame.position:
            self._say("no order: there is no position to reverse")
        else:
            self._decide(lambda at, why: reverse_intent(at, frame.position, why))

    def _latch(self, hand: Hand) -> None:
        """Let the next click mean something else; the same again undoes it."""
        gestures = self._view.gestures
        gestures.latched = Hand.PLAIN if gestures.latched is hand else hand
        is_on = gestures.latched is hand
        self._say(
            f"the next click places a {hand.value}; Esc drops it"
            if is_on
            else "the next click places a limit order"
        )
        self._view.update()

    def _close(self) -> None:
        assert self.listed is not None
        self._context.trading.close(self.listed.number)

    def _at_touch(self, side: int, book: int) -> None:
        """Place a limit at the painted best price of a side of the book."""
        frame = self._view.painted
        if frame is not None:
            price = frame.best_bid if book == BUY else frame.best_ask
            if price == NO_PRICE:
                self._say("no order: that side of the book is empty")
            else:
                self._order(side, price)

    def _order(self, side: int, price: int) -> None:
        quantity = self._view.gestures.quantities[0]
        self._decide(lambda at, why: order_intent(at, side, price, quantity, why))

    def _decide(self, meaning: Callable[[Situation, str], Intent]) -> None:
        """Act on what a key means in the painted frame."""
        frame, gestures = self._view.painted, self._view.gestures
        if not self._view.isVisible():
            # What is painted there is of the past: an order must mean what is seen.
            self._context.bridge.tell("no order: the ladder is hidden", Level.WARNING)
        elif frame is not None:
            intent = meaning(frame.at, gestures.unready)
            gestures.instead([intent], self._context.clock.monotonic_ns())

    def _explain(self, price: int, words: str) -> None:
        """Write a refusal into the row of its price, or of the touch."""
        assert self.listed is not None
        touch = touch_index(self._desk.market, self.listed)
        index = touch if price == NO_PRICE else self.listed.scale.index(price)
        if index is not None:
            self._view.note(index, words)
        self._say(words)
