"""Guessing what a table of columns tells: from its header and its first rows.

A guess names what it is certain of, what it assumes, and what must be asked: the zone
of times without an offset, whether bars are stamped at their open or close, the size of
quotes that tell none. It is made of text, so CSV and Parquet share it.
"""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np

from app.data.csv_map import CsvMap
from app.data.csv_orders import ACTIONS
from app.data.csv_tidy import is_number
from app.data.csv_wide import LEVEL, levels_of
from app.data.guess_names import kind_of
from app.data.guess_wide import ranges_of, wide_columns
from app.data.instrument_master import InstrumentMaster
from app.data.time_columns import times
from app.errors import FileFormatError
from app.instrument import InstrumentKind

_MAKER: Final = ("isbuyermaker", "buyermaker", "isbuyerthemaker")
_ACTIONS: Final = ("action", "event", "eventtype", "updatetype", "msgtype")
_NAMES: Final[dict[str, tuple[str, ...]]] = {
    "time": (
        *("time", "timestamp", "datetime", "date", "ts", "tstime", "timestamputc"),
        *("tsevent", "tsvenue", "opentime", "timeutc", "datetimeutc", "dateutc"),
        *("timestampms", "exchangetimestamp", "eventtime", "tradetime", "utc"),
        *("datum", "zeit", "fecha", "hora", "heure", "gmttime", "localtime"),
    ),
    "received": ("localtimestamp", "received", "tsreceived", "tsrecv", "receivetime"),
    "open": ("open", "o", "openprice"),
    "high": ("high", "h", "highprice"),
    "low": ("low", "l", "lowprice"),
    "close": ("close", "c", "closeprice", "closelast", "last", "price"),
    "volume": ("tickvol", "tickvolume", "volume", "vol", "v", "totalvolume"),
    "price": ("price", "px", "tradeprice", "last", "rate", "p"),
    "size": ("size", "amount", "qty", "quantity", "volume", "vol", "tradesize", "q"),
    "side": ("side", "direction", "takerside", "aggressor", "aggressorside", *_MAKER),
    "action": _ACTIONS,
    "order": ("id", "orderid", "order", "oid", "orderref", "ordernumber"),
    "is_snapshot": ("issnapshot", "snapshot"),
    "bid_price": ("bidprice", "bid", "bestbid", "bidpx", "bidclose", "bestbidprice"),
    "ask_price": ("askprice", "ask", "bestask", "askpx", "offer", "askclose"),
    "bid_size": ("bidsize", "bidsz", "bidamount", "bidqty", "bidvolume", "bestbidsize"),
    "ask_size": ("asksize", "asksz", "askamount", "askqty", "askvolume", "bestasksize"),
}
"""Words for each column, letters only; the first that is there is taken."""
_COLUMNS: Final[dict[str, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "bars": (("time", "open", "high", "low", "close"), ("volume",)),
    "quotes": (
        ("time", "bid_price", "ask_price"),
        ("received", "bid_size", "ask_size"),
    ),
    "levels": (("time", "side", "price", "size", "is_snapshot"), ("received",)),
    "orders": (("time", "order", "action", "side", "price", "size"), ("received",)),
    "trades": (("time", "price", "size"), ("received", "side")),
}
"""Columns that each kind needs and may have; the first kind that fits is taken."""
_BITSTAMP: Final = {"exchange.timestamp", "volume", "action", "direction"}
_PATTERNS: Final = (
    *("%Y%m%d %H:%M", "%Y%m%d %H:%M:%S", "%Y%m%d %H%M%S", "%Y%m%d-%H:%M:%S.%f"),
    *("%Y%m%d", "%Y.%m.%d %H:%M", "%Y.%m.%d %H:%M:%S", "%Y.%m.%d", "%Y/%m/%d"),
    *("%Y/%m/%d %H:%M", "%Y/%m/%d %H:%M:%S", "%Y%m%d %H:%M:%S.%f", "%Y%m%d%H%M%S"),
    *("%m/%d/%Y", "%m/%d/%Y %H:%M", "%m/%d/%Y %H:%M:%S", "%d.%m.%Y %H:%M:%S.%f"),
    *("%d.%m.%Y", "%d.%m.%Y %H:%M", "%d.%m.%Y %H:%M:%S", "%d/%m/%Y", "%d/%m/%Y %H:%M"),
    *("%d/%m/%Y %H:%M:%S", "%d-%b-%Y", "%d-%b-%Y %H:%M:%S", "%b %d, %Y", "%d %b %Y"),
    *("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%d %H%M%S", "%m/%d/%Y %H%M"),
    *("%m/%d/%Y %I:%M %p", "%m/%d/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M:%S %p"),
    *("%m/%d/%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S.%f", "%Y.%m.%d %H:%M:%S.%f"),
    *("%m/%d/%y", "%d/%m/%y", "%m/%d/%y %H:%M", "%d/%m/%y %H:%M", "%Y%m%d %H%M"),
    *("%m-%d-%Y", "%d-%m-%Y", "%m-%d-%Y %H:%M:%S", "%d-%m-%Y %H:%M:%S"),
    *("%m-%d-%Y %H:%M", "%d-%m-%Y %H:%M"),
)
_CLOCK: Final = re.compile(r"\d{1,2}(:\d\d){1,2}([.,]\d+)?( ?[AaPp][Mm])?|\d{3,6}")
_DATE: Final = ("date", "day", "tradedate", "tradingday")
_SYMBOLS: Final = ("symbol", "instrument", "ticker", "name", "sym", "symbolname")
_POINT: Final = re.compile(r"[+-]?\d*\.\d+(?:[eE].*)?")
_GROUPED: Final = re.compile(r"[+-]?\d{1,3}(?:[.,]\d{3})+")
_COMMA: Final = re.compile(r"[+-]?(?:\d{1,3}(?:\.\d{3})+|\d*),\d+")

_EPOCHS: Final = ((8, "s"), (11, "ms"), (14, "us"), (17, "ns"))
"""A whole number of more digits than these since 1970 counts these."""
_ISO: Final = re.compile(r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d.*)?")
_OFFSET: Final = re.compile(r"(?:Z|[+-]\d\d:?\d\d|[+-]\d\d)$")
_NUMBER: Final = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_SYMBOL: Final = re.compile(r"[A-Z0-9][A-Z0-9\-]{0,14}")
_STEPS: Final = ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


@dataclass(frozen=True, slots=True)
class Question:
    """What must be known and cannot be told from a file.

    Attributes
    ----------
    option : str
        The command's option that answers it.
    text : str
        What to ask.
    choices : tuple of str
        Possible answers; empty where any text may be one.
    """

    option: str
    text: str
    choices: tuple[str, ...] = ()


@dataclass(slots=True)
class Guess:
    """What a table seems to tell.

    Attributes
    ----------
    kind : str
        trades, quotes, bars, levels, book or orders.
    fields : mapping
        Fields of `CsvMap` that are known; those that are asked are left out.
    reasons, assumed : list of str
        Why, and what was taken for granted.
    questions : list of Question
    """

    kind: str
    fields: dict[str, Any]
    reasons: list[str] = field(default_factory=list)
    assumed: list[str] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)

    def mapping(self) -> CsvMap:
        """Return the mapping; what is still asked is filled in for a first look."""
        filled = dict(self.fields)
        if self.kind == "bars":
            filled.setdefault("interval", "1m")
            filled.setdefault("stamped", "close")
        if self.kind == "quotes" and "bid_size" not in filled["columns"]:
            filled.setdefault("assumed_size", "1")
        filled.setdefault("time_zone", "UTC")
        if "symbol" not in filled["columns"]:
            filled.setdefault("instrument", "UNNAMED")
        return CsvMap(kind=self.kind, **filled)


