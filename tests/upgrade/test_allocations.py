"""Payments of revision 0035 are wholly used for their invoices, on both databases."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.money import Money
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0035"


def test_payments_became_allocations(ids: dict[str, UUID]) -> None:
    whole, part = billing_service.get(ids["whole"]), billing_service.get(ids["part"])

    assert [(use.payment_id, use.used) for use in whole.uses] == [
        (ids["first"], Money(4000, "EUR")),
        (ids["second"], Money(500, "EUR")),
    ]
    assert (whole.standing, whole.paid_published) == ("paid", True)
    assert (part.standing, part.paid_published, part.due) == ("part paid", False, Money(3500, "EUR"))
    assert {payment.patient_id for payment in whole.payments} == {ids["patient"]}
    assert billing_service.credit(ids["patient"]) == Money(0, "EUR")


def test_an_invoice_from_before_is_paid_to_its_end(ids: dict[str, UUID]) -> None:
    payment = billing_service.record_payment(ids["part"], amount=Money(3600, "EUR"), method="cash", keep_credit=True)

    assert payment.credit == Money(100, "EUR")
    assert billing_service.get(ids["part"]).standing == "paid"


def test_a_downgrade_keeps_invoices_and_payments(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT sum(amount_minor) FROM payments")) == 5500
        assert connection.scalar(text("SELECT count(*) FROM invoices")) == 2


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a paid invoice, paid in two parts, and a part paid one."""
    names = ("clinic", "patient", "whole", "part")
    ids = {name: uuid4() for name in names} | {name: UUID(int=at) for at, name in enumerate(("first", "second"), 1)}
    own = {"clinic_id": ids["clinic"]}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB"}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    person = {"mrn": "P-000002", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
    insert("patients", {"id": ids["patient"], **own, **person})
    for at, (name, status, paid) in enumerate((("whole", "balanced", 4500), ("part", "issued", 1000)), 1):
        totals = {"total_minor": 4500, "paid_minor": paid, "currency": "EUR", "prices_include_tax": True}
        issued = {"status": status, "number": f"INV-2026-0000{at}", "issued_on": "2026-11-23", **totals}
        insert("invoices", {"id": ids[name], **own, "patient_id": ids["patient"], **issued})
    for name, invoice, minor in (("first", "whole", 4000), ("second", "whole", 500), ("third", "part", 1000)):
        payment = {"amount_minor": minor, "currency": "EUR", "method": "card", "received_at": NOW}
        insert_plain("payments", {"id": ids.get(name, uuid4()), **own, "invoice_id": ids[invoice], **payment})
    return ids
