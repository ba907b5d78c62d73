"""Random operations with opening balances among them, and the statement compared after each operation."""

from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any
from uuid import UUID

from clinic.billing.service import OpeningBalance, billing_service
from clinic.core.clock import today
from clinic.identity.clinics import clinic_service
from tests.billing.operations import Machine
from tests.billing.oracle import Bill, Line, Paid, Refused


class OwedBefore(Bill):
    """What was owed before, as the oracle sees it: no event ever tells that it is paid."""

    @property
    def told(self) -> bool:
        """Whether an event was published: as if, so that no other one is."""
        return True

    @told.setter
    def told(self, _value: bool) -> None:
        pass


class WithOpenings(Machine):
    """Enters and reverses opening balances too, and compares the statement of a patient after every operation."""

    def __init__(self, seed: int, *, patients: int = 3) -> None:
        super().__init__(seed, patients=patients)
        self.operations += [*[self.enter_opening] * 2, self.reverse_opening]
        self.openings: dict[UUID, OwedBefore | Paid] = {}

    def step(self) -> None:
        """Carry out one operation, and compare what a patient's statement closes with."""
        super().step()
        self.compare_statement(self.random.choice(self.patients))

    def compare_statement(self, patient_id: UUID) -> None:
        """Compare Σ due of open invoices − credit, as the oracle has it, with the statement."""
        bills = [bill for bill in self.recent_bills if bill.patient_id == patient_id and bill.status == "issued"]
        payments = [one for one in self.recent_payments if one.patient_id == patient_id]
        due = sum((self.books.due(bill) for bill in bills), Fraction(0))
        credit = sum((self.books.credit(one) for one in payments), Fraction(0))

        made = billing_service.statement(patient_id)

        assert (made.due, made.credit) == (self._money(due), self._money(credit))
        assert made.ledger.closing == made.due - made.credit
        assert made.to_pay == self._money(max(due - credit, Fraction(0)))

    def enter_opening(self) -> str:
        """Enter what a patient owed, or had as credit, before."""
        patient_id, side = self.random.choice(self.patients), self.random.choice(("owed", "credit"))
        amount = self._amount(9000)

        def expect() -> Callable[[Any], None]:
            self._check_positive(amount)
            if patient_id in self.openings and not self._is_reversed(self.openings[patient_id]):
                raise Refused("opening-balance-exists")
            return lambda opening: self._store_opening(opening, amount)

        day = today(clinic_service.current().zone) - timedelta(days=1)
        given: Any = {"side": side, "amount": self._money(amount), "as_of": day}
        return self._both(expect, lambda: billing_service.enter_opening_balance(patient_id, **given))

    def reverse_opening(self) -> str:
        """Reverse the latest opening balance of a patient."""
        known = [patient_id for patient_id in self.patients if patient_id in self.openings]
        if not known:
            return self.issue()
        opening = self.openings[self.random.choice(known)]

        def expect() -> Callable[[Any], None]:
            if self._is_gone(opening):
                raise Refused("opening-balance-reversed")
            if isinstance(opening, Paid) and opening.refunded:
                raise Refused("payment-refunded")
            return lambda _answer: self._reverse(opening)

        return self._both(expect, lambda: billing_service.reverse_opening_balance(opening.id, reason="Wrong"))

    def credit(self) -> str:
        """Issue a credit note, which an opening balance has none of."""
        every = self.recent_bills
        self.recent_bills = [bill for bill in every if not isinstance(bill, OwedBefore)] or every
        try:
            return self.issue() if self.recent_bills is every else super().credit()
        finally:
            self.recent_bills = every

    def _is_reversed(self, opening: OwedBefore | Paid) -> bool:
        return opening.is_reversed if isinstance(opening, Paid) else opening.status == "cancelled"

    def _is_gone(self, opening: OwedBefore | Paid) -> bool:
        return opening.is_reversed if isinstance(opening, Paid) else opening.written_off == opening.total

    def _store_opening(self, opening: OpeningBalance, amount: Fraction) -> None:
        if opening.side == "credit":
            self._store(opening, opening.patient_id, amount, [])
            self.openings[opening.patient_id] = self.recent_payments[-1]
            self.recent_payments[-1].is_opening = True
            return
        line = Line(opening.id, Fraction(1), amount, None)
        bill = OwedBefore(opening.id, opening.patient_id, True, [line], self.digits)
        self.books.bills.append(bill)
        self.recent_bills.insert(0, bill)  # it is the oldest
        self.openings[opening.patient_id] = bill

    def _reverse(self, opening: OwedBefore | Paid) -> None:
        if isinstance(opening, OwedBefore):
            uses = [use for use in self.books.uses if use.bill is opening]
            self.books.release(uses, opening.total)
            opening.written_off, opening.status = opening.total, "cancelled"
            return
        uses = [use for use in self.books.uses if use.payment is opening]
        self.books.release(uses, opening.amount)
        opening.is_reversed = True
        for use in uses:
            use.bill.status, use.bill.told = "issued", False
