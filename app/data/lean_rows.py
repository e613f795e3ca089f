"""Rows of Lean's files as records: trades, quotes, bars of both.

Bars are stamped at their open by Lean and at their close here (SEMANTICS 12). A quote
bar becomes a bar of bids, a bar of asks and, at its close, a quote. A row of the quote
ticks of equities is one side of the national best and the exchange that shows it; the
other side is carried on. (So none of BAC's 472,252 quotes in the regular hours of
2013-10-07 is crossed; were they each exchange's own, 99 % would be.)
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from app.data.bar_stamps import at_close, interval_ns
from app.data.importing import new_records
from app.data.lean_files import LeanFile
from app.data.local_time import DAY_NS, SECOND_NS, day_ns
from app.data.text_columns import Table, scaled, snapped, to_units
from app.data.time_columns import to_utc
from app.engine.records import (
    BAR,
    NO_PRICE,
    QUOTE,
    EventKind,
    RecordFlag,
    TradeCondition,
)
from app.instrument import Instrument, plain

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
PRICE_DIGITS: Final = 9
SIZE_DIGITS: Final = 8
_EQUITY_SHIFT: Final = 4
"""Equity prices are integers x 1e-4."""
_INT32: Final = 2**31
_BAR: Final = ("open", "high", "low", "close")
_QUOTE_BAR: Final = (
    *("time", *(f"bid_{each}" for each in _BAR), "bid_size"),
    *(*(f"ask_{each}" for each in _BAR), "ask_size"),
)
_TRADE_COLUMNS: Final = ("time", "price", "size", "exchange", "condition", "suspicious")
_EQUITY_QUOTE: Final = (
    *("time", "bid", "bid_size", "ask", "ask_size"),
    *("exchange", "condition", "suspicious"),
)
PRICE_COLUMNS: Final = frozenset(
    ("price", "bid", "ask", *_BAR, *(each for each in _QUOTE_BAR if each[4:] in _BAR))
)
SIZE_COLUMNS: Final = frozenset(("size", "volume", "bid_size", "ask_size"))

# Which bit of Lean's TradeConditionFlags means what (Lean, Common/Data/Auxiliary).
# LATE stands for all that CTA and UTP keep from setting the last price.
_CONDITIONS: Final = (
    (TradeCondition.AVERAGE_PRICE, (20,)),
    (TradeCondition.LATE, (1, 2, 3, 9, 11, 14, 18, 22, 24, 25, 26)),
    (TradeCondition.EXTENDED_HOURS, (10, 13)),
    (TradeCondition.ODD_LOT, (31,)),
    (TradeCondition.AUCTION, (6, 7, 8)),
    (TradeCondition.CROSS, (21,)),
)


def columns_of(file: LeanFile, width: int) -> tuple[str, ...] | None:
    """Return the names of a file's columns by their number; None if it cannot be."""
    if file.what == "openinterest":
        known: tuple[tuple[str, ...], ...] = (("time", "open_interest"),)
    elif file.resolution != "tick":
        bars = ("time", *_BAR, "volume")
        known = {"trade": (bars,), "quote": (_QUOTE_BAR,)}.get(
            file.what, (bars, _QUOTE_BAR)
        )
    elif file.what == "trade":
        known = (_TRADE_COLUMNS, _TRADE_COLUMNS[:3], (*_TRADE_COLUMNS[:3], "condition"))
    else:
        known = (
            ("time", "bid", "ask"),
            _EQUITY_QUOTE[:5],
            (*_EQUITY_QUOTE[:6], "suspicious"),
            _EQUITY_QUOTE,
        )
    return next((each for each in known if len(each) == width), None)


@dataclass(slots=True)
class Counts:
    """What was not kept, or not as it was."""

    empty_trades: int = 0
    suspicious: int = 0
    snapped: int = 0
    crossed: int = 0


