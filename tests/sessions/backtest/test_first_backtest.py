"""What the README says of a first backtest works as pasted."""

import json
import re
from pathlib import Path

import pytest

from app.__main__ import main

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).resolve().parents[3]
PAGE = REPOSITORY / "docs" / "first-backtest.md"


def commands(page: Path) -> list[list[str]]:
    """Commands of a page's indented blocks."""
    text = page.read_text("utf-8")
    found = re.findall(r"^    (?:python3 start\.py|ringside) (.+)$", text, re.MULTILINE)
    return [each.split() for each in found]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("data", "runs", "strategies"):
        monkeypatch.setenv(f"RINGSIDE_PATHS_{name.upper()}", str(tmp_path / name))
    (tmp_path / "resources").symlink_to(REPOSITORY / "resources")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_page_s_commands_and_figures(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    section = (REPOSITORY / "README.md").read_text("utf-8")
    section = section.partition("## The first backtest")[2].partition("\n## ")[0]
    asked = commands(PAGE)
    said = ""

    for words in asked[:3]:
        assert f"python3 start.py {' '.join(words)}\n" in section
        assert main(words) == 0
        said += capsys.readouterr().out

    page = (home / "gap-fade.html").read_text("utf-8")
    assert "The data are made up" in page
    told = [x.strip() for x in PAGE.read_text("utf-8").splitlines()]
    figures = [x for x in told if re.search(r"^[a-z ]+ {4,}[-\d]", x)]
    assert len(figures) > 6
    for each in figures:
        assert each in said
    assert main([*asked[3]]) == 0
    assert "MADE UP" in capsys.readouterr().out


def test_without_data_the_error_says_what_to_do(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["backtest", "resources/first-backtest/request.json"]) == 2
    assert "ringside sample" in capsys.readouterr().err


def test_a_misspelt_file_of_the_checkout_is_told(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    table = {"symbols": ["AAPL"], "strategies": [{"name": f"{REPOSITORY}/nowhere.py"}]}
    (home / "request.json").write_text(json.dumps(table))
    main(["sample", "--symbols", "AAPL"])

    assert main(["backtest", "request.json"]) == 2
    assert "nowhere.py: there is no such file" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["nan", "inf", "1e400", "-inf"])
def test_a_value_that_is_not_finite_is_refused(
    home: Path, capsys: pytest.CaptureFixture[str], value: str
) -> None:
    path = "resources/first-backtest/request.json"

    assert main(["backtest", path, "--set", f"stop_share={value}"]) == 2
    assert f"must be finite, was '{value}'" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["1e400", "-1e400", "NaN", "9" * 400, "2.5", "null"])
@pytest.mark.parametrize("name", ["whole", "share"])
def test_an_absurd_parameter_of_a_request_is_named(
    home: Path, capsys: pytest.CaptureFixture[str], name: str, value: str
) -> None:
    (home / "own.py").write_text(
        "from app.strategies import Strategy\n\n\nclass Own(Strategy):\n"
        "    whole: int = 3\n    share: bool = True\n\n"
        "    def on_bar(self, ctx, bar):\n        pass\n"
    )
    (home / "request.json").write_text(
        '{"symbols": ["SAMPLE1"], "strategies": [{"name": "own.py", '
        f'"parameters": {{"{name}": {value}}}}}]}}'
    )
    main(["sample", "--symbols", "SAMPLE1"])

    assert main(["backtest", "request.json"]) == 2
    assert f"Own: {name} must be" in capsys.readouterr().err
