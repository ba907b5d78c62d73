"""Invoices of revision 0033 are kept with their lines and payments, and name no payer, on both databases."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.money import Money
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0033"


def test_an_invoice_from_before_names_no_payer(ids: dict[str, UUID]) -> None:
    invoice = billing_service.get(ids["invoice"])

    assert (invoice.payer, invoice.total, len(invoice.lines)) == (None, Money(4500, "EUR"), 1)
    assert billing_service.duplicate(invoice.id).payer_person_id == ids["person"]


def test_a_downgrade_keeps_invoices_and_related_persons(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM payments, invoice_lines, invoices, related_persons")) == 1


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a paid invoice of one line."""
    ids = {name: uuid4() for name in ("clinic", "patient", "invoice", "person")}
    own, of_invoice = {"clinic_id": ids["clinic"]}, {"clinic_id": ids["clinic"], "invoice_id": ids["invoice"]}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB"}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    person = {"mrn": "P-000002", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
    insert("patients", {"id": ids["patient"], **own, **person})
    roles = {"is_contact": False, "is_guardian": False, "is_payer": True, "name": "Rui"}
    insert("related_persons", {"id": ids["person"], **own, "patient_id": ids["patient"], **roles})
    totals = {"total_minor": 4500, "paid_minor": 4500, "currency": "EUR"}
    paid = {
        "status": "balanced",
        "number": "INV-2026-00001",
        "issued_on": "2026-11-23",
        "prices_include_tax": True,
        **totals,
    }
    insert("invoices", {"id": ids["invoice"], **own, "patient_id": ids["patient"], **paid})
    line = {"position": 1, "description": "Consultation", "quantity_thousandths": 1000}
    insert_plain("invoice_lines", {"id": uuid4(), **of_invoice, **line, "unit_price_minor": 4500, "amount_minor": 4500})
    payment = {"amount_minor": 4500, "currency": "EUR", "method": "card", "received_at": NOW}
    insert_plain("payments", {"id": uuid4(), **of_invoice, **payment})
    return ids
