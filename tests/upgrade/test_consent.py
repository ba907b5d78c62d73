"""The flag of revision 0009, for which nobody was asked, becomes no answer; a refusal stays one."""

from datetime import date
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from clinic.core.db import db
from clinic.patients.service import consent_service, patient_service
from tests.upgrade.older_database import NOW, downgrade, insert

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]

REVISION = "0009"

FLAGS: dict[str, dict[str, Any]] = {
    "agreed": {"messages_agreed": True, "messages_agreed_source": "registration", "messages_agreed_at": NOW},
    "refused": {
        "messages_agreed": False,
        "messages_agreed_source": "letter",
        "messages_agreed_at": "2026-10-31 23:30:00",
    },
}


@pytest.mark.slow
def test_a_flag_that_nobody_was_asked_about_is_no_answer(ids: dict[str, UUID]) -> None:
    consent = consent_service.get(ids["agreed"])

    allowed = {(one.purpose, one.channel): one for one in consent.answers if one.allowed}
    assert set(allowed) == {("care", "email"), ("reminders", "email")}
    for found in allowed.values():
        assert (found.state, found.source, found.recorded_by) == ("by-registration", "registration", None)
        assert found.answered_on == date(2026, 11, 23)
    assert consent_service.history(ids["agreed"]).rows == []


def test_who_wanted_no_messages_gets_none(ids: dict[str, UUID]) -> None:
    consent = consent_service.get(ids["refused"])

    assert not any(one.allowed for one in consent.answers)
    answers = [one for one in consent.answers if one.recorded_by]
    assert [(one.purpose, one.channel, one.state) for one in answers] == [
        ("care", "email", "no"),
        ("reminders", "email", "no"),
    ]
    assert {(one.source, one.answered_on) for one in answers} == {("earlier-record", date(2026, 11, 1))}
    assert not any(one.by_guardian for one in answers)


@pytest.mark.slow
def test_patients_are_registered_and_answer_after_the_upgrade(ids: dict[str, UUID]) -> None:
    patient = patient_service.create(family_name="New", consent={("news", "email"): True})
    consent_service.record(ids["refused"], {("care", "email"): True}, source="phone")

    assert consent_service.state(patient.id, "news", "email").allowed
    assert consent_service.state(ids["refused"], "care", "email").allowed


@pytest.mark.slow
def test_a_downgrade_sets_the_flag_by_what_is_on_record(ids: dict[str, UUID]) -> None:
    consent_service.withdraw_all(ids["agreed"])
    consent_service.record(ids["refused"], {("care", "email"): True}, source="phone")

    result = downgrade(REVISION, "--delete-data")

    assert result.exit_code == 0, result.stderr
    with db.engine.connect() as connection:
        flags = connection.execute(text("SELECT family_name, messages_agreed FROM patients ORDER BY mrn")).all()
    assert [(name, bool(agreed)) for name, agreed in flags] == [("agreed", False), ("refused", True)]


def insert_rows() -> dict[str, UUID]:
    """Insert a clinic in Madrid with a patient for each value of the flag."""
    ids = {name: uuid4() for name in ("clinic", *FLAGS)}
    same = {"currency": "EUR", "locale": "es_ES", "idle_minutes": 15, "absolute_hours": 12}
    usual = {"late_cancel_hours": 24, "desk_overbooks": False}
    insert("clinics", {"id": ids["clinic"], "name": "Puerto", "zone": "Europe/Madrid", "country": "ES", **same} | usual)
    for number, (name, flag) in enumerate(FLAGS.items()):
        names = {"family_name": name, "sort_name": name, "sex": "unknown", "mrn": f"P-00009{number}"}
        insert("patients", {"id": ids[name], "clinic_id": ids["clinic"], **names, **flag})
    return ids
