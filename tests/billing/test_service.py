"""Invoices and payments: every rule of the service, on a real database."""

from datetime import date
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from clinic.billing.models import Invoice
from clinic.billing.service import (
    InvoiceAlreadyPaid,
    InvoiceNotDraft,
    InvoiceNotFound,
    InvoiceNotIssued,
    PaymentTooLarge,
    billing_service,
)
from clinic.core.db import db
from clinic.core.errors import InvalidInput, StaleVersion
from clinic.core.events.models import StoredEvent
from clinic.core.idempotency import IdempotencyKeyReused
from clinic.core.money import Money
from clinic.core.unit_of_work import unit_of_work
from clinic.patients.service import patient_service
from tests.billing.invoices import KEY, a_draft, a_line, an_invoice, euros, paid_events
from tests.builders import an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")


def test_a_draft_has_a_total_but_no_number() -> None:
    invoice = a_draft(lines=[a_line(5000), a_line(1220, "2.5", "Certificate")])

    assert (invoice.status, invoice.number, invoice.issued_on) == ("draft", None, None)
    assert (invoice.total, invoice.paid, invoice.due) == (euros(8050), euros(0), euros(8050))
    assert [(line.description, line.amount) for line in invoice.lines] == [
        ("Consultation", euros(5000)),
        ("Certificate", euros(3050)),
    ]


def test_lines_keep_their_order_when_they_are_read_again() -> None:
    invoice_id = a_draft(lines=[a_line(description=name) for name in "CAB"]).id
    db.session.expire_all()

    invoice = billing_service.get(str(invoice_id))

    assert [line.description for line in invoice.lines] == ["C", "A", "B"]
    assert [line.unit_price for line in invoice.lines] == [euros(5000)] * 3


def test_an_invoice_for_nobody_is_refused() -> None:
    with pytest.raises(InvalidInput) as refused:
        billing_service.create(patient_id=uuid4(), lines=[a_line()])

    assert refused.value.problems == {"patient_id": ["There is no such patient"]}


def test_an_invoice_in_another_currency_than_the_clinics_is_refused() -> None:
    patient, line = somebody(), a_line() | {"unit_price": Money(5000, "USD")}

    with pytest.raises(InvalidInput) as refused:
        billing_service.create(patient_id=patient.id, lines=[line])

    problems: Any = refused.value.problems
    assert problems == {"lines": {0: {"unit_price": ["Enter the amount in EUR"]}}}


def test_nothing_is_stored_of_an_invoice_that_was_refused() -> None:
    patient = somebody()

    with pytest.raises(InvalidInput):
        billing_service.create(patient_id=patient.id, lines=[a_line(), a_line(quantity="0")])

    assert not billing_service.list().rows


def test_issuing_gives_a_number_and_the_day() -> None:
    with time_machine.travel("2026-11-23T12:00:00Z", tick=False):
        first, second = an_invoice(), an_invoice()

    assert [first.number, second.number] == ["INV-2026-00001", "INV-2026-00002"]
    assert (first.status, first.issued_on) == ("issued", date(2026, 11, 23))


def test_each_year_counts_from_one() -> None:
    with time_machine.travel("2026-12-31T23:59:00Z", tick=False):
        old = an_invoice()
    with time_machine.travel("2027-01-01T00:01:00Z", tick=False):
        new = an_invoice()

    assert [old.number, new.number] == ["INV-2026-00001", "INV-2027-00001"]


def test_days_never_go_back_even_if_the_clock_does() -> None:
    with time_machine.travel("2027-01-02T12:00:00Z", tick=False):
        an_invoice()
    with time_machine.travel("2026-12-30T12:00:00Z", tick=False):
        later = an_invoice()

    assert (later.number, later.issued_on) == ("INV-2027-00002", date(2027, 1, 2))


def test_a_number_is_given_back_when_the_issue_is_rolled_back() -> None:
    draft = a_draft()

    with pytest.raises(ZeroDivisionError), unit_of_work():
        billing_service.issue(draft.id)
        raise ZeroDivisionError

    assert (billing_service.issue(draft.id).number or "").endswith("-00001")


def test_an_invoice_is_issued_once() -> None:
    invoice = an_invoice()

    with pytest.raises(InvoiceNotDraft):
        billing_service.issue(invoice.id)


def test_issuing_another_version_is_refused() -> None:
    draft = a_draft()

    with pytest.raises(StaleVersion):
        billing_service.issue(draft.id, version=2)

    assert billing_service.issue(draft.id, version=1).version == 2


def test_an_invoice_of_nothing_is_settled_at_once_without_an_event(published) -> None:
    invoice = billing_service.issue(a_draft(lines=[a_line(0)]).id)

    assert (invoice.status, invoice.standing) == ("balanced", "paid")
    assert paid_events(published) == []


