"""Messages about an appointment wait half a minute, so that undoing it sends nothing, and a move is one message."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import time_machine

from clinic.appointments.service import appointment_service
from clinic.core.jobs import run_due_jobs
from clinic.identity.clinics import clinic_service
from tests.assertions import rows
from tests.builders import a_patient, an_appointment, somebody
from tests.smtp_server import Mailbox

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
START = NOON + timedelta(days=2)
CONFIRMED, CHANGED, CANCELLED = "", " has changed", " is cancelled"


@pytest.fixture
def clock(app, monkeypatch):
    monkeypatch.setitem(app.config, "MESSAGE_DELAY_SECONDS", 30)
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def sent(clock, mailbox: Mailbox):
    """Let some seconds pass, run the worker, and return what has arrived since the last time: `sent(30)`."""
    seen = 0

    def after(seconds):
        nonlocal seen
        clock.shift(timedelta(seconds=seconds))
        run_due_jobs()
        subjects = [message["Subject"].partition("Clínica São João")[2] for message in mailbox.messages]
        new, seen = subjects[seen:], len(subjects)
        return new

    return after


@pytest.fixture
def appointment(sent):
    """An appointment, whose confirmation waits."""
    return an_appointment(somebody(language="en"), starts_at=START)


def states(app):
    found = [row for row in rows(app, "notifications") if row["kind"] != "reminder"]
    return [(row["kind"], row["state"], row["reason"]) for row in found]


def move(appointment, hours):
    appointment_service.reschedule(appointment.id, starts_at=START + timedelta(hours=hours))


@pytest.mark.slow
def test_a_confirmation_waits_for_half_a_minute(appointment, sent):
    assert (sent(29), sent(1), sent(60)) == ([], [CONFIRMED], [])


@pytest.mark.slow
def test_a_confirmation_waits_anew_while_a_cancellation_can_be_undone(appointment, sent):
    sent(20)
    appointment_service.cancel(appointment.id)
    assert sent(20) == []
    appointment_service.undo(appointment.id)

    assert (sent(29), sent(1), sent(60)) == ([], [CONFIRMED], [])


@pytest.mark.slow
def test_a_booking_that_is_undone_sends_nothing(app, appointment, sent):
    sent(20)
    appointment_service.undo(appointment.id)

    assert sent(60) == []
    assert states(app) == [("confirmation", "suppressed", "undone")]


@pytest.mark.slow
def test_a_booking_that_is_undone_after_its_confirmation_is_taken_back_by_mail(appointment, sent):
    sent(31)
    appointment_service.undo(appointment.id)

    assert sent(31) == [CANCELLED]


@pytest.mark.slow
def test_a_move_is_one_message_and_no_cancellation(appointment, sent, mailbox):
    sent(31)
    move(appointment, 1)
    move(appointment, 2)

    assert sent(31) == [CHANGED]
    assert "14:00" in mailbox.messages[-1].get_body(("plain",)).get_content()


@pytest.mark.slow
def test_a_booking_that_is_moved_at_once_is_confirmed_once_at_its_new_time(appointment, sent, mailbox):
    sent(20)
    move(appointment, 3)

    assert (sent(29), sent(1), sent(60)) == ([], [CONFIRMED], [])
    assert "15:00" in mailbox.messages[-1].get_body(("plain",)).get_content()


@pytest.mark.slow
def test_a_move_that_is_undone_sends_nothing_and_one_that_was_announced_is_announced_again(app, appointment, sent):
    sent(31)
    move(appointment, 1)
    appointment_service.undo(appointment.id)
    assert sent(60) == []
    assert states(app)[1:] == [("change", "suppressed", "undone")]

    move(appointment, 2)
    assert sent(60) == [CHANGED]
    appointment_service.undo(appointment.id)
    assert sent(60) == [CHANGED]


@pytest.mark.slow
def test_of_two_moves_the_first_is_announced_if_the_second_is_undone(appointment, sent, mailbox):
    sent(31)
    move(appointment, 1)
    sent(20)
    move(appointment, 2)
    sent(20)
    appointment_service.undo(appointment.id)

    assert sent(60) == [CHANGED]
    assert "13:00" in mailbox.messages[-1].get_body(("plain",)).get_content()


@pytest.mark.slow
def test_a_cancellation_that_is_undone_sends_nothing_and_one_that_was_sent_is_followed_by_a_confirmation(
    app, appointment, sent
):
    sent(31)
    appointment_service.cancel(appointment.id)
    appointment_service.undo(appointment.id)
    assert sent(60) == []
    assert states(app)[1:] == [("cancellation", "suppressed", "undone")]

    appointment_service.cancel(appointment.id)
    assert sent(60) == [CANCELLED]
    appointment_service.undo(appointment.id)
    assert sent(60) == [CONFIRMED]


@pytest.mark.slow
def test_a_changed_note_does_not_keep_the_confirmation_back(appointment, sent):
    appointment_service.update(appointment.id, note="Needs a lift")

    assert sent(31) == [CONFIRMED]


@pytest.mark.slow
def test_a_move_that_is_followed_by_a_cancellation_is_not_announced(app, appointment, sent):
    sent(31)
    move(appointment, 1)
    appointment_service.cancel(appointment.id)

    assert sent(31) == [CANCELLED]
    assert states(app)[1][:2] == ("change", "suppressed")


@pytest.mark.slow
def test_nobody_is_written_to_about_a_walk_in_or_a_past_visit(app, clock, sent):
    patient, practitioner = a_patient(), an_appointment(starts_at=START).practitioner_id
    people: dict[str, Any] = {"patient_id": patient.id, "practitioner_id": practitioner}
    appointment_service.walk_in(**people, starts_at=NOON, ends_at=NOON + timedelta(minutes=30))
    past = NOON - timedelta(days=1)
    visit = appointment_service.record_past(**people, starts_at=past, ends_at=past + timedelta(minutes=30))
    appointment_service.undo(visit.id)

    assert {row["kind"] for row in rows(app, "notifications") if row["patient_id"] == patient.id} == {"welcome"}


@pytest.mark.slow
def test_a_message_that_waits_while_the_time_zone_changes_shows_the_same_local_time(appointment, sent, mailbox):
    clinic_service.update(version=None, zone="Europe/Madrid")

    assert sent(30) == [CONFIRMED]
    text = mailbox.messages[-1].get_body(("plain",)).get_content()
    assert "Wed 4 March 2026, 12:00" in text
    assert sent(3600) == []


@pytest.mark.slow
def test_a_message_about_a_cancelled_appointment_shows_the_local_time_that_it_had(appointment, sent, mailbox):
    sent(30)
    appointment_service.cancel(appointment.id)
    clinic_service.update(version=None, zone="Europe/Madrid")

    assert sent(30) == [CANCELLED]
    assert "12:00" in mailbox.messages[-1].get_body(("plain",)).get_content()
