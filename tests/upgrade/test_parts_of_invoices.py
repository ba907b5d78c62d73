"""Drafts of revision 0045 can be split, and parts outlive a downgrade, on both databases."""

from fractions import Fraction
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import inspect, text

from clinic.billing.service import billing_service
from clinic.core.db import db
from tests.upgrade.an_invoice import a_draft_of_one_line
from tests.upgrade.older_database import downgrade

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0045"
FIRM: Any = {"kind": "other", "name": "Médis Seguros"}


def test_a_draft_from_before_is_split(ids: dict[str, UUID]) -> None:
    part = billing_service.split(ids["invoice"], payer=FIRM, percent=Fraction(80))

    whole = billing_service.get(ids["invoice"])
    assert (part.part_of_id, part.total_minor, whole.part_of_id, whole.total_minor) == (whole.id, 3600, None, 900)


def test_the_database_keeps_the_link_of_what_is_issued(ids: dict[str, UUID]) -> None:
    part = billing_service.split(ids["invoice"], payer=FIRM, percent=Fraction(80))
    db.session.remove()
    issued = (
        "status = 'issued', number = 'INV-2026-00001', issued_on = '2026-11-23', billed_to = '{}', particulars = '{}'"
    )
    with db.engine.begin() as connection:
        connection.execute(text(f"UPDATE invoices SET {issued} WHERE part_of_id IS NOT NULL"))

    with pytest.raises(Exception, match="invoices"), db.engine.begin() as connection:
        connection.execute(text("UPDATE invoices SET part_of_id = NULL WHERE part_of_id IS NOT NULL"))

    assert billing_service.get(part.id).part_of_id == ids["invoice"]


def test_a_downgrade_keeps_parts_and_guards(ids: dict[str, UUID]) -> None:
    billing_service.split(ids["invoice"], payer=FIRM, percent=Fraction(80))

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    assert "part_of_id" not in {one["name"] for one in inspect(db.engine).get_columns("invoices")}
    issued = (
        "status = 'issued', number = 'INV-2026-00001', issued_on = '2026-11-23', billed_to = '{}', particulars = '{}'"
    )
    with db.engine.begin() as connection:
        totals = connection.execute(text("SELECT total_minor FROM invoices ORDER BY total_minor")).scalars().all()
        connection.execute(text(f"UPDATE invoices SET {issued} WHERE total_minor = 900"))
    assert totals == [900, 3600]
    with pytest.raises(Exception, match="invoices"), db.engine.begin() as connection:
        connection.execute(text("UPDATE invoices SET note = 'changed' WHERE status = 'issued'"))


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon with a draft."""
    return a_draft_of_one_line()
