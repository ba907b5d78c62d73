"""An exact oracle of a clinic's books: it counts in fractions, and rounds where the rules say so."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from fractions import Fraction
from math import floor
from uuid import UUID


@dataclass
class Line:
    """A line of an invoice; `credited` is the quantity that credit notes took back."""

    id: UUID
    quantity: Fraction
    price: Fraction
    rate: Fraction | None
    credited: Fraction = Fraction(0)


@dataclass
class Bill:
    """An invoice as the oracle sees it."""

    id: UUID
    patient_id: UUID
    include: bool
    lines: list[Line]
    digits: int
    status: str = "issued"
    written_off: Fraction = Fraction(0)
    write_offs: dict[UUID, Fraction] = field(default_factory=dict)
    told: bool = False
    events: int = 0

    def comes_to(self, quantities: Iterable[Fraction]) -> Fraction:
        """Return what quantities of the lines come to, with tax."""
        sums: dict[Fraction, Fraction] = {}
        for line, quantity in zip(self.lines, quantities, strict=True):
            whole = self._rounded(line.quantity * line.price)
            rate = line.rate or Fraction(0)
            part = self._rounded(whole * quantity / line.quantity)
            sums[rate] = sums.get(rate, Fraction(0)) + part
        if self.include:
            return sum(sums.values(), Fraction(0))
        return sum((amount + self._rounded(amount * rate / 100) for rate, amount in sums.items()), Fraction(0))

    @property
    def total(self) -> Fraction:
        """What it comes to."""
        return self.comes_to(line.quantity for line in self.lines)

    @property
    def credited(self) -> Fraction:
        """What credit notes took back."""
        return self.comes_to(line.credited for line in self.lines)

    def _rounded(self, exact: Fraction) -> Fraction:
        scale = 10**self.digits
        return Fraction(floor(exact * scale + Fraction(1, 2)), scale)


@dataclass
class Paid:
    """A payment as the oracle sees it."""

    id: UUID
    patient_id: UUID
    amount: Fraction
    refunded: Fraction = Fraction(0)
    is_reversed: bool = False
    is_opening: bool = False


@dataclass
class Use:
    """What of a payment pays an invoice."""

    payment: Paid
    bill: Bill
    amount: Fraction


class Refused(Exception):
    """The oracle expects the operation to be refused with this code."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass
class Books:
    """The oracle: every invoice and payment of a clinic, and what pays what, in the order in which it was used."""

    bills: list[Bill] = field(default_factory=list)
    payments: list[Paid] = field(default_factory=list)
    uses: list[Use] = field(default_factory=list)

    def due(self, bill: Bill) -> Fraction:
        """Return what is due of an invoice."""
        return bill.total - bill.credited - bill.written_off - self.paid(bill)

    def paid(self, bill: Bill) -> Fraction:
        """Return what payments pay of an invoice."""
        return sum((use.amount for use in self.uses if use.bill is bill), Fraction(0))

    def credit(self, payment: Paid) -> Fraction:
        """Return what is left of a payment."""
        used = sum((use.amount for use in self.uses if use.payment is payment), Fraction(0))
        return Fraction(0) if payment.is_reversed else payment.amount - payment.refunded - used

    def check_open(self, bill: Bill) -> None:
        """Expect a refusal of an invoice of which nothing is due."""
        if bill.status != "issued":
            raise Refused("invoice-cancelled" if bill.status == "cancelled" else "invoice-already-paid")

    def use(self, payment: Paid, bill: Bill, amount: Fraction) -> None:
        """Let a part of a payment pay an invoice; whoever settles it tells of it once."""
        if not amount:
            return
        self.uses.append(Use(payment, bill, amount))
        if not self.due(bill):
            bill.status = "balanced"
            bill.events += not bill.told
            bill.told = True

    def release(self, uses: list[Use], amount: Fraction) -> None:
        """Take back uses, the last one first."""
        for use in reversed(uses):
            part = min(use.amount, amount)
            use.amount -= part
            amount -= part
        self.uses = [use for use in self.uses if use.amount]
