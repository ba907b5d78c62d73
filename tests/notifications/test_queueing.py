"""Queueing of messages by event handlers."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from clinic.core.context import as_actor
from clinic.core.db import Base, db
from clinic.core.events.context import handling
from clinic.core.events.models import StoredEvent
from clinic.core.jobs import run_due_jobs
from clinic.core.unit_of_work import deliver_due
from clinic.notifications.log import message_log
from clinic.notifications.service import NotificationNotFound, notification_service
from clinic.patients.service import patient_service
from tests.assertions import rows
from tests.builders import a_patient, an_appointment, somebody

pytestmark = [pytest.mark.both_databases, pytest.mark.usefixtures("inside")]


def queued(app):
    return [(row["kind"], row["state"]) for row in rows(app, "notifications")]


@pytest.mark.slow
def test_each_event_queues_its_message(app):
    appointment = an_appointment(a_patient(), starts_at=now() + timedelta(days=1))
    appointment_service.cancel(appointment.id)

    assert queued(app) == [("welcome", "queued"), ("confirmation", "queued"), ("cancellation", "queued")]
    assert [row["about_version"] for row in rows(app, "notifications")] == [1, 1, 2]
    assert [row["about_id"] for row in rows(app, "notifications")][1:] == [appointment.id] * 2


@pytest.mark.slow
def test_without_an_address_nothing_is_queued(app):
    appointment = an_appointment(somebody(email=None))
    appointment_service.cancel(appointment.id)

    assert queued(app) == []


@pytest.mark.slow
def test_an_event_that_is_delivered_twice_queues_one_message(app, mailbox):
    a_patient()
    with db.engine.begin() as connection:
        connection.execute(
            update(Base.metadata.tables["deliveries"]).values(state="retrying", lease=None, leased_until=None)
        )

    assert deliver_due() == 1

    assert queued(app) == [("welcome", "queued")]
    assert [row["state"] for row in rows(app, "deliveries")] == ["delivered"]
    run_due_jobs()
    assert len(mailbox.messages) == 1


def test_queueing_the_same_message_again_returns_the_queued_one(app):
    patient = a_patient()

    with handling(StoredEvent(type="patient.created", subject_version=7), depth=0):
        first = notification_service.queue("welcome", patient, about=patient.id)
        again = notification_service.queue("welcome", patient, about=patient.id)

    assert first
    assert again
    assert first.id == again.id
    assert len(queued(app)) == 2


@pytest.mark.slow
def test_imported_records_cause_no_message(app, mailbox):
    with as_actor("import:old-system"):
        appointment = an_appointment(a_patient())
        appointment_service.cancel(appointment.id)

    run_due_jobs()

    assert queued(app) == [(kind, "suppressed") for kind in ("welcome", "confirmation", "cancellation")]
    assert {row["reason"] for row in rows(app, "notifications")} == {"imported"}
    assert mailbox.messages == []


@pytest.mark.slow
def test_changing_a_patient_queues_nothing(app):
    patient = a_patient()

    patient_service.update(patient.id, version=1, family_name="Sousa")

    assert queued(app) == [("welcome", "queued")]


def test_a_message_of_another_clinic_is_not_found(here, other_clinic):
    with here(other_clinic.id):
        a_patient()
        [theirs] = message_log.list().rows

    with pytest.raises(NotificationNotFound):
        notification_service.get(theirs.id)
    assert message_log.list().rows == []
