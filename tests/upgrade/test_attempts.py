"""Messages of revision 0021 keep what is known of their attempts as the last attempt of each."""

from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from flask import current_app
from flask_migrate import upgrade
from sqlalchemy import text

from clinic.core.db import db
from clinic.core.tenancy import clinic_scope
from clinic.notifications.attempts import attempts_of
from tests.databases import POSTGRESQL, SQLITE
from tests.upgrade.older_database import NOW, an_older_database, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

STATES = {"sent": 2, "failed": 12, "unknown": 1, "suppressed": 1, "queued": 0, "sending": 3}
"""How often a message in each state was attempted."""

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}


@pytest.fixture(params=[SQLITE, POSTGRESQL])
def messages(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dict[str, UUID]]:
    """A message in each state, upgraded."""
    with an_older_database(request.param, tmp_path, "0021"):
        clinic, patient = uuid4(), uuid4()
        ids = {state: uuid4() for state in STATES}
        insert(
            "clinics",
            {"id": clinic, "zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False, **CLINIC},
        )
        person = {"mrn": "P-000001", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown"}
        insert("patients", {"id": patient, "clinic_id": clinic, "state": "active", **person})
        for state, attempts in STATES.items():
            _insert_message(ids[state], clinic, patient, state, attempts)
        upgrade()
        with clinic_scope(clinic):
            yield ids


def _insert_message(id_: UUID, clinic: UUID, patient: UUID, state: str, attempts: int) -> None:
    about = {"kind": "welcome", "about_id": uuid4().hex, "about_version": 1, "offset_minutes": 0, "channel": "email"}
    values = {
        "id": id_.hex,
        "clinic_id": clinic.hex,
        "patient_id": patient.hex,
        **about,
        "state": state,
        "reason": f"because {state}",
        "attempts": attempts,
        "due_at": NOW,
        "handed_over": False,
        "created_at": NOW,
        "sent_at": NOW if state == "sent" else None,
    }
    names, places = ", ".join(values), ", ".join(f":{name}" for name in values)
    with db.engine.begin() as connection:
        connection.execute(text(f"INSERT INTO notifications ({names}) VALUES ({places})"), values)


def test_the_last_attempt_has_its_number_outcome_and_reason(messages: dict[str, UUID]) -> None:
    kept = {state: attempts_of(id_) for state, id_ in messages.items()}

    assert {state: [(one.number, one.outcome, one.answer) for one in rows] for state, rows in kept.items()} == {
        "sent": [(2, "sent", "because sent")],
        "failed": [(12, "refused", "because failed")],
        "unknown": [(1, "unknown", "because unknown")],
        "suppressed": [(1, "suppressed", "because suppressed")],
        "queued": [],
        "sending": [(3, None, "because sending")],
    }
    assert kept["sent"][0].ended_at is not None
    assert kept["failed"][0].started_at is None


def test_messages_stay_when_attempts_go(messages: dict[str, UUID]) -> None:
    db.session.remove()

    result = current_app.test_cli_runner().invoke(args=["db", "downgrade", "0021", "--delete-data"])

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM notifications")).scalar() == len(STATES)
