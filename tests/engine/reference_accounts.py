"""Positions and money in fractions: the reference beside app/engine/accounts.py.

A plain ledger of one session: instruments with their rates, a position for each
strategy and one for the account; every sum is taken anew whenever it is asked for.
"""

from collections.abc import Sequence
from fractions import Fraction

ACCOUNT = -1
"""Stands for the account's own position among the strategies'."""


def half_even(value: Fraction) -> int:
    """Round to a whole money unit; Python's `round` is half-even."""
    return round(value)


def towards_zero(value: Fraction) -> int:
    """Round to a whole quantity unit."""
    return int(value)


class ReferencePosition:
    """A position by SEMANTICS 43, in fractions of a money unit.

    Parameters
    ----------
    ratio : Fraction
        Money units of one price unit × quantity unit.
    """

    def __init__(self, ratio: Fraction) -> None:
        self.ratio = ratio
        self.quantity = 0
        self.cost = Fraction(0)
        self.realised = 0
        self.cash = 0
        self.fees = 0
        self.proceeds = Fraction(0)
        """Exact money of all fills: what `realised` adds up to when flat."""

    def fill(self, price: int, quantity: int, fee: int = 0) -> None:
        """Apply a fill; `quantity` is signed."""
        self.proceeds -= price * quantity * self.ratio
        self.cash -= half_even(price * quantity * self.ratio)
        self.fees += fee
        if self.quantity * quantity < 0:
            part = min(abs(quantity), abs(self.quantity))
            part = part if quantity > 0 else -part
            self._close(price, part)
            quantity -= part
        self.quantity += quantity
        self.cost += price * quantity * self.ratio

    def _close(self, price: int, part: int) -> None:
        paid = -price * part * self.ratio
        if abs(part) == abs(self.quantity):
            realised = half_even(paid - self.cost)
            self.cost = Fraction(0)
        else:
            share = half_even(self.cost * abs(part) / abs(self.quantity))
            realised = half_even(paid) - share
            self.cost -= paid - realised
        self.realised += realised
        self.quantity += part

    def book(self, money: int) -> None:
        """Book money that is no fill: funding, a dividend."""
        self.realised += money
        self.cash += money

    def split_target(self, ratio: Fraction) -> int:
        """Whole quantity units after a split."""
        return towards_zero(self.quantity * ratio)

    def in_lieu(self, ratio: Fraction, mark: Fraction | None) -> int:
        """Cash for what a split leaves of a unit; `mark` is that before it."""
        rest = self.quantity * ratio - self.split_target(ratio)
        if mark is None:
            return half_even(self.cost * abs(rest / (self.quantity * ratio)))
        return half_even(rest * mark / ratio * self.ratio)

    def split(self, ratio: Fraction, target: int, paid: int) -> None:
        """Become `target` units; `paid` settles the difference (46)."""
        whole = self.quantity * ratio
        rest = whole - target
        if rest and whole * rest > 0:
            share = half_even(self.cost * abs(rest / whole))
        else:
            share = paid if rest else 0
        self.cost = Fraction(0) if target == 0 else self.cost - share
        self.realised += paid - share
        self.cash += paid
        self.quantity = target

    def unrealised(self, mark: Fraction | None) -> int:
        """P&L of what is open, at a mark in price units."""
        if mark is None or self.quantity == 0:
            return 0
        return half_even(self.quantity * mark * self.ratio - self.cost)

    def value(self, mark: Fraction | None) -> int:
        """Worth at a mark; without one what it cost."""
        if self.quantity == 0:
            return 0
        if mark is None:
            return half_even(self.cost)
        return half_even(self.quantity * mark * self.ratio)


class ReferenceInstrument:
    """One instrument's positions, its mark and its rate."""

    def __init__(self, ratio: Fraction, rate: int) -> None:
        self.rate = rate
        """Base currency for one unit of its own, 1e-9."""
        self.mark: Fraction | None = None
        self.positions: dict[int, ReferencePosition] = {}
        self._ratio = ratio

    def of(self, strategy: int) -> ReferencePosition:
        """Position of a strategy, or of the account."""
        return self.positions.setdefault(strategy, ReferencePosition(self._ratio))

    @property
    def holders(self) -> list[tuple[int, ReferencePosition]]:
        """Strategies that hold something, in order."""
        every = sorted(self.positions.items())
        return [(k, own) for k, own in every if k != ACCOUNT and own.quantity]

    def book(self, strategy: int, money: int) -> None:
        """Book money for a strategy and for the account."""
        self.of(strategy).book(money)
        self.of(ACCOUNT).book(money)

    def charge(self, strategy: int, fee: int) -> None:
        """Book a fee for a strategy and for the account."""
        self.of(strategy).fees += fee
        self.of(ACCOUNT).fees += fee

    def dividend(self, amount: int) -> None:
        """Pay `amount` money per unit."""
        for strategy, own in self.holders:
            self.book(strategy, own.quantity * amount)

    def fund(self, rate: Fraction) -> None:
        """Let longs pay, and shorts receive, a share of their value."""
        for strategy, own in self.holders:
            size = abs(own.value(self.mark))
            paid = half_even((size if own.quantity > 0 else -size) * rate)
            self.book(strategy, -paid)

    def borrow(self, rate: Fraction) -> None:
        """Let the account pay a share of its short's value, shared by the shorts."""
        account = self.of(ACCOUNT)
        if account.quantity >= 0:
            return
        left = half_even(abs(account.value(self.mark)) * rate)
        shorts = [(k, -own.quantity) for k, own in self.holders if own.quantity < 0]
        for strategy, short in shorts:
            whole = sum(each for k, each in shorts if k >= strategy)
            part = left if short == whole else half_even(Fraction(left * short, whole))
            self.charge(strategy, part)
            left -= part

    def split(self, ratio: Fraction) -> None:
        """Give `ratio` new units for an old one."""
        targets = paid = 0
        for _, own in self.holders:
            cash, target = own.in_lieu(ratio, self.mark), own.split_target(ratio)
            own.split(ratio, target, cash)
            targets, paid = targets + target, paid + cash
        self.of(ACCOUNT).split(ratio, targets, paid)
        if self.mark is not None:
            doubled = 2 * self.mark / ratio
            self.mark = Fraction((2 * doubled + 1) // 2, 2)


class ReferenceLedger:
    """A session's money, summed in the base currency whenever it is asked for."""

    def __init__(self, ratios: Sequence[Fraction], rates: Sequence[int]) -> None:
        self.instruments = [
            ReferenceInstrument(ratio, rate)
            for ratio, rate in zip(ratios, rates, strict=True)
        ]

    def fill(
        self, instrument: int, strategy: int, price: int, quantity: int, fee: int
    ) -> None:
        """Book a fill for a strategy and for the account."""
        each = self.instruments[instrument]
        each.of(strategy).fill(price, quantity, fee)
        each.of(ACCOUNT).fill(price, quantity, fee)

    def total(self, what: str) -> int:
        """Sum of a part of all the account's positions, each converted by itself."""
        total = 0
        for each in self.instruments:
            own = each.of(ACCOUNT)
            amount = {
                "realised": own.realised,
                "fees": own.fees,
                "cash": own.cash,
                "unrealised": own.unrealised(each.mark),
            }[what]
            total += half_even(Fraction(amount * each.rate, 10**9))
        return total
