"""Channels of the desk: calls and letters, and what goes out next."""

import io
from datetime import timedelta

import pytest

from clinic.core.clock import now
from clinic.notifications.channels import CHANNELS, worker_channels
from clinic.notifications.channels.letter_pdf import WINDOW, letter_pdf
from clinic.notifications.mail_worker import send_due
from clinic.patients.service import consent_service
from tests.assertions import rows, spoken, told_by
from tests.builders import a_patient, an_appointment
from tests.statements import counted_statements, of_rows

URL = "/api/v1/notifications"
ADDRESS = "Rua da Prata 80\n1100-420 Lisboa"


@pytest.fixture
def refused(app, client, here, mailbox):
    """The id of a confirmation that the mail server refused, to a patient who agreed to calls and letters."""
    with here():
        agreed = {("care", "phone"): True, ("care", "post"): True}
        patient = a_patient(phone="+351927555301", address=ADDRESS, consent=agreed, language="en")
        send_due()
        mailbox.answers["RCPT"] = "550 Unknown"
        an_appointment(patient, starts_at=now() + timedelta(days=2))
        send_due()
    return next(row["id"] for row in rows(app, "notifications") if row["state"] == "failed")


def by_channel(app, channel):
    return next(row for row in rows(app, "notifications") if row["channel"] == channel)


def test_every_channel_says_how_it_reaches_a_patient(here, client):
    with here():
        patient = a_patient(phone="+351927555301", address=ADDRESS)
        addresses = {name: channel.address(patient) for name, channel in CHANNELS.items()}

    assert addresses == {
        "email": "ines@example.org",
        "phone": "+351927555301",
        "post": "Rua da Prata 80, 1100-420 Lisboa",
    }
    assert worker_channels() == ["email"]


def test_a_letter_waits_for_the_desk_is_downloaded_and_recorded_as_printed(app, client, here, refused):
    response = client.submit(f"/messages/{refused}/other-channel", channel="post")
    letter = by_channel(app, "post")["id"]
    with here():
        assert send_due() == 0

    pdf = client.get(f"/messages/{letter}/letter.pdf")
    assert (response.status_code, pdf.mimetype, pdf.data[:5]) == (303, "application/pdf", b"%PDF-")
    assert all(part in told_by(pdf) for part in ("Rua da Prata 80", "1100-420 Lisboa"))
    assert by_channel(app, "post")["state"] == "queued"

    page = spoken(client.get(f"/messages/{letter}").text)
    assert "To Rua da Prata 80, 1100-420 Lisboa" in page
    assert "/my/" not in page
    assert "ines@example.org" not in page
    assert client.submit(f"/messages/{letter}/printed").status_code == 303
    assert by_channel(app, "post")["state"] == "sent"
    assert "printed Administrator Person" in spoken(client.get(f"/messages/{letter}").text)
    assert client.submit(f"/messages/{letter}/printed").status_code == 409


def test_a_call_is_a_task_on_the_desks_list(app, client, refused):
    client.post(f"{URL}/{refused}/other-channel", json={"channel": "phone"})

    assert by_channel(app, "phone")["state"] == "queued"
    page = spoken(client.get("/messages/to-call").text)
    assert "To be told by phone: confirmation" in page

    appointment = by_channel(app, "phone")["about_id"]
    client.post(f"/api/v1/calls/{appointment}/results", json={"result": "will-come"})
    assert by_channel(app, "phone")["state"] == "sent"


def test_a_channel_without_consent_is_neither_offered_nor_used(app, client, here, refused):
    with here():
        consent_service.withdraw_all(rows(app, "patients")[0]["id"])

    assert "Send a letter" not in client.get(f"/messages/{refused}").text
    response = client.post(f"{URL}/{refused}/other-channel", json={"channel": "post"})
    assert (response.status_code, response.json["code"]) == (409, "channel-refused")
    assert client.post(f"{URL}/{refused}/other-channel", json={"channel": "email"}).status_code == 422


def test_the_commands_send_another_way(app, run, refused):
    assert run("notifications", "send-by", refused, "post", "--json").exit_code == 0
    assert run("notifications", "printed", by_channel(app, "post")["id"], "--json").exit_code == 0
    assert run("notifications", "printed", refused).exit_code == 5


@pytest.mark.slow
def test_a_letter_is_one_page_in_latin_greek_and_cyrillic():
    pdf = letter_pdf(
        sender=["Clínica São João", "Rua 1", "Lisboa"],
        recipient=["Ελένη Παπαδοπούλου", "Оксана Шевченко", "Łódź"],
        day="1 December 2026",
        subject="Η επίσκεψή σας",
        paragraphs=["Ваш визит. " * 60] * 6,
        language="el",
    )

    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") == 1
    assert b"/FontFile2" in pdf
    assert WINDOW == (20, 45, 85, 45)
    assert len(io.BytesIO(pdf).read()) < 200_000


def test_the_page_of_what_goes_next_shows_today_the_day_and_the_rules(app, client, here):
    with here():
        a_patient(family_name="Kapoor")
    with counted_statements(app) as seen:
        page = spoken(client.get("/messages/next").text)

    assert "Rest of today 1 message" in page
    assert "Kapoor, Inês" in page
    assert "Hold back" in page
    assert "Quiet hours" in page
    assert len(of_rows(seen)) <= 15
    assert client.get("/messages/next?day=2029-11-26").status_code == 200
    assert client.get("/messages/next?day=x").status_code == 422


def test_json_shows_what_goes_next(client, here):
    with here():
        a_patient()

    data = client.get(f"{URL}/next").json

    assert len(data["days"]) == 7
    assert data["days"][0]["total"] == 1
