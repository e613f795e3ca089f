"""The form of a request: what is typed, what is wrong with it, the text it makes."""

import json
import tomllib
from datetime import date
from itertools import product
from pathlib import Path

import numpy as np
import pytest

from app.data.listing import entries
from app.data.local_time import begins_ns
from app.data.spans import day_of, rows_between
from app.errors import RequestError
from app.sessions.backtest.request import load_request, parse_request
from app.sessions.backtest.request_text import json_text, toml_text, write_request
from app.ui.models import recordings
from app.ui.models.backtest_data import Shelf
from app.ui.models.backtest_form import BacktestForm, number
from app.ui.models.run_list import as_run, differing
from app.ui.models.strategy_list import StrategyList
from tests.bar_catalog import walk, write_bars

MINE = '''
from app.strategies import Strategy

class Mine(Strategy):
    """Does nothing, at length."""

    title = "Mine"
    steps: int = 3

    def on_bar(self, ctx, bar):
        pass
'''


@pytest.fixture
def form(tmp_path: Path) -> BacktestForm:
    write_bars(tmp_path, "RSTK", walk(50, 1))
    catalog = write_bars(tmp_path, "RFUT", walk(50, 2))
    made = BacktestForm()
    made.shelf = Shelf(entries(catalog))
    made.symbols = ["RSTK"]
    draft = made.drafts[0]
    offer = StrategyList(tmp_path / "none").resolve("SMA Cross")
    draft.name, draft.cls = offer.name, offer.cls
    return made


def test_a_form_that_is_filled_in_is_a_request(form: BacktestForm) -> None:
    form.put("initial_capital", "50000")
    form.put("fees.taker", "0.001")
    form.put("models.queue", "exact")
    form.drafts[0].texts["fast"] = "5"

    assert form.problems() == {}
    request = parse_request(form.table())
    assert request.initial_capital == 50_000
    assert request.fees is not None
    assert str(request.fees.taker) == "0.001"
    assert request.models.queue == "exact"
    assert request.strategies[0].parameters == {"fast": 5}


@pytest.mark.parametrize(
    ("key", "text", "words"),
    [
        ("initial_capital", "-5", "must be positive"),
        ("initial_capital", "much", "must be a number"),
        ("seed", "1.5", "must be an integer"),
        ("start_date", "yesterday", "must be like 2023-01-31"),
        ("models.participation", "half", "must be a number"),
        ("fees.maker", "x", "must be a number"),
    ],
)
def test_what_is_wrong_is_said_of_its_field(
    form: BacktestForm, key: str, text: str, words: str
) -> None:
    form.put(key, text)

    problems = form.problems()

    assert list(problems) == [key]
    assert words in problems[key]


def test_a_parameter_out_of_bounds_is_named(form: BacktestForm) -> None:
    form.drafts[0].texts["fast"] = "0"

    assert form.problems() == {"0.fast": "fast must lie in [1, 5000], was 0"}


def test_what_lies_out_of_reach_is_said(form: BacktestForm) -> None:
    form.put("start_date", "2031-01-01")

    assert "they reach 2023-11-14" in form.problems()["start_date"]


