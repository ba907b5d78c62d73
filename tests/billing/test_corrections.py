"""Mistakes mended in the open: reversals and refunds; corrections at once, and the caps of the database."""

from collections.abc import Callable
from typing import Any

import pytest

from clinic.billing.service import PaymentRefunded, PaymentReversed, RefundTooLarge, billing_service
from clinic.core.db import db
from clinic.core.errors import InvalidInput
from clinic.core.money import Money
from tests.billing.corrections import data_of, paid, refunded, state
from tests.billing.guards import is_refused
from tests.billing.invoices import an_invoice, euros, paid_events
from tests.billing.test_races import at_once, codes
from tests.builders import somebody

both = pytest.mark.both_databases


@pytest.mark.usefixtures("inside")
class TestReversal:
    """A payment that was entered by mistake."""

    @pytest.mark.slow
    def test_it_stays_visible_and_its_invoices_are_open_again(self, published) -> None:
        invoice = an_invoice()
        payment = paid(invoice)

        billing_service.reverse_payment(payment.id, reason="Typed twice")

        assert state(invoice) == ("issued", "open", 5000)
        assert (payment.reversal_reason, payment.credit, payment.uses) == ("Typed twice", euros(0), [])
        assert payment.reversed_at is not None
        assert [use.released for use in payment.allocations] == [euros(5000)]
        assert billing_service.get(invoice.id).payments == [payment]
        told = {"payment_id": str(payment.id), "patient_id": str(invoice.patient_id), "amount": "50.00"}
        assert data_of(published, "payment.reversed") == [told]

    @pytest.mark.slow
    def test_an_invoice_that_is_settled_anew_is_told_of_again(self, published) -> None:
        invoice = an_invoice()
        billing_service.reverse_payment(paid(invoice).id, reason="Typed twice")

        paid(invoice)

        assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "50.00"}] * 2

    @pytest.mark.slow
    @pytest.mark.parametrize("refund_first", [True, False])
    def test_a_refund_of_another_payment_changes_nothing_of_that(self, published, refund_first: bool) -> None:
        invoice = an_invoice()
        mistaken, taken = paid(invoice, 3000), paid(invoice, 2000)
        acts = [
            lambda: refunded(taken, 500),
            lambda: billing_service.reverse_payment(mistaken.id, reason="Typed twice"),
        ]
        for act in acts if refund_first else reversed(acts):
            act()

        paid(invoice, 3500)

        assert state(invoice) == ("balanced", "paid", 0)
        assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "50.00"}] * 2

    def test_a_part_payment_that_is_reversed_is_told_of_once_at_the_end(self, published) -> None:
        invoice = an_invoice()
        billing_service.reverse_payment(paid(invoice, 2000).id, reason="Typed twice")
        refunded(paid(invoice, 1000), 400)

        paid(invoice, 4400)

        assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "50.00"}]

    @pytest.mark.slow
    def test_credit_and_every_invoice_of_it_are_reversed(self) -> None:
        patient = somebody()
        first, second = an_invoice(patient), an_invoice(patient)
        payment = billing_service.take_payment(patient.id, amount=euros(11000), method="card", keep_credit=True)

        billing_service.reverse_payment(payment.id, reason="Another patient’s")

        assert [state(one)[2] for one in (first, second)] == [5000, 5000]
        assert billing_service.credit(patient.id) == euros(0)

    def test_it_happens_once_and_not_after_a_refund(self) -> None:
        payment, given_back = paid(an_invoice()), paid(an_invoice())
        billing_service.reverse_payment(payment.id, reason="Typed twice")
        refunded(given_back, 1)

        with pytest.raises(PaymentReversed):
            billing_service.reverse_payment(payment.id, reason="Typed twice")
        with pytest.raises(PaymentReversed):
            refunded(payment, 1)
        with pytest.raises(PaymentRefunded):
            billing_service.reverse_payment(given_back.id, reason="Typed twice")
        with pytest.raises(InvalidInput):
            billing_service.reverse_payment(given_back.id, reason="")


