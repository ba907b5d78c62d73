"""Messages on the page, as JSON and on the command line."""

import json
from uuid import uuid4

import pytest

from clinic.notifications.mail_worker import send_due
from tests.assertions import masked, spoken, title
from tests.builders import a_patient, an_appointment

URL = "/api/v1/notifications"


@pytest.fixture
def messages(client, here, mailbox):
    """A message that was sent and one that was refused, the latest first."""
    with here():
        a_patient(email="first@example.org")
        send_due()
        mailbox.answers["RCPT"] = "550 Unknown"
        a_patient(family_name="Sousa", email="second@example.org")
        send_due()


@pytest.mark.slow
def test_the_page_shows_what_became_of_each_message(client, messages):
    page = client.get("/messages").text

    assert title(page).startswith("Messages")
    assert "Email: Welcome Sousa, Inês P-000002 Registration Failed" in spoken(page)
    assert "Email: Welcome Pereira, Inês P-000001 first@example.org Registration Sent" in spoken(page)


def test_the_page_without_messages_describes_what_it_lists(client):
    assert "No messages yet" in client.get("/messages").text


@pytest.mark.slow
def test_the_page_comes_in_portions(client, here):
    with here():
        for _ in range(21):
            a_patient()

    page = client.get("/messages").text
    rest = client.get(
        page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0].replace("&amp;", "&")
    ).text

    rows_of = [one.partition("<tbody")[2].count("<tr") for one in (page, rest)]
    assert rows_of == [20, 1]


@pytest.mark.slow
def test_the_json_list_shows_what_became_of_each_message(client, messages):
    data = client.get(URL).json["data"]

    assert [(one["kind"], one["state"], one["reason"]) for one in data] == [
        ("welcome", "failed", "the mail server answered 550"),
        ("welcome", "sent", None),
    ]
    assert client.get(f"{URL}/{data[0]['id']}").json.items() >= data[0].items()


@pytest.mark.slow
def test_the_json_list_shows_no_text_and_no_address(client, messages):
    assert set(client.get(URL).json["data"][0]) == {
        "id",
        "kind",
        "channel",
        "patient_id",
        "about_id",
        "state",
        "reason",
        "attempts",
        "created_at",
        "due_at",
        "sent_at",
    }


@pytest.mark.slow
def test_the_json_list_is_filtered_by_state_and_comes_in_portions(client, messages):
    first = client.get(f"{URL}?limit=1")
    rest = client.get(first.headers["Link"].partition(">")[0].removeprefix("<"))

    assert [one["state"] for one in client.get(f"{URL}?state=failed").json["data"]] == ["failed"]
    assert [one["state"] for one in first.json["data"] + rest.json["data"]] == ["failed", "sent"]


def test_a_filter_that_makes_no_sense_is_refused(client):
    expected = {"state=lost": 422, "q=x": 400, "limit=0": 422, "cursor=x": 400}

    assert {query: client.get(f"{URL}?{query}").status_code for query in expected} == expected


def test_the_page_refuses_unknown_parameters(client):
    assert [client.get(f"/messages?{query}").status_code for query in ("x=y", "limit=5", "cursor=x")] == [400] * 3


def test_messages_are_only_read(client):
    for method in ("post", "put", "patch", "delete"):
        assert getattr(client, method)(URL, json={}).status_code == 405, method


def test_a_message_of_another_clinic_answers_like_none_at_all(client, here, other_clinic):
    with here(other_clinic.id):
        an_appointment(a_patient())
    theirs = client.application.test_cli_runner().invoke(
        args=["notifications", "list", "--clinic", "Other Clinic", "--json"]
    )

    messages = json.loads(theirs.stdout)
    assert len(messages) == 2
    for row in messages:
        foreign, missing = client.get(f"{URL}/{row['id']}"), client.get(f"{URL}/{uuid4()}")
        assert foreign.status_code == missing.status_code == 404
        assert masked(foreign) == masked(missing)


@pytest.mark.slow
def test_the_command_lists_kind_state_attempts_reason_and_patient(run, client, messages):
    lines = [line.split("\t") for line in run("notifications", "list").stdout.splitlines()]
    as_json = json.loads(run("notifications", "list", "--json").stdout)

    assert [line[1:5] for line in lines] == [
        ["welcome", "failed", "1", "the mail server answered 550"],
        ["welcome", "sent", "1", ""],
    ]
    assert [line[5:] for line in lines] == [[one["patient_id"], one["id"]] for one in as_json]
    assert as_json == client.get(URL).json["data"]


@pytest.mark.slow
def test_the_command_filters_by_state(run, messages):
    assert len(run("notifications", "list", "--state", "failed").stdout.splitlines()) == 1
    assert run("notifications", "list", "--state", "lost").exit_code == 2
    assert run("notifications", "list", "--limit", "0").exit_code == 2
