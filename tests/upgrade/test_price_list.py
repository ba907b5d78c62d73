"""Invoices of revision 0023 are numbered on by the default pattern, and a clinic begins with an empty price list."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.billing.service import billing_service, billing_settings_service, price_list
from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from tests.billing.invoices import a_draft
from tests.billing.prices import a_tax, an_item
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def clinic_id(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UUID]:
    """A clinic in Lisbon, upgraded."""
    with an_older_database(request.param, tmp_path, "0023"):
        clinic_id = uuid4()
        limits = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
        place = {"name": "Harbour", "zone": "Europe/Lisbon", "currency": "EUR", "locale": "en_GB"}
        insert("clinics", {"id": clinic_id, **place, **limits})
        upgrade()
        with clinic_scope(clinic_id):
            yield clinic_id


def test_a_clinic_is_billed_as_before_until_its_settings_are_saved(clinic_id: UUID) -> None:
    settings = billing_settings_service.current()

    invoice = billing_service.issue(a_draft().id)

    assert (settings.version, settings.default_tax_rate_id, price_list.all()) == (0, None, [])
    assert invoice.issued_on
    assert invoice.number == f"INV-{invoice.issued_on.year}-00001"


def test_a_downgrade_forgets_prices_and_keeps_invoices(clinic_id: UUID) -> None:
    a_draft()
    an_item(tax=a_tax())
    db.session.remove()

    result = current_app.test_cli_runner().invoke(args=["db", "downgrade", "0023", "--delete-data"])

    assert result.exit_code == 0, result.output
    with db.engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM invoices")) == 1
