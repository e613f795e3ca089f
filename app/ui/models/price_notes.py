"""The user's words at prices, kept by instrument in a file of the user's data."""

import json
from pathlib import Path
from typing import Any, Final

LONGEST: Final = 200
"""Characters of a note."""


class PriceNotes:
    """Notes of every instrument.

    Parameters
    ----------
    path : Path
        The file; it need not exist. A damaged one is read as empty and only replaced
        by the next note.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def of(self, instrument: str) -> dict[int, str]:
        """Notes of an instrument by price, price units."""
        return _clean(self._read().get(instrument))

    def write(self, instrument: str, price: int, words: str) -> None:
        """Set a note; without words it goes.

        Raises
        ------
        OSError
            If the file cannot be written.
        """
        everything = self._read()
        notes = _clean(everything.get(instrument))
        notes.pop(price, None)
        if words.strip():
            notes[price] = words.strip()[:LONGEST]
        everything[instrument] = {str(at): text for at, text in notes.items()}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._path.with_suffix(".new")
        fresh.write_text(json.dumps(everything, ensure_ascii=False, indent=1), "utf-8")
        fresh.replace(self._path)

    def _read(self) -> dict[str, Any]:
        try:
            found = json.loads(self._path.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}


def _clean(found: object) -> dict[int, str]:
    """What of a file's part is notes."""
    if not isinstance(found, dict):
        return {}
    return {
        int(price): text
        for price, text in found.items()
        if isinstance(text, str) and price.removeprefix("-").isdecimal()
    }
