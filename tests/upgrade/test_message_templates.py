"""After the upgrade from revision 0028 messages say what they said, and a clinic can have texts of its own."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.notifications.writing.template_service import TemplateKey, template_service
from tests.upgrade.older_database import downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0028"

SETTINGS = {"name": "Puerto", "zone": "Europe/Madrid", "country": "ES", "currency": "EUR", "locale": "es_ES"}
LIMITS = {"idle_minutes": 15, "absolute_hours": 12, "late_cancel_hours": 24, "desk_overbooks": False}
WELCOME = TemplateKey("welcome", "email", "en")


def test_the_default_texts_are_used_until_a_text_is_saved(ids: dict[str, UUID]) -> None:
    before = template_service.get(WELCOME)

    template_service.save(WELCOME, version=0, subject="Hello", text="{{greeting}}")
    template_service.switch("missed", enabled=False, version=0)

    assert (before.is_own, template_service.get(WELCOME).subject) == (False, "Hello")
    assert (template_service.is_switched_off("welcome"), template_service.is_switched_off("missed")) == (False, True)


def test_a_downgrade_drops_own_texts_only_if_asked_to(ids: dict[str, UUID]) -> None:
    template_service.save(WELCOME, version=0, subject="Hello", text="{{greeting}}")

    refused, done = downgrade(REVISION), downgrade(REVISION, "--delete-data")

    assert (refused.exit_code != 0, done.exit_code) == (True, 0), done.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT name FROM clinics")).scalars().all() == ["Puerto"]


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic."""
    ids = {"clinic": uuid4()}
    insert("clinics", {"id": ids["clinic"], **SETTINGS, **LIMITS})
    return ids
