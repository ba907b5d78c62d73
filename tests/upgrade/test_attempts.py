"""Messages of revision 0021 keep what is known of their attempts as the last attempt of each."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.notifications.attempts import attempts_of
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0021"

STATES = {"sent": 2, "failed": 12, "unknown": 1, "suppressed": 1, "queued": 0, "sending": 3}
"""How often a message in each state was attempted."""

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}


def test_the_last_attempt_has_its_number_outcome_and_reason(ids: dict[str, UUID]) -> None:
    kept = {state: attempts_of(ids[state]) for state in STATES}

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


def test_messages_stay_when_attempts_go(ids: dict[str, UUID]) -> None:
    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        assert connection.execute(text("SELECT count(*) FROM notifications")).scalar() == len(STATES)


def insert_rows() -> dict[str, UUID]:
    """Insert a message in each state."""
    ids = {name: uuid4() for name in ("clinic", *STATES)}
    clinic, patient = ids["clinic"], uuid4()
    insert(
        "clinics",
        {"id": clinic, "zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False, **CLINIC},
    )
    person = {"mrn": "P-000001", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown"}
    insert("patients", {"id": patient, "clinic_id": clinic, "state": "active", **person})
    for state, attempts in STATES.items():
        _insert_message(ids[state], clinic, patient, state, attempts)
    return ids


def _insert_message(id_: UUID, clinic: UUID, patient: UUID, state: str, attempts: int) -> None:
    about = {"kind": "welcome", "about_id": uuid4(), "about_version": 1, "offset_minutes": 0, "channel": "email"}
    values = {
        "id": id_,
        "clinic_id": clinic,
        "patient_id": patient,
        **about,
        "state": state,
        "reason": f"because {state}",
        "attempts": attempts,
        "due_at": NOW,
        "handed_over": False,
        "created_at": NOW,
        "sent_at": NOW if state == "sent" else None,
    }
    insert_plain("notifications", values)
