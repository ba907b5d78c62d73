"""One message on its page, as JSON and by command; why none was sent; the cards on the pages of records."""

import json
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import update

from clinic.core.clock import now
from clinic.core.db import Base, db
from clinic.notifications.mail_worker import send_due
from clinic.notifications.writing.template_service import TemplateKey, template_service
from clinic.patients.service import consent_service
from tests.assertions import rows, spoken, title
from tests.builders import a_patient, an_appointment, somebody
from tests.statements import counted_statements, of_rows

URL = "/api/v1/notifications"


@pytest.fixture
def visit(client, here, mailbox):
    """The id of an appointment that was confirmed."""
    with here():
        appointment = an_appointment(somebody(language="en"), starts_at=now() + timedelta(days=2))
        send_due()
        return appointment.id


@pytest.fixture
def unclear(app, client, here, mailbox):
    """The id of a message of which it is unclear whether it was sent."""
    with here():
        a_patient()
        mailbox.hangs_up = True
        send_due()
        mailbox.hangs_up = False
    return rows(app, "notifications")[0]["id"]


def of_kind(app, kind):
    return next(row["id"] for row in rows(app, "notifications") if row["kind"] == kind)


@pytest.mark.slow
def test_the_page_shows_a_message_as_it_was_sent_and_its_attempts(app, client, visit):
    page = client.get(f"/messages/{of_kind(app, 'confirmation')}").text

    assert title(page).startswith("Message of")
    assert "Confirmation by email" in spoken(page)
    assert "As it was sent" in spoken(page)
    assert "Inês Pereira <ines@example.org>" in spoken(page)
    assert "250 OK" in spoken(page)
    assert "Others about this visit" not in spoken(page)


def test_the_page_shows_language_template_and_the_consent_that_allows_the_message(app, client, here, visit):
    address = f"/messages/{of_kind(app, 'confirmation')}"
    before = spoken(client.get(address).text)
    with here():
        template_service.save(
            TemplateKey("confirmation", "email", "en"), version=None, subject="A visit", text="{{greeting}}"
        )
        patient_id = rows(app, "patients")[0]["id"]
        consent_service.record(patient_id, {("care", "email"): False}, source="in-person")

    after = client.get(address).text

    assert "Language English Template Default text Consent Care messages by email: yes, by registration" in before
    assert "Template The clinic’s own text changed after this message," in spoken(after)
    assert "Consent Care messages by email: withdrawn" in spoken(after)
    assert 'href="/messages/templates/confirmation/email/en"' in after
    assert f'href="/patients/{patient_id}/consent"' in after


@pytest.mark.slow
@pytest.mark.row(93)
def test_tokens_in_links_are_hidden_wherever_a_message_is_shown(app, client, visit, mailbox):
    message = of_kind(app, "confirmation")
    page = client.get(f"/messages/{message}").text
    html, source = client.get(f"/messages/{message}/html").text, client.get(f"/messages/{message}?part=source").text
    stored = next(row for row in rows(app, "notifications") if row["id"] == message)

    tokens = _tokens(mailbox.messages[-1])
    assert tokens
    for token in tokens:
        for shown in (page, html, source, stored["body"], client.get(f"{URL}/{message}").text):
            assert token not in shown
    assert "••••••••" in page


def _tokens(message):
    """Return the tokens in the links of a mail."""
    text = message.get_body(("plain",)).get_content()
    words = [word for word in text.split() if word.startswith("http")]
    return [word.rpartition("/")[2] for word in words if len(word.rpartition("/")[2]) > 20]


@pytest.mark.slow
def test_the_html_of_a_message_has_its_own_page_that_runs_nothing(app, client, visit):
    response = client.get(f"/messages/{of_kind(app, 'confirmation')}/html")

    assert "sandbox" in response.headers["Content-Security-Policy"]
    assert "script-src" not in response.headers["Content-Security-Policy"]
    assert "<html" in response.text


@pytest.mark.slow
def test_a_message_that_was_not_sent_yet_is_shown_as_a_preview(app, client, here):
    with here():
        a_patient()
    page = spoken(client.get(f"/messages/{rows(app, 'notifications')[0]['id']}").text)

    assert "As it would be sent now Preview" in page
    assert "Waiting" in page
    assert rows(app, "notifications")[0]["body"] is None


@pytest.mark.slow
def test_a_failed_message_begins_with_what_can_be_done(app, client, here, mailbox):
    with here():
        a_patient(phone="+351927555301")
        mailbox.answers["RCPT"] = "550 5.1.1 No such user"
        send_due()
    page = spoken(client.get(f"/messages/{rows(app, 'notifications')[0]['id']}").text)

    assert "was not reached: the mail server refused the address or the message (550)" in page
    assert "Call +351927555301" in page
    assert "550 5.1.1 No such user" in page


@pytest.mark.slow
def test_an_unclear_message_that_arrived_is_sent_and_names_who_found_out(app, client, unclear):
    response = client.submit(f"/messages/{unclear}/resolve", outcome="arrived")

    page = spoken(client.get(f"/messages/{unclear}").text)
    assert response.status_code == 303
    assert "Sent" in page
    assert "it arrived, as somebody found out Administrator Person" in page
    assert rows(app, "notifications")[0]["state"] == "sent"


