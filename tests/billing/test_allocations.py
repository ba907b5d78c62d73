"""Which part of a payment pays which invoice: several invoices, cash and change, overpayment, deposits and credit."""

from datetime import timedelta
from typing import Any

import pytest

from clinic.billing.models import Payment
from clinic.billing.service import (
    CreditTooSmall,
    InvoiceAlreadyPaid,
    InvoiceNotIssued,
    PaymentPart,
    PaymentTooLarge,
    billing_service,
    billing_settings_service,
)
from clinic.core.clock import today
from clinic.core.errors import InvalidInput
from clinic.core.money import Money
from clinic.core.tenancy import clinic_scope
from clinic.patients.service import UnmergeRefused, merge_service
from tests.billing.guards import is_refused
from tests.billing.invoices import KEY, a_draft, an_invoice, euros, paid_events
from tests.billing.test_races import at_once, codes
from tests.builders import a_clinic, somebody

both = pytest.mark.both_databases


def paid(invoice: Any, cents: int, method: str = "card", **more: Any) -> Payment:
    """Take a payment of an invoice."""
    return billing_service.record_payment(invoice.id, amount=euros(cents), method=method, **more)


def dues(*invoices: Any) -> list[int]:
    """Return what is still due of invoices, as the database has it."""
    return [billing_service.get(one.id).due.minor for one in invoices]


