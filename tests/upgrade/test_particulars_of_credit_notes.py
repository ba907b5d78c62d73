"""Credit notes of revision 0041 have the particulars of their invoice and can't be changed, on both databases."""

import json
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.money import Money
from tests.upgrade.an_invoice import a_draft_of_one_line
from tests.upgrade.older_database import NOW, downgrade, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0041"

PATIENT = {"family_name": "Pereira", "given_name": "Inês", "birth_date": None, "mrn": "P-000002", "address": "Rua 1"}
SELLER = {
    "name": "Harbour, Lda.",
    "address": "Rua 9",
    "phone": None,
    "email": None,
    "tax_number": "509",
} | dict.fromkeys(("iban", "bic", "footer"))
PAYER = {"name": None, "family_name": "Pereira", "given_name": "Inês", "address": "Rua 1", "tax_number": "214"}
ISSUE = (
    "UPDATE invoices SET status = 'issued', number = 'INV-2026-00001', issued_on = '2026-11-23', credited_minor = 1000,"
    " billed_to = :patient, particulars = :particulars"
)
CHANGES = [
    "UPDATE credit_notes SET number = 'CN-2026-00009'",
    "UPDATE credit_notes SET issued_on = '2026-11-25'",
    "UPDATE credit_notes SET total_minor = 1001",
    "UPDATE credit_notes SET taxes = '[]'",
    "UPDATE credit_notes SET billed_to = '{}'",
    "UPDATE credit_notes SET particulars = '{}'",
    "UPDATE credit_note_lines SET amount_minor = 1001",
    "DELETE FROM credit_note_lines",
    "DELETE FROM credit_notes",
]


def test_a_credit_note_from_before_has_the_particulars_of_its_invoice(ids: dict[str, UUID]) -> None:
    note = billing_service.get_credit_note(ids["note"])

    assert (note.seller, note.billed_payer, note.billed_to) == (SELLER, PAYER, PATIENT)
    assert (note.total, note.net, [row.amount for row in note.lines]) == (
        Money(1000, "EUR"),
        Money(813, "EUR"),
        [Money(1000, "EUR")],
    )


@pytest.mark.parametrize("change", CHANGES)
def test_it_is_never_changed(ids: dict[str, UUID], change: str) -> None:
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text(change))


def test_further_ones_are_issued(ids: dict[str, UUID]) -> None:
    credit_note = billing_service.credit_invoice(ids["invoice"], reason="goodwill", amount=Money(3500, "EUR"))

    assert credit_note.billed_payer == PAYER
    assert billing_service.get(ids["invoice"]).status == "cancelled"


def test_a_downgrade_keeps_credit_notes(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.begin() as connection:
        assert connection.scalar(text("SELECT count(*) FROM credit_notes, credit_note_lines")) == 1
        connection.execute(text("UPDATE credit_notes SET note = 'No guard'"))
        connection.execute(text("DELETE FROM credit_note_lines"))


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with an invoice of 45.00 of which 10.00 are credited."""
    ids = a_draft_of_one_line("note")
    own = {"clinic_id": ids["clinic"]}
    printed = {"seller": SELLER, "payer": PAYER, "visits": [{"day": "2026-11-20"}]}
    with db.engine.begin() as connection:
        connection.execute(text(ISSUE), {"patient": json.dumps(PATIENT), "particulars": json.dumps(printed)})
    taxes = [{"category": "S", "rate_thousandths": 23000, "net_minor": 813, "tax_minor": 187}]
    note = {"number": "CN-2026-00001", "issued_on": "2026-11-24", "reason": "goodwill", "total_minor": 1000}
    of_invoice = {"invoice_id": ids["invoice"], "taxes": json.dumps(taxes), "created_at": NOW}
    insert_plain("credit_notes", {"id": ids["note"], **own, **of_invoice, **note})
    row = {"position": 1, "quantity_thousandths": 1000, "amount_minor": 1000}
    insert_plain(
        "credit_note_lines",
        {"id": uuid4(), **own, "credit_note_id": ids["note"], "invoice_line_id": ids["line"], **row},
    )
    insert_plain("counters", {**own, "series": "credit-note:2026", "value": 1})
    return ids