def test_a_part_payment_leaves_the_rest_to_pay_and_publishes_nothing(published) -> None:
    invoice = an_invoice()

    payment = billing_service.record_payment(invoice.id, amount=euros(2000), method="cash", reference="till 2")

    assert (payment.amount, payment.method, payment.reference) == (euros(2000), "cash", "till 2")
    assert (invoice.status, invoice.standing, invoice.due) == ("issued", "part paid", euros(3000))
    assert paid_events(published) == []


def test_the_payment_that_settles_an_invoice_publishes_that_once(published) -> None:
    invoice = an_invoice()

    billing_service.record_payment(invoice.id, amount=euros(2000), method="cash")
    billing_service.record_payment(invoice.id, amount=euros(3000), method="card")

    assert (invoice.status, invoice.due) == ("balanced", euros(0))
    assert [payment.amount for payment in invoice.payments] == [euros(2000), euros(3000)]
    assert paid_events(published) == [{"invoice_id": str(invoice.id), "amount": "50.00"}]


def test_the_event_knows_whom_it_is_about() -> None:
    invoice = an_invoice()

    billing_service.record_payment(invoice.id, amount=euros(5000), method="card")

    event = db.session.scalars(select(StoredEvent).where(StoredEvent.type == "invoice.paid")).one()
    assert (event.subject_id, event.subject_version) == (invoice.patient_id, invoice.version)


def test_a_payment_that_is_rolled_back_publishes_nothing(published) -> None:
    invoice = an_invoice()

    with pytest.raises(ZeroDivisionError), unit_of_work():
        billing_service.record_payment(invoice.id, amount=euros(5000), method="card")
        raise ZeroDivisionError

    assert (billing_service.get(invoice.id).due, invoice.payments) == (euros(5000), [])
    assert paid_events(published) == []


def test_a_draft_takes_no_payment() -> None:
    draft = a_draft()

    with pytest.raises(InvoiceNotIssued):
        billing_service.record_payment(draft.id, amount=euros(5000), method="card")


def test_a_paid_invoice_takes_no_payment() -> None:
    invoice = an_invoice()
    billing_service.record_payment(invoice.id, amount=euros(5000), method="card")

    with pytest.raises(InvoiceAlreadyPaid):
        billing_service.record_payment(invoice.id, amount=euros(1), method="card")


def test_more_than_is_due_is_refused_and_shows_how_much_is() -> None:
    invoice = an_invoice()
    billing_service.record_payment(invoice.id, amount=euros(2000), method="card")

    with pytest.raises(PaymentTooLarge, match=r"^30,00.€ is still due$") as refused:
        billing_service.record_payment(invoice.id, amount=euros(3001), method="card")

    assert refused.value.details == {
        "due": {"amount": "30.00", "currency": "EUR"},
        "surplus": {"amount": "0.01", "currency": "EUR"},
    }
    assert len(billing_service.get(invoice.id).payments) == 1


@pytest.mark.row(81)
@pytest.mark.parametrize("amount", [euros(0), euros(-1), Money(5000, "USD")])
def test_an_impossible_amount_is_refused(amount: Money) -> None:
    invoice = an_invoice()

    with pytest.raises(InvalidInput) as refused:
        billing_service.record_payment(invoice.id, amount=amount, method="card")

    assert list(refused.value.problems) == ["amount"]


def test_an_unknown_method_is_refused() -> None:
    invoice = an_invoice()

    with pytest.raises(InvalidInput) as refused:
        billing_service.record_payment(invoice.id, amount=euros(1), method="cheque")

    assert list(refused.value.problems) == ["method"]


def test_the_same_key_again_returns_the_first_payment_and_changes_nothing(published) -> None:
    invoice = an_invoice()
    first = billing_service.record_payment(invoice.id, amount=euros(5000), method="card", idempotency_key=KEY)
    version = invoice.version

    again = billing_service.record_payment(invoice.id, amount=euros(5000), method="card", idempotency_key=KEY)

    assert (again.id, again.replayed) == (first.id, True)
    assert (invoice.version, invoice.paid, len(invoice.payments)) == (version, euros(5000), 1)
    assert len(paid_events(published)) == 1


@pytest.mark.parametrize(("cents", "method"), [(2001, "card"), (2000, "cash")])
def test_a_key_stands_for_one_amount_and_method(cents: int, method: str) -> None:
    invoice = an_invoice()
    billing_service.record_payment(invoice.id, amount=euros(2000), method="card", idempotency_key=KEY)

    with pytest.raises(IdempotencyKeyReused):
        billing_service.record_payment(invoice.id, amount=euros(cents), method=method, idempotency_key=KEY)


