"""Reminders are planned when a visit is booked, follow what happens to it, and are sent once, at the right time."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import update

from clinic.appointments.service import appointment_service
from clinic.core.context import as_actor
from clinic.core.db import Base, db
from clinic.notifications.mail_worker import send_due
from clinic.notifications.planning import HORIZON
from clinic.notifications.planning_job import plan_due
from clinic.notifications.settings import settings_service
from clinic.patients.service import consent_service
from tests.appointments.schedule import a_service
from tests.assertions import rows
from tests.builders import a_practitioner, an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""A Monday, in Lisbon too."""

VISIT = NOON + timedelta(days=7)
TWO_DAYS, THREE_HOURS = 2880, 180


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def appointment(clock):
    """A visit in a week, whose reminder is planned two days before."""
    return an_appointment(starts_at=VISIT)


def reminders(app, kind="reminder"):
    """Return the reminders: minutes before, state, reason and how long before the visit each is due."""
    found = [row for row in rows(app, "notifications") if row["kind"] == kind]
    return [(row["offset_minutes"], row["state"], row["reason"]) for row in found]


def due_times(app):
    return [row["due_at"] for row in rows(app, "notifications") if row["kind"] == "reminder"]


def subjects(mailbox):
    return [message["Subject"] for message in mailbox.messages]


def sent(app, kind="reminder"):
    return [row for row in rows(app, "notifications") if row["kind"] == kind and row["state"] == "sent"]


def set_columns(table, **values):
    with db.engine.begin() as connection:
        connection.execute(update(Base.metadata.tables[table]).values(**values))
    db.session.expire_all()


def booked_for(service):
    """Book a visit in a week for a service."""
    return appointment_service.create(
        patient_id=somebody().id,
        practitioner_id=a_practitioner(service.name).id,
        service_id=service.id,
        starts_at=VISIT,
        ends_at=VISIT + timedelta(minutes=30),
        overbook_reason="Written down later",
    )


def test_a_reminder_is_planned_when_a_visit_is_booked(app, appointment):
    assert reminders(app) == [(TWO_DAYS, "queued", None)]
    assert due_times(app) == [VISIT - timedelta(days=2)]


def test_planning_again_changes_nothing(app, appointment):
    before = rows(app, "notifications")

    assert plan_due() == 0
    assert rows(app, "notifications") == before


def test_a_visit_that_was_booked_before_there_were_reminders_is_planned_by_the_job(app, clock):
    settings_service.update(version=1, reminder_offsets=[])
    an_appointment(starts_at=VISIT)
    assert reminders(app) == []

    settings_service.update(version=2, reminder_offsets=[TWO_DAYS, THREE_HOURS])
    plan_due()

    assert reminders(app) == [(offset, "queued", None) for offset in (THREE_HOURS, TWO_DAYS)]


def test_a_visit_far_ahead_is_planned_when_it_comes_near(app, clock):
    an_appointment(starts_at=NOON + HORIZON + timedelta(days=3))
    assert reminders(app) == []

    clock.shift(timedelta(days=2))
    assert plan_due() == 1

    assert reminders(app) == [(TWO_DAYS, "queued", None)]


@pytest.mark.slow
def test_a_move_drops_the_planned_reminder_and_plans_another(app, appointment):
    appointment_service.reschedule(appointment.id, starts_at=VISIT + timedelta(days=1), overbook_reason="Moved")

    assert reminders(app) == [(TWO_DAYS, "suppressed", "the appointment was moved"), (TWO_DAYS, "queued", None)]
    assert due_times(app)[1] == VISIT - timedelta(days=1)


@pytest.mark.slow
def test_a_cancellation_drops_the_reminder_and_its_undo_plans_it_again(app, appointment):
    appointment_service.cancel(appointment.id)
    assert reminders(app) == [(TWO_DAYS, "suppressed", "the appointment was cancelled")]

    appointment_service.undo(appointment.id)

    assert [state for _, state, _ in reminders(app)] == ["suppressed", "queued"]


@pytest.mark.slow
def test_an_arrival_drops_the_reminder_and_its_undo_plans_it_again(app, appointment):
    appointment_service.arrive(appointment.id)
    assert reminders(app) == [(TWO_DAYS, "suppressed", "the appointment has been changed")]

    appointment_service.undo(appointment.id)
    plan_due()

    assert [state for _, state, _ in reminders(app)] == ["suppressed", "queued"]


def test_a_visit_booked_after_its_reminder_was_due_is_not_reminded_of(app, clock):
    an_appointment(starts_at=NOON + timedelta(days=1))

    plan_due()

    assert reminders(app) == []


