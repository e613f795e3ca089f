"""Taking heatmap columns while history is folded: one at every cut that changed a book.

A column holds the book as it stood at the end of its stretch. That is what rested and
could be traded against; what came and went within a stretch of a tenth of a second is
in the flow of the ladder, and folding it into columns would cost every record.
"""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from app.engine.history.growing import GrowingRows
from app.engine.history.heat_tiles import HeatTiles

INTERVAL_NS: Final = 100_000_000
"""A column stands for so much received time, at least."""
_log = logging.getLogger("app.engine")


class HeatFold:
    """The columns of every instrument of a session.

    Parameters
    ----------
    arena : int
        Address of the arena that the fold works on.
    tracks : (n,) TRACK
    trades : sequence of GrowingRows
        Tapes, by instrument.
    directory : Path, optional
        Where the files are.
    """

    def __init__(
        self,
        arena: int,
        tracks: Any,
        trades: Sequence[GrowingRows],
        directory: Path | None = None,
    ) -> None:
        self._arena = arena
        self._tracks = tracks
        self._trades = trades
        self._since = 0
        self._tiles: list[HeatTiles] = []
        try:
            self._tiles = [HeatTiles(directory) for _ in trades]
        except OSError as error:
            _log.error("there is no heatmap: %s", error)

    def tiles(self, instrument: int) -> HeatTiles | None:
        """Columns of an instrument; None if there are none to come."""
        is_known = 0 <= instrument < len(self._tiles)
        return self._tiles[instrument] if is_known else None

    def take(self, begins: int) -> None:
        """Take what rests now; what comes next begins at this time, ns."""
        # The stretch that ends began at the cut before, however long ago.
        begin = self._since or begins - INTERVAL_NS
        self._since = begins
        for number, tiles in enumerate(self._tiles):
            track = self._tracks[number]
            tape, book = self._trades[number].address, int(track["book"])
            count = int(track["trade_count"])
            tiles.append(self._arena, book, begin, tape, count)
