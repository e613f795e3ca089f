"""The record table: Qt's own model tester, order by value, selection that stays."""

import io
from functools import partial

import numpy as np
import pytest
from hypothesis import given, strategies as st
from PySide6.QtCore import QItemSelectionModel, QPersistentModelIndex, Qt
from PySide6.QtWidgets import QTableView
from pytestqt.modeltest import ModelTester
from pytestqt.qtbot import QtBot

from app.ui.models.table import Column, Order, RecordTable

DTYPE = np.dtype([("id", "<i8"), ("value", "<i8")])
COLUMNS = (
    Column("Id", lambda r: f"{r['id']:,}", lambda r: r["id"]),
    Column("Value", lambda r: f"v{r['value']}", lambda r: r["value"], is_number=False),
)


class Source:
    def __init__(self, values: list[int]) -> None:
        self.records = np.zeros(0, DTYPE)
        self.add(values)

    def __call__(self) -> np.ndarray:
        return self.records

    def add(self, values: list[int]) -> None:
        new = np.zeros(len(values), DTYPE)
        new["id"] = np.arange(len(values)) + len(self.records)
        new["value"] = values
        self.records = np.concatenate([self.records, new])


def at_least(least: int, records: np.ndarray) -> np.ndarray:
    return np.asarray(records["value"] >= least)


def shown(table: RecordTable) -> list[int]:
    return [int(table.record(row)["id"]) for row in range(table.rowCount())]


def test_newest_first_and_rows_are_inserted(
    qtmodeltester: ModelTester, qtbot: QtBot
) -> None:
    source = Source([5, 3, 9])
    table = RecordTable(COLUMNS, source)
    qtmodeltester.check(table)
    source.add([1, 2])

    with qtbot.waitSignal(table.rowsInserted):
        table.sync()

    assert shown(table) == [4, 3, 2, 1, 0]
    assert table.data(table.index(0, 1)) == "v2"


@given(st.lists(st.tuples(st.sampled_from("asmdcf"), st.integers(0, 9)), max_size=25))
def test_the_table_is_always_its_source_filtered_and_sorted(
    steps: list[tuple[str, int]],
) -> None:
    source = Source([4, 4, 1])
    table = RecordTable(COLUMNS, source)
    tester = QTableView()
    tester.setModel(table)
    sort: tuple[int, bool] | None = None
    keep = 0
    for what, number in steps:
        if what == "a":
            source.add([number, 9 - number])
        elif what == "m" and len(source.records):
            source.records["value"][number % len(source.records)] = number
        elif what == "d":
            source.records = source.records[number // 3 :]
        elif what == "s":
            sort = (number % 2, number > 4)
            order = (
                Qt.SortOrder.DescendingOrder if sort[1] else Qt.SortOrder.AscendingOrder
            )
            table.sort(sort[0], order)
        elif what == "f":
            keep = number
            table.show_where(partial(at_least, number) if keep else None)
        elif what == "c":
            sort = None
            table.sort(-1)
        table.sync()

        wanted = [r for r in source.records[::-1] if r["value"] >= keep]
        if sort is not None:
            name = DTYPE.names[sort[0]]  # type: ignore[index]
            values = [r[name] for r in wanted]
            assert sorted(values, reverse=sort[1]) == [
                table.record(i)[name] for i in range(table.rowCount())
            ]
        else:
            assert shown(table) == [int(r["id"]) for r in wanted]
    tester.deleteLater()


def test_selection_follows_its_record(qtbot: QtBot) -> None:
    source = Source([5, 3, 9])
    table = RecordTable(COLUMNS, source)
    view = QTableView()
    qtbot.addWidget(view)
    view.setModel(table)
    chosen = table.index(shown(table).index(1), 0)
    view.selectionModel().select(chosen, QItemSelectionModel.SelectionFlag.Select)
    kept = QPersistentModelIndex(chosen)

    source.add([7])
    table.sync()
    table.sort(1)

    assert int(table.record(kept.row())["id"]) == 1
    (selected,) = view.selectionModel().selectedIndexes()
    assert int(table.record(selected.row())["id"]) == 1


def test_rows_that_hold_still_say_what_is_so_now() -> None:
    dtype = np.dtype([("instrument", "<i8"), ("value", "<i8")])
    records = np.array([(1, 6), (2, 4)], dtype)
    columns = (Column("V", lambda r: f"{r['value']}", lambda r: r["value"]),)
    table = RecordTable(columns, lambda: records)
    table.sort(0)

    records = np.array([(1, 0), (2, 4)], dtype)
    table.sync_values((0, 1))
    assert [table.cell(row, 0)[0] for row in range(2)] == ["4", "0"], "none moves"
    records = np.array([(3, 9), (1, 5)], dtype)
    table.sync_values((0, 1))
    assert [table.cell(row, 0)[0] for row in range(2)] == ["4", "0"], "others wait"


def test_one_data_changed_for_the_block(qtbot: QtBot) -> None:
    source = Source(list(range(50)))
    table = RecordTable(COLUMNS, source)
    blocks: list[tuple[int, int]] = []
    table.dataChanged.connect(lambda a, b: blocks.append((a.row(), b.row())))

    source.records["value"] += 1
    table.sync()

    assert blocks == [(0, 49)]


def test_only_cells_that_differ_are_told_of_those_on_screen(qtbot: QtBot) -> None:
    source = Source(list(range(50)))
    table = RecordTable(COLUMNS, source)
    table.sync((0, 9))
    table.sync((0, 9))
    told: list[tuple[int, int, int, int, list[tuple[int, list[int]]]]] = []
    table.dataChanged.connect(
        lambda a, b: told.append(
            (a.row(), a.column(), b.row(), b.column(), list(table.changes))
        )
    )

    table.sync((0, 9))
    source.records["value"][[49, 45, 3]] += 1
    table.sync((0, 9))

    assert told == [(0, 1, 4, 1, [(0, [1]), (4, [1])])]
    assert table.changes == []


@given(
    st.lists(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, float("nan")]), max_size=12),
        max_size=8,
    )
)
def test_an_order_that_is_kept_is_that_of_sorting_anew(more: list[list[float]]) -> None:
    kept, values = Order(), np.arange(40.0) % 3
    for new in more:
        values = np.concatenate([new, values])

        order = kept.of(values)

        assert order.tolist() == np.argsort(values, kind="stable").tolist()


def test_export_writes_plain_numbers() -> None:
    table = RecordTable(COLUMNS, Source([5] * 1_001))
    file = io.StringIO()

    table.export(file)

    lines = file.getvalue().splitlines()
    assert lines[:2] == ["Id,Value", "1000,v5"]
    assert len(lines) == 1_002


@pytest.mark.parametrize("rows", [0, 1])
def test_an_empty_table_is_no_trouble(rows: int, qtmodeltester: ModelTester) -> None:
    table = RecordTable(COLUMNS, Source([1] * rows))
    table.sort(1, Qt.SortOrder.DescendingOrder)

    qtmodeltester.check(table)
    assert table.rowCount() == rows
