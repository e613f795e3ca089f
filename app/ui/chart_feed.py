"""What flows into a chart: bars of its interval, the profile, what was lost.

Follows the session's history for one chart; nothing is read while nobody sees it.
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final

import numpy as np
from PySide6.QtCore import QElapsedTimer

from app.errors import RingsideError
from app.sessions.history import MarketHistory
from app.ui.context import Context
from app.ui.items.chart_trading import TradingChart
from app.ui.models import ladder_text
from app.ui.models.chart_interval import parse_interval
from app.ui.models.past_bars import JoinedBars, PastPage
from app.ui.recorded_bars import RecordedBars

_PROFILE_MS: Final = 1_000
_AHEAD: Final = 1.5
"""Pictures to the left of what is seen for which bars are to be there."""
_MOST_RECORDED: Final = 1_000_000
_AT_ONCE: Final = 100_000
"""Trades whose profile is made in this frame; of more on the jobs' thread."""


class ChartFeed:
    """Feeds one chart.

    Parameters
    ----------
    context : Context
    view : TradingChart
    say : callable
        Shows a line to the user in a colour.
    """

    def __init__(
        self, context: Context, view: TradingChart, say: Callable[[str, str], None]
    ) -> None:
        self._context = context
        self._view = view
        self._say = say
        self._since = QElapsedTimer()
        self._asked: tuple[Any, ...] = ()
        self._is_waiting = False
        self._version = -1
        self.past = RecordedBars(context.library)
        self.past.loaded.connect(self._on_past)
        self._past_gaps: Any = np.empty(0, np.int64)
        view.bars.follow(None)

    @property
    def history(self) -> MarketHistory | None:
        """The session's history; None until the engine is ready."""
        session = self._context.bridge.session
        return session.history if session is not None else None

    def follow(self) -> bool:
        """Follow bars of the look's interval; False if there are none such."""
        view, history, listed = self._view, self.history, self._view.listed
        view.extras.history = history
        if history is None or listed is None:
            view.bars.follow(None)
            return True
        price = ladder_text.last_price(self._context.desk, listed)
        try:
            spec = parse_interval(view.look.interval, listed.instrument, price)
            view.bars.follow(JoinedBars(history.bars(listed.number, spec)))
            self.past.begin()
        except RingsideError as error:
            self._say(str(error), self._context.theme.warning)
            return False
        self._say("", self._context.theme.text)
        view.extras.trade_dates = history.trade_dates(listed.number)
        self._past_gaps = np.empty(0, np.int64)
        view.extras.gaps = history.gaps(listed.number)
        self.stale()
        return True

    def _reach_back(self) -> None:
        """Have older bars loaded before somebody sees that they lack."""
        view, series = self._view, self._view.bars.series
        if not isinstance(series, JoinedBars) or view.listed is None:
            return
        first, last = view.span.index_at(0.0), view.span.right
        is_near = first < _AHEAD * (last - first)
        if (is_near or not series.recorded) and series.recorded < _MOST_RECORDED:
            self.past.reach(view.listed, series)
        self._tell_reading(is_near and self.past.is_loading)

    def _tell_reading(self, is_reading: bool) -> None:
        if is_reading != self._view.extras.is_reading:
            self._view.extras.is_reading = is_reading
            self._view.show_floats("legend")

    def _on_past(self, page: PastPage) -> None:
        """Put recorded bars before all others; what is seen stays where it is."""
        view = self._view
        series = view.bars.series
        if not isinstance(series, JoinedBars) or not series.count:
            return
        view.bars.update()
        added = series.put_before(page.rows)
        if not added:
            return
        view.bars.put_before(page.rows[:added])
        view.bars.update()
        view.shift(added)
        self._past_gaps = np.concatenate([page.gaps, self._past_gaps])
        view.extras.gaps = np.concatenate([page.gaps, view.extras.gaps])
        dates = view.extras.trade_dates
        every = {*page.dates.tolist(), *dates.tolist()}
        view.extras.trade_dates = np.array(sorted(every), np.int64)
        self.stale()

    def stale(self) -> None:
        """Have the profile made anew at the next update."""
        self._asked = ()
        self._since.invalidate()
        self._view.extras.take_profile(None)

    def update(self) -> None:
        """Bring the chart up to date."""
        view = self._view
        if view.bars.series is None and not self.follow():
            return
        now = self._context.desk.market.view
        self._reach_back()
        self._refresh_slow()
        view.refresh(int(now["now"]) if now is not None else 0)

    def _refresh_slow(self) -> None:
        """Profile and gaps, once a second."""
        if self._since.isValid() and not self._since.hasExpired(_PROFILE_MS):
            return
        self._since.start()
        history, listed, view = self.history, self._view.listed, self._view
        if history is None or listed is None:
            return
        self._find_gaps(history, listed.number)
        if view.look.profile == "session":
            if self._is_new(history.trade_count(listed.number)):
                self._take(history.profile(listed.number))
        elif view.look.profile == "visible" and len(view.shown.rows):
            self._ask_visible(history, listed.number)

    def _find_gaps(self, history: MarketHistory, number: int) -> None:
        gaps = np.concatenate([self._past_gaps, history.gaps(number)])
        if len(gaps) != len(self._view.extras.gaps):
            self._view.extras.gaps = gaps
            self._view.move_on()

    def _is_new(self, *what: Any) -> bool:
        is_new = what != self._asked
        self._asked = what
        return is_new

    def _ask_visible(self, history: MarketHistory, number: int) -> None:
        rows = self._view.shown.rows
        rows = rows[rows["first_trade"] >= 0]  # what was recorded has no tape
        if not len(rows):
            return
        first = int(rows["first_trade"][0])
        last = int(rows["first_trade"][-1] + rows["trades"][-1])
        if first < 0 or self._is_waiting or not self._is_new(first, last):
            return
        make = partial(history.profile_of, number, first, last)
        if last - first <= _AT_ONCE:
            self._take(make())
            return
        self._is_waiting = True
        asked = self._asked
        self._context.library.jobs.run(
            make, partial(self._on_made, asked), self._on_failed
        )

    def _on_made(self, asked: tuple[Any, ...], profile: Any) -> None:
        self._is_waiting = False
        if asked == self._asked:  # else another instrument or stretch is shown by now
            self._take(profile)

    def _on_failed(self, error: BaseException) -> None:
        self._is_waiting = False
        self._say(f"no profile: {error}", self._context.theme.warning)

    def _take(self, profile: Any) -> None:
        self._view.extras.take_profile(profile)
        self._view.show_profile()
