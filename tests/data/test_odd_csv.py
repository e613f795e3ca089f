"""CSV as a newcomer has it: every habit of some program, recognised and imported."""

import bz2
import gzip
import io
import lzma
import zipfile
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import zstandard

from app.data.catalog import Catalog, Recording
from app.data.guess import Answers
from app.data.importing import Options, Report, run_import
from app.data.recognise import Given, preview, recognise, table_head
from app.engine.records import BAR, QUOTE
from app.errors import FileFormatError
from app.instrument import InstrumentKind

GERMAN = """Datum;Open;High;Low;Close;Volume
02.01.2024 09:30;1.234,50;1.235,00;1.233,50;1.234,75;1.000
02.01.2024 09:31;1.234,75;1.236,25;1.234,50;1.236,00;2.500
"""
METATRADER = (
    "<DATE>\t<TIME>\t<OPEN>\t<HIGH>\t<LOW>\t<CLOSE>\t<TICKVOL>\t<VOL>\t<SPREAD>\n"
    "2024.01.02\t00:00:00\t1.10427\t1.10450\t1.10410\t1.10448\t89\t0\t12\n"
    "2024.01.02\t00:01:00\t1.10448\t1.10460\t1.10430\t1.10441\t71\t0\t11\n"
)
HISTDATA = """20240102 170000;1.10427;1.10450;1.10410;1.10448;0
20240102 170100;1.10448;1.10460;1.10430;1.10441;0
"""
TWO_COLUMNS = """Date,Time,Open,High,Low,Close,Volume
01/13/2024,0930,10.25,10.5,10.0,10.25,7
01/13/2024,0931,10.25,10.5,10.0,10.50,8
"""
NEWEST_FIRST = """Date,Close/Last,Volume,Open,High,Low
01/16/2024,$183.63,"65,603,040",$182.16,$184.26,$180.93
01/12/2024,$185.92,"40,477,780",$186.06,$186.74,$185.19
01/11/2024,$185.59,49.1K,$186.54,$187.05,$183.62
"""
EXCEL = """sep=;
Time;Price;Size;Side
2024-01-02T09:30:00Z;10,25;5;Buyer
2024-01-02T09:30:01Z;10,50;2;SELLER
"""
BINANCE_VISION = """id,price,qty,quote_qty,time,is_buyer_maker
1,42283.58,0.0035,147.99,1704067200000,True
2,42283.59,0.0100,422.83,1704067200100,False
"""
MANY = """date,open,high,low,close,volume,Name
2024-01-02,10,11,9,10.5,100,AAA
2024-01-03,10.5,11,9,10,120,AAA
2024-01-02,20.25,22,19,21,50,BBB
2024-01-03,21,22,20,21.5,55,BBB
"""
YORK: dict[str, Any] = {"time_zone": "America/New_York"}


def made(folder: Path, text: str | bytes, name: str = "ACME.csv") -> Path:
    path = folder / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def imported(path: Path, *, skip_bad: bool = False, **said: Any) -> Report:
    """Recognise a file with these answers and import it; nothing may be left to ask."""
    catalog = Catalog(path.parent / "catalog")
    found = recognise([path], catalog, Given(Answers(**said)))
    assert not found.questions, found.questions
    name = said.get("instrument") or found.instrument
    options = Options(name, skip_bad)
    preview(found, [path], catalog, options)
    return run_import(found.importer, [path], catalog, options)


def opened(path: Path, name: str = "ACME") -> Recording:
    return Catalog(path.parent / "catalog").open(name)


def bars(recording: Recording) -> list[tuple[str, ...]]:
    """Close time, then open, high, low, close, volume, as people write them."""
    rows = []
    for each in recording.records().view(BAR):
        prices = [0, *(each[f"{name}_offset"] for name in ("high", "low", "close"))]
        texts = [str(recording.instrument.price(int(each["open"] + p))) for p in prices]
        volume = str(recording.instrument.quantity(int(each["volume"])))
        rows.append((*texts, volume))
    return rows


