"""Work that no clock measures."""

import sys


class Calls:
    """Counts calls of functions while it is on.

    Parameters
    ----------
    natives : bool
        Those of functions that are not Python's, too.
    """

    def __init__(self, *, natives: bool = False) -> None:
        self.count = 0
        self._events = ("call", "c_call") if natives else ("call",)

    def __enter__(self) -> "Calls":
        self.count = 0
        sys.setprofile(self._take)
        return self

    def __exit__(self, *_: object) -> None:
        sys.setprofile(None)

    def _take(self, _frame: object, event: str, _argument: object) -> None:
        self.count += event in self._events