@dataclass(frozen=True, slots=True)
class Answers:
    """What a user has said of a table beforehand.

    `columns` maps ours to the file's own, of the `kind` that is said too.
    """

    instrument: str | None = None
    time_zone: str | None = None
    time_format: str | None = None
    stamped: str | None = None
    interval: str | None = None
    assumed_size: str | None = None
    kind: str | None = None
    columns: Mapping[str, str] | None = None
    decimal: str | None = None
    buyer_is_maker: bool = False


def guess(
    path: Path,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    answers: Answers,
    master: InstrumentMaster,
    *,
    typed_time: str | None = None,
) -> Guess | None:
    """Guess what a table tells; None where its columns are of no known kind.

    Parameters
    ----------
    path : Path
        Its name may tell the instrument.
    names : sequence of str
        Columns.
    rows : sequence of sequences of str
        The first rows.
    answers : Answers
    master : InstrumentMaster
        Tells what is known of the instrument.
    typed_time : str, optional
        For a column that is typed as time: its zone, or "" where it has none.
    """
    found = _told(answers) or _columns(names) or _unnamed(names, rows)
    if found is None:
        return None
    kind, columns = found
    at = {ours: list(names).index(theirs) for ours, theirs in columns.items()}
    texts = {ours: [row[place] for row in rows] for ours, place in at.items()}
    if answers.columns is None:
        _add_date(names, rows, columns, texts)
    made = Guess(kind, {"columns": columns, "header": True})
    made.reasons.append(_said(kind, columns))
    _guess_numbers(made, texts, answers)
    _guess_instrument(made, path, names, rows, answers, master)
    moments = texts["time"]
    if "date" in texts:
        pairs = zip(texts["date"], texts["time"], strict=True)
        moments = [f"{day.strip()} {clock.strip()}" for day, clock in pairs]
    _guess_time(made, moments, columns["time"], answers, typed_time)
    stamps = _stamps(made, moments)
    steps = np.sign(np.diff(stamps)).sum()
    if steps < 0 and kind not in ("levels", "book", "orders"):
        made.fields["newest_first"] = True
        made.reasons.append("its rows go back in time")
        stamps = stamps[::-1]
    if kind == "bars":
        _guess_bars(made, stamps, answers)
    if kind in ("book", "quotes"):
        _guess_shift(made, texts)
    if kind == "orders":
        _guess_orders(made, path, names, texts)
    if kind == "quotes" and "bid_size" not in columns:
        if answers.assumed_size is not None:
            made.fields["assumed_size"] = answers.assumed_size
        else:
            made.questions.append(
                Question("--assumed-size", "which size its quotes are taken to have")
            )
    return made


