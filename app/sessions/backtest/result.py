"""What came of a backtest, in words and numbers for people and files.

`as_table` is the JSON result: `run` (what was run), `stats`, `fills`, `orders`,
`trades`, `equity`. Times are ISO 8601 in UTC, prices and quantities decimal numbers in
currency and instrument units, money in the base currency.
"""

import hashlib
import inspect
import json
import math
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

from app import __version__
from app.analytics.performance import (
    CALENDAR_DAYS,
    TRADING_DAYS,
    performance,
    trade_statistics,
)
from app.engine.arena import Section
from app.engine.records import (
    MONEY_SCALE,
    NO_PRICE,
    OrderStatus,
    OrderType,
    Reason,
    ReportType,
)
from app.instrument import Instrument, InstrumentKind
from app.sessions.backtest.run import Outcomes
from app.sessions.backtest.trades import Trade, trades_of
from app.sessions.notes import note_rows

_ENDS: Final = (
    *(ReportType.FILL, ReportType.CANCELLED, ReportType.REJECTED, ReportType.EXPIRED),
    *(ReportType.PENDING_NEW, ReportType.NEW, ReportType.REPLACED),
    ReportType.TRIGGERED,
)
_CRYPTO: Final = (InstrumentKind.CRYPTO_SPOT, InstrumentKind.PERPETUAL)


