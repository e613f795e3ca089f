"""What a backtest can read: the catalog's streams by instrument, and their reach."""

from collections.abc import Iterable, Sequence
from datetime import date

from app.data.bar_stamps import interval_ns, is_interval
from app.data.listing import Ends, Entry
from app.data.local_time import Bound

_BARS = "bars-"


class Shelf:
    """The catalog as it was when last listed.

    Attributes
    ----------
    by_name : dict
        An instrument's streams by name.
    """

    def __init__(self, entries: Sequence[Entry] = ()) -> None:
        self.by_name: dict[str, dict[str, Entry]] = {}
        for each in entries:
            if each.rows and not each.damage:
                self.by_name.setdefault(each.instrument, {})[each.stream] = each

    def common(self, symbols: Sequence[str]) -> list[str]:
        """Streams that all of some instruments have, bars first, the coarsest first."""
        kept = [set(self.by_name.get(each, {})) for each in symbols]
        return sorted(set.intersection(*kept), key=_coarse) if kept else []

    def read(self, symbols: Sequence[str], stream: str) -> str:
        """The stream that is read where none is named; "" = none is common."""
        return stream or next(iter(self.common(symbols)), "")

    def problem(self, symbols: Sequence[str], stream: str) -> str:
        """Why these cannot be read together; "" = they can."""
        missing = [each for each in symbols if each not in self.by_name]
        if missing:
            return f"the catalog has no {', '.join(missing)}"
        common = self.common(symbols)
        if stream and stream not in common:
            lacking = [x for x in symbols if stream not in self.by_name[x]]
            return f"{', '.join(lacking)} has no {stream}"
        return "" if common else "no data stream is common to all of them"

    def reach(self, symbols: Sequence[str], stream: str) -> tuple[date, date] | None:
        """First and last day that any of them has (app/data/spans.py)."""
        return reach_of(self._entries(symbols, stream))

    def is_between(
        self,
        symbols: Sequence[str],
        stream: str,
        start: Bound | None,
        end: Bound | None,
    ) -> bool:
        """Tell whether a run would read any record of theirs."""
        ends = _ends(self._entries(symbols, stream))
        return any(each.is_between(start, end) for each in ends)

    def reach_text(self, symbols: Sequence[str], stream: str) -> str:
        """Their reach in words; "" where there is nothing."""
        reach = self.reach(symbols, stream)
        return " – ".join(map(str, reach)) if reach else ""

    def rows(self, symbols: Sequence[str], stream: str) -> int:
        """Records that would be read."""
        return sum(each.rows for each in self._entries(symbols, stream))

    def _entries(self, symbols: Sequence[str], stream: str) -> list[Entry]:
        wanted = self.read(symbols, stream)
        kept = [self.by_name.get(each, {}).get(wanted) for each in symbols]
        return [each for each in kept if each is not None]


def reach_of(entries: Iterable[Entry]) -> tuple[date, date] | None:
    """First and last day of some streams; None where there is nothing."""
    days = [each.days() for each in _ends(entries)]
    if not days:
        return None
    return min(first for first, _ in days), max(last for _, last in days)


def _ends(entries: Iterable[Entry]) -> list[Ends]:
    return [each.ends for each in entries if each.ends is not None]


def _coarse(stream: str) -> tuple[int, int, str]:
    interval = stream.removeprefix(_BARS)
    if stream.startswith(_BARS) and is_interval(interval):
        return 0, -interval_ns(interval), stream
    order = ("orders", "depth", "quotes", "trades")
    return 1, order.index(stream) if stream in order else len(order), stream


def stream_title(stream: str) -> str:
    """A stream in words: ``1d bars``, ``quotes``."""
    return f"{stream[5:]} bars" if stream.startswith(_BARS) else stream
