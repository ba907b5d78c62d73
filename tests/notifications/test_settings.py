"""When a clinic reminds and is quiet is set on a page, in JSON and by a command, with the same validation."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clinic.notifications.settings import settings_service
from clinic.notifications.settings_rules import offsets_text, parse_offsets
from tests.appointments.schedule import a_service
from tests.assertions import spoken
from tests.statements import counted_statements, of_rows

URL, PAGE = "/api/v1/notification-settings", "/messages/settings"


def typed(**fields):
    """Return the fields of the page's form."""
    form = {"version": "1", "reminder_offsets": "2 days, 3 hours", "quiet": "1", "quiet_from": "20:30"}
    return form | {"quiet_until": "8", "grace_seconds": ""} | fields


def patch(client, version=1, **fields):
    return client.patch(URL, json=fields, headers={"If-Match": f'"{version}"'})


def test_a_clinic_reminds_two_days_before_and_is_quiet_at_night_unless_told_otherwise(client):
    settings = client.get(URL).json

    assert settings["reminder_offsets"] == [2880]
    assert (settings["quiet"], settings["quiet_from"], settings["quiet_until"]) == (True, "21:00", "08:00")
    assert (settings["version"], settings["time_zone"]) == (1, "Europe/Lisbon")


def test_the_page_saves_what_was_typed(client, here):
    with here():
        service = a_service()

    answer = client.submit(PAGE, **typed(**{f"service_reminders-{service.id}": "none"}))

    assert answer.status_code == 303
    settings = client.get(URL).json
    assert settings["reminder_offsets"] == [2880, 180]
    assert settings["service_reminders"] == {str(service.id): []}
    assert (settings["quiet_from"], settings["quiet_until"]) == ("20:30", "08:00")
    assert 'value="2 days, 3 hours"' in client.get(PAGE).text


def test_the_page_keeps_what_was_typed_and_shows_every_error(client, here):
    with here():
        service = a_service()
    wrong = {f"service_reminders-{service.id}": "31 days"}

    page = client.submit(PAGE, **typed(reminder_offsets="soon", quiet_from="25", grace_seconds="-1", **wrong))

    assert page.status_code == 422
    text = spoken(page.text)
    for message in ("Enter times like 2 days, 3 hours", "Enter a time like 21:00", "Enter from 15 minutes to 30 days"):
        assert message in text
    assert 'value="soon"' in page.text


def test_quiet_hours_do_not_end_when_they_begin(client):
    page = client.submit(PAGE, **typed(quiet_from="8:00"))
    problem = patch(client, quiet_from="08:00")

    assert page.status_code == problem.status_code == 422
    assert "Quiet hours can’t begin when they end" in spoken(page.text).replace("'", "’")


def test_json_changes_only_what_is_given_and_null_ends_the_reminders_of_a_service(client, here):
    with here():
        service = a_service()
    changed = patch(client, service_reminders={str(service.id): [60]}).json

    ended = patch(client, 2, service_reminders={str(service.id): None}, quiet=False).json

    assert changed["service_reminders"] == {str(service.id): [60]}
    assert (ended["service_reminders"], ended["quiet"], ended["reminder_offsets"]) == ({}, False, [2880])


@pytest.mark.parametrize(
    "fields",
    [
        {"reminder_offsets": [1]},
        {"reminder_offsets": [60, 61, 62, 63, 64]},
        {"reminder_offsets": None},
        {"reminder_offsets": [True]},
        {"service_reminders": {"x": [60]}},
        {"service_reminders": {"0197a5f2-0000-7000-8000-000000000001": [60]}},
        {"service_reminders": []},
        {"grace_seconds": 3601},
        {"quiet_until": 8},
    ],
)
def test_json_refuses_what_the_page_refuses(client, fields):
    assert patch(client, **fields).status_code == 422


def test_a_stale_change_is_refused_with_both_versions(client):
    patch(client, quiet=False)

    stale = patch(client, quiet=True)
    page = client.submit(PAGE, **typed())

    assert (stale.status_code, stale.json["present"]["quiet"]) == (412, False)
    assert page.status_code == 409
    assert "2 days, 3 hours" in page.text


def test_a_receptionist_sees_the_settings_but_does_not_change_them(client, become):
    become("receptionist")

    assert "2 days" in spoken(client.get(PAGE).text)
    assert client.submit(PAGE, **typed()).status_code == 403


def test_the_command_shows_and_changes_the_settings(run, here):
    with here():
        a_service("Operation")

    shown = run("notifications", "settings", "--reminders", "3 hours", "--service", "Operation", "none", "--json")
    wrong = run("notifications", "settings", "--quiet-from", "soon")

    assert json.loads(shown.output)["reminder_offsets"] == [180]
    assert wrong.exit_code != 0
    with here():
        assert list(settings_service.get().service_reminders.values()) == [[]]


def test_a_change_is_audited(client, app):
    patch(client, quiet=False, reminder_offsets=[180])

    page = spoken(client.get("/audit").text)

    assert "settings of messages" in page


def test_the_page_and_json_take_few_statements(client, app, here):
    with here():
        a_service()
    client.get(PAGE)

    with counted_statements(app) as page:
        client.get(PAGE)
    with counted_statements(app) as single:
        client.get(URL)

    assert len(of_rows(page)) <= 12
    assert len(of_rows(single)) <= 4 + 1


@pytest.mark.slow
@given(st.lists(st.integers(15, 43200), max_size=4))
def test_reminders_in_words_are_read_back_as_they_were(offsets):
    expected = sorted(set(offsets), reverse=True)

    assert list(parse_offsets(offsets_text(expected))) == expected


def test_a_stale_version_of_settings_that_nobody_changed_is_a_conflict(client):
    page = client.submit(PAGE, **typed(version="7", reminder_offsets="1 day"))

    assert page.status_code == 409
    assert "1 day" in spoken(page.text)