class RowReader:
    """Turns tables of one instrument's rows into records.

    Parameters
    ----------
    instrument : Instrument
    file : LeanFile
        What the rows are; its day may change from table to table.
    assumed_size : int
        Size of quotes that tell none, quantity units.
    """

    def __init__(
        self, instrument: Instrument, file: LeanFile, assumed_size: int
    ) -> None:
        self.counts = Counts()
        self._instrument = instrument
        self._shift = _EQUITY_SHIFT if file.security == "equity" else 0
        self._file = file
        self._assumed = assumed_size
        self._last = 0
        self._shown = {"bid": (NO_PRICE, 0), "ask": (NO_PRICE, 0)}
        """Best price and size that were last told of each side."""

    def take(self, table: Table, file: LeanFile) -> dict[str, NDArray[np.void]]:
        """Turn rows into records by stream."""
        good = np.ones(len(table), np.bool_)
        stamps = self._stamps(table, file, good)
        names = table.names
        if "open_interest" in names:
            made = {"open-interest": self._open_interest(table, good)}
        elif file.resolution == "tick":
            is_trade = "price" in names
            made = (
                {"trades": self._trades(table, good)}
                if is_trade
                else {"quotes": self._quotes(table, good)}
            )
        elif "volume" in names:
            made = {f"bars-{file.interval}": self._bars(table, "", "volume", good)}
        else:
            made = self._quote_bars(table, file.interval, good)
        for records in made.values():
            records["ts_venue"] = records["ts_received"] = stamps
            records["flags"] = RecordFlag.LAST
        return {name: _present(records[good]) for name, records in made.items()}

    def notes(self) -> list[str]:
        """Say what is to be known of the data."""
        file, counts = self._file, self.counts
        said = []
        if file.resolution != "tick" and file.what != "openinterest":
            said.append(f"bars stamped at their close, {file.interval} after the open")
        for count, text in (
            (counts.empty_trades, "trades of size 0 (legs, settlements) are left out"),
            (counts.suspicious, "rows that their source calls suspicious are left out"),
            (counts.snapped, "sizes were binary fractions, put right to the unit"),
            (counts.crossed, "quotes have a bid above the ask, as the source has them"),
        ):
            if count:
                said.append(f"{count:,} {text}")
        return said

    # Times.

    def _stamps(self, table: Table, file: LeanFile, good: Flags) -> Ints:
        """Return times in UTC, a bar's at its close; they must not go back."""
        if file.day is not None:
            elapsed, bad = scaled(table.column("time"), 6)
            bad |= (elapsed < 0) | (elapsed >= DAY_NS)
            local = day_ns(file.day) + np.where(bad, 0, elapsed)
            table.refuse(bad, "time", "must be milliseconds of a day", good)
        else:
            local, bad = _minutes(table.column("time"))
            table.refuse(bad, "time", "must be like 20131007 09:00", good)
        if file.resolution != "tick" and file.what != "openinterest":
            local = at_close(local, interval_ns(file.interval))
        stamps = to_utc(local, file.zone)
        latest = np.maximum.accumulate([self._last, *np.where(good, stamps, 0)])
        table.refuse(stamps < latest[:-1], "time", "must not go back", good)
        self._last = int(latest[-1])
        return stamps

    # Numbers.

    def _prices(self, table: Table, name: str, good: Flags) -> tuple[Ints, Flags]:
        """Prices in units, and where there is none."""
        instrument = self._instrument
        texts, absent = _filled(table.column(name))
        values, unread = scaled(texts, PRICE_DIGITS)
        table.refuse(unread, name, f"must be a number of {PRICE_DIGITS} decimals", good)
        digits = PRICE_DIGITS + self._shift
        units, off = to_units(values, digits, instrument.price_unit)
        off |= np.abs(units) > instrument.price_bound
        bound = plain(instrument.price(instrument.price_bound))
        rule = f"must be on price unit {plain(instrument.price_unit)}, within {bound}"
        table.refuse(off, name, rule, good)
        return units, absent

    def _sizes(self, table: Table, name: str, good: Flags) -> Ints:
        """Sizes in units; a binary fraction's print is put right to the unit."""
        instrument = self._instrument
        texts, _ = _filled(table.column(name))
        values, unread = scaled(texts, SIZE_DIGITS)
        for index in np.flatnonzero(unread & good).tolist():
            number = snapped(texts[index].as_py(), SIZE_DIGITS)
            if number is not None:
                values[index], unread[index] = number, False
                self.counts.snapped += 1
        table.refuse(unread, name, f"must be a number of {SIZE_DIGITS} decimals", good)
        units, off = to_units(values, SIZE_DIGITS, instrument.quantity_unit)
        unit = plain(instrument.quantity_unit)
        table.refuse(off, name, f"must be on quantity unit {unit}", good)
        table.refuse(units < 0, name, "must not be negative", good)
        return units

    def _leave_out_suspicious(self, table: Table, good: Flags) -> None:
        if "suspicious" not in table.names:
            return
        marked = _equals(table.column("suspicious"), "1") & good
        self.counts.suspicious += int(np.count_nonzero(marked))
        good &= ~marked

    # Rows.

    def _open_interest(self, table: Table, good: Flags) -> NDArray[np.void]:
        records = new_records(len(table))
        records["kind"] = EventKind.SIGNAL
        records["size"] = self._sizes(table, "open_interest", good)
        return records

    def _trades(self, table: Table, good: Flags) -> NDArray[np.void]:
        self._leave_out_suspicious(table, good)
        records = new_records(len(table))
        records["kind"] = EventKind.TRADE
        records["price"], absent = self._prices(table, "price", good)
        table.refuse(absent, "price", "a trade must have a price", good)
        records["size"] = self._sizes(table, "size", good)
        empty = (records["size"] == 0) & good
        self.counts.empty_trades += int(np.count_nonzero(empty))
        good &= ~empty
        if "condition" in table.names:
            records["conditions"] = _conditions(table, good)
        return records

    def _quotes(self, table: Table, good: Flags) -> NDArray[np.void]:
        self._leave_out_suspicious(table, good)
        records = new_records(len(table)).view(QUOTE)
        records["kind"] = EventKind.QUOTE
        for side in ("bid", "ask"):
            prices, absent = self._prices(table, side, good)
            sizes = np.full(len(table), self._assumed, np.int64)
            if f"{side}_size" in table.names:
                sizes = self._sizes(table, f"{side}_size", good)
            none = absent | (sizes == 0) | (prices == 0)
            records[f"{side}_price"] = np.where(none, NO_PRICE, prices)
            records[f"{side}_size"] = np.where(none, 0, sizes)
        if self._file.security == "equity":
            self._carry_sides(records, good)
        return self._counted(records, good)

    def _counted(self, records: NDArray[np.void], good: Flags) -> NDArray[np.void]:
        bids, asks = records["bid_price"], records["ask_price"]
        crossed = (bids > asks) & (asks != NO_PRICE) & good
        self.counts.crossed += int(np.count_nonzero(crossed))
        plainly: NDArray[np.void] = records.view(new_records(0).dtype)
        return plainly

    def _carry_sides(self, records: NDArray[np.void], good: Flags) -> None:
        """Give each quote of one side the other side as it was last told."""
        every = np.arange(len(records))
        for side in ("bid", "ask"):
            price, size = records[f"{side}_price"], records[f"{side}_size"]
            told = np.flatnonzero((price != NO_PRICE) & good)
            latest = np.searchsorted(told, every, side="right")
            before = self._shown[side]
            price = np.append(before[0], price[told])[latest]
            size = np.append(before[1], size[told])[latest]
            records[f"{side}_price"], records[f"{side}_size"] = price, size
            if len(every):
                self._shown[side] = (int(price[-1]), int(size[-1]))

    def _bars(
        self, table: Table, prefix: str, volume: str, good: Flags
    ) -> NDArray[np.void]:
        """Bars of trades, or of one side's quotes; `volume` may be none."""
        absent = np.zeros(len(table), np.bool_)
        prices: dict[str, Ints] = {}
        for name in _BAR:
            prices[name], none = self._prices(table, prefix + name, good)
            absent |= none
        if not prefix:
            table.refuse(absent, "open", "a bar must have prices", good)
        opens = prices["open"]
        sound = good & ~absent
        inner = np.maximum(opens, prices["close"]), np.minimum(opens, prices["close"])
        for name, wrong in (
            ("high", prices["high"] < inner[0]),
            ("low", prices["low"] > inner[1]),
        ):
            table.refuse(wrong & sound, prefix + name, f"is no {name}", good)
        wide = np.maximum(prices["high"] - opens, opens - prices["low"]) >= _INT32
        rule = "must lie within 2**31 units of the open"
        table.refuse(wide & sound, prefix + "high", rule, good)
        bars = new_records(len(table)).view(BAR)
        bars["kind"] = np.where(absent, 0, EventKind.BAR)
        bars["open"] = opens
        bars["volume"] = self._sizes(table, volume, good) if volume else 0
        for name in _BAR[1:]:
            bars[f"{name}_offset"] = np.where(good, prices[name] - opens, 0)
        plainly: NDArray[np.void] = bars.view(new_records(0).dtype)
        return plainly

    def _quote_bars(
        self, table: Table, interval: str, good: Flags
    ) -> dict[str, NDArray[np.void]]:
        """A bar of each side, and the quote at their close."""
        quotes = new_records(len(table)).view(QUOTE)
        quotes["kind"] = EventKind.QUOTE
        made: dict[str, NDArray[np.void]] = {}
        for side in ("bid", "ask"):
            bars = self._bars(table, f"{side}_", "", good)
            made[f"bars-{interval}-{side}"] = bars
            sizes = self._sizes(table, f"{side}_size", good)
            sizes = np.where((sizes == 0) & (self._assumed > 0), self._assumed, sizes)
            laid = bars.view(BAR)
            closes = laid["open"] + laid["close_offset"]
            none = (bars["kind"] == 0) | (sizes == 0)
            quotes[f"{side}_price"] = np.where(none, NO_PRICE, closes)
            quotes[f"{side}_size"] = np.where(none, 0, sizes)
        made[f"quotes-{interval}"] = self._counted(quotes, good)
        return made


