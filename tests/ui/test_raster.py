"""Numbers that compiled code writes look as the same numbers written as texts."""

from decimal import Decimal

import numpy as np
import pytest
from PySide6.QtGui import QFont, QImage

from app.engine.raster_numbers import CHANGE, PRICE, SIZE
from app.instrument import Instrument, InstrumentKind, PriceUnits, TickBand
from app.ui.formatting import InstrumentText
from app.ui.items.raster import Lettering, Numbers, RasterGrid, Sprites

pytestmark = pytest.mark.gui
KINDS = {SIZE: "size", CHANGE: "change", PRICE: "price"}
_SIZE = (160, 24)


def text_of(price_unit: str, quantity_unit: str, *, banded: bool) -> InstrumentText:
    bands = (
        (TickBand(None, 1), TickBand(PriceUnits(5_000), 5))
        if banded
        else (TickBand(None, 1),)
    )
    return InstrumentText(
        Instrument(
            name="X",
            kind=InstrumentKind.CRYPTO_SPOT,
            venue="TEST",
            currency="USD",
            price_unit=Decimal(price_unit),
            quantity_unit=Decimal(quantity_unit),
            tick_table=bands,
        )
    )


class OneCell:
    def __init__(self, text: InstrumentText) -> None:
        font = QFont()
        font.setPixelSize(13)
        self.text = text
        self.lettering = Lettering((font,), 1.0)
        numbers, sprites = Numbers(self.lettering, 4), Sprites(1.0)
        numbers.write(1 + SIZE, SIZE, 0, text.quantity_unit)
        numbers.write(1 + CHANGE, CHANGE, 0, text.quantity_unit)
        numbers.write(1 + PRICE, PRICE, 0, text.price_unit, text.bands)
        self.grid = RasterGrid(self.lettering, numbers, sprites, _SIZE, (1, 1), 1.0)
        cell = self.grid.cells[0, 0]
        cell["width"], cell["height"] = _SIZE
        cell["ground"], cell["ink"] = 0xFF000000, 0xFFFFFFFF
        self.cell = cell

    def written(self, kind: int, value: int) -> QImage:
        self.cell["number"], self.cell["value"], self.cell["run"] = 1 + kind, value, 0
        return self._painted()

    def as_text(self, kind: int, value: int) -> QImage:
        words = getattr(self.text, KINDS[kind])(value)
        self.cell["number"], self.cell["run"] = 0, self.lettering.run(0, words)
        return self._painted()

    def _painted(self) -> QImage:
        self.grid.forget()
        self.grid.paint()
        return self.grid.image.copy()


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("price_unit", "quantity_unit", "banded"),
    [("0.25", "1", False), ("0.01", "0.00000001", True), ("1", "0.001", False)],
)
def test_a_number_looks_as_its_text(
    kind: int, price_unit: str, quantity_unit: str, banded: bool
) -> None:
    cell = OneCell(text_of(price_unit, quantity_unit, banded=banded))
    random = np.random.default_rng(7)
    values = [0, 1, 9, 10, 999, 1_000, 99_999, 100_000, 999_499, 999_500, 99_949, 5_001]
    values += [int(10 ** random.uniform(0, 16)) for _ in range(120)]
    if kind != SIZE:
        values += [-value for value in values]
    if kind == SIZE:
        values.remove(0)  # no size at all is left empty
    for value in values:
        text = getattr(cell.text, KINDS[kind])(value)
        assert cell.written(kind, value) == cell.as_text(kind, value), (value, text)


@pytest.mark.usefixtures("qapp")
@pytest.mark.parametrize("kind", KINDS)
def test_the_least_and_the_largest_number_end_somewhere(kind: int) -> None:
    cell = OneCell(text_of("0.01", "1", banded=False))

    for most in (2**62, -(2**62)):
        beyond = 2**63 - 1 if most > 0 else -(2**63)
        assert cell.written(kind, beyond) == cell.written(kind, most)
