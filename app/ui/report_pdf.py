"""A report as PDF: charts drawn as vectors, tables by Qt's text engine.

Run as a program (``python -m app.ui.report_pdf FILE``) it reads a pickled `Report` from
its parent, so that the command line needs no Qt of its own.
"""

import pickle
import re
import sys
from html import escape
from pathlib import Path
from typing import Final

import numpy as np
from PySide6.QtCore import QByteArray, QMarginsF, QRectF, Qt
from PySide6.QtGui import (
    QFont,
    QGuiApplication,
    QPageLayout,
    QPageSize,
    QPainter,
    QPdfWriter,
    QTextDocument,
)
from PySide6.QtSvg import QSvgRenderer

from app.analytics.report import charts
from app.analytics.report.page import ROLLING
from app.analytics.report.records import Report, Section
from app.analytics.report.wording import told, told_time, told_value

_DPI: Final = 144
_GAP: Final = 12.0
_STYLE: Final = {
    "grid": "stroke:#dde2e8",
    "zero": "stroke:#8a97a6",
    "tick": "fill:#5c6b7d;font-family:sans-serif;font-size:11px",
    "a": "fill:none;stroke:#0b6bcb;stroke-width:1.5",
    "b": "fill:none;stroke:#8a97a6;stroke-width:1.2",
    "down": "fill:none;stroke:#c4601d;stroke-width:1.2",
    "down area": "fill:#c4601d;fill-opacity:0.22;stroke:none",
}
_FILLED: Final = {"up": "#0f7d8c", "down": "#c4601d", "a": "#0b6bcb", "b": "#8a97a6"}


class Pages:
    """Puts blocks below each other, and turns the page where one does not fit."""

    def __init__(self, writer: QPdfWriter, footer: str) -> None:
        self.writer, self.footer = writer, footer
        self.painter = QPainter(writer)
        self.width = float(writer.width())
        self.height = float(writer.height()) - 26
        self.y, self.page = 0.0, 1
        self._foot()

    def _foot(self) -> None:
        self.painter.setFont(QFont("sans-serif", 7))
        self.painter.setPen(Qt.GlobalColor.gray)
        row = QRectF(0, self.height + 8, self.width, 18)
        self.painter.drawText(row, Qt.AlignmentFlag.AlignLeft, self.footer)
        self.painter.drawText(row, Qt.AlignmentFlag.AlignRight, f"{self.page}")

    def turn(self) -> None:
        """Begin a new page."""
        self.writer.newPage()
        self.y, self.page = 0.0, self.page + 1
        self._foot()

    def need(self, height: float) -> None:
        """Turn the page if so much does not fit."""
        if self.y and self.y + height > self.height:
            self.turn()

    def text(self, html: str, x: float = 0.0, width: float | None = None) -> float:
        """Lay out HTML; return its height."""
        document = QTextDocument()
        document.setDocumentMargin(0)
        document.documentLayout().setPaintDevice(self.writer)
        document.setDefaultFont(QFont("sans-serif", 8))
        document.setHtml(html)
        document.setTextWidth(width or self.width)
        height = float(document.size().height())
        if width is None:
            self.need(height)
        self.painter.save()
        self.painter.translate(x, self.y)
        document.drawContents(self.painter)
        self.painter.restore()
        if width is None:
            self.y += height + _GAP
        return height

    def charts(self, *blocks: tuple[str, str]) -> None:
        """Draw titled SVGs beside each other; after a "; " a title says more."""
        drawn = [(title, QSvgRenderer(styled(svg))) for title, svg in blocks if svg]
        if not drawn:
            return
        wide = (self.width - _GAP * (len(drawn) - 1)) / len(drawn)
        tall = max(
            wide * each.defaultSize().height() / each.defaultSize().width()
            for _, each in drawn
        )
        self.need(tall + 30)
        for place, (title, each) in enumerate(drawn):
            x = place * (wide + _GAP)
            name, _, key = title.partition("; ")
            grey = f" <span style='color:#5c6b7d'>{escape(key)}</span>"
            self.text(f"<b>{escape(name)}</b>{grey}", x, wide)
            each.render(self.painter, QRectF(x, self.y + 22, wide, tall))
        self.y += tall + 22 + _GAP


def styled(svg: str) -> QByteArray:
    """An SVG with its classes written out, which Qt's renderer does not look up."""

    def style(match: re.Match[str]) -> str:
        tag, kind = match.group(1), match.group(2)
        if tag in ("rect", "circle") and kind in _FILLED:
            return f'<{tag} style="fill:{_FILLED[kind]}"'
        return f'<{tag} style="{_STYLE.get(kind, "")}"'

    return QByteArray(re.sub(r'<(\w+) class="([^"]+)"', style, svg).encode())


