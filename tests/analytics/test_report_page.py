"""The report's page: words below its charts, figures as they are printed."""

import re

import numpy as np
import pytest

from app.analytics.report.svg import Plot
from app.analytics.report.wording import told_value


def labelled(count: int, text: str) -> list[tuple[float, str]]:
    """Where words stand below a chart, and which."""
    plot = Plot((560, 230), (0.0, float(count)), (0.0, 1.0))
    plot.labels(
        np.arange(count, dtype=np.float64) + 0.5, [f"{text}{i}" for i in range(count)]
    )
    found = re.findall(r'x="([\d.]+)" y="222"[^>]*>(\w+)<', plot.svg(""))
    return [(float(x), word) for x, word in found]


@pytest.mark.parametrize("count", [1, 2, 12, 23, 40])
def test_words_below_a_chart_do_not_run_into_each_other(count: int) -> None:
    shown = labelled(count, "20")

    assert shown[0][1] == "200"
    apart = np.diff([x for x, _ in shown])
    widest = 6.6 * max(len(word) for _, word in shown)
    assert (apart > widest).all()
    assert len(shown) == count or 2 * len(shown) * (widest + 8) > 400, "none is missed"


def test_a_figure_that_is_printed_as_zero_has_no_sign() -> None:
    assert told_value(-0.000001, "percent") == "0.00%"
    assert told_value(-0.0, "money") == "0.00"
    assert told_value(-0.05, "percent") == "−5.00%"
    assert told_value(-1200.0, "money") == "−1,200.00"
