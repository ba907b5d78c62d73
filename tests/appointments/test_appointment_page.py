"""The page of an appointment: its state, the buttons that change it, and what happens when they come too late."""

import json
import re
from datetime import datetime, timedelta

import pytest
import time_machine

from clinic.appointments.service import appointment_service
from clinic.billing.service import billing_service
from tests.appointments.schedule import a_room, a_service, book
from tests.assertions import rows, spoken, title
from tests.billing.invoices import a_line, an_invoice
from tests.builders import MONDAY, a_practitioner, an_appointment, somebody
from tests.page_client import hidden_value
from tests.statements import counted_statements, of_rows

NOW = datetime(2029, 11, 26, 10, 52, tzinfo=MONDAY.tzinfo)


@pytest.fixture
def clock():
    """Monday, 26 November 2029, 10:52 in the clinic."""
    with time_machine.travel(NOW, tick=False) as traveller:
        yield traveller


@pytest.fixture
def desk(clock, client, become):
    """The receptionist's browser at that time."""
    become("receptionist")
    return client


@pytest.fixture
def booked(desk, here):
    """The address of an appointment at half past ten."""
    with here():
        return f"/appointments/{an_appointment(starts_at=MONDAY + timedelta(minutes=90)).id}"


def heading(page):
    return spoken(re.findall(r"<h1.*?</h1>", page, re.DOTALL)[0])


def act(desk, address, action, **fields):
    """Press a button of the page of an appointment."""
    version = hidden_value(desk.get(address).text, "version")
    return desk.submit(f"{address}/{action}", **{"version": version} | fields)


@pytest.mark.slow
def test_a_visit_goes_from_its_booking_to_its_end_by_one_button_after_the_other(desk, booked, clock, published):
    headings = [heading(desk.get(booked).text)]
    for action in ("arrive", "check-in", "fulfil"):
        answer = act(desk, booked, action)
        clock.shift(300)
        headings.append(heading(desk.get(answer.location).text))

    page = desk.get(booked).text
    assert answer.location == booked
    assert headings == ["Booked", "Waiting for 5 min", "In room for 5 min", "Done"]
    assert [name for name, _ in published] == ["appointment.arrived", "appointment.fulfilled"]
    assert re.findall(r"<li data-done[^>]*>([A-Z][\w ]+)", page) == ["Booked", "Waiting", "In room", "Done"]
    assert page.count('aria-current="step"') == 1
    assert "Done 11:02 by Receptionist Person Called in 10:57" in spoken(page)


@pytest.mark.slow
def test_the_next_act_stands_first_and_a_no_show_is_offered_only_after_the_start(desk, booked, here):
    with here():
        later = f"/appointments/{an_appointment(starts_at=MONDAY + timedelta(hours=5)).id}"

    now, before = (
        re.findall(r'<button class="btn([^"]*)" formaction="[^"]*/([\w-]+)"', desk.get(url).text)
        for url in (booked, later)
    )

    assert now[:3] == [(" primary", "arrive"), ("", "check-in"), ("", "no-show")]
    assert [action for _, action in before[:2]] == ["arrive", "check-in"]
    assert "no-show" not in dict(before).values()


def test_an_act_of_the_day_leads_back_to_the_day_and_is_undone_there(desk, booked, here):
    day = f"/appointments?day=2029-11-26&appointment={booked.rsplit('/', 1)[1]}"

    answer = act(desk, booked, "arrive", origin="day")
    page = desk.get(answer.location).text
    toast = re.findall(r'<form class="toast undo".*?</form>', page, re.DOTALL)[0]
    undone = desk.submit(f"{booked}/undo", **{name: hidden_value(toast, name) for name in ("version", "origin", "key")})

    assert answer.location == undone.location == day
    assert "Inês Pereira arrived at 10:52. Undo" in spoken(toast)
    assert "Pereira" not in str(answer.headers)
    assert 'data-state="booked"' in desk.get(undone.location).text