def write_pdf(report: Report, path: Path) -> None:
    """Write a report as A4 pages; wholly or not at all.

    Raises
    ------
    OSError
        If the file cannot be written.
    """
    beside = path.with_name(f".{path.name}.part")
    writer = QPdfWriter(str(beside))
    writer.setResolution(_DPI)
    size = QPageSize(QPageSize.PageSizeId.A4)
    margins = QMarginsF(14, 12, 14, 10)
    writer.setPageLayout(
        QPageLayout(
            size, QPageLayout.Orientation.Portrait, margins, QPageLayout.Unit.Millimeter
        )
    )
    writer.setTitle(report.run.card["name"])
    try:
        card = report.run.card
        pages = Pages(writer, f"{card['name']} · run {report.run.run_id}")
        if not pages.painter.isActive():
            raise OSError(f"{path} cannot be written")
        draw(pages, report)
        pages.painter.end()
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def draw(pages: Pages, report: Report) -> None:
    """Write a report on pages, in the order of `app.analytics.report.page`."""
    run, card = report.run, report.run.card
    pages.text(
        f"<span style='font-size:17pt'><b>{escape(card['name'])}</b></span><br>"
        f"{run.period}, {escape(run.currency)}"
    )
    pages.text(_tiles(report))
    symbol = (card["benchmark"] or {}).get("symbol", "")
    held = (
        f"; grey: {symbol} held" if np.isfinite(report.series.benchmark).any() else ""
    )
    pages.charts((f"Equity, {run.currency}{held}", charts.equity_chart(report)))
    pages.charts(("Underwater", charts.underwater_chart(report)))
    pages.text("<b>Before you believe it</b>" + _flags(report))
    pages.text("<b>Returns of months, %</b>" + _months(report))
    pages.charts(
        (f"Returns of years{held}", charts.yearly_chart(report)),
        ("Daily returns", charts.histogram_chart(report, "daily")),
    )
    for pair in (("sharpe", "volatility"), ("beta", "")):
        blocks = [
            (f"Rolling {ROLLING[name]}", charts.rolling_chart(report, name))
            for name in pair
            if name
        ]
        if len(blocks) == 1:
            blocks.append(
                ("Exposure, of equity; grey: gross", charts.exposure_chart(report))
            )
        pages.charts(*blocks)
    for left, right in zip(
        report.sections[::2], [*report.sections[1::2], None], strict=False
    ):
        _beside(pages, left, right)
    pages.text("<b>Worst drawdowns</b>" + _drawdowns(report))
    pages.charts(
        ("Return against MAE", charts.excursion_chart(report, "mae")),
        ("Return against MFE", charts.excursion_chart(report, "mfe")),
    )
    pages.charts(
        ("By weekday of entry", charts.breakdown_chart(report, "weekday")),
        ("By month of entry", charts.breakdown_chart(report, "month")),
    )


def _beside(pages: Pages, left: Section, right: Section | None) -> None:
    half = (pages.width - 2 * _GAP) / 2
    rows = max(len(each.statistics) for each in (left, right) if each)
    pages.need(rows * 24.0)
    heights = [
        pages.text(_section(each), place * (half + 2 * _GAP), half)
        for place, each in enumerate((left, right))
        if each
    ]
    pages.y += max(heights) + _GAP


def _section(part: Section) -> str:
    rows = "".join(
        f"<tr><td>{escape(each.label)}</td><td align='right'>{told(each)}</td></tr>"
        for each in part.statistics
    )
    return f"<b>{escape(part.title)}</b><table width='100%'>{rows}</table>"


def _tiles(report: Report) -> str:
    keys = ("total_return", "annual_return", "sharpe", "sortino", "max_drawdown")
    cells = "".join(
        f"<td><span style='color:#5c6b7d'>{escape(report[key].label)}</span><br>"
        f"<span style='font-size:13pt'><b>{told(report[key])}</b></span></td>"
        for key in keys
    )
    return f"<table width='100%'><tr>{cells}</tr></table>"


def _flags(report: Report) -> str:
    return "".join(
        f"<p><b>{each.level}: {escape(each.title)}</b> – {escape(each.found)}.<br>"
        f"<span style='color:#5c6b7d'>{escape(each.why)}</span></p>"
        for each in report.flags
    )


def _months(report: Report) -> str:
    months = report.months
    names = "".join(f"<th align='right'>{each}</th>" for each in "JFMAMJJASOND")
    rows = []
    for year, returns, whole in zip(
        months.years, months.returns, months.yearly, strict=True
    ):
        cells = "".join(
            f"<td align='right' style='color:{'#0f7d8c' if each >= 0 else '#c4601d'}'>"
            f"{told_value(float(each) * 100, 'ratio')}</td>"
            for each in returns
        )
        total = told_value(float(whole) * 100, "ratio")
        rows.append(
            f"<tr><td>{year}</td>{cells}<td align='right'><b>{total}</b></td></tr>"
        )
    head = f"<tr><th></th>{names}<th align='right'>Year</th></tr>"
    return f"<table width='100%' cellpadding='2'>{head}{''.join(rows)}</table>"


def _recovered(ts: int) -> str:
    return told_time(ts, is_day=True) if ts else "not yet"


def _drawdowns(report: Report) -> str:
    rows = "".join(
        f"<tr><td>{told_value(-each.depth, 'percent')}</td>"
        f"<td>{told_time(each.peak_ts, is_day=True)}</td>"
        f"<td>{told_time(each.trough_ts, is_day=True)}</td>"
        f"<td>{_recovered(each.recovered_ts)}</td>"
        f"<td align='right'>{each.days:,.0f} d</td></tr>"
        for each in report.drawdowns
    )
    head = "".join(
        f"<th align='left'>{each}</th>"
        for each in ("Depth", "Peak", "Trough", "Recovered")
    )
    head += "<th align='right'>In all</th>"
    return f"<table width='100%' cellpadding='2'><tr>{head}</tr>{rows}</table>"


def main() -> int:
    """Write the report that stands on standard input to the file that is named."""
    application = QGuiApplication(["ringside", "-platform", "offscreen"])
    report = pickle.load(sys.stdin.buffer)
    write_pdf(report, Path(sys.argv[1]))
    del application
    return 0


if __name__ == "__main__":
    sys.exit(main())