def test_an_unclear_message_is_sent_again_with_the_same_message_id(app, client, here, unclear, mailbox):
    response = client.submit(f"/messages/{unclear}/resolve", outcome="again")
    with here():
        send_due()

    assert response.status_code == 303
    assert [message["Message-ID"] for message in mailbox.messages] == [f"<{unclear}@127.0.0.1>"] * 2
    assert rows(app, "notifications")[0]["state"] == "sent"


def test_what_was_decided_already_is_not_decided_again(client, unclear):
    client.submit(f"/messages/{unclear}/resolve", outcome="arrived")

    assert client.submit(f"/messages/{unclear}/resolve", outcome="again").status_code == 409
    assert client.submit(f"/messages/{unclear}/resolve", outcome="maybe").status_code == 422
    assert client.post(f"{URL}/{unclear}/resolve", json={"outcome": "arrived"}).json["code"] == "not-unclear"
    assert client.submit(f"/messages/{unclear}/hold-back").status_code == 409


def test_a_message_that_waits_is_held_back(app, client, here, mailbox):
    with here():
        a_patient()
    message = rows(app, "notifications")[0]["id"]

    assert client.submit(f"/messages/{message}/hold-back").status_code == 303
    with here():
        assert send_due() == 0
    assert "Not sent: held back at the desk" in spoken(client.get(f"/messages/{message}").text)


@pytest.mark.slow
def test_json_shows_content_attempts_and_recipient(app, client, visit):
    data = client.get(f"{URL}/{of_kind(app, 'confirmation')}").json

    assert data["recipient"] == "ines@example.org"
    assert data["body"].startswith("Dear Inês")
    assert [(one["outcome"], one["answer"]) for one in data["attempt_log"]] == [("sent", "250 OK")]


def test_the_commands_show_and_resolve_a_message(run, unclear):
    shown = json.loads(run("notifications", "show", unclear, "--json").stdout)
    resolved = json.loads(run("notifications", "resolve", unclear, "arrived", "--json").stdout)

    assert shown["attempt_log"][0]["outcome"] == "unknown"
    assert resolved["state"] == "sent"
    assert run("notifications", "resolve", unclear, "again").exit_code == 5
    assert run("notifications", "show", uuid4()).exit_code == 3


@pytest.mark.slow
def test_contact_data_is_hidden_without_the_permission(app, client, become, visit):
    become("receptionist", "patients:contact")

    message = of_kind(app, "confirmation")
    for address in (f"/messages/{message}", f"/messages/{message}?part=source", "/messages"):
        assert "ines@example.org" not in client.get(address).text, address


@pytest.mark.slow
def test_a_message_is_only_shown_to_those_who_may_read_messages(app, client, become, visit):
    become("practitioner")

    for address in (f"/messages/{of_kind(app, 'confirmation')}", f"/messages/why/reminder/{visit}"):
        assert client.get(address).status_code == 403


def test_why_none_shows_the_check_that_stopped_and_where_to_mend_it(client, here, visit):
    with here():
        patient = somebody(family_name="Grüner")
        consent_service.withdraw_all(patient.id)
        other = an_appointment(patient, starts_at=now() + timedelta(days=3))
        patient_id = patient.id
    page = client.get(f"/messages/why/reminder/{other.id}").text

    assert "Why was no reminder sent?" in spoken(page)
    assert "The patient agreed stopped here" in spoken(page)
    assert f"/patients/{patient_id}/consent" in page
    assert client.get(f"/messages/why/nonsense/{other.id}").status_code == 404
    assert client.get(f"/messages/why/reminder/{uuid4()}").status_code == 404


def test_json_and_command_explain_with_the_same_checks(run, client, here, visit):
    checks = client.get(f"{URL}/explain?kind=reminder&about_id={visit}").json["checks"]
    printed = json.loads(run("notifications", "why", "reminder", visit, "--json").stdout)

    assert printed == checks
    assert {"name", "label", "outcome", "reason", "repair"} == set(checks[0])
    assert client.get(f"{URL}/explain?kind=reminder&about_id={uuid4()}").status_code == 404


@pytest.mark.slow
def test_the_cards_of_patient_and_appointment_lead_to_the_message(app, client, visit):
    patient = rows(app, "patients")[0]["id"]
    link = f"/messages/{of_kind(app, 'confirmation')}"

    for page in (f"/patients/{patient}", f"/appointments/{visit}"):
        text = client.get(page).text
        assert link in text, page
        assert "Why none?" in text, page


@pytest.mark.slow
def test_the_page_of_a_message_takes_few_statements(app, client, visit, unclear):
    for message in (of_kind(app, "confirmation"), unclear):
        client.get(f"/messages/{message}")
        with counted_statements(app) as seen:
            assert client.get(f"/messages/{message}").status_code == 200
        assert len(of_rows(seen)) <= 12
        client.get(f"{URL}/{message}")
        with counted_statements(app) as seen:
            client.get(f"{URL}/{message}")
        assert len(of_rows(seen)) <= 4, [one[:40] for one in of_rows(seen)]


@pytest.mark.slow
def test_a_kind_of_message_that_is_not_known_any_more_is_shown(app, client, unclear):
    with app.app_context(), db.engine.begin() as connection:
        connection.execute(update(Base.metadata.tables["notifications"]).values(kind="nonsense"))

    assert client.get(f"/messages/{unclear}").status_code == 200
    assert client.get("/messages").status_code == 200