def _said(kind: str, columns: dict[str, str]) -> str:
    """Say which columns are taken for which."""
    listed = [
        f"{ours.replace('_', ' ')} = {repr(theirs) if theirs else '(no name)'}"
        for ours, theirs in columns.items()
        if not LEVEL.fullmatch(ours)
    ]
    if kind == "book":
        rows = f"its rows are whole books of {levels_of(columns)} levels a side"
        return f"{rows}: {', '.join([ranges_of(columns), *listed])}"
    return f"its columns are those of {kind}: {', '.join(listed)}"


def _told(answers: Answers) -> tuple[str, dict[str, str]] | None:
    """Return what a user has said of the columns."""
    if answers.columns is None or answers.kind is None:
        return None
    return answers.kind, dict(answers.columns)


def _add_date(
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    columns: dict[str, str],
    texts: dict[str, list[str]],
) -> None:
    """Find the date where the column of times has the clock's time alone."""
    if not texts["time"] or not all(
        _CLOCK.fullmatch(each.strip()) for each in texts["time"]
    ):
        return
    plain = [re.sub(r"[^a-z]", "", name.lower()) for name in names]
    place = next((plain.index(each) for each in _DATE if each in plain), None)
    if place is None and _is_unnamed(names):
        place = list(names).index(columns["time"]) - 1
    if place is not None and place >= 0 and names[place] not in columns.values():
        columns["date"] = names[place]
        texts["date"] = [row[place] for row in rows]


def _guess_numbers(
    made: Guess, texts: Mapping[str, Sequence[str]], answers: Answers
) -> None:
    """Tell whether decimals stand behind commas, and which words name the sides."""
    prices, sizes = (
        [
            each.strip()
            for name in filter(is_number, texts)
            for each in texts[name]
            if ("size" in name or name == "volume") is is_size
        ]
        for is_size in (False, True)
    )
    # 1,234 among sizes is a group of thousands; among prices of no point, a decimal.
    has_commas = any(
        _COMMA.fullmatch(each) and not (_GROUPED.fullmatch(each) and each in sizes)
        for each in prices + sizes
    )
    has_points = any(
        _POINT.fullmatch(each) and not _GROUPED.fullmatch(each)
        for each in prices + sizes
    ) or any("," in each and "." in each.partition(",")[2] for each in prices)
    decimal = answers.decimal or ("," if has_commas and not has_points else ".")
    if decimal == ",":
        made.fields["decimal"] = ","
        made.reasons.append("decimals stand behind commas")
    side = re.sub(r"[^a-z]", "", made.fields["columns"].get("side", "").lower())
    if answers.buyer_is_maker or side in _MAKER:
        made.fields["buy"] = ("false", "0", "f", "no")
        made.fields["sell"] = ("true", "1", "t", "yes")
        made.reasons.append("where the buyer was the maker, the seller was aggressive")


