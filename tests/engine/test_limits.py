"""Limits from a file: spellings, units, refusals (50)."""

import json
from decimal import Decimal
from pathlib import Path

import pytest

from app.engine.arena import Section
from app.engine.limits import DEFAULT, NAMES, Limits, snake_case
from app.engine.records import MONEY_SCALE, RiskLimit
from app.errors import LimitsError
from app.instrument import InstrumentKind, QuantityUnits
from tests.engine.gate_session import GateSession, stock

EXAMPLE = Path(__file__).parents[2] / "resources" / "limits.example.toml"
COIN = stock(
    "COIN",
    kind=InstrumentKind.CRYPTO_SPOT,
    quantity_unit=Decimal("0.001"),
    order_max=QuantityUnits(10**6),
)


def write(tmp_path: Path, text: str, name: str = "limits.toml") -> Path:
    path = tmp_path / name
    path.write_text(text)
    return path


def rows(limits: Limits, *instruments):
    session = GateSession(instruments or (stock(),))
    limits.apply(session.arena, instruments or (stock(),))
    return session.arena.records(Section.RISK_LIMITS)["value"]


@pytest.mark.parametrize(
    ("camel", "limit"),
    [
        ("maxPositionSize", RiskLimit.MAX_POSITION_SIZE),
        ("maxOrderSize", RiskLimit.MAX_ORDER_SIZE),
        ("maxDailyLoss", RiskLimit.MAX_DAILY_LOSS),
        ("maxGrossExposure", RiskLimit.MAX_GROSS_EXPOSURE),
        ("maxSymbolExposure", RiskLimit.MAX_SYMBOL_EXPOSURE),
        ("messageRate", RiskLimit.MESSAGE_RATE),
    ],
)
@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_both_spellings_are_one_name(tmp_path, camel, limit, suffix):
    snake = snake_case(camel)
    assert NAMES[snake] == limit
    for name in (camel, snake):
        text = f"{name} = 7" if suffix == "toml" else json.dumps({name: 7})
        limits = Limits.load(write(tmp_path, text, f"limits.{suffix}"))

        assert limit in limits.account


def test_rule_50_sizes_are_in_units_and_money_in_the_base_currency(tmp_path):
    limits = Limits.load(
        write(
            tmp_path,
            """
            maxOrderSize = 100
            maxPositionSize = "0.0125"
            maxDailyLoss = 250.50
            collar = 2.5
            [instruments.COIN]
            max_order_size = 1.25
            """,
        )
    )

    table = rows(limits, COIN)

    assert table[1][RiskLimit.MAX_ORDER_SIZE] == 1250
    assert table[1][RiskLimit.MAX_POSITION_SIZE] == 12
    assert table[0][RiskLimit.MAX_ORDER_SIZE] == 0
    assert table[0][RiskLimit.MAX_DAILY_LOSS] == 25050 * MONEY_SCALE // 100
    assert table[0][RiskLimit.COLLAR] == 25_000


def test_the_tighter_size_holds(tmp_path):
    limits = Limits.load(
        write(
            tmp_path,
            """
            max_order_size = 10
            [instruments.ACME]
            max_order_size = 50
            [instruments.COIN]
            max_order_size = 5
            """,
        )
    )

    table = rows(limits, stock(), COIN)

    assert table[1][RiskLimit.MAX_ORDER_SIZE] == 10
    assert table[2][RiskLimit.MAX_ORDER_SIZE] == 5000


def test_a_count_without_a_window_is_within_a_second(tmp_path):
    limits = Limits.load(write(tmp_path, "message_rate = 5\nduplicate_allowed = 2"))

    assert limits.account[RiskLimit.RATE_WINDOW] == 10**9
    assert limits.account[RiskLimit.DUPLICATE_WINDOW] == 10**9


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("max_postion_size = 1", "unknown limit 'max_postion_size'.*'max_position_s"),
        ("maxPostionSize = 1", "unknown limit 'maxPostionSize'.*'max_position_size'"),
        (
            "[instruments.A]\nmaxDailyLos = 1",
            "instruments.A: unknown.*'max_daily_loss'",
        ),
        ("[instruments.A]\nmax_daily_loss = 1", "a limit of the whole account"),
        ("max_order_size = -1", "must not be negative, was -1"),
        ("max_order_size = true", "must be a number"),
        ("max_order_size = nan", "finite"),
        ("max_order_size = [1]", "must be a number"),
        ('max_order_value = "much"', "a number is needed"),
        ("max_order_value = 1e-9", "multiple of 1/100000000"),
        ("max_order_value = 1e30", "must be at most"),
        ("message_rate = 10000", "at most 4096"),
        ("message_rate = 1.5", "multiple of 1/1"),
        ("collar = 101", "at most 100"),
        ("stale_guard = 1", "true or false"),
        ("maxOrderSize = 1\nmax_order_size = 2", "given twice"),
        ("instruments = 3", "instruments must be tables"),
        ("[instruments]\nA = 3", "instruments.A must be a table"),
        ("max_order_size = ", "cannot be parsed"),
    ],
)
def test_what_is_wrong_is_named(tmp_path, text, message):
    with pytest.raises(LimitsError, match=message):
        Limits.load(write(tmp_path, text))


@pytest.mark.parametrize("text", ["[1, 2]", '{"collar": 1, "collar": 2}', "{"])
def test_bad_json_is_refused(tmp_path, text):
    with pytest.raises(LimitsError, match=r"limits\.json"):
        Limits.load(write(tmp_path, text, "limits.json"))


def test_a_file_that_cannot_be_read_is_named(tmp_path):
    with pytest.raises(LimitsError, match=r"nothing\.toml cannot be read"):
        Limits.load(tmp_path / "nothing.toml")


def test_a_size_below_the_quantity_unit_is_refused(tmp_path):
    limits = Limits.load(write(tmp_path, "max_order_size = 0.5"))

    with pytest.raises(LimitsError, match="at least the quantity unit 1 of ACME"):
        rows(limits)


def test_applying_limits_clears_the_old_ones(tmp_path):
    session = GateSession()
    session.limit(RiskLimit.MAX_ORDER_VALUE, 5)

    Limits.load(write(tmp_path, "collar = 1")).apply(session.arena, [stock()])

    table = session.arena.records(Section.RISK_LIMITS)["value"]
    assert table[0][RiskLimit.MAX_ORDER_VALUE] == 0
    assert table[0][RiskLimit.COLLAR] == 10_000


def test_the_limits_that_ship_are_the_example(tmp_path):
    assert EXAMPLE.read_text() == DEFAULT
    assert Limits.load(EXAMPLE) == Limits.default()
    assert Limits.load_or_default(tmp_path / "absent.toml") == Limits.default()
    assert set(Limits.default().account) == set(NAMES.values()) - {
        RiskLimit.MAX_ORDER_SIZE,
        RiskLimit.MAX_POSITION_SIZE,
    }
