"""The books of a clinic beside those of the oracle, and how they are compared."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.errors import ClinicError
from clinic.core.events.models import StoredEvent
from clinic.core.money import Money, digits_of
from clinic.core.tenancy import current_clinic_id
from clinic.identity.clinics import clinic_service
from tests.billing.oracle import Bill, Books, Paid, Refused


class ComparedBooks:
    """The books of the current clinic and of the oracle; only those of the present patients are compared again."""

    def __init__(self, seed: int) -> None:
        self.random, self.books = Random(seed), Books()
        self.currency = clinic_service.current().currency
        self.digits = digits_of(self.currency)
        self.patients: list[UUID] = []
        self.recent_bills: list[Bill] = []
        self.recent_payments: list[Paid] = []

    def compare_round(self) -> None:
        """Compare what the present patients have, and Σ payments − Σ refunds = Σ allocations + credit."""
        for bill in self.recent_bills:
            self._compare_bill(bill)
        for payment in self.recent_payments:
            stored = billing_service.get_payment(payment.id)
            assert stored.credit == self._money(self.books.credit(payment)), payment
            assert stored.refunded == self._money(payment.refunded), payment
        taken = sum((one.amount - one.refunded for one in self.recent_payments if not one.is_reversed), Fraction(0))
        used = sum((use.amount for use in self.books.uses), Fraction(0))
        left = sum((self.books.credit(one) for one in self.recent_payments), Fraction(0))
        assert taken == used + left
        credit = sum(billing_service.credit(patient_id).minor for patient_id in self.patients)
        assert credit == self._money(left).minor

    def compare_all(self) -> None:
        """Compare the last patients, the events of every invoice, and let the books be audited."""
        self.compare_round()
        own = (StoredEvent.clinic_id == current_clinic_id(), StoredEvent.type == "invoice.paid")
        stored = db.session.scalars(select(StoredEvent).where(*own))
        told = Counter(UUID(event.data["invoice_id"]) for event in stored)
        expected = Counter({bill.id: bill.events for bill in self.books.bills if bill.events})
        assert (expected - told, told - expected) == (Counter(), Counter())
        assert billing_service.audit() == []

    def _both(self, expect: Callable[[], Callable[[Any], None]], act: Callable[[], Any]) -> str:
        """Do something in the clinic and on the oracle; return "done" or the code of the refusal that both agree on."""
        expected, apply = "done", None
        try:
            apply = expect()
        except Refused as refused:
            expected = refused.code
        answer, found = None, "done"
        try:
            answer = act()
        except ClinicError as error:
            found = error.code
        assert found == expected
        if apply is not None:
            apply(answer)
        return expected

    def _compare_bill(self, bill: Bill) -> None:
        db.session.expire_all()
        stored = billing_service.get(bill.id)
        due = self.books.due(bill)
        assert due >= 0
        found = (stored.total, stored.credited, stored.written_off, stored.paid, stored.due, stored.status)
        exact = (bill.total, bill.credited, bill.written_off, self.books.paid(bill), due)
        assert found == (*(self._money(amount) for amount in exact), bill.status)

    def _store(self, payment: Any, patient_id: UUID, amount: Fraction, uses: list[tuple[Bill, Fraction]]) -> None:
        paid = Paid(payment.id, patient_id, amount)
        self.books.payments.append(paid)
        self.recent_payments.append(paid)
        for bill, part in uses:
            self.books.use(paid, bill, part)

    def _oldest(self, patient_id: UUID, amount: Fraction) -> list[tuple[Bill, Fraction]]:
        uses = []
        for bill in self.recent_bills:
            if bill.patient_id == patient_id and bill.status == "issued":
                part = min(amount, self.books.due(bill))
                uses.append((bill, part))
                amount -= part
        return uses

    def _check_positive(self, amount: Fraction) -> None:
        if amount <= 0:
            raise Refused("invalid")

    def _amount(self, most: int) -> Fraction:
        """Return a random amount that the currency can express."""
        return Fraction(self.random.randint(0, most), 10**self.digits)

    def _money(self, amount: Fraction) -> Money:
        minor = amount * 10**self.digits
        assert minor.denominator == 1
        return Money(int(minor), self.currency)
