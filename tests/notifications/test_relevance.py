"""A message that is not true any more is not sent: checked when it is queued, and before every attempt."""

from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import update

from clinic.appointments.service import appointment_service
from clinic.billing.service import billing_service
from clinic.core.db import Base, db
from clinic.core.ids import new_id
from clinic.core.jobs import run_due_jobs
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from clinic.patients.service import consent_service
from tests.assertions import rows
from tests.billing.invoices import an_invoice, euros
from tests.builders import a_patient, an_appointment, somebody

pytestmark = pytest.mark.usefixtures("inside")

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
TOMORROW = NOON + timedelta(days=1)


@pytest.fixture
def clock():
    with time_machine.travel(NOON, tick=False) as traveller:
        yield traveller


@pytest.fixture
def appointment(clock, mailbox):
    """An appointment tomorrow; its confirmation is queued."""
    return an_appointment(somebody(language="en"), starts_at=TOMORROW)


def outcomes(app):
    return [(row["kind"], row["state"], row["reason"]) for row in rows(app, "notifications")]


def subjects(mailbox):
    return [message["Subject"] for message in mailbox.messages]


def set_columns(table, **values):
    """Change every row of a table, past its service."""
    with db.engine.begin() as connection:
        connection.execute(update(Base.metadata.tables[table]).values(**values))
    db.session.expire_all()


@pytest.mark.slow
def test_a_confirmation_that_was_refused_for_now_is_not_sent_after_the_cancellation(app, appointment, mailbox, clock):
    mailbox.answers["RCPT"] = "451 Try again"
    send_due()
    mailbox.answers.clear()
    appointment_service.cancel(appointment.id)

    clock.shift(timedelta(hours=1))
    send_due()

    assert subjects(mailbox) == ["Your appointment at Clínica São João is cancelled"]
    assert outcomes(app) == [
        ("confirmation", "suppressed", "the appointment was cancelled"),
        ("cancellation", "sent", None),
    ]


@pytest.fixture
def cancel_at_handover(appointment, monkeypatch):
    """Cancel the appointment, and let another worker look for mail, before or after the confirmation is handed over."""
    record_handover = notification_queue.record_handover

    def begin(when):
        def record(row, mail):
            for step in ("before", "handover", "after"):
                if step == "handover":
                    record_handover(row, mail)
                elif step == when and row.kind == "confirmation":
                    appointment_service.cancel(appointment.id)
                    send_due()

        monkeypatch.setattr(notification_queue, "record_handover", record)

    return begin


def test_a_confirmation_that_becomes_untrue_before_its_hand_over_is_not_sent(app, mailbox, clock, cancel_at_handover):
    cancel_at_handover("before")

    send_due()
    clock.shift(timedelta(minutes=1))
    send_due()

    assert subjects(mailbox) == ["Your appointment at Clínica São João is cancelled"]
    assert outcomes(app) == [
        ("confirmation", "suppressed", "the appointment was cancelled"),
        ("cancellation", "sent", None),
    ]


@pytest.mark.slow
@pytest.mark.both_databases
def test_a_cancellation_waits_until_the_confirmation_that_is_handed_over_has_arrived(
    mailbox, clock, cancel_at_handover
):
    cancel_at_handover("after")

    send_due()
    during = subjects(mailbox)
    clock.shift(timedelta(minutes=1))
    send_due()

    assert during == ["Your appointment at Clínica São João"]
    assert subjects(mailbox) == [*during, "Your appointment at Clínica São João is cancelled"]


@pytest.mark.slow
@pytest.mark.both_databases
@pytest.mark.breadth
@pytest.mark.parametrize("minutes", [-1, 1])
def test_a_cancellation_waits_for_a_confirmation_only_while_its_lease_runs(app, appointment, mailbox, clock, minutes):
    ends = NOON + timedelta(minutes=minutes)
    set_columns("notifications", state="sending", attempts=1, lease=new_id(), leased_until=ends)
    appointment_service.cancel(appointment.id)

    send_due()

    assert len(mailbox.messages) == (1 if minutes < 0 else 0)
    assert [state for _, state, _ in outcomes(app)] == (
        ["suppressed", "sent"] if minutes < 0 else ["sending", "queued"]
    )