def _guess_shift(made: Guess, texts: Mapping[str, Sequence[str]]) -> None:
    """Find prices that Databento has written as integers x 1e-9."""
    name = "bid_price_1" if made.kind == "book" else "bid_price"
    told = [text for text in texts[name] if text]
    if made.fields["columns"][name] == "bid_px_00" and all(
        text.lstrip("-").isdigit() for text in told
    ):
        made.fields["price_shift"] = 9
        made.reasons.append("its prices are integers x 1e-9")


def _guess_orders(
    made: Guess,
    path: Path,
    names: Sequence[str],
    texts: Mapping[str, Sequence[str]],
) -> None:
    """Refuse words for actions that nobody knows, and find volumes in 1e-8."""
    for word in texts["action"]:
        if word.strip().lower() not in ACTIONS:
            rule = f"its rows are of orders, and {word!r} is no action that is read"
            raise FileFormatError(path, f"{rule} ({', '.join(ACTIONS)})")
    is_whole = all(each.strip().isdigit() for each in texts["size"])
    if set(names) >= _BITSTAMP and is_whole:
        made.fields["size_shift"] = 8
        made.assumed.append("its volumes are integers x 1e-8, as Bitstamp's are")


def _is_unnamed(names: Sequence[str]) -> bool:
    return all(name.isdigit() for name in names)


def _unnamed(
    names: Sequence[str], rows: Sequence[Sequence[str]]
) -> tuple[str, dict[str, str]] | None:
    """Find bars in a table without a header: four prices, the second the highest."""
    if not _is_unnamed(names) or not rows:
        return None
    width = len(names)
    texts = [[row[place].strip() for row in rows] for place in range(width)]
    for time in range(min(3, width - 4)):
        is_clock = all(_CLOCK.fullmatch(each) for each in texts[time])
        if _format(texts[time]) is None and not (is_clock and time):
            continue
        if _is_clock_of(texts, time):
            continue
        prices = texts[time + 1 : time + 5]
        if _are_bars(prices):
            columns = {"time": names[time]}
            for place, name in enumerate(("open", "high", "low", "close")):
                columns[name] = names[time + 1 + place]
            if time + 5 < width and _all_numbers(texts[time + 5]):
                columns["volume"] = names[time + 5]
            return "bars", columns
    return None


def _is_clock_of(texts: Sequence[Sequence[str]], day: int) -> bool:
    """Whether the column after one of days has their clock times."""
    clock = texts[day + 1]
    if not all(_CLOCK.fullmatch(each) for each in clock):
        return False
    return ":" in clock[0] or _format(texts[day]) == "%Y%m%d"


def _all_numbers(texts: Sequence[str]) -> bool:
    return all(_number(each) is not None for each in texts)


def _number(text: str) -> float | None:
    try:
        return float(text.replace(",", "."))
    except ValueError:
        return None


def _are_bars(columns: Sequence[Sequence[str]]) -> bool:
    """Whether four columns are open, high, low and close."""
    for row in zip(*columns, strict=True):
        opens, high, low, close = (_number(each) for each in row)
        if opens is None or high is None or low is None or close is None:
            return False
        if not low <= min(opens, close) <= max(opens, close) <= high:
            return False
    return True


def _columns(names: Sequence[str]) -> tuple[str, dict[str, str]] | None:
    """Return the kind of a table and which of its columns is which."""
    plain = [re.sub(r"[^a-z]", "", name.lower()) for name in names]
    if levels := wide_columns(names):
        return _book(names, plain, levels)
    for kind, (needed, others) in _COLUMNS.items():
        columns: dict[str, str] = {}
        for ours in (*needed, *others):
            at = next((plain.index(w) for w in _NAMES[ours] if w in plain), None)
            if at is None and ours == "time" and not plain[0]:
                at = 0  # pandas writes its index without a name
            if at is not None and names[at] not in columns.values():
                columns[ours] = names[at]
        if all(each in columns for each in needed):
            # Rows that add, change and delete orders are no trades.
            is_orders = kind == "trades" and any(each in plain for each in _ACTIONS)
            return None if is_orders else (kind, columns)
    return None