@pytest.mark.usefixtures("inside")
class TestRefund:
    """Money that is given back."""

    @pytest.mark.slow
    def test_it_reopens_the_invoice_which_is_not_told_of_again(self, published) -> None:
        invoice = an_invoice()
        payment = paid(invoice)

        refund = refunded(payment, 2000)

        assert state(invoice) == ("issued", "part paid", 2000)
        assert (payment.refundable, payment.refunded, payment.allocated) == (euros(3000), euros(2000), euros(3000))
        ids = {"refund_id": str(refund.id), "payment_id": str(payment.id), "patient_id": str(invoice.patient_id)}
        assert data_of(published, "payment.refunded") == [ids | {"amount": "20.00"}]
        paid(invoice, 2000)
        assert state(invoice) == ("balanced", "paid", 0)
        assert len(paid_events(published)) == 1

    def test_credit_is_given_back_first(self) -> None:
        invoice = an_invoice()
        payment = paid(invoice, 6000, keep_credit=True)

        refunded(payment, 1000)
        assert state(invoice)[2] == 0
        refunded(payment, 500)

        assert state(invoice)[2] == 500
        assert [one.amount.minor for one in billing_service.refunds_of(payment.id)] == [1000, 500]

    def test_only_credit_is_given_back_if_told(self) -> None:
        payment = paid(an_invoice(), 6000, keep_credit=True)

        with pytest.raises(RefundTooLarge) as refused:
            refunded(payment, 1001, from_credit=True)

        assert refused.value.details == {"left": {"amount": "10.00", "currency": "EUR"}}
        assert refunded(payment, 1000, from_credit=True).amount == euros(1000)

    @pytest.mark.row(82)
    def test_it_is_never_more_than_is_left(self) -> None:
        payment = paid(an_invoice())
        refunded(payment, 3000)

        with pytest.raises(RefundTooLarge):
            refunded(payment, 2001)

        assert refunded(payment, 2000).amount == euros(2000)

    def test_what_is_used_last_is_released_first(self) -> None:
        patient = somebody()
        first, second = an_invoice(patient), an_invoice(patient)
        payment = billing_service.take_payment(patient.id, amount=euros(10000), method="card")

        refunded(payment, 6000)

        assert [state(one)[2] for one in (first, second)] == [1000, 5000]

    def test_every_problem_is_named(self) -> None:
        payment = paid(an_invoice())

        with pytest.raises(InvalidInput) as refused:
            billing_service.refund_payment(payment.id, amount=Money(1, "USD"), method="shells", reason="other")

        assert list(refused.value.problems) == ["amount", "method", "note"]
        with pytest.raises(InvalidInput):
            billing_service.refund_payment(payment.id, amount=euros(1), method="cash", reason="whim")


@both
@pytest.mark.usefixtures("inside")
def test_the_database_itself_caps_corrections() -> None:
    paid(an_invoice())

    for statement in (
        "UPDATE payments SET refunded_minor = 1",
        "UPDATE payments SET reversal_reason = 'x'",
        "UPDATE invoices SET credited_minor = 1",
        "UPDATE invoices SET written_off_minor = 1",
        "UPDATE invoices SET status = 'cancelled'",
    ):
        assert is_refused(statement), statement


@both
@pytest.mark.breadth
@pytest.mark.row(79)
@pytest.mark.parametrize("attempt", range(3))
def test_two_refunds_of_the_full_amount_at_once_are_one_refund(here, attempt: int) -> None:
    with here():
        payment = paid(an_invoice())

    answers = at_once(here, *[lambda: refunded(payment, 5000)] * 2)

    assert codes(answers) == ["refund-too-large", "taken"]


@pytest.mark.slow
@both
@pytest.mark.row(77)
@pytest.mark.parametrize("attempt", range(3))
def test_corrections_at_once_have_one_legal_order(here, attempt: int) -> None:
    with here():
        patient = somebody()
        invoice = an_invoice(patient)
        payment = paid(invoice, 5000)
    calls: list[Callable[[], Any]] = [
        lambda: refunded(payment, 3000),
        lambda: billing_service.reverse_payment(payment.id, reason="Typed twice"),
        lambda: billing_service.credit_invoice(invoice.id, reason="goodwill"),
        lambda: billing_service.write_off(invoice.id, reason="Moved away"),
    ]

    answers = at_once(here, *calls)

    assert all(not isinstance(one, Exception) or hasattr(one, "code") for one in answers)
    with here():
        db.session.expire_all()
        found, money = billing_service.get(invoice.id), billing_service.get_payment(payment.id)
        assert found.due.minor >= 0
        assert found.paid_minor == sum(use.used.minor for use in found.uses) == money.allocated_minor
        assert found.status == ("issued" if found.due.minor else found.status)