@pytest.mark.parametrize("stream", ["bars-1d", "bars-1h"])
def test_dates_reach_into_the_data_where_a_run_finds_bars(
    tmp_path: Path, stream: str
) -> None:
    """A bar that closes at midnight is of the day before, here as in a run."""
    hour = 3_600_000_000_000
    first = begins_ns(date(2024, 3, 5), "America/New_York")
    ends = first + hour * np.arange(0, 73, 24 if stream == "bars-1d" else 1)
    catalog = write_bars(tmp_path, "RSTK", walk(len(ends), 1), stream=stream, ts=ends)
    recording = catalog.open("RSTK", stream)
    form = BacktestForm()
    form.shelf, form.symbols = Shelf(entries(catalog)), ["RSTK"]
    offer = StrategyList(tmp_path / "none").resolve("SMA Cross")
    form.drafts[0].name, form.drafts[0].cls = offer.name, offer.cls
    said = []
    for key, day in product(("start_date", "end_date"), range(1, 12)):
        form.texts = {key: f"2024-03-{day:02d}"}
        request = parse_request(form.table())
        rows = rows_between(recording, request.start, request.end)
        assert bool(rows) is not bool(form.problems()), (key, day)
        said.append(bool(rows))

    assert {*said} == {True, False}
    reach = form.shelf.reach(["RSTK"], stream)
    days = [day_of(recording, int(ts)) for ts in (ends[0], ends[-1])]
    assert reach == tuple(days)
    told = recordings.reach(entries(catalog)[0])
    if stream == "bars-1d":
        assert told == tuple(map(str, days)) == ("2024-03-04", "2024-03-07")
    else:  # the first open, the last close
        assert told == ("2024-03-05 04:00", "2024-03-08 05:00")


def test_symbols_must_have_the_stream_in_common(form: BacktestForm) -> None:
    form.stream = "bars-1d"
    assert "RSTK has no bars-1d" in form.problems()["symbols"]
    form.symbols = []
    assert form.problems()["symbols"] == "choose at least one symbol"


def test_a_request_comes_back_as_it_was(form: BacktestForm, tmp_path: Path) -> None:
    form.put("start_date", "2023-11-15")
    form.put("models.participation", "none")
    form.drafts[0].allocation = "0.5"
    form.stream = "bars-1m"
    table = form.table()
    write_request(table, tmp_path / "request.json")

    again = BacktestForm()
    again.load(dict(load_request(tmp_path / "request.json").table))

    assert again.table() == json.loads(json_text(table))
    assert again.text("models.participation") == "none"
    assert again.drafts[0].allocation == "0.5"


def test_toml_says_the_same_as_json(form: BacktestForm) -> None:
    form.put("fees.per_order", "1.25")
    table = form.table()

    assert tomllib.loads(toml_text(table)) == json.loads(json_text(table))
    with pytest.raises(RequestError, match="TOML cannot say"):
        toml_text({"models": {"participation": None}})


def test_numbers_are_read_as_json_reads_them() -> None:
    assert number("1,000") == 1000
    assert number("1e-3") == 0.001
    assert number("true") is True
    assert number("soon") == "soon"


def test_the_users_folder_is_offered_and_what_is_broken_is_told(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(MINE)
    (tmp_path / "broken.py").write_text("this is no Python")

    offers = StrategyList(tmp_path)
    offers.read()

    assert "Mine · mine.py" in [each.title for each in offers.offers]
    assert list(offers.broken) == ["broken.py"]
    mine = offers.resolve("Mine")
    assert mine.name == str(tmp_path / "mine.py")
    assert mine.sentence == "Does nothing, at length."
    assert offers.resolve("SMA Cross").cls.__name__ == "SMACross"


def test_where_requests_differ() -> None:
    one = {"symbols": ["A"], "strategies": [{"name": "x", "parameters": {"fast": 5}}]}
    two = {"symbols": ["A"], "strategies": [{"name": "x", "parameters": {"fast": 9}}]}

    assert differing([one, two]) == [("strategies.1.parameters.fast", ["5", "9"])]


def test_a_default_is_compared_by_its_value() -> None:
    """One run left ``fast`` to its default, the other asked for it."""
    off = {"name": "y", "enabled": False}
    asked: tuple[dict[str, float], ...] = {}, {"fast": 9}
    ran = {"fast": 5, "slow": 20}, {"fast": 9, "slow": 20}
    cards = [
        {
            "request": {"strategies": [off, {"name": "x", "parameters": given}]},
            "strategies": [{"name": "x", "parameters": had}],
        }
        for given, had in zip(asked, ran, strict=True)
    ]

    told = differing([as_run(card) for card in cards])

    assert told == [("strategies.1.parameters.fast", ["5", "9"])]