@pytest.mark.parametrize(("first", "then"), [("till 1", "till 2"), ("till 1", None), (None, "till 2")])
def test_a_key_stands_for_one_reference(first: str | None, then: str | None) -> None:
    paying = partial(
        billing_service.record_payment, an_invoice().id, amount=euros(2000), method="card", idempotency_key=KEY
    )
    paying(reference=first)

    with pytest.raises(IdempotencyKeyReused):
        paying(reference=then)


def test_a_key_stands_for_one_invoice() -> None:
    first, second = an_invoice(), an_invoice()
    billing_service.record_payment(first.id, amount=euros(2000), method="card", idempotency_key=KEY)

    with pytest.raises(IdempotencyKeyReused):
        billing_service.record_payment(second.id, amount=euros(2000), method="card", idempotency_key=KEY)


def test_payments_without_a_key_are_payments_of_their_own() -> None:
    invoice = an_invoice()

    for _ in range(2):
        billing_service.record_payment(invoice.id, amount=euros(1000), method="cash")

    assert billing_service.get(invoice.id).paid == euros(2000)


def test_an_invoice_is_found_by_its_number_and_by_its_id() -> None:
    invoice = an_invoice()

    assert billing_service.identify((invoice.number or "").lower()).id == invoice.id
    assert billing_service.identify(str(invoice.id)).id == invoice.id


def test_an_unknown_invoice_is_not_found() -> None:
    for call in (billing_service.get, billing_service.issue, billing_service.payments_of):
        with pytest.raises(InvoiceNotFound):
            call(uuid4())
    with pytest.raises(InvoiceNotFound):
        billing_service.identify("INV-1999-00001")
    with pytest.raises(InvoiceNotFound):
        billing_service.record_payment(uuid4(), amount=euros(1), method="card")


@pytest.mark.slow
def test_a_list_shows_the_latest_first_in_portions() -> None:
    patient = somebody()
    made = [a_draft(patient).id for _ in range(5)]

    first = billing_service.list(limit=3)
    second = billing_service.list(limit=3, after=first.next_key)

    assert [invoice.id for invoice in (*first.rows, *second.rows)] == made[::-1]
    assert second.next_key is None


@pytest.mark.slow
def test_a_list_keeps_to_a_status_and_a_patient() -> None:
    patient = somebody()
    wanted = an_invoice(patient)
    a_draft(patient)
    an_invoice()

    assert [found.id for found in billing_service.list(status="issued", patient_id=patient.id).rows] == [wanted.id]


@pytest.mark.slow
def test_a_balance_is_what_the_open_invoices_leave_to_pay() -> None:
    patient = somebody()
    part_paid, unpaid, paid = (an_invoice(patient) for _ in range(3))
    billing_service.record_payment(part_paid.id, amount=euros(2000), method="cash")
    billing_service.record_payment(paid.id, amount=euros(5000), method="cash")
    a_draft(patient)
    an_invoice()

    assert billing_service.account_of(patient.id) == (euros(8000), euros(0))
    assert [invoice.id for invoice in billing_service.open_of(patient.id)] == [part_paid.id, unpaid.id]


def test_who_owes_nothing_has_a_balance_of_nothing() -> None:
    patient = somebody()

    assert billing_service.account_of(patient.id) == (euros(0), euros(0))
    assert not billing_service.open_of(patient.id)


@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize(
    "values",
    [
        {"paid_minor": 5001},
        {"paid_minor": -1},
        {"paid_minor": 5000},
        {"number": None},
        {"issued_on": None},
        {"status": "balanced"},
        {"status": "draft"},
        {"status": "void"},
    ],
)
def test_the_database_itself_refuses_an_impossible_invoice(values: dict[str, object]) -> None:
    invoice = an_invoice()

    with pytest.raises(IntegrityError), unit_of_work():
        db.session.connection().execute(update(Invoice).where(Invoice.id == invoice.id).values(**values))


@pytest.mark.slow
def test_an_invoice_names_the_visit_that_it_is_for() -> None:
    visit = an_appointment()
    unpaid, draft = an_invoice(patient_service.get(visit.patient_id)), a_draft(patient_service.get(visit.patient_id))
    an_invoice()

    own = billing_service.create(patient_id=visit.patient_id, lines=[a_line()], appointment_id=visit.id)

    assert billing_service.get(own.id).appointment_id == visit.id
    assert draft.appointment_id is None
    assert [[one.id for one in found] for found in billing_service.of_visit(visit)] == [[own.id], [unpaid.id]]
    assert [one.id for one in billing_service.list(appointment_id=visit.id).rows] == [own.id]


def test_an_invoice_for_a_visit_of_somebody_else_is_refused() -> None:
    for appointment_id, text in ((an_appointment().id, "of another patient"), (uuid4(), "no such appointment")):
        with pytest.raises(InvalidInput, match=text) as error:
            billing_service.create(patient_id=somebody().id, lines=[a_line()], appointment_id=appointment_id)
        assert list(error.value.problems) == ["appointment_id"]
