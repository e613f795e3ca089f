"""The view: who has what of a position, as the window reads it."""

from typing import Any

import numpy as np
import pytest

from app.engine import gate, view_writer
from app.engine.arena import Section
from app.engine.control import CONTROL_WORDS
from app.engine.links import Link
from app.engine.records import BUY, SELL
from app.engine.ring import Ring
from app.engine.strategy import StrategyState
from app.engine.views import VIEW, VIEW_HOLDINGS
from tests.engine.gate_session import GateSession, stock


class Viewed(GateSession):
    """A gate whose views go into a ring."""

    def __init__(self) -> None:
        super().__init__([stock(f"S{number}") for number in range(8)])
        self.views = Ring(VIEW, 4)
        self.control = np.zeros(CONTROL_WORDS, np.int64)
        self.links[Link.VIEWS_OUT] = self.views.address
        self.links[Link.CONTROL] = self.control.ctypes.data
        self.links[Link.GATE_VIEW] = gate.LINKS[Link.GATE_VIEW].address
        self._link(Link.VENUE_QUEUE, lambda *_: -1)

    def run(self, strategy: int) -> None:
        rows = self.arena.records(Section.STRATEGIES)
        rows[strategy]["state"] = StrategyState.RUNNING

    def view(self) -> Any:
        self._call(view_writer.publish_view, 1)
        return self.views.newest()


@pytest.fixture
def session() -> Viewed:
    return Viewed().arm()  # type: ignore[return-value]


def holdings(view: Any) -> list[tuple[int, ...]]:
    names = ("strategy", "instrument", "position", "unmanaged")
    rows = view["holding"][: int(view["holdings"])]
    return [tuple(int(row[name]) for name in names) for row in rows]


def test_a_view_says_who_has_which_part(session):
    session.run(2)
    session.trade(BUY, 10, 100_00)
    session.trade(SELL, 4, 100_00, strategy=2)
    session.trade(BUY, 3, 50_00, instrument=1, strategy=2)
    session.position(1, strategy=2)["unmanaged"] = 1

    view = session.view()

    assert holdings(view) == [(0, 0, 10, 0), (2, 0, -4, 0), (2, 1, 3, 1)]
    assert view["holding"]["average_price"][:3].tolist() == [100_00, 100_00, 50_00]
    for instrument in range(2):
        own = view["holding"][:3][view["holding"]["instrument"][:3] == instrument]
        part = view["instrument"][instrument]
        for name in ("position", "realised", "unrealised", "fees"):
            assert own[name].sum() == part[name], name


def test_what_is_flat_stays_while_it_has_a_result(session):
    session.trade(BUY, 10, 100_00)
    session.trade(SELL, 10, 101_00)

    view = session.view()

    assert holdings(view) == [(0, 0, 0, 0)]
    assert view["holding"]["realised"][0] == view["instrument"]["realised"][0] != 0


def test_more_holders_than_there_is_room_for_are_left_out(session):
    for strategy in range(1, 32):
        session.run(strategy)
        for instrument in range(8):
            session.position(instrument, strategy=strategy)["quantity"] = strategy

    view = session.view()

    assert view["holdings"] == VIEW_HOLDINGS < 31 * 8
    assert holdings(view)[-1] == (16, 7, 16, 0)