@pytest.mark.slow
def test_a_state_is_taken_back_by_the_button_that_says_so(desk, booked, here):
    act(desk, booked, "arrive")

    page = desk.get(booked).text
    act(desk, booked, "undo")

    assert "Not here yet: back to Booked" in spoken(page)
    assert heading(desk.get(booked).text) == "Booked"
    with here():
        history = appointment_service.history(booked.rsplit("/", 1)[1])
        assert [move.action for move in history] == ["book", "arrive", "undo"]


def test_the_time_it_happened_is_set_and_the_history_shows_both(desk, booked, clock):
    clock.shift(600)
    answer = act(desk, booked, "arrive", at="10.58")

    page = spoken(desk.get(answer.location).text)

    assert "Arrived 10:58, entered 11:02 by Receptionist Person" in page
    assert "Waiting for 4 min" in page


@pytest.mark.breadth
@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("", "Enter a time like 09:30"),
        ("25:00", "Enter a time like 09:30"),
        ("23:00", "Enter a time that is not in the future"),
        ("9", "Enter a time after the previous change of this appointment"),
    ],
)
def test_a_time_that_is_none_or_not_possible_is_shown_again_in_its_field(desk, booked, typed, message):
    answer = act(desk, booked, "arrive", at=typed)

    assert answer.status_code == 422
    assert title(answer.text).startswith("Error: ")
    assert f'<a href="#f-at">{message}</a>' in answer.text
    assert '<details class="late" open>' in answer.text
    assert f'name="at" type="text" value="{typed}"' in answer.text
    assert heading(answer.text) == "Booked"


def test_who_comes_too_late_sees_the_present_state_and_who_made_it(app, desk, booked, become):
    stale = hidden_value(desk.get(booked).text, "version")
    act(desk, booked, "arrive")
    become("manager")
    history = len(rows(app, "appointment_history"))

    answers = [desk.submit(f"{booked}/{action}", version=stale) for action in ("arrive", "check-in", "no-show", "undo")]
    illegal = act(desk, booked, "fulfil")

    for answer in (*answers, illegal):
        page = spoken(answer.text)
        assert answer.status_code == 409
        assert "Nothing was saved: this appointment is now waiting. Receptionist Person changed it on" in page
        assert f'formaction="{booked}/check-in"' in answer.text
    assert len(rows(app, "appointment_history")) == history


@pytest.mark.slow
def test_the_same_button_pressed_twice_is_carried_out_once(app, desk, booked):
    page = desk.get(booked).text
    fields = {name: hidden_value(page.split('class="acts"')[1], name) for name in ("version", "key")}

    first, second = (desk.submit(f"{booked}/arrive", **fields) for _ in range(2))

    assert (first.status_code, second.status_code) == (303, 303)
    assert [row["action"] for row in rows(app, "appointment_history")] == ["book", "arrive"]


@pytest.mark.slow
def test_the_addresses_of_buttons_lead_to_the_page_with_them(desk, booked):
    for action in ("arrive", "check-in", "fulfil", "no-show", "undo"):
        assert desk.get(f"{booked}/{action}").location == booked


def test_a_cancellation_says_beforehand_that_it_is_late_and_can_be_undone(desk, booked, here):
    with here():
        later = f"/appointments/{an_appointment(starts_at=MONDAY + timedelta(days=2)).id}"

    tomorrow, today = (spoken(desk.get(url).text) for url in (later, booked))
    answer = desk.submit(f"{booked}/cancellation", version=1, reason="patient", note="Has a cold")
    page = spoken(desk.get(answer.location).text)
    act(desk, booked, "undo")

    assert "Late: less than 24 h before" in today
    assert "Late: less than" not in tomorrow
    assert "The appointment of Inês Pereira is cancelled. Undo" in page
    assert "Cancelled by The patient Late Less than 24 h before Note Has a cold" in page
    assert heading(desk.get(booked).text) == "Booked"