@pytest.mark.slow
def test_a_reminder_that_is_late_is_caught_up_but_not_after_the_start(app, appointment, mailbox, clock):
    other = an_appointment(starts_at=VISIT + timedelta(days=1))
    clock.move_to(VISIT + timedelta(minutes=1))

    send_due()

    assert [
        (row["about_id"], row["state"], row["reason"])
        for row in rows(app, "notifications")
        if row["kind"] == "reminder"
    ] == [
        (appointment.id, "suppressed", "the appointment is in the past"),
        (other.id, "sent", None),
    ]


@pytest.mark.slow
def test_two_reminders_that_are_late_together_are_sent_once(app, clock, mailbox):
    settings_service.update(version=1, reminder_offsets=[TWO_DAYS, THREE_HOURS])
    an_appointment(starts_at=VISIT)
    clock.move_to(VISIT - timedelta(hours=2))

    send_due()

    assert [row["offset_minutes"] for row in sent(app)] == [THREE_HOURS]
    assert (TWO_DAYS, "suppressed", "a later reminder of this visit is due too") in reminders(app)


def test_a_late_reminder_waits_for_the_end_of_quiet_hours(app, appointment, mailbox, clock):
    night = datetime(2026, 3, 8, 2, tzinfo=UTC)
    clock.move_to(night)
    send_due()
    waiting = [row for row in rows(app, "notifications") if row["kind"] == "reminder"]

    clock.move_to(night.replace(hour=8))
    plan_due()
    send_due()

    assert [(row["state"], row["attempts"], row["due_at"]) for row in waiting] == [("queued", 0, night.replace(hour=8))]
    assert len(sent(app)) == 1


@pytest.mark.slow
def test_a_confirmation_does_not_wait_for_the_end_of_quiet_hours(app, mailbox, clock):
    clock.move_to(NOON.replace(hour=23))
    an_appointment(starts_at=VISIT)

    send_due()

    assert len(sent(app, "confirmation")) == 1


def test_consent_is_asked_when_the_reminder_is_sent(app, appointment, mailbox, clock):
    consent_service.withdraw_all(appointment.patient_id)
    clock.move_to(VISIT - timedelta(days=2))

    send_due()

    assert reminders(app) == [(TWO_DAYS, "suppressed", "no consent to reminders by email: withdrawn")]


def test_a_patient_without_an_address_has_a_planned_reminder_that_says_why_it_is_not_sent(app, mailbox, clock):
    an_appointment(somebody(email=None), starts_at=VISIT)
    clock.move_to(VISIT - timedelta(days=2))

    send_due()

    assert reminders(app) == [(TWO_DAYS, "suppressed", "the patient has no email address any more")]


@pytest.mark.slow
def test_imported_visits_are_not_reminded_of(app, clock):
    with as_actor("import:old-system"):
        an_appointment(starts_at=VISIT)
        an_appointment(starts_at=NOON + HORIZON + timedelta(days=3))

    clock.shift(timedelta(days=2))
    plan_due()

    assert reminders(app) == [(TWO_DAYS, "suppressed", "imported")] * 2


def test_a_change_of_the_settings_plans_anew(app, appointment, clock):
    settings_service.update(version=1, reminder_offsets=[THREE_HOURS])

    plan_due()

    assert reminders(app) == [
        (TWO_DAYS, "suppressed", "the clinic's settings of messages were changed"),
        (THREE_HOURS, "queued", None),
    ]
    assert plan_due() == 0


def test_a_change_of_the_quiet_hours_moves_what_waits(app, clock):
    an_appointment(starts_at=VISIT.replace(hour=20))
    settings_service.update(version=1, quiet_from=19 * 60)

    plan_due()

    assert due_times(app) == [VISIT.replace(hour=8) - timedelta(days=1)]


def test_a_service_has_reminders_of_its_own_or_none(app, clock):
    often, never = a_service("Operation"), a_service("Blood test")
    settings_service.update(version=1, service_reminders={often.id: [TWO_DAYS, THREE_HOURS], never.id: []})

    for service in (often, never):
        booked_for(service)

    assert reminders(app) == [(offset, "queued", None) for offset in (THREE_HOURS, TWO_DAYS)]
    assert plan_due() == 0


def test_a_missed_visit_is_written_about_once_after_the_grace_time(app, appointment, mailbox, clock):
    clock.move_to(VISIT + timedelta(minutes=20))
    appointment_service.mark_no_show(appointment.id)
    assert reminders(app, "missed") == [(0, "queued", None)]

    send_due()
    appointment_service.undo(appointment.id)
    appointment_service.mark_no_show(appointment.id)
    plan_due()
    send_due()

    assert len(sent(app, "missed")) == 1


@pytest.mark.slow
def test_a_missed_visit_that_is_undone_in_time_is_not_written_about(app, appointment, mailbox, clock):
    clock.move_to(VISIT + timedelta(minutes=20))
    appointment_service.mark_no_show(appointment.id)
    appointment_service.undo(appointment.id)

    plan_due()
    send_due()

    assert reminders(app, "missed") == [(0, "suppressed", "the appointment is not marked as missed any more")]