class Result:
    """A run's results, worked out when asked for.

    Parameters
    ----------
    outcomes : Outcomes
    """

    def __init__(self, outcomes: Outcomes) -> None:
        self.outcomes = outcomes
        self.composition = outcomes.composition
        self.instruments = self.composition.instruments
        self.ids = {each.number: each.terms.id for each in self.composition.strategies}
        reports = outcomes.reports
        self.fills = reports[reports["report"] == ReportType.FILL]
        self.trades = trades_of(self.fills)
        self.ts: NDArray[np.int64] = outcomes.worths["ts"]
        self.equity: NDArray[np.float64] = outcomes.worths["equity"] / MONEY_SCALE

    @property
    def start(self) -> float:
        """Capital at the beginning."""
        return float(self.composition.request.initial_capital)

    @property
    def days_per_year(self) -> int:
        """Daily returns of a year: 365 if every market is open every day."""
        always = all(each.kind in _CRYPTO for each in self.instruments)
        return CALENDAR_DAYS if always else TRADING_DAYS

    def trade_dates(self) -> NDArray[np.int64]:
        """Day of each value of equity, in the first instrument's time zone."""
        zone = ZoneInfo(self.instruments[0].time_zone)
        return _local_days(self.ts, zone)

    def stats(self) -> dict[str, Any]:
        """Statistics, by name; NaN is left out as None."""
        found = performance(
            self.ts, self.equity, self.trade_dates(), self.start, self.days_per_year
        )
        closed = sorted(
            (each for each in self.trades if not each.is_open),
            key=lambda each: each.closed_ts,
        )
        pnl = np.array([self.pnl_of(each) for each in closed])
        hold = np.array([each.closed_ts - each.opened_ts for each in closed])
        worths, rejects = self.outcomes.worths, self._count(ReportType.REJECTED)
        return _plain(
            {
                "initial_capital": self.start,
                "final_equity": float(self.equity[-1])
                if len(self.equity)
                else self.start,
                **asdict(found),
                **asdict(trade_statistics(pnl, hold)),
                "open_trades": len(self.trades) - len(closed),
                "exposure_time": float(np.mean(worths["gross_exposure"] > 0))
                if len(worths)
                else 0.0,
                "fees": float(self.fills["fee"].sum()) / MONEY_SCALE,
                "fills": len(self.fills),
                "orders": self._count(ReportType.PENDING_NEW),
                "rejects": rejects,
                "maker_share": float(np.mean(self.fills["liquidity"] > 0))
                if len(self.fills)
                else math.nan,
                "events": self.outcomes.events,
            }
        )

    def _count(self, kind: ReportType) -> int:
        return int(np.count_nonzero(self.outcomes.reports["report"] == kind))

    def pnl_of(self, trade: Trade) -> float:
        """P&L of a trade, base currency."""
        number = trade.instrument
        row = self.composition.arena.records(Section.INSTRUMENTS)[number]
        rate = float(row["conversion"]) * 1e-9
        return trade.pnl(self.instruments[number]) * rate

    def fill_rows(self) -> list[dict[str, Any]]:
        """Fills, oldest first."""
        return [self._fill_row(each) for each in self.fills]

    def _fill_row(self, each: Any) -> dict[str, Any]:
        instrument = self.instruments[int(each["instrument"])]
        return {
            "time": iso(int(each["ts_venue"])),
            "symbol": instrument.name,
            "strategy": self.ids.get(int(each["strategy"]), ""),
            "side": "buy" if each["side"] > 0 else "sell",
            "quantity": _quantity(instrument, int(each["last_quantity"])),
            "price": _price(instrument, int(each["last_price"])),
            "fee": float(each["fee"]) / MONEY_SCALE,
            "liquidity": {1: "maker", -1: "taker"}.get(int(each["liquidity"]), ""),
            "order": int(each["client_order_id"]),
        }

    def order_rows(self) -> list[dict[str, Any]]:
        """Orders as they stood at the end, in the order in which they were made."""
        rows: dict[int, dict[str, Any]] = {}
        for each in self.outcomes.reports:
            if each["report"] not in _ENDS or not each["client_order_id"]:
                continue
            order = int(each["client_order_id"])
            instrument = self.instruments[int(each["instrument"])]
            known = rows.get(order)
            if known is None:
                known = rows[order] = {
                    "order": order,
                    "time": iso(int(each["ts_received"])),
                    "symbol": instrument.name,
                    "strategy": self.ids.get(int(each["strategy"]), ""),
                    "side": "buy" if each["side"] > 0 else "sell",
                    "type": OrderType(int(each["order_type"])).name.lower(),
                }
            known.update(
                quantity=_quantity(instrument, int(each["quantity"])),
                filled=_quantity(instrument, int(each["filled"])),
                price=_price(instrument, int(each["price"])),
                stop_price=_price(instrument, int(each["stop_price"])),
                status=OrderStatus(int(each["status"])).name.lower(),
                reason=Reason(int(each["reason"])).name.lower()
                if each["reason"]
                else "",
            )
        return list(rows.values())

    def trade_rows(self) -> list[dict[str, Any]]:
        """Trades in the order in which they began; open ones are marked at the end."""
        return [self._trade_row(each) for each in self.trades]

    def _trade_row(self, each: Trade) -> dict[str, Any]:
        instrument = self.instruments[each.instrument]
        return {
            "symbol": instrument.name,
            "strategy": self.ids.get(each.strategy, ""),
            "side": "long" if each.side > 0 else "short",
            "quantity": _quantity(instrument, each.quantity),
            "opened": iso(each.opened_ts),
            "closed": None if each.is_open else iso(each.closed_ts),
            "entry_price": _mean(instrument, each.entry_value, each.entry_quantity),
            "exit_price": _mean(instrument, each.exit_value, each.exit_quantity),
            "pnl": self.pnl_of(each),
            "fees": each.fees / MONEY_SCALE,
            "fills": each.fills,
        }

    def equity_rows(self) -> list[list[Any]]:
        """(time, equity) at each time."""
        return [
            [iso(at), value]
            for at, value in zip(self.ts.tolist(), self.equity.tolist(), strict=True)
        ]

    def run_rows(self) -> dict[str, Any]:
        """What was run: data, code, models."""
        composition, outcomes = self.composition, self.outcomes
        data = composition.data
        return {
            "ringside": __version__,
            "currency": composition.base_currency,
            "start": iso(data.first_ts),
            "end": iso(data.last_ts),
            "data": [
                {"symbol": each.name, "stream": each.stream, "records": len(rows)}
                for each, rows in zip(data.recordings, data.rows, strict=True)
            ],
            "strategies": [
                {
                    "id": each.terms.id,
                    "name": each.cls.title or each.cls.__name__,
                    "parameters": each.values,
                    "allocation": float(each.terms.allocation),
                    "code": _code_hash(each.cls),
                    **asdict(outcomes.strategies[each.terms.id]),
                }
                for each in composition.strategies
            ],
            "is_whole": outcomes.is_whole,
            "seed": composition.request.seed,
        }

    def as_table(self) -> dict[str, Any]:
        """The JSON result."""
        return {
            "run": self.run_rows(),
            "stats": self.stats(),
            "fills": self.fill_rows(),
            "orders": self.order_rows(),
            "trades": self.trade_rows(),
            "equity": self.equity_rows(),
            "notes": {
                name: note_rows(each.notes, each.notes_lost)
                for name, each in self.outcomes.strategies.items()
            },
        }

    def digest(self) -> str:
        """Hash of all that the engine told, byte for byte."""
        found = hashlib.sha256(self.outcomes.reports.tobytes())
        found.update(self.outcomes.worths.tobytes())
        return found.hexdigest()

    def write_json(self, path: Path) -> None:
        """Write the JSON result."""
        path.write_text(json.dumps(self.as_table(), indent=1) + "\n", encoding="utf-8")


def iso(ts: int) -> str:
    """A time as ISO 8601 in UTC, ns where there are any."""
    text = str(np.datetime64(ts, "ns"))
    return text.removesuffix("000000000").rstrip(".") + "Z"


def _code_hash(cls: type) -> str:
    return hashlib.sha256(inspect.getsource(cls).encode()).hexdigest()[:16]


def _price(instrument: Instrument, units: int) -> float | None:
    return None if units == NO_PRICE else float(units * instrument.price_unit)


def _quantity(instrument: Instrument, units: int) -> float:
    return float(units * instrument.quantity_unit)


def _mean(instrument: Instrument, value: int, quantity: int) -> float | None:
    if not quantity:
        return None
    return value / quantity * float(instrument.price_unit)


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Numbers that JSON knows; what is not defined is None."""
    return {
        name: None if isinstance(each, float) and not math.isfinite(each) else each
        for name, each in values.items()
    }


def _local_days(ts: NDArray[np.int64], zone: ZoneInfo) -> NDArray[np.int64]:
    """Days since 1970 of times in a time zone."""
    import pandas as pd

    local = pd.DatetimeIndex(ts, tz="UTC").tz_convert(zone).tz_localize(None)
    days: NDArray[np.int64] = local.to_numpy().astype("datetime64[D]").astype(np.int64)
    return days
