"""The instrument master: read, refused by name, written with its comments."""

import dataclasses
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from app.data.instrument_master import InstrumentMaster, shipped_file
from app.errors import InstrumentError
from app.instrument import (
    Fees,
    Hours,
    Instrument,
    InstrumentKind,
    Margin,
    PriceUnits,
    QuantityUnits,
    TickBand,
)

ENTRY = """
[instruments.X]
kind = "stock"
venue = "V"
currency = "USD"
price_unit = "0.01"
"""


def load(tmp_path: Path, text: str) -> InstrumentMaster:
    path = tmp_path / "instruments.toml"
    path.write_text(text, encoding="utf-8")
    return InstrumentMaster.load(path)


def test_what_ships_loads_with_unlike_steps():
    master = InstrumentMaster.load(shipped_file())

    assert {"RSTK", "RFUT", "RBTC", "REUR", "AMZN", "ESH4", "BTCUSDT"} <= set(
        master.instruments
    )
    assert master.instrument("RSTK").tick_table == (
        TickBand(None, 1),
        TickBand(PriceUnits(10_000), 100),
    )
    assert master.instrument("RFUT").multiplier == 50
    assert master.instrument("RBTC").order_step == 10_000
    assert master.instrument("REUR").price_unit == Decimal("0.00001")
    assert master.instrument("ESH4").expiry == date(2024, 3, 15)


def test_an_absent_file_holds_nothing(tmp_path: Path):
    assert len(InstrumentMaster.load(tmp_path / "none.toml")) == 0


def test_the_users_entry_goes_over_the_shipped_one(tmp_path: Path):
    (tmp_path / "instruments.toml").write_text(ENTRY.replace(".X]", ".AMZN]"))
    master = InstrumentMaster.beside(tmp_path)

    assert master.instrument("AMZN").venue == "V"
    assert "RSTK" in master


def test_toml_floats_are_read_exactly(tmp_path: Path):
    master = load(tmp_path, ENTRY + "min_value = 0.1\nmax_price = 1e5\n")

    assert master.instrument("X").min_value == Decimal("0.1")
    assert master.instrument("X").max_price == 10_000_000


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("tick_tabel = []", r"unknown field 'tick_tabel'; .* 'tick_table'"),
        ("multiplier = 'x'", r"field multiplier: a number is needed, was 'x'"),
        ("multiplier = true", r"field multiplier: a number is needed, was True"),
        ("order_step = '0.5'", r"field order_step: quantity 0\.5 .* unit 1"),
        ("max_price = '0.001'", r"field max_price: price 0\.001 .* unit 0\.01"),
        ("tick_table = [{from = '1'}]", r"field tick_table: a band needs a step"),
        ("tick_table = [{step = 1, form = 2}]", r"unknown field 'form'; .*'from'"),
        ("expiry = '2024-01-01'", r"field expiry: a date like"),
        ("price_bands = ['1']", r"field price_bands: \[lowest, highest\]"),
        ("fees = {makr = 1}", r"field fees: .*unknown field 'makr'; .*'maker'"),
        ("shortable = 1", r"field shortable: true or false"),
        ("family = 'EZ'", r"field family: unknown family 'EZ'"),
        ("order_step = '0'", r": order_step must be at least"),
    ],
)
def test_errors_name_file_instrument_field_rule_and_value(
    tmp_path: Path, line: str, says: str
):
    with pytest.raises(InstrumentError, match=rf"instruments\.toml: .*'X'.*{says}"):
        load(tmp_path, ENTRY + line + "\n")


def test_rule_7_a_kind_that_is_not_traded_is_refused_by_name(tmp_path: Path):
    with pytest.raises(InstrumentError, match=r"field kind: .*'option' are refused"):
        load(tmp_path, ENTRY.replace("stock", "option"))


def test_a_missing_field_is_named(tmp_path: Path):
    with pytest.raises(InstrumentError, match="'X', field price_unit: is missing"):
        load(tmp_path, ENTRY.replace('price_unit = "0.01"', ""))


@pytest.mark.parametrize("text", ["[instruments", "\xff", "x = 1", "instruments = 3"])
def test_a_file_that_is_no_master_is_refused(tmp_path: Path, text: str):
    (tmp_path / "instruments.toml").write_bytes(text.encode("latin-1"))

    with pytest.raises(InstrumentError, match=r"instruments\.toml"):
        InstrumentMaster.load(tmp_path / "instruments.toml")


def test_an_unknown_name_is_answered_with_the_nearest():
    master = InstrumentMaster.load(shipped_file())

    with pytest.raises(InstrumentError, match="'AMZM'; the nearest known is 'AMZN'"):
        master.instrument("AMZM")
    with pytest.raises(InstrumentError, match=r"'btcusdt'; .* 'BTCUSDT'"):
        master.instrument("btcusdt")


def test_rule_8_each_contract_of_a_family_is_an_instrument():
    master = InstrumentMaster.load(shipped_file())
    contract = master.of_family("ESZ5")

    assert contract is not None
    assert contract.name == "ESZ5"
    assert contract.multiplier == 50
    assert contract.expiry is None
    assert master.of_family("AMZN") is None