@pytest.mark.usefixtures("inside")
class TestService:
    """The rules."""

    @pytest.mark.slow
    def test_a_payment_is_used_for_its_invoice(self, published) -> None:
        invoice = an_invoice()

        payment = paid(invoice, 5000)

        assert [(use.invoice_id, use.used) for use in payment.uses] == [(invoice.id, euros(5000))]
        assert (payment.credit, payment.patient_id) == (euros(0), invoice.patient_id)
        recorded = {"payment_id": str(payment.id), "patient_id": str(invoice.patient_id), "amount": "50.00"}
        assert [data for name, data in published if name == "payment.recorded"] == [recorded]

    def test_what_is_more_than_due_is_refused_unless_it_is_kept(self, published) -> None:
        invoice = an_invoice()
        with pytest.raises(PaymentTooLarge) as refused:
            paid(invoice, 5500)

        payment = paid(invoice, 5500, keep_credit=True)

        assert refused.value.surplus == euros(500)
        assert (payment.credit, billing_service.credit(invoice.patient_id)) == (euros(500), euros(500))
        assert billing_service.get(invoice.id).paid == euros(5000)
        assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "50.00"}]

    def test_cash_that_was_given_has_a_change(self) -> None:
        payment = paid(an_invoice(), 4500, "cash", tendered=euros(5000))

        assert (payment.tendered, payment.change) == (euros(5000), euros(500))

    @pytest.mark.parametrize(
        ("cents", "method", "tendered"), [(4500, "cash", 4499), (4500, "card", 5000), (4500, "cash", -1)]
    )
    def test_impossible_cash_is_refused(self, cents: int, method: str, tendered: int) -> None:
        with pytest.raises(InvalidInput) as refused:
            paid(an_invoice(), cents, method, tendered=euros(tendered))

        assert list(refused.value.problems) == ["tendered"]

    def test_cash_and_amount_in_other_currencies_are_refused_together(self) -> None:
        given: Any = {"amount": Money(5000, "USD"), "method": "cash", "tendered": Money(6000, "GBP")}

        with pytest.raises(InvalidInput) as refused:
            billing_service.record_payment(an_invoice().id, **given)

        wrong = ["Enter the amount in EUR"]
        assert refused.value.problems == {"amount": wrong, "tendered": wrong}

    def test_every_problem_of_a_payment_is_named(self) -> None:
        with pytest.raises(InvalidInput) as refused:
            paid(an_invoice(), 0, "shells")

        assert list(refused.value.problems) == ["amount", "method"]

    @pytest.mark.slow
    def test_a_payment_pays_the_oldest_invoices_first(self, published) -> None:
        patient = somebody()
        first, second, third = (an_invoice(patient) for _ in range(3))

        payment = billing_service.take_payment(patient.id, amount=euros(7000), method="transfer")

        assert dues(first, second, third) == [0, 3000, 5000]
        assert [use.used.minor for use in payment.uses] == [5000, 2000]
        assert [event["invoice_id"] for event in paid_events(published)] == [str(first.id)]

    @pytest.mark.slow
    def test_a_payment_is_used_as_told_for_invoices_of_several_patients(self) -> None:
        own, other = an_invoice(), an_invoice()
        parts = [PaymentPart(other.id, euros(5000)), PaymentPart(own.id, euros(1000))]

        billing_service.take_payment(own.patient_id, amount=euros(6000), method="transfer", allocations=parts)

        assert dues(own, other) == [4000, 0]

    @pytest.mark.row(31)
    def test_wrong_parts_are_all_named_and_nothing_is_stored(self) -> None:
        invoice, draft, done = an_invoice(), a_draft(), an_invoice()
        paid(done, 5000)
        told = [(invoice, 5001), (draft, 100), (done, 100), (invoice, 100)]
        parts = [PaymentPart(one.id, euros(cents)) for one, cents in told]
        parts.append(PaymentPart(invoice.patient_id, euros(1)))
        with clinic_scope(a_clinic(name="Another").id):
            parts.append(PaymentPart(an_invoice().id, euros(1)))

        with pytest.raises(InvalidInput) as refused:
            billing_service.take_payment(
                invoice.patient_id, amount=euros(9000), method="cash", allocations=parts, keep_credit=True
            )

        problems: Any = refused.value.problems
        assert {index: list(found) for index, found in problems["allocations"].items()} == {
            0: ["amount"],
            **{index: ["invoice_id"] for index in (1, 2, 3, 4, 5)},
        }
        assert dues(invoice) == [5000]
        assert not billing_service.payments(patient_id=invoice.patient_id).rows

    def test_parts_are_at_most_the_payment(self) -> None:
        invoice = an_invoice()

        with pytest.raises(InvalidInput) as refused:
            billing_service.take_payment(
                invoice.patient_id,
                amount=euros(100),
                method="cash",
                allocations=[PaymentPart(invoice.id, euros(101))],
            )

        assert list(refused.value.problems) == ["amount"]

    @pytest.mark.slow
    def test_the_oldest_invoice_is_the_first_one_whatever_numbers_look_like(self) -> None:
        patient = somebody()
        first = an_invoice(patient)
        billing_settings_service.update(version=None, number_pattern="A-YYYY-#####")
        second = billing_service.issue(a_draft(patient).id, issued_on=today("Europe/Lisbon") + timedelta(days=1))

        billing_service.take_payment(patient.id, amount=euros(5000), method="card")

        assert str(second.number) < str(first.number)
        assert dues(first, second) == [0, 5000]
        billing_service.reverse_payment(billing_service.payments().rows[0].id, reason="Typed twice")
        assert [one.id for one in billing_service.open_of(patient.id)] == [first.id, second.id]

    @pytest.mark.slow
    def test_a_deposit_is_credit_that_pays_the_oldest_first(self, published) -> None:
        patient = somebody()
        for cents in (1000, 2500):
            billing_service.take_payment(
                patient.id, amount=euros(cents), method="cash", allocations=[], keep_credit=True
            )
        invoice = an_invoice(patient, 3000)

        used = billing_service.use_credit(invoice.id)

        assert [one.used.minor for one in used.uses] == [1000, 2000]
        assert billing_service.credit(patient.id) == euros(500)
        assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "30.00"}]

    @pytest.mark.slow
    def test_credit_is_used_as_told(self) -> None:
        patient = somebody()
        _, told = (
            billing_service.take_payment(patient.id, amount=euros(2000), method="cash", keep_credit=True)
            for _ in range(2)
        )
        invoice = an_invoice(patient)

        used = billing_service.use_credit(invoice.id, amount=euros(1500), payment_id=told.id)

        assert [(one.payment_id, one.used.minor) for one in used.uses] == [(told.id, 1500)]
        assert (used.status, used.due) == ("issued", euros(3500))

    def test_credit_that_is_not_there_or_not_owed_is_refused(self) -> None:
        patient = somebody()
        invoice = an_invoice(patient)
        with pytest.raises(CreditTooSmall):
            billing_service.use_credit(invoice.id)
        credit = billing_service.take_payment(
            patient.id, amount=euros(6000), method="cash", allocations=[], keep_credit=True
        )
        with pytest.raises(PaymentTooLarge):
            billing_service.use_credit(invoice.id, amount=euros(5001))
        with pytest.raises(InvoiceNotIssued):
            billing_service.use_credit(a_draft(patient).id)
        with pytest.raises(InvalidInput):
            billing_service.use_credit(an_invoice().id, payment_id=credit.id)
        for wrong in (euros(0), Money(100, "USD")):
            with pytest.raises(InvalidInput):
                billing_service.use_credit(invoice.id, amount=wrong)
        billing_service.use_credit(invoice.id)
        with pytest.raises(InvoiceAlreadyPaid):
            billing_service.use_credit(invoice.id)

    def test_a_key_takes_one_payment_of_several_invoices(self) -> None:
        patient = somebody()
        first = an_invoice(patient)
        given: Any = {"amount": euros(2000), "method": "card", "idempotency_key": KEY}

        taken, again = (billing_service.take_payment(patient.id, **given) for _ in range(2))

        assert (again.id, again.replayed, taken.replayed) == (taken.id, True, True)
        assert dues(first) == [3000]

    @pytest.mark.slow
    def test_credit_follows_when_patients_are_merged(self) -> None:
        survivor, merged = somebody(), somebody()
        billing_service.take_payment(merged.id, amount=euros(900), method="cash", allocations=[], keep_credit=True)

        merge_service.merge(survivor.id, merged.id)

        assert billing_service.credit(survivor.id) == euros(900)

    @pytest.mark.slow
    def test_a_merge_is_not_undone_once_credit_that_moved_was_used(self) -> None:
        survivor, merged = somebody(), somebody()
        given: Any = {"amount": euros(900), "method": "cash", "allocations": [], "keep_credit": True}
        used, kept = (billing_service.take_payment(merged.id, **given).id for _ in range(2))
        merge_id = merge_service.merge(survivor.id, merged.id).id
        billing_service.use_credit(an_invoice(survivor).id, amount=euros(100), payment_id=used)

        with pytest.raises(UnmergeRefused):
            merge_service.unmerge(merge_id)

        assert {billing_service.get_payment(one).patient_id for one in (used, kept)} == {survivor.id}

    @pytest.mark.slow
    def test_a_merge_is_undone_with_payments_that_were_not_used(self) -> None:
        survivor, merged = somebody(), somebody()
        payment = paid(an_invoice(merged), 6000, keep_credit=True)
        mistaken = paid(an_invoice(merged), 1000)
        billing_service.reverse_payment(mistaken.id, reason="Typed twice")

        merge_service.unmerge(merge_service.merge(survivor.id, merged.id).id)

        assert [one.id for one in billing_service.payments(patient_id=merged.id).rows] == [mistaken.id, payment.id]
        assert (billing_service.credit(merged.id), list(billing_service.audit())) == (euros(1000), [])

    @both
    def test_the_database_itself_caps_what_is_used(self) -> None:
        paid(an_invoice(), 5000)

        for statement in (
            "UPDATE payments SET allocated_minor = 5001",
            "UPDATE payments SET allocated_minor = -1",
            "UPDATE payments SET tendered_minor = 5000",
            "UPDATE allocations SET released_minor = 5001",
            "UPDATE allocations SET amount_minor = 0",
        ):
            assert is_refused(statement), statement


@both
@pytest.mark.row(77)
def test_credit_used_twice_at_once_is_used_once(here, published) -> None:
    with here():
        patient = somebody()
        billing_service.take_payment(patient.id, amount=euros(5000), method="cash", allocations=[], keep_credit=True)
        first, second = an_invoice(patient).id, an_invoice(patient).id

    answers = at_once(here, *[lambda one=one: billing_service.use_credit(one) for one in (first, second)])

    assert codes(answers) == ["credit-too-small", "taken"]
    assert len(paid_events(published)) == 1


@pytest.mark.slow
@both
@pytest.mark.row(77)
def test_payments_of_several_invoices_at_once_never_wait_in_a_circle(here) -> None:
    with here():
        patient = somebody()
        one, other = an_invoice(patient).id, an_invoice(patient).id
    orders = [(one, other), (other, one)] * 2

    def paying(order: Any) -> Any:
        parts = [PaymentPart(invoice_id, euros(2500)) for invoice_id in order]
        return lambda: billing_service.take_payment(patient.id, amount=euros(5000), method="card", allocations=parts)

    answers = at_once(here, *[paying(order) for order in orders])

    assert codes(answers) == ["invalid", "invalid", "taken", "taken"]
