"""A draft of an invoice as revision 0041 and later ones have it."""

from uuid import UUID, uuid4

from tests.upgrade.older_database import insert, insert_plain


def a_draft_of_one_line(*others: str) -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a draft of 45.00; return its ids, and new ones for other names."""
    ids = {name: uuid4() for name in ("clinic", "patient", "invoice", "line", *others)}
    own, euros = {"clinic_id": ids["clinic"]}, {"currency": "EUR"}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    insert(
        "clinics",
        {"id": ids["clinic"], "name": "Harbour", "zone": "Europe/Lisbon", "locale": "en_GB", **euros, **limits},
    )
    person = {"mrn": "P-000009", "family_name": "Costa", "sort_name": "costa", "sex": "unknown", "state": "active"}
    insert("patients", {"id": ids["patient"], **own, **person})
    sums = {"total_minor": 4500, "paid_minor": 0, "credited_minor": 0, "written_off_minor": 0}
    terms = {"kind": "invoice", "status": "draft", "prices_include_tax": True, "paid_published": False}
    insert("invoices", {"id": ids["invoice"], **own, "patient_id": ids["patient"], **euros, **sums, **terms})
    tax = {"tax_name": "VAT", "tax_category": "S", "tax_thousandths": 23000}
    amounts = {"quantity_thousandths": 4500, "unit_price_minor": 1000, "amount_minor": 4500}
    line = {"position": 1, "description": "Consultation", **amounts, **tax}
    insert_plain("invoice_lines", {"id": ids["line"], **own, "invoice_id": ids["invoice"], **line})
    return ids
