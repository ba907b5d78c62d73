"""Invoices and payments of revision 0039 are of the ordinary kind, beside opening balances, on both databases."""

from datetime import date
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from clinic.billing.service import billing_service
from clinic.core.db import db
from clinic.core.money import Money
from tests.upgrade.older_database import downgrade
from tests.upgrade.paid_invoice import insert_paid_invoice

DAY, EMPTY = date(2026, 11, 23), (Money(0, "EUR"), Money(500, "EUR"))

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0039"


def test_what_is_stored_is_no_opening_balance_and_one_can_be_entered(ids: dict[str, UUID]) -> None:
    before = billing_service.statement(ids["patient"])
    stored = (billing_service.get(ids["invoice"]).kind, billing_service.get_payment(ids["payment"]).kind)
    kinds = [row.entry.kind for row in billing_service.statement(ids["patient"], since=DAY, until=DAY).ledger.rows]

    opening = billing_service.enter_opening_balance(ids["patient"], side="owed", amount=Money(700, "EUR"))
    billing_service.use_credit(opening.id)

    assert stored == ("invoice", "payment")
    assert (before.due, before.credit, before.ledger.closing) == (*EMPTY, Money(-500, "EUR"))
    assert kinds == ["invoice", "payment"]
    assert billing_service.get(opening.id).due == Money(200, "EUR")
    assert {one.check for one in billing_service.audit()} == {"number"}  # the row was not numbered by the program


@pytest.mark.parametrize(
    "change", ["kind = 'opening'", "total_minor = 1", "number = 'INV-2026-00002'", "particulars = '{\"a\": 1}'"]
)
def test_what_was_issued_is_guarded_still(ids: dict[str, UUID], change: str) -> None:
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text(f"UPDATE invoices SET {change}"))


def test_a_downgrade_keeps_opening_balances_as_ordinary_rows(ids: dict[str, UUID]) -> None:
    billing_service.enter_opening_balance(ids["patient"], side="owed", amount=Money(700, "EUR"))

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM invoices")) == 2
        assert connection.scalar(text("SELECT count(*) FROM payments")) == 1
    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(text("UPDATE invoices SET total_minor = 1"))


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a paid invoice and credit."""
    return insert_paid_invoice()