def _present(records: NDArray[np.void]) -> NDArray[np.void]:
    """Return the records that tell something: a side without quotes has no bar."""
    told: NDArray[np.void] = records[records["kind"] != 0]
    return told


def _minutes(texts: Any) -> tuple[Ints, Flags]:
    """Read times like ``20131007 09:00``: ns since 1970 by their clock."""
    import pyarrow as pa
    from pyarrow import compute

    whole = compute.match_substring_regex(texts, r"^\d{8} \d\d:\d\d$")
    fits = np.array(whole.to_pylist(), np.bool_)
    safe = compute.if_else(whole, texts, pa.scalar("19700101 00:00"))
    parts = [
        scaled(compute.utf8_slice_codeunits(safe, low, high), 0)[0]
        for low, high in ((0, 4), (4, 6), (6, 8), (9, 11), (12, 14))
    ]
    year, month, day, hour, minute = parts
    fits &= (month >= 1) & (month <= 12) & (day >= 1) & (hour < 24) & (minute < 60)
    fits &= (year >= 1900) & (year < 2200)
    first = (
        (np.where(fits, year, 1970) - 1970) * 12 + np.where(fits, month, 1) - 1
    ).astype("datetime64[M]")
    days = first.astype("datetime64[D]").astype(np.int64) + np.where(fits, day, 1) - 1
    # The 31st of a month of 30 days would be another month's first.
    fits &= days.astype("datetime64[D]").astype("datetime64[M]") == first
    local = days * DAY_NS + (hour * 60 + minute) * 60 * SECOND_NS
    return np.where(fits, local, 0), ~fits


def _filled(texts: Any) -> tuple[Any, Flags]:
    """Put 0 where a text is empty; return also where that is."""
    from pyarrow import compute

    empty = compute.equal(texts, "")
    absent = np.array(empty.to_pylist(), np.bool_)
    return (compute.if_else(empty, "0", texts) if absent.any() else texts), absent


def _equals(texts: Any, word: str) -> Flags:
    from pyarrow import compute

    return np.array(compute.equal(texts, word).to_pylist(), np.bool_)


def _conditions(table: Table, good: Flags) -> NDArray[np.uint16]:
    """Turn Lean's flags, written in hexadecimal, into ours."""
    texts = table.column("condition").to_pylist()
    of: dict[str, int | None] = {}
    for text in set(texts):
        try:
            bits = int(text, 16) if text else 0
        except ValueError:
            of[text] = None
            continue
        of[text] = sum(
            int(condition)
            for condition, places in _CONDITIONS
            if any(bits >> place & 1 for place in places)
        )
    unread = np.array([of[text] is None for text in texts], np.bool_)
    table.refuse(unread, "condition", "must be flags in hexadecimal", good)
    return np.array([of[text] or 0 for text in texts], np.uint16)
