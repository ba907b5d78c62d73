"""Patients to call: those whom no message reached about a visit to come, and the results of the calls."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest

from clinic.appointments.service import appointment_service
from clinic.core.clock import now
from clinic.core.db import db
from clinic.notifications.calls import call_service
from clinic.notifications.errors import NotACall
from clinic.notifications.mail_worker import send_due
from clinic.notifications.service import notification_service
from tests.assertions import rows, spoken
from tests.builders import a_patient, a_practitioner, an_appointment, somebody
from tests.statements import counted_statements, of_rows

URL = "/api/v1/calls"


def refused(mailbox, starts_in=timedelta(days=1), **fields):
    """Book an appointment whose confirmation the mail server refuses."""
    mailbox.answers["RCPT"] = "550 Unknown"
    appointment = an_appointment(somebody(**fields), starts_at=now() + starts_in)
    send_due()
    mailbox.answers.clear()
    return appointment


@pytest.fixture
def visit(client, here, mailbox):
    """The id of a visit of which the patient does not know, as the mail server refused the confirmation."""
    with here():
        return refused(mailbox, phone="+351927555301").id


def listed():
    """Return the ids of the visits to call about, read anew."""
    db.session.commit()
    return [one.appointment.id for one in call_service.list()]


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_patients_whom_no_message_reached_are_listed_the_earliest_visit_first(mailbox):
    later, sooner = refused(mailbox, timedelta(days=3)), refused(mailbox, timedelta(days=1))
    an_appointment(starts_at=now() + timedelta(days=2))
    send_due()

    assert listed() == [sooner.id, later.id]
    assert call_service.count() == 2


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("agreed", [True, False])
def test_a_patient_without_an_address_is_listed_if_calls_are_agreed_to(mailbox, agreed):
    patient = a_patient(email=None, phone="+351927555301", consent={("reminders", "phone"): agreed})
    appointment = an_appointment(patient, starts_at=now() + timedelta(days=1))

    assert listed() == ([appointment.id] if agreed else [])


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_a_patient_who_does_not_agree_to_email_but_to_calls_is_listed(mailbox):
    patient = a_patient(consent={("care", "email"): False, ("care", "phone"): True})
    appointment = an_appointment(patient, starts_at=now() + timedelta(days=1))
    send_due()

    assert listed() == [appointment.id]


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_a_patient_leaves_the_list_when_a_message_arrives(app, mailbox):
    appointment = refused(mailbox)
    [failed] = [row for row in rows(app, "notifications") if row["state"] == "failed" and row["kind"] == "confirmation"]

    notification_service.retry(failed["id"])
    send_due()

    assert listed() == []
    assert appointment_service.get(appointment.id).confirmed_at is None


@pytest.mark.usefixtures("inside")
@pytest.mark.parametrize("starts_in", [timedelta(minutes=-5), timedelta(days=15)])
def test_visits_that_began_or_are_far_away_are_not_listed(mailbox, starts_in):
    refused(mailbox, starts_in)

    assert listed() == []


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_who_will_come_has_confirmed_the_visit_and_leaves_the_list(mailbox):
    appointment = refused(mailbox)

    call_service.record(appointment.id, result="will-come")

    assert listed() == []
    assert appointment_service.get(appointment.id).confirmed_at is not None


@pytest.mark.slow
@pytest.mark.usefixtures("inside")
def test_calls_without_an_answer_are_counted(mailbox):
    appointment = refused(mailbox)

    for _ in range(2):
        call_service.record(appointment.id, result="no-answer")

    [one] = call_service.list()
    assert one.tries == 2


@pytest.mark.usefixtures("inside")
def test_no_call_is_recorded_about_a_visit_that_is_over(mailbox):
    over = an_appointment(starts_at=now() - timedelta(days=1))

    with pytest.raises(NotACall):
        call_service.record(over.id, result="no-answer")


@pytest.mark.slow
def test_the_page_shows_number_reason_and_results_and_the_navigation_counts(client, visit):
    page = spoken(client.get("/messages/to-call").text)

    assert "Messages 1 to call" in page
    assert "+351927555301" in page
    assert "the mail server refused the address or the message (550)" in page
    assert "Will come Can’t come… No answer" in page


def test_the_page_records_a_result(app, client, visit):
    response = client.submit(f"/messages/to-call/{visit}", result="will-come")

    assert (response.status_code, response.location) == (303, "/messages/to-call")
    page = spoken(client.get("/messages/to-call").text)
    assert "Nobody to call" in page
    assert "Will come Administrator Person" in page
    assert [row["result"] for row in rows(app, "calls")] == ["will-come"]


def test_of_a_patient_who_can_not_come_the_form_to_cancel_comes_next(client, visit):
    response = client.submit(f"/messages/to-call/{visit}", result="cant-come")

    assert response.location == f"/appointments/{visit}#cancel"


def test_a_result_that_makes_no_sense_is_refused(client, visit):
    assert client.submit(f"/messages/to-call/{visit}", result="maybe").status_code == 422
    assert client.submit(f"/messages/to-call/{uuid4()}", result="no-answer").status_code == 404
    assert client.post(f"{URL}/{visit}/results", json={"result": "maybe"}).status_code == 422


def test_the_count_in_the_navigation_is_read_anew_after_a_result_but_not_after_a_refused_one(app, client, visit):
    def asked(result, status):
        assert client.submit(f"/messages/to-call/{visit}", result=result).status_code == status
        with counted_statements(app) as seen:
            assert client.get("/account").status_code == 200
        return any("count(" in statement and "calls" in statement for statement in seen)

    assert asked("no-answer", 303)
    assert not asked("maybe", 422)


@pytest.mark.slow
def test_contact_data_is_hidden_without_the_permission(client, become, visit):
    become("receptionist", "patients:contact")

    assert "+351927555301" not in client.get("/messages/to-call").text


@pytest.mark.slow
def test_json_lists_and_records_calls(client, visit):
    [one] = client.get(URL).json["data"]
    response = client.post(f"{URL}/{visit}/results", json={"result": "will-come", "note": "Spoke to the daughter"})

    assert (one["appointment_id"], one["phone"], one["tries"]) == (str(visit), "+351927555301", 0)
    assert (response.status_code, response.json["note"]) == (201, "Spoke to the daughter")
    assert client.get(URL).json["data"] == []


def test_the_command_lists_and_records_calls(run, visit):
    [one] = json.loads(run("notifications", "calls", "--json").stdout)
    result = run("notifications", "record-call", visit, "no-answer", "--json")

    assert one["appointment_id"] == str(visit)
    assert json.loads(result.stdout)["result"] == "no-answer"
    assert json.loads(run("notifications", "calls", "--json").stdout)[0]["tries"] == 1


@pytest.mark.slow
def test_the_pages_take_few_statements(app, client, here, mailbox, visit):
    with here():
        practitioner = a_practitioner()
        for day in range(2, 6):
            refused(mailbox, timedelta(days=day))
        an_appointment(somebody(), practitioner, now() + timedelta(days=1, hours=2))
    for url, most in (("/messages/to-call", 12), ("/messages", 12), (URL, 4)):
        client.get(url)
        with counted_statements(app) as seen:
            assert client.get(url).status_code == 200
        assert len(of_rows(seen)) <= most, (url, len(of_rows(seen)))


def test_a_call_is_in_the_audit_trail(app, client, visit):
    client.post(f"{URL}/{visit}/results", json={"result": "no-answer"})

    assert [row["changes"]["result"] for row in rows(app, "audit_entries") if row["record"] == "calls"] == [
        [None, "no-answer"]
    ]
