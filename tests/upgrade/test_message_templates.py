"""After the upgrade from revision 0028 messages say what they said, and a clinic can have texts of its own."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.notifications.writing.template_service import TemplateKey, template_service
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

SETTINGS = {"name": "Puerto", "zone": "Europe/Madrid", "country": "ES", "currency": "EUR", "locale": "es_ES"}
LIMITS = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
WELCOME = TemplateKey("welcome", "email", "en")


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def clinic_id(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[UUID]:
    """A clinic of revision 0028, upgraded."""
    with an_older_database(request.param, tmp_path, "0028"):
        clinic_id = uuid4()
        insert("clinics", {"id": clinic_id, **SETTINGS, **LIMITS})
        upgrade()
        with clinic_scope(clinic_id):
            yield clinic_id


def test_the_default_texts_are_used_until_a_text_is_saved(clinic_id: UUID) -> None:
    before = template_service.get(WELCOME)

    template_service.save(WELCOME, version=0, subject="Hello", text="{{greeting}}")
    template_service.switch("missed", enabled=False, version=0)

    assert (before.is_own, template_service.get(WELCOME).subject) == (False, "Hello")
    assert (template_service.is_switched_off("welcome"), template_service.is_switched_off("missed")) == (False, True)


def test_a_downgrade_drops_own_texts_only_if_asked_to(clinic_id: UUID) -> None:
    template_service.save(WELCOME, version=0, subject="Hello", text="{{greeting}}")
    db.session.remove()
    run = current_app.test_cli_runner().invoke

    refused = run(args=["db", "downgrade", "0028"])
    done = run(args=["db", "downgrade", "0028", "--delete-data"])

    assert (refused.exit_code != 0, done.exit_code) == (True, 0), done.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM clinics")).scalars().all() == ["Puerto"]
