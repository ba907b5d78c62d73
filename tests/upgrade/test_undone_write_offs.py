"""Write-offs of revision 0042 stay, and can be undone, on both databases."""

from uuid import UUID

import pytest
from sqlalchemy import text

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.money import Money
from tests.upgrade.an_invoice import a_draft_of_one_line
from tests.upgrade.older_database import NOW, downgrade, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0042"

ISSUE = (
    "UPDATE invoices SET status = 'balanced', number = 'INV-2026-00001', issued_on = '2026-11-23',"
    " written_off_minor = 4500, billed_to = '{}', particulars = '{}'"
)


def test_a_write_off_from_before_is_undone(ids: dict[str, UUID]) -> None:
    (write_off,) = billing_service.write_offs_of(ids["invoice"])

    undoing = billing_service.undo_write_off(write_off.id, reason="It came")

    assert (write_off.undoes_id, write_off.amount) == (None, Money(4500, "EUR"))
    assert undoing.size == billing_service.get(ids["invoice"]).due == Money(4500, "EUR")


def test_a_downgrade_keeps_what_stands(ids: dict[str, UUID]) -> None:
    billing_service.undo_write_off(ids["write_off"], reason="It came")
    billing_service.write_off(ids["invoice"], reason="Moved away")

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT amount_minor, reason FROM write_offs")).all() == [(4500, "Moved away")]


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with an invoice that is written off."""
    ids = a_draft_of_one_line("write_off")
    with db.engine.begin() as connection:
        connection.execute(text(ISSUE))
    values = {"amount_minor": 4500, "reason": "Moved away", "written_off_at": NOW}
    insert_plain(
        "write_offs", {"id": ids["write_off"], "clinic_id": ids["clinic"], "invoice_id": ids["invoice"], **values}
    )
    return ids
