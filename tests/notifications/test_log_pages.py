"""The log of messages: its filters, counts and search, and what goes out next."""

import re
from datetime import timedelta

import pytest

from clinic.core.clock import now
from clinic.notifications.log import message_log
from clinic.notifications.mail_queue import notification_queue
from clinic.notifications.mail_worker import send_due
from tests.assertions import rows, spoken
from tests.builders import a_patient, an_appointment, somebody
from tests.statements import counted_statements, of_rows

URL = "/api/v1/notifications"


@pytest.fixture
def visit(client, here, mailbox):
    """The id of an appointment that was confirmed."""
    with here():
        appointment = an_appointment(a_patient(language="en"), starts_at=now() + timedelta(days=2))
        send_due()
        return appointment.id


@pytest.mark.slow
def test_the_log_is_filtered_by_kind_channel_patient_record_and_day(app, client, visit):
    patient = rows(app, "patients")[0]["id"]
    expected = {
        "kind=welcome": 1,
        "channel=email": 2,
        "channel=post": 0,
        f"patient_id={patient}": 2,
        f"about_id={visit}": 1,
        "from=2020-01-01&to=2020-01-02": 0,
        f"from={now().date()}": 2,
        "state=waiting": 0,
    }

    for query, count in expected.items():
        found = [one for one in client.get(f"{URL}?{query}").json["data"] if one["kind"] != "reminder"]
        assert len(found) == count, query


def test_the_log_says_since_when_the_mail_server_does_not_answer(app, client, here, monkeypatch):
    monkeypatch.setitem(app.config, "SMTP_URL", "smtp://127.0.0.1:9")
    with here():
        a_patient()
        send_due()

    page = spoken(client.get("/messages").text)
    assert "The mail server has not answered since today" in page
    assert "1 is waiting" in page


@pytest.mark.slow
@pytest.mark.both_databases
def test_counts_stop_at_ten_thousand(app, client, here, monkeypatch):
    for module in ("log", "log_summary"):
        monkeypatch.setattr(f"clinic.notifications.{module}.MOST_COUNTED", 2)
    with here():
        for _ in range(4):
            a_patient()

    with counted_statements(app) as seen:
        page = spoken(client.get("/messages").text)

    assert len(of_rows(seen)) <= 12
    assert "3 waiting" in page


@pytest.mark.slow
def test_the_page_of_what_goes_out_next_takes_at_most_twelve_statements(app, client, here, visit):
    client.get("/messages/next")

    with counted_statements(app) as seen:
        client.get("/messages/next")

    assert len(of_rows(seen)) <= 12, [one[:90] for one in of_rows(seen)]


def test_the_log_shows_the_messages_to_patients_whom_a_search_finds(client, here):
    with here():
        a_patient(family_name="Weiß", email="w@example.org")
        a_patient(family_name="Pereira")

    page = spoken(client.get("/messages?q=weiss").text)

    assert "1 message" in page
    assert "Weiß" in page
    assert "Pereira" not in page
    assert "No message matches" in spoken(client.get("/messages?q=nobody").text)


@pytest.mark.slow
def test_the_tabs_count_what_goes_out_until_tomorrow_and_the_calls(client, here, mailbox):
    with here():
        an_appointment(somebody(), starts_at=now() + timedelta(days=2, hours=12))

    page = spoken(client.get("/messages").text)

    assert re.search(r"Log Going out next [1-9] To call", page)


def test_a_state_of_two_is_listed_in_order(here):
    with here():
        for _ in range(3):
            a_patient()
        claimed = notification_queue.claim()
        rows = message_log.list(state="waiting", limit=2)
        rest = message_log.list(state="waiting", limit=2, after=rows.next_key)

    due = [(row.due_at, row.id) for row in (*rows.rows, *rest.rows)]
    assert len(due) == 3
    assert due == sorted(due, reverse=True)
    assert claimed
    assert claimed.id in {row.id for row in (*rows.rows, *rest.rows)}