def _book(
    names: Sequence[str], plain: Sequence[str], levels: dict[str, str]
) -> tuple[str, dict[str, str]] | None:
    """Return the columns of rows that are whole books; None where they have no time."""
    columns: dict[str, str] = {}
    for ours in ("time", "received"):
        at = next((plain.index(w) for w in _NAMES[ours] if w in plain), None)
        if at is None and ours == "time" and not plain[0]:
            at = 0
        if at is not None and names[at] not in levels.values():
            columns[ours] = names[at]
    if {"action", "side", "price", "size"} <= set(names):
        # Databento's rows tell what changed the book, and that may be a trade.
        columns |= {each: each for each in ("action", "side", "price", "size")}
    return ("book", columns | levels) if "time" in columns else None


def _guess_instrument(
    made: Guess,
    path: Path,
    names: Sequence[str],
    rows: Sequence[Sequence[str]],
    answers: Answers,
    master: InstrumentMaster,
) -> None:
    name = answers.instrument
    lower = [re.sub(r"[^a-z]", "", each.lower()) for each in names]
    place = next((lower.index(each) for each in _SYMBOLS if each in lower), None)
    columns = made.fields["columns"]
    if place is not None and answers.columns is None and _are_symbols(rows, place):
        columns["symbol"] = names[place]
    if "symbol" in columns:
        at = list(names).index(columns["symbol"])
        told = list(dict.fromkeys(row[at].strip() for row in rows))
        some = ", ".join(told[:3]) + (" …" if len(told) > 3 else "")
        made.reasons.append(f"column {columns['symbol']!r} names {some}")
        if name is None:
            made.assumed.append("each of its symbols becomes a recording")
            return
    if name is None and (named := _named(path, master)) is not None:
        name = named
        made.assumed.append(f"the instrument is {name}, after the file's name")
    if name is None:
        made.questions.append(Question("--instrument", "the instrument's name"))
        return
    made.fields["instrument"] = name
    if name in master or master.of_family(name) is not None:
        return
    kind, currency = kind_of(name)
    made.fields |= {"instrument_kind": kind, "currency": currency}
    made.assumed.append(
        f"{name} is new: {kind.replace('_', ' ')}, {currency}; look its entry over"
    )


def _are_symbols(rows: Sequence[Sequence[str]], place: int) -> bool:
    """Whether a column has names: in every row one, and no number."""
    texts = [row[place].strip() for row in rows]
    return bool(texts) and all(each and _number(each) is None for each in texts)


def _named(path: Path, master: InstrumentMaster) -> str | None:
    """Return the instrument that a file's name begins with, if it looks like one."""
    word = re.split(r"[_. ]", path.name)[0]
    if _SYMBOL.fullmatch(word) and not word.isdigit():
        return word
    word = re.split(r"[-_. ]", path.name)[0].upper()
    is_known = word in master or kind_of(word)[0] != InstrumentKind.STOCK
    return word if is_known else None


def _guess_time(
    made: Guess,
    texts: Sequence[str],
    name: str,
    answers: Answers,
    typed_zone: str | None,
) -> None:
    form = answers.time_format or _format(texts)
    if typed_zone is not None:
        form = "iso"
    other = _swapped(form or "")
    if answers.time_format is None and other and _all_fit(texts, other):
        # 03/04 may be March or April: an assumption would be wrong half the time.
        made.fields["time_format"] = form
        text = f"whether times like {texts[0]!r} begin with the month or the day"
        made.questions.append(Question("--time-format", text, (str(form), other)))
    elif form is None:
        made.questions.append(
            Question(
                "--time-format",
                f"how times like {texts[0] if texts else ''!r} are written",
                ("s", "ms", "us", "ns", "iso", "%Y%m%d %H:%M:%S"),
            )
        )
        return
    made.fields["time_format"] = form
    has_offset = typed_zone not in (None, "") or (
        form == "iso" and bool(texts) and bool(_OFFSET.search(texts[0][10:]))
    )
    is_told = has_offset or form in ("s", "ms", "us", "ns") or "utc" in name.lower()
    if is_told or answers.time_zone == "UTC":
        made.fields["time_zone"] = "UTC"
        made.reasons.append(f"times are {form}, of UTC")
    elif answers.time_zone is not None:
        made.fields["time_zone"] = answers.time_zone
    else:
        made.reasons.append(f"times are {form}, without an offset")
        made.questions.append(
            Question(
                "--time-zone",
                f"of which zone times like {texts[0] if texts else ''} are",
                ("UTC", "America/New_York", "America/Chicago", "Europe/London"),
            )
        )


