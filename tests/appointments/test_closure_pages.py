"""The page of opening hours, closures and public holidays."""

import re
from datetime import UTC, date, datetime

import pytest

from clinic.appointments.free_times.working_time import WeeklyRange
from clinic.appointments.service import appointment_service, closure_service, hours_service
from clinic.core.unit_of_work import unit_of_work
from clinic.identity.clinics import clinic_service
from tests.appointments.test_hours import a_room
from tests.appointments.test_hours_pages import form, rows_of, seal_of
from tests.assertions import spoken
from tests.builders import an_appointment
from tests.statements import counted_statements, of_rows

URL = "/appointments/opening-hours"
YEAR = f"{URL}/holidays/2029"
NEW = f"{URL}/closures/new"
FIELDS = {"first_day": "2029-11-26", "last_day": "", "starts": "", "ends": "", "room_id": "", "name": "Fire drill"}


def ticked(page):
    return re.findall(r'name="holiday" value="([^"]*)" checked', page)


def test_opening_hours_are_set_after_a_look_at_what_falls_outside(client, here):
    with here():
        an_appointment()
    assert "No opening hours set: the clinic counts as always open." in spoken(client.get(URL).text)

    refused = client.submit(URL, **form("mon 10 19"))
    saved = client.submit(URL, **form("mon 10 19"), seen=seal_of(refused.text))

    assert (refused.status_code, saved.status_code, saved.location) == (409, 303, URL)
    assert "Before 10:00" in refused.text
    assert "Dr Amara Okafor" in refused.text
    page = client.get(URL).text
    assert rows_of(page) == ["mon 10:00 19:00"]
    assert "9 h a week" in spoken(page)
    assert client.submit(URL, **form("mon 11 19", version="1")).status_code == 409


def test_closures_are_added_changed_and_deleted(client, here):
    with here():
        an_appointment()
        room = a_room("Room 2")

    checked = client.submit(NEW, **FIELDS, check="1")
    added = client.submit(NEW, **FIELDS, seen=seal_of(checked.text))
    listed = spoken(client.get(URL).text)

    assert (checked.status_code, added.status_code) == (200, 303)
    assert "Close, keep 1 as booked" in spoken(checked.text)
    assert "Mon 26 Nov 2029 Clinic Fire drill 1 booked" in listed

    with here():
        (row,) = closure_service.list().rows
    edit = f"{URL}/closures/{row.id}/edit"
    changed = FIELDS | {"last_day": "2029-12-02", "starts": "13", "ends": "15.00", "room_id": str(room.id)}
    assert client.submit(edit, **changed, version="1").status_code == 303
    assert "Mon 26 Nov – Sun 2 Dec 2029, 13:00–15:00 Room 2 Fire drill Nobody" in spoken(client.get(URL).text)
    assert client.submit(edit, **changed, version="1").status_code == 409
    assert client.submit(edit, **changed, delete="1", version="2").status_code == 303
    assert "No closures planned" in client.get(URL).text


def test_a_wrong_closure_shows_all_problems(client):
    answer = client.submit(NEW, **(FIELDS | {"last_day": "2057-04-12", "starts": "9", "name": " "}))

    assert answer.status_code == 422
    for text in ("Enter at most 731 days", "Enter both times, or none for the whole day", "Enter a name or a reason"):
        assert text in spoken(answer.text)


@pytest.fixture
def lisbon(here):
    """Let the clinic be in Lisbon, open on weekdays, with somebody booked on Good Friday."""
    with here():
        with unit_of_work():
            clinic_service.current().subdivision = "11"
        hours_service.set_week(None, [WeeklyRange(weekday, 480, 1140) for weekday in range(5)])
        an_appointment(starts_at=datetime(2029, 3, 30, 9, tzinfo=UTC))


@pytest.mark.usefixtures("lisbon")
def test_public_holidays_are_ticked_but_for_optional_ones_and_saved_as_ticked(client, here):
    page = client.get(YEAR).text
    text = spoken(page)

    assert "Portugal, Lisboa." in text
    assert "Fri 30 Mar Good Friday 1 booked" in text
    assert "Sun 1 Apr Easter Sunday closed anyway" in text
    assert "2029-06-13" in ticked(page)
    assert "2029-02-13" not in ticked(page)

    wanted = {"holiday": ["2029-03-30", "2029-02-13", "soon"]}
    checked = client.submit(YEAR, **wanted, check="1")
    saved = client.submit(YEAR, **wanted, seen=seal_of(checked.text))
    again = client.get(saved.location).text

    assert (saved.status_code, ticked(again)) == (303, ["2029-03-30", "2029-02-13"])
    with here():
        assert [(row.first_day, row.name) for row in closure_service.list().rows] == [
            (date(2029, 2, 13), "Carnival"),
            (date(2029, 3, 30), "Good Friday"),
        ]


@pytest.mark.usefixtures("lisbon")
def test_public_holidays_saved_meanwhile_are_not_overwritten(client, here):
    with here():
        closure_service.save_holidays(2029, {date(2029, 3, 30)})

    stale = client.submit(YEAR, holiday=["2029-02-13"])

    assert (stale.status_code, ticked(stale.text)) == (409, ["2029-02-13"])
    assert "Somebody else changed the public holidays of 2029 meanwhile" in spoken(stale.text)
    assert client.submit(YEAR, holiday=["2029-02-13"], shown=["2029-03-30"]).status_code == 303


@pytest.mark.usefixtures("lisbon")
def test_public_holidays_are_saved_after_a_look_at_what_falls_outside_with_a_choice_for_each(app, client, here):
    wanted = {"holiday": ["2029-03-30", "2029-02-13"]}
    with here():
        (booked,) = appointment_service.day(date(2029, 3, 30))
    with counted_statements(app) as seen:
        checked = client.submit(YEAR, **wanted, check="1")
    refused = client.submit(YEAR, **wanted)

    assert (checked.status_code, refused.status_code, len(of_rows(seen)) <= 12) == (200, 409, True)
    for page in (checked.text, refused.text):
        assert ticked(page) == wanted["holiday"]
        assert "1 booked appointment falls outside these hours" in spoken(page)
        assert "Save 2029, keep 1 as booked" in spoken(page)
    wrong = client.submit(YEAR, **wanted, outside="choose", **{f"choice-{booked.id}": "never"})
    assert (wrong.status_code, ticked(wrong.text)) == (422, wanted["holiday"])

    chosen = {"outside": "choose", f"choice-{booked.id}": "cancel", "seen": seal_of(checked.text)}
    saved = client.submit(YEAR, **wanted, **chosen)

    assert (saved.status_code, saved.location) == (303, YEAR)
    assert "Public holidays of 2029: 2 changed: 1 cancelled" in spoken(client.get(YEAR).text)
    with here():
        found = appointment_service.get(booked.id)
        assert (found.status, found.cancel_reason) == ("cancelled", "clinic")


def test_a_country_without_a_list_says_so_and_a_strange_year_is_no_page(client, here):
    with here(), unit_of_work():
        clinic_service.current().country = None

    assert "No list for this country, add closures by hand" in spoken(client.get(YEAR).text)
    assert client.get(f"{URL}/holidays/1066").status_code == 404
