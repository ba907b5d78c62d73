"""Invoices of revision 0032 come to what they came to, on both databases: their lines have no tax and no discount."""

from fractions import Fraction
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.billing.service import billing_service
from clinic.core.db import db
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0032"


def test_an_issued_invoice_comes_to_what_it_came_to(ids: dict[str, UUID]) -> None:
    invoice = billing_service.get(ids["invoice"])

    assert (invoice.total, invoice.totals.gross, invoice.totals.tax.minor) == (invoice.total, invoice.total, 0)
    assert invoice.prices_include_tax
    assert [(line.tax, line.discount, line.item_id) for line in invoice.lines] == [(("", Fraction(0)), None, None)]


def test_a_downgrade_keeps_lines_and_payments(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM payments, invoice_lines, invoices")) == 1


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a paid invoice of one line."""
    ids = {name: uuid4() for name in ("clinic", "patient", "invoice")}
    own, of_invoice = {"clinic_id": ids["clinic"]}, {"clinic_id": ids["clinic"], "invoice_id": ids["invoice"]}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB"}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    person = {"mrn": "P-000002", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
    insert("patients", {"id": ids["patient"], **own, **person})
    totals = {"total_minor": 4500, "paid_minor": 4500, "currency": "EUR"}
    paid = {"status": "balanced", "number": "INV-2026-00001", "issued_on": "2026-11-23", **totals}
    insert("invoices", {"id": ids["invoice"], **own, "patient_id": ids["patient"], **paid})
    line = {"position": 1, "description": "Consultation", "quantity_thousandths": 1000}
    insert_plain("invoice_lines", {"id": uuid4(), **of_invoice, **line, "unit_price_minor": 4500, "amount_minor": 4500})
    payment = {"amount_minor": 4500, "currency": "EUR", "method": "card", "received_at": NOW}
    insert_plain("payments", {"id": uuid4(), **of_invoice, **payment})
    return ids