def _format(texts: Sequence[str]) -> str | None:
    """Return how times are written; None where it cannot be told."""
    if not texts:
        return None
    first = texts[0].strip()
    if all(_ISO.fullmatch(each.strip()) for each in texts):
        return "iso"
    for pattern in _PATTERNS:
        if all(_fits(each.strip(), pattern) for each in texts):
            return pattern
    whole = first.partition(".")[0]
    if whole.isdigit() and all(_NUMBER.fullmatch(each.strip()) for each in texts):
        return next(
            (form for digits, form in _EPOCHS[::-1] if len(whole) > digits), None
        )
    return None


def _swapped(form: str) -> str:
    """Return a pattern with month and day exchanged, "" where it has no such order."""
    for one, other in (("%m", "%d"), ("%d", "%m")):
        for mark in "/-":
            if form.startswith(f"{one}{mark}{other}"):
                return f"{other}{mark}{one}{form[5:]}"
    return ""


def _all_fit(texts: Sequence[str], pattern: str) -> bool:
    return all(_fits(each.strip(), pattern) for each in texts)


def _fits(text: str, pattern: str) -> bool:
    try:
        moment = datetime.strptime(text, pattern)  # noqa: DTZ007 - of some clock
    except ValueError:
        return False
    # strptime takes fewer digits than there should be: 1598918403 is no date.
    return moment.year >= 1900 and len(moment.strftime(pattern)) <= len(text) + 7


def _guess_bars(made: Guess, stamps: Any, answers: Answers) -> None:
    interval = answers.interval or _interval(stamps)
    if interval is None:
        made.questions.append(
            Question("--interval", "how long a bar is", ("1m", "5m", "1h", "1d"))
        )
    else:
        made.fields["interval"] = interval
        if answers.interval is None:
            made.reasons.append(f"bars are {interval} apart")
    if answers.stamped is not None:
        made.fields["stamped"] = answers.stamped
        return
    named = re.sub(r"[^a-z]", "", made.fields["columns"]["time"].lower())
    if named == "opentime":
        made.fields["stamped"] = "open"
        made.reasons.append("the column of times is that of opens")
        return
    is_day = interval is not None and interval.endswith("d")
    if is_day and len(stamps) and not np.any(stamps % 86_400):
        made.fields["stamped"] = "open"
        made.assumed.append("a day's bar is stamped with its day, so at its open")
        return
    made.questions.append(
        Question("--stamped", "bars are stamped at their", ("open", "close"))
    )


def _stamps(made: Guess, texts: Sequence[str]) -> Any:
    """Return the rows' times in seconds, by their own clock."""
    import pyarrow as pa

    form = made.fields.get("time_format")
    if form is None:
        return np.empty(0, np.int64)
    try:
        found, bad = times(
            pa.array([each.strip() for each in texts]), form, "UTC", None
        )
    except (FileFormatError, ValueError, OverflowError, pa.ArrowException):
        return np.empty(0, np.int64)
    return found[~bad] // 10**9


def _interval(stamps: Any) -> str | None:
    """Return the distance that most bars have from the next; None if there is none."""
    steps = [int(b - a) for a, b in pairwise(stamps.tolist()) if b > a]
    if not steps:
        return None
    (step, times_seen), *_ = Counter(steps).most_common(1)
    # Days of a month, or of a trading week, are of unlike length.
    if times_seen * 2 < len(steps) or step > 7 * 86_400:
        return None
    for seconds, letter in _STEPS:
        if step % seconds == 0 and step // seconds < 10_000:
            return f"{step // seconds}{letter}"
    return None