def test_who_may_not_book_sees_no_button_and_who_may_not_read_notes_no_note(desk, booked, become):
    desk.submit(f"{booked}/cancellation", version=1, reason="patient", note="Has a cold")
    become("read-only", "appointments:notes")

    page = desk.get(booked).text

    assert "formaction" not in page
    assert "Has a cold" not in page
    assert desk.submit(f"{booked}/arrive", version=2).status_code == 403


def test_the_other_appointments_of_the_patient_stand_beside_it(desk, here):
    with here():
        patient = somebody()
        first = an_appointment(patient, a_practitioner("Dr Silva"), MONDAY + timedelta(days=1)).id
        second = an_appointment(patient, a_practitioner("Dr Brandt"), MONDAY + timedelta(days=2)).id

    page = desk.get(f"/appointments/{first}").text

    assert f'<a href="/appointments/{second}">Wed 28 Nov 2029, 09:00</a>' in page
    assert "Dr Brandt" in page


@pytest.mark.slow
def test_the_messages_about_it_stand_beside_it_for_those_who_may_see_them(desk, booked, become):
    act(desk, booked, "cancellation", reason="patient")

    mine = spoken(desk.get(booked).text)
    become("receptionist", "notifications:read")
    theirs = spoken(desk.get(booked).text)

    assert "Cancellation by email Mon 26 Nov 2029, 10:52" in mine
    assert "Cancellation by email" not in theirs


@pytest.mark.slow
def test_the_page_takes_few_statements_with_everything_on_it(app, desk, here):
    with here():
        patient, practitioner = somebody(), a_practitioner()
        visit = an_appointment(patient, practitioner, MONDAY + timedelta(minutes=90))
        room, service = a_room(), a_service()
        appointment_service.reschedule(visit.id, starts_at=visit.starts_at, room_id=room.id, service_id=service.id)
        an_appointment(patient, a_practitioner("Dr Brandt"), MONDAY + timedelta(days=2))
        an_invoice(patient)
        billing_service.create(patient_id=patient.id, lines=[a_line()], appointment_id=visit.id)
    url = f"/appointments/{visit.id}"
    act(desk, url, "arrive")
    desk.get(url)

    with counted_statements(app) as statements:
        page = spoken(desk.get(url).text)

    for text in ("Room 1", "Check-up", "Receptionist Person", "Dr Brandt", "for this visit", "Confirmation by email"):
        assert text in page
    assert len(of_rows(statements)) <= 12, statements


def test_the_reason_and_the_note_are_changed_and_two_changes_are_compared(client, here, become):
    with here():
        appointment_id = book(reason="Knee", note="Brings the letter").id
    page = f"/appointments/{appointment_id}"
    form = client.get(f"{page}/edit").text

    wrong = client.submit(f"{page}/edit", reason="x" * 500, note="", version="1")
    saved = client.submit(f"{page}/edit", reason="Both knees", note="", version="1")
    stale = client.submit(f"{page}/edit", reason="Left knee", note="Later", version="1")

    assert ('value="Knee"' in form, ">Brings the letter</textarea>" in form) == (True, True)
    assert (wrong.status_code, saved.status_code, saved.location) == (422, 303, page)
    assert (stale.status_code, "Both knees" in stale.text, "Left knee" in stale.text) == (409, True, True)
    with here():
        found = appointment_service.get(appointment_id)
        assert (found.reason, found.note, found.version) == ("Both knees", None, 2)
    become("receptionist", "appointments:notes")
    assert client.get(f"{page}/edit").status_code == 403
    assert "/edit" not in client.get(page).text


def test_a_command_changes_what_is_written_about_an_appointment(run, here):
    with here():
        appointment_id = book(reason="Knee", note="Brings the letter").id

    done = run("appointments", "edit", str(appointment_id), "--note", "", "--json")

    assert (json.loads(done.stdout)["reason"], json.loads(done.stdout)["note"]) == ("Knee", None)
    assert run("appointments", "edit", str(appointment_id), "--reason", "x" * 500).exit_code == 2