@pytest.mark.slow
def test_a_patient_who_wants_no_messages_any_more_gets_none_that_is_not_handed_over(
    app, appointment, mailbox, monkeypatch
):
    record_handover = notification_queue.record_handover

    def withdraw_consent(row, mail):
        consent_service.withdraw_all(row.patient_id)
        record_handover(row, mail)

    monkeypatch.setattr(notification_queue, "record_handover", withdraw_consent)
    send_due()

    assert mailbox.messages == []
    assert outcomes(app) == [("confirmation", "suppressed", "no consent to care messages by email: withdrawn")]


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("state", ["failed", "unknown"])
def test_a_cancellation_does_not_wait_for_a_confirmation_that_was_given_up(app, appointment, mailbox, state):
    set_columns("notifications", state=state)
    appointment_service.cancel(appointment.id)

    send_due()

    assert subjects(mailbox) == ["Your appointment at Clínica São João is cancelled"]


@pytest.mark.slow
def test_an_appointment_that_has_begun_is_neither_confirmed_nor_cancelled_by_mail(app, appointment, mailbox, clock):
    mailbox.answers["RCPT"] = "451 Try again"
    send_due()
    mailbox.answers.clear()

    clock.move_to(TOMORROW)
    send_due()

    assert outcomes(app) == [("confirmation", "suppressed", "the appointment is in the past")]


@pytest.mark.slow
def test_a_cancellation_that_could_not_be_sent_in_time_is_not_sent(app, appointment, mailbox, clock):
    send_due()
    appointment_service.cancel(appointment.id)

    clock.move_to(TOMORROW)
    send_due()

    assert subjects(mailbox) == ["Your appointment at Clínica São João"]
    assert outcomes(app)[1] == ("cancellation", "suppressed", "the appointment is in the past")


@pytest.mark.slow
@pytest.mark.breadth
@pytest.mark.parametrize("starts_at", [NOON, NOON - timedelta(days=3)])
def test_booking_and_cancelling_a_past_appointment_writes_nothing_to_the_patient(app, clock, mailbox, starts_at):
    appointment = an_appointment(a_patient(), starts_at=starts_at)
    appointment_service.cancel(appointment.id)

    states = outcomes(app)[1:]
    run_due_jobs()

    assert states == outcomes(app)[1:]
    assert states == [
        ("confirmation", "suppressed", "the appointment is in the past"),
        ("cancellation", "suppressed", "the appointment is in the past"),
    ]
    assert len(mailbox.messages) == 1


@pytest.mark.breadth
@pytest.mark.parametrize("status", ["arrived", "noshow"])
def test_a_confirmation_of_an_appointment_that_is_not_to_come_any_more_is_not_sent(app, appointment, mailbox, status):
    set_columns("appointments", status=status)

    send_due()

    assert outcomes(app) == [("confirmation", "suppressed", "the appointment has been changed")]


@pytest.mark.slow
def test_a_cancellation_of_an_appointment_that_is_booked_again_is_not_sent(app, appointment, mailbox):
    appointment_service.cancel(appointment.id)
    set_columns("appointments", status="booked", cancel_reason=None)

    send_due()

    assert outcomes(app)[1] == ("cancellation", "suppressed", "the appointment is not cancelled any more")


def test_a_receipt_of_an_invoice_that_is_not_paid_any_more_is_not_sent(app, clock, mailbox):
    billing_service.record_payment(an_invoice(somebody()).id, amount=euros(5000), method="cash")
    set_columns("invoices", status="issued", paid_minor=0)

    send_due()

    assert outcomes(app) == [("receipt", "suppressed", "the invoice is not paid any more")]
