"""Arrays that grow by pages, and the pages that the next run has again."""

import mmap
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from app.sessions.backtest.pages import PAGE_BYTES, Pages, SparePages

ROW = np.dtype([("n", "<i8")])
SMALL = 4 * mmap.PAGESIZE
ROWS = SMALL // 8


def _pages(spare: SparePages | None = None, **options: Any) -> Pages:
    return Pages(ROW, spare=spare or SparePages(4 * SMALL, SMALL), **options)


def test_what_was_written_comes_back_in_order_over_many_pages() -> None:
    pages = _pages()
    pages.page["n"][:4] = [1, 2, 3, 9]
    pages.turn(3)
    pages.page["n"][:4] = [4, 5, 6, 7]
    pages.turn(4)
    pages.page["n"][:1] = 8

    assert pages.take(1)["n"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_what_lies_on_one_page_is_not_copied() -> None:
    pages = _pages()
    place = pages.page.ctypes.data

    assert pages.take(ROWS).ctypes.data == place


def test_what_a_run_told_stays_when_the_next_run_writes() -> None:
    spare = SparePages(4 * SMALL, SMALL)
    first = _pages(spare)
    first.page["n"] = 1
    first.turn(ROWS)
    first.page["n"] = 2
    told = first.take(ROWS)

    second = _pages(spare)
    second.page["n"] = 3
    second.turn(ROWS)
    second.page["n"] = 3

    assert told["n"].tolist() == [1] * ROWS + [2] * ROWS
    assert second.take(ROWS)["n"].tolist() == [3] * (2 * ROWS)


def test_what_a_run_told_on_one_page_stays_its_own() -> None:
    spare = SparePages(4 * SMALL, SMALL)
    first = _pages(spare)
    first.page["n"] = 1
    told = first.take(500)

    second = _pages(spare)
    second.page["n"] = 2
    first.clear()
    first.page["n"] = 3

    assert told["n"].tolist() == [1] * 500


def test_a_lent_page_is_written_again() -> None:
    pages = _pages(is_lent=True)
    pages.page["n"] = 1
    told = pages.take(500)
    pages.clear()
    pages.page["n"][:1] = 2

    assert told["n"][:2].tolist() == [2, 1]


def test_a_page_goes_round_while_nobody_looks_at_it() -> None:
    spare = SparePages(SMALL, SMALL)
    pages = _pages(spare)
    pages.page["n"] = 7
    looked_at = pages.take(ROWS)[50:]["n"]
    place = looked_at.ctypes.data - 50 * 8

    other = _pages(spare)
    assert other.page.ctypes.data != place
    other.page["n"] = 8
    assert looked_at.tolist() == [7] * (ROWS - 50)
    del looked_at

    assert _pages(spare).page.ctypes.data == place


def test_what_is_kept_is_bounded_and_what_lies_beyond_is_let_go() -> None:
    spare = SparePages(SMALL + mmap.PAGESIZE, SMALL)
    pages = [_pages(spare) for _ in range(3)]
    for each in pages:
        each.page["n"] = 5
        each.take(ROWS)

    assert spare.kept == SMALL + mmap.PAGESIZE
    kept = _pages(spare).page
    whole = mmap.PAGESIZE // 8
    assert kept["n"][:whole].tolist() == [5] * whole
    assert not kept["n"][whole:].any()


@pytest.mark.skipif(not hasattr(mmap, "MADV_DONTNEED"), reason="keeps no pages here")
def test_a_page_that_is_only_begun_loses_nothing_of_what_is_kept() -> None:
    spare = SparePages(SMALL, SMALL)
    written = _pages(spare)
    written.page["n"] = 5
    written.take(ROWS)
    begun = _pages(spare)
    begun.clear()

    assert begun.page["n"].tolist() == [5] * ROWS


def test_a_page_has_room_for_the_reports_of_millions_of_orders() -> None:
    pages = Pages(ROW, spare=SparePages(0))

    assert pages.page.nbytes == PAGE_BYTES
    pages.page["n"][-1] = 1
    assert pages.take(PAGE_BYTES // 8)["n"][-1] == 1


_TIGHT = """
import resource
from pathlib import Path

from app.sessions.backtest.pages import PAGE_BYTES, SparePages

held = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (held + (200 << 20),) * 2)
loan = SparePages(0).take()
print(len(loan._memory) < PAGE_BYTES)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
def test_a_page_is_smaller_where_nobody_may_reserve_as_much() -> None:
    told = subprocess.run(
        [sys.executable, "-c", _TIGHT], capture_output=True, text=True, check=True
    )

    assert told.stdout == "True\n"
