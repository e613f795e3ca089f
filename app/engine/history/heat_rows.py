"""The heatmap columns of every instrument of a session, which the fold appends to."""

import logging
from pathlib import Path
from typing import Any

from app.engine.history.heat_tiles import HeatTiles

_log = logging.getLogger("app.engine")


class HeatRows:
    """See `heat_fold`.

    Parameters
    ----------
    tracks : (n,) TRACK
        Given where the columns are.
    directory : Path, optional
        Where the files are.
    """

    def __init__(self, tracks: Any, directory: Path | None = None) -> None:
        self._tiles: list[HeatTiles] = []
        try:
            self._tiles = [HeatTiles(directory) for _ in tracks]
        except OSError as error:
            _log.error("there is no heatmap: %s", error)
        for number, tiles in enumerate(self._tiles):
            tracks["heat"][number] = tiles.address

    def tiles(self, instrument: int) -> HeatTiles | None:
        """Columns of an instrument; None if there are none to come."""
        is_known = 0 <= instrument < len(self._tiles)
        return self._tiles[instrument] if is_known else None

    def make_room(self) -> bool:
        """Take disk for the next columns; False if there is none."""
        return sum(not each.make_room() for each in self._tiles) == 0
