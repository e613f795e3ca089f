"""Rates that change, by hand and by a pair's mark (48)."""

from decimal import Decimal

from app.engine.rates import write_rates
from app.engine.records import BUY, SELL, Action, Reason, ReportType, RiskLimit
from app.instrument import InstrumentKind
from tests.engine.gate_session import MONEY, GateSession, stock

EURO = stock("SAP", currency="EUR")
OTHER = stock("BMW", currency="EUR")
YEN = stock("SONY", currency="JPY", price_unit=Decimal(1))
EURUSD = stock("EURUSD", kind=InstrumentKind.FX_SPOT, price_unit=Decimal("0.00001"))
USDJPY = stock("USD/JPY", kind=InstrumentKind.FX_SPOT, currency="JPY")


def session(*table, rates=None):
    made = GateSession(table, rates=rates).arm()
    write_rates(made.arena, table, "USD")
    return made


def test_rule_48_a_rate_set_by_hand_holds_for_all_of_the_currency():
    made = session(EURO, OTHER)
    made.new(BUY, 1, 100_00)
    assert made.refusal() == Reason.NO_CONVERSION_RATE

    made.command(Action.SET_CONVERSION, instrument=0, value=1_100_000_000)
    for instrument in (0, 1):
        made.new(BUY, 1, 100_00, instrument=instrument)
        assert made.last()["report"] == ReportType.PENDING_NEW
    assert made.risk["gross"] == 2 * 110 * MONEY


def test_rule_48_a_pair_gives_the_rate_by_its_mark():
    made = session(EURO, EURUSD)
    made.quote(108_000, 108_010, instrument=1)
    made.trade(BUY, 10, 100_00)
    made.last_trade(110_00)

    assert made.account["unrealised"] == round(100 * Decimal("1.08005") * MONEY)
    made.quote(110_000, 110_010, instrument=1)
    assert made.account["unrealised"] == round(100 * Decimal("1.10005") * MONEY)


def test_rule_48_a_pair_the_other_way_round_gives_the_inverse():
    made = session(YEN, USDJPY)
    made.quote(150_00, 150_00, instrument=1)

    assert made.instruments[0]["conversion"] == round(10**9 / 150)
    # The pair's own money is in yen, and follows itself.
    assert made.instruments[1]["conversion"] == made.instruments[0]["conversion"]


def test_rule_48_without_its_rate_a_position_blocks_limits_on_the_account():
    made = session(EURO, stock(), rates={"EUR": Decimal(1)})
    made.trade(BUY, 10, 100_00)
    made.command(Action.SET_CONVERSION, instrument=0, value=0)
    assert made.account["exposure_known"] == 0

    made.new(BUY, 1, 100_00, instrument=1)
    assert made.last()["report"] == ReportType.PENDING_NEW
    made.limit(RiskLimit.MAX_GROSS_EXPOSURE, 10**6 * MONEY)
    made.new(BUY, 1, 100_00, instrument=1)
    assert made.refusal() == Reason.NO_CONVERSION_RATE

    made.new(SELL, 10, 100_00, instrument=0, options=2)
    assert made.last()["report"] == ReportType.PENDING_NEW


def test_a_pair_without_a_mark_leaves_the_rate_alone():
    made = session(EURO, EURUSD, rates={"EUR": Decimal("1.5")})

    made.quote(None, 108_010, instrument=1)

    assert made.instruments[0]["conversion"] == 1_500_000_000
