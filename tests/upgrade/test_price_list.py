"""Invoices of revision 0023 are numbered on by the default pattern, and a clinic begins with an empty price list."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.billing.service import billing_service, billing_settings_service, price_list
from clinic.core.db import db
from tests.billing.invoices import a_draft
from tests.billing.prices import a_tax, an_item
from tests.upgrade.older_database import downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0023"


def test_a_clinic_is_billed_as_before_until_its_settings_are_saved(ids: dict[str, UUID]) -> None:
    settings = billing_settings_service.current()

    invoice = billing_service.issue(a_draft().id)

    assert (settings.version, settings.default_tax_rate_id, price_list.all()) == (0, None, [])
    assert invoice.issued_on
    assert invoice.number == f"INV-{invoice.issued_on.year}-00001"


def test_a_downgrade_forgets_prices_and_keeps_invoices(ids: dict[str, UUID]) -> None:
    a_draft()
    an_item(tax=a_tax())

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM invoices")) == 1


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Lisbon."""
    ids = {"clinic": uuid4()}
    limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
    place = {"name": "Harbour", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB"}
    insert("clinics", {"id": ids["clinic"], **place, **limits})
    return ids
