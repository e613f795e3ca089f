"""Random lives of an account against the reference in fractions (42-49)."""

from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

from hypothesis import given, settings, strategies as st

from app.engine import accounts
from app.engine.borrow import accrue_borrow
from app.engine.funding import book_rate
from app.engine.splits import split_positions
from app.engine.state import MAX_STRATEGIES
from app.instrument import InstrumentKind
from tests.engine.gate_session import MONEY, stock
from tests.engine.reference_accounts import ACCOUNT, ReferenceLedger
from tests.engine.test_accounts import Ledger

TABLE = (
    stock(borrow_rate=Decimal("0.05")),
    stock("SAP", currency="EUR", borrow_rate=Decimal("0.2")),
    stock("FUT", kind=InstrumentKind.FUTURE, multiplier=Decimal(50), currency="GBP"),
)
RATES = {"EUR": Decimal("1.0812"), "GBP": Decimal("1.2701")}

_instrument = st.integers(0, len(TABLE) - 1)
_strategy = st.integers(0, 3)
_ratio = st.sampled_from([(2, 1), (3, 2), (7, 1), (1, 3), (1, 10), (5, 4)])

Step = tuple[str, int, tuple[int, ...]]


def step(name: str, *values: st.SearchStrategy[int]) -> st.SearchStrategy[Step]:
    return st.tuples(st.just(name), _instrument, st.tuples(*values))


steps = st.lists(
    st.one_of(
        step(
            "fill",
            _strategy,
            st.integers(-5000, 20_000),
            st.integers(-300, 300).filter(bool),
            st.integers(-(10**7), 10**8),
        ),
        step("mark", st.integers(1, 40_000)),
        step("pnl", _strategy, st.integers(-(10**10), 10**10)),
        step("dividend", st.integers(0, 10**9)),
        step("fund", st.integers(-(10**7), 10**7)),
        step("borrow", st.integers(1, 4)),
        step("rate", st.integers(1, 3 * 10**9)),
        st.tuples(st.just("split"), _instrument, _ratio),
    ),
    max_size=30,
)


class Pair:
    """The engine's ledger and the reference, taken through the same steps."""

    def __init__(self) -> None:
        self.ours = Ledger(*TABLE, rates=RATES)
        self.arena = self.ours.arena.address
        ratios = [Fraction(*each.money_ratio) for each in TABLE]
        rates = [10**9, *(int(each * 10**9) for each in RATES.values())]
        self.theirs = ReferenceLedger(ratios, rates)

    def take(self, each: Step) -> None:
        name, instrument, values = each
        act: Callable[..., None] = getattr(self, f"_{name}")
        act(instrument, *values)

    def _fill(
        self, instrument: int, strategy: int, price: int, quantity: int, fee: int
    ) -> None:
        self.ours.fill(price, quantity, fee, instrument, strategy)
        self.theirs.fill(instrument, strategy, price, quantity, fee)

    def _mark(self, instrument: int, doubled: int) -> None:
        self.ours.mark(doubled, instrument)
        self.theirs.instruments[instrument].mark = Fraction(doubled, 2)

    def _pnl(self, instrument: int, strategy: int, money: int) -> None:
        accounts.book_pnl(self.arena, instrument, strategy, money)
        self.theirs.instruments[instrument].book(strategy, money)

    def _dividend(self, instrument: int, amount: int) -> None:
        for strategy, own in self.theirs.instruments[instrument].holders:
            paid = own.quantity * amount
            accounts.book_pnl(self.arena, instrument, strategy, paid)
        self.theirs.instruments[instrument].dividend(amount)

    def _fund(self, instrument: int, rate: int) -> None:
        book_rate(self.arena, instrument, rate, 10**9)
        self.theirs.instruments[instrument].fund(Fraction(rate, 10**9))

    def _borrow(self, instrument: int, days: int) -> None:
        accrue_borrow(self.arena, instrument, days)
        rate = Fraction(TABLE[instrument].borrow_rate) * days / 360
        self.theirs.instruments[instrument].borrow(rate)

    def _rate(self, instrument: int, rate: int) -> None:
        accounts.set_conversion(self.arena, instrument, rate)
        self.theirs.instruments[instrument].rate = rate

    def _split(self, instrument: int, new: int, old: int) -> None:
        split_positions(self.arena, instrument, new, old)
        self.theirs.instruments[instrument].split(Fraction(new, old))

    def compare(self) -> None:
        """Hold every position and every sum to the reference."""
        for instrument, each in enumerate(self.theirs.instruments):
            for strategy, own in each.positions.items():
                owner = MAX_STRATEGIES if strategy == ACCOUNT else strategy
                row = self.ours.row(instrument, owner)
                assert row["quantity"] == own.quantity
                assert row["realised"] == own.realised
                assert row["cash"] == own.cash
                assert row["fees"] == own.fees
                assert row["unrealised"] == own.unrealised(each.mark)
        total = self.ours.total()
        for what in ("realised", "fees", "unrealised"):
            assert total[what] == self.theirs.total(what)
        pnl = total["realised"] + total["unrealised"] - total["fees"]
        assert total["equity"] == 1000 * MONEY + pnl


@given(steps)
@settings(max_examples=150)
def test_rules_42_to_48_any_life_of_an_account_equals_the_reference(life):
    pair = Pair()

    for each in life:
        pair.take(each)
        pair.compare()


@given(steps)
@settings(max_examples=60)
def test_rule_49_the_parts_make_the_account_and_cash_makes_the_pnl(life):
    pair = Pair()
    for each in life:
        pair.take(each)

    for instrument, each in enumerate(pair.theirs.instruments):
        account = pair.ours.row(instrument)
        owns = [pair.ours.row(instrument, strategy) for strategy in range(4)]
        for field in ("quantity", "cash", "fees"):
            assert account[field] == sum(int(own[field]) for own in owns)
        cost = each.of(ACCOUNT).cost
        assert int(account["cash"]) + cost == int(account["realised"])
        held = {name for name, own in each.holders}
        assert int(account["holders"]) == sum(1 << name for name in held)
