"""Corporate actions: what factor files tell, and back to the factors."""

from datetime import date
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest

from app.data.corporate_actions import (
    CorporateActions,
    Dividend,
    Rename,
    Split,
    load_actions,
    read_factor_file,
    read_map_file,
    save_actions,
)
from app.errors import CatalogError, FileFormatError
from tests.shared_data import shared_data

ACTIONS = CorporateActions(
    (Split(date(2014, 6, 6), Fraction(7)), Split(date(2020, 8, 28), Fraction(3, 2))),
    (Dividend(date(2014, 8, 6), Decimal("0.47"), Decimal("94.96")),),
    (Rename(date(2014, 4, 2), "GOOCV"),),
)


def test_actions_of_apple_are_those_that_happened():
    path = shared_data("lean", "equity", "usa", "factor_files", "aapl.csv")

    actions = read_factor_file(path)

    assert [each.ratio for each in actions.splits] == [2, 2, 7, 4]
    assert [each.after.year for each in actions.splits] == [2000, 2005, 2014, 2020]
    paid = {each.after: each.amount for each in actions.dividends}
    assert paid[date(2012, 8, 8)] == Decimal("2.65")
    assert paid[date(2020, 11, 5)] == Decimal("0.205")


def test_real_factor_files_are_met_again_by_their_actions():
    folder = shared_data("lean", "equity", "usa", "factor_files")
    for path in sorted(folder.glob("*.csv")):
        actions = read_factor_file(path)
        for line in path.read_text().split():
            text, price, split, _ = line.split(",")
            day = date.fromisoformat(text)
            if day.year < 2050:
                near = pytest.approx
                assert float(actions.price_factor(day)) == near(float(price), rel=1e-6)
                assert float(actions.split_factor(day)) == near(float(split), rel=1e-4)


def test_names_of_a_map_file():
    path = shared_data("lean", "equity", "usa", "map_files", "goog.csv")

    assert read_map_file(path)[0] == Rename(date(2014, 3, 27), "GOOCV")


def test_what_is_stored_is_read(tmp_path: Path):
    save_actions(tmp_path, {"AAPL": ACTIONS, 'A"B': CorporateActions()})
    save_actions(tmp_path, {"BRK.B": CorporateActions(ACTIONS.splits)})

    known = load_actions(tmp_path)
    assert known["AAPL"] == ACTIONS
    assert known["BRK.B"].splits == ACTIONS.splits
    assert len(known["AAPL"]) == 3


def test_no_file_is_no_action(tmp_path: Path):
    assert load_actions(tmp_path) == {}


@pytest.mark.parametrize("text", ["[", "[[A.splits]]\nratio = '2'\n", "A = 1\n"])
def test_a_damaged_file_is_named(tmp_path: Path, text: str):
    (tmp_path / "corporate_actions.toml").write_text(text)

    with pytest.raises(CatalogError, match="is damaged"):
        load_actions(tmp_path)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("20140606,1,1\n", "row 1: a row must have four columns, has 3"),
        ("x,1,1,1\n", "row 1, column date: must be a date like 20140606, was 'x'"),
        ("20140606,x,1,1\n", "row 1: a number is needed"),
        ("20140606,0,1,1\n", "row 1: factors must be positive"),
        ("20140606,1,1,1\n20140605,1,1,1\n", "dates must ascend"),
    ],
)
def test_faults_of_a_factor_file_are_named(tmp_path: Path, text: str, rule: str):
    path = tmp_path / "a.csv"
    path.write_text(text)

    with pytest.raises(FileFormatError, match=rule):
        read_factor_file(path)
