"""Messages of older revisions stand in the log after the upgrade, in its order, and can be called about."""

from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.clock import now
from clinic.core.db import db
from clinic.notifications.attempts import attempts_of
from clinic.notifications.calls import call_service
from clinic.notifications.log import message_log
from clinic.notifications.service import notification_service
from tests.builders import an_appointment
from tests.upgrade.older_database import NOW, downgrade, insert, insert_plain

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

CLINIC = {"name": "Harbour", "currency": "EUR", "locale": "pt_PT", "idle_minutes": 15, "absolute_hours": 12}
PERSON = {"mrn": "P-000900", "family_name": "Pereira", "sort_name": "pereira", "sex": "unknown", "state": "active"}
DUE = {"first": "2026-11-21 08:00:00", "latest": "2026-11-23 08:00:00", "second": "2026-11-22 08:00:00"}
LATEST_FIRST = ("latest", "second", "first")


@pytest.fixture(params=["0027", "0034", "0046"])
def revision(request: pytest.FixtureRequest) -> str:
    """The revision before the log, the one before its order within a kind, and the one before that within a patient."""
    return str(request.param)


@pytest.mark.parametrize("kind", [None, "welcome"])
def test_the_log_shows_them_with_the_latest_first(ids: dict[str, UUID], kind: str | None) -> None:
    found = message_log.list(kind=kind, state=None)

    assert [row.id for row in found.rows] == [ids[name] for name in LATEST_FIRST]


def test_the_log_of_the_patient_has_and_counts_them(ids: dict[str, UUID]) -> None:
    patient_id = notification_service.get(ids["first"]).patient_id

    found, counts = message_log.list(patient_id=patient_id), message_log.counts(patient_id=patient_id)

    assert [row.id for row in found.rows] == [ids[name] for name in LATEST_FIRST]
    assert counts["sent"] == 3


def test_a_message_keeps_its_attempt_and_has_no_source_that_nobody_stored(ids: dict[str, UUID]) -> None:
    attempts = attempts_of(ids["first"])

    assert [(one.outcome, one.answer) for one in attempts] == [("sent", "250 OK")]
    assert notification_service.get(ids["first"]).source is None


def test_calls_are_recorded_after_the_upgrade(ids: dict[str, UUID]) -> None:
    visit = an_appointment()

    call = call_service.record(visit.id, result="no-answer")

    assert call.made_at <= now()
    assert call_service.made_today() == [call]


def test_messages_and_their_attempts_stay_when_the_log_goes(ids: dict[str, UUID], revision: str) -> None:
    result = downgrade(revision, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        kept = connection.execute(text("SELECT notification_id, outcome FROM notification_attempts")).all()
        states = connection.execute(text("SELECT state FROM notifications")).scalars().all()
    assert ({outcome for _, outcome in kept}, len(kept)) == ({"sent"}, len(DUE))
    assert states == ["sent"] * len(DUE)


def insert_rows() -> dict[str, UUID]:
    """Insert three sent messages with an attempt each."""
    ids = {name: uuid4() for name in ("clinic", *DUE)}
    clinic, patient = ids["clinic"], uuid4()
    usual = {"zone": "Europe/Lisbon", "late_cancel_hours": 24, "desk_overbooks": False}
    insert("clinics", {"id": clinic, **CLINIC, **usual})
    insert("patients", {"id": patient, "clinic_id": clinic, **PERSON})
    for name, due_at in DUE.items():
        _insert_sent(ids[name], clinic, patient, due_at)
    return ids


def _insert_sent(id_: UUID, clinic: UUID, patient: UUID, due_at: str) -> None:
    about = {"kind": "welcome", "about_id": uuid4(), "about_version": 1, "offset_minutes": 0, "channel": "email"}
    owners = {"clinic_id": clinic, "patient_id": patient}
    times = {"due_at": due_at, "created_at": NOW, "sent_at": NOW}
    insert_plain(
        "notifications", {"id": id_, **owners, **about, **times, "state": "sent", "attempts": 1, "handed_over": True}
    )
    attempt = {"number": 1, "started_at": NOW, "ended_at": NOW, "outcome": "sent", "answer": "250 OK"}
    insert_plain("notification_attempts", {"id": uuid4(), "clinic_id": clinic, "notification_id": id_, **attempt})
