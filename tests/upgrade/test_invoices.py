"""Invoices of revision 0008 are kept with their lines and payments, and can name an appointment after the upgrade."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.billing.service import billing_service
from clinic.core.db import db
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0008"


def test_an_invoice_keeps_its_lines_and_payments_and_names_no_appointment(ids: dict[str, UUID]) -> None:
    invoice = billing_service.get(ids["invoice"])

    assert (invoice.number, invoice.standing, invoice.appointment_id) == ("INV-2026-00001", "paid", None)
    assert [line.description for line in invoice.lines] == ["Consultation"]
    assert [payment.amount_minor for payment in invoice.payments] == [4500]


@pytest.mark.slow
def test_an_invoice_can_not_name_an_appointment_that_does_not_exist(ids: dict[str, UUID]) -> None:
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text("UPDATE invoices SET appointment_id = :id"), {"id": uuid4().hex})


@pytest.mark.slow
def test_a_downgrade_keeps_invoices(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM payments, invoice_lines, invoices")) == 1


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a paid invoice."""
    ids = {name: uuid4() for name in ("clinic", "patient", "invoice")}
    own, of_invoice = {"clinic_id": ids["clinic"]}, {"clinic_id": ids["clinic"], "invoice_id": ids["invoice"]}
    same = {"currency": "EUR", "locale": "en_GB", "idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24}
    insert(
        "clinics", {"id": ids["clinic"], "name": "Harbour", "zone": "Europe/Lisbon", **same, "desk_overbooks": False}
    )
    agreed = {"messages_agreed": True, "messages_agreed_source": "registration", "messages_agreed_at": NOW}
    person = {"mrn": "P-000002", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown"}
    insert("patients", {"id": ids["patient"], **own, **person, **agreed})
    totals = {"total_minor": 4500, "paid_minor": 4500, "currency": "EUR"}
    paid = {"status": "balanced", "number": "INV-2026-00001", "issued_on": "2026-11-23", **totals}
    insert("invoices", {"id": ids["invoice"], **own, "patient_id": ids["patient"], **paid})
    line = {"position": 1, "description": "Consultation", "quantity_thousandths": 1000}
    insert_plain("invoice_lines", {"id": uuid4(), **of_invoice, **line, "unit_price_minor": 4500, "amount_minor": 4500})
    payment = {"amount_minor": 4500, "currency": "EUR", "method": "card", "received_at": NOW}
    insert_plain("payments", {"id": uuid4(), **of_invoice, **payment})
    return ids
