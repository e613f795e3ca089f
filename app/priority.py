"""Which threads come first when there are fewer cores than work.

The engine's, the journal's and the window's threads stand as the process does; what
stands for the outside world, or prepares what is looked at, gives way: a thread that
naps is woken in the place of one that works, unless it is nicer.
"""

import os
import sys
import threading
from typing import Final

HELPING: Final = 5
"""Nicer by so much: the built-in exchange and the history, which must keep up."""
QUIET: Final = 10
"""Nicer by so much: jobs that somebody asked for and waits for."""
_MOST: Final = 19


def give_way(by: int) -> None:
    """Make the calling thread nicer, where the system has a thread's own priority."""
    if sys.platform == "linux":
        thread = threading.get_native_id()
        now = os.getpriority(os.PRIO_PROCESS, thread)
        os.setpriority(os.PRIO_PROCESS, thread, min(_MOST, now + by))