def test_saving_keeps_comments_and_reads_back_the_same(tmp_path: Path):
    master = load(tmp_path, "# mine\n" + ENTRY + "calendar = 'C' # why\n")
    made = Instrument(
        name="N/1",
        kind=InstrumentKind.PERPETUAL,
        venue="V",
        currency="USDT",
        price_unit=Decimal("0.10"),
        quantity_unit=Decimal("1e-3"),
        multiplier=Decimal("0.1"),
        tick_table=(TickBand(None, 5), TickBand(PriceUnits(100), 10)),
        order_step=QuantityUnits(2),
        order_min=QuantityUnits(4),
        order_max=QuantityUnits(1_000),
        min_value=Decimal("1.5"),
        max_price=PriceUnits(10_000),
        price_bands=(PriceUnits(-10), PriceUnits(10)),
        calendar="K",
        time_zone="Asia/Tokyo",
        regular_hours=Hours.parse("09:00-15:00"),
        expiry=date(2025, 1, 2),
        fees=Fees(maker=Decimal("-0.0001"), maximum=Decimal(3)),
        margin=Margin(Decimal(9), Decimal(8), per_contract=True),
        shortable=False,
        consolidated=True,
    )

    master.add(made, "sniffed from a file")
    master.save()

    text = master.path.read_text()
    assert "# mine" in text
    assert "# why" in text
    assert "# sniffed from a file" in text
    again = InstrumentMaster.load(master.path)
    assert again.instruments == master.instruments
    assert list(tmp_path.iterdir()) == [master.path]


def test_saving_what_cannot_be_written_says_so(tmp_path: Path):
    (tmp_path / "file").write_text("")
    master = InstrumentMaster(tmp_path / "folder" / "instruments.toml")
    (tmp_path / "folder" / "instruments.toml").mkdir(parents=True)
    shipped = InstrumentMaster.load(shipped_file()).instrument("AMZN")
    master.add(shipped)

    with pytest.raises(InstrumentError, match="cannot be"):
        master.save()


COMMENTED = """# my instruments
[instruments.X]  # the one
kind = "stock"   # a share
venue = "V"
currency = "USD"
price_unit = "0.01"  # cents
fees = { per_unit = 0.0035, minimum = "0.35" }  # of my broker

# the future
[instruments.ESZ9]
family = "ES"
expiry = 2029-12-21  # a Friday

[families.MINE]
kind = "future"
venue = "V"
currency = "EUR"
price_unit = "1"
"""


def changed(tmp_path: Path, name: str, **fields: object) -> str:
    """Change an instrument of the user's file and save; the file's text."""
    master = InstrumentMaster.load(tmp_path / "instruments.toml", shipped_file())
    instrument = dataclasses.replace(master.instrument(name), **fields)  # type: ignore[arg-type]
    master.add(instrument)
    master.save()
    again = InstrumentMaster.load(tmp_path / "instruments.toml", shipped_file())
    assert again.instrument(name) == instrument
    return (tmp_path / "instruments.toml").read_text("utf-8")


def test_a_changed_field_leaves_comments_and_all_else(tmp_path: Path):
    (tmp_path / "instruments.toml").write_text(COMMENTED, encoding="utf-8")

    text = changed(tmp_path, "X", currency="EUR", price_unit=Decimal("0.001"))

    expected = COMMENTED.replace(
        'currency = "USD"\nprice', 'currency = "EUR"\nprice', 1
    )
    expected = expected.replace('price_unit = "0.01"  # cents', "PRICE", 1)
    assert text.startswith(
        '# my instruments\n[instruments.X]  # the one\nkind = "stock"'
    )
    assert 'price_unit = "0.001" # cents' in text.replace("  #", " #")
    assert 'fees = { per_unit = 0.0035, minimum = "0.35" }  # of my broker' in text
    assert text.split("# the future")[1] == expected.split("# the future")[1]


def test_a_member_of_a_family_says_only_what_differs(tmp_path: Path):
    (tmp_path / "instruments.toml").write_text(COMMENTED, encoding="utf-8")

    text = changed(tmp_path, "ESZ9", venue="OTHER")

    assert 'family = "ES"' in text
    assert 'venue = "OTHER"' in text
    assert "expiry = 2029-12-21  # a Friday" in text
    assert "multiplier" not in text


def test_a_default_over_a_familys_value_takes_the_family_away(tmp_path: Path):
    (tmp_path / "instruments.toml").write_text(COMMENTED, encoding="utf-8")

    text = changed(tmp_path, "ESZ9", multiplier=Decimal(1))

    assert "family" not in text.split("[families")[0].split("# the future")[1]


def test_a_removed_instrument_leaves_the_rest(tmp_path: Path):
    (tmp_path / "instruments.toml").write_text(COMMENTED, encoding="utf-8")
    master = InstrumentMaster.load(tmp_path / "instruments.toml", shipped_file())

    master.remove("X")
    master.save()

    text = (tmp_path / "instruments.toml").read_text("utf-8")
    assert "instruments.X" not in text
    assert "a Friday" in text
    assert "[families.MINE]" in text
    again = InstrumentMaster.load(tmp_path / "instruments.toml", shipped_file())
    assert "X" not in again
    assert again.is_users("ESZ9")


def test_what_ships_cannot_be_removed(tmp_path: Path):
    master = InstrumentMaster.load(tmp_path / "instruments.toml", shipped_file())

    assert not master.is_users("AMZN")
    assert (master.family_of("ESH4"), master.family_of("AMZN")) == ("ES", None)
    with pytest.raises(InstrumentError, match="AMZN ships with the program"):
        master.remove("AMZN")
