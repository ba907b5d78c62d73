"""Invoices and payments of revision 0038 are as they were, and can be corrected, on both databases."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.money import Money
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0038"

ISSUE = (
    "UPDATE invoices SET status = 'balanced', number = 'INV-2026-00001', issued_on = '2026-11-23', paid_minor = 4500,"
    " billed_to = '{}', particulars = '{}'"
)


def test_an_invoice_from_before_is_as_it_was_and_can_be_corrected(ids: dict[str, UUID]) -> None:
    before = billing_service.get(ids["invoice"])
    found = (before.standing, before.credited, before.written_off, before.due, billing_service.audit())

    billing_service.refund_payment(ids["payment"], amount=Money(1000, "EUR"), method="cash", reason="goodwill")
    billing_service.write_off(ids["invoice"], reason="Moved away")

    assert found[:4] == ("paid", *[Money(0, "EUR")] * 3)
    assert [one.check for one in found[4]] == ["number"]  # the row was not numbered by the program
    after = billing_service.get(ids["invoice"])
    assert (after.standing, after.paid, after.written_off) == ("written off", Money(4000, "EUR"), Money(500, "EUR"))


def test_a_downgrade_keeps_invoices_payments_and_allocations(ids: dict[str, UUID]) -> None:
    billing_service.refund_payment(ids["payment"], amount=Money(1000, "EUR"), method="cash", reason="goodwill")
    billing_service.write_off(ids["invoice"], reason="Moved away")

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM payments, allocations, invoices")) == 1
        assert connection.scalar(text("SELECT status FROM invoices")) == "issued"


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a paid invoice and credit."""
    ids = {name: uuid4() for name in ("clinic", "patient", "invoice", "payment")}
    own, euros = {"clinic_id": ids["clinic"]}, {"currency": "EUR"}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "locale": "en_GB", **euros}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    person = {"mrn": "P-000002", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
    insert("patients", {"id": ids["patient"], **own, **person})
    of_patient = {**own, "patient_id": ids["patient"], **euros}
    totals = {"total_minor": 4500, "paid_minor": 0, "prices_include_tax": True, "paid_published": True}
    insert("invoices", {"id": ids["invoice"], **of_patient, "status": "draft", **totals})
    line = {"position": 1, "description": "Consultation", "quantity_thousandths": 1000}
    of_invoice = {**own, "invoice_id": ids["invoice"]}
    insert_plain("invoice_lines", {"id": uuid4(), **of_invoice, **line, "unit_price_minor": 4500, "amount_minor": 4500})
    with db.engine.begin() as connection:
        connection.execute(text(ISSUE))
    payment = {"amount_minor": 5000, "allocated_minor": 4500, "method": "card", "received_at": NOW}
    insert_plain("payments", {"id": ids["payment"], **of_patient, "invoice_id": ids["invoice"], **payment})
    use = {"payment_id": ids["payment"], "amount_minor": 4500, "released_minor": 0, "allocated_at": NOW}
    insert_plain("allocations", {"id": uuid4(), **of_invoice, **use})
    return ids