def test_semicolons_and_decimal_commas(tmp_path: Path):
    path = made(tmp_path, GERMAN)

    imported(path, stamped="open", time_zone="Europe/Berlin")

    recording = opened(path)
    assert bars(recording)[0] == ("1234.50", "1235.00", "1233.50", "1234.75", "1000")
    assert recording.instrument.price_unit == Decimal("0.01")


def test_a_foreign_header_takes_columns_that_are_told(tmp_path: Path):
    path = made(tmp_path, GERMAN.replace("Datum", "Stichtag"))
    with pytest.raises(FileFormatError, match="no format that is recognised"):
        recognise([path], Catalog(tmp_path / "c"))
    table = table_head(path)
    assert table is not None
    assert (table.delimiter, table.names[0]) == (";", "Stichtag")

    columns = {"time": "Stichtag", "volume": "Volume"}
    columns |= {each: each.title() for each in ("open", "high", "low", "close")}
    imported(path, stamped="close", time_zone="UTC", kind="bars", columns=columns)

    assert len(opened(path)) == 2


def test_date_and_time_in_two_columns_of_metatrader(tmp_path: Path):
    path = made(tmp_path, METATRADER, "EURUSD_M1.csv")

    imported(path, stamped="open", time_zone="UTC")

    recording = opened(path, "EURUSD")
    assert recording.stream == "bars-1m"
    assert recording.instrument.kind is InstrumentKind.FX_SPOT
    assert recording.first_ts == 1_704_153_660 * 10**9
    assert bars(recording)[0] == ("1.10427", "1.10450", "1.10410", "1.10448", "89")


def test_bars_without_a_header(tmp_path: Path):
    path = made(tmp_path, HISTDATA, "EURUSD_2024.csv")

    imported(path, stamped="open", time_zone="America/New_York")

    assert bars(opened(path, "EURUSD"))[1][0] == "1.10448"


def test_two_columns_of_date_and_clock_without_a_header(tmp_path: Path):
    path = made(tmp_path, "".join(TWO_COLUMNS.splitlines(keepends=True)[1:]))

    imported(path, stamped="open", **YORK)

    assert opened(path).first_ts == 1_705_156_260 * 10**9


def test_two_columns_of_date_and_clock(tmp_path: Path):
    path = made(tmp_path, TWO_COLUMNS)

    imported(path, stamped="open", **YORK)

    assert opened(path).first_ts == 1_705_156_260 * 10**9  # 09:31 in New York
    assert [each[-1] for each in bars(opened(path))] == ["7", "8"]


def test_newest_first_with_dollars_and_thousands(tmp_path: Path):
    path = made(tmp_path, NEWEST_FIRST)

    imported(path, interval="1d", **YORK)

    recording = opened(path)
    assert [each[3] for each in bars(recording)] == ["185.59", "185.92", "183.63"]
    assert [each[4] for each in bars(recording)] == ["49100", "40477780", "65603040"]
    times = recording.columns["ts_received"]
    assert list(times) == sorted(times)


def test_rows_that_go_forward_in_a_file_that_goes_back_are_bad(tmp_path: Path):
    text = NEWEST_FIRST + "01/17/2024,$1.00,1,$1.00,$1.00,$1.00\n"
    path = made(tmp_path, text)

    with pytest.raises(
        FileFormatError, match="row 5, column time: must not go forward"
    ):
        imported(path, interval="1d", **YORK)
    report = imported(path, interval="1d", skip_bad=True, **YORK)

    assert (report.skipped, len(opened(path))) == (1, 3)


def test_a_line_for_excel_and_words_for_the_side(tmp_path: Path):
    path = made(tmp_path, EXCEL)

    imported(path)

    recording = opened(path)
    assert recording.columns["aggressor"].tolist() == [1, -1]
    assert [str(recording.instrument.price(int(x))) for x in recording.columns["price"]]


