"""A paid invoice with credit, as revision 0039 has it."""

from uuid import UUID, uuid4

from sqlalchemy import text

from clinic.core.db import db
from tests.upgrade.older_database import NOW, insert, insert_plain

ISSUE = (
    "UPDATE invoices SET status = 'balanced', number = 'INV-2026-00001', issued_on = '2026-11-23', paid_minor = 4500,"
    " billed_to = '{}', particulars = '{}'"
)


def insert_paid_invoice() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a patient, a paid invoice and credit; return their ids."""
    ids = {name: uuid4() for name in ("clinic", "patient", "invoice", "payment")}
    own, euros = {"clinic_id": ids["clinic"]}, {"currency": "EUR"}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "locale": "en_GB", **euros}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    person = {"mrn": "P-000002", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
    insert("patients", {"id": ids["patient"], **own, **person})
    of_patient = {**own, "patient_id": ids["patient"], **euros}
    nothing = {"paid_minor": 0, "credited_minor": 0, "written_off_minor": 0}
    totals = {"total_minor": 4500, "prices_include_tax": True, "paid_published": True, **nothing}
    insert("invoices", {"id": ids["invoice"], **of_patient, "status": "draft", **totals})
    line = {"position": 1, "description": "Consultation", "quantity_thousandths": 1000}
    of_invoice = {**own, "invoice_id": ids["invoice"]}
    insert_plain("invoice_lines", {"id": uuid4(), **of_invoice, **line, "unit_price_minor": 4500, "amount_minor": 4500})
    with db.engine.begin() as connection:
        connection.execute(text(ISSUE))
    payment = {"amount_minor": 5000, "allocated_minor": 4500, "refunded_minor": 0, "method": "card"}
    payment |= {"received_at": NOW}
    insert_plain("payments", {"id": ids["payment"], **of_patient, "invoice_id": ids["invoice"], **payment})
    use = {"payment_id": ids["payment"], "amount_minor": 4500, "released_minor": 0, "allocated_at": NOW}
    insert_plain("allocations", {"id": uuid4(), **of_invoice, **use})
    return ids
