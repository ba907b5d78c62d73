"""What patients agree to: answers by purpose and channel, their history, withdrawal and undo."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest
import time_machine
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from clinic.core.clock import now, today
from clinic.core.context import as_actor
from clinic.core.db import Base, db
from clinic.core.errors import StaleVersion
from clinic.identity.clinics import clinic_service
from clinic.patients.consent_rules import TOPICS
from clinic.patients.service import (
    ConsentNotUndoable,
    InvalidConsent,
    PatientNotFound,
    consent_service,
)
from tests.assertions import rows
from tests.builders import a_patient, somebody

pytestmark = pytest.mark.usefixtures("inside")

CARE, REMIND, SMS, NEWS = ("care", "email"), ("reminders", "email"), ("reminders", "sms"), ("news", "email")
ZONE = "Europe/Lisbon"


@pytest.fixture
def patient():
    """A registered patient who was asked nothing."""
    return somebody()


def state(patient, topic):
    return consent_service.state(patient.id, *topic)


def record(patient, answers, source="in-person", **options):
    return consent_service.record(patient.id, answers, source=source, **options)


def test_a_registration_claims_no_answer(app, patient):
    consent = consent_service.get(patient.id)

    assert (consent.version, len(consent.answers)) == (1, len(TOPICS))
    assert {topic for topic, one in consent.states.items() if one == "by-registration"} == {CARE, REMIND}
    assert {topic for topic, one in consent.states.items() if one == "not-asked"} == set(TOPICS) - {CARE, REMIND}
    assert rows(app, "consent_answers") == []


def test_what_is_on_by_registration_has_its_day_and_source_and_nobody_who_recorded_it(patient):
    found = state(patient, CARE)

    assert (found.allowed, found.source, found.answered_on) == (True, "registration", today(ZONE))
    assert found.recorded_at == patient.created_at
    assert found.recorded_by is None


def test_the_day_of_a_registration_is_that_of_the_clinic():
    with time_machine.travel(datetime(2026, 7, 1, 23, 30, tzinfo=UTC), tick=False):
        patient = somebody()

    assert state(patient, CARE).answered_on == date(2026, 7, 2)


def test_what_a_patient_answers_when_registering_is_recorded_with_source_and_person():
    with as_actor("cli:desk"):
        patient = a_patient(consent={SMS: True, CARE: False})

    found = state(patient, SMS)
    assert (found.state, found.source, found.answered_on) == ("yes", "registration-form", today(ZONE))
    assert found.recorded_by == "cli:desk"
    assert (state(patient, CARE).state, state(patient, CARE).allowed) == ("no", False)
    assert consent_service.get(patient.id).version == 1


@pytest.mark.both_databases
def test_an_answer_is_recorded_with_source_day_note_and_person(patient):
    day = today(ZONE) - timedelta(days=9)
    with as_actor("cli:desk"):
        consent = record(patient, {NEWS: True}, source="signed-form", answered_on=day, note="page 2")

    found = state(patient, NEWS)
    assert (found.state, found.source, found.answered_on, found.note) == ("yes", "signed-form", day, "page 2")
    assert found.recorded_by == "cli:desk"
    assert consent.version == 2


def test_only_what_changes_gets_an_entry(patient):
    record(patient, {SMS: True, NEWS: False})

    again = record(patient, {SMS: True, NEWS: False, CARE: True})

    assert again.version == 3
    assert [(entry.purpose, entry.state) for entry in consent_service.history(patient.id).rows] == [
        ("care", "yes"),
        ("news", "no"),
        ("reminders", "yes"),
    ]


def test_a_save_without_a_change_leaves_the_version(patient):
    assert record(patient, {SMS: True}).version == record(patient, {SMS: True}).version == 2


@pytest.mark.both_databases
def test_the_history_keeps_every_answer_and_the_latest_one_counts(patient):
    for answer in (True, False, True):
        record(patient, {SMS: answer})

    history = consent_service.history(patient.id).rows
    assert [(entry.state, entry.is_current) for entry in history] == [
        ("yes", True),
        ("withdrawn", False),
        ("yes", False),
    ]
    assert state(patient, SMS).allowed


def test_each_answer_is_audited_once_under_the_patient(app, patient):
    record(patient, {SMS: True})
    record(patient, {SMS: False})

    entries = [entry for entry in rows(app, "audit_entries") if entry["record"] == "consent_answers"]
    assert [(entry["action"], entry["patient_id"]) for entry in entries] == [("created", patient.id)] * 2
    assert entries[1]["changes"].items() >= {"state": [None, "withdrawn"], "purpose": [None, "reminders"]}.items()


def test_an_old_yes_does_not_revive_what_was_withdrawn_later(patient):
    record(patient, {NEWS: True})
    record(patient, {NEWS: False})

    with pytest.raises(InvalidConsent, match="news by email") as refused:
        record(patient, {NEWS: True}, source="signed-form", answered_on=today(ZONE) - timedelta(days=30))

    assert "answered_on" in refused.value.problems
    assert state(patient, NEWS).state == "withdrawn"


def test_a_stale_change_is_refused(patient):
    opened = consent_service.get(patient.id).version
    record(patient, {SMS: True})

    with pytest.raises(StaleVersion):
        record(patient, {NEWS: True}, version=opened)

    assert state(patient, NEWS).state == "not-asked"


@pytest.mark.slow
@pytest.mark.both_databases
def test_of_two_changes_of_one_version_at_once_one_is_refused(patient, at_once):
    def change(number):
        consent_service.record(patient.id, {TOPICS[number]: True}, version=1, source="phone")

    failures = at_once(4, change)

    assert sum(isinstance(failure, StaleVersion) for failure in failures) == 3
    assert len(consent_service.history(patient.id).rows) == 1


@pytest.mark.slow
@pytest.mark.both_databases
def test_changes_at_once_without_a_version_leave_one_current_answer_each(app, patient, at_once):
    failures = at_once(4, lambda number: record(patient, {SMS: number % 2 == 0}))

    assert failures == [None] * 4
    assert sum(row["is_current"] for row in rows(app, "consent_answers")) == 1


@pytest.mark.both_databases
def test_the_database_refuses_two_current_answers_about_the_same(patient):
    record(patient, {SMS: True})
    [stored] = consent_service.history(patient.id).rows
    table = Base.metadata.tables["consent_answers"]
    copy = {column.key: getattr(stored, column.key) for column in table.columns}

    with pytest.raises(IntegrityError), db.engine.begin() as connection:
        connection.execute(insert(table), copy | {"id": uuid4(), "change": 7})


def test_an_answer_that_was_undone_stands_in_the_way_of_no_earlier_one(patient):
    yesterday = today(ZONE) - timedelta(days=1)
    record(patient, {SMS: False})
    consent_service.undo(patient.id)

    consent = consent_service.withdraw_all(patient.id, answered_on=yesterday)

    assert not any(one.allowed for one in consent.answers)


def test_withdrawing_all_refuses_every_topic_and_marks_what_was_allowed(patient):
    record(patient, {SMS: True})

    consent = consent_service.withdraw_all(patient.id)

    assert not any(one.allowed for one in consent.answers)
    assert {topic for topic, one in consent.states.items() if one == "withdrawn"} == {CARE, REMIND, SMS}
    assert set(consent.states.values()) == {"withdrawn", "no"}


def test_consent_is_withdrawn_after_the_clocks_of_the_clinic_were_put_back_by_a_day(patient):
    with time_machine.travel(datetime(2026, 12, 1, 3, tzinfo=UTC), tick=False):
        record(patient, {NEWS: True})
        clinic_service.update(version=None, zone="America/Los_Angeles")

        consent = consent_service.withdraw_all(patient.id)

    assert not any(one.allowed for one in consent.answers)


@pytest.mark.slow
@pytest.mark.both_databases
def test_undoing_a_withdrawal_restores_each_state_with_its_source_and_day(patient):
    day = date(2026, 1, 5)
    record(patient, {SMS: True}, source="signed-form", answered_on=day)
    before = consent_service.get(patient.id).states
    consent_service.withdraw_all(patient.id)

    consent = consent_service.undo(patient.id, version=3)

    assert consent.states == before
    assert (state(patient, SMS).source, state(patient, SMS).answered_on) == ("signed-form", day)
    assert (state(patient, CARE).source, state(patient, CARE).note) == ("registration", "Change undone")
    assert len(consent_service.history(patient.id).rows) == 1 + 2 * len(TOPICS)


def test_a_change_is_undone_for_ten_minutes_only(patient):
    consent_service.withdraw_all(patient.id)

    with time_machine.travel(now() + timedelta(minutes=11)), pytest.raises(ConsentNotUndoable):
        consent_service.undo(patient.id)

    assert not state(patient, CARE).allowed


@pytest.mark.parametrize("consent", [{}, {CARE: False}])
def test_the_answers_of_a_registration_are_not_undone(consent):
    with pytest.raises(ConsentNotUndoable):
        consent_service.undo(a_patient(consent=consent).id)


def test_a_refusal_at_registration_is_no_assumption_of_the_history():
    refused, unasked = a_patient(consent={CARE: False}), somebody()
    record(unasked, {CARE: False})

    assert [one.purpose for one in consent_service.assumed(refused.id)] == ["reminders"]
    assert [one.purpose for one in consent_service.assumed(unasked.id)] == ["care", "reminders"]


def test_the_consent_of_another_clinics_patient_is_that_of_nobody(other_clinic, here, patient):
    patient_id = patient.id
    with here(other_clinic.id):
        for ask in (
            consent_service.get,
            consent_service.history,
            consent_service.assumed,
            consent_service.withdraw_all,
            consent_service.undo,
            lambda one: consent_service.state(one, *CARE),
        ):
            with pytest.raises(PatientNotFound):
                ask(patient_id)
