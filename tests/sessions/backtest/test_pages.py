"""Arrays that grow by pages, and the pages that the next run has again."""

import numpy as np

from app.sessions.backtest.run import Pages, SparePages

ROW = np.dtype([("n", "<i8")])


def test_what_was_written_comes_back_in_order_over_many_pages() -> None:
    pages = Pages(ROW, 4)
    pages.page["n"] = [1, 2, 3, 9]
    pages.turn(3)
    pages.page["n"] = [4, 5, 6, 7]
    pages.turn(4)
    pages.page["n"][:1] = 8

    assert pages.take(1)["n"].tolist() == [1, 2, 3, 4, 5, 6, 7, 8]


def test_what_a_run_told_stays_when_the_next_run_writes() -> None:
    first = Pages(ROW, 1000)
    first.page["n"] = 1
    first.turn(1000)
    first.page["n"] = 2
    told = first.take(1000)

    second = Pages(ROW, 1000)
    second.page["n"] = 3
    second.turn(1000)
    second.page["n"] = 3

    assert told["n"].tolist() == [1] * 1000 + [2] * 1000
    assert second.take(1000)["n"].tolist() == [3] * 2000


def test_what_a_run_told_on_one_page_stays_its_own() -> None:
    first = Pages(ROW, 1000)
    first.page["n"] = 1
    told = first.take(500)

    second = Pages(ROW, 1000)
    second.page["n"] = 2

    assert told["n"].tolist() == [1] * 500


def test_spare_pages_are_given_out_once_and_are_bounded() -> None:
    room = 2 * 8 * 100
    spare = SparePages(room)
    pages = [spare.take(ROW, 100) for _ in range(4)]
    places = {page.ctypes.data for page in pages}
    looked_at = pages[0][50:]["n"]
    looked_at[:] = 7
    pages.clear()

    taken = [spare.take(ROW, 100) for _ in range(2)]
    for page in taken:
        page["n"] = 8

    assert len({page.ctypes.data for page in taken} & places) == 2
    assert looked_at.tolist() == [7] * 50
    del taken, page, looked_at
    assert sum(each.nbytes for each in spare._kept) == room


def test_a_page_of_another_size_is_no_spare_one() -> None:
    spare = SparePages(1000)
    page = spare.take(ROW, 100)
    page["n"] = 5
    place = page.ctypes.data
    del page

    assert len(spare.take(ROW, 101)) == 101
    assert spare.take(ROW, 100).ctypes.data == place
