"""What the values of alerts are now, from the desk and the session's history."""

from collections.abc import Iterator

import numpy as np

from app.engine.indicators.series import INDICATORS, indicator_series
from app.engine.records import MONEY_SCALE, NO_PRICE, ReportType
from app.sessions.history import MarketHistory
from app.ui.models.alert_bars import AlertBars
from app.ui.models.alerts import STUDIES, Alert
from app.ui.models.desk import Desk
from app.ui.models.market import Listed
from app.ui.models.risk import GAUGED
from app.ui.models.studies import LINES, numbers_of, warm_up


class Readings:
    """What the alerts' values are now.

    Parameters
    ----------
    desk : Desk
    history : MarketHistory or None
        The session's; without it there is neither VWAP nor average nor indicator.
    bars : AlertBars
        What follows the bars that are read.
    """

    def __init__(
        self, desk: Desk, history: MarketHistory | None, bars: AlertBars
    ) -> None:
        self._desk, self._history, self._bars = desk, history, bars
        self._numbers = {
            listed.instrument.name: listed for listed in desk.market.listed
        }

    def __call__(self, alert: Alert) -> float | None:
        """The value of an alert; None = unknown."""
        view = self._desk.market.view
        if view is None:
            return None
        if alert.kind == "pnl":
            return _money(
                int(view["realised"]) + int(view["unrealised"]) - int(view["fees"])
            )
        if alert.kind == "risk":
            return _fullest(view)
        listed = self._numbers.get(alert.instrument)
        part = None if listed is None else self._desk.market.instrument(listed.number)
        if listed is None or part is None:
            return None
        if alert.kind == "instrument_pnl":
            return _money(
                int(part["realised"]) + int(part["unrealised"]) - int(part["fees"])
            )
        if alert.kind in STUDIES:
            return self._study(alert, listed, part)
        units = self._price(alert, listed, part)
        return None if units is None else units * float(listed.instrument.price_unit)

    def _price(self, alert: Alert, listed: Listed, part: np.void) -> float | None:
        bid, ask = _best(part, "bid"), _best(part, "ask")
        last = None if part["last_price"] == NO_PRICE else float(part["last_price"])
        plain = {"last": last, "bid": bid, "ask": ask}
        if alert.kind in plain:
            return plain[alert.kind]
        if alert.kind == "mid":
            return None if bid is None or ask is None else (bid + ask) / 2
        if alert.kind == "average":
            return self._average(listed.number, alert.minutes)
        vwap = self._vwap(listed.number)
        if alert.kind == "vwap" or vwap is None or last is None:
            return vwap
        return last - vwap

    def _vwap(self, number: int) -> float | None:
        if self._history is None:
            return None
        stats = self._history.stats(number)
        volume = int(stats["volume"])
        return float(stats["turnover"]) / volume if volume > 0 else None

    def _average(self, number: int, minutes: int) -> float | None:
        rows = self._bars.newest(self._history, number, 1, minutes)
        return float(rows["close"].mean()) if len(rows) >= minutes else None

    def _study(self, alert: Alert, listed: Listed, part: np.void) -> float | None:
        """An indicator at the newest bar, or the last price less it."""
        line = LINES[alert.line]
        numbers = numbers_of(line.name, alert.numbers)
        count = warm_up(numbers)
        rows = self._bars.newest(self._history, listed.number, alert.minutes, count)
        if not len(rows):
            return None
        declared = INDICATORS[line.name].parameters
        given = {
            each.name: value for each, value in zip(declared, numbers, strict=True)
        }
        value = float(indicator_series(line.name, given, rows)[-1, line.column])
        if alert.kind == "last_study":
            if part["last_price"] == NO_PRICE:
                return None
            value = float(part["last_price"]) - value
        unit = float(listed.instrument.price_unit) if line.is_in_price else 1.0
        return value * unit


def _best(part: np.void, side: str) -> float | None:
    return float(part[f"{side}s"]["price"][0]) if part[f"{side}_levels"] > 0 else None


def _money(amount: int) -> float:
    return amount / MONEY_SCALE


def _fullest(view: np.void) -> float:
    """Greatest used part of any limit that something stands at, per cent."""
    limits = [limit for limit in GAUGED if view["limits"][limit] > 0]
    parts = (int(view["used"][each]) / int(view["limits"][each]) for each in limits)
    return 100 * max(parts, default=0.0)


def events(reports: np.ndarray) -> Iterator[tuple[str, np.void]]:
    """Reports that alerts may be about, each with its kind.

    Only the first of each instrument: a storm of fills is one alert.
    """
    for kind, wanted in (("fill", ReportType.FILL), ("reject", ReportType.REJECTED)):
        chosen = reports[reports["report"] == wanted]
        _, first = np.unique(chosen["instrument"], return_index=True)
        for at in first:
            yield kind, chosen[at]