def test_the_buyer_as_maker_means_an_aggressive_seller(tmp_path: Path):
    path = made(tmp_path, BINANCE_VISION, "BTCUSDT-trades-2024-01-01.csv")

    imported(path)

    recording = opened(path, "BTCUSDT")
    assert recording.columns["aggressor"].tolist() == [-1, 1]
    assert recording.instrument.kind is InstrumentKind.CRYPTO_SPOT


def test_each_symbol_of_a_file_becomes_a_recording(tmp_path: Path):
    path = made(tmp_path, MANY, "all.csv")

    report = imported(path, **YORK)

    assert [each.instrument for each in report.segments] == ["AAA", "BBB"]
    assert [each[3] for each in bars(opened(path, "BBB"))] == ["21.00", "21.50"]


def test_one_symbol_of_many_is_imported_if_it_is_named(tmp_path: Path):
    path = made(tmp_path, MANY, "all.csv")

    report = imported(path, instrument="BBB", **YORK)

    assert [each.instrument for each in report.segments] == ["BBB"]
    assert report.notes[0] == "2 rows of other symbols left out"
    with pytest.raises(FileFormatError, match="holds no rows of ZZZ"):
        imported(path, instrument="ZZZ", **YORK)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-8"])
@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_marks_and_line_ends(tmp_path: Path, encoding: str, ending: str):
    text = TWO_COLUMNS.replace("\n", ending)
    path = made(tmp_path, text.encode(encoding))

    imported(path, stamped="open", **YORK)

    assert len(opened(path)) == 2


@pytest.mark.parametrize("how", ["gz", "zip", "zst", "xz", "bz2"])
def test_compressed_files_are_read_as_they_are(tmp_path: Path, how: str):
    plain = TWO_COLUMNS.encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("ACME.csv", plain)
    packed = {
        "gz": gzip.compress(plain),
        "zip": archive.getvalue(),
        "zst": zstandard.compress(plain),
        "xz": lzma.compress(plain),
        "bz2": bz2.compress(plain),
    }
    path = made(tmp_path, packed[how], f"ACME.csv.{how}")

    imported(path, stamped="open", **YORK)

    assert len(opened(path)) == 2


def test_epoch_milliseconds_and_an_unknown_symbol(tmp_path: Path):
    path = made(
        tmp_path, "ts,bid,ask\n1704188400000,1.5,1.75\n1704188400250,1.5,1.80\n"
    )

    imported(path, instrument="ZQX9", assumed_size="100")

    recording = opened(path, "ZQX9")
    quotes = recording.records().view(QUOTE)
    assert quotes["ask_price"].tolist() == [175, 180]
    assert quotes["bid_size"].tolist() == [100, 100]


def test_a_day_and_month_that_may_be_exchanged_are_asked(tmp_path: Path):
    path = made(tmp_path, TWO_COLUMNS.replace("01/13", "03/04"))
    found = recognise([path], Catalog(tmp_path / "c"), Given(Answers(**YORK)))

    question = found.questions[0]
    assert question.option == "--time-format"
    assert question.choices == ("%m/%d/%Y %H%M", "%d/%m/%Y %H%M")
    imported(path, time_format=question.choices[1], stamped="open", **YORK)
    assert opened(path).first_ts == 1_712_151_060 * 10**9  # the 3rd of April


def test_a_bad_row_is_named_by_row_column_and_rule(tmp_path: Path):
    path = made(tmp_path, GERMAN.replace("1.236,25", "x"))
    said: dict[str, Any] = {"stamped": "open", "time_zone": "UTC"}

    with pytest.raises(FileFormatError, match=r"row 3, column high: must be a number"):
        imported(path, **said)
    report = imported(path, skip_bad=True, **said)

    assert report.skipped == 1
    assert "row 3, column high" in report.problems[0]
