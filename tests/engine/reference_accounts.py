"""Positions and money in fractions: the reference beside app/engine/accounts.py."""

from fractions import Fraction


def half_even(value: Fraction) -> int:
    """Round to a whole money unit; Python's `round` is half-even."""
    return round(value)


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

    def unrealised(self, mark: Fraction) -> int:
        """P&L of what is open, at a mark in price units."""
        return half_even(self.quantity * mark * self.ratio - self.cost)
