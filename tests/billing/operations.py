"""Random operations on the books of a clinic, of which an exact oracle says what must come of each."""

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from clinic.billing.service import (
    CreditedLine,
    PaymentPart,
    billing_service,
    billing_settings_service,
)
from tests.billing.compared_books import ComparedBooks
from tests.billing.invoices import a_seller
from tests.billing.oracle import Bill, Line, Refused
from tests.billing.prices import a_tax
from tests.builders import somebody

RATES = (None, Fraction(23), Fraction(6))
ROUND, AUDIT = 120, 5000
"""Operations with the same patients, and from one audit of all the books to the next."""


class Machine(ComparedBooks):
    """Carries out random operations on the current clinic and on the oracle, and compares them."""

    def __init__(self, seed: int, *, patients: int = 3) -> None:
        super().__init__(seed)
        a_seller()
        self.taxes = {rate: a_tax(str(rate)).id if rate else None for rate in RATES}
        self.patient_count = patients
        self.count = 0
        self.include = billing_settings_service.current().prices_include_tax
        self.outcomes: Counter[str] = Counter()
        self.operations: list[Callable[[], str]] = [
            *[self.issue] * 4,
            *[self.pay] * 5,
            *[self.take] * 3,
            *[self.use_credit] * 3,
            *[self.refund] * 2,
            *[self.reverse] * 2,
            *[self.credit] * 2,
            self.write_off,
            self.undo_write_off,
        ]

    def run(self, count: int) -> None:
        """Carry out a number of operations, comparing what each has touched, and everything in the end."""
        for _ in range(count):
            self.step()
        self.compare_all()

    def step(self) -> None:
        """Carry out one operation."""
        if self.count % ROUND == 0:
            self.compare_round()
            self.patients = [somebody(address="Rua Nova 1, Lisboa").id for _ in range(self.patient_count)]
            self.recent_bills, self.recent_payments = [], []
            self.books.uses = []
        self.count += 1
        operation = self.random.choice(self.operations if self.recent_bills else [self.issue])
        self.outcomes[f"{operation.__name__} {operation()}"] += 1
        if self.recent_bills:
            self._compare_bill(self.random.choice(self.recent_bills))
        if self.count % AUDIT == 0:
            assert billing_service.audit() == []

    def issue(self) -> str:
        """Draft and issue an invoice."""
        include = self.random.random() < 0.5
        if include != self.include:
            version = billing_settings_service.current().version
            billing_settings_service.update(version=version, prices_include_tax=include)
            self.include = include
        made, lines = [], []
        for _ in range(self.random.randint(1, 3)):
            quantity = Fraction(self.random.choice(("1", "2", "3", "0.5", "1.333", "7")))
            price, rate = self._amount(9000), self.random.choice(RATES)
            made.append((quantity, price, rate))
            given: Any = {"description": "Visit", "quantity": quantity, "unit_price": self._money(price)}
            lines.append(given | {"tax_rate_id": self.taxes[rate]})
        invoice = billing_service.create(patient_id=self.random.choice(self.patients), lines=lines)
        invoice = billing_service.issue(invoice.id)
        stored = [Line(line.id, *one) for line, one in zip(invoice.lines, made, strict=True)]
        bill = Bill(invoice.id, invoice.patient_id, include, stored, self.digits)
        if not bill.total:
            bill.status = "balanced"
        self.books.bills.append(bill)
        self.recent_bills.append(bill)
        return "done"

    def pay(self) -> str:
        """Pay an invoice, in part, wholly or too much."""
        bill, keep = self.random.choice(self.recent_bills), self.random.random() < 0.5
        amount = self.random.choice((self.books.due(bill), self._amount(12000), self._amount(2000)))

        def expect() -> Callable[[Any], None]:
            self._check_positive(amount)
            self.books.check_open(bill)
            due = self.books.due(bill)
            if amount > due and not keep:
                raise Refused("payment-too-large")
            return lambda payment: self._store(payment, bill.patient_id, amount, [(bill, min(amount, due))])

        given: Any = {"amount": self._money(amount), "method": "cash", "keep_credit": keep}
        return self._both(expect, lambda: billing_service.record_payment(bill.id, **given))

    def take(self) -> str:
        """Take a payment of a patient: for the oldest invoices, for told ones, or as a deposit."""
        patient_id, keep = self.random.choice(self.patients), self.random.random() < 0.7
        amount, how = self._amount(20000), self.random.choice(("oldest", "told", "deposit"))
        told = self.random.sample(self.recent_bills, min(2, len(self.recent_bills))) if how == "told" else []
        parts = [(bill, self.random.choice((self.books.due(bill), self._amount(3000)))) for bill in told]

        def expect() -> Callable[[Any], None]:
            self._check_positive(amount)
            uses = self._oldest(patient_id, amount) if how == "oldest" else parts
            for bill, part in parts:
                if bill.status != "issued" or not 0 < part <= self.books.due(bill):
                    raise Refused("invalid")
            used = sum((part for _, part in uses), Fraction(0))
            if used > amount:
                raise Refused("invalid")
            if used < amount and not keep:
                raise Refused("payment-too-large")
            return lambda payment: self._store(payment, patient_id, amount, uses)

        sent = None if how == "oldest" else [PaymentPart(bill.id, self._money(part)) for bill, part in parts]
        given: Any = {"amount": self._money(amount), "method": "card", "keep_credit": keep, "allocations": sent}
        return self._both(expect, lambda: billing_service.take_payment(patient_id, **given))

    def use_credit(self) -> str:
        """Pay an invoice with credit, the oldest first."""
        bill = self.random.choice(self.recent_bills)
        wanted = self.random.choice((None, self._amount(3000)))

        def expect() -> Callable[[Any], None]:
            if wanted is not None:
                self._check_positive(wanted)
            self.books.check_open(bill)
            sources = [one for one in self.recent_payments if one.patient_id == bill.patient_id]
            credit, due = sum((self.books.credit(one) for one in sources), Fraction(0)), self.books.due(bill)
            amount = min(credit, due) if wanted is None else wanted
            if amount > due:
                raise Refused("payment-too-large")
            if not credit or amount > credit:
                raise Refused("credit-too-small")

            def apply(_invoice: Any) -> None:
                left = amount
                for source in sources:
                    part = min(left, self.books.credit(source))
                    self.books.use(source, bill, part)
                    left -= part

            return apply

        given: Any = {} if wanted is None else {"amount": self._money(wanted)}
        return self._both(expect, lambda: billing_service.use_credit(bill.id, **given))

    def refund(self) -> str:
        """Give money of a payment back, or only of its credit."""
        if not self.recent_payments:
            return self.issue()
        payment, only = self.random.choice(self.recent_payments), self.random.random() < 0.4
        amount = self.random.choice((payment.amount, self.books.credit(payment), self._amount(2000)))

        def expect() -> Callable[[Any], None]:
            self._check_positive(amount)
            if payment.is_reversed:
                raise Refused("payment-reversed")
            credit = self.books.credit(payment)
            if amount > (credit if only else payment.amount - payment.refunded):
                raise Refused("refund-too-large")

            def apply(_refund: Any) -> None:
                uses = [use for use in self.books.uses if use.payment is payment]
                self.books.release(uses, max(amount - credit, Fraction(0)))
                payment.refunded += amount
                for use in uses:
                    if self.books.due(use.bill):
                        use.bill.status = "issued"

            return apply

        given: Any = {"amount": self._money(amount), "method": "cash", "reason": "goodwill", "from_credit": only}
        return self._both(expect, lambda: billing_service.refund_payment(payment.id, **given))

    def reverse(self) -> str:
        """Reverse a payment."""
        if not self.recent_payments:
            return self.issue()
        payment = self.random.choice(self.recent_payments)

        def expect() -> Callable[[Any], None]:
            if payment.is_opening:
                raise Refused("is-opening-balance")
            if payment.is_reversed:
                raise Refused("payment-reversed")
            if payment.refunded:
                raise Refused("payment-refunded")

            def apply(_payment: Any) -> None:
                uses = [use for use in self.books.uses if use.payment is payment]
                self.books.release(uses, payment.amount)
                payment.is_reversed = True
                for use in uses:
                    use.bill.status, use.bill.told = "issued", False

            return apply

        return self._both(expect, lambda: billing_service.reverse_payment(payment.id, reason="Typed twice"))

    def credit(self) -> str:
        """Issue a credit note: whole, or by lines."""
        bill = self.random.choice(self.recent_bills)
        whole = self.random.random() < 0.3
        added = [line.quantity - line.credited for line in bill.lines]
        if not whole:
            added = [self.random.choice((Fraction(0), Fraction(1, 2), Fraction(1), rest)) for rest in added]

        def expect() -> Callable[[Any], None]:
            if bill.total and bill.total == bill.credited:
                raise Refused("invoice-cancelled")
            if any(line.credited + more > line.quantity for line, more in zip(bill.lines, added, strict=True)):
                raise Refused("invalid")
            after = bill.comes_to(line.credited + more for line, more in zip(bill.lines, added, strict=True))
            amount = after - bill.credited
            if not amount:
                raise Refused("invalid")
            if amount > bill.total - bill.credited - bill.written_off:
                raise Refused("credit-too-large")

            def apply(note: Any) -> None:
                assert note.total == self._money(amount)
                due, paid = self.books.due(bill), self.books.paid(bill)
                self.books.release([use for use in self.books.uses if use.bill is bill], max(amount - due, Fraction(0)))
                for line, more in zip(bill.lines, added, strict=True):
                    line.credited += more
                if not self.books.due(bill):
                    bill.status = "balanced" if paid else "cancelled"

            return apply

        lines = [CreditedLine(line.id, more) for line, more in zip(bill.lines, added, strict=True) if more]
        sent = None if whole else lines
        return self._both(expect, lambda: billing_service.credit_invoice(bill.id, reason="goodwill", lines=sent))

    def write_off(self) -> str:
        """Write off what is due of an invoice."""
        bill = self.random.choice(self.recent_bills)

        def expect() -> Callable[[Any], None]:
            self.books.check_open(bill)

            def apply(_invoice: Any) -> None:
                bill.write_offs[billing_service.write_offs_of(bill.id)[-1].id] = self.books.due(bill)
                bill.written_off += self.books.due(bill)
                bill.status = "balanced"

            return apply

        return self._both(expect, lambda: billing_service.write_off(bill.id, reason="Moved away"))

    def undo_write_off(self) -> str:
        """Undo a write-off, maybe for the second time."""
        written_off = [(bill, one) for bill in self.recent_bills for one in bill.write_offs]
        if not written_off:
            return self.issue()
        bill, write_off_id = self.random.choice(written_off)

        def expect() -> Callable[[Any], None]:
            if not bill.write_offs[write_off_id]:
                raise Refused("write-off-undone")

            def apply(undoing: Any) -> None:
                assert undoing.size == self._money(bill.write_offs[write_off_id])
                bill.written_off -= bill.write_offs[write_off_id]
                bill.write_offs[write_off_id] = Fraction(0)
                bill.status = "issued"

            return apply

        return self._both(expect, lambda: billing_service.undo_write_off(write_off_id, reason="It came"))
